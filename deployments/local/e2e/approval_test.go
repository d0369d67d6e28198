package e2e_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"holdfast/workflows"
)

// hook subscribes a receiver to some event types, in our own format.
func (b *bundle) hook(t testing.TB, r *receiver, eventTypes string) {
	t.Helper()
	b.webhook(t, r.URL, `,"format":"holdfast","event_types":[`+eventTypes+`]`)
}

// TestRequestsLapse: a visitor asks, the time is held, the owner is reminded, then somebody else, and the time is free again.
func TestRequestsLapse(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t)
	owner, deputy, all := newReceiver(t, ok), newReceiver(t, ok), newReceiver(t, ok)
	b.hook(t, owner, `"booking.approval_due"`)
	b.hook(t, deputy, `"booking.approval_escalated"`)
	b.webhook(t, all.URL, `,"format":"holdfast"`)
	made := b.post(t, "/v2/bookings?include=available_actions", request(resource, "request", 9, `,"settings":{"timers":{"expire":"PT4S"}}`)).want(t, http.StatusCreated)
	id := made.str("data.id")
	if made.str("data.state") != "tentative" || made.str("data.graph") != "request" {
		t.Error(made.body)
	}
	b.post(t, "/v2/bookings", request(resource, "request", 9)).refused(t, http.StatusConflict, "slot_taken")
	for name, r := range map[string]*receiver{"booking.approval_due": owner, "booking.approval_escalated": deputy} {
		if got := r.waitFor(t, 1)[0]; got.at("type") != name || got.at("data.booking.id") != id || got.at("data.state") != "tentative" || got.at("data.action") != "" {
			t.Errorf("%s: %s", name, got.body)
		}
	}
	b.eventuallyState(t, id, "expired")
	last := all.waitFor(t, 2)
	if last[0].at("type") != "booking.tentative" || last[1].at("type") != "booking.expired" || last[1].at("data.actor") != "timer" {
		t.Errorf("%s\n%s", last[0].body, last[1].body)
	}
	replay(t, b.stack.App.Temporal, "request-reminded-expired", workflows.BookingID(mustUUID(t, id)))
	again := b.book(t, resource, "request", 9)
	b.put(t, "/v2/bookings/"+again+"/withdraw", `{"withdraw":{"message":"found another"}}`).want(t, http.StatusOK).same(t, "data.state", "withdrawn")
	replay(t, b.stack.App.Temporal, "request-withdrawn", workflows.BookingID(mustUUID(t, again)))
	confirmed := b.book(t, resource, "request", 9)
	b.put(t, "/v2/bookings/"+confirmed+"/confirm", "").want(t, http.StatusOK).same(t, "data.state", "confirmed")
	for _, text := range []string{"P61D", "off", "soon"} {
		b.post(t, "/v2/bookings", request(resource, "request", 10, `,"settings":{"timers":{"expire":"`+text+`"}}`)).refused(t, http.StatusUnprocessableEntity, "invalid")
	}
}

