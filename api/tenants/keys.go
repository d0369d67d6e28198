package tenants

import (
	"net/http"
	"time"

	"holdfast/api/edge"
	"holdfast/internal/apps"
	"holdfast/internal/fault"
	"holdfast/internal/links"
	"holdfast/internal/postgres"
	"holdfast/internal/tenant"
	"holdfast/internal/timekit"
)

// keyHandlers answers requests about the keys of an app.
type keyHandlers struct {
	access *postgres.Access
	vault  *links.Vault
}

func (h *keyHandlers) routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodGet, "/v2/keys", edge.RequireServer, h.listKeys),
		edge.On(http.MethodPost, "/v2/keys", edge.RequireServer, h.createKey).Once(),
		edge.On(http.MethodDelete, "/v2/keys/:id", edge.RequireServer, h.revokeKey),
	}
}

func (h *keyHandlers) listKeys(k *edge.Call) error {
	keys, err := h.access.Keys(k, k.App.ID)
	if err != nil {
		return err
	}
	list := []timekit.Object{}
	for i := range keys {
		list = append(list, keyView(k, &keys[i]))
	}
	return k.Answer(http.StatusOK, list)
}

// createKey makes a key of a kind, server by default; the key is in this answer only.
func (h *keyHandlers) createKey(k *edge.Call) error {
	var in struct {
		Kind tenant.KeyKind `json:"kind"`
		Name string         `json:"name"`
	}
	if err := k.DecodeKnown(&in); err != nil {
		return err
	}
	problems := fault.Problems{}
	if in.Kind == "" {
		in.Kind = tenant.ServerKey
	}
	if in.Kind != tenant.ServerKey && in.Kind != tenant.WidgetKey {
		problems.Add("kind", "must be %s or %s", tenant.ServerKey, tenant.WidgetKey)
	}
	edge.CheckLength(in.Name, "name", 200, problems)
	if err := problems.Err(); err != nil {
		return err
	}
	made, key, err := apps.AddKey(k, h.access, h.vault, k.App, in.Kind, in.Name, k.Operation)
	if err != nil {
		return err
	}
	view := keyView(k, made)
	view["key"] = key
	k.Header("Cache-Control", "no-store")
	return k.Answer(http.StatusCreated, view)
}

func (h *keyHandlers) revokeKey(k *edge.Call) error {
	id, err := k.ID("id", "The key")
	if err != nil {
		return err
	}
	if err := h.access.RevokeKey(k, k.App.ID, id); err != nil {
		return err
	}
	return k.NoContent()
}

func keyView(k *edge.Call, key *tenant.Key) timekit.Object {
	moment := func(t *time.Time) any {
		if t == nil {
			return nil
		}
		return k.Clock.Show(*t, time.UTC)
	}
	return timekit.Object{
		"id": key.ID, "kind": key.Kind, "name": key.Name, "hint": key.Hint, "created_at": moment(&key.CreatedAt),
		"last_used_at": moment(key.LastUsedAt), "revoked_at": moment(key.RevokedAt),
	}
}
