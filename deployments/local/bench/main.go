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
	only := flag.String("only", "", "measure one section: lives, crowd, free, policies, webhooks or attack; empty = all of them")
	out := flag.String("out", "", "file to write the figures to; empty = print only")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop) // a second one ends the process at once
	if err := run(ctx, *lives, *rounds, *only, *out); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// report measures the sections and puts their pages together.
func report(ctx context.Context, s *stack.Stack, lives, rounds int, only string) (string, error) {
	pages := map[string]string{}
	for _, section := range []struct {
		name    string
		measure func(context.Context, *stack.Stack) (string, error)
	}{
		// The sections that thousands of lives would disturb come before them: the server is busy for a while with putting those away.
		{"attack", measureAttack},
		{"free", measureFree},
		{"policies", measurePolicies},
		{"webhooks", measureTold},
		{"lives", func(ctx context.Context, s *stack.Stack) (string, error) { return measure(ctx, s, lives, rounds) }},
		{"crowd", measureCrowd},
	} {
		if only != "" && only != section.name {
			continue
		}
		var err error
		if pages[section.name], err = section.measure(ctx, s); err != nil {
			return "", fmt.Errorf("%s: %w", section.name, err)
		}
	}
	return pages["lives"] + pages["crowd"] + pages["free"] + pages["policies"] + pages["webhooks"] + pages["attack"], nil
}

func run(ctx context.Context, lives, rounds int, only, out string) error {
	dir, err := os.MkdirTemp("", "holdfast-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	options := stack.Options{DataDir: dir, UIAddr: "127.0.0.1:0", Postgres: true, Temporal: true}
	settings := []string{"HOLDFAST_HTTP_ADDR=127.0.0.1:0", "HOLDFAST_LOG_LEVEL=error", "HOLDFAST_RATE_LIMIT=0", "HOLDFAST_WIDGET_RATE_LIMIT=0"}
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
	text, err := report(ctx, s, lives, rounds, only)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprint(os.Stdout, text)
	if out == "" {
		return nil
	}
	return os.WriteFile(out, []byte(text), 0o644) //nolint:gosec // a page for everybody
}
