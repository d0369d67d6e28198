// Command bench measures a booking's life against the barest workflow that could carry it, and questions for free time
// and lists over a full record, on one server in one run.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"

	"holdfast/deployments/local/stack"
	"holdfast/internal/config"
)

func main() {
	lives := flag.Int("n", 200, "lives per round and kind")
	rounds := flag.Int("rounds", 10, "rounds; the kinds take turns in each")
	only := flag.String("only", "", "measure one section: lives, graphs, crowd, free, policies, webhooks, attack or lists; empty = all")
	bookings := flag.Int("bookings", 1_000_000, "bookings that the lists are measured over")
	data := flag.String("data", "", "folder that keeps the record, with what the lists are measured over, for another run; empty = none")
	out := flag.String("out", "", "file to write the figures to; empty = print only")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop) // a second one ends the process at once
	if err := run(ctx, size{*lives, *rounds, *bookings}, *only, *data, *out); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// size is how much is measured.
type size struct{ lives, rounds, bookings int }

// report measures the sections and puts their pages together. A section that fails does not keep the others from being reported.
func report(ctx context.Context, s *stack.Stack, n size, only string) (string, error) {
	pages := map[string]string{}
	var faults []error
	for _, section := range []struct {
		name    string
		measure func(context.Context, *stack.Stack) (string, error)
	}{
		// The sections that thousands of lives would disturb come before them: the server is busy for a while with putting those away.
		{"attack", measureAttack},
		{"free", measureFree},
		{"policies", measurePolicies},
		{"webhooks", measureTold},
		{"lives", func(ctx context.Context, s *stack.Stack) (string, error) { return measure(ctx, s, n.lives, n.rounds) }},
		{"graphs", func(ctx context.Context, s *stack.Stack) (string, error) {
			return measureGraphs(ctx, s, min(n.lives, graphLives))
		}},
		{"crowd", measureCrowd},
		{"lists", func(ctx context.Context, s *stack.Stack) (string, error) { return measureLists(ctx, s, n.bookings) }}, // fills the record
	} {
		if only != "" && only != section.name {
			continue
		}
		var err error
		if pages[section.name], err = section.measure(ctx, s); err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", section.name, err))
		}
	}
	page := pages["lives"] + pages["graphs"] + pages["crowd"] + pages["free"]
	page += pages["policies"] + pages["webhooks"] + pages["attack"] + pages["lists"]
	return page, errors.Join(faults...)
}

// folder is where the record is: one that stays, or one that is removed after the run.
func folder(data string) (dir string, remove func(), err error) {
	if data != "" {
		return data, func() {}, nil
	}
	dir, err = os.MkdirTemp("", "holdfast-bench-")
	return dir, func() { _ = os.RemoveAll(dir) }, err
}

func run(ctx context.Context, n size, only, data, out string) error {
	dir, remove, err := folder(data)
	if err != nil {
		return err
	}
	defer remove()
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
	text, err := report(ctx, s, n, only)
	_, _ = fmt.Fprint(os.Stdout, text)
	if out == "" || err != nil {
		return err
	}
	return os.WriteFile(out, []byte(text), 0o644) //nolint:gosec // a page for everybody
}
