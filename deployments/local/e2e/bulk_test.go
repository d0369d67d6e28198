package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// bulk is the body of a request for several bookings; more holds the flags.
func bulk(more string, entries ...string) string {
	return `{"bookings":[` + strings.Join(entries, ",") + `]` + more + `}`
}

// hours are bookings of one resource at these hours.
func hours(resource string, at ...int) []string {
	var all []string
	for _, hour := range at {
		all = append(all, request(resource, "instant", hour))
	}
	return all
}

// total tells how many of the app's bookings a search finds.
func (b *bundle) total(t testing.TB, search string) string {
	t.Helper()
	return b.get(t, "/v2/bookings?search="+search).want(t, http.StatusOK).str("total")
}

// TestBulkMakesWhatCanBeMade: the answer says of each entry what became of it, in order.
func TestBulkMakesWhatCanBeMade(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t)
	all := b.post(t, "/v2/bookings/bulk?include=event", bulk("", hours(resource, 9, 10, 11)...)).want(t, http.StatusCreated)
	for i, start := range []string{"10:00", "11:00", "12:00"} {
		if at := fmt.Sprintf("data.%d.", i); all.str(at+"state") != "confirmed" || all.str(at+"event.start") != "2030-12-01T"+start+":00+01:00" {
			t.Errorf("entry %d: %s", i, all.body)
		}
	}
	faulty := request(resource, "lucky", 13)
	some := b.post(t, "/v2/bookings/bulk", bulk("", append(hours(resource, 12, 10), faulty, request(resource, "instant", 14))...)).
		want(t, http.StatusMultiStatus)
	for path, want := range map[string]string{
		"data.0.state": "confirmed", "data.1.code": "slot_taken", "data.1.status": "409", "data.1.id": "",
		"data.2.code": "invalid", "data.2.status": "422", "data.2.errors.graph.0": "is not a graph of this server; GET /v2/graphs lists them",
		"data.3.state": "confirmed", "data.4": "",
	} {
		if got := some.str(path); got != want {
			t.Errorf("%s = %q, want %q: %s", path, got, want, some.body)
		}
	}
	for _, stop := range []string{"true", "1", `"1"`, `"true"`} { // as clients write it
		a := b.post(t, "/v2/bookings/bulk", bulk(`,"stop_on_first_error":`+stop, hours(resource, 9, 20)...)).want(t, http.StatusMultiStatus)
		if a.str("data.0.code") != "slot_taken" || a.str("data.1.code") != "not_tried" {
			t.Errorf("stop_on_first_error %s: %s", stop, a.body)
		}
	}
	b.post(t, "/v2/bookings/bulk", bulk(`,"stop_on_first_error":"maybe"`, hours(resource, 20)...)).refused(t, http.StatusUnprocessableEntity, "invalid")
	b.post(t, "/v2/bookings/bulk", bulk("")).refused(t, http.StatusUnprocessableEntity, "invalid")
	b.post(t, "/v2/bookings/bulk", bulk("", hours(resource, make([]int, 101)...)...)).refused(t, http.StatusUnprocessableEntity, "invalid")
	if total := b.total(t, "graph:instant"); total != "5" {
		t.Errorf("%s bookings, want 5", total)
	}
}

// TestBulkAllOrNothing: with delete_all_on_error a failure leaves nothing, whatever the graphs of the others.
func TestBulkAllOrNothing(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource, busy := b.resource(t), b.resource(t)
	b.book(t, busy, "instant", 9)
	session := b.session(t, resource, 40, 5)
	entries := hours(resource, 9, 10)
	for i, graph := range []string{"confirm_decline", "instant_payment", "group_owner"} {
		entries = append(entries, request(resource, graph, 11+i, `,"settings":{"max_seats":3}`))
	}
	entries = append(entries, seat(session, "group_customer"), seat(session, "group_customer_payment"))
	const flag = `,"delete_all_on_error":true,"relate_bookings":true`
	lost := b.post(t, "/v2/bookings/bulk", bulk(flag, append(entries, hours(busy, 9)...)...)).refused(t, http.StatusConflict, "slot_taken")
	if !strings.Contains(lost.str("error"), "Entry 7") {
		t.Error(lost.body)
	}
	faulty := b.post(t, "/v2/bookings/bulk", bulk(flag, append(entries, request(resource, "lucky", 30))...)).refused(t, http.StatusUnprocessableEntity, "invalid")
	if faulty.at("errors.bookings.7.graph") == nil && !strings.Contains(faulty.body, `"bookings.7.graph"`) {
		t.Error(faulty.body)
	}
	if total := b.total(t, ""); total != "2" {
		t.Errorf("%s bookings are left, want the two from before: %s", total, b.get(t, "/v2/bookings").body)
	}
	b.taken(t, session, "0")
	for hour := 9; hour < 14; hour++ {
		if !b.shows(t, resource, hour) {
			t.Errorf("hour %d is still taken", hour)
		}
	}
	b.post(t, "/v2/bookings/bulk", bulk(flag, entries...)).want(t, http.StatusCreated)
	b.taken(t, session, "1")
}

