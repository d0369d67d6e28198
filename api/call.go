package api

import (
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"holdfast/internal/booking"
	"holdfast/internal/limit"
	"holdfast/internal/timekit"
)

// call is one request on its way through a handler.
type call struct {
	*gin.Context
	app       *booking.App // nil where no key is asked for
	keyID     uuid.UUID
	kind      booking.KeyKind
	self      *uuid.UUID         // the resource whose token was sent; nil for a key of the app
	operation uuid.UUID          // the id for what this request makes: the same when it is repeated with its Idempotency-Key
	repeated  bool               // there was an earlier try that got no final answer; see begun
	begun     map[uuid.UUID]bool // answers of Server.begun
	door      *limit.Place       // its turn at the door of new bookings; nil for none
	clock     timekit.Clock
	raw       []byte    // the body, once it was read
	form      *error    // how the reading of the form went, once it was tried; see readForm
	offer     *offering // what a page offers its visitor; nil for callers with a key
	proven    bool      // the caller has shown the link of the booking's customer
	unlinked  bool      // the answer hands out no customer's links
	base      string    // where the world reaches this server, without a slash at the end
}

// chain puts a route together: credential, Idempotency-Key, handler, and one place that renders what goes wrong.
func (s *Server) chain(r route) gin.HandlerFunc {
	handle := r.handle
	if r.idempotent {
		handle = s.onlyOnce(handle)
	}
	return func(c *gin.Context) {
		k := &call{Context: c, operation: newID(), base: strings.TrimSuffix(s.Links.BaseURL, "/")}
		defer k.leaveDoor()
		err := s.authorize(k, r.access)
		if err == nil {
			k.clock, err = k.readClock()
		}
		if err == nil {
			err = handle(k)
		}
		if err != nil {
			s.fail(c, err)
		}
	}
}

// id reads a UUID of the path; what is no UUID does not exist.
func (k *call) id(name, what string) (uuid.UUID, error) {
	id, err := uuid.Parse(k.Param(name))
	if err != nil || len(k.Param(name)) != 36 {
		return uuid.Nil, booking.Errorf(booking.NotFound, "%s does not exist.", what)
	}
	return id, nil
}

// newID makes a UUIDv7; the source of randomness does not fail on a machine that runs.
func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }
