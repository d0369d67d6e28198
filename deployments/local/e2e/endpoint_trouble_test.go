package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

// patient is a receiver that answers with one status until it is given another.
type patient struct {
	*receiver
	status atomic.Int32
}

func newPatient(t *testing.T, status int32) *patient {
	p := &patient{}
	p.status.Store(status)
	p.receiver = newReceiver(t, func(int) int { return int(p.status.Load()) })
	return p
}

// TestGoneIsToldAndMended: 410 disables an endpoint, whoever asked for that hears of it, and a change brings it back.
func TestGoneIsToldAndMended(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	gone, listens := newPatient(t, http.StatusGone), newReceiver(t, ok)
	id := b.webhook(t, gone.URL, `,"description":"the old till"`).str("data.id")
	hook := "/v2/webhooks/" + id
	b.webhook(t, listens.URL, `,"event_types":["endpoint.disabled","endpoint.resumed"],"format":"holdfast"`)
	resource := b.resource(t)
	b.book(t, resource, "instant", 9)
	told := listens.waitFor(t, 1)[0]
	if told.at("type") != "endpoint.disabled" || told.at("data.endpoint.id") != id || told.at("data.endpoint.description") != "the old till" ||
		told.at("data.endpoint.status") != "disabled" || told.at("data.endpoint.reason") != "gone" {
		t.Errorf("%s", told.body)
	}
	wantFields(t, b.get(t, hook), map[string]any{"status": "disabled", "reason": "gone"})
	b.book(t, resource, "instant", 10)
	wantFields(t, b.post(t, hook+"/pause", "").want(t, http.StatusOK), map[string]any{"status": "disabled", "reason": "gone"})
	gone.status.Store(http.StatusOK)
	wantFields(t, b.put(t, hook, `{"description":"the new till"}`).want(t, http.StatusOK), map[string]any{"status": "active", "reason": "", "health.pending": 0.0})
	b.book(t, resource, "instant", 11)
	got := gone.waitFor(t, 2)
	if len(got) != 2 || got[1].at("event.start") != "2030-12-01T12:00:00+0100" {
		t.Errorf("%d requests, the last %s", len(got), got[len(got)-1].body)
	}
	if told := listens.waitFor(t, 2)[1]; told.at("type") != "endpoint.resumed" || told.at("data.endpoint.status") != "active" {
		t.Errorf("%s", told.body)
	}
}

// TestTheBreakerSparesTheDeadAndTheirBacklog: ten failures in a row open it, whatever was claimed goes back, one probe closes
// it, and everything arrives.
func TestTheBreakerSparesTheDeadAndTheirBacklog(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	dead := newPatient(t, http.StatusInternalServerError)
	id := b.webhook(t, dead.URL, "").str("data.id")
	hook, resource := "/v2/webhooks/"+id, b.resource(t)
	b.post(t, hook+"/pause", "").want(t, http.StatusOK)
	for hour := range 30 {
		b.book(t, resource, "instant", hour)
	}
	b.post(t, hook+"/resume", "").want(t, http.StatusOK)
	open := func() bool { return b.get(t, hook).at("data.health.breaker_open_until") != nil }
	rested := func(n int) bool {
		return b.rows(t, `SELECT COALESCE(sum(attempts), 0) FROM webhook_deliveries WHERE endpoint_id = $1`, id) == n &&
			b.rows(t, `SELECT count(*) FROM webhook_deliveries WHERE endpoint_id = $1 AND status = 'pending'`, id) == 30
	}
	eventually(t, "the breaker is open", open)
	eventually(t, "what was claimed is given back", func() bool { return rested(len(dead.all())) })
	sent := len(dead.all())
	if sent < 10 || sent > 13 { // four are on their way at a time
		t.Errorf("%d requests", sent)
	}
	closeIt := func() {
		t.Helper()
		b.sql(t, `UPDATE webhook_endpoints SET open_until = now() WHERE id = $1`, id)
		b.nudge(t, id)
	}
	closeIt()
	dead.waitFor(t, sent+1)
	eventually(t, "the breaker is open again", open)
	eventually(t, "there was one probe", func() bool { return rested(sent + 1) })
	dead.status.Store(http.StatusOK)
	closeIt()
	b.settled(t, id)
	all := map[string]bool{}
	for _, r := range dead.all()[sent+1:] {
		all[r.header.Get("webhook-id")] = true
	}
	if len(all) != 30 || len(dead.all()) != sent+1+30 {
		t.Errorf("%d events in %d requests, want 30 after %d", len(all), len(dead.all()), sent+1)
	}
	wantFields(t, b.get(t, hook), map[string]any{"health.failures": 0.0, "health.failing_since": nil, "health.breaker_open_until": nil})
}

