package webhooks

import (
	"net/http"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/internal/fault"
	"holdfast/internal/outbox"
	"holdfast/internal/tenant"
)

func (h *webhookHandlers) pauseWebhook(k *edge.Call) error {
	return turnWebhook(k, h, func(id uuid.UUID) (*outbox.Endpoint, []uuid.UUID, error) {
		return h.outbox.PauseEndpoint(k, k.App.ID, id)
	})
}

func (h *webhookHandlers) resumeWebhook(k *edge.Call) error {
	return turnWebhook(k, h, func(id uuid.UUID) (*outbox.Endpoint, []uuid.UUID, error) {
		return h.outbox.ResumeEndpoint(k, k.App.ID, id)
	})
}

func turnWebhook(k *edge.Call, h *webhookHandlers, turn func(uuid.UUID) (*outbox.Endpoint, []uuid.UUID, error)) error {
	id, err := k.ID("id", "The webhook")
	if err != nil {
		return err
	}
	e, woken, err := turn(id)
	h.waker.wake(k, woken)
	return h.showWebhook(k, e, err)
}

// rotateWebhook gives an endpoint a new signing secret; it is in this answer only.
func (h *webhookHandlers) rotateWebhook(k *edge.Call) error {
	id, err := k.ID("id", "The webhook")
	if err != nil {
		return err
	}
	var in struct {
		Grace  *int    `json:"grace_period_seconds"`
		Secret *string `json:"secret"`
	}
	if err := k.DecodeKnown(&in); err != nil {
		return err
	}
	problems := fault.Problems{}
	grace := edge.Grace(in.Grace, problems)
	secret := signingSecret(in.Secret, problems)
	if err := problems.Err(); err != nil {
		return err
	}
	sealed, err := h.vault.Seal([]byte(secret), tenant.EndpointSecret(id))
	if err != nil {
		return err
	}
	e, err := h.outbox.RotateSecret(k, k.App.ID, id, k.Operation, sealed, grace)
	if err != nil {
		return err
	}
	return h.answerSecret(k, http.StatusOK, e)
}
