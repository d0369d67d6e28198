// Package webhooks answers requests about webhooks: the endpoints themselves, their deliveries and attempts, tests and replays, and the
// feed of events, which is what a receiver catches up with.
package webhooks

import (
	"log/slog"
	"net/http"
	"time"

	"holdfast/api/edge"
	"holdfast/internal/dispatch"
	"holdfast/internal/links"
	"holdfast/internal/postgres"
	"holdfast/internal/webhook"
)

// Handlers answers requests about webhooks, their deliveries and the feed of events. All fields are needed.
type Handlers struct {
	DB            *postgres.Outbox
	Outcomes      *postgres.Outcomes
	Dispatch      *dispatch.Dispatcher
	Vault         *links.Vault
	Links         links.Maker
	Targets       webhook.Options // the rules for targets, checked when a webhook is made or changed
	PausedBacklog int             // how many deliveries wait for a paused webhook at most; only shown
	Wait          time.Duration   // how long a test waits for its attempt
	Log           *slog.Logger
}

// Routes are the rows of the route table that this room answers.
func (s *Handlers) Routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodGet, "/v2/webhooks", edge.RequireServer, s.listWebhooks),
		edge.On(http.MethodPost, "/v2/webhooks", edge.RequireServer, s.createWebhook).Once(),
		edge.On(http.MethodGet, "/v2/webhooks/event_types", edge.RequireServer, s.listEventTypes),
		edge.On(http.MethodGet, "/v2/webhooks/:id", edge.RequireServer, s.getWebhook),
		edge.On(http.MethodPut, "/v2/webhooks/:id", edge.RequireServer, s.updateWebhook),
		edge.On(http.MethodDelete, "/v2/webhooks/:id", edge.RequireServer, s.deleteWebhook),
		edge.On(http.MethodPost, "/v2/webhooks/:id/pause", edge.RequireServer, s.pauseWebhook),
		edge.On(http.MethodPost, "/v2/webhooks/:id/resume", edge.RequireServer, s.resumeWebhook),
		edge.On(http.MethodPost, "/v2/webhooks/:id/rotate", edge.RequireServer, s.rotateWebhook).Once(),
		edge.On(http.MethodPost, "/v2/webhooks/:id/test", edge.RequireServer, s.tryWebhook).Once(),
		edge.On(http.MethodPost, "/v2/webhooks/:id/replay", edge.RequireServer, s.replayWebhook).Once(),
		edge.On(http.MethodGet, "/v2/webhooks/:id/deliveries", edge.RequireServer, s.listDeliveries),

		edge.On(http.MethodGet, "/v2/deliveries", edge.RequireServer, s.listBookingDeliveries),
		edge.On(http.MethodGet, "/v2/deliveries/:id", edge.RequireServer, s.getDelivery),
		edge.On(http.MethodPost, "/v2/deliveries/:id/retry", edge.RequireServer, s.retryDelivery).Once(),
	}
}
