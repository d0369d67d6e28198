// Package tenants answers requests about apps, which are the tenants of a server, and their keys.
package tenants

import (
	"net/http"

	"holdfast/api/edge"
	"holdfast/internal/links"
	"holdfast/internal/postgres"
)

// Handlers answers requests about apps and their keys. All fields are needed.
type Handlers struct {
	DB    *postgres.Access
	Vault *links.Vault
}

// Routes are the rows of the route table that this room answers.
func (s *Handlers) Routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodGet, "/v2/apps", edge.RequireAdmin, s.listApps),
		edge.On(http.MethodPost, "/v2/apps", edge.RequireAdmin, s.createApp).Once(),
		edge.On(http.MethodGet, "/v2/apps/:slug", edge.RequireApp, s.getNamedApp),
		edge.On(http.MethodPut, "/v2/apps/:slug", edge.RequireApp, s.updateNamedApp),
		edge.On(http.MethodDelete, "/v2/apps/:slug", edge.RequireAdmin, s.deleteApp),
		edge.On(http.MethodGet, "/v2/app", edge.RequireServer, s.getApp),
		edge.On(http.MethodPut, "/v2/app", edge.RequireServer, s.updateApp),
		edge.On(http.MethodGet, "/v2/keys", edge.RequireServer, s.listKeys),
		edge.On(http.MethodPost, "/v2/keys", edge.RequireServer, s.createKey).Once(),
		edge.On(http.MethodDelete, "/v2/keys/:id", edge.RequireServer, s.revokeKey),
	}
}
