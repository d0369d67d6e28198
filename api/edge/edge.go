// Package edge is what every request passes before it reaches a handler, and what handlers read requests and write answers with:
// credential, limits, Idempotency-Key, clock, body, query, errors and pages of lists. It has no noun of the API.
package edge

import (
	"log/slog"
	"strings"

	"github.com/gin-gonic/gin"

	"holdfast/internal/links"
	"holdfast/internal/postgres"
)

// Chain puts a route together: credential, Idempotency-Key, handler, and one place that renders what goes wrong.
func (s *Edge) Chain(r Route) gin.HandlerFunc {
	handle := r.Handle
	if r.Idempotent {
		handle = s.idempotent(handle)
	}
	return func(c *gin.Context) {
		k := &Call{Context: c, Operation: NewID(), Base: strings.TrimSuffix(s.BaseURL, "/")}
		err := s.authorize(k, r.Access)
		if err == nil {
			k.Clock, err = k.readClock()
		}
		if err == nil {
			err = handle(k)
		}
		if err != nil {
			s.Fail(c, err)
		}
	}
}

// Edge is what a request passes before it reaches a handler. All fields are needed, but for AdminKey and FailPage.
type Edge struct {
	DB       *postgres.DB
	Vault    *links.Vault
	Limits   Limits
	AdminKey string // guards the admin's routes; "" turns them off
	BaseURL  string // where the world reaches this server
	Log      *slog.Logger
	FailPage func(*gin.Context, error) bool // shows an error as a page, where people would see it; false for a document; nil = never
}
