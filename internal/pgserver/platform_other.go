//go:build unix && !linux

package pgserver

import (
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// inheritedDir is empty: a folder cannot be named by a descriptor here.
const inheritedDir = ""

// letters is the locale that has upper and lower case of all languages; the order of texts is that of their bytes.
const letters = "en_US.UTF-8"

// endWithUs does nothing: no such service of the kernel here. The next Start stops what was left running.
func endWithUs(*syscall.SysProcAttr) {}

// commandLine returns the words of a running process, joined by spaces, "" when there is none.
func commandLine(pid int) string {
	out, err := exec.Command("ps", "-ww", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}
