package webhooks

import (
	"log/slog"
	"net/http"
	"strings"
	"time"

	"holdfast/api/edge"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
	"holdfast/internal/links"
	"holdfast/internal/outbox"
	"holdfast/internal/postgres"
	"holdfast/internal/tenant"
	"holdfast/internal/timekit"
	"holdfast/internal/webhook"
)

// webhookHandlers answers requests about webhooks themselves.
type webhookHandlers struct {
	outbox        *postgres.Outbox
	dispatch      *dispatch.Dispatcher
	vault         *links.Vault
	targets       webhook.Options
	pausedBacklog int
	waker         *waker
	log           *slog.Logger
}

func (h *webhookHandlers) routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodGet, "/v2/webhooks", edge.RequireServer, h.listWebhooks),
		edge.On(http.MethodPost, "/v2/webhooks", edge.RequireServer, h.createWebhook).Once(),
		edge.On(http.MethodGet, "/v2/webhooks/event_types", edge.RequireServer, listEventTypes),
		edge.On(http.MethodGet, "/v2/webhooks/:id", edge.RequireServer, h.getWebhook),
		edge.On(http.MethodPut, "/v2/webhooks/:id", edge.RequireServer, h.updateWebhook),
		edge.On(http.MethodDelete, "/v2/webhooks/:id", edge.RequireServer, h.deleteWebhook),
		edge.On(http.MethodPost, "/v2/webhooks/:id/pause", edge.RequireServer, h.pauseWebhook),
		edge.On(http.MethodPost, "/v2/webhooks/:id/resume", edge.RequireServer, h.resumeWebhook),
		edge.On(http.MethodPost, "/v2/webhooks/:id/rotate", edge.RequireServer, h.rotateWebhook).Once(),
	}
}

func (h *webhookHandlers) listWebhooks(k *edge.Call) error {
	all, err := h.outbox.Endpoints(k, k.App.ID)
	if err != nil {
		return err
	}
	list := []timekit.Object{}
	for _, e := range all {
		view, err := h.webhookView(k, e)
		if err != nil {
			return err
		}
		list = append(list, view)
	}
	return k.Answer(http.StatusOK, list)
}

// createWebhook makes an endpoint; its signing secret is in this answer only.
func (h *webhookHandlers) createWebhook(k *edge.Call) error {
	in, err := h.readWebhook(k)
	if err != nil {
		return err
	}
	e := &outbox.Endpoint{
		ID: k.Operation, AppID: k.App.ID, Format: outbox.FormatTimekit, Ordered: true, InFlight: outbox.DefaultInFlight,
	}
	secret := signingSecret(in.Secret, in.problems)
	if err := in.apply(e, h); err != nil {
		return err
	}
	if e.Secret, err = h.vault.Seal([]byte(secret), tenant.EndpointSecret(e.ID)); err != nil {
		return err
	}
	if e, err = h.outbox.CreateEndpoint(k, e); err != nil {
		return err
	}
	k.Header("Location", "/v2/webhooks/"+e.ID.String())
	return h.answerSecret(k, http.StatusCreated, e)
}

// signingSecret is the one that the body brings along, or a new one.
func signingSecret(brought *string, problems fault.Problems) string {
	if brought == nil || *brought == "" {
		return webhook.NewSecret()
	}
	if err := webhook.CheckSecret(*brought); err != nil {
		problems.Add("secret", "%s", err.Error())
	}
	return *brought
}

// answerSecret answers with an endpoint and its newest secret. It is read from the record: a repeat returns what the first try made.
func (h *webhookHandlers) answerSecret(k *edge.Call, status int, e *outbox.Endpoint) error {
	secret, err := h.vault.Open(e.Secret, tenant.EndpointSecret(e.ID))
	if err != nil {
		return err
	}
	view, err := h.webhookView(k, e)
	if err != nil {
		return err
	}
	view["secret"] = string(secret)
	k.Header("Cache-Control", "no-store")
	return k.Answer(status, view)
}

func (h *webhookHandlers) getWebhook(k *edge.Call) error {
	id, err := k.ID("id", "The webhook")
	if err != nil {
		return err
	}
	e, err := h.outbox.Endpoint(k, k.App.ID, id)
	return h.showWebhook(k, e, err)
}

func (h *webhookHandlers) updateWebhook(k *edge.Call) error {
	id, err := k.ID("id", "The webhook")
	if err != nil {
		return err
	}
	in, err := h.readWebhook(k)
	if err != nil {
		return err
	}
	e, woken, err := h.outbox.ChangeEndpoint(k, k.App.ID, id, func(e *outbox.Endpoint) error { return in.apply(e, h) })
	h.waker.wake(k, woken)
	return h.showWebhook(k, e, err)
}

func (h *webhookHandlers) deleteWebhook(k *edge.Call) error {
	id, err := k.ID("id", "The webhook")
	if err != nil {
		return err
	}
	if err := h.outbox.DeleteEndpoint(k, k.App.ID, id); err != nil {
		return err
	}
	if err := h.dispatch.NudgeIfRunning(k, id); err != nil { // it would idle on, and cost nothing but its place in the list
		h.log.Warn("could not dismiss a webhook endpoint's workflow", "endpoint", id, "error", err)
	}
	return k.NoContent()
}

func (h *webhookHandlers) showWebhook(k *edge.Call, e *outbox.Endpoint, err error) error {
	if err != nil {
		return err
	}
	view, err := h.webhookView(k, e)
	if err != nil {
		return err
	}
	return k.Answer(http.StatusOK, view)
}

// webhookView is an endpoint without its secrets. Its own headers may be some, and show their names only.
func (h *webhookHandlers) webhookView(k *edge.Call, e *outbox.Endpoint) (timekit.Object, error) {
	headers, err := h.ownHeaders(e)
	hidden := map[string]string{}
	for name := range headers {
		hidden[name] = webhook.Hidden
	}
	until := []any{}
	for _, t := range e.OldSecretsUntil {
		until = append(until, k.Clock.Show(t, time.UTC))
	}
	return timekit.Object{
		"id": e.ID, "name": e.Name, "url": e.URL, "method": strings.ToLower(e.Method), "description": e.Description, "format": e.Format,
		"graph": single(e.Graphs), "state": single(e.States), "graphs": e.Graphs, "states": e.States, "event_types": e.EventTypes,
		"projects": e.Projects, "services": e.Services, "headers": hidden,
		"ordered": e.Ordered, "in_flight": e.InFlight, "rate_per_second": e.PerSecond,
		"embed_callback": e.EmbedCallback, "status": e.Status, "reason": e.Reason, "health": h.healthView(k, &e.Health),
		"old_secrets_until": until,
		"created_at":        k.Clock.Show(e.CreatedAt, time.UTC), "updated_at": k.Clock.Show(e.UpdatedAt, time.UTC),
	}, err
}

func (h *webhookHandlers) healthView(k *edge.Call, of *outbox.Health) timekit.Object {
	return timekit.Object{
		"succeeded_at": k.Moment(of.SucceededAt), "failing_since": k.Moment(of.FailingSince), "failures": of.Failures,
		"breaker_open_until": k.Moment(of.OpenUntil), "pending": of.Pending,
		"pending_limit": h.pausedBacklog, "dropped": of.Dropped, "dropped_at": k.Moment(of.DroppedAt),
	}
}
