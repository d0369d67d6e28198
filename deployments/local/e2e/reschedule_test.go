package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"holdfast/workflows"
)

// to is the body that asks for another hour of the first of December 2030.
func to(hour float64, more ...string) string {
	start := time.Date(2030, 12, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(hour * float64(time.Hour)))
	return fmt.Sprintf(`{"start":%q,"end":%q%s}`, start.Format(time.RFC3339), start.Add(time.Hour).Format(time.RFC3339), strings.Join(more, ""))
}

// move reschedules a booking and returns the id of the one that replaces it.
func (b *bundle) move(t testing.TB, id string, hour float64, more ...string) string {
	t.Helper()
	return b.post(t, "/v2/bookings/"+id+"/reschedule", to(hour, more...)).want(t, http.StatusCreated).str("data.id")
}

// TestRescheduleTakesTheNewTimeForTheOld: one booking ends, another begins, and each names the other.
func TestRescheduleTakesTheNewTimeForTheOld(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	hears := newReceiver(t, ok)
	b.webhook(t, hears.URL, "")
	resource := b.resource(t)
	old := b.book(t, resource, "instant", 9, `,"meta":{"order":7},"description":"short at the sides"`)
	moved := b.post(t, "/v2/bookings/"+old+"/reschedule/?include=event,customers,meta,resource,logs", // the SDK's slash
		to(9.5, `,"message":"half an hour later, please"`)).want(t, http.StatusCreated) // overlaps its own old time
	id := moved.str("data.id")
	for path, want := range map[string]string{
		"data.state": "confirmed", "data.event.start": "2030-12-01T10:30:00+01:00", "data.event.what": "Haircut",
		"data.event.description": "short at the sides", "data.customers.0.name": "Marty McFly", "data.meta.order": "7",
		"data.resource.id": resource, "data.related.rescheduled_from_id": old, "data.logs.0.seq": "1", "data.logs.1.seq": "",
	} {
		if got := moved.str(path); got != want {
			t.Errorf("%s = %q, want %q", path, got, want)
		}
	}
	if id == old || moved.header.Get("Location") != "/v2/bookings/"+id {
		t.Errorf("%v %s", moved.header, id)
	}
	before := b.get(t, "/v2/bookings/"+old+"?include=logs,event")
	if before.str("data.state") != "rescheduled_by_customer" || before.str("data.completed") != "true" || before.str("data.related.rescheduled_to_id") != id ||
		before.str("data.event.start") != "2030-12-01T10:00:00+01:00" || before.str("data.logs.2.seq") != "" {
		t.Error(before.body)
	}
	told := b.told(t, hears, old)
	if got := fmt.Sprint(told[old], told[id], len(told)); got != "[confirmed rescheduled_by_customer] [confirmed] 2" {
		t.Errorf("told of %s", got)
	}
	var message string
	b.record(t, &message, `SELECT inputs->'reschedule_by_customer'->>'message' FROM actions WHERE booking_id = $1`, id)
	if message != "half an hour later, please" {
		t.Errorf("the message is %q", message)
	}
	workflow := b.stack.App.Temporal.GetWorkflow(t.Context(), workflows.BookingID(mustUUID(t, old)), "")
	if err := workflow.Get(t.Context(), nil); err != nil { // returns when it has ended
		t.Error(err)
	}
	b.post(t, "/v2/bookings", request(resource, "instant", 10)).refused(t, http.StatusConflict, "slot_taken") // 10:30 is not over
	b.book(t, resource, "instant", 8)
	b.post(t, "/v2/bookings/"+old+"/reschedule", to(20)).refused(t, http.StatusUnprocessableEntity, "action_not_available")
	b.put(t, "/v2/bookings/"+id+"/cancel", "").want(t, http.StatusOK)
}

// TestRescheduleThatCannotBe leaves everything as it was.
func TestRescheduleThatCannotBe(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource, other := b.resource(t), b.resource(t)
	id := b.book(t, resource, "instant", 9)
	b.book(t, resource, "instant", 11)
	before := b.get(t, "/v2/bookings/"+id+"?include=logs,event").body
	path := "/v2/bookings/" + id + "/reschedule"
	b.post(t, path, to(10.5)).refused(t, http.StatusConflict, "slot_taken")
	b.post(t, path, to(10.5, `,"message":"x"`)).refused(t, http.StatusConflict, "slot_taken")
	bad := b.post(t, path, `{"start":"2030-12-01T12:00:00Z","end":"2030-12-01T11:00:00Z","resource_id":"01a1fc0b-5545-746e-98da-000000000000"}`)
	bad.refused(t, http.StatusUnprocessableEntity, "invalid")
	for _, field := range []string{"end", "resource_id"} {
		if bad.at("errors."+field) == nil {
			t.Errorf("%s is not named: %s", field, bad.body)
		}
	}
	foreign := tenant(t, plain)
	foreign.post(t, path, to(20)).refused(t, http.StatusNotFound, "not_found")
	b.post(t, path, to(20, fmt.Sprintf(`,"resource_id":%q`, foreign.resource(t)))).refused(t, http.StatusUnprocessableEntity, "invalid")
	b.post(t, path, to(20), "If-Match", `"99"`).refused(t, http.StatusPreconditionFailed, "stale")
	if after := b.get(t, "/v2/bookings/"+id+"?include=logs,event").body; after != before {
		t.Errorf("before\n%s\nafter\n%s", before, after)
	}
	b.post(t, "/v2/bookings", request(resource, "instant", 9)).refused(t, http.StatusConflict, "slot_taken")
	if total := b.get(t, "/v2/bookings").str("total"); total != "2" {
		t.Errorf("%s bookings, want 2", total)
	}
	moved := b.post(t, path+"?include=resource,calendar", to(11, fmt.Sprintf(`,"resource_id":%q`, other))).want(t, http.StatusCreated)
	if moved.str("data.resource.id") != other || moved.str("data.calendar.id") == "" {
		t.Error(moved.body)
	}
	b.book(t, resource, "instant", 9)
	b.post(t, "/v2/bookings", request(other, "instant", 11)).refused(t, http.StatusConflict, "slot_taken")
}

