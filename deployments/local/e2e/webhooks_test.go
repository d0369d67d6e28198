package e2e_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"holdfast/workflows"
)

// receiver is a real webhook receiver on this machine.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []received
	answer func(n int) int // the status of the n-th request, counted from 0
}

type received struct {
	header http.Header
	body   []byte
	method string
}

func (r received) at(path string) string { return answer{body: string(r.body)}.str(path) }

func newReceiver(t *testing.T, status func(n int) int) *receiver {
	t.Helper()
	r := &receiver{answer: status}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Method == "PRI" { // a client of a Temporal that had this port before
			w.WriteHeader(http.StatusHTTPVersionNotSupported)
			return
		}
		body, err := io.ReadAll(req.Body)
		if err != nil {
			t.Error(err)
		}
		r.mu.Lock()
		n := len(r.got)
		r.got = append(r.got, received{req.Header, body, req.Method})
		r.mu.Unlock()
		w.WriteHeader(r.answer(n))
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) all() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]received(nil), r.got...)
}

func (r *receiver) waitFor(t *testing.T, n int) []received {
	t.Helper()
	eventually(t, fmt.Sprintf("%d requests", n), func() bool { return len(r.all()) >= n })
	return r.all()
}

func ok(int) int { return http.StatusOK }

func (b *bundle) webhook(t testing.TB, url, more string) answer {
	t.Helper()
	return b.post(t, "/v2/webhooks", fmt.Sprintf(`{"url":%q%s}`, url, more)).want(t, http.StatusCreated)
}

func TestWebhooksArriveSigned(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	everything, cancelled := newReceiver(t, ok), newReceiver(t, ok)
	secret := b.webhook(t, everything.URL+"/hook", "").str("data.secret")
	only := b.webhook(t, cancelled.URL, `,"graph":"instant","state":"cancelled","method":"put"`).str("data.id")
	id := b.book(t, b.resource(t), "instant", 9)
	b.put(t, "/v2/bookings/"+id+"/cancel", "").want(t, http.StatusOK)
	got := everything.waitFor(t, 2)
	if got[0].at("state") != "confirmed" || got[1].at("state") != "cancelled" || got[0].at("id") != id {
		t.Errorf("%s\n%s", got[0].body, got[1].body)
	}
	if got[0].at("customers.0.name") != "Marty McFly" || got[0].at("event.start") != "2030-12-01T10:00:00+0100" {
		t.Errorf("%s", got[0].body)
	}
	verifier, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	timekit := b.get(t, "/v2/app").str("data.webhook_secret")
	for _, r := range got {
		if err := verifier.Verify(r.body, r.header); err != nil {
			t.Errorf("the published verifier refuses it: %v", err)
		}
		mac := hmac.New(sha256.New, []byte(timekit))
		_, _ = mac.Write(r.body)
		if r.header.Get("x-timekit-signature") != hex.EncodeToString(mac.Sum(nil)) {
			t.Error("x-timekit-signature does not verify")
		}
	}
	one := cancelled.waitFor(t, 1)
	if len(one) != 1 || one[0].at("state") != "cancelled" || one[0].method != http.MethodPut {
		t.Errorf("%d requests, %s", len(one), one[0].body)
	}
	b.nudge(t, only) // so that it has a workflow, although no delivery needed one
	b.call(t, http.MethodDelete, "/v2/webhooks/"+only, "").want(t, http.StatusNoContent)
	workflow := b.stack.App.Temporal.GetWorkflow(t.Context(), workflows.EndpointID(mustUUID(t, only)), "")
	if err := workflow.Get(t.Context(), nil); err != nil { // returns when it has ended
		t.Error(err)
	}
}

