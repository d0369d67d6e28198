// Package scheduling answers an app's backend about public links and requests for a time, in the shape of Cronofy's /v1, and about the
// secrets, tokens and notifications that tie visitors to the app.
package scheduling

import (
	"log/slog"
	"net/http"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/internal/dispatch"
	"holdfast/internal/links"
	"holdfast/internal/postgres"
	"holdfast/internal/service"
	"holdfast/internal/webhook"
)

// Handlers answers an app's backend about public links and requests for a time, and about the secrets and tokens that tie
// visitors to the app. All fields are needed.
type Handlers struct {
	Service  *service.Service
	DB       *postgres.DB
	Dispatch *dispatch.Dispatcher
	Vault    *links.Vault
	Targets  webhook.Options               // the rules for the address of notifications
	Wake     func(*edge.Call, []uuid.UUID) // starts the workflows of endpoints that have something to send
	Log      *slog.Logger
}

// Routes are the rows of the route table that this room answers.
func (s *Handlers) Routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodGet, "/v2/embed_credentials", edge.RequireServer, s.listEmbedCredentials),
		edge.On(http.MethodPost, "/v2/embed_credentials", edge.RequireServer, s.createEmbedCredential).Once(),
		edge.On(http.MethodPost, "/v2/embed_credentials/:id/rotate", edge.RequireServer, s.rotateEmbedCredential).Once(),
		edge.On(http.MethodDelete, "/v2/embed_credentials/:id", edge.RequireServer, s.deleteEmbedCredential),
		edge.On(http.MethodGet, "/v2/embed_callback", edge.RequireServer, s.getEmbedCallback),
		edge.On(http.MethodPut, "/v2/embed_callback", edge.RequireServer, s.setEmbedCallback),
		edge.On(http.MethodGet, "/v2/client_secrets", edge.RequireServer, s.listClientSecrets),
		edge.On(http.MethodPost, "/v2/client_secrets", edge.RequireServer, s.createClientSecret).Once(),
		edge.On(http.MethodDelete, "/v2/client_secrets/:id", edge.RequireServer, s.deleteClientSecret),

		edge.On(http.MethodGet, "/v2/public_links", edge.RequireServer, s.listPublicLinks),
		edge.On(http.MethodPost, "/v2/public_links", edge.RequireServer, s.createPublicLink).Once(),
		edge.On(http.MethodGet, "/v2/public_links/:id", edge.RequireServer, s.getPublicLink),
		edge.On(http.MethodPut, "/v2/public_links/:id", edge.RequireServer, s.updatePublicLink),
		edge.On(http.MethodDelete, "/v2/public_links/:id", edge.RequireServer, s.deletePublicLink),
		edge.On(http.MethodPost, "/v2/public_links/:id/check", edge.RequireServer, s.checkClaimToken),

		edge.On(http.MethodPost, "/v1/scheduling_requests", edge.RequireClient, s.createSchedulingRequest).Once(),
		edge.On(http.MethodPost, "/v1/scheduling_requests/query", edge.RequireClient, s.querySchedulingRequests),
		edge.On(http.MethodPost, "/v1/scheduling_requests/cancel", edge.RequireClient, s.cancelSchedulingRequest).Once(),
		edge.On(http.MethodDelete, "/v1/scheduling_requests/:id", edge.RequireClient, s.eraseSchedulingRequest),
	}
}
