// Package app is the one wiring: production, the local run and the end-to-end tests build the service here and only
// feed it other settings.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"

	"holdfast/activities"
	"holdfast/api"
	"holdfast/api/edge"
	"holdfast/internal/apps"
	"holdfast/internal/config"
	"holdfast/internal/dispatch"
	"holdfast/internal/links"
	"holdfast/internal/metrics"
	"holdfast/internal/portal"
	"holdfast/internal/postgres"
	"holdfast/internal/service"
	"holdfast/internal/webhook"
	"holdfast/worker"
)

// App is the service, wired and not yet running.
type App struct {
	Config   config.Config
	DB       *postgres.DB
	Vault    *links.Vault
	Temporal client.Client
	log      *slog.Logger
	keyring  *links.Keyring
	dispatch *dispatch.Dispatcher
	metrics  *metrics.Metrics
	cleaner  *postgres.Cleaner
	webhooks webhook.Options
	accounts *accounts // at payment providers
	mail     activities.Relays
	retries  *dispatch.Retries // of this process's API

	preparing sync.Mutex
	prepared  bool // Temporal has answered, and has what it needs; under preparing
	observing atomic.Bool
}

// New connects to Postgres and builds the service; Temporal is connected to when it is first needed. It refuses settings
// that are wrong, a database that lacks a migration, and a secret key that is not the database's.
func New(ctx context.Context, c config.Config, logger *slog.Logger) (*App, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	db, err := postgres.Open(ctx, string(c.DatabaseURL), c.MaxConns)
	if err != nil {
		return nil, err
	}
	if err := db.CheckMigrated(ctx); err != nil {
		db.Close()
		return nil, err
	}
	logUnknownZones(ctx, db.Calendars, logger)
	a, err := wire(ctx, c, db, logger)
	if err != nil {
		db.Close()
	}
	return a, err
}

func wire(ctx context.Context, c config.Config, db *postgres.DB, logger *slog.Logger) (*App, error) {
	master, err := c.Master()
	if err != nil {
		return nil, err
	}
	vault, err := links.NewVault(master)
	if err != nil {
		return nil, err
	}
	keyring, err := links.NewKeyring(master)
	if err != nil {
		return nil, err
	}
	if err := checkSecretKey(ctx, db.Access, vault); err != nil {
		return nil, err
	}
	counted := metrics.New()
	temporal, err := connect(c, counted, logger)
	if err != nil {
		return nil, err
	}
	a := &App{
		Config: c, DB: db, Vault: vault, Temporal: temporal, log: logger, keyring: keyring, metrics: counted,
		dispatch: &dispatch.Dispatcher{Client: temporal, TaskQueue: c.TaskQueue},
		cleaner:  postgres.NewCleaner(db, retention(c)),
		retries:  dispatch.NewRetries(logger),
		webhooks: webhook.Options{
			AllowLoopback: c.WebhookAllowLoopback, AllowPrivate: c.WebhookAllowNetworks, RequireHTTPS: !c.WebhookAllowHTTP,
			Timeout: c.WebhookTimeout,
		},
	}
	a.accounts = newAccounts(vault, a.webhooks, c.StripeURL)
	a.mail = newRelays(c, vault, a.webhooks)
	counted.WatchPool(a.pool)
	return a, nil
}

// Close ends the connections. Call it after everything that runs has returned.
func (a *App) Close() {
	a.Temporal.Close()
	a.DB.Close()
}

// RunAPI answers HTTP on the listener until the context ends, then lets running requests finish. Call it once.
func (a *App) RunAPI(ctx context.Context, listener net.Listener) error {
	outcomes := postgres.NewOutcomes(a.DB, a.log)
	admission := service.NewAdmission(a.Config.MaxConns)
	a.showLoad(admission)
	outcomes.OnListening = a.metrics.Listening
	outcomes.ListenAt(string(a.Config.ListenURL))
	server := &api.Server{
		DB: a.DB, Outcomes: outcomes, Dispatch: a.dispatch, Retries: a.retries, Vault: a.Vault, Keyring: a.keyring, Links: a.maker(),
		Webhooks: a.webhooks, AdminKey: string(a.Config.AdminKey), Wait: a.Config.Wait, Metrics: a.metrics, Log: a.log,
		Limits:  edge.NewLimits(a.Config.RateLimit, a.Config.WidgetRateLimit, a.Config.BadKeyLimit),
		Proxies: a.Config.TrustedProxies, Admission: admission, PausedBacklog: a.Config.PausedBacklog,
		Providers: a.accounts, Relays: a.mail.Relays,
		SignIns: apps.NewPasswords(runtime.GOMAXPROCS(0) / 2), Passwords: apps.NewPasswords(runtime.GOMAXPROCS(0) / 4),
	}
	if a.mail.Usual != nil {
		server.Mailers = a.DB.EnsureMailers
	}
	handler := a.handler(server) //nolint:contextcheck // each request brings its own
	listening, stopListening := context.WithCancel(context.WithoutCancel(ctx))
	defer stopListening()
	group, ctx := errgroup.WithContext(ctx)
	if err := a.observe(ctx, group); err != nil {
		return err
	}
	group.Go(func() error { return a.followTemporal(ctx) })
	group.Go(func() error { return outcomes.Run(listening) })
	group.Go(func() error {
		defer stopListening() // requests that still wait get their outcome
		defer a.stopRetries(ctx)
		return a.serve(ctx, listener, handler)
	})
	return group.Wait()
}