func TestFailedDeliveriesAreRetriedUnderTheSameID(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	flaky := newReceiver(t, func(n int) int {
		if n == 0 {
			return http.StatusInternalServerError
		}
		return http.StatusNoContent
	})
	b.webhook(t, flaky.URL, "")
	b.book(t, b.resource(t), "instant", 9)
	got := flaky.waitFor(t, 2)
	if got[0].header.Get("webhook-id") != got[1].header.Get("webhook-id") || string(got[0].body) != string(got[1].body) {
		t.Error("the retry is another message")
	}
}

// TestADeadEndpointDelaysNobody: one endpoint refuses connections, the booking and the other endpoint do not notice.
func TestADeadEndpointDelaysNobody(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	dead := httptest.NewServer(http.NotFoundHandler())
	b.webhook(t, dead.URL, "")
	dead.Close()
	hang := make(chan struct{})
	hanging := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hang }))
	t.Cleanup(func() { close(hang); hanging.Close() })
	b.webhook(t, hanging.URL, "")
	alive := newReceiver(t, ok)
	b.webhook(t, alive.URL, "")
	resource := b.resource(t)
	for hour := range 10 {
		b.book(t, resource, "instant", hour)
	}
	alive.waitFor(t, 10)
}

func TestGoneDisables(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	gone := newReceiver(t, func(n int) int {
		if n == 0 {
			return http.StatusGone
		}
		return http.StatusOK
	})
	id := b.webhook(t, gone.URL, "").str("data.id")
	resource := b.resource(t)
	b.book(t, resource, "instant", 9)
	status := func() string { return b.get(t, "/v2/webhooks/"+id).str("data.status") }
	eventually(t, "disabled", func() bool { return status() == "disabled" })
	b.book(t, resource, "instant", 10)
	b.put(t, "/v2/webhooks/"+id, fmt.Sprintf(`{"url":%q}`, gone.URL)).want(t, http.StatusOK)
	b.book(t, resource, "instant", 11)
	got := gone.waitFor(t, 2)
	if got[1].at("event.start") != "2030-12-01T12:00:00+0100" {
		t.Errorf("after it was switched on again came %s", got[1].body)
	}
}

// TestEventsOfOneBookingArriveInOrder moves many bookings at once while the receiver answers.
func TestEventsOfOneBookingArriveInOrder(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	all := newReceiver(t, ok)
	b.webhook(t, all.URL, "")
	resource := b.resource(t)
	var wait sync.WaitGroup
	const bookings = 12
	for hour := range bookings {
		wait.Go(func() {
			id := b.book(t, resource, "confirm_decline", hour)
			b.put(t, "/v2/bookings/"+id+"/confirm", "").want(t, http.StatusOK)
			b.put(t, "/v2/bookings/"+id+"/cancel", "").want(t, http.StatusOK)
		})
	}
	wait.Wait()
	order := map[string][]string{}
	for _, r := range all.waitFor(t, 3*bookings) {
		order[r.at("id")] = append(order[r.at("id")], r.at("state"))
	}
	for id, states := range order {
		if strings.Join(states, " ") != "tentative confirmed cancelled" {
			t.Errorf("%s: %v", id, states)
		}
	}
	if len(order) != bookings {
		t.Errorf("%d bookings told of, want %d", len(order), bookings)
	}
}

func TestWebhookAddressesAreChecked(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	for _, url := range []string{"", "ftp://example.com/", "http://169.254.169.254/latest", "https://10.0.0.1/", "https://user:pw@example.com/"} {
		text, err := json.Marshal(map[string]string{"url": url})
		if err != nil {
			t.Fatal(err)
		}
		b.post(t, "/v2/webhooks", string(text)).refused(t, http.StatusUnprocessableEntity, "invalid")
	}
	b.post(t, "/v2/webhooks", `{"url":"https://example.com/","graph":"instant","state":"paid"}`).refused(t, http.StatusUnprocessableEntity, "invalid")
	listed := b.get(t, "/v2/webhooks").want(t, http.StatusOK)
	if listed.str("data.0.id") != "" {
		t.Error(listed.body)
	}
}
