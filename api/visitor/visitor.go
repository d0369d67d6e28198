// Package visitor answers people with pages: public links, where a time is picked and booked, the pages of scheduling requests, and action
// links. A GET changes nothing, but where an app has chosen links that act by one click.
package visitor

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

// Handlers answers people with pages: public links, requests for a time, and action links. All fields are needed.
type Handlers struct {
	Service *service.Service
	DB      *postgres.DB
	Rules   rules.Reader
	Edge    *edge.Edge
	Vault   *links.Vault
	Links   links.Maker
	Wait    time.Duration // how long an action waits for its outcome
	Log     *slog.Logger
}

// call is a request for a page.
type call struct {
	*edge.Call

	form *error // how the reading of the form went, once it was tried; see readForm
}

func onPage(handle func(*call) error) func(*edge.Call) error {
	return func(k *edge.Call) error { return handle(&call{Call: k}) }
}

// Routes are the rows of the route table that this room answers.
func (s *Handlers) Routes() []edge.Route {
	link, request := s.forVisitors(s.openPublicLink), s.forVisitors(s.openRequest)
	return []edge.Route{
		edge.On(http.MethodGet, "/pls/:code", edge.RequireNothing, onPage(link)),
		edge.On(http.MethodHead, "/pls/:code", edge.RequireNothing, onPage(link)),
		edge.On(http.MethodPost, "/pls/:code", edge.RequireNothing, onPage(s.forVisitors(s.bookByLink))),

		edge.On(http.MethodGet, "/rts/:code", edge.RequireNothing, onPage(request)),
		edge.On(http.MethodHead, "/rts/:code", edge.RequireNothing, onPage(request)),
		edge.On(http.MethodPost, "/rts/:code", edge.RequireNothing, onPage(s.forVisitors(s.followRequest))),
		edge.On(http.MethodGet, "/rts/:code/event.ics", edge.RequireNothing, onPage(s.forVisitors(s.eventFile))),
		edge.On(http.MethodHead, "/rts/:code/event.ics", edge.RequireNothing, onPage(s.forVisitors(s.eventFile))),

		edge.On(http.MethodGet, "/v2/bookings/:id/external_action/:action", edge.RequireNothing, onPage(s.openLink)),
		edge.On(http.MethodHead, "/v2/bookings/:id/external_action/:action", edge.RequireNothing, onPage(s.openLink)),
		edge.On(http.MethodOptions, "/v2/bookings/:id/external_action/:action", edge.RequireNothing, onPage(s.linkOptions)),
		edge.On(http.MethodPost, "/v2/bookings/:id/external_action/:action", edge.RequireNothing, onPage(s.followLink)),
	}
}
