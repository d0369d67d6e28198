// Package calendar answers requests about resources, their calendars and calendar events, and free time.
package calendar

import (
	"slices"

	"holdfast/api/edge"
	"holdfast/internal/apps"
	"holdfast/internal/catalogue"
	"holdfast/internal/postgres"
	"holdfast/internal/service"
	"holdfast/internal/timekit"
)

// Handlers has the handlers of resources, calendars, calendar events and free time. All fields are needed. It is safe for concurrent use.
type Handlers struct {
	Calendars *postgres.Calendars
	Catalogue *postgres.Catalogue
	Access    *postgres.Access
	Offers    *service.Offers
	Edge      *edge.Edge
	Passwords *apps.Passwords // bounds how many passwords of known callers are worked on at once
	Feed      Feed
}

// Feed answers GET /v2/events?after= and GET /v2/events/evt_…: the feed of webhooks, which shares these paths with calendar events.
type Feed interface {
	ListEvents(k *edge.Call) error
	GetEvent(k *edge.Call) error
}

// Routes returns the rows of the route table that this package answers.
func (h *Handlers) Routes() []edge.Route {
	return slices.Concat(
		h.resources().routes(),
		(&slotHandlers{calendars: h.Calendars, projects: h.Catalogue, offers: h.Offers}).routes(),
		(&eventHandlers{calendars: h.Calendars, feed: h.Feed}).routes(),
		(&calendarHandlers{calendars: h.Calendars}).routes(),
	)
}

func (h *Handlers) resources() *resourceHandlers {
	return &resourceHandlers{calendars: h.Calendars, access: h.Access, edge: h.Edge, passwords: h.Passwords}
}

// ResourceViews renders resources as the caller may see them, with the parts that ?include= names.
func (h *Handlers) ResourceViews(k *edge.Call, all []*catalogue.Resource) ([]timekit.Object, error) {
	return h.resources().views(k, all)
}
