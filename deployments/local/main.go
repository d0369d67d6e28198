// Command local runs everything in one process, for real: a private Postgres, Temporal's own server on it, its web UI,
// the API and the worker. Ctrl-C stops all of it in order; a second one forces.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // for Temporal's server; the product has its own

	"holdfast/deployments/local/stack"
)

func main() {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		fmt.Fprintln(os.Stderr, "stopping; once more to force")
		cancel()
		<-signals
		os.Exit(130)
	}()
	if err := run(ctx, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "holdfast:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer) error {
	options, err := stack.FromEnvironment()
	if err != nil {
		return err
	}
	file, err := stack.OpenLog(options)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	log := slog.New(slog.NewJSONHandler(file, &slog.HandlerOptions{Level: options.Config.LogLevel}))
	s, err := stack.Start(ctx, options, log)
	if err != nil {
		return err
	}
	if err := s.Greet(out); err != nil {
		return err
	}
	return s.Wait(ctx)
}
