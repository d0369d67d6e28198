package pgserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	lockWithin = 5 * time.Second  // a killed process takes a moment to let go
	endWithin  = 30 * time.Second // for the server that a killed process left behind
)

// home is the data folder. Its files are ours; only the cluster in it belongs to the account that the server runs as.
type home struct {
	dir  string
	lock *os.File
}

func (h *home) cluster() string  { return filepath.Join(h.dir, "cluster") }
func (h *home) password() string { return filepath.Join(h.dir, "password") }
func (h *home) port() string     { return filepath.Join(h.dir, "port") }
func (h *home) log() string      { return filepath.Join(h.dir, "server.log") }

// marker is a setting on the server's command line that means nothing to it, and to us: it works on this data folder.
func (h *home) marker() string { return "holdfast.home=" + h.dir }

// openHome makes the folder and takes it for this process alone. The lock goes with the process, however that ends.
func openHome(ctx context.Context, dir string) (*home, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o711); err != nil { //nolint:gosec // others must pass to get to the cluster, see account
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	taken := func() bool { return syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil }
	if err := until(ctx, lockWithin, taken); err != nil {
		lock.Close()
		return nil, fmt.Errorf("another process uses the data folder %s: %w", dir, err)
	}
	return &home{dir: dir, lock: lock}, nil
}

func (h *home) unlock() { h.lock.Close() }

// madeBy returns the major version of PostgreSQL that made the cluster, 0 when there is no cluster yet.
func (h *home) madeBy() (int, error) {
	version, err := kept(filepath.Join(h.cluster(), "PG_VERSION"))
	if err != nil || version == "" {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(version))
}

// settle ends what an earlier process left on the cluster. A server that was signalled to end by that process's death is
// waited for; one that was not (see endWithUs) is signalled now, provided that its command line proves it to be ours.
func (h *home) settle(ctx context.Context) error {
	pid, err := h.serverPID()
	if err != nil || pid == 0 {
		return err
	}
	switch line := commandLine(pid); {
	case line == "":
		return nil // dead: PostgreSQL sees that itself
	case !strings.Contains(line, "postgres"):
		return os.Remove(filepath.Join(h.cluster(), "postmaster.pid")) // the number went to another program, which PostgreSQL takes for a server
	case !strings.Contains(line+" ", h.marker()+" "):
		return nil // somebody's PostgreSQL, perhaps on this cluster: not ours to stop, and PostgreSQL will refuse
	}
	if err := syscall.Kill(pid, syscall.SIGINT); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("stop the earlier server (process %d): %w", pid, err)
	}
	if err := until(ctx, endWithin, func() bool { return commandLine(pid) == "" }); err != nil {
		return fmt.Errorf("the earlier server (process %d) does not end: %w", pid, err)
	}
	return nil
}

// WaitEnded returns when no server works on a data folder any more. The server of a killed process outlives that process
// for as long as its shutdown takes. Until then it writes into the folder.
func WaitEnded(ctx context.Context, dataDir string) error {
	dir, err := filepath.Abs(dataDir)
	if err != nil {
		return err
	}
	h := &home{dir: dir}
	pid, err := h.serverPID()
	if err != nil || pid == 0 {
		return err
	}
	ended := func() bool { return !strings.Contains(commandLine(pid)+" ", h.marker()+" ") }
	if err := until(ctx, endWithin, ended); err != nil {
		return fmt.Errorf("the server (process %d) does not end: %w", pid, err)
	}
	return nil
}

// serverPID returns the process id that the cluster's postmaster.pid names, 0 when there is no such file.
func (h *home) serverPID() (int, error) {
	content, err := kept(filepath.Join(h.cluster(), "postmaster.pid"))
	if err != nil || content == "" {
		return 0, err
	}
	first, _, _ := strings.Cut(content, "\n")
	pid, err := strconv.Atoi(first)
	if err != nil || pid <= 1 {
		return 0, nil //nolint:nilerr // PostgreSQL judges such a file itself
	}
	return pid, nil
}

// until waits for a condition that nobody announces.
func until(ctx context.Context, limit time.Duration, holds func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for !holds() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}
