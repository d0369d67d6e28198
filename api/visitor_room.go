package api

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

// visitorRoom answers people with pages: public links, requests for a time, and action links. All fields are needed.
type visitorRoom struct {
	Service *service.Service
	DB      *postgres.DB
	Rules   rules.Reader
	Edge    *edge.Edge
	Vault   *links.Vault
	Links   links.Maker
	Wait    time.Duration // how long an action waits for its outcome
	Log     *slog.Logger
}

// pageCall is a request for a page.
type pageCall struct {
	*edge.Call

	form *error // how the reading of the form went, once it was tried; see readForm
}

func onPage(handle func(*pageCall) error) func(*edge.Call) error {
	return func(k *edge.Call) error { return handle(&pageCall{Call: k}) }
}

// routes are the rows of the route table that this room answers.
func (s *visitorRoom) routes() []edge.Route {
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
