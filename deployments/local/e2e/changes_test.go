package e2e_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// changes reads what comes after a place, once.
func (b *bundle) changes(t testing.TB, after, more string) answer {
	t.Helper()
	path := "/v2/events?after=" + url.QueryEscape(after) + more
	a := b.get(t, path).want(t, http.StatusOK)
	a.promised(t, http.MethodGet, path)
	return a
}

// each calls do with the paths of an answer's entries.
func (a answer) each(do func(entry string)) {
	for i := 0; a.at(fmt.Sprintf("data.%d.id", i)) != nil; i++ {
		do(fmt.Sprintf("data.%d.", i))
	}
}

// follow reads changes by cursor, a few at a time, until it has n.
func (b *bundle) follow(t testing.TB, after string, n int) (ids []string, next string) {
	t.Helper()
	eventually(t, fmt.Sprintf("%d changes", n), func() bool {
		a := b.changes(t, after, "&limit=3")
		a.each(func(entry string) { ids = append(ids, a.str(entry+"id")) })
		after = a.str("next_after")
		return len(ids) >= n
	})
	return ids, after
}

// TestAReceiverThatWasDownCatchesUp reads by cursor what it has missed, and finds each change once.
func TestAReceiverThatWasDownCatchesUp(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t)
	hears := newReceiver(t, ok)
	hook := b.webhook(t, hears.URL, "").str("data.id")
	b.book(t, resource, "instant", 1)
	_, known := b.follow(t, "", 1)
	hears.waitFor(t, 1)
	b.call(t, http.MethodDelete, "/v2/webhooks/"+hook, "").want(t, http.StatusNoContent)
	const bookings = 5
	for hour := range bookings {
		id := b.book(t, resource, "confirm_decline", 2+hour)
		b.put(t, "/v2/bookings/"+id+"/confirm", "").want(t, http.StatusOK)
	}
	missed, next := b.follow(t, known, 2*bookings)
	seen := map[string]bool{}
	for _, id := range missed {
		seen[id] = true
	}
	if len(missed) != 2*bookings || len(seen) != len(missed) || seen[known] {
		t.Errorf("%d changes, %d different", len(missed), len(seen))
	}
	if a := b.changes(t, next, ""); a.str("next_after") != next || a.at("has_more") != false || a.str("data.0") != "" {
		t.Errorf("when nothing is new: %s", a.body)
	}
	if got := "evt_" + strings.TrimPrefix(hears.all()[0].header.Get("webhook-id"), "evt_"); got != known {
		t.Errorf("the webhook said %s, the list %s", got, known)
	}
}

func TestChangesTellWhatHappened(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t)
	before := time.Now().Add(-time.Second).UTC().Format(time.RFC3339)
	id := b.book(t, resource, "instant", 9)
	b.put(t, "/v2/bookings/"+id+"/cancel", `{"cancel":{"message":"sorry"}}`).want(t, http.StatusOK)
	ids, _ := b.follow(t, "", 2)
	one := b.get(t, "/v2/events/"+ids[1]).want(t, http.StatusOK)
	one.promised(t, http.MethodGet, "/v2/events/"+ids[1])
	for path, want := range map[string]string{
		"id": ids[1], "type": "booking.cancelled", "sequence": "2", "booking_id": id, "graph": "instant", "previous_state": "confirmed",
		"state": "cancelled", "action": "cancel", "actor": "api", "channel": "api", "inputs.cancel.message": "sorry", "data.state": "cancelled",
		"data.customers.0.name": "Marty McFly", "data.event.start": "2030-12-01T10:00:00+01:00",
	} {
		if got := one.str("data." + path); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
	if shown := b.get(t, "/v2/events/"+ids[0], "Timekit-Timezone", "Asia/Kathmandu").str("data.timestamp"); !strings.HasSuffix(shown, "+05:45") {
		t.Errorf("timestamp %s", shown)
	}
	for more, want := range map[string]int{
		"&types=booking.cancelled": 1, "&types=bookings.create,bookings.delete": 2, "&types=endpoint.*": 0, "&booking_id=" + id: 2,
		"&graph=instant_payment": 0, "&state=confirmed": 1, "&project_id=" + id: 0, "&limit=1": 1, "": 2,
	} {
		got := 0
		b.changes(t, before, more).each(func(string) { got++ })
		if got != want {
			t.Errorf("%q lists %d, want %d", more, got, want)
		}
	}
	if a := b.changes(t, "", "&limit=1"); a.at("has_more") != true || a.str("next_after") != ids[0] {
		t.Errorf("%s", a.body)
	}
	later := time.Now().Add(time.Minute).Format(time.RFC3339) // with a "+" that nobody has escaped
	if a := b.get(t, "/v2/events?after="+later).want(t, http.StatusOK); a.str("data.0") != "" {
		t.Errorf("from the future came %s", a.body)
	}
	b.call(t, http.MethodDelete, "/v2/bookings/"+id, "").want(t, http.StatusNoContent)
	b.get(t, "/v2/events/"+ids[0]).refused(t, http.StatusNotFound, "not_found")
	if a := b.changes(t, ids[0], ""); a.str("data.0") != "" {
		t.Errorf("of an erased booking is left %s", a.body)
	}
}