// TestRescheduleAsTheGraphSays: a request is asked again, and what is paid for stays.
func TestRescheduleAsTheGraphSays(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t)
	asked := b.book(t, resource, "confirm_decline", 9)
	b.post(t, "/v2/bookings/"+asked+"/reschedule", to(10)).refused(t, http.StatusUnprocessableEntity, "action_not_available")
	b.put(t, "/v2/bookings/"+asked+"/confirm", "").want(t, http.StatusOK)
	again := b.move(t, asked, 10)
	if got := b.state(t, again); got != "tentative" {
		t.Errorf("the new request is %s, want tentative", got)
	}
	if got := b.state(t, asked); got != "rescheduled_by_customer" {
		t.Errorf("the old one is %s", got)
	}
	b.book(t, resource, "instant", 9)
	b.put(t, "/v2/bookings/"+again+"/confirm", "").want(t, http.StatusOK)
	for graph, hour := range map[string]int{"instant_payment": 20, "reservation": 21} {
		var id string
		if graph == "reservation" {
			id = b.hold(t, resource, hour, 600)
		} else {
			id = b.book(t, resource, graph, hour)
			b.put(t, "/v2/bookings/"+id+"/pay", "").want(t, http.StatusOK)
		}
		b.post(t, "/v2/bookings/"+id+"/reschedule", to(22)).refused(t, http.StatusUnprocessableEntity, "action_not_available")
	}
	session := b.session(t, resource, 30, 2)
	taken := b.sit(t, session, "group_customer")
	for _, id := range []string{session, taken} {
		b.post(t, "/v2/bookings/"+id+"/reschedule", to(40)).refused(t, http.StatusUnprocessableEntity, "action_not_available")
	}
}

// TestManyReschedulesOfOneBooking: one wins; the others hear that the booking has moved on, and leave nothing.
func TestManyReschedulesOfOneBooking(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	id := b.book(t, b.resource(t), "instant", 9)
	count := map[string]int{}
	for _, a := range b.crowd(t, 12, func(i int) (string, string, string) {
		return http.MethodPost, "/v2/bookings/" + id + "/reschedule", to(float64(10 + i))
	}) {
		count[fmt.Sprint(a.status)+a.str("code")]++
	}
	if count["201"] != 1 || count["422action_not_available"] != 11 {
		t.Errorf("answers %v, want one 201 and eleven 422", count)
	}
	if total := b.get(t, "/v2/bookings").str("total"); total != "2" {
		t.Errorf("%s bookings are on record, want 2", total)
	}
}

// TestBookingsThatSwapTheirTimes must not wait for each other for ever.
func TestBookingsThatSwapTheirTimes(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t)
	ids := []string{b.book(t, resource, "instant", 9), b.book(t, resource, "instant", 10)}
	for _, a := range b.crowd(t, 2, func(i int) (string, string, string) {
		return http.MethodPost, "/v2/bookings/" + ids[i] + "/reschedule", to(float64(10 - i))
	}) {
		a.refused(t, http.StatusConflict, "slot_taken")
	}
	for _, id := range ids {
		if got := b.state(t, id); got != "confirmed" {
			t.Errorf("%s is %s", id, got)
		}
	}
}

// TestRescheduleFromABrowser: a widget key may, and a repeat under the same key finds the first try's booking.
func TestRescheduleFromABrowser(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	visitor := b.widget(t)
	id := b.book(t, b.resource(t), "instant", 9)
	b.put(t, "/v2/app", `{"settings":{"widget_requires_project":false}}`).want(t, http.StatusOK)
	path, once := b.proven(t, id), []string{"Idempotency-Key", "later"}
	first := visitor.post(t, path, to(12), once...).want(t, http.StatusCreated)
	second := visitor.post(t, path, to(12), once...).want(t, http.StatusCreated)
	if first.body != second.body || second.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("%s\n%s", first.body, second.body)
	}
	visitor.post(t, path, to(13), once...).refused(t, http.StatusUnprocessableEntity, "idempotency_key_reused")
	if total := b.get(t, "/v2/bookings").str("total"); total != "2" {
		t.Errorf("%s bookings, want 2", total)
	}
}
