// Command holdfast is the production binary: the API, the worker, the migrations and the graphs' drawings.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"

	"holdfast/internal/app"
	"holdfast/internal/config"
	"holdfast/internal/postgres"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "holdfast:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 0 {
		args = []string{"help"}
	}
	if text, ok := asksForHelp(args); ok {
		_, err := io.WriteString(out, text)
		return err
	}
	if about[args[0]] == "" {
		return fmt.Errorf("unknown command %q\n\n%s", args[0], usage)
	}
	if args[0] != "graph" && len(args) > 1 {
		return fmt.Errorf("%s takes no arguments, so what is %q?\n\n%s", args[0], args[1], about[args[0]])
	}
	switch args[0] {
	case "migrate":
		return migrate(ctx, out)
	case "graph":
		return graph(ctx, args[1:], out)
	case "version":
		_, err := io.WriteString(out, version())
		return err
	}
	return serve(ctx, args[0])
}

func serve(ctx context.Context, what string) error {
	c, err := config.FromEnvironment()
	if err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: c.LogLevel}))
	log.Info("starting", "command", what, "config", fmt.Sprintf("%+v", c))
	a, err := app.New(ctx, c, log)
	if err != nil {
		return err
	}
	defer a.Close()
	if what == "worker" {
		return a.RunWorker(ctx)
	}
	listener, err := net.Listen("tcp", c.HTTPAddr)
	if err != nil {
		return err
	}
	log.Info("listening", "address", listener.Addr().String())
	return a.RunAPI(ctx, listener)
}

func migrate(ctx context.Context, out io.Writer) error {
	c, err := config.FromEnvironment()
	if err != nil {
		return err
	}
	if c.DatabaseURL == "" {
		return errors.New("HOLDFAST_DATABASE_URL is missing: postgres://user:password@host:5432/database")
	}
	db, err := postgres.Open(ctx, string(c.DatabaseURL), 2)
	if err != nil {
		return err
	}
	defer db.Close()
	n, err := db.Migrate(ctx)
	if err == nil {
		_, err = fmt.Fprintf(out, "%d migrations applied\n", n)
	}
	return err
}
