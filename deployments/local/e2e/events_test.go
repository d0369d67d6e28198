package e2e_test

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// slotAt is the start and end of a stretch of the first of December 2030, as members of a JSON body.
func slotAt(from, to float64) string {
	day := time.Date(2030, 12, 1, 0, 0, 0, 0, time.UTC)
	at := func(hour float64) string {
		return day.Add(time.Duration(hour * float64(time.Hour))).Format(time.RFC3339)
	}
	return fmt.Sprintf(`"start":%q,"end":%q`, at(from), at(to))
}

func (b *bundle) event(t testing.TB, resource string, from, to float64, more string) answer {
	t.Helper()
	return b.post(t, "/v2/events", fmt.Sprintf(`{"resource_id":%q,%s%s}`, resource, slotAt(from, to), more))
}

const firstOfDecember = "/v2/events?start=2030-12-01T00:00:00Z&end=2030-12-02T00:00:00Z"

func TestEventLife(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t)
	made := b.event(t, resource, 12, 13, `,"what":"Lunch","where":"Out","participants":["ada@example.com"],"my_rsvp":"tentative","invite":true`).
		want(t, http.StatusCreated)
	path := "/v2/events/" + made.str("data.id")
	for at, want := range map[string]string{
		"data.what": "Lunch", "data.where": "Out", "data.rsvp": "tentative", "data.allDay": "false", "data.resource_id": resource,
		"data.start": "2030-12-01T13:00:00+01:00", "data.participants.0": "ada@example.com", "data.settings.allow_double_bookings": "false",
	} {
		if got := made.str(at); got != want {
			t.Errorf("%s = %q, want %q", at, got, want)
		}
	}
	if made.header.Get("Location") != path || made.at("data.booking_id") != nil {
		t.Error(made.header, made.body)
	}
	calendar := made.str("data.calendar_id")
	b.post(t, "/v2/bookings", request(resource, "instant", 12)).refused(t, http.StatusConflict, "slot_taken")
	b.event(t, resource, 12.5, 14, "").refused(t, http.StatusConflict, "slot_taken")
	second := b.post(t, "/v2/events/", fmt.Sprintf(`{"calendar_id":%q,%s}`, calendar, slotAt(13, 14))).want(t, http.StatusCreated)
	if second.str("data.resource_id") != resource {
		t.Error(second.body)
	}
	b.put(t, path, `{`+slotAt(12.5, 13.5)+`,"what":"Late lunch"}`).refused(t, http.StatusConflict, "slot_taken")
	if kept := b.get(t, path).want(t, http.StatusOK); kept.body != made.body {
		t.Errorf("a move that was refused changed %s\nto %s", made.body, kept.body)
	}
	moved := b.put(t, path, `{`+slotAt(9, 10)+`}`).want(t, http.StatusOK)
	if moved.str("data.what") != "Lunch" || moved.str("data.start") != "2030-12-01T10:00:00+01:00" {
		t.Error(moved.body)
	}
	b.book(t, resource, "instant", 12)
	b.post(t, "/v2/bookings", request(resource, "instant", 9)).refused(t, http.StatusConflict, "slot_taken")
	b.call(t, http.MethodDelete, path, `{"id":"x"}`).want(t, http.StatusNoContent)
	b.get(t, path).refused(t, http.StatusNotFound, "not_found")
	b.book(t, resource, "instant", 9)
}

// TestEntriesOfBookingsAreReadOnly lists events and bookings together.
func TestEntriesOfBookingsAreReadOnly(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource, elsewhere := b.resource(t), b.resource(t)
	id := b.book(t, resource, "instant", 9)
	b.event(t, resource, 8, 9, "").want(t, http.StatusCreated)
	b.event(t, elsewhere, 8, 9, "").want(t, http.StatusCreated)
	list := b.get(t, firstOfDecember+"&search=resource.id:"+resource).want(t, http.StatusOK)
	if list.str("total") != "2" || list.at("data.0.booking_id") != nil || list.str("data.1.booking_id") != id || list.str("data.1.what") != "Haircut" {
		t.Error(list.body)
	}
	if got := b.get(t, "/v2/bookings/"+id+"?include=event").str("data.event.id"); list.str("data.1.id") != got {
		t.Errorf("the entry is %s, want %s", list.str("data.1.id"), got)
	}
	entry := "/v2/events/" + list.str("data.1.id")
	if one := b.get(t, entry).want(t, http.StatusOK); one.str("data.rsvp") != "accepted" {
		t.Error(one.body)
	}
	b.put(t, entry, `{"what":"Mine"}`).refused(t, http.StatusConflict, "in_use")
	b.call(t, http.MethodDelete, entry, "").refused(t, http.StatusConflict, "in_use")
	b.put(t, "/v2/bookings/"+id+"/cancel", "").want(t, http.StatusOK)
	b.get(t, entry).refused(t, http.StatusNotFound, "not_found")
	if got := b.get(t, firstOfDecember).str("total"); got != "2" {
		t.Errorf("%s entries", got)
	}
	other := tenant(t, plain)
	if got := other.get(t, firstOfDecember).str("total"); got != "0" {
		t.Errorf("another app sees %s entries", got)
	}
	other.get(t, "/v2/events/"+list.str("data.0.id")).refused(t, http.StatusNotFound, "not_found")
	other.put(t, "/v2/events/"+list.str("data.0.id"), `{}`).refused(t, http.StatusNotFound, "not_found")
	other.call(t, http.MethodDelete, "/v2/events/"+list.str("data.0.id"), "").refused(t, http.StatusNotFound, "not_found")
	other.event(t, resource, 20, 21, "").refused(t, http.StatusUnprocessableEntity, "invalid")
}

