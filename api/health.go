package api

import (
	"context"
	"net/http"
	"time"

	"holdfast/api/edge"
	"holdfast/internal/fault"
)

// healthz answers that the process lives.
func (s *Server) healthz(k *edge.Call) error {
	k.JSON(http.StatusOK, map[string]string{"status": "ok"})
	return nil
}

// How long readyz waits for an answer. Probes often allow a second.
const (
	readyWait    = 800 * time.Millisecond
	temporalWait = 400 * time.Millisecond
)

// readyz answers whether Postgres does, without which no request can be accepted. Temporal's state is shown beside it: without
// Temporal requests are accepted and carried out later.
func (s *Server) readyz(k *edge.Call) error {
	temporal := make(chan string, 1)
	go func() { temporal <- s.temporalState(context.WithoutCancel(k)) }()
	ctx, cancel := context.WithTimeout(k, readyWait)
	defer cancel()
	if err := s.DB.Ping(ctx); err != nil {
		return fault.Wrap(err, fault.Unavailable, "A part this server needs does not answer.")
	}
	k.JSON(http.StatusOK, map[string]string{"status": "ready", "temporal": <-temporal})
	return nil
}

func (s *Server) temporalState(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, temporalWait)
	defer cancel()
	if _, err := s.Dispatch.Client.CheckHealth(ctx, nil); err != nil {
		return "unreachable"
	}
	return "ok"
}

func (s *Server) metrics(k *edge.Call) error {
	s.Metrics.Handler().ServeHTTP(k.Writer, k.Request)
	return nil
}
