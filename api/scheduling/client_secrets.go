package scheduling

import (
	"net/http"
	"time"

	"holdfast/api/edge"
	"holdfast/internal/apps"
	"holdfast/internal/links"
	"holdfast/internal/postgres"
	"holdfast/internal/tenant"
	"holdfast/internal/timekit"
)

// clientSecretHandlers answers requests about client secrets.
type clientSecretHandlers struct {
	access *postgres.Access
	vault  *links.Vault
}

func (h *clientSecretHandlers) routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodGet, "/v2/client_secrets", edge.RequireServer, h.listClientSecrets),
		edge.On(http.MethodPost, "/v2/client_secrets", edge.RequireServer, h.createClientSecret).Once(),
		edge.On(http.MethodDelete, "/v2/client_secrets/:id", edge.RequireServer, h.deleteClientSecret),
	}
}

func (h *clientSecretHandlers) listClientSecrets(k *edge.Call) error {
	all, err := h.access.ClientSecrets(k, k.App.ID)
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
func (h *clientSecretHandlers) createClientSecret(k *edge.Call) error {
	made, hash, secret, err := apps.NewClientSecret(h.vault, k.App.ID, k.Operation)
	if err != nil {
		return err
	}
	if err := h.access.AddClientSecret(k, made, hash); err != nil {
		return err
	}
	view := clientSecretView(k, made)
	view["secret"] = secret
	k.Header("Cache-Control", "no-store")
	return k.Answer(http.StatusCreated, view)
}

func (h *clientSecretHandlers) deleteClientSecret(k *edge.Call) error {
	id, err := k.ID("id", "The client secret")
	if err != nil {
		return err
	}
	if err := h.access.EndClientSecret(k, k.App.ID, id, 0); err != nil {
		return err
	}
	return k.NoContent()
}

func clientSecretView(k *edge.Call, c *tenant.ClientSecret) timekit.Object {
	return timekit.Object{
		"id": c.ID, "hint": c.Hint, "created_at": k.Clock.Show(c.CreatedAt, time.UTC), "good_until": k.Moment(c.GoodUntil),
	}
}
