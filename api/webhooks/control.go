package webhooks

import (
	"net/http"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/internal/fault"
	"holdfast/internal/outbox"
	"holdfast/internal/tenant"
)

func (s *Handlers) pauseWebhook(k *edge.Call) error {
	return turnWebhook(k, s, func(id uuid.UUID) (*outbox.Endpoint, []uuid.UUID, error) { return s.DB.PauseEndpoint(k, k.App.ID, id) })
}

func (s *Handlers) resumeWebhook(k *edge.Call) error {
	return turnWebhook(k, s, func(id uuid.UUID) (*outbox.Endpoint, []uuid.UUID, error) {
		return s.DB.ResumeEndpoint(k, k.App.ID, id)
	})
}

func turnWebhook(k *edge.Call, s *Handlers, turn func(uuid.UUID) (*outbox.Endpoint, []uuid.UUID, error)) error {
	id, err := k.ID("id", "The webhook")
	if err != nil {
		return err
	}
	e, woken, err := turn(id)
	s.Wake(k, woken)
	return s.showWebhook(k, e, err)
}

// rotateWebhook gives an endpoint a new signing secret; it is in this answer only.
func (s *Handlers) rotateWebhook(k *edge.Call) error {
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
	sealed, err := s.Vault.Seal([]byte(secret), tenant.EndpointSecret(id))
	if err != nil {
		return err
	}
	e, err := s.DB.RotateSecret(k, k.App.ID, id, k.Operation, sealed, grace)
	if err != nil {
		return err
	}
	return s.tellSecret(k, http.StatusOK, e)
}
