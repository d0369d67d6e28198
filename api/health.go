package api

import (
	"net/http"

	"holdfast/internal/booking"
)

// healthz answers that the process lives.
func (s *Server) healthz(k *call) error {
	k.JSON(http.StatusOK, map[string]string{"status": "ok"})
	return nil
}

// readyz answers whether Postgres and Temporal do.
func (s *Server) readyz(k *call) error {
	if err := s.ready(k); err != nil {
		return booking.Wrap(err, booking.Unavailable, "A part this server needs does not answer.")
	}
	k.JSON(http.StatusOK, map[string]string{"status": "ready"})
	return nil
}

func (s *Server) metrics(k *call) error {
	s.Metrics.Handler().ServeHTTP(k.Writer, k.Request)
	return nil
}
