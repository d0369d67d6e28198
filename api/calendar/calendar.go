// Package calendar answers requests about resources, their calendars and calendar events, and free time.
package calendar

import (
	"net/http"

	"holdfast/api/edge"
	"holdfast/internal/apps"
	"holdfast/internal/postgres"
	"holdfast/internal/service"
)

// Handlers has the handlers of resources, calendars, calendar events and free time. All fields are needed. It is safe for concurrent use.
type Handlers struct {
	DB        *postgres.Calendars
	Projects  *postgres.Catalogue
	Access    *postgres.Access
	Service   *service.Service
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
func (s *Handlers) Routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodGet, "/v2/resources", edge.RequireServer, s.listResources),
		edge.On(http.MethodPost, "/v2/resources", edge.RequireServer, s.createResource).Once(),
		edge.On(http.MethodGet, "/v2/resources/timezone/:email", edge.RequireServer, s.resourceTimezone),
		edge.On(http.MethodGet, "/v2/resources/:id", edge.RequireResource, s.getResource),
		edge.On(http.MethodPut, "/v2/resources/:id", edge.RequireResource, s.updateResource),
		edge.On(http.MethodDelete, "/v2/resources/:id", edge.RequireServer, s.deleteResource),

		edge.On(http.MethodPost, "/v2/availability", edge.RequireKey, s.listAvailability),
		edge.On(http.MethodPost, "/v2/availability/dates", edge.RequireKey, s.listAvailableDates),
		edge.On(http.MethodPost, "/v2/availability/count", edge.RequireKey, s.countAvailability),
		edge.On(http.MethodPost, "/v2/availability/explain", edge.RequireServer, s.explainAvailability),
		edge.On(http.MethodPost, "/v2/unavailable/slots", edge.RequireKey, s.listUnavailable),

		edge.On(http.MethodGet, "/v2/events", edge.RequireResource, s.listEvents),
		edge.On(http.MethodPost, "/v2/events", edge.RequireResource, s.createEvent).Once(),
		edge.On(http.MethodGet, "/v2/events/:id", edge.RequireResource, s.getEvent),
		edge.On(http.MethodPut, "/v2/events/:id", edge.RequireResource, s.updateEvent),
		edge.On(http.MethodDelete, "/v2/events/:id", edge.RequireResource, s.deleteEvent),

		edge.On(http.MethodGet, "/v2/calendars", edge.RequireResource, s.listCalendars),
		edge.On(http.MethodPost, "/v2/calendars", edge.RequireResource, s.createCalendar).Once(),
		edge.On(http.MethodGet, "/v2/calendars/:id", edge.RequireResource, s.getCalendar),
		edge.On(http.MethodPut, "/v2/calendars/:id", edge.RequireResource, s.updateCalendar),
		edge.On(http.MethodDelete, "/v2/calendars/:id", edge.RequireResource, s.deleteCalendar),
	}
}
