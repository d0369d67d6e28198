package activities

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/testsuite"

	"holdfast/graphs"
	"holdfast/graphs/graphtest"
	"holdfast/internal/booking"
	"holdfast/internal/effect"
	"holdfast/internal/metrics"
	"holdfast/internal/outbox"
	"holdfast/internal/webhook"
)

// callee answers calls, each with the next of its answers, the last one again and again.
type callee struct {
	*httptest.Server
	mu      sync.Mutex
	answers []func(http.ResponseWriter)
	calls   []called
}

type called struct {
	id, signature string
	header        http.Header
	body          map[string]any
	raw           []byte
	at            string
}

func says(status int, body string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func newCallee(t *testing.T, answers ...func(http.ResponseWriter)) *callee {
	t.Helper()
	c := &callee{answers: answers}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		one := called{id: r.Header.Get("Webhook-Id"), signature: r.Header.Get("Webhook-Signature"), header: r.Header, raw: raw, at: r.Header.Get("Webhook-Timestamp")}
		_ = json.Unmarshal(raw, &one.body)
		c.mu.Lock()
		answer := c.answers[min(len(c.calls), len(c.answers)-1)]
		c.calls = append(c.calls, one)
		c.mu.Unlock()
		answer(w)
	}))
	t.Cleanup(c.Close)
	return c
}

// told are Temporal's workflows as this process reaches them.
type told struct {
	client.Client
	mu      sync.Mutex
	signals []booking.Signal
	woken   []string
}

func (c *told) SignalWorkflow(_ context.Context, _, _, _ string, arg any) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.signals = append(c.signals, arg.(booking.Signal))
	return nil
}

func (c *told) SignalWithStartWorkflow(
	_ context.Context, id, _ string, _ any, o client.StartWorkflowOptions, _ any, _ ...any,
) (client.WorkflowRun, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.woken = append(c.woken, id+" on "+o.TaskQueue)
	return nil, nil
}

// calling is a booking whose first action has just asked an endpoint called crm.
type calling struct {
	*fixture
	b    *booking.Booking
	told *told
}

func newCalling(t *testing.T, url string, effects ...graphs.Effect) *calling {
	t.Helper()
	f := setup(t, url, func(e *outbox.Endpoint) { e.Name, e.EventTypes = "crm", []string{"effect.failed"} })
	c := &calling{fixture: f, told: &told{}}
	f.Dispatch.Client = c.told
	c.ask(effects...)
	return c
}

// ask makes the booking, and commits its first action as a workflow does.
func (c *calling) ask(effects ...graphs.Effect) {
	c.t.Helper()
	if len(effects) == 0 {
		effects = []graphs.Effect{graphtest.Call("crm")}
	}
	g := graphtest.Calling(effects...)
	g.Own = true
	c.sql(`INSERT INTO graph_versions (app_id, name, version, definition, digest) VALUES ($1, $2, $3, $4, $5)`,
		c.app.ID, g.Name, g.Version, g.Definition(), []byte("digest"))
	b := *c.booking
	b.ID, b.Seq, b.EventID, b.Start, b.End = uuid.New(), 0, uuid.New(), b.Start.AddDate(0, 0, 1), b.End.AddDate(0, 0, 1)
	b.Customers = []booking.Customer{{ID: uuid.New(), Name: "Zadie Quill", Email: "zadie@example.org", Meta: json.RawMessage(`{}`)}}
	b.SetGraph(g)
	b.State = g.Initial
	first := &booking.Action{
		ID: uuid.New(), AppID: b.AppID, BookingID: b.ID, Name: g.Start, Actor: graphs.ActorAPI, Channel: booking.ChannelAPI, Status: booking.Pending,
	}
	move, err := g.Next(g.Initial, g.Start, graphs.ActorAPI)
	check(c.t, err)
	_, err = c.DB.CreateBooking(c.t.Context(), &b, first, move)
	check(c.t, err)
	_, err = c.Commit(c.t.Context(), booking.CommitInput{BookingID: b.ID, ActionID: first.ID, Actor: first.Actor, Move: move})
	check(c.t, err)
	c.b = &b
}

// perform runs the activity as a worker does.
func (c *calling) perform() effect.Result {
	c.t.Helper()
	env := (&testsuite.WorkflowTestSuite{}).NewTestActivityEnvironment()
	env.SetTestTimeout(5 * time.Minute)
	env.RegisterActivity(c.Perform)
	value, err := env.ExecuteActivity(c.Perform, effect.Input{BookingID: c.b.ID})
	check(c.t, err)
	var out effect.Result
	check(c.t, value.Get(&out))
	return out
}

