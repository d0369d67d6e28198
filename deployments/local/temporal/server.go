// Package temporal runs Temporal's own server and web UI inside this process, so that one command is a whole system.
package temporal

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"go.temporal.io/server/common/primitives"
	"go.temporal.io/server/temporal"
)

const startWithin = 2 * time.Minute

// Options say where the server keeps its data and where it listens.
type Options struct {
	// PostgresURL gives the address of a database by name. The server uses the databases "temporal" and
	// "temporal_visibility", makes them when they are missing, and upgrades their tables. Not used when InMemory.
	PostgresURL func(database string) string
	// InMemory keeps nothing: for tests and benchmarks.
	InMemory bool
	// FrontendAddr is host:port for clients and workers. Port 0 means a free one, "" means 127.0.0.1:0.
	FrontendAddr string
	// UIAddr is host:port of the web UI. Port 0 means a free one, "" means no UI.
	UIAddr string
	// Namespace is made when it is missing. "" means default.
	Namespace string
	// Retention is how long Temporal keeps what is finished. 0 means 3 days for a new namespace, and no change of an
	// existing one.
	Retention time.Duration
	// Log gets warnings and errors of the server, nothing below. May be nil.
	Log *slog.Logger
}

// Server is a running Temporal. There is no authentication: everything that reaches its addresses may use it.
type Server struct {
	address   string
	namespace string
	server    temporal.Server
	ui        *webUI // nil: none
	news      *news
	stop      sync.Once
	stopped   chan struct{} // closed when all has ended
	stopErr   error         // to be read after stopped
}

// Start returns when a workflow can be started in the namespace. ctx bounds the start only.
func Start(ctx context.Context, o Options) (*Server, error) {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	server, err := start(ctx, withDefaults(o))
	if err != nil {
		return nil, fmt.Errorf("temporal: %w", err)
	}
	return server, nil
}

func withDefaults(o Options) Options {
	if o.FrontendAddr == "" {
		o.FrontendAddr = "127.0.0.1:0"
	}
	if o.Namespace == "" {
		o.Namespace = "default"
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

func start(ctx context.Context, o Options) (*Server, error) {
	at, err := listenAt(o.FrontendAddr)
	if err != nil {
		return nil, err
	}
	uiAt, err := uiAddress(o.UIAddr)
	if err != nil {
		return nil, err
	}
	stores, err := prepareStores(ctx, o)
	if err != nil {
		return nil, err
	}
	s := &Server{
		address:   at[primitives.FrontendService].dial(),
		namespace: o.Namespace,
		news:      &news{to: o.Log},
		stopped:   make(chan struct{}),
	}
	s.server, err = temporal.NewServer(
		temporal.ForServices(temporal.DefaultServices),
		temporal.WithConfig(configuration(at, stores)),
		temporal.WithStaticHosts(hosts(at)), // one process: no gossip about who is there
		temporal.WithDynamicConfigClient(settings),
		temporal.WithLogger(logger{news: s.news}),
	)
	if err != nil {
		return nil, err
	}
	if err := s.bringUp(ctx, o.Retention, stores.shards, uiAt); err != nil {
		s.news.release()
		_ = s.Stop(context.WithoutCancel(ctx)) // the reason to stop is the error that counts
		return nil, err
	}
	s.news.enter(running)
	return s, nil
}

func (s *Server) bringUp(ctx context.Context, retention time.Duration, shards int32, uiAt *address) error {
	if err := s.server.Start(); err != nil {
		return err
	}
	if err := s.prepareNamespace(ctx, retention, shards); err != nil {
		return fmt.Errorf("namespace %s: %w", s.namespace, err)
	}
	if uiAt == nil {
		return nil
	}
	ui, err := serveUI(ctx, *uiAt, s.address, s.namespace)
	if err != nil {
		return fmt.Errorf("web UI: %w", err)
	}
	s.ui = ui
	return nil
}

// Address is host:port for clients and workers.
func (s *Server) Address() string { return s.address }

// Namespace is the one that Start made ready.
func (s *Server) Namespace() string { return s.namespace }

// UIURL is the address of the web UI for a browser, "" when there is none.
func (s *Server) UIURL() string {
	if s.ui == nil {
		return ""
	}
	return s.ui.url
}

// Stop ends the UI, then the server; stop workers and clients before, and Postgres after. When ctx ends first Stop
// returns its error, and what is still running ends with the process, as in a crash: no data is lost.
func (s *Server) Stop(ctx context.Context) error {
	s.stop.Do(func() { go s.shutDown() })
	select {
	case <-s.stopped:
		return s.stopErr
	case <-ctx.Done():
		return fmt.Errorf("temporal: still stopping: %w", ctx.Err())
	}
}

func (s *Server) shutDown() {
	defer close(s.stopped)
	if s.ui != nil {
		s.ui.stop()
	}
	s.news.enter(stopping)
	s.stopErr = s.server.Stop()
}
