package tenants

import (
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/internal/apps"
	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
	"holdfast/internal/postgres"
	"holdfast/internal/tenant"
	"holdfast/internal/timekit"
)

// credentialHandlers answers requests about the credentials of resources.
type credentialHandlers struct {
	access    *postgres.Access
	calendars *postgres.Calendars
}

func (h *credentialHandlers) routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodGet, "/v2/credentials", edge.RequireResource, h.listCredentials),
		edge.On(http.MethodPost, "/v2/credentials", edge.RequireResource, h.createCredential).Once(),
		edge.On(http.MethodDelete, "/v2/credentials/:id", edge.RequireResource, h.deleteCredential),
	}
}

func (h *credentialHandlers) listCredentials(k *edge.Call) error {
	page, search, err := k.Listing()
	if err != nil {
		return err
	}
	all, found, err := h.access.Credentials(k, k.App.ID, search, page)
	if err != nil {
		return err
	}
	list := []timekit.Object{}
	for _, c := range all {
		list = append(list, credentialView(k, c))
	}
	return k.AnswerList(list, len(list), found, page)
}

// createCredential makes a token for a resource; the token is in this answer only.
func (h *credentialHandlers) createCredential(k *edge.Call) error {
	var in struct {
		ResourceID string                `json:"resource_id"`
		Type       tenant.CredentialType `json:"type"`
		Name       string                `json:"name"`
	}
	if err := k.Decode(&in); err != nil {
		return err
	}
	problems := fault.Problems{}
	if in.Type != tenant.ClientToken && in.Type != tenant.ServerToken {
		problems.Add("type", "must be %s or %s", tenant.ClientToken, tenant.ServerToken)
	}
	edge.CheckLength(in.Name, "name", 200, problems)
	r, err := h.findResource(k, in.ResourceID, problems)
	if err != nil {
		return err
	}
	if r != nil && r.Email == "" {
		problems.Add("resource_id", "has no e-mail address, which goes with the token")
	}
	if err := problems.Err(); err != nil {
		return err
	}
	c := &tenant.Credential{ID: k.Operation, AppID: k.App.ID, ResourceID: r.ID, Type: in.Type, Name: in.Name}
	keep := 0
	if c.Own = k.Self != nil; c.Own {
		keep = OwnTokensKept
	}
	token, err := apps.AddCredential(k, h.access, c, keep)
	if err != nil {
		return err
	}
	view := credentialView(k, c)
	view["token"] = token
	k.Header("Cache-Control", "no-store")
	return k.Answer(http.StatusCreated, view)
}

// findResource loads the resource that a body names; nil with a problem if it does not exist. For a resource's token, others do not exist.
func (h *credentialHandlers) findResource(k *edge.Call, text string, problems fault.Problems) (*catalogue.Resource, error) {
	if k.Self != nil && !strings.EqualFold(text, k.Self.String()) {
		problems.Add("resource_id", "does not exist")
		return nil, nil
	}
	id := edge.ParseID(text, "resource_id", problems)
	if id == uuid.Nil {
		return nil, nil
	}
	r, err := h.calendars.Resource(k, k.App.ID, id)
	if edge.IsMissing(err, "resource_id", problems) || err != nil {
		return nil, edge.UnlessNotFound(err)
	}
	return r, nil
}

func (h *credentialHandlers) deleteCredential(k *edge.Call) error {
	id, err := k.ID("id", "The credential")
	if err != nil {
		return err
	}
	c, err := h.access.Credential(k, k.App.ID, id)
	if err != nil {
		return err
	}
	if err := k.RequireOwner(c.ResourceID, "The credential"); err != nil {
		return err
	}
	if err := h.access.DeleteCredential(k, k.App.ID, id); err != nil {
		return err
	}
	return k.NoContent()
}

func credentialView(k *edge.Call, c *tenant.Credential) timekit.Object {
	var used any
	if c.LastUsedAt != nil {
		used = k.Clock.Show(*c.LastUsedAt, time.UTC)
	}
	return timekit.Object{
		"id": c.ID, "resource_id": c.ResourceID, "type": c.Type, "name": c.Name, "hint": c.Hint,
		"created_at": k.Clock.Show(c.CreatedAt, time.UTC), "last_used_at": used,
	}
}
