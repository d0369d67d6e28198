package api

import (
	"net/http"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/booking"
)

// Seconds for which a secret that is rotated out stays good.
const (
	defaultGrace = 24 * 60 * 60
	maxGrace     = 7 * defaultGrace
)

func (s *Server) pauseWebhook(k *call) error {
	return k.turnWebhook(s, func(id uuid.UUID) (*booking.Endpoint, []uuid.UUID, error) { return s.DB.PauseEndpoint(k, k.App.ID, id) })
}

func (s *Server) resumeWebhook(k *call) error {
	return k.turnWebhook(s, func(id uuid.UUID) (*booking.Endpoint, []uuid.UUID, error) {
		return s.DB.ResumeEndpoint(k, k.App.ID, id)
	})
}

func (k *call) turnWebhook(s *Server, turn func(uuid.UUID) (*booking.Endpoint, []uuid.UUID, error)) error {
	id, err := k.ID("id", "The webhook")
	if err != nil {
		return err
	}
	e, woken, err := turn(id)
	s.wake(k, woken)
	return s.showWebhook(k, e, err)
}

// rotateWebhook gives an endpoint a new signing secret; it is in this answer only.
func (s *Server) rotateWebhook(k *call) error {
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
	problems := booking.Problems{}
	grace := graceOf(in.Grace, problems)
	secret := signingSecret(in.Secret, problems)
	if err := problems.Err(); err != nil {
		return err
	}
	sealed, err := s.Vault.Seal([]byte(secret), booking.EndpointSecret(id))
	if err != nil {
		return err
	}
	e, err := s.DB.RotateSecret(k, k.App.ID, id, k.Operation, sealed, grace)
	if err != nil {
		return err
	}
	return s.tellSecret(k, http.StatusOK, e)
}

// graceOf reads for how long a secret that is rotated out stays good.
func graceOf(seconds *int, problems booking.Problems) time.Duration {
	grace := defaultGrace
	if seconds != nil {
		grace = *seconds
	}
	if grace < 0 || grace > maxGrace {
		problems.Add("grace_period_seconds", "must be a number from 0 to %d", maxGrace)
	}
	return time.Duration(grace) * time.Second
}
