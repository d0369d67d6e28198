package e2e_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// deliveries reads a webhook's list once.
func (b *bundle) deliveries(t testing.TB, hook, query string) answer {
	t.Helper()
	path := "/v2/webhooks/" + hook + "/deliveries?" + query
	a := b.get(t, path).want(t, http.StatusOK)
	a.promised(t, http.MethodGet, path)
	return a
}

// delivery waits until a webhook's newest delivery has a status, and reads it whole.
func (b *bundle) delivery(t testing.TB, hook, status string) answer {
	t.Helper()
	var id string
	eventually(t, status, func() bool {
		a := b.deliveries(t, hook, "limit=1")
		id = a.str("data.0.id")
		return a.str("data.0.status") == status && a.str("data.0.attempt_count") != "0" && a.str("data.0.last_status")+a.str("data.0.last_error") != "0"
	})
	return b.shown(t, id)
}

func (b *bundle) shown(t testing.TB, id string) answer {
	t.Helper()
	path := "/v2/deliveries/" + id
	a := b.get(t, path).want(t, http.StatusOK)
	a.promised(t, http.MethodGet, path)
	return a
}

// givenUp ends the schedule of everything that waits for a webhook, which otherwise takes three days.
func (b *bundle) givenUp(t *testing.T, hook string) {
	t.Helper()
	b.sql(t, `UPDATE webhook_deliveries SET status = 'exhausted', finished_at = now() WHERE endpoint_id = $1 AND status = 'pending'`, hook)
}

// parrot answers with what it got, headers first.
func parrot(t testing.TB, status *atomic.Int32) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Got", r.Header.Get("X-Team"))
		w.WriteHeader(int(status.Load()))
		_, _ = fmt.Fprintf(w, "%s\n%s\n%s", r.Header.Get("X-Team"), body, "\xff\x00")
	}))
	t.Cleanup(server.Close)
	return server
}

// TestADeliveryIsSentAgainByHand fails, is read, and is sent again under its old name. Nothing that is shown lets a reader act.
func TestADeliveryIsSentAgainByHand(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	var status atomic.Int32
	status.Store(http.StatusInternalServerError)
	echo := parrot(t, &status)
	made := b.webhook(t, echo.URL+"/hook", `,"format":"holdfast","headers":{"X-Team":"swordfish-7"}`)
	hook := made.str("data.id")
	id := b.book(t, b.resource(t), "instant", 9)
	failed := b.delivery(t, hook, "pending")
	for path, want := range map[string]string{
		"webhook_id": hook, "booking_id": id, "event_type": "booking.confirmed", "sequence": "1", "test": "false", "last_status": "500",
		"last_error": "http_500", "attempts.0.number": "1", "attempts.0.status": "500", "attempts.0.error": "http_500",
		"attempts.0.request.method": "post", "attempts.0.request.url": echo.URL + "/hook", "attempts.0.request.format": "holdfast",
		"attempts.0.request.headers.X-Team.0": "(hidden)", "attempts.0.response.truncated": "false", "event.booking_id": id,
		"event.id": failed.str("data.event_id"), "attempts.0.request.headers.Webhook-Id.0": failed.str("data.event_id"),
	} {
		if got := failed.str("data." + path); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
	sent := answer{body: failed.str("data.attempts.0.request.body")}
	if sent.str("data.booking.id") != id || sent.str("data.customer_action_links.cancel_by_customer") != "(hidden)" {
		t.Errorf("the request was %s", sent.body)
	}
	if text := failed.str("data.attempts.0.response.body"); !strings.Contains(text, "Marty McFly") || !strings.HasSuffix(text, "\uFFFD\x00") {
		t.Errorf("the response was %q", text)
	}
	status.Store(http.StatusOK)
	path := "/v2/deliveries/" + failed.str("data.id") + "/retry"
	again := b.post(t, path, "").want(t, http.StatusAccepted)
	again.promised(t, http.MethodPost, path)
	got := b.delivery(t, hook, "delivered")
	if got.str("data.id") != failed.str("data.id") || got.str("data.attempts.1.status") != "200" || got.at("data.finished_at") == nil ||
		got.str("data.attempts.1.request.headers.Webhook-Id.0") != failed.str("data.event_id") {
		t.Errorf("%s", got.body)
	}
	b.post(t, path, "").want(t, http.StatusAccepted) // what was delivered, when nothing else is due
	eventually(t, "a third attempt", func() bool {
		got = b.shown(t, failed.str("data.id"))
		return got.str("data.attempts.2.status") == "200"
	})
	timekit := b.get(t, "/v2/app").str("data.webhook_secret")
	for _, secret := range []string{"swordfish-7", "whsec_", strings.TrimPrefix(made.str("data.secret"), "whsec_"), timekit, b.key, "signature=ey", ".ey"} {
		for _, a := range []answer{failed, got} {
			if strings.Contains(a.body, secret) {
				t.Errorf("%q is shown: %s", secret, a.body)
			}
		}
	}
}

func TestDeliveriesAreListed(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	hears := newReceiver(t, ok)
	hook := b.webhook(t, hears.URL, "").str("data.id")
	resource := b.resource(t)
	var last string
	for hour := range 5 {
		last = b.book(t, resource, "instant", hour)
	}
	b.put(t, "/v2/bookings/"+last+"/cancel", "").want(t, http.StatusOK)
	eventually(t, "all delivered", func() bool { return b.deliveries(t, hook, "status=pending").str("data.0.id") == "" })
	var ids []string
	seen := map[string]bool{}
	for next, more := "", true; more; {
		a := b.deliveries(t, hook, "limit=4&cursor="+next)
		a.each(func(entry string) { ids = append(ids, a.str(entry+"created_at")); seen[a.str(entry+"id")] = true })
		next, more = a.str("next_cursor"), a.at("has_more") == true
	}
	if len(ids) != 6 || len(seen) != 6 {
		t.Errorf("listed %v", ids)
	}
	since := time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)
	for query, want := range map[string]int{
		"status=delivered": 6, "status=exhausted": 0, "event_type=booking.cancelled": 1, "event_type=bookings.*": 6, "booking_id=" + last: 2,
		"since=" + since: 6, "until=" + since: 0, "test=true": 0, "test=false&limit=2": 2,
	} {
		n := 0
		b.deliveries(t, hook, query).each(func(string) { n++ })
		if n != want {
			t.Errorf("%s lists %d, want %d", query, n, want)
		}
	}
	for query, field := range map[string]string{
		"status=lost": "status", "event_type=booking.x": "event_type", "event_type=booking.*,bookings.*": "event_type", "booking_id=x": "booking_id",
		"since=now": "since", "until=soon": "until", "test=maybe": "test", "limit=101": "limit", "cursor=x": "cursor", "cursor=MSAx": "cursor",
		"cursor=" + strings.Repeat("9", 40): "cursor",
	} {
		a := b.get(t, "/v2/webhooks/"+hook+"/deliveries?"+query).refused(t, http.StatusUnprocessableEntity, "invalid")
		if a.at("errors."+field) == nil {
			t.Errorf("%s: %s", query, a.body)
		}
	}
}

