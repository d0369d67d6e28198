// Package bookings answers requests about bookings: creating, listing and moving them, holds, sessions with their seats, and
// several bookings in one request.
package bookings

import (
	"log/slog"
	"net/http"
	"time"

	"holdfast/api/edge"
	"holdfast/api/rules"
	"holdfast/internal/links"
	"holdfast/internal/postgres"
	"holdfast/internal/service"
)

// Handlers has what requests about bookings need. All fields are needed.
type Handlers struct {
	Service *service.Service
	DB      *postgres.DB
	Rules   rules.Reader
	Edge    *edge.Edge
	Links   links.Maker
	Wait    time.Duration // for the outcome of an action, unless the client says otherwise
	Log     *slog.Logger
}

// Routes are the routes about bookings.
func (s *Handlers) Routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodGet, "/v2/bookings", edge.RequireResource, with(s.listBookings)),
		edge.On(http.MethodPost, "/v2/bookings", edge.RequireKey, with(s.createBooking)).Once(),
		edge.On(http.MethodPost, "/v2/bookings/bulk", edge.RequireServer, with(s.createBulk)).Once(),
		edge.On(http.MethodPut, "/v2/bookings/bulk", edge.RequireServer, with(s.playBulk)).Once(),
		edge.On(http.MethodGet, "/v2/bookings/groups", edge.RequireKey, with(s.listGroups)),
		edge.On(http.MethodGet, "/v2/bookings/groups/:id", edge.RequireKey, with(s.getGroup)),
		edge.On(http.MethodPost, "/v2/bookings/reserve", edge.RequireKey, with(s.reserve)).Once(),
		edge.On(http.MethodPut, "/v2/bookings/reserve/extend", edge.RequireKey, with(s.extendHold)).Once(),
		edge.On(http.MethodPost, "/v2/bookings/:id/reschedule", edge.RequireKey, with(s.reschedule)).Once(),
		edge.On(http.MethodGet, "/v2/bookings/:id", edge.RequireResource, with(s.getBooking)),
		edge.On(http.MethodPut, "/v2/bookings/:id", edge.RequireServer, with(s.updateBooking)),
		edge.On(http.MethodDelete, "/v2/bookings/:id", edge.RequireServer, with(s.deleteBooking)),
		edge.On(http.MethodPut, "/v2/bookings/:id/:action", edge.RequireResource, with(s.playAction)).Once(),
	}
}

// call is a request about bookings.
type call struct {
	*edge.Call
	proven   bool // the caller has shown the link of the booking's customer
	unlinked bool // the answer hands out no customer's links
}

// with gives a request what the handlers of bookings keep of it.
func with(handle func(*call) error) func(*edge.Call) error {
	return func(k *edge.Call) error {
		return handle(&call{Call: k})
	}
}
