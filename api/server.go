// Package api answers HTTP: a table of routes, one noun per file or room. It reads and checks requests, has internal/service carry
// them out and renders what the record says afterwards.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"holdfast/api/edge"
	"holdfast/api/payments"
	"holdfast/internal/apps"
	"holdfast/internal/dispatch"
	"holdfast/internal/links"
	"holdfast/internal/mail/mailer"
	"holdfast/internal/metrics"
	"holdfast/internal/postgres"
	"holdfast/internal/service"
	"holdfast/internal/webhook"
)

// Server is what the handlers need. All fields are needed, but for Portal.
type Server struct {
	DB        *postgres.DB
	Outcomes  *postgres.Outcomes
	Dispatch  *dispatch.Dispatcher
	Retries   *dispatch.Retries
	Vault     *links.Vault
	Keyring   *links.Keyring
	Links     links.Maker
	Webhooks  webhook.Options // the rules for targets, checked when an endpoint is made
	AdminKey  string          // guards /v2/apps; "" turns those routes off
	Limits    edge.Limits
	Admission *service.Admission
	SignIns   *apps.Passwords // those that strangers sign in with
	Passwords *apps.Passwords // those that known callers set and change
	Proxies   []netip.Prefix  // whose X-Forwarded-For is believed
	Wait      time.Duration   // how long an action waits for its outcome unless the client says otherwise
	// PausedBacklog is how many deliveries wait for a paused webhook at most. It is only shown: the worker's sweep holds to it.
	PausedBacklog int
	Providers     payments.Providers          // of payments
	Mailers       func(context.Context) error // gives apps that have none what they send mails by; nil = this server sends none
	Relays        mailer.Relays               // the mail servers that there are
	Metrics       *metrics.Metrics
	Log           *slog.Logger
	Portal        http.Handler // answers under /portal; nil = there is nothing
}

// Handler answers every route of the table. Both slash forms of a path are the same route, without a redirect, since a
// redirected POST loses its body; a raw ";" in a query is data, not a separator.
func (s *Server) Handler() http.Handler {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.RedirectTrailingSlash = false
	engine.HandleMethodNotAllowed = true
	engine.ContextWithFallback = true
	s.trust(engine)
	engine.Use(s.observe, s.recover, s.plainAddress, limitBody)
	for _, r := range s.routes() {
		engine.Handle(r.Method, r.Path, s.edge().Chain(r))
	}
	s.mountPortal(engine)
	engine.NoRoute(func(c *gin.Context) { s.edge().Fail(c, edge.ErrNoRoute) })
	engine.NoMethod(func(c *gin.Context) { s.edge().Fail(c, edge.ErrNoMethod) })
	handler := crossOrigin(engine)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.URL.Path) > 1 && strings.HasSuffix(r.URL.Path, "/") {
			r.URL.Path = strings.TrimRight(r.URL.Path, "/")
			r.URL.RawPath = strings.TrimRight(r.URL.RawPath, "/")
		}
		r.URL.RawQuery = strings.ReplaceAll(r.URL.RawQuery, ";", "%3B")
		handler.ServeHTTP(w, r)
	})
}

// trust names the proxies whose word on the visitor's address counts. It is X-Forwarded-For alone: a header that a proxy
// does not write itself is the visitor's.
func (s *Server) trust(engine *gin.Engine) {
	prefixes := []string{}
	for _, p := range s.Proxies {
		prefixes = append(prefixes, p.String())
	}
	engine.RemoteIPHeaders = []string{"X-Forwarded-For"}
	_ = engine.SetTrustedProxies(prefixes) // what was a prefix can be read as one
}

// HTTPServer wraps a handler with the time-outs a public server needs.
func HTTPServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      edge.MaxWait + 10*time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		BaseContext:       nil,
	}
}
