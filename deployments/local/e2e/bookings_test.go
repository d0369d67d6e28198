package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
)

const plain = `{}`

func TestInstantLife(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t)
	made := b.post(t, "/v2/bookings?include=attributes,event,calendar,customers,user,resource,available_actions,customer_action_links,logs,meta",
		request(resource, "instant", 9, `,"meta":{"order":7}`)).want(t, http.StatusCreated)
	id := made.str("data.id")
	for path, want := range map[string]string{
		"data.state": "confirmed", "data.graph": "instant", "data.completed": "false", "data.event.what": "Haircut",
		"data.event.rsvp": "accepted", "data.event.start": "2030-12-01T10:00:00+01:00", "data.customers.0.name": "Marty McFly",
		"data.resource.id": resource, "data.user.id": resource, "data.available_actions.0": "cancel", "data.meta.order": "7",
		"data.logs.0.action": "confirm", "data.logs.0.seq": "1", "data.attributes.event_info.what": "Haircut",
	} {
		if got := made.str(path); got != want {
			t.Errorf("%s = %q, want %q", path, got, want)
		}
	}
	if made.header.Get("Location") != "/v2/bookings/"+id || made.header.Get("X-Request-Id") == "" {
		t.Errorf("headers %v", made.header)
	}
	b.post(t, "/v2/bookings", request(resource, "instant", 9)).refused(t, http.StatusConflict, "slot_taken")
	b.post(t, "/v2/bookings", request(resource, "instant", 10)).want(t, http.StatusCreated) // back to back
	b.call(t, http.MethodDelete, "/v2/bookings/"+id, "").refused(t, http.StatusConflict, "not_final")
	cancelled := b.put(t, "/v2/bookings/"+id+"/cancel?include=logs", `{"cancel":{"message":"sorry"}}`).want(t, http.StatusOK)
	if cancelled.str("data.state") != "cancelled" || cancelled.str("data.completed") != "true" || cancelled.str("data.logs.1.action") != "cancel" {
		t.Error(cancelled.body)
	}
	again := b.put(t, "/v2/bookings/"+id+"/confirm", `{}`).refused(t, http.StatusUnprocessableEntity, "action_not_available")
	if got := again.str("error"); got != "Cannot apply action 'confirm' to current state 'cancelled'" {
		t.Error(got)
	}
	b.post(t, "/v2/bookings/", request(resource, "instant", 9)).want(t, http.StatusCreated) // the slot is free again; both slash forms
	b.call(t, http.MethodDelete, "/v2/bookings/"+id, `{"id":"x"}`).want(t, http.StatusNoContent)
	b.get(t, "/v2/bookings/"+id).refused(t, http.StatusNotFound, "not_found")
}

func TestConfirmDecline(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t)
	first, second := b.book(t, resource, "confirm_decline", 9), b.book(t, resource, "confirm_decline", 9)
	b.put(t, "/v2/bookings/"+first+"/confirm", "").want(t, http.StatusOK)
	b.put(t, "/v2/bookings/"+second+"/confirm", "").refused(t, http.StatusConflict, "slot_taken")
	if got := b.state(t, second); got != "tentative" {
		t.Errorf("the loser is %s, want tentative", got)
	}
	b.put(t, "/v2/bookings/"+first+"/cancel", "").want(t, http.StatusOK)
	b.put(t, "/v2/bookings/"+second+"/confirm", "").want(t, http.StatusOK)
	third := b.book(t, resource, "confirm_decline", 9)
	b.put(t, "/v2/bookings/"+third+"/decline", "").want(t, http.StatusOK)
}

func TestPaymentHoldsAndTimesOut(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t)
	held := b.book(t, resource, "instant_payment", 9, `,"settings":{"timers":{"timeout":"PT2S"}}`)
	b.post(t, "/v2/bookings", request(resource, "instant", 9)).refused(t, http.StatusConflict, "slot_taken")
	eventually(t, "unpaid", func() bool { return b.state(t, held) == "unpaid" })
	b.put(t, "/v2/bookings/"+held+"/pay", "").refused(t, http.StatusUnprocessableEntity, "action_not_available")
	paid := b.book(t, resource, "instant_payment", 9)
	b.put(t, "/v2/bookings/"+paid+"/pay", `{"pay":{"payment_id":"pi_1"}}`).want(t, http.StatusOK)
	log := b.get(t, "/v2/bookings/"+held+"?include=logs")
	if log.str("data.logs.1.actor") != "timer" || log.str("data.logs.1.channel") != "timer" {
		t.Error(log.body)
	}
}