func TestChangesAreAskedForRightly(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	for query, field := range map[string]string{
		"after=yesterday": "after",
		"after=evt_":      "after",
		"after=evt_x":     "after",
		"after=evt_00000000-0000-0000-0000-000000000000":  "after",
		"after=evt_c0ffee00-0000-4000-8000-000000000000":  "after", // not of a time
		"after=evt_ffffffff-ffff-7fff-bfff-ffffffffffff":  "after", // of one that is far
		"after=c0ffee00-0000-4000-8000-000000000000":      "after",
		"after=1969-12-31T00:00:00Z":                      "after",
		"after=&limit=0":                                  "limit",
		"after=&limit=101":                                "limit",
		"after=&limit=all":                                "limit",
		"after=&types=booking.confirmd":                   "types",
		"after=&booking_id=7":                             "booking_id",
		"after=&project_id=evt_x":                         "project_id",
		"start=2030-12-01T00:00:00Z&Timekit-Timezone=UTC": "end", // without after, the rules for entries hold
	} {
		a := b.get(t, "/v2/events?"+query).refused(t, http.StatusUnprocessableEntity, "invalid")
		if a.at("errors."+field) == nil {
			t.Errorf("%s: %s", query, a.body)
		}
	}
	for _, path := range []string{"/v2/events/evt_x", "/v2/events/evt_c0ffee00-0000-4000-8000-000000000000"} {
		b.get(t, path).refused(t, http.StatusNotFound, "not_found")
	}
}

// TestChangesAreTheAppsOwn asks as another app, as a resource and as a widget.
func TestChangesAreTheAppsOwn(t *testing.T) {
	t.Parallel()
	b, thief := tenant(t, plain), tenant(t, plain)
	b.book(t, b.resource(t), "instant", 9)
	ids, _ := b.follow(t, "", 1)
	thief.get(t, "/v2/events/"+ids[0]).refused(t, http.StatusNotFound, "not_found")
	if a := thief.changes(t, ids[0], ""); a.str("data.0") != "" {
		t.Errorf("another app reads %s", a.body)
	}
	widget, resource := *b, b.member(t)
	widget.key = b.post(t, "/v2/keys", `{"kind":"widget"}`).want(t, http.StatusCreated).str("data.key")
	for _, path := range []string{"/v2/events?after=", "/v2/events?after=" + ids[0], "/v2/events/" + ids[0]} {
		widget.get(t, path).refused(t, http.StatusForbidden, "forbidden")
		resource.do(t, http.MethodGet, path, "").refused(t, http.StatusForbidden, "forbidden")
	}
}
