// Package app is the one wiring: production, the local run and the end-to-end tests build the service here and only
// feed it other settings.
package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"golang.org/x/sync/errgroup"

	"holdfast/activities"
	"holdfast/api"
	"holdfast/internal/config"
	"holdfast/internal/dispatch"
	"holdfast/internal/links"
	"holdfast/internal/metrics"
	"holdfast/internal/portal"
	"holdfast/internal/postgres"
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
	webhooks webhook.Options
}

// New connects to Postgres and Temporal and builds the service. It refuses settings that are wrong and a database that
// lacks a migration.
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
	temporal, err := dial(ctx, c, logger)
	if err != nil {
		return nil, err
	}
	return &App{
		Config: c, DB: db, Vault: vault, Temporal: temporal, log: logger, keyring: keyring, metrics: metrics.New(),
		dispatch: &dispatch.Dispatcher{
			Client: temporal, TaskQueue: c.TaskQueue,
			Indexed: dispatch.RegisterAttributes(ctx, temporal, c.TemporalNamespace, logger),
		},
		webhooks: webhook.Options{
			AllowLoopback: c.WebhookAllowLoopback, AllowPrivate: c.WebhookAllowNetworks, RequireHTTPS: !c.WebhookAllowHTTP,
			Timeout: c.WebhookTimeout,
		},
	}, nil
}

// dial connects to Temporal, patiently: in a cluster it may come up later than we do.
func dial(ctx context.Context, c config.Config, logger *slog.Logger) (client.Client, error) {
	options := client.Options{
		HostPort: c.TemporalAddress, Namespace: c.TemporalNamespace, Logger: log.NewStructuredLogger(logger),
	}
	if c.TemporalTLS || c.TemporalAPIKey != "" || c.TemporalCert != "" {
		options.ConnectionOptions.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if c.TemporalCert != "" {
		pair, err := tls.LoadX509KeyPair(c.TemporalCert, c.TemporalKey)
		if err != nil {
			return nil, err
		}
		options.ConnectionOptions.TLS.Certificates = []tls.Certificate{pair}
	}
	if c.TemporalAPIKey != "" {
		options.Credentials = client.NewAPIKeyStaticCredentials(string(c.TemporalAPIKey))
	}
	for started := time.Now(); ; {
		temporal, err := client.DialContext(ctx, options)
		if err == nil || time.Since(started) > 30*time.Second || ctx.Err() != nil {
			return temporal, err
		}
		logger.Warn("Temporal does not answer yet; trying again", "address", c.TemporalAddress, "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

// Close ends the connections. Call it after everything that runs has returned.
func (a *App) Close() {
	a.Temporal.Close()
	a.DB.Close()
}

// RunAPI answers HTTP on the listener until the context ends, then lets running requests finish.
func (a *App) RunAPI(ctx context.Context, listener net.Listener) error {
	outcomes, retries := postgres.NewOutcomes(a.DB, a.log), dispatch.NewRetries(a.log)
	server := &api.Server{
		DB: a.DB, Outcomes: outcomes, Dispatch: a.dispatch, Retries: retries, Vault: a.Vault, Keyring: a.keyring, Links: a.maker(),
		Webhooks: a.webhooks, AdminKey: string(a.Config.AdminKey), Wait: a.Config.Wait, Metrics: a.metrics, Log: a.log,
		Limits:  api.NewLimits(a.Config.RateLimit, a.Config.WidgetRateLimit, a.Config.BadKeyLimit),
		Proxies: a.Config.TrustedProxies, Admission: api.NewAdmission(a.Config.MaxConns),
	}
	handler := a.handler(server) //nolint:contextcheck // each request brings its own
	listening, stopListening := context.WithCancel(context.WithoutCancel(ctx))
	defer stopListening()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return outcomes.Run(listening) })
	group.Go(func() error {
		defer stopListening() // requests that still wait hear of their outcome
		defer stopRetries(ctx, retries)
		return a.serve(ctx, listener, handler)
	})
	return group.Wait()
}

// stopRetries waits briefly for what Temporal is just taking. The rest is left pending, to the sweep.
func stopRetries(ctx context.Context, retries *dispatch.Retries) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	retries.Stop(ctx)
}

// handler is the API with the portal in it, which is a client of that very API.
func (a *App) handler(server *api.Server) http.Handler {
	if !a.Config.Portal {
		return server.Handler()
	}
	pages := &portal.Portal{
		DB: a.DB, Vault: a.Vault, TemporalUI: strings.TrimRight(a.Config.TemporalUIURL, "/"), Namespace: a.Config.TemporalNamespace,
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

// RunWorker works on bookings and webhooks until the context ends.
func (a *App) RunWorker(ctx context.Context) error {
	sender := webhook.NewSender(a.webhooks)
	defer sender.Close()
	acts := &activities.Activities{
		DB: a.DB, Dispatch: a.dispatch, Sender: sender, Vault: a.Vault, Links: a.maker(), Log: a.log, Metrics: a.metrics,
		Cleaner: postgres.NewCleaner(a.DB, a.retention()),
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	if a.Config.MetricsAddr != "" {
		listener, err := net.Listen("tcp", a.Config.MetricsAddr)
		if err != nil {
			return err
		}
		group.Go(func() error { return a.serve(ctx, listener, a.metrics.Handler()) })
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
		return worker.Run(ctx, a.Temporal, acts, options)
	})
	return group.Wait()
}

// What nobody can ask for any more after this time.
const (
	keepOperations = 24 * time.Hour     // Idempotency-Keys
	keepClaims     = time.Hour          // claim tokens, beyond their expiry: clocks differ
	keepRefusals   = 7 * 24 * time.Hour // refused actions
)

func (a *App) retention() postgres.Retention {
	return postgres.Retention{
		Operations: keepOperations, Claims: keepClaims, Refusals: keepRefusals,
		Changes: a.Config.EventRetention, Paused: a.Config.PausedRetention, Requests: a.Config.RequestRetention,
	}
}

func (a *App) maker() links.Maker {
	return links.Maker{Keyring: a.keyring, BaseURL: a.Config.PublicURL}
}
