package scheduling

import (
	"net/http"
	"strings"
	"time"

	"holdfast/api/edge"
	"holdfast/internal/apps"
	"holdfast/internal/fault"
	"holdfast/internal/outbox"
	"holdfast/internal/tenant"
	"holdfast/internal/timekit"
	"holdfast/internal/webhook"
)

func (s *Handlers) listEmbedCredentials(k *edge.Call) error {
	all, err := s.DB.EmbedCredentials(k, k.App.ID)
	if err != nil {
		return err
	}
	list := []timekit.Object{}
	for i := range all {
		list = append(list, embedView(k, &all[i]))
	}
	return k.Answer(http.StatusOK, list)
}

// createEmbedCredential makes a pair for claim tokens; its secret is in this answer only. It sets the callback, too, if the
// body names one.
func (s *Handlers) createEmbedCredential(k *edge.Call) error {
	var in struct {
		CallbackURL *string `json:"callback_url"`
	}
	if err := k.DecodeKnown(&in); err != nil {
		return err
	}
	if in.CallbackURL != nil {
		if _, err := s.setCallback(k, *in.CallbackURL); err != nil {
			return err
		}
	}
	made, secret, err := apps.NewEmbedCredential(s.Vault, k.App.ID, k.Operation)
	if err != nil {
		return err
	}
	if err := s.DB.AddEmbedCredential(k, made); err != nil {
		return err
	}
	callback, err := s.callbackURL(k)
	if err != nil {
		return err
	}
	view := embedView(k, made)
	view["secret"], view["callback_url"] = secret, callback
	k.Header("Cache-Control", "no-store")
	return k.Answer(http.StatusCreated, view)
}

// rotateEmbedCredential makes a pair in the place of another, which stays good for a while.
func (s *Handlers) rotateEmbedCredential(k *edge.Call) error {
	id, err := k.ID("id", "The embed credential")
	if err != nil {
		return err
	}
	grace, err := graceOf(k)
	if err != nil {
		return err
	}
	made, secret, err := apps.NewEmbedCredential(s.Vault, k.App.ID, k.Operation)
	if err != nil {
		return err
	}
	if err := s.DB.RotateEmbedCredential(k, id, made, grace); err != nil {
		return err
	}
	view := embedView(k, made)
	view["secret"] = secret
	k.Header("Cache-Control", "no-store")
	return k.Answer(http.StatusOK, view)
}

// graceOf reads how long what is rotated out stays good.
func graceOf(k *edge.Call) (time.Duration, error) {
	var in struct {
		Seconds *int `json:"grace_period_seconds"`
	}
	if err := k.DecodeKnown(&in); err != nil {
		return 0, err
	}
	problems := fault.Problems{}
	grace := edge.Grace(in.Seconds, problems)
	return grace, problems.Err()
}

func (s *Handlers) deleteEmbedCredential(k *edge.Call) error {
	id, err := k.ID("id", "The embed credential")
	if err != nil {
		return err
	}
	if err := s.DB.EndEmbedCredential(k, k.App.ID, id); err != nil {
		return err
	}
	return k.NoContent()
}

func embedView(k *edge.Call, c *tenant.EmbedCredential) timekit.Object {
	return timekit.Object{
		"id": c.ID, "public_key": c.PublicKey, "created_at": k.Clock.Show(c.CreatedAt, time.UTC), "good_until": k.Moment(c.GoodUntil),
	}
}

func (s *Handlers) getEmbedCallback(k *edge.Call) error {
	url, err := s.callbackURL(k)
	if err != nil {
		return err
	}
	return k.Answer(http.StatusOK, timekit.Object{"callback_url": url})
}

// setEmbedCallback says where notifications go; an empty address turns them off.
func (s *Handlers) setEmbedCallback(k *edge.Call) error {
	var in struct {
		CallbackURL string `json:"callback_url"`
	}
	if err := k.DecodeKnown(&in); err != nil {
		return err
	}
	url, err := s.setCallback(k, in.CallbackURL)
	if err != nil {
		return err
	}
	return k.Answer(http.StatusOK, timekit.Object{"callback_url": url})
}

func (s *Handlers) callbackURL(k *edge.Call) (string, error) {
	e, err := s.DB.EmbedCallback(k, k.App.ID)
	if err != nil || e == nil {
		return "", err
	}
	return e.URL, nil
}

func (s *Handlers) setCallback(k *edge.Call, url string) (string, error) {
	url = strings.TrimSpace(url)
	if url == "" {
		return "", s.dropCallback(k)
	}
	if err := webhook.CheckURL(url, s.Targets); err != nil {
		return "", fault.Problems{"callback_url": {err.Error()}}.Err()
	}
	e := &outbox.Endpoint{
		ID: edge.NewID(), AppID: k.App.ID, URL: url, Format: outbox.FormatCronofy, Description: "Notifications of public links",
	}
	sealed, err := s.Vault.Seal([]byte(webhook.NewSecret()), tenant.EndpointSecret(e.ID))
	if err != nil {
		return "", err
	}
	e.Secret = sealed
	e, woken, err := s.DB.SetEmbedCallback(k, e)
	s.Wake(k, woken)
	if err != nil {
		return "", err
	}
	return e.URL, nil
}

func (s *Handlers) dropCallback(k *edge.Call) error {
	e, err := s.DB.EmbedCallback(k, k.App.ID)
	if err != nil || e == nil {
		return err
	}
	if err := s.DB.DeleteEndpoint(k, k.App.ID, e.ID); err != nil {
		return edge.UnlessNotFound(err)
	}
	if err := s.Dispatch.NudgeIfRunning(k, e.ID); err != nil { // it would idle on, and cost nothing but its place in the list
		s.Log.Warn("could not dismiss a webhook endpoint's workflow", "endpoint", e.ID, "error", err)
	}
	return nil
}
