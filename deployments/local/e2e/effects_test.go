package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"go.temporal.io/api/enums/v1"

	"holdfast/internal/postgres"
	"holdfast/workflows"
)

// asking is a graph of an app's own. Its first action asks the webhook crm: yes approves, no declines, and giving up flags.
const asking = `{"name":"asking","description":"It asks.","initial":"fresh","start":"ask","states":[
	{"name":"fresh","holds":"nothing","actions":[{"name":"ask","to":"asked","by":["api"],"on_conflict":"refuse","effects":[
		{"kind":"call","endpoint":"crm","timeout":"PT1S","give_up_after":"PT10M","then":"approve","else":"decline","on_failure":"flag"},
		{"kind":"call","endpoint":"log"}]}]},
	{"name":"asked","holds":"slot","actions":[{"name":"approve","to":"approved","by":["effect","api"]},
		{"name":"decline","to":"declined","by":["effect","api"]},{"name":"flag","to":"flagged","by":["effect"]}]},
	{"name":"approved","holds":"slot","actions":[{"name":"cancel","to":"declined","by":["api"]}]},
	{"name":"flagged","holds":"slot","actions":[{"name":"cancel","to":"declined","by":["api"]}]},
	{"name":"declined","holds":"nothing","final":true},{"name":"error","holds":"nothing","final":true}]}`

// asks publishes the graph.
func (b *bundle) asks(t testing.TB) {
	t.Helper()
	b.post(t, "/v2/graphs", asking).want(t, http.StatusCreated)
	b.post(t, "/v2/graphs/asking/publish", "").want(t, http.StatusCreated)
}

// effects are those of a booking, as an answer has them.
func (b *bundle) effects(t testing.TB, id string) answer {
	t.Helper()
	return b.get(t, "/v2/bookings/"+id+"?include=effects").want(t, http.StatusOK)
}

// effects asks for everything about the effects of a booking, whose webhook is missing.
func (r tour) effects(t *testing.T, resource string) {
	t.Helper()
	r.asks(t)
	id := r.do(t, http.MethodPost, "/v2/bookings"+everything, request(resource, "asking", 330), http.StatusCreated).str("data.id")
	seen := r.do(t, http.MethodGet, "/v2/bookings/"+id+everything, "", http.StatusOK)
	one := "/v2/bookings/" + id + "/effects/" + seen.str("data.effects.0.id")
	r.do(t, http.MethodPost, one+"/retry", "", http.StatusOK)
	r.do(t, http.MethodPost, one+"/give_up", "", http.StatusOK)
	r.do(t, http.MethodPost, "/v2/bookings/"+id+"/effects/"+id+"/retry", "", http.StatusNotFound)
	r.do(t, http.MethodPost, "/v2/bookings/"+id+"/effects/"+id+"/give_up", "", http.StatusNotFound)
	r.do(t, http.MethodGet, "/v2/bookings/"+id+everything, "", http.StatusOK)
}

// becomes waits for a state of a booking.
func (b *bundle) becomes(t testing.TB, id, state string) {
	t.Helper()
	eventually(t, state, func() bool { return b.state(t, id) == state })
}

// TestEffects lives through calls: the first one answers and moves the booking, then the second one is made; what fails is tried again,
// retried and given up by hand; another app has nothing of it, and Temporal has ids only.
func TestEffects(t *testing.T) {
	t.Parallel()
	b, other := tenant(t, plain), tenant(t, plain)
	b.asks(t)
	resource := b.resource(t)
	waiting := b.book(t, resource, "asking", 9)
	eventually(t, "an attempt without a webhook", func() bool {
		return b.effects(t, waiting).str("data.effects.0.error.code") == "unknown_endpoint"
	})
	seen := b.effects(t, waiting)
	if seen.str("data.effects.0.status") != "pending" || seen.str("data.effects.1.attempts") != "0" || seen.str("data.state") != "asked" {
		t.Errorf("%s", seen.body)
	}
	crm, logs := newReceiver(t, ok), newReceiver(t, ok)
	b.webhook(t, crm.URL, `,"name":"crm","event_types":["effect.failed"]`)
	b.post(t, "/v2/webhooks", fmt.Sprintf(`{"url":%q,"name":"crm"}`, logs.URL)).refused(t, http.StatusConflict, "already_exists")
	b.post(t, "/v2/webhooks", fmt.Sprintf(`{"url":%q,"name":"CRM 2"}`, logs.URL)).want(t, http.StatusUnprocessableEntity)
	b.webhook(t, logs.URL, `,"name":"log","event_types":["endpoint.failing"]`)
	one := "/v2/bookings/" + waiting + "/effects/" + seen.str("data.effects.0.id")
	for _, path := range []string{one + "/retry", one + "/give_up"} {
		other.post(t, path, "").refused(t, http.StatusNotFound, "not_found")
	}
	b.post(t, "/v2/bookings/"+waiting+"/effects/"+uuid.NewString()+"/give_up", "").refused(t, http.StatusNotFound, "not_found")
	b.post(t, one+"/retry", "").promised(t, http.MethodPost, one+"/retry")
	b.becomes(t, waiting, "approved")
	got := logs.waitFor(t, 1)[0]
	seen = b.effects(t, waiting)
	if got.header.Get("webhook-id") != seen.str("data.effects.1.id") || got.at("effect.kind") != "call" || got.at("type") != "booking.asked" {
		t.Errorf("%v %s", got.header, got.body)
	}
	seen.promised(t, http.MethodGet, "/v2/bookings/"+waiting)
	b.post(t, one+"/retry", "").refused(t, http.StatusUnprocessableEntity, "action_not_available")
	b.post(t, one+"/give_up", "").refused(t, http.StatusUnprocessableEntity, "action_not_available")

	down := newReceiver(t, func(int) int { return http.StatusInternalServerError })
	b.put(t, "/v2/webhooks/"+b.get(t, "/v2/webhooks").str("data.0.id"), fmt.Sprintf(`{"url":%q}`, down.URL)).want(t, http.StatusOK)
	failing := b.book(t, resource, "asking", 11)
	down.waitFor(t, 1)
	one = "/v2/bookings/" + failing + "/effects/" + b.effects(t, failing).str("data.effects.0.id")
	ended := b.post(t, one+"/give_up", "").want(t, http.StatusOK)
	if ended.str("data.status") != "failed" || ended.str("data.error.code") != "given_up" || ended.str("data.action.name") != "flag" {
		t.Errorf("%s", ended.body)
	}
	b.becomes(t, failing, "flagged")
	eventually(t, "effect.failed is told", func() bool {
		for _, r := range down.all() {
			if r.at("type") == "effect.failed" && r.at("data.effect.error.code") == "given_up" {
				return true
			}
		}
		return false
	})
	eventually(t, "the action is on record", func() bool { return b.effects(t, failing).str("data.effects.0.action.status") == "applied" })
	text := historyOf(t, b, "effects-"+failing)
	for _, word := range []string{"crm", "Marty", "example.com", "127.0.0.1", "asking"} {
		if strings.Contains(text, word) {
			t.Errorf("Temporal has %q of an effect", word)
		}
	}
	if !strings.Contains(text, failing) {
		t.Errorf("there is no history: %.200s", text)
	}
}