// showLoad adds to the metrics how much this process has accepted and not yet carried out.
func (a *App) showLoad(admission *service.Admission) {
	a.metrics.AddGauge("holdfast_creations_in_flight", "New bookings on record that have no outcome yet.", func() float64 {
		running, _ := admission.Load()
		return float64(running)
	})
	a.metrics.AddGauge("holdfast_creations_bound", "How many new bookings may be in flight.", func() float64 {
		_, bound := admission.Load()
		return float64(bound)
	})
	a.metrics.AddGauge("holdfast_actions_retrying", "Actions that Temporal has not taken and that are tried again.", func() float64 {
		return float64(a.retries.Retrying())
	})
}

// stopRetries waits briefly for what Temporal is just taking. The rest is left pending, to the sweep.
func (a *App) stopRetries(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	a.retries.Stop(ctx)
}

// handler is the API with the portal in it, which is a client of that very API.
func (a *App) handler(server *api.Server) http.Handler {
	if !a.Config.Portal {
		return server.Handler()
	}
	pages := &portal.Portal{
		DB: a.DB.Access, Vault: a.Vault, TemporalUI: strings.TrimRight(a.Config.TemporalUIURL, "/"), Namespace: a.Config.TemporalNamespace,
		Secure: strings.HasPrefix(strings.ToLower(a.Config.PublicURL), "https:"), Log: a.log,
	}
	server.Portal = pages.Handler()
	handler := server.Handler()
	pages.API = api.Inner(handler)
	return handler
}

func (a *App) serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := api.HTTPServer(handler, a.log)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve HTTP: %w", err)
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.Config.StopTimeout)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		return errors.Join(err, server.Close())
	}
	return nil
}

// RunWorker works on bookings and webhooks until the context ends. It waits for Temporal for half a minute.
func (a *App) RunWorker(ctx context.Context) error {
	sender := webhook.NewSender(a.webhooks)
	defer sender.Close()
	acts := &activities.Activities{
		DB: a.DB, Dispatch: a.dispatch, Sender: sender, Vault: a.Vault, Links: a.maker(), Log: a.log, Metrics: a.metrics,
		Cleaner: a.cleaner, Providers: a.accounts, Mail: a.mail,
	}
	if a.mail.Usual != nil {
		if err := a.DB.EnsureMailers(ctx); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	if err := a.observe(ctx, group); err != nil {
		return err
	}
	options := worker.Options{
		TaskQueue: a.Config.TaskQueue, SweepEvery: a.Config.SweepEvery, StopTimeout: a.Config.StopTimeout,
		Commits: a.Config.MaxConns,
	}
	group.Go(func() error {
		acts.KeepDrains(ctx, a.Config.StopTimeout)
		return nil
	})
	group.Go(func() error {
		defer cancel()
		if err := a.AwaitTemporal(ctx, temporalPatience); err != nil {
			return ignoreEnd(ctx, err)
		}
		return worker.Run(ctx, a.Temporal, acts, options)
	})
	return group.Wait()
}

// Rows are deleted after this time.
const (
	keepOperations = 24 * time.Hour     // Idempotency-Keys
	keepClaims     = time.Hour          // claim tokens, beyond their expiry: clocks differ
	keepRefusals   = 7 * 24 * time.Hour // refused actions
)

func retention(c config.Config) postgres.Retention {
	return postgres.Retention{
		Operations: keepOperations, Claims: keepClaims, Refusals: keepRefusals,
		Changes: c.EventRetention, Paused: c.PausedRetention, Backlog: c.PausedBacklog, Requests: c.RequestRetention,
	}
}

func (a *App) maker() links.Maker {
	return links.Maker{Keyring: a.keyring, BaseURL: a.Config.PublicURL}
}
