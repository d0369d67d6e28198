package pgserver

import (
	"os"
	"os/exec"
	"runtime"
)

// child is a process that we started and wait for.
type child struct {
	process *os.Process
	done    chan struct{} // closed when the process has ended
	err     error         // how it ended; to be read after done
}

// spawn starts cmd. The goroutine that does so stays on its thread, and keeps it, for as long as the child lives:
// endWithUs ties the child to that thread, not to the process.
func spawn(cmd *exec.Cmd) (*child, error) {
	c := &child{done: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		c.process = cmd.Process
		started <- err
		if err != nil {
			return
		}
		c.err = cmd.Wait()
		close(c.done)
	}()
	return c, <-started
}

func (c *child) pid() int { return c.process.Pid }

// signal does nothing when the process has ended.
func (c *child) signal(s os.Signal) { _ = c.process.Signal(s) }