// effect is the first of the booking.
func (c *calling) effect() *effect.Effect {
	c.t.Helper()
	all, err := c.DB.EffectsOf(c.t.Context(), []uuid.UUID{c.b.ID})
	check(c.t, err)
	return all[c.b.ID][0]
}

// due makes the effects due.
func (c *calling) due() { c.sql(`UPDATE effects SET next_at = now()`) }

// TestCommitsWakeEffects: the process that has committed starts their workflow, on the queue of effects.
func TestCommitsWakeEffects(t *testing.T) {
	t.Parallel()
	c := newCalling(t, "https://example.com")
	if want := "effects-" + c.b.ID.String() + " on test-effects"; len(c.told.woken) != 1 || c.told.woken[0] != want {
		t.Errorf("woken: %v, want %s", c.told.woken, want)
	}
}

// TestCalls: a call is signed as a delivery is, has the event and the effect in its body, and its answer plays an action.
func TestCalls(t *testing.T) {
	t.Parallel()
	to := newCallee(t, says(200, `{"ok": true}`))
	c := newCalling(t, to.URL)
	out := c.perform()
	if !out.Next.IsZero() || out.Last == nil || out.Last.Status != effect.Done || out.Last.Kind != "call" || out.Last.Attempt != 1 {
		t.Fatalf("%+v", out)
	}
	e := c.effect()
	if e.Answer == nil || !*e.Answer || e.Plays == nil || e.Plays.Name != "approve" {
		t.Fatalf("%+v", e)
	}
	if len(c.told.signals) != 1 || c.told.signals[0] != (booking.Signal{ActionID: e.Plays.ID, Action: "approve", Actor: graphs.ActorEffect}) {
		t.Errorf("signalled %+v", c.told.signals)
	}
	got := to.calls[0]
	effect, _ := got.body["effect"].(map[string]any)
	data, _ := got.body["data"].(map[string]any)
	if got.id != e.ID.String() || got.body["type"] != "booking.asked" || effect["id"] != e.ID.String() || effect["kind"] != "call" ||
		effect["attempt"] != 1.0 || data["sequence"] != 1.0 || !strings.Contains(string(got.raw), "Zadie Quill") {
		t.Errorf("%s %s", got.id, got.raw)
	}
	seconds, err := time.ParseDuration(got.at + "s")
	check(t, err)
	signature, err := webhook.Sign(got.id, time.Unix(int64(seconds.Seconds()), 0), got.raw, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	check(t, err)
	if got.signature != signature || got.header.Get("X-Timekit-Signature") != "" {
		t.Errorf("signed %q, want %q", got.signature, signature)
	}
}

// TestAnswers: what each answer of an endpoint means.
func TestAnswers(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		status     int
		body, want string // the action that is played, or the code of the failure
	}{
		{200, `{"ok": true}`, "approve"}, {201, `{"ok":false}`, "decline"}, {204, "", "approve"}, {200, " \n", "approve"},
		{200, `{}`, "bad_answer"}, {200, `{"ok": null}`, "bad_answer"}, {200, `{"ok": "true"}`, "bad_answer"}, {200, `true`, "bad_answer"},
		{200, `{"ok": true, "why": 1}`, "bad_answer"}, {200, `{"OK": true}`, "bad_answer"}, {200, `{"ok": true`, "bad_answer"}, {200, "OK", "bad_answer"},
		{200, `{"ok": true, "ok": false}`, "bad_answer"}, {200, `{"ok": true}` + strings.Repeat(" ", 1024), "bad_answer"},
		{302, "", "http_302"}, {400, `{"ok": true}`, "http_400"}, {410, "", "http_410"}, {500, "", "http_500"},
	} {
		r := webhook.Result{Verdict: webhook.Retry, Status: one.status, ErrorCode: "http_" + strconv.Itoa(one.status), ResponseBody: []byte(one.body)}
		if one.status < 300 {
			r.Verdict, r.ErrorCode = webhook.Done, ""
		}
		got := answered(r)
		what := got.code
		switch {
		case what == "" && got.answer:
			what = "approve"
		case what == "":
			what = "decline"
		case got.message == "":
			t.Errorf("%d %s: no message", one.status, one.body)
		}
		if what != one.want {
			t.Errorf("%d %s: %s, want %s", one.status, one.body, what, one.want)
		}
	}
}