// TestWholeDays has days that are not 24 hours long, and one without a midnight.
func TestWholeDays(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	for _, c := range []struct{ zone, from, to, start, end string }{
		{"Europe/Berlin", "2030-12-01", "2030-12-02", "2030-12-01T00:00:00+01:00", "2030-12-02T00:00:00+01:00"},
		{"Europe/Berlin", "2026-03-29", "2026-03-30", "2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00"},
		{"America/New_York", "2026-11-01", "2026-11-02", "2026-11-01T00:00:00-04:00", "2026-11-02T00:00:00-05:00"},
		{"America/Santiago", "2026-09-06", "2026-09-07", "2026-09-06T01:00:00-03:00", "2026-09-07T00:00:00-03:00"},
		{"America/Santiago", "2026-09-05", "2026-09-06", "2026-09-05T00:00:00-04:00", "2026-09-06T01:00:00-03:00"},
	} {
		resource := b.post(t, "/v2/resources", fmt.Sprintf(`{"name":"Chair","timezone":%q}`, c.zone)).want(t, http.StatusCreated).str("data.id")
		for _, field := range []string{"all_day", "allDay"} {
			made := b.post(t, "/v2/events", fmt.Sprintf(`{"resource_id":%q,"start":%q,"end":%q,%q:true}`, resource, c.from, c.to, field)).want(t, http.StatusCreated)
			if made.str("data.start") != c.start || made.str("data.end") != c.end || made.str("data.allDay") != "true" {
				t.Errorf("%s %s: %s", c.zone, c.from, made.body)
			}
		}
		hour := func(from string) answer {
			start, err := time.Parse(time.RFC3339, from)
			if err != nil {
				t.Fatal(err)
			}
			return b.post(t, "/v2/bookings", fmt.Sprintf(`{"resource_id":%q,"graph":"instant","start":%q,"end":%q}`,
				resource, start.Format(time.RFC3339), start.Add(time.Hour).Format(time.RFC3339)))
		}
		hour(c.start).refused(t, http.StatusConflict, "slot_taken")
		hour(c.end).want(t, http.StatusCreated)
	}
}

func TestEventsRefuseNonsense(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t)
	faults := b.post(t, "/v2/events", `{"my_rsvp":"maybe","participants":["x"],"settings":7,"start":"2030-12-01"}`).
		refused(t, http.StatusUnprocessableEntity, "invalid")
	for _, field := range []string{"resource_id", "start", "end", "my_rsvp", "participants", "settings"} {
		if faults.at("errors."+field) == nil {
			t.Errorf("nothing is said of %s: %s", field, faults.body)
		}
	}
	for _, path := range []string{"/v2/events", "/v2/events?start=2030-12-01T00:00:00Z", firstOfDecember + "&search=what:x", firstOfDecember + "&search=x"} {
		b.get(t, path).refused(t, http.StatusUnprocessableEntity, "invalid")
	}
	b.event(t, resource, 10, 9, "").refused(t, http.StatusUnprocessableEntity, "invalid")
	b.event(t, resource, 10, 10, `,"all_day":true`).refused(t, http.StatusUnprocessableEntity, "invalid")
	b.event(t, b.resource(t), 9, 10, fmt.Sprintf(`,"calendar_id":%q`, b.event(t, resource, 9, 10, "").str("data.calendar_id"))).
		refused(t, http.StatusUnprocessableEntity, "invalid")
	b.get(t, "/v2/events/nothing").refused(t, http.StatusNotFound, "not_found")
	b.call(t, http.MethodDelete, "/v2/resources/"+resource, "").want(t, http.StatusNoContent)
	b.event(t, resource, 11, 12, "").refused(t, http.StatusUnprocessableEntity, "invalid")
}

// TestEventsAndBookingsForOneSlot: 25 of each at once, and one wins.
func TestEventsAndBookingsForOneSlot(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t)
	var won atomic.Int32
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			path, body := "/v2/bookings", request(resource, "instant", 9)
			if i%2 == 0 {
				path, body = "/v2/events", fmt.Sprintf(`{"resource_id":%q,%s}`, resource, slotAt(9.25, 9.75))
			}
			a, err := b.patiently(t.Context(), http.MethodPost, path, body, "Prefer", "wait=20")
			switch {
			case err != nil:
				t.Error(err)
			case a.status == http.StatusCreated:
				won.Add(1)
			case a.status != http.StatusConflict || a.str("code") != "slot_taken":
				t.Errorf("%s: %d %s", path, a.status, a.body)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 {
		t.Errorf("%d won", won.Load())
	}
	if got := b.get(t, firstOfDecember).str("total"); got != "1" {
		t.Errorf("%s entries", got)
	}
}

// TestAnEventIsMadeOnce repeats a request with its Idempotency-Key.
func TestAnEventIsMadeOnce(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	body := fmt.Sprintf(`{"resource_id":%q,%s}`, b.resource(t), slotAt(9, 10))
	first := b.post(t, "/v2/events", body, "Idempotency-Key", "lunch").want(t, http.StatusCreated)
	again := b.post(t, "/v2/events", body, "Idempotency-Key", "lunch").want(t, http.StatusCreated)
	if first.body != again.body {
		t.Errorf("%s\n%s", first.body, again.body)
	}
}