// historyOf is all that Temporal has of a workflow's run.
func historyOf(t *testing.T, b *bundle, id string) string {
	t.Helper()
	var text strings.Builder
	history := b.stack.App.Temporal.GetWorkflowHistory(t.Context(), id, "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for history.HasNext() {
		event, err := history.Next()
		must(t, err)
		fmt.Fprintf(&text, "%+v\n", event)
	}
	return text.String()
}

// TestKillNineDuringEffects kills everything while a call is under way, and as soon as it is answered: the call comes again under its id, the
// booking moves once, and what stands behind the call is carried out.
func TestKillNineDuringEffects(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var p *process
	asked, release := make(chan int, 10), make(chan struct{})
	crm := newReceiver(t, func(n int) int {
		asked <- n
		if n == 0 {
			<-release // until it was killed
		}
		return http.StatusOK
	})
	logs := newReceiver(t, ok)
	p = spawn(t, dir, "HOLDFAST_SWEEP_EVERY=1s")
	p.asks(t)
	p.webhook(t, crm.URL, `,"name":"crm","event_types":["effect.failed"]`)
	p.webhook(t, logs.URL, `,"name":"log","event_types":["effect.failed"]`)
	id := p.book(t, p.resource(t), "asking", 9)
	<-asked
	p.kill(t) // between the request and its record
	close(release)
	p = spawn(t, dir, "HOLDFAST_SWEEP_EVERY=1s")
	if got := p.state(t, id); got != "asked" {
		t.Errorf("the booking is %s", got)
	}
	<-asked
	p.kill(t) // around the record of the answer, and the signal of its action
	p = spawn(t, dir, "HOLDFAST_SWEEP_EVERY=1s")
	p.becomes(t, id, "approved")
	eventually(t, "the second effect is done", func() bool { return p.effects(t, id).str("data.effects.1.status") == "done" })
	for _, r := range crm.all() {
		if r.header.Get("webhook-id") != p.effects(t, id).str("data.effects.0.id") {
			t.Errorf("called under %s", r.header.Get("webhook-id"))
		}
	}
	moves := 0
	for r := range strings.SplitSeq(p.get(t, "/v2/bookings/"+id+"?include=logs").body, `"actor":`) {
		if strings.HasPrefix(strings.TrimSpace(r), `"effect"`) {
			moves++
		}
	}
	if moves != 1 || len(crm.all()) > 4 {
		t.Errorf("it has moved %d times, after %d calls", moves, len(crm.all()))
	}
}

// TestTheSweepFindsEffects that nobody carries out, and the action of one whose process has ended before it could signal it.
func TestTheSweepFindsEffects(t *testing.T) {
	t.Parallel()
	b := startOwn(t, "HOLDFAST_SWEEP_EVERY=1s")
	b.asks(t)
	resource := b.resource(t)
	left, ended := b.book(t, resource, "asking", 9), b.book(t, resource, "asking", 11)
	for _, id := range []string{left, ended} {
		eventually(t, "an attempt", func() bool { return b.effects(t, id).str("data.effects.0.error.code") == "unknown_endpoint" })
		must(t, b.stack.App.Temporal.TerminateWorkflow(t.Context(), workflows.EffectsID(mustUUID(t, id)), "", "test"))
	}
	e := b.effects(t, ended)
	app, err := b.stack.App.DB.AppBySlug(t.Context(), "demo")
	must(t, err)
	_, err = b.stack.App.DB.EndEffect(t.Context(), postgres.EffectEnd{
		AppID: app.ID, BookingID: mustUUID(t, ended), EffectID: mustUUID(t, e.str("data.effects.0.id")), Answer: true,
	})
	must(t, err)
	logs := newReceiver(t, ok)
	b.webhook(t, logs.URL, `,"name":"crm","event_types":["effect.failed"]`)
	b.sql(t, `UPDATE effects SET next_at = now() - interval '5 minutes' WHERE status = 'pending'`)
	b.sql(t, `UPDATE actions SET signalled_at = now() - interval '5 minutes' WHERE status = 'pending'`)
	b.becomes(t, left, "approved")
	b.becomes(t, ended, "approved")
}