// TestNoShowNextMorning: a booking that was completed by itself is marked, the mark is taken back, and another is made; one event each.
func TestNoShowNextMorning(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t)
	r := newReceiver(t, ok)
	b.webhook(t, r.URL, `,"format":"holdfast"`)
	id := b.post(t, "/v2/bookings", soon(resource, "instant@2", -20*time.Hour)).want(t, http.StatusCreated).str("data.id")
	b.eventuallyState(t, id, "completed")
	shown := b.get(t, "/v2/bookings/"+id+"?include=available_actions,action_windows").want(t, http.StatusOK)
	if fmt.Sprint(shown.str("data.available_actions.0"), shown.str("data.available_actions.1")) != "attendedno_show" || shown.str("data.graph_version") != "2" ||
		shown.str("data.action_windows.no_show.opens_at") == "" || shown.str("data.action_windows.no_show.ends_at") == "" {
		t.Error(shown.body)
	}
	first := b.put(t, "/v2/bookings/"+id+"/no_show?include=available_actions", "").want(t, http.StatusOK)
	if first.str("data.state") != "no_show" || first.str("data.available_actions.0") != "undo" || first.str("data.completed") != "true" {
		t.Error(first.body)
	}
	b.put(t, "/v2/bookings/"+id+"/attended", "").refused(t, http.StatusUnprocessableEntity, "action_not_available")
	b.put(t, "/v2/bookings/"+id+"/undo", "").want(t, http.StatusOK).same(t, "data.state", "completed")
	b.put(t, "/v2/bookings/"+id+"/attended", "").want(t, http.StatusOK).same(t, "data.state", "attended")
	var types string
	for _, one := range r.waitFor(t, 5) {
		types += one.at("type") + " "
	}
	if want := "booking.confirmed booking.completed booking.no_show booking.undone booking.attended "; types != want {
		t.Errorf("told of %s, want %s", types, want)
	}
	replay(t, b.stack.App.Temporal, "instant-2-attended-after-completed", workflows.BookingID(mustUUID(t, id)))

	now := b.post(t, "/v2/bookings", soon(resource, "instant@2", -30*time.Minute)).want(t, http.StatusCreated).str("data.id")
	b.put(t, "/v2/bookings/"+now+"/no_show", "").want(t, http.StatusOK)
	b.post(t, "/v2/bookings", soon(resource, "instant", -10*time.Minute)).refused(t, http.StatusConflict, "slot_taken") // it goes on
	b.put(t, "/v2/bookings/"+now+"/undo", "").want(t, http.StatusOK).same(t, "data.state", "confirmed")
	b.put(t, "/v2/bookings/"+now+"/cancel", "").want(t, http.StatusOK)
	replay(t, b.stack.App.Temporal, "instant-2-undone-cancelled", workflows.BookingID(mustUUID(t, now)))

	early := b.post(t, "/v2/bookings", soon(resource, "instant@2", 2*time.Hour)).want(t, http.StatusCreated).str("data.id")
	if refused := b.put(t, "/v2/bookings/"+early+"/no_show", "").refused(t, http.StatusUnprocessableEntity, "too_early"); refused.str("rule.ends_at") == "" {
		t.Error(refused.body)
	}
	late := b.post(t, "/v2/bookings", soon(resource, "instant@2", -8*24*time.Hour)).want(t, http.StatusCreated).str("data.id")
	b.eventuallyState(t, late, "completed")
	if refused := b.put(t, "/v2/bookings/"+late+"/no_show", "").refused(t, http.StatusUnprocessableEntity, "too_late"); refused.str("rule.ends_at") == "" {
		t.Error(refused.body)
	}
}

// TestVersionsAreChosen: by the booking, by the project, by the app; a bare name is the first version, and a moved booking keeps its own.
func TestVersionsAreChosen(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t)
	version := func(id string) string {
		t.Helper()
		return b.get(t, "/v2/bookings/"+id).want(t, http.StatusOK).str("data.graph_version")
	}
	old, chosen := b.book(t, resource, "instant", 9), b.book(t, resource, "instant@2", 10)
	if version(old) != "1" || version(chosen) != "2" || version(b.book(t, resource, "instant@1", 11)) != "1" {
		t.Error("another version than was asked for")
	}
	for _, bad := range []string{"instant@3", "instant@0", "instant@", "nope@1"} {
		b.post(t, "/v2/bookings", request(resource, bad, 12)).refused(t, http.StatusUnprocessableEntity, "invalid")
	}
	b.put(t, "/v2/app", `{"settings":{"graph_versions":{"instant":2,"confirm_decline":3}}}`).refused(t, http.StatusUnprocessableEntity, "invalid")
	b.put(t, "/v2/app", `{"settings":{"graph_versions":{"instant":2}}}`).want(t, http.StatusOK).same(t, "data.settings.graph_versions.instant", "2")
	if version(b.book(t, resource, "instant", 13)) != "2" || version(b.book(t, resource, "instant@1", 14)) != "1" {
		t.Error("the app's choice does not hold")
	}
	moved := func(id string, hour int) string {
		t.Helper()
		start := time.Date(2030, 12, 2, hour, 0, 0, 0, time.UTC)
		body := fmt.Sprintf(`{"start":%q,"end":%q}`, start.Format(time.RFC3339), start.Add(time.Hour).Format(time.RFC3339))
		return b.post(t, "/v2/bookings/"+id+"/reschedule", body).want(t, http.StatusCreated).str("data.id")
	}
	if version(moved(old, 9)) != "1" || version(moved(chosen, 11)) != "2" {
		t.Error("a booking that was moved has another version than before")
	}
	b.put(t, "/v2/app", `{"settings":{"graph_versions":{}}}`).want(t, http.StatusOK)
	if version(b.book(t, resource, "instant", 16)) != "1" {
		t.Error("the app's choice holds for ever")
	}
	project := b.project(t, "Asks", `,"booking":{"graph":"confirm_decline@2"}`, resource).str("data.id")
	start := time.Date(2030, 12, 3, 9, 0, 0, 0, time.UTC)
	asked := b.post(t, "/v2/bookings", fmt.Sprintf(`{"project_id":%q,"resource_id":%q,"start":%q,"end":%q,"customer":{"name":"Marty","email":"marty@example.com"}}`,
		project, resource, start.Format(time.RFC3339), start.Add(time.Hour).Format(time.RFC3339))).want(t, http.StatusCreated)
	asked.same(t, "data.graph_version", "2")
	asked.same(t, "data.state", "tentative")
}
