package pgserver

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

// inheritedDir is the path of a folder that a child inherited as its first extra descriptor.
const inheritedDir = "/proc/self/fd/3"

// letters is the locale that has upper and lower case of all languages; the order of texts is that of their bytes.
const letters = "C.UTF-8"

// endWithUs makes the kernel interrupt a child when the thread that started it ends, even by SIGKILL.
func endWithUs(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGINT }

// commandLine returns the words of a running process, joined by spaces, "" when there is none.
func commandLine(pid int) string {
	words, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(strings.ReplaceAll(string(words), "\x00", " "))
}
