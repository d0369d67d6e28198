package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"holdfast/internal/fault"
)

// force puts a booking into a state with the admin key.
func (f *fixture) force(id, state, reason string, headers ...string) answer {
	f.t.Helper()
	return f.send(adminKey, http.MethodPost, "/v2/bookings/"+id+"/force", fmt.Sprintf(`{"state":%q,"reason":%q}`, state, reason), headers...)
}

// TestForce: the operator puts a booking into a state by hand. It takes and releases what the states hold, and the reason is on record.
func TestForce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	room := f.room()
	book := func() string {
		t.Helper()
		return f.post(f.server, "/v2/bookings", `{"graph":"instant",`+slot(room, 0, 1)+`}`).id(t)
	}
	id := book()
	f.force(id, "cancelled", "the room has no roof").want(t, http.StatusOK)
	second := book() // the time is free
	f.force(id, "confirmed", "it has one after all").refused(t, fault.SlotTaken, "")
	f.play(second, "cancel", "{}").want(t, http.StatusOK)
	if a := f.force(id, "confirmed", "it has one after all").want(t, http.StatusOK); a.text(t, "state") != "confirmed" {
		t.Errorf("%s", a.Body)
	}
	f.post(f.server, "/v2/bookings", `{"graph":"instant",`+slot(room, 0, 1)+`}`).refused(t, fault.SlotTaken, "")
	if n := value[int](f, `SELECT count(*) FROM events WHERE booking_id = $1`, id); n != 3 {
		t.Errorf("%d events", n)
	}
	logs := f.send(f.server, http.MethodGet, "/v2/bookings/"+id+"?include=logs", "").want(t, http.StatusOK).Body.String()
	if strings.Count(logs, `"force"`) != 2 || strings.Count(logs, `"admin"`) != 2 {
		t.Errorf("the history does not say so: %s", logs)
	}
	if n := value[int](f, `SELECT count(*) FROM events WHERE inputs->'force'->>'message' = 'the room has no roof' AND action = 'force'`); n != 1 {
		t.Errorf("the reason is in %d events", n)
	}
}

// TestForceIsRefused for anybody else, without a reason, and for what no booking can be.
func TestForceIsRefused(t *testing.T) {
	t.Parallel()
	f := setup(t)
	id := f.post(f.server, "/v2/bookings", `{"graph":"instant@2",`+slot(f.room(), 0, 1)+`}`).id(t)
	for _, key := range []string{f.server, f.widget, ""} {
		f.send(key, http.MethodPost, "/v2/bookings/"+id+"/force", `{"state":"cancelled","reason":"x"}`).refused(t, fault.Unauthorized, "")
	}
	f.put(f.server, "/v2/bookings/"+id+"/force", `{"force":{"state":"cancelled"}}`).refused(t, fault.ActionNotAvailable, "")
	f.force(id, "cancelled", " ").refused(t, fault.Invalid, "reason")
	f.force(id, "", "x").refused(t, fault.Invalid, "state")
	f.force(id, "nowhere", "x").refused(t, fault.Invalid, "state")
	f.force(id, "confirmed", "x").refused(t, fault.Invalid, "state")
	f.force(id, "attended", "x").refused(t, fault.Invalid, "state")
	f.force(f.room(), "cancelled", "x").refused(t, fault.NotFound, "")
	if n := value[int](f, `SELECT seq FROM bookings WHERE id = $1`, id); n != 1 {
		t.Errorf("moved %d times", n)
	}
}

// TestForceOnce: a repeat of the request changes nothing more, and has the answer of the first.
func TestForceOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	id := f.post(f.server, "/v2/bookings", `{"graph":"instant",`+slot(f.room(), 0, 1)+`}`).id(t)
	for range 2 {
		f.force(id, "cancelled", "twice", "Idempotency-Key", "once").want(t, http.StatusOK)
	}
	if n := value[int](f, `SELECT seq FROM bookings WHERE id = $1`, id); n != 2 {
		t.Errorf("moved %d times", n)
	}
}
