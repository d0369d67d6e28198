// Command bench measures a booking's life against the barest workflow that could carry it, and questions for free time
// over a full record, on one server in one run.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"

	"holdfast/deployments/local/stack"
	"holdfast/internal/config"
)

func main() {
	lives := flag.Int("n", 300, "lives per round and kind")
	rounds := flag.Int("rounds", 3, "rounds; the kinds take turns in each")
	out := flag.String("out", "", "file to write the figures to; empty = print only")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop) // a second one ends the process at once
	if err := run(ctx, *lives, *rounds, *out); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, lives, rounds int, out string) error {
	dir, err := os.MkdirTemp("", "holdfast-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	options := stack.Options{DataDir: dir, UIAddr: "127.0.0.1:0", Postgres: true, Temporal: true}
	settings := []string{"HOLDFAST_HTTP_ADDR=127.0.0.1:0", "HOLDFAST_LOG_LEVEL=error", "HOLDFAST_RATE_LIMIT=0"}
	if options.Config, err = config.Read(settings); err != nil {
		return err
	}
	if err := options.Prepare(); err != nil {
		return err
	}
	s, err := stack.Start(ctx, options, slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})))
	if err != nil {
		return err
	}
	defer func() { _ = s.Stop() }()
	// First of all: the server is busy for a while with putting away what thousands of lives left behind.
	asked, err := measureFree(ctx, s)
	if err != nil {
		return err
	}
	report, err := measure(ctx, s, lives, rounds)
	if err != nil {
		return err
	}
	told, err := measureTold(ctx, s)
	if err != nil {
		return err
	}
	report += asked + told
	_, _ = fmt.Fprint(os.Stdout, report)
	if out == "" {
		return nil
	}
	return os.WriteFile(out, []byte(report), 0o644) //nolint:gosec // a page for everybody
}