// TestARedirectIsNotFollowed and its answer stands in the record, cut where it is long.
func TestARedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	target := newReceiver(t, ok)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", target.URL)
		w.WriteHeader(http.StatusTemporaryRedirect)
		_, _ = io.WriteString(w, strings.Repeat("moved ", 10_000))
	}))
	t.Cleanup(server.Close)
	hook := b.webhook(t, server.URL, "").str("data.id")
	b.book(t, b.resource(t), "instant", 9)
	got := b.delivery(t, hook, "pending")
	text := got.str("data.attempts.0.response.body")
	if got.str("data.last_status") != "307" || got.str("data.attempts.0.response.headers.Location.0") != target.URL ||
		len(text) != 16<<10 || got.at("data.attempts.0.response.truncated") != true || len(target.all()) > 0 {
		t.Errorf("%d bytes, %d requests at the target: %.2000s", len(text), len(target.all()), got.body)
	}
}

// TestDeliveriesAreTheAppsOwn asks as another app, and for what is not there.
func TestDeliveriesAreTheAppsOwn(t *testing.T) {
	t.Parallel()
	b, thief := tenant(t, plain), tenant(t, plain)
	hears := newReceiver(t, ok)
	hook := b.webhook(t, hears.URL, "").str("data.id")
	b.book(t, b.resource(t), "instant", 9)
	id := b.delivery(t, hook, "delivered").str("data.id")
	for _, name := range []string{id, hook, "x", "c0ffee00-0000-7000-8000-000000000000"} {
		for _, route := range [][2]string{
			{http.MethodGet, "/v2/webhooks/" + name + "/deliveries"}, {http.MethodPost, "/v2/webhooks/" + name + "/test"},
			{http.MethodPost, "/v2/webhooks/" + name + "/replay"}, {http.MethodGet, "/v2/deliveries/" + name}, {http.MethodPost, "/v2/deliveries/" + name + "/retry"},
		} {
			a := thief.call(t, route[0], route[1], `{"since":"2026-01-01T00:00:00Z","only":"all"}`).refused(t, http.StatusNotFound, "not_found")
			a.promised(t, route[0], route[1])
		}
	}
	if n := len(hears.all()); n != 1 {
		t.Errorf("the receiver got %d", n)
	}
}
