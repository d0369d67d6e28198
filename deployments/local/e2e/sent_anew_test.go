package e2e_test

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"
)

// replayed asks for a replay, dry first, and returns how many it makes due.
func (b *bundle) replayed(t testing.TB, hook, only string, headers ...string) string {
	t.Helper()
	path := "/v2/webhooks/" + hook + "/replay"
	since := time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)
	dry := b.post(t, path, fmt.Sprintf(`{"since":%q,"only":%q,"dry_run":true}`, since, only)).want(t, http.StatusAccepted)
	done := b.post(t, path, fmt.Sprintf(`{"since":%q,"only":%q}`, since, only), headers...).want(t, http.StatusAccepted)
	for _, a := range []answer{dry, done} {
		a.promised(t, http.MethodPost, path)
	}
	if dry.str("data.count") != done.str("data.count") || dry.at("data.dry_run") != true || done.at("data.dry_run") != false {
		t.Errorf("dry %s, real %s", dry.body, done.body)
	}
	return done.str("data.count")
}

// TestWhatFailedIsSentAnew gives sixty up, then sends each once under its old name.
func TestWhatFailedIsSentAnew(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	var up atomic.Bool
	hears := newReceiver(t, func(int) int {
		if up.Load() {
			return http.StatusOK
		}
		return http.StatusServiceUnavailable
	})
	hook := b.webhook(t, hears.URL, `,"format":"holdfast"`).str("data.id")
	resource := b.resource(t)
	const bookings = 30
	for hour := range bookings {
		id := b.book(t, resource, "instant", hour)
		b.put(t, "/v2/bookings/"+id+"/cancel", "").want(t, http.StatusOK)
	}
	hears.waitFor(t, 1)
	b.givenUp(t, hook)
	ids, _ := b.follow(t, "", 2*bookings)
	eventually(t, "nothing on its way", func() bool { return b.deliveries(t, hook, "status=pending").str("data.0.id") == "" })
	before := len(hears.all())
	up.Store(true)
	if n := b.replayed(t, hook, "failed", "Idempotency-Key", "anew"); n != fmt.Sprint(2*bookings) {
		t.Fatalf("%s due", n)
	}
	got := map[string]int{}
	last := map[string]string{}
	for _, r := range hears.waitFor(t, before+2*bookings)[before:] {
		got[r.header.Get("webhook-id")]++
		if sequence := r.at("data.sequence"); sequence <= last[r.at("data.booking.id")] {
			t.Errorf("%s comes after %s", sequence, last[r.at("data.booking.id")])
		}
		last[r.at("data.booking.id")] = r.at("data.sequence")
	}
	for _, id := range ids {
		if got[id] != 1 {
			t.Errorf("%s came %d times", id, got[id])
		}
	}
	eventually(t, "all delivered", func() bool {
		n := 0
		b.deliveries(t, hook, "status=delivered&limit=100").each(func(string) { n++ })
		return n == 2*bookings
	})
	again := b.post(t, "/v2/webhooks/"+hook+"/replay", fmt.Sprintf(`{"since":%q}`, time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)))
	if again.want(t, http.StatusAccepted).str("data.count") != "0" || len(hears.all()) != before+2*bookings {
		t.Errorf("%d requests, %s", len(hears.all()), again.body)
	}
}

// TestALaterEndpointHearsOfThePast is made after what it asks for.
func TestALaterEndpointHearsOfThePast(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t)
	id := b.book(t, resource, "confirm_decline", 1)
	b.put(t, "/v2/bookings/"+id+"/confirm", "").want(t, http.StatusOK)
	b.book(t, resource, "instant", 2)
	hears := newReceiver(t, ok)
	hook := b.webhook(t, hears.URL, `,"format":"holdfast","graph":"confirm_decline"`).str("data.id")
	if n := b.replayed(t, hook, "failed"); n != "0" {
		t.Errorf("%s have failed", n)
	}
	if n := b.replayed(t, hook, "all"); n != "2" {
		t.Errorf("%s due", n)
	}
	got := hears.waitFor(t, 2)
	if got[0].at("type") != "booking.tentative" || got[1].at("type") != "booking.confirmed" {
		t.Errorf("%s\n%s", got[0].body, got[1].body)
	}
	eventually(t, "delivered", func() bool { return b.deliveries(t, hook, "status=pending").str("data.0.id") == "" })
	path, body := "/v2/webhooks/"+hook+"/replay", fmt.Sprintf(`{"since":%q,"only":"all"}`, time.Now().Add(-time.Hour).UTC().Format(time.RFC3339))
	for range 2 { // the second time when the first is over
		a := b.post(t, path, body, "Idempotency-Key", "once").want(t, http.StatusAccepted)
		if a.str("data.count") != "2" {
			t.Errorf("due again: %s", a.body)
		}
		hears.waitFor(t, 4)
		eventually(t, "delivered again", func() bool { return b.deliveries(t, hook, "status=pending").str("data.0.id") == "" })
	}
	if again := hears.all(); len(again) != 4 || again[2].header.Get("webhook-id") != got[0].header.Get("webhook-id") {
		t.Errorf("%d requests, or under another name", len(again))
	}
}

func TestReplaysAreAskedForRightly(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	hook := b.webhook(t, newReceiver(t, ok).URL, "").str("data.id")
	path := "/v2/webhooks/" + hook + "/replay"
	for body, field := range map[string]string{
		`{}`:                               "since",
		`{"since":"yesterday"}`:            "since",
		`{"since":"2199-01-01T00:00:00Z"}`: "since",
		`{"since":"2026-01-02T00:00:00Z","until":"2026-01-01T00:00:00Z"}`: "until",
		`{"since":"2026-01-02T00:00:00Z","until":"soon"}`:                 "until",
		`{"since":"2026-01-02T00:00:00Z","only":"some"}`:                  "only",
		`{"since":"2026-01-02T00:00:00Z","dry_run":"yes"}`:                "dry_run",
	} {
		a := b.post(t, path, body).refused(t, http.StatusUnprocessableEntity, "invalid")
		if a.at("errors."+field) == nil {
			t.Errorf("%s: %s", body, a.body)
		}
	}
	b.sql(t, `UPDATE webhook_endpoints SET status = 'disabled' WHERE id = $1`, hook)
	b.post(t, path, `{"since":"2026-01-02T00:00:00Z"}`).refused(t, http.StatusConflict, "in_use")
}
