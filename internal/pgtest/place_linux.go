package pgtest

import (
	"os"
	"path/filepath"
	"syscall"
	"time"
)

const (
	memory = "/dev/shm" // a file system in memory: a clone is made of hundreds of files, ten times faster than on most disks
	enough = 2 << 30    // bytes; containers often have only 64 MB of it
	old    = 10 * time.Minute
)

// place returns the folder to make data folders in, "" for the system's own, and clears it of those whose test process
// was killed.
func place() string {
	var fs syscall.Statfs_t
	if syscall.Statfs(memory, &fs) != nil || fs.Bavail*uint64(fs.Bsize) < enough { //nolint:gosec // sizes are not negative
		return ""
	}
	left, _ := filepath.Glob(filepath.Join(memory, prefix+"*"))
	for _, dir := range left {
		if info, err := os.Stat(dir); err == nil && time.Since(info.ModTime()) > old && !inUse(dir) {
			_ = os.RemoveAll(dir)
		}
	}
	return memory
}

// inUse reports whether a server's process still holds its data folder. What is not ours to look at counts as used.
func inUse(dir string) bool {
	lock, err := os.Open(filepath.Join(dir, "lock"))
	if err != nil {
		return true
	}
	defer func() { _ = lock.Close() }()
	return syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil
}