// TestCallsAreRepeatedUnderOneID: a failure is tried again with growing waits, under the same webhook-id, until it is answered.
func TestCallsAreRepeatedUnderOneID(t *testing.T) {
	t.Parallel()
	to := newCallee(t, says(500, "no"), says(200, "hello"), says(302, ""), says(200, ""))
	c := newCalling(t, to.URL)
	least := []time.Duration{4 * time.Second, 24 * time.Second, 96 * time.Second}
	for i, code := range []string{"http_500", "bad_answer", "http_302"} {
		began := time.Now()
		out := c.perform()
		if out.Last == nil || out.Last.Status != effect.Pending || out.Last.Code != code || out.Last.Attempt != i+1 {
			t.Fatalf("attempt %d: %+v", i+1, out.Last)
		}
		wantDue(t, out.Next, began, least[i], least[i]*3/2)
		if e := c.effect(); e.ErrorCode != code || e.ErrorText == "" || e.NextAt == nil || e.Status != effect.Pending {
			t.Errorf("%+v", e)
		}
		if again := c.perform(); again.Last != nil || again.Next != out.Next {
			t.Errorf("it is tried before it is due: %+v", again)
		}
		c.due()
	}
	if out := c.perform(); out.Last.Status != effect.Done || out.Last.Attempt != 4 {
		t.Errorf("%+v", out.Last)
	}
	counted := httptest.NewRecorder()
	c.Metrics.(*metrics.Metrics).Handler().ServeHTTP(counted, httptest.NewRequest(http.MethodGet, "/", nil))
	for outcome, want := range map[string]string{"again": "3", "done": "1"} {
		line := `holdfast_effect_attempts_total{kind="call",outcome="` + outcome + `"} ` + want
		if !strings.Contains(counted.Body.String(), line) {
			t.Errorf("the metrics lack %s", line)
		}
	}
	for i, one := range to.calls {
		effect, _ := one.body["effect"].(map[string]any)
		if one.id != to.calls[0].id || effect["attempt"] != float64(i+1) {
			t.Errorf("call %d: %s %v", i+1, one.id, effect)
		}
	}
}

// TestCallsAreGivenUp: once the time is over there is one more attempt; if that fails, the effect has failed, plays on_failure and is
// published. The transition stays.
func TestCallsAreGivenUp(t *testing.T) {
	t.Parallel()
	to := newCallee(t, says(503, ""))
	e := graphtest.Call("crm")
	e.GiveUpAfter = graphtest.Minutes(1)
	c := newCalling(t, to.URL, e)
	out := c.perform()
	if last := c.effect().GiveUpAt; last == nil || !out.Next.Equal(*last) {
		t.Errorf("next at %s, given up at %v", out.Next, last)
	}
	c.sql(`UPDATE effects SET next_at = now(), give_up_at = now()`)
	if out := c.perform(); out.Last.Status != effect.Failed || !out.Next.IsZero() {
		t.Errorf("%+v", out)
	}
	if got := c.effect(); got.Status != effect.Failed || got.ErrorCode != "http_503" || got.Plays.Name != "flag" || got.Answer != nil {
		t.Errorf("%+v", got)
	}
	if len(c.told.signals) != 1 || c.told.signals[0].Action != "flag" {
		t.Errorf("%+v", c.told.signals)
	}
	c.wantRows(1, `FROM events WHERE type = 'effect.failed' AND effect->>'id' = $1`, c.effect().ID.String())
	c.wantRows(1, `FROM webhook_deliveries d JOIN events e ON e.id = d.event_id WHERE e.type = 'effect.failed'`)
	c.wantRows(1, `FROM bookings WHERE id = $1 AND state = 'asked' AND seq = 1`, c.b.ID)
}

