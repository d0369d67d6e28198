package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"holdfast/deployments/local/stack"
)

// oldWorker is the worker of the older revision.
type oldWorker struct {
	binary, log string
	cmd         *exec.Cmd
	ended       chan error
}

// start runs the worker with settings that every release has.
func (o *oldWorker) start(s *stack.Stack, dir string) error {
	secret, err := os.ReadFile(filepath.Join(dir, "secret.key"))
	if err != nil {
		return err
	}
	log, err := os.Create(o.log)
	if err != nil {
		return err
	}
	o.cmd = exec.Command(o.binary, "worker") //nolint:noctx // it is ended by stop
	o.cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOLDFAST_DATABASE_URL=" + s.DatabaseURL, "HOLDFAST_TEMPORAL_ADDRESS=" + s.TemporalAddress(),
		"HOLDFAST_SECRET_KEY=" + string(secret[:len(secret)-1]), "HOLDFAST_SWEEP_EVERY=1s",
		"HOLDFAST_WEBHOOK_ALLOW_LOOPBACK=true", "HOLDFAST_WEBHOOK_ALLOW_HTTP=true",
	}
	o.cmd.Stdout, o.cmd.Stderr = log, log
	if err := o.cmd.Start(); err != nil {
		return err
	}
	o.ended = make(chan error, 1)
	go func() { o.ended <- o.cmd.Wait(); _ = log.Close() }()
	return nil
}

// stop ends the worker as an operator does, and returns an error unless it ends well.
func (o *oldWorker) stop() error {
	if o.cmd == nil {
		return nil
	}
	defer func() { o.cmd = nil }()
	if err := o.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("the older worker has ended by itself: %w\n%s", err, o.tail())
	}
	select {
	case err := <-o.ended:
		return err
	case <-time.After(time.Minute):
		_ = o.cmd.Process.Kill()
		return errors.New("the older worker does not stop")
	}
}

// tail is the end of its log.
func (o *oldWorker) tail() []byte {
	text, _ := os.ReadFile(o.log)
	return text[max(0, len(text)-3000):]
}
