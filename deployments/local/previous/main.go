// Command previous runs the worker of an older revision beside today's API, as it happens while an installation is upgraded, and says what
// is not as it should be. First that worker runs alone, then today's joins it, then the older one stops. Bookings of every kind of graph
// live through all three.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"

	"holdfast/deployments/local/stack"
	"holdfast/internal/config"
)

func main() {
	revision := flag.String("rev", "", "the revision of this repository whose worker runs")
	copies := flag.Int("n", 4, "lives of each kind that begin in each of the first two phases")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop) // a second one ends the process at once
	if err := run(ctx, *revision, *copies); err != nil {
		fmt.Fprintln(os.Stderr, "previous:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, revision string, copies int) error {
	dir, err := os.MkdirTemp("", "holdfast-previous-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	older := &oldWorker{binary: filepath.Join(dir, "holdfast"), log: filepath.Join(dir, "worker.log")}
	if err := build(ctx, revision, dir, older.binary); err != nil {
		return err
	}
	desk := openDesk()
	defer desk.close()
	s, err := start(ctx, filepath.Join(dir, "data"), desk.url)
	if err != nil {
		return err
	}
	defer func() { _ = s.Stop() }()
	s.StopWorker()
	f := &fleet{stack: s, older: older, desk: desk, copies: copies, out: os.Stdout}
	err = f.upgrade(ctx)
	f.print(revision)
	return err
}

// build makes the production binary of a revision, in a worktree that is removed afterwards.
func build(ctx context.Context, revision, dir, binary string) error {
	source := filepath.Join(dir, "source")
	steps := [][]string{
		{"git", "worktree", "add", "--quiet", "--detach", source, revision},
		{"go", "build", "-C", source, "-buildvcs=false", "-o", binary, "."},
		{"git", "worktree", "remove", "--force", source},
	}
	for _, step := range steps {
		cmd := exec.CommandContext(ctx, step[0], step[1:]...)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%v: %w\n%s", step, err, out)
		}
	}
	return nil
}

// start brings up today's API, beside Postgres and Temporal.
func start(ctx context.Context, dir, stripe string) (*stack.Stack, error) {
	o := stack.Options{DataDir: dir, UIAddr: "127.0.0.1:0", Postgres: true, Temporal: true}
	var err error
	o.Config, err = config.Read([]string{
		"HOLDFAST_HTTP_ADDR=127.0.0.1:0", "HOLDFAST_RATE_LIMIT=0", "HOLDFAST_SWEEP_EVERY=1s", "HOLDFAST_STRIPE_URL=" + stripe,
	})
	if err != nil {
		return nil, err
	}
	if err := o.Prepare(); err != nil {
		return nil, err
	}
	log, err := stack.OpenLog(o)
	if err != nil {
		return nil, err
	}
	return stack.Start(ctx, o, slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelWarn})))
}
