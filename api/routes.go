package api

import (
	"net/http"
	"slices"

	"holdfast/api/edge"
)

// routes is the table of all there is.
func (s *Server) routes() []edge.Route {
	return slices.Concat(s.serviceRoutes(), s.tenants().Routes(), s.calendar().Routes(), s.catalogue().Routes(), s.bookingRoutes(),
		s.webhooks().Routes(), s.scheduling().Routes(), s.visitor().Routes())
}

// serviceRoutes are about the server itself.
func (s *Server) serviceRoutes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodGet, "/healthz", edge.RequireNothing, with(s.healthz)),
		edge.On(http.MethodGet, "/readyz", edge.RequireNothing, with(s.readyz)),
		edge.On(http.MethodGet, "/metrics", edge.RequireAdmin, with(s.metrics)),
		edge.On(http.MethodGet, "/openapi.json", edge.RequireNothing, with(s.openAPI)),

		edge.On(http.MethodGet, "/v2/graphs", edge.RequireNothing, with(s.listGraphs)),
		edge.On(http.MethodGet, "/v2/graphs/:name", edge.RequireNothing, with(s.getGraph)),
	}
}

// bookingRoutes are about bookings.
func (s *Server) bookingRoutes() []edge.Route {
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