// TestBulkRepeatedMakesNothingTwice: the same key, the same bookings.
func TestBulkRepeatedMakesNothingTwice(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t)
	once := []string{"Idempotency-Key", "several"}
	body := bulk(`,"relate_bookings":true`, hours(resource, 9, 10, 9)...)
	first := b.post(t, "/v2/bookings/bulk", body, once...).want(t, http.StatusMultiStatus)
	again := b.post(t, "/v2/bookings/bulk", body, once...).want(t, http.StatusMultiStatus)
	if first.body != again.body || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("%s\n%s", first.body, again.body)
	}
	async := []string{"Idempotency-Key", "later", "Prefer", "respond-async"}
	b.post(t, "/v2/bookings/bulk", bulk("", hours(resource, 11, 12)...), async...).want(t, http.StatusCreated)
	b.post(t, "/v2/bookings/bulk", bulk("", hours(resource, 11, 12)...), async...).want(t, http.StatusCreated)
	if total := b.total(t, ""); total != "4" {
		t.Errorf("%s bookings, want 4", total)
	}
}

// TestRelatedBookingsMoveTogether: an action on one is played on the others, unless it is told not to be.
func TestRelatedBookingsMoveTogether(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	hears := newReceiver(t, ok)
	b.webhook(t, hears.URL, "")
	resource := b.resource(t)
	made := b.post(t, "/v2/bookings/bulk?include=bulked_bookings", bulk(`,"relate_bookings":1`, hours(resource, 9, 10, 11)...)).want(t, http.StatusCreated)
	one, two, three := made.str("data.0.id"), made.str("data.1.id"), made.str("data.2.id")
	bound := b.get(t, "/v2/bookings/"+one+"?include=bulked_bookings")
	if bound.str("data.bulked_bookings.0.id") != two || bound.str("data.bulked_bookings.1.id") != three || bound.str("data.related.bulk_id") == "" {
		t.Error(bound.body)
	}
	loose := b.post(t, "/v2/bookings/bulk", bulk("", hours(resource, 20, 21)...)).want(t, http.StatusCreated)
	b.put(t, "/v2/bookings/"+one+"/cancel", `{"apply_to_bulked_bookings":false}`).want(t, http.StatusOK)
	b.put(t, "/v2/bookings/"+two+"/cancel", `{"cancel":{"message":"rain"}}`).want(t, http.StatusOK)
	eventually(t, "the third follows the second", func() bool { return b.state(t, three) == "cancelled" })
	told := b.told(t, hears, one)
	for _, id := range []string{one, two, three} {
		if fmt.Sprint(told[id]) != "[confirmed cancelled]" {
			t.Errorf("told of %s: %v", id, told[id])
		}
	}
	var message string
	b.record(t, &message, `SELECT inputs->'cancel'->>'message' FROM actions WHERE booking_id = $1 AND channel = 'relay' AND status = 'applied'`, three)
	if message != "rain" {
		t.Errorf("the message became %q", message)
	}
	b.put(t, "/v2/bookings/"+loose.str("data.0.id")+"/cancel", "").want(t, http.StatusOK)
	if got := b.state(t, loose.str("data.1.id")); got != "confirmed" {
		t.Errorf("one that was not related is %s", got)
	}
}

// TestRelatedBookingsThatDisagree: where the graph does not let one follow, it stays, and the others go on.
func TestRelatedBookingsThatDisagree(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource, busy := b.resource(t), b.resource(t)
	made := b.post(t, "/v2/bookings/bulk", bulk(`,"relate_bookings":true`, request(resource, "confirm_decline", 9),
		request(busy, "confirm_decline", 9), request(resource, "confirm_decline", 10))).want(t, http.StatusCreated)
	b.book(t, busy, "instant", 9)
	b.put(t, "/v2/bookings/"+made.str("data.0.id")+"/confirm", "").want(t, http.StatusOK)
	eventually(t, "the third is confirmed, too", func() bool { return b.state(t, made.str("data.2.id")) == "confirmed" })
	var code string
	eventually(t, "the second is refused", func() bool {
		b.record(t, &code, `SELECT code FROM actions WHERE booking_id = $1 AND name = 'confirm'`, made.str("data.1.id"))
		return code != ""
	})
	if got := b.state(t, made.str("data.1.id")); got != "tentative" || code != "slot_taken" {
		t.Errorf("the one whose time is taken is %s, refused for %s", got, code)
	}
}
