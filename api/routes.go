package api

import (
	"net/http"
	"slices"

	"holdfast/api/edge"
)

// routes is the table of all there is.
func (s *Server) routes() []edge.Route {
	return slices.Concat(s.serviceRoutes(), s.tenants().Routes(), s.calendar().Routes(), s.catalogue().Routes(), s.bookings().Routes(),
		s.payments().Routes(), s.webhooks().Routes(), s.scheduling().Routes(), s.visitor().Routes())
}

// serviceRoutes are about the server itself.
func (s *Server) serviceRoutes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodGet, "/healthz", edge.RequireNothing, s.healthz),
		edge.On(http.MethodGet, "/readyz", edge.RequireNothing, s.readyz),
		edge.On(http.MethodGet, "/metrics", edge.RequireAdmin, s.metrics),
		edge.On(http.MethodGet, "/openapi.json", edge.RequireNothing, s.openAPI),

		edge.On(http.MethodGet, "/v2/graphs", edge.RequireNothing, s.listGraphs),
		edge.On(http.MethodGet, "/v2/graphs/schema.json", edge.RequireNothing, graphSchema),
		edge.On(http.MethodGet, "/v2/graphs/:name", edge.RequireNothing, s.getGraph),
	}
}