func TestDoubleBookingOnPurpose(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t)
	b.book(t, resource, "instant", 9)
	b.book(t, resource, "instant", 9, `,"settings":{"allow_double_bookings":true}`)
	b.post(t, "/v2/bookings", request(resource, "instant", 9)).refused(t, http.StatusConflict, "slot_taken")
}

// TestTwoHundredForOneSlot is the promise: exactly one wins, none hangs.
func TestTwoHundredForOneSlot(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t)
	const crowd = 200
	answers := b.crowd(t, crowd, func(int) (string, string, string) {
		return http.MethodPost, "/v2/bookings", request(resource, "instant", 9)
	})
	count := map[int]int{}
	for _, a := range answers {
		count[a.status]++
	}
	if count[http.StatusCreated] != 1 || count[http.StatusConflict] != crowd-1 {
		t.Errorf("answers %v, want one 201 and %d 409", count, crowd-1)
	}
	if total := b.get(t, "/v2/bookings").str("total"); total != "1" {
		t.Errorf("%s bookings are on record, want 1", total)
	}
}

// TestLosersStartNothing: of a crowd on one slot nobody but the winner leaves an action or a workflow behind, and no loser is told
// to wait.
func TestLosersStartNothing(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t)
	const crowd = 100
	var mu sync.Mutex
	count, winner := map[int]int{}, ""
	var all sync.WaitGroup
	for range crowd {
		all.Go(func() {
			a, err := b.try(t.Context(), http.MethodPost, "/v2/bookings", request(resource, "instant", 9))
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			count[a.status]++
			if a.status < 300 {
				winner = a.str("data.id")
			}
		})
	}
	all.Wait()
	if count[http.StatusCreated]+count[http.StatusAccepted] != 1 ||
		count[http.StatusConflict]+count[http.StatusServiceUnavailable] != crowd-1 {
		t.Fatalf("answers %v, want one winner and %d refusals", count, crowd-1)
	}
	b.eventuallyState(t, winner, "confirmed")
	var left int
	b.record(t, &left, `SELECT count(*) FROM actions a WHERE app_id = (SELECT app_id FROM bookings WHERE id = $1)`, winner)
	if left != 1 {
		t.Errorf("%d actions are on record, want the winner's alone", left)
	}
}

// TestManyActionsOnOneBooking fires the same move from many sides: one is applied, the others hear why not, at once.
func TestManyActionsOnOneBooking(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t)
	for hour := 9; hour < 15; hour++ {
		id := b.book(t, resource, "instant", hour)
		var mu sync.Mutex
		count := map[int]int{}
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				a, err := b.try(t.Context(), http.MethodPut, "/v2/bookings/"+id+"/cancel", "{}", "Prefer", "wait=25")
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				count[a.status]++
			})
		}
		all.Wait()
		late := count[http.StatusAccepted] // on record, and decided behind the others, however slow the machine is
		eventually(t, "all are decided", func() bool {
			return b.rows(t, `SELECT count(*) FROM actions WHERE booking_id = $1 AND status = 'pending'`, id) == 0
		})
		applied := b.rows(t, `SELECT count(*) FROM actions WHERE booking_id = $1 AND name = 'cancel' AND status = 'applied'`, id)
		if applied != 1 || count[http.StatusOK] > 1 || count[http.StatusOK]+count[http.StatusUnprocessableEntity]+late != 50 {
			t.Errorf("%d were applied, want one; the answers are %v", applied, count)
		}
	}
}

func TestWithoutAWorkerActionsAreKept(t *testing.T) {
	t.Parallel()
	b := startOwn(t)
	resource := b.resource(t)
	before := b.book(t, resource, "instant", 9)
	b.stack.StopWorker()
	waiting := b.post(t, "/v2/bookings", request(resource, "instant", 10), "Prefer", "wait=1").want(t, http.StatusAccepted)
	id := waiting.str("data.id")
	if waiting.str("data.state") != "initialized" || waiting.header.Get("Location") != "/v2/bookings/"+id {
		t.Error(waiting.body)
	}
	moved := b.put(t, "/v2/bookings/"+before+"/cancel", "{}", "Prefer", "wait=1", "Idempotency-Key", "once").want(t, http.StatusAccepted)
	if moved.str("data.state") != "confirmed" {
		t.Error(moved.body)
	}
	b.put(t, "/v2/bookings/"+before+"/cancel", "{}", "Prefer", "respond-async", "Idempotency-Key", "once").want(t, http.StatusAccepted)
	b.stack.StartWorker()
	eventually(t, "both applied", func() bool {
		return b.state(t, id) == "confirmed" && b.state(t, before) == "cancelled"
	})
	done := b.put(t, "/v2/bookings/"+before+"/cancel", "{}", "Prefer", "wait=1", "Idempotency-Key", "once").want(t, http.StatusOK)
	if done.str("data.state") != "cancelled" {
		t.Error(done.body)
	}
}