// TestCallsThatCannotBeMade: an endpoint that is missing, paused or disabled is waited for; an event that is gone is not.
func TestCallsThatCannotBeMade(t *testing.T) {
	t.Parallel()
	for code, spoil := range map[string]func(c *calling){
		"unknown_endpoint":  func(c *calling) { c.sql(`UPDATE webhook_endpoints SET name = 'erp'`) },
		"endpoint_paused":   func(c *calling) { c.sql(`UPDATE webhook_endpoints SET status = 'paused'`) },
		"endpoint_disabled": func(c *calling) { c.sql(`UPDATE webhook_endpoints SET status = 'disabled'`) },
		"unknown_kind":      func(c *calling) { c.sql(`UPDATE effects SET parameters = parameters || '{"kind":"fly"}'`) },
		"render_failed":     func(c *calling) { c.sql(`UPDATE events SET data = '{"customers":1}'`) },
		"no_event":          func(c *calling) { c.sql(`DELETE FROM events`) },
	} {
		to := newCallee(t, says(200, ""))
		c := newCalling(t, to.URL)
		spoil(c)
		out := c.perform()
		want := effect.Pending
		if code == "no_event" {
			want = effect.Failed
		}
		if out.Last == nil || out.Last.Code != code || out.Last.Status != want || c.effect().ErrorText == "" {
			t.Errorf("%s: %+v", code, out.Last)
		}
		if len(to.calls) != 0 {
			t.Errorf("%s: it was called", code)
		}
	}
}

// TestCallsReachNoPrivateAddress: the guard is that of deliveries.
func TestCallsReachNoPrivateAddress(t *testing.T) {
	t.Parallel()
	c := newCalling(t, "http://10.1.2.3/")
	if out := c.perform(); out.Last.Code != webhook.CodeBlocked {
		t.Errorf("%+v", out.Last)
	}
	if e := c.effect(); strings.Contains(e.ErrorText, "10.") || e.ErrorText != "The endpoint cannot be reached." {
		t.Errorf("%q", e.ErrorText)
	}
}

// TestCallsHaveATimeout of their own, also a longer one than deliveries have.
func TestCallsHaveATimeout(t *testing.T) {
	t.Parallel()
	wait := make(chan struct{})
	slow := func(w http.ResponseWriter) {
		<-wait
		says(200, "")(w)
	}
	to := newCallee(t, slow)
	t.Cleanup(func() { close(wait) })
	e := graphtest.Call("crm")
	e.Timeout = graphs.Duration(time.Second)
	c := newCalling(t, to.URL, e)
	if out := c.perform(); out.Last.Code != webhook.CodeTimeout {
		t.Errorf("%+v", out.Last)
	}
	sender := webhook.NewSender(webhook.Options{AllowLoopback: true, Timeout: time.Nanosecond})
	c.Sender = sender
	quick := newCallee(t, says(200, ""))
	c.sql(`UPDATE webhook_endpoints SET url = $1`, quick.URL)
	c.due()
	if out := c.perform(); out.Last.Status != effect.Done {
		t.Errorf("%+v", out.Last)
	}
}

// TestEffectsOfADeletedBooking: nothing is sent any more, and what was under way leaves nothing.
func TestEffectsOfADeletedBooking(t *testing.T) {
	t.Parallel()
	var c *calling
	to := newCallee(t, func(w http.ResponseWriter) {
		c.sql(`DELETE FROM bookings WHERE id = $1`, c.b.ID)
		says(200, "")(w)
	})
	c = newCalling(t, to.URL)
	if out := c.perform(); !out.Next.IsZero() {
		t.Errorf("%+v", out)
	}
	if out := c.perform(); !out.Next.IsZero() || out.Last != nil || len(to.calls) != 1 {
		t.Errorf("%+v after %d calls", out, len(to.calls))
	}
	c.wantRows(0, `FROM actions WHERE actor = 'effect'`)
}

// TestTheSweepWakesEffects that nobody carries out.
func TestTheSweepWakesEffects(t *testing.T) {
	t.Parallel()
	c := newCalling(t, "https://example.com")
	c.told.woken = nil
	sweep := performer{c.Activities}.sweepEffects
	if n, err := sweep(t.Context()); n != 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	c.sql(`UPDATE effects SET next_at = now() - interval '1 minute'`)
	if n, err := sweep(t.Context()); n != 1 || err != nil || len(c.told.woken) != 1 {
		t.Errorf("%d, %v, %v", n, err, c.told.woken)
	}
}

// TestEveryKindIsCarriedOut: a kind that graphs may name has somebody who carries it out.
func TestEveryKindIsCarriedOut(t *testing.T) {
	t.Parallel()
	for _, kind := range graphs.EffectKinds() {
		if carriers[kind] == nil {
			t.Errorf("nobody carries out %s", kind)
		}
	}
}
