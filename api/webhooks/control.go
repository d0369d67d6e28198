package webhooks

import (
	"net/http"
	"time"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/internal/fault"
	"holdfast/internal/outbox"
	"holdfast/internal/tenant"
)

// Seconds for which a secret that is rotated out stays good.
const (
	defaultGrace = 24 * 60 * 60
	maxGrace     = 7 * defaultGrace
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
	grace := GraceOf(in.Grace, problems)
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

// GraceOf reads for how long a secret that is rotated out stays good.
func GraceOf(seconds *int, problems fault.Problems) time.Duration {
	grace := defaultGrace
	if seconds != nil {
		grace = *seconds
	}
	if grace < 0 || grace > maxGrace {
		problems.Add("grace_period_seconds", "must be a number from 0 to %d", maxGrace)
	}
	return time.Duration(grace) * time.Second
}