func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t)
	body := request(resource, "instant", 9)
	first := b.post(t, "/v2/bookings", body, "Idempotency-Key", "k1").want(t, http.StatusCreated)
	again := b.post(t, "/v2/bookings", body, "Idempotency-Key", "k1").want(t, http.StatusCreated)
	if again.body != first.body || again.header.Get("Idempotent-Replayed") != "true" || again.header.Get("ETag") != first.header.Get("ETag") {
		t.Errorf("replay differs: %v %s", again.header, again.body)
	}
	b.post(t, "/v2/bookings", request(resource, "instant", 12), "Idempotency-Key", "k1").
		refused(t, http.StatusUnprocessableEntity, "idempotency_key_reused")
	id := first.str("data.id")
	b.put(t, "/v2/bookings/"+id+"/cancel", "{}", "Idempotency-Key", "k2").want(t, http.StatusOK)
	b.put(t, "/v2/bookings/"+id+"/cancel", "{}", "Idempotency-Key", "k2").want(t, http.StatusOK)
	var mu sync.Mutex
	ids := map[string]bool{}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			a, err := b.patiently(t.Context(), http.MethodPost, "/v2/bookings", request(resource, "instant", 20), "Idempotency-Key", "k3")
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				t.Error(err)
			case a.status == http.StatusCreated:
				ids[a.str("data.id")] = true
			case a.status != http.StatusConflict || a.str("code") != "idempotency_key_in_flight":
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
	all.Wait()
	if len(ids) != 1 {
		t.Errorf("one key made %d bookings", len(ids))
	}
}

func TestVersions(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	id := b.book(t, b.resource(t), "instant", 9)
	tag := b.get(t, "/v2/bookings/"+id).header.Get("ETag")
	b.get(t, "/v2/bookings/"+id, "If-None-Match", tag).want(t, http.StatusNotModified)
	changed := b.put(t, "/v2/bookings/"+id+"?include=meta", `{"meta":{"a":1}}`, "If-Match", tag).want(t, http.StatusOK)
	if changed.str("data.meta.a") != "1" || changed.header.Get("ETag") == tag {
		t.Error(changed.body)
	}
	b.put(t, "/v2/bookings/"+id, `{"meta":{"a":2}}`, "If-Match", tag).refused(t, http.StatusPreconditionFailed, "stale")
	b.put(t, "/v2/bookings/"+id+"/cancel", "{}", "If-Match", tag).refused(t, http.StatusPreconditionFailed, "stale")
	b.put(t, "/v2/bookings/"+id, `{"state":"cancelled"}`).refused(t, http.StatusUnprocessableEntity, "invalid")
	b.put(t, "/v2/bookings/"+id+"/cancel", "{}", "If-Match", changed.header.Get("ETag")).want(t, http.StatusOK)
}

