package webhooks

import (
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/internal/fault"
	"holdfast/internal/outbox"
	"holdfast/internal/tenant"
	"holdfast/internal/timekit"
	"holdfast/internal/webhook"
)

func (s *Handlers) listWebhooks(k *edge.Call) error {
	all, err := s.DB.Endpoints(k, k.App.ID)
	if err != nil {
		return err
	}
	list := []timekit.Object{}
	for _, e := range all {
		view, err := s.webhookView(k, e)
		if err != nil {
			return err
		}
		list = append(list, view)
	}
	return k.Answer(http.StatusOK, list)
}

// createWebhook makes an endpoint; its signing secret is in this answer only.
func (s *Handlers) createWebhook(k *edge.Call) error {
	in, err := s.readWebhook(k)
	if err != nil {
		return err
	}
	e := &outbox.Endpoint{
		ID: k.Operation, AppID: k.App.ID, Format: outbox.FormatTimekit, Ordered: true, InFlight: outbox.DefaultInFlight,
	}
	secret := signingSecret(in.Secret, in.problems)
	if err := in.apply(e, s); err != nil {
		return err
	}
	if e.Secret, err = s.Vault.Seal([]byte(secret), tenant.EndpointSecret(e.ID)); err != nil {
		return err
	}
	if e, err = s.DB.CreateEndpoint(k, e); err != nil {
		return err
	}
	k.Header("Location", "/v2/webhooks/"+e.ID.String())
	return s.tellSecret(k, http.StatusCreated, e)
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

// tellSecret answers with an endpoint and its newest secret. It is read from the record: a repeat returns what the first try made.
func (s *Handlers) tellSecret(k *edge.Call, status int, e *outbox.Endpoint) error {
	secret, err := s.Vault.Open(e.Secret, tenant.EndpointSecret(e.ID))
	if err != nil {
		return err
	}
	view, err := s.webhookView(k, e)
	if err != nil {
		return err
	}
	view["secret"] = string(secret)
	k.Header("Cache-Control", "no-store")
	return k.Answer(status, view)
}

func (s *Handlers) getWebhook(k *edge.Call) error {
	id, err := k.ID("id", "The webhook")
	if err != nil {
		return err
	}
	e, err := s.DB.Endpoint(k, k.App.ID, id)
	return s.showWebhook(k, e, err)
}

func (s *Handlers) updateWebhook(k *edge.Call) error {
	id, err := k.ID("id", "The webhook")
	if err != nil {
		return err
	}
	in, err := s.readWebhook(k)
	if err != nil {
		return err
	}
	e, woken, err := s.DB.ChangeEndpoint(k, k.App.ID, id, func(e *outbox.Endpoint) error { return in.apply(e, s) })
	s.Wake(k, woken)
	return s.showWebhook(k, e, err)
}

func (s *Handlers) deleteWebhook(k *edge.Call) error {
	id, err := k.ID("id", "The webhook")
	if err != nil {
		return err
	}
	if err := s.DB.DeleteEndpoint(k, k.App.ID, id); err != nil {
		return err
	}
	if err := s.Dispatch.NudgeIfRunning(k, id); err != nil { // it would idle on, and cost nothing but its place in the list
		s.Log.Warn("could not dismiss a webhook endpoint's workflow", "endpoint", id, "error", err)
	}
	return k.NoContent()
}

// Wake sees to it that the endpoints' deliveries are sent. What cannot be woken now the sweep will find.
func (s *Handlers) Wake(k *edge.Call, endpoints []uuid.UUID) {
	for _, id := range endpoints {
		if err := s.Dispatch.EnsureEndpointRunning(k, id); err != nil {
			s.Log.Warn("could not wake a webhook endpoint; the sweep will", "endpoint", id, "error", err)
		}
	}
}

func (s *Handlers) showWebhook(k *edge.Call, e *outbox.Endpoint, err error) error {
	if err != nil {
		return err
	}
	view, err := s.webhookView(k, e)
	if err != nil {
		return err
	}
	return k.Answer(http.StatusOK, view)
}

// webhookView is an endpoint without its secrets. Its own headers may be some, and show their names only.
func (s *Handlers) webhookView(k *edge.Call, e *outbox.Endpoint) (timekit.Object, error) {
	headers, err := s.ownHeaders(e)
	hidden := map[string]string{}
	for name := range headers {
		hidden[name] = webhook.Hidden
	}
	until := []any{}
	for _, t := range e.OldSecretsUntil {
		until = append(until, k.Clock.Show(t, time.UTC))
	}
	return timekit.Object{
		"id": e.ID, "url": e.URL, "method": strings.ToLower(e.Method), "description": e.Description, "format": e.Format,
		"graph": single(e.Graphs), "state": single(e.States), "graphs": e.Graphs, "states": e.States, "event_types": e.EventTypes,
		"projects": e.Projects, "services": e.Services, "headers": hidden,
		"ordered": e.Ordered, "in_flight": e.InFlight, "rate_per_second": e.PerSecond,
		"embed_callback": e.EmbedCallback, "status": e.Status, "reason": e.Reason, "health": s.healthView(k, &e.Health),
		"old_secrets_until": until,
		"created_at":        k.Clock.Show(e.CreatedAt, time.UTC), "updated_at": k.Clock.Show(e.UpdatedAt, time.UTC),
	}, err
}

func (s *Handlers) healthView(k *edge.Call, h *outbox.Health) timekit.Object {
	return timekit.Object{
		"succeeded_at": k.Moment(h.SucceededAt), "failing_since": k.Moment(h.FailingSince), "failures": h.Failures,
		"breaker_open_until": k.Moment(h.OpenUntil), "pending": h.Pending,
		"pending_limit": s.PausedBacklog, "dropped": h.Dropped, "dropped_at": k.Moment(h.DroppedAt),
	}
}
