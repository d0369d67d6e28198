package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// plays is the body of a request for several actions; each entry is an id and an action.
func plays(more string, entries ...string) string {
	var all []string
	for i := 0; i+1 < len(entries); i += 2 {
		all = append(all, fmt.Sprintf(`{"id":%q,"action":%q}`, entries[i], entries[i+1]))
	}
	return bulk(more, all...)
}

// TestBulkPlaysWhatCanBePlayed: each entry by itself, all checked before any, or none after the first that fails.
func TestBulkPlaysWhatCanBePlayed(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t)
	made := b.post(t, "/v2/bookings/bulk", bulk(`,"relate_bookings":true`, hours(resource, 9, 10, 11, 12)...)).want(t, http.StatusCreated)
	one, two, three, four := made.str("data.0.id"), made.str("data.1.id"), made.str("data.2.id"), made.str("data.3.id")
	none := b.put(t, "/v2/bookings/bulk", plays(`,"reset_all_on_error":true`, one, "cancel", two, "confirm")).refused(t, http.StatusUnprocessableEntity, "action_not_available")
	if !strings.HasPrefix(none.str("error"), "Entry 1: ") || b.state(t, one) != "confirmed" {
		t.Errorf("%s; the first is %s", none.body, b.state(t, one))
	}
	stopped := b.put(t, "/v2/bookings/bulk", plays(`,"stop_on_first_error":true`, one, "confirm", two, "cancel")).want(t, http.StatusMultiStatus)
	if stopped.str("data.0.code") != "action_not_available" || stopped.str("data.0.status") != "422" || stopped.str("data.1.code") != "not_tried" || b.state(t, two) != "confirmed" {
		t.Errorf("%s; the second is %s", stopped.body, b.state(t, two))
	}
	some := b.put(t, "/v2/bookings/bulk", plays("", one, "cancel", two, "confirm", three, "cancel", "17", "cancel", resource, "cancel", four, "")).want(t, http.StatusMultiStatus)
	for path, want := range map[string]string{
		"data.0.state": "cancelled", "data.0.id": one, "data.1.code": "action_not_available", "data.2.state": "cancelled",
		"data.3.code": "invalid", "data.4.code": "not_found", "data.4.status": "404", "data.5.errors.action.0": "is required",
	} {
		if got := some.str(path); got != want {
			t.Errorf("%s = %q, want %q: %s", path, got, want, some.body)
		}
	}
	if got := b.state(t, two) + b.state(t, four); got != "confirmedconfirmed" { // in a list, each stands for itself
		t.Errorf("related bookings that were not named are %s", got)
	}
	all := fmt.Sprintf(`{"bookings":[{"id":%q,"action":"cancel","apply_to_bulked_bookings":true,"cancel":{"message":"all of it"}}]}`, two)
	done := b.put(t, "/v2/bookings/bulk", all, "Idempotency-Key", "all").want(t, http.StatusOK)
	if again := b.put(t, "/v2/bookings/bulk", all, "Idempotency-Key", "all").want(t, http.StatusOK); again.body != done.body {
		t.Errorf("%s\n%s", done.body, again.body)
	}
	b.eventuallyState(t, four, "cancelled")
}

// TestARepeatOfATryThatDiedCarriesItsInputs: a process that died before it had put anything on record has left the key, and
// nothing else; the repeat is all there is.
func TestARepeatOfATryThatDiedCarriesItsInputs(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	app, resource := mustUUID(t, b.get(t, "/v2/app").str("data.id")), b.resource(t)
	died := func(key, method, path, body string) {
		t.Helper()
		request := b.stack.App.Vault.Fingerprint([]byte(method + " " + path + "?\n" + body))
		if _, err := b.stack.App.DB.BeginOperation(t.Context(), app, key, request, uuid.New(), 0); err != nil {
			t.Fatal(err)
		}
	}
	id := b.book(t, resource, "instant_payment", 9)
	path, body := "/v2/bookings/"+id+"/pay", `{"pay":{"payment_id":"pi_7"}}`
	died("pay", http.MethodPut, path, body)
	b.put(t, path, body, "Idempotency-Key", "pay").want(t, http.StatusOK)
	var payment string
	b.record(t, &payment, `SELECT COALESCE(inputs->'pay'->>'payment_id', 'none') FROM actions WHERE booking_id = $1 AND name = 'pay'`, id)
	if payment != "pi_7" {
		t.Errorf("the payment on record is %q", payment)
	}
	body = fmt.Sprintf(`{"bookings":[{"id":%q,"action":"cancel","cancel":{"message":"closed"}}]}`, id)
	died("bulk", http.MethodPut, "/v2/bookings/bulk", body)
	b.put(t, "/v2/bookings/bulk", body, "Idempotency-Key", "bulk").want(t, http.StatusOK)
	var message string
	b.record(t, &message, `SELECT COALESCE(inputs->'cancel'->>'message', 'none') FROM actions WHERE booking_id = $1 AND name = 'cancel'`, id)
	if message != "closed" {
		t.Errorf("the message on record is %q", message)
	}
	paid := b.book(t, resource, "instant_payment", 12)
	path = "/v2/bookings/" + paid + "/reschedule"
	died("later", http.MethodPost, path, to(13))
	b.post(t, path, to(13), "Idempotency-Key", "later").refused(t, http.StatusUnprocessableEntity, "action_not_available")
	path = "/v2/bookings/" + paid + "/pay"
	died("stale", http.MethodPut, path, "{}")
	b.put(t, path, "{}", "Idempotency-Key", "stale", "If-Match", `"99"`).refused(t, http.StatusPreconditionFailed, "stale")
}
