package scheduling

import (
	"net/http"
	"time"

	"holdfast/api/edge"
	"holdfast/internal/apps"
	"holdfast/internal/tenant"
	"holdfast/internal/timekit"
)

func (s *Handlers) listClientSecrets(k *edge.Call) error {
	all, err := s.DB.ClientSecrets(k, k.App.ID)
	if err != nil {
		return err
	}
	list := []timekit.Object{}
	for i := range all {
		list = append(list, clientSecretView(k, &all[i]))
	}
	return k.Answer(http.StatusOK, list)
}

// createClientSecret makes a secret that signs notifications; it is in this answer only. Two may be good at a time, so that
// one can be rotated out.
func (s *Handlers) createClientSecret(k *edge.Call) error {
	made, hash, secret, err := apps.NewClientSecret(s.Vault, k.App.ID, k.Operation)
	if err != nil {
		return err
	}
	if err := s.DB.AddClientSecret(k, made, hash); err != nil {
		return err
	}
	view := clientSecretView(k, made)
	view["secret"] = secret
	k.Header("Cache-Control", "no-store")
	return k.Answer(http.StatusCreated, view)
}

func (s *Handlers) deleteClientSecret(k *edge.Call) error {
	id, err := k.ID("id", "The client secret")
	if err != nil {
		return err
	}
	if err := s.DB.EndClientSecret(k, k.App.ID, id, 0); err != nil {
		return err
	}
	return k.NoContent()
}

func clientSecretView(k *edge.Call, c *tenant.ClientSecret) timekit.Object {
	return timekit.Object{
		"id": c.ID, "hint": c.Hint, "created_at": k.Clock.Show(c.CreatedAt, time.UTC), "good_until": k.Moment(c.GoodUntil),
	}
}
