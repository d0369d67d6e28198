package stack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"holdfast/deployments/local/temporal"
	"holdfast/internal/app"
	"holdfast/internal/config"
	"holdfast/internal/pgserver"
	"holdfast/internal/postgres"
)

// Database is the name of the local run's database.
const Database = "holdfast"

// Stack is a running local run.
type Stack struct {
	APIURL      string
	DatabaseURL string
	UIURL       string // "" when Temporal is not embedded
	MailURL     string // of the mailbox; "" when there is none
	App         *app.App
	Demo        Demo

	options  Options
	postgres *pgserver.Server
	temporal *temporal.Server
	stopAPI  context.CancelFunc
	stopPay  context.CancelFunc
	stopMail context.CancelFunc
	stopWork context.CancelFunc
	running  errgroup.Group
	failed   chan error
}

// Start brings the parts up in order: Postgres, its schema, Temporal, the service, the demo app. When it returns, the
// API answers. ctx bounds the start only. What was started is stopped again when a later part fails.
func Start(ctx context.Context, o Options, log *slog.Logger) (*Stack, error) {
	s := &Stack{options: o, failed: make(chan error, 3)}
	if err := s.start(ctx, log); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

func (s *Stack) start(ctx context.Context, log *slog.Logger) error {
	c := &s.options.Config
	if err := s.startPostgres(ctx, c); err != nil {
		return err
	}
	if err := s.startTemporal(ctx, c, log); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", c.HTTPAddr)
	if err != nil {
		return err
	}
	c.HTTPAddr = listener.Addr().String()
	s.APIURL = "http://" + c.HTTPAddr
	pay, err := s.listenForPayments()
	if err != nil {
		_ = listener.Close()
		return err
	}
	if pay != nil {
		s.servePayments(pay)
	}
	smtp, page, err := s.listenForMails()
	if err != nil {
		_ = listener.Close()
		return err
	}
	if smtp != nil {
		s.serveMails(smtp, page)
	}
	if s.App, err = app.New(ctx, *c, log); err != nil {
		_ = listener.Close()
		return err
	}
	if err := s.App.AwaitTemporal(ctx, time.Minute); err != nil {
		_ = listener.Close()
		return err
	}
	if s.Demo, err = makeDemo(ctx, s.App, s.options.DataDir); err == nil && pay != nil {
		err = giveAccount(ctx, s.App)
	}
	if err != nil {
		_ = listener.Close()
		return err
	}
	s.StartWorker()
	s.serve(listener)
	return s.writeLocalJSON()
}

func (s *Stack) startPostgres(ctx context.Context, c *config.Config) error {
	if s.options.Postgres {
		server, err := pgserver.Start(ctx, pgserver.Options{
			DataDir: filepath.Join(s.options.DataDir, "postgres"), FastUnsafe: s.options.InMemory, Log: os.Stderr,
		})
		if err != nil {
			return err
		}
		s.postgres = server
		if err := server.CreateDatabase(ctx, Database); err != nil {
			return err
		}
		c.DatabaseURL = config.Secret(server.URL(Database))
	}
	s.DatabaseURL = string(c.DatabaseURL)
	db, err := postgres.Open(ctx, s.DatabaseURL, 2)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.Migrate(ctx)
	return err
}

func (s *Stack) startTemporal(ctx context.Context, c *config.Config, log *slog.Logger) (err error) {
	if !s.options.Temporal {
		return nil
	}
	o := temporal.Options{
		UIAddr: s.options.UIAddr, Namespace: c.TemporalNamespace, InMemory: s.options.InMemory || s.postgres == nil, Log: log,
	}
	if !o.InMemory {
		o.PostgresURL = s.postgres.URL
	}
	if s.temporal, err = temporal.Start(ctx, o); err != nil {
		return err
	}
	c.TemporalAddress = s.temporal.Address()
	s.UIURL = s.temporal.UIURL()
	if c.TemporalUIURL == "" {
		c.TemporalUIURL = s.UIURL
	}
	return nil
}

func (s *Stack) serve(listener net.Listener) {
	ctx, stop := context.WithCancel(context.Background())
	s.stopAPI = stop
	s.running.Go(func() error { return s.report("API", s.App.RunAPI(ctx, listener)) })
}

// StartWorker starts a worker in this process, unless one runs. Tests stop and start it.
func (s *Stack) StartWorker() {
	if s.stopWork != nil {
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	s.stopWork = func() { stop(); <-done }
	s.running.Go(func() error {
		defer close(done)
		return s.report("worker", s.App.RunWorker(ctx))
	})
}

// StopWorker stops the worker of this process and waits for it.
func (s *Stack) StopWorker() {
	if s.stopWork != nil {
		s.stopWork()
		s.stopWork = nil
	}
}

func (s *Stack) report(part string, err error) error {
	if err != nil {
		s.failed <- fmt.Errorf("%s: %w", part, err)
	}
	return err
}

// Wait returns when the context ends or a part fails, after everything was stopped.
func (s *Stack) Wait(ctx context.Context) error {
	var gone <-chan struct{}
	if s.postgres != nil {
		gone = s.postgres.Done()
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-s.failed:
	case <-gone:
		err = errors.New("postgres has ended by itself; see its log in the data directory")
	}
	return errors.Join(err, s.Stop())
}

// Stop ends the parts in the order opposite to their start.
func (s *Stack) Stop() error {
	if s.stopAPI != nil {
		s.stopAPI()
	}
	s.StopWorker()
	if s.stopPay != nil {
		s.stopPay()
	}
	if s.stopMail != nil {
		s.stopMail()
	}
	_ = s.running.Wait() // reported already
	if s.App != nil {
		s.App.Close()
	}
	faults := []error{s.StopTemporal()}
	faults = append(faults, s.StopPostgres())
	return errors.Join(faults...)
}

// StopPostgres ends the embedded Postgres; stopping it twice is no fault.
func (s *Stack) StopPostgres() error {
	if s.postgres == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	return s.postgres.Stop(ctx)
}

// StopTemporal ends the embedded Temporal; stopping it twice is no fault. Tests take it away under a running API.
func (s *Stack) StopTemporal() error {
	if s.temporal == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	return s.temporal.Stop(ctx)
}

// Greet says where everything is, and what to try first.
func (s *Stack) Greet(out io.Writer) error {
	file := filepath.Join(s.options.DataDir, "local.json")
	if here, err := os.Getwd(); err == nil {
		if short, err := filepath.Rel(here, file); err == nil && !strings.HasPrefix(short, "..") {
			file = short
		}
	}
	_, err := fmt.Fprintf(out, greeting, s.APIURL, or(s.PortalURL(), "(off)"), or(s.UIURL, "(not embedded)"), or(s.MailURL, "(off)"),
		s.options.DataDir, s.Demo.APIKey, file, s.APIURL)
	return err
}

// PortalURL is where people sign in; "" when the portal is off.
func (s *Stack) PortalURL() string {
	if !s.options.Config.Portal {
		return ""
	}
	return s.APIURL + "/portal"
}

const greeting = `
Holdfast is running.

  API           %s
  portal        %s   (sign in with the API key)
  Temporal UI   %s
  mailbox       %s   (where mails of the local run end)
  data          %s
  API key       %s   (demo app)

Webhooks may go to this machine here, without TLS; in production they may not. Try:

  curl -u :$(jq -r .api_key %s) %s/v2/app

Ctrl-C stops everything.
`

// TemporalAddress is where Temporal answers, embedded or not.
func (s *Stack) TemporalAddress() string { return s.options.Config.TemporalAddress }

// AdminKey guards the routes that make apps.
func (s *Stack) AdminKey() config.Secret { return s.options.Config.AdminKey }

// PostgresPID is the process of the embedded Postgres, 0 when there is none.
func (s *Stack) PostgresPID() int {
	if s.postgres == nil {
		return 0
	}
	return s.postgres.PID()
}
