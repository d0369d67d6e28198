package scheduling

import (
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/internal/apps"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
	"holdfast/internal/links"
	"holdfast/internal/outbox"
	"holdfast/internal/postgres"
	"holdfast/internal/tenant"
	"holdfast/internal/timekit"
	"holdfast/internal/webhook"
)

// embedHandlers answers requests about embed credentials and the callback of public links.
type embedHandlers struct {
	access   *postgres.Access
	outbox   *postgres.Outbox
	dispatch *dispatch.Dispatcher
	vault    *links.Vault
	targets  webhook.Options
	wake     func(*edge.Call, []uuid.UUID)
	log      *slog.Logger
}

func (h *embedHandlers) routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodGet, "/v2/embed_credentials", edge.RequireServer, h.listEmbedCredentials),
		edge.On(http.MethodPost, "/v2/embed_credentials", edge.RequireServer, h.createEmbedCredential).Once(),
		edge.On(http.MethodPost, "/v2/embed_credentials/:id/rotate", edge.RequireServer, h.rotateEmbedCredential).Once(),
		edge.On(http.MethodDelete, "/v2/embed_credentials/:id", edge.RequireServer, h.deleteEmbedCredential),
		edge.On(http.MethodGet, "/v2/embed_callback", edge.RequireServer, h.getEmbedCallback),
		edge.On(http.MethodPut, "/v2/embed_callback", edge.RequireServer, h.setEmbedCallback),
	}
}

func (h *embedHandlers) listEmbedCredentials(k *edge.Call) error {
	all, err := h.access.EmbedCredentials(k, k.App.ID)
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
func (h *embedHandlers) createEmbedCredential(k *edge.Call) error {
	var in struct {
		CallbackURL *string `json:"callback_url"`
	}
	if err := k.DecodeKnown(&in); err != nil {
		return err
	}
	if in.CallbackURL != nil {
		if _, err := h.setCallback(k, *in.CallbackURL); err != nil {
			return err
		}
	}
	made, secret, err := apps.NewEmbedCredential(h.vault, k.App.ID, k.Operation)
	if err != nil {
		return err
	}
	if err := h.access.AddEmbedCredential(k, made); err != nil {
		return err
	}
	callback, err := h.callbackURL(k)
	if err != nil {
		return err
	}
	view := embedView(k, made)
	view["secret"], view["callback_url"] = secret, callback
	k.Header("Cache-Control", "no-store")
	return k.Answer(http.StatusCreated, view)
}

// rotateEmbedCredential makes a pair in the place of another, which stays good for a while.
func (h *embedHandlers) rotateEmbedCredential(k *edge.Call) error {
	id, err := k.ID("id", "The embed credential")
	if err != nil {
		return err
	}
	grace, err := graceOf(k)
	if err != nil {
		return err
	}
	made, secret, err := apps.NewEmbedCredential(h.vault, k.App.ID, k.Operation)
	if err != nil {
		return err
	}
	if err := h.access.RotateEmbedCredential(k, id, made, grace); err != nil {
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

func (h *embedHandlers) deleteEmbedCredential(k *edge.Call) error {
	id, err := k.ID("id", "The embed credential")
	if err != nil {
		return err
	}
	if err := h.access.EndEmbedCredential(k, k.App.ID, id); err != nil {
		return err
	}
	return k.NoContent()
}

func embedView(k *edge.Call, c *tenant.EmbedCredential) timekit.Object {
	return timekit.Object{
		"id": c.ID, "public_key": c.PublicKey, "created_at": k.Clock.Show(c.CreatedAt, time.UTC), "good_until": k.Moment(c.GoodUntil),
	}
}

func (h *embedHandlers) getEmbedCallback(k *edge.Call) error {
	url, err := h.callbackURL(k)
	if err != nil {
		return err
	}
	return k.Answer(http.StatusOK, timekit.Object{"callback_url": url})
}

// setEmbedCallback says where notifications go; an empty address turns them off.
func (h *embedHandlers) setEmbedCallback(k *edge.Call) error {
	var in struct {
		CallbackURL string `json:"callback_url"`
	}
	if err := k.DecodeKnown(&in); err != nil {
		return err
	}
	url, err := h.setCallback(k, in.CallbackURL)
	if err != nil {
		return err
	}
	return k.Answer(http.StatusOK, timekit.Object{"callback_url": url})
}

func (h *embedHandlers) callbackURL(k *edge.Call) (string, error) {
	e, err := h.outbox.EmbedCallback(k, k.App.ID)
	if err != nil || e == nil {
		return "", err
	}
	return e.URL, nil
}

func (h *embedHandlers) setCallback(k *edge.Call, url string) (string, error) {
	url = strings.TrimSpace(url)
	if url == "" {
		return "", h.dropCallback(k)
	}
	if err := webhook.CheckURL(url, h.targets); err != nil {
		return "", fault.Problems{"callback_url": {err.Error()}}.Err()
	}
	e := &outbox.Endpoint{
		ID: edge.NewID(), AppID: k.App.ID, URL: url, Format: outbox.FormatCronofy, Description: "Notifications of public links",
	}
	sealed, err := h.vault.Seal([]byte(webhook.NewSecret()), tenant.EndpointSecret(e.ID))
	if err != nil {
		return "", err
	}
	e.Secret = sealed
	e, woken, err := h.outbox.SetEmbedCallback(k, e)
	h.wake(k, woken)
	if err != nil {
		return "", err
	}
	return e.URL, nil
}

func (h *embedHandlers) dropCallback(k *edge.Call) error {
	e, err := h.outbox.EmbedCallback(k, k.App.ID)
	if err != nil || e == nil {
		return err
	}
	if err := h.outbox.DeleteEndpoint(k, k.App.ID, e.ID); err != nil {
		return edge.UnlessNotFound(err)
	}
	if err := h.dispatch.NudgeIfRunning(k, e.ID); err != nil { // it would idle on, and cost nothing but its place in the list
		h.log.Warn("could not dismiss a webhook endpoint's workflow", "endpoint", e.ID, "error", err)
	}
	return nil
}