// TestFiveDaysOfFailingLoseNothing: the endpoint is paused, who asked for that hears of it, and resuming sends everything,
// in order, what was given up among it.
func TestFiveDaysOfFailingLoseNothing(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	ill, listens := newPatient(t, http.StatusInternalServerError), newReceiver(t, ok)
	id := b.webhook(t, ill.URL, "").str("data.id")
	hook, resource := "/v2/webhooks/"+id, b.resource(t)
	b.webhook(t, listens.URL, `,"event_types":["endpoint.*"],"format":"holdfast"`)
	var bookings []string
	live := func(hour int) {
		t.Helper()
		booked := b.book(t, resource, "confirm_decline", hour)
		b.put(t, "/v2/bookings/"+booked+"/confirm", "").want(t, http.StatusOK)
		b.put(t, "/v2/bookings/"+booked+"/cancel", "").want(t, http.StatusOK)
		bookings = append(bookings, booked)
	}
	live(9)
	ill.waitFor(t, 1)
	eventually(t, "a failure is on record", func() bool { return b.get(t, hook).at("data.health.failing_since") != nil })
	// The first booking's first delivery is at the end of its schedule, and the endpoint has failed for five days.
	b.sql(t, `UPDATE webhook_deliveries SET attempts = 11, next_at = now() WHERE endpoint_id = $1 AND seq = 1`, id)
	b.sql(t, `UPDATE webhook_endpoints SET failures = 11, failing_since = now() - interval '121 hours', open_until = '-infinity' WHERE id = $1`, id)
	b.nudge(t, id)
	told := listens.waitFor(t, 1)[0]
	if told.at("type") != "endpoint.paused" || told.at("data.endpoint.reason") != "failing" || told.at("data.endpoint.failing_since") == "" {
		t.Errorf("%s", told.body)
	}
	wantFields(t, b.get(t, hook), map[string]any{"status": "paused", "reason": "failing"})
	live(10)
	live(11)
	eventually(t, "one is given up", func() bool {
		return b.rows(t, `SELECT count(*) FROM webhook_deliveries WHERE endpoint_id = $1 AND status = 'exhausted'`, id) == 1
	})
	ill.status.Store(http.StatusOK)
	before := len(ill.all())
	b.post(t, hook+"/resume", "").want(t, http.StatusOK)
	b.settled(t, id)
	all := states(ill.all()[before:])
	for _, booked := range bookings {
		if all[booked] != "tentative confirmed cancelled" {
			t.Errorf("%s: %s", booked, all[booked])
		}
	}
	if n := len(ill.all()) - before; n != 9 {
		t.Errorf("%d requests after it was resumed", n)
	}
	if told := listens.waitFor(t, 2)[1]; told.at("type") != "endpoint.resumed" {
		t.Errorf("%s", told.body)
	}
}

// TestOrderIsAChoice: where it counts, a later event waits for the one before; where it does not, it passes.
func TestOrderIsAChoice(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ ordered, want string }{
		"ordered":   {"true", "tentative tentative confirmed"},
		"unordered": {"false", "tentative confirmed tentative"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := tenant(t, plain)
			flaky := newReceiver(t, func(n int) int {
				if n == 0 {
					return http.StatusInternalServerError
				}
				return http.StatusOK
			})
			b.webhook(t, flaky.URL, fmt.Sprintf(`,"ordered":%s`, c.ordered))
			id := b.book(t, b.resource(t), "confirm_decline", 9)
			flaky.waitFor(t, 1)
			b.put(t, "/v2/bookings/"+id+"/confirm", "").want(t, http.StatusOK)
			if got := strings.TrimSpace(states(flaky.waitFor(t, 3))[id]); got != c.want {
				t.Errorf("it was told %q, want %q", got, c.want)
			}
		})
	}
}
