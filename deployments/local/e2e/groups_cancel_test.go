package e2e_test

import (
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"testing"
)

// fill sells seats of a session, some at a time, and returns their ids.
func (b *bundle) fill(t *testing.T, session string, seats int) []string {
	t.Helper()
	ids := make([]string, seats)
	var all sync.WaitGroup
	for lane := range 8 {
		all.Go(func() {
			for i := lane; i < seats; i += 8 {
				a, err := b.patiently(t.Context(), http.MethodPost, "/v2/bookings", seat(session, "group_customer"))
				if err != nil || a.status != http.StatusCreated {
					t.Errorf("seat %d: %v %s", i, err, a.body)
				}
				ids[i] = a.str("data.id")
			}
		})
	}
	all.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return ids
}

// ended tells how many seats a cancelled session has ended.
func (b *bundle) ended(t testing.TB) int {
	t.Helper()
	n, err := strconv.Atoi(b.get(t, "/v2/bookings?search=graph:group_customer;state:cancelled_by_owner&limit=1").want(t, http.StatusOK).str("total"))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestAnOwnersCancelEndsEverySeat: each customer's booking ends with the owner's message, and is told of once.
func TestAnOwnersCancelEndsEverySeat(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	hears := newReceiver(t, ok)
	b.webhook(t, hears.URL, "")
	const seats = 60
	session := b.session(t, b.resource(t), 9, seats+1)
	ids := b.fill(t, session, seats)
	left := b.sit(t, session, "group_customer")
	b.put(t, "/v2/bookings/"+left+"/cancel_by_customer", "").want(t, http.StatusOK)
	waiting := b.post(t, "/v2/bookings", seat(session, "group_customer_payment")).want(t, http.StatusCreated).str("data.id")
	b.put(t, "/v2/bookings/"+session+"/cancel", `{"cancel":{"message":"The teacher is ill."}}`).want(t, http.StatusOK)
	eventually(t, "every seat ends", func() bool { return b.ended(t) == seats })
	eventually(t, "the one that was not paid for ends", func() bool { return b.state(t, waiting) == "cancelled_by_owner" })
	if got := b.state(t, left); got != "cancelled_by_customer" {
		t.Errorf("who had left before is %s", got)
	}
	b.taken(t, session, "0")
	var heard int
	b.record(t, &heard, `SELECT count(*) FROM actions WHERE relayed_by = $1 AND inputs->'cancel_by_owner'->>'message' = 'The teacher is ill.'
		AND status = 'applied' AND told`, session)
	if heard != seats+1 {
		t.Errorf("%d of %d seats have the owner's message", heard, seats+1)
	}
	log := b.get(t, "/v2/bookings/"+ids[0]+"?include=logs")
	if log.str("data.logs.1.action") != "cancel_by_owner" || log.str("data.logs.1.channel") != "relay" || log.str("data.logs.2.seq") != "" {
		t.Error(log.body)
	}
	told := b.told(t, hears, session)
	if len(told) != seats+3 {
		t.Errorf("%d bookings are told of, want %d", len(told), seats+3)
	}
	for _, id := range append(ids, waiting) {
		if states := told[id]; len(states) != 2 || states[1] != "cancelled_by_owner" {
			t.Errorf("told of %s: %v", id, states)
		}
	}
}

// TestKillNineWhileASessionIsCancelled kills the service when the first of many seats has heard; the rest hear after the
// restart, each once.
func TestKillNineWhileASessionIsCancelled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const seats = 60
	p := spawn(t, dir)
	session := p.session(t, p.resource(t), 9, seats)
	ids := p.fill(t, session, seats)
	p.put(t, "/v2/bookings/"+session+"/cancel", `{"cancel":{"message":"Flooded."}}`, "Prefer", "respond-async").want(t, http.StatusAccepted)
	eventually(t, "the first seat ends", func() bool { return p.ended(t) > 0 })
	p.kill(t)

	p = spawn(t, dir)
	before := p.ended(t)
	eventually(t, "every seat ends", func() bool { return p.ended(t) == seats })
	t.Logf("%d of %d seats had ended when the service came back", before, seats)
	if got := p.state(t, session); got != "cancelled" {
		t.Errorf("the session is %s", got)
	}
	for _, id := range ids {
		log := p.get(t, "/v2/bookings/"+id+"?include=logs")
		if log.str("data.logs.1.action") != "cancel_by_owner" || log.str("data.logs.2.seq") != "" {
			t.Errorf("%s: %s", id, log.body)
		}
	}
	if left := p.get(t, fmt.Sprintf("/v2/bookings/groups/%s", session)).str("data.attributes.group_booking.current_seats"); left != "0" {
		t.Errorf("%s seats are still taken", left)
	}
}
