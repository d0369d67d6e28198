package portal

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"

	"holdfast/api"
	"holdfast/internal/dispatch"
)

// sleepers is a Temporal that notes which workflows are woken.
type sleepers struct {
	client.Client
	mu    sync.Mutex
	woken []string
}

func (s *sleepers) SignalWithStartWorkflow(
	_ context.Context, id, _ string, _ any, _ client.StartWorkflowOptions, _ any, _ ...any,
) (client.WorkflowRun, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.woken = append(s.woken, id)
	return nil, nil
}

// TestBookingsShowTheirEffects with how far they are, and buttons that do what the API does.
func TestBookingsShowTheirEffects(t *testing.T) {
	t.Parallel()
	temporal := &sleepers{}
	h := build(t, func(_ *Portal, s *api.Server) { s.Dispatch = &dispatch.Dispatcher{Client: temporal} })
	id, effect := h.book("Ada").ID.String(), uuid.NewString()
	b := h.member()
	page := "/portal/bookings/" + id
	if strings.Contains(b.get(page).text, "What it does outside") {
		t.Error("it shows effects that are not there")
	}
	h.sql(`INSERT INTO effects (id, app_id, booking_id, seq, nth, kind, parameters, attempts, next_at, error_code, error_message)
		VALUES ($1, $2, $3, 1, 1, 'call', '{"kind":"call","endpoint":"crm"}', 3, now() + interval '1 hour', 'http_500', 'The endpoint answered 500.')`,
		effect, h.app.ID, id)
	b.get(page).want(t, http.StatusOK).says(t, "What it does outside", "<code>crm</code>", "pending", "The endpoint answered 500.", "Retry", "Give up")
	to := b.send(page+"/effects/"+effect+"/retry").want(t, http.StatusSeeOther).Header.Get("Location")
	b.get(to).says(t, "The effect is being tried.")
	if len(temporal.woken) != 1 || temporal.woken[0] != "effects-"+id {
		t.Errorf("woken: %v", temporal.woken)
	}
	to = b.send(page+"/effects/"+effect+"/give_up").want(t, http.StatusSeeOther).Header.Get("Location")
	given := b.get(to).says(t, "The effect is given up.", "failed", "It was given up by hand.", "Retry")
	if strings.Contains(given.text, "Give up") {
		t.Error("what is given up can be given up again")
	}
	h.sql(`UPDATE effects SET status = 'done', answer = false WHERE id = $1`, effect)
	if done := b.get(page).says(t, "done", ">no<"); strings.Contains(done.text, "/effects/") {
		t.Error("what is done can be retried")
	}
	b.send(page+"/effects/"+effect+"/retry").want(t, http.StatusUnprocessableEntity).says(t, "The effect is done.")
	b.send(page+"/effects/"+id+"/give_up").want(t, http.StatusNotFound)
}

// TestWebhooksHaveNames: the form takes one, the page shows it, and one that another webhook has is refused.
func TestWebhooksHaveNames(t *testing.T) {
	t.Parallel()
	b := build(t).member()
	b.send("/portal/webhooks/new", "url", "https://example.com/crm", "format", "holdfast", "method", "post", "name", "crm").want(t, http.StatusCreated)
	b.get("/portal/webhooks").want(t, http.StatusOK)
	b.send("/portal/webhooks/new", "url", "https://example.com/crm", "format", "holdfast", "method", "post", "name", "crm").
		want(t, http.StatusUnprocessableEntity).says(t, "exists already", `value="crm"`)
	b.send("/portal/webhooks/new", "url", "https://example.com/crm", "format", "holdfast", "method", "post", "name", "The CRM").
		want(t, http.StatusUnprocessableEntity).says(t, "lower-case letters")
}
