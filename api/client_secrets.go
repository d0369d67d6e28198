package api

import (
	"net/http"
	"time"

	"holdfast/internal/apps"
	"holdfast/internal/booking"
	"holdfast/internal/timekit"
)

func (s *Server) listClientSecrets(k *call) error {
	all, err := s.DB.ClientSecrets(k, k.app.ID)
	if err != nil {
		return err
	}
	list := []timekit.Object{}
	for i := range all {
		list = append(list, k.clientSecretView(&all[i]))
	}
	return k.data(http.StatusOK, list)
}

// createClientSecret makes a secret that signs notifications; it is in this answer only. Two may be good at a time, so that
// one can be rotated out.
func (s *Server) createClientSecret(k *call) error {
	made, hash, secret, err := apps.NewClientSecret(s.Vault, k.app.ID, k.operation)
	if err != nil {
		return err
	}
	if err := s.DB.AddClientSecret(k, made, hash); err != nil {
		return err
	}
	view := k.clientSecretView(made)
	view["secret"] = secret
	k.Header("Cache-Control", "no-store")
	return k.data(http.StatusCreated, view)
}

func (s *Server) deleteClientSecret(k *call) error {
	id, err := k.id("id", "The client secret")
	if err != nil {
		return err
	}
	if err := s.DB.EndClientSecret(k, k.app.ID, id, 0); err != nil {
		return err
	}
	return k.noContent()
}

func (k *call) clientSecretView(c *booking.ClientSecret) timekit.Object {
	return timekit.Object{
		"id": c.ID, "hint": c.Hint, "created_at": k.clock.Show(c.CreatedAt, time.UTC), "good_until": k.moment(c.GoodUntil),
	}
}