func TestLists(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t)
	for hour := range 5 {
		b.book(t, resource, "instant", hour)
	}
	b.book(t, resource, "confirm_decline", 30)
	page := b.get(t, "/v2/bookings?limit=2&page=2&orderBy=event.start&sortedBy=desc&include=event").want(t, http.StatusOK)
	for path, want := range map[string]string{
		"total": "6", "per_page": "2", "current_page": "2", "last_page": "3", "from": "3", "to": "4",
		"data.0.event.start": "2030-12-01T04:00:00+01:00",
	} {
		if got := page.str(path); got != want {
			t.Errorf("%s = %q, want %q", path, got, want)
		}
	}
	for key, number := range map[string]string{"first": "1", "prev": "1", "next": "3", "last": "3"} {
		at := page.str(key + "_page_url")
		if got := b.get(t, at).want(t, http.StatusOK).str("current_page"); got != number || !strings.HasPrefix(at, b.api+"/v2/bookings?") {
			t.Errorf("the %s page is %s, at %s", key, got, at)
		}
	}
	next := b.get(t, page.str("next_page_url")).want(t, http.StatusOK)
	if next.str("current_page") != "3" || next.str("next_page_url") != "" {
		t.Error(next.body)
	}
	for search, want := range map[string]string{
		"graph:instant;state:confirmed": "5", "graph:instant%3Bstate:tentative": "0", "customer.email:*@example.com": "6",
		"customer.name:marty*": "6", "resource.id:" + resource: "6", "state:tentative": "1",
	} {
		if got := b.get(t, "/v2/bookings?search="+search).want(t, http.StatusOK).str("total"); got != want {
			t.Errorf("search %s finds %s, want %s", search, got, want)
		}
	}
	b.get(t, "/v2/bookings?search=nonsense:1").refused(t, http.StatusUnprocessableEntity, "invalid")
	b.get(t, "/v2/bookings?orderBy=1;drop").refused(t, http.StatusUnprocessableEntity, "invalid")
	between := b.get(t, "/v2/bookings?start=2030-12-01T01:00:00Z&end=2030-12-01T03:00:00Z").want(t, http.StatusOK)
	if between.str("total") != "2" {
		t.Error(between.body)
	}
}

func TestBadInputIsToldAllAtOnce(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	bad := b.post(t, "/v2/bookings", `{"resource_id":"x","graph":"nope","start":"2030-01-01 10:00","end":"","customer":{"email":"x"},"meta":[1]}`).
		refused(t, http.StatusUnprocessableEntity, "invalid")
	for _, field := range []string{"resource_id", "graph", "start", "end", "customer.email", "meta"} {
		if !strings.Contains(bad.body, `"`+field+`":[`) {
			t.Errorf("no word of %s in %s", field, bad.body)
		}
	}
	resource := b.resource(t)
	for name, c := range map[string]struct {
		body   string
		status int
		code   string
	}{
		"no JSON":              {`{"resource_id"`, http.StatusBadRequest, "malformed"},
		"a list":               {`[1]`, http.StatusUnprocessableEntity, "invalid"},
		"null character":       {strings.Replace(request(resource, "instant", 1), "Haircut", `a\u0000b`, 1), http.StatusBadRequest, "malformed"},
		"end before start":     {strings.Replace(request(resource, "instant", 1), "2030-12-01T02", "2030-12-01T00", 1), http.StatusUnprocessableEntity, "invalid"},
		"another app's":        {request(start(t).resource(t), "instant", 1), http.StatusUnprocessableEntity, "invalid"},
		"no seats":             {request(resource, "group_owner", 1), http.StatusUnprocessableEntity, "invalid"},
		"a seat of nothing":    {request(resource, "group_customer", 1), http.StatusUnprocessableEntity, "invalid"},
		"a timer out of range": {request(resource, "instant_payment", 1, `,"settings":{"timers":{"timeout":"P100D"}}`), http.StatusUnprocessableEntity, "invalid"},
		"wrong first action":   {request(resource, "instant", 1, `,"action":"cancel"`), http.StatusUnprocessableEntity, "invalid"},
		"too large":            {`{"what":"` + strings.Repeat("x", 1<<20) + `"}`, http.StatusRequestEntityTooLarge, "too_large"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b.post(t, "/v2/bookings", c.body).refused(t, c.status, c.code)
		})
	}
	b.put(t, "/v2/bookings/"+b.book(t, resource, "instant", 3)+"/cancel", `{"cancel":{"message":7}}`).
		refused(t, http.StatusUnprocessableEntity, "invalid")
	if total := b.get(t, "/v2/bookings").str("total"); total != "1" {
		t.Errorf("%s bookings, want the good one only", total)
	}
}

func TestAutoCompleteCanBeSwitchedOff(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t)
	past := func(day int, more string) string {
		return fmt.Sprintf(`{"resource_id":%q,"graph":"instant","start":"2020-01-%02dT10:00:00Z","end":"2020-01-%02dT11:00:00Z"%s}`, resource, day, day, more)
	}
	over := b.post(t, "/v2/bookings", past(1, "")).want(t, http.StatusCreated).str("data.id")
	open := b.post(t, "/v2/bookings", past(2, `,"auto_complete_one_hour_after_booking_ends":{"enabled":false}`)).want(t, http.StatusCreated).str("data.id")
	eventually(t, "completed by its timer", func() bool { return b.state(t, over) == "completed" })
	if got := b.state(t, open); got != "confirmed" {
		t.Errorf("switched off, yet %s", got)
	}
}
