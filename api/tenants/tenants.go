// Package tenants answers requests about who calls: apps, which are the tenants of a server, their keys, and the sign-ins and
// credentials of resources.
package tenants

import (
	"net/http"

	"holdfast/api/edge"
	"holdfast/internal/apps"
	"holdfast/internal/links"
	"holdfast/internal/postgres"
)

// Handlers has the handlers of apps, keys, sign-ins and credentials. All fields are needed. It is safe for concurrent use.
type Handlers struct {
	DB        *postgres.Access
	Resources *postgres.Calendars
	Vault     *links.Vault
	Edge      *edge.Edge
	SignIns   *apps.Passwords // bounds how many passwords of strangers are checked at once
}

// Routes returns the rows of the route table that this package answers.
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

		edge.On(http.MethodPost, "/v2/auth", edge.RequireNothing, s.signIn),
		edge.On(http.MethodGet, "/v2/credentials", edge.RequireResource, s.listCredentials),
		edge.On(http.MethodPost, "/v2/credentials", edge.RequireResource, s.createCredential).Once(),
		edge.On(http.MethodDelete, "/v2/credentials/:id", edge.RequireResource, s.deleteCredential),
	}
}
