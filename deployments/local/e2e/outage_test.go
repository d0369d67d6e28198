package e2e_test

import (
	"net/http"
	"testing"
	"time"
)

// TestWithoutPostgresNothingIsAccepted takes Postgres away under everything: callers hear 503, and the local run ends,
// since a part of its own is gone. TestKillNine starts such a run again.
func TestWithoutPostgresNothingIsAccepted(t *testing.T) {
	t.Parallel()
	b := startOwn(t)
	id := b.book(t, b.resource(t), "instant", 1)
	b.get(t, "/v2/bookings/"+id).want(t, http.StatusOK)
	if err := b.stack.StopPostgres(); err != nil {
		t.Fatal(err)
	}
	b.get(t, "/v2/bookings/"+id).refused(t, http.StatusServiceUnavailable, "unavailable")
	b.post(t, "/v2/payment_webhooks/stripe/demo", `{}`).refused(t, http.StatusServiceUnavailable, "unavailable") // its provider repeats it
	b.get(t, "/readyz").refused(t, http.StatusServiceUnavailable, "unavailable")
	b.get(t, "/healthz").want(t, http.StatusOK)
	done := make(chan error, 1)
	go func() { done <- b.stack.Wait(t.Context()) }()
	select {
	case err := <-done:
		if err == nil {
			t.Error("the local run must say that its Postgres is gone")
		}
	case <-time.After(40 * time.Second):
		t.Error("the local run goes on without its Postgres")
	}
}
