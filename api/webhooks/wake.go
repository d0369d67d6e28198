package webhooks

import (
	"log/slog"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/internal/dispatch"
)

// waker starts the workflows of endpoints.
type waker struct {
	dispatch *dispatch.Dispatcher
	log      *slog.Logger
}

// wake starts the workflows of endpoints that are not running. A failure is logged and not returned: the sweep starts them later.
func (h *waker) wake(k *edge.Call, endpoints []uuid.UUID) {
	for _, id := range endpoints {
		if err := h.dispatch.EnsureEndpointRunning(k, id); err != nil {
			h.log.Warn("could not wake a webhook endpoint; the sweep will", "endpoint", id, "error", err)
		}
	}
}
