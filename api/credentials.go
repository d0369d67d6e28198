package api

import (
	"net/http"
	"time"

	"holdfast/api/edge"
	"holdfast/internal/apps"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/tenant"
	"holdfast/internal/timekit"
)

func (s *Server) listCredentials(k *call) error {
	page, search, err := k.Listing()
	if err != nil {
		return err
	}
	all, found, err := s.DB.Credentials(k, k.App.ID, search, page)
	if err != nil {
		return err
	}
	list := []timekit.Object{}
	for _, c := range all {
		list = append(list, k.credentialView(c))
	}
	return k.AnswerList(list, len(list), found, page)
}

// createCredential makes a token for a resource; the token is in this answer only.
func (s *Server) createCredential(k *call) error {
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
	var place booking.Booking
	if err := s.findOwnPlace(k, &place, in.ResourceID, "", problems); err != nil {
		return err
	}
	if problems["resource_id"] == nil && place.Resource.Email == "" {
		problems.Add("resource_id", "has no e-mail address, which goes with the token")
	}
	if err := problems.Err(); err != nil {
		return err
	}
	c := &tenant.Credential{ID: k.Operation, AppID: k.App.ID, ResourceID: place.Resource.ID, Type: in.Type, Name: in.Name}
	keep := 0
	if c.Own = k.Self != nil; c.Own {
		keep = ownTokensKept
	}
	token, err := apps.AddCredential(k, s.DB.Access, c, keep)
	if err != nil {
		return err
	}
	view := k.credentialView(c)
	view["token"] = token
	k.Header("Cache-Control", "no-store")
	return k.Answer(http.StatusCreated, view)
}

func (s *Server) deleteCredential(k *call) error {
	id, err := k.ID("id", "The credential")
	if err != nil {
		return err
	}
	c, err := s.DB.Credential(k, k.App.ID, id)
	if err != nil {
		return err
	}
	if err := k.RequireOwner(c.ResourceID, "The credential"); err != nil {
		return err
	}
	if err := s.DB.DeleteCredential(k, k.App.ID, id); err != nil {
		return err
	}
	return k.NoContent()
}

func (k *call) credentialView(c *tenant.Credential) timekit.Object {
	var used any
	if c.LastUsedAt != nil {
		used = k.Clock.Show(*c.LastUsedAt, time.UTC)
	}
	return timekit.Object{
		"id": c.ID, "resource_id": c.ResourceID, "type": c.Type, "name": c.Name, "hint": c.Hint,
		"created_at": k.Clock.Show(c.CreatedAt, time.UTC), "last_used_at": used,
	}
}
