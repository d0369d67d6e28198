package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestATestArrivesWhateverTheStatus tries an endpoint that is active, paused, failing, and disabled.
func TestATestArrivesWhateverTheStatus(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	hears := newReceiver(t, ok)
	made := b.webhook(t, hears.URL, `,"format":"holdfast","states":["cancelled","completed"]`)
	hook := made.str("data.id")
	path := "/v2/webhooks/" + hook + "/test"
	waits := b.book(t, b.resource(t), "instant", 9)
	for i, status := range []string{"active", "paused", "resting", "disabled"} {
		switch status {
		case "resting":
			b.sql(t, `UPDATE webhook_endpoints SET status = 'active', opened = 2, open_until = now() + interval '1 hour' WHERE id = $1`, hook)
		default:
			b.sql(t, `UPDATE webhook_endpoints SET status = $2, awake = false WHERE id = $1`, hook, status)
		}
		a := b.post(t, path, "").want(t, http.StatusOK)
		a.promised(t, http.MethodPost, path)
		got := hears.waitFor(t, i+1)[i]
		if a.str("data.status") != "delivered" || a.at("data.test") != true || a.str("data.attempts.0.status") != "200" || a.at("data.booking_id") != nil {
			t.Errorf("%s: %s", status, a.body)
		}
		if got.header.Get("webhook-test") != "true" || got.header.Get("webhook-id") != a.str("data.event_id") || got.at("data.test") != "true" ||
			got.at("type") != "booking.completed" || a.str("data.event_type") != "booking.completed" { // the first of the two in the catalogue
			t.Errorf("%s: %v %s", status, got.header, got.body)
		}
		b.get(t, "/v2/events/"+a.str("data.event_id")).refused(t, http.StatusNotFound, "not_found")
		if status == "paused" { // what waits does not go out with it
			b.put(t, "/v2/bookings/"+waits+"/cancel", "").want(t, http.StatusOK)
		}
		if n := len(hears.all()); n != i+1 {
			t.Errorf("%s: %d requests", status, n)
		}
	}
	if ids, _ := b.follow(t, "", 2); len(ids) != 2 {
		t.Errorf("a test is among the changes: %v", ids)
	}
	if a := b.deliveries(t, hook, "test=false"); a.str("data.0.status") != "pending" || a.str("data.0.attempt_count") != "0" {
		t.Errorf("what waits: %s", a.body)
	}
	b.sql(t, `DELETE FROM webhook_deliveries WHERE endpoint_id = $1 AND NOT test`, hook)
	b.sql(t, `UPDATE webhook_endpoints SET status = 'active', opened = 0, open_until = '-infinity' WHERE id = $1`, hook)
	named := b.post(t, path, `{"event_type":"endpoint.paused"}`).want(t, http.StatusOK)
	if got := hears.waitFor(t, 5)[4]; got.at("type") != "endpoint.paused" || named.str("data.event_type") != "endpoint.paused" {
		t.Errorf("%s", got.body)
	}
	b.post(t, path, `{"event_type":"booking.lost"}`).refused(t, http.StatusUnprocessableEntity, "invalid")
}

// TestATestHasNoConsequences fails, also with a 410, and is not repeated.
func TestATestHasNoConsequences(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	answers := []int{http.StatusGone, http.StatusInternalServerError}
	hears := newReceiver(t, func(n int) int { return answers[n] })
	hook := b.webhook(t, hears.URL, "").str("data.id")
	path := "/v2/webhooks/" + hook + "/test"
	for _, status := range answers {
		a := b.post(t, path, "").want(t, http.StatusOK)
		if a.str("data.status") != "exhausted" || a.str("data.last_error") != fmt.Sprintf("http_%d", status) || a.at("data.next_attempt_at") != nil {
			t.Errorf("%s", a.body)
		}
	}
	e := b.get(t, "/v2/webhooks/"+hook)
	if e.str("data.status") != "active" || e.str("data.health.failures") != "0" {
		t.Errorf("%s", e.body)
	}
}

// TestATestIsSentOnce repeats the request under its Idempotency-Key, and does not wait.
func TestATestIsSentOnce(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	hold := make(chan struct{})
	hears := newReceiver(t, func(int) int { <-hold; return http.StatusOK })
	hook := b.webhook(t, hears.URL, "").str("data.id")
	path := "/v2/webhooks/" + hook + "/test"
	started := time.Now()
	first := b.post(t, path, "", "Idempotency-Key", "try", "Prefer", "respond-async").want(t, http.StatusAccepted)
	first.promised(t, http.MethodPost, path)
	if first.str("data.status") != "pending" || time.Since(started) > 9*time.Second { // others wait for ten
		t.Errorf("after %s: %s", time.Since(started), first.body)
	}
	close(hold)
	again := b.post(t, path, "", "Idempotency-Key", "try").want(t, http.StatusOK)
	third := b.post(t, path, "", "Idempotency-Key", "try").want(t, http.StatusOK)
	if again.str("data.id") != first.str("data.id") || third.str("data.id") != first.str("data.id") || len(hears.all()) != 1 {
		t.Errorf("%d requests: %s", len(hears.all()), again.body)
	}
	if strings.Contains(again.body, "whsec_") {
		t.Error("a secret is shown")
	}
}
