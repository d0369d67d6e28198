package postgres_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
)

// instead is an instant booking that is to replace another one.
func (b *bundle) instead(old *booking.Booking, from, to float64) *booking.Booking {
	b.t.Helper()
	v := b.at("instant", from, to)
	v.Related.RescheduledFrom = &old.ID
	return v
}

// wantReplaced asserts the whole record of a reschedule.
func (b *bundle) wantReplaced(before, by *booking.Booking) {
	b.t.Helper()
	b.wantConcluded(before, by)
	after := b.known(before)
	wantEqual(b.t, "state", after.State, "rescheduled_by_customer")
	wantEqual(b.t, "the old one names the new one", *after.Related.RescheduledTo, by.ID)
	wantEqual(b.t, "the new one names the old one", *by.Related.RescheduledFrom, before.ID)
	wantEqual(b.t, "the new one has no successor", by.Related.RescheduledTo, nil)
	b.wantHeld(by)
	b.wantEvent(by)
	told := func(v *booking.Booking) (ties booking.Related) {
		snapshot := first[json.RawMessage](b, `SELECT data->'related' FROM events WHERE booking_id = $1 AND seq = $2`, v.ID, v.Seq)
		check(b.t, json.Unmarshal(snapshot, &ties))
		return ties
	}
	wantEqual(b.t, "told of the old one", *told(after).RescheduledTo, by.ID)
	wantEqual(b.t, "told of the new one", *told(by).RescheduledFrom, before.ID)
	b.sound()
}

func TestReschedule(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		graph    string
		moves    []string
		from, to float64
		change   func(*bundle, *booking.Booking)
	}{
		"to later":            {"instant", nil, 11, 12, nil},
		"over its old time":   {"instant", nil, 9.5, 10.5, nil},
		"within its old time": {"instant", nil, 9.25, 9.75, nil},
		"around its old time": {"instant", nil, 8.5, 10.25, nil},
		"to the very same":    {"instant", nil, 9, 10, nil},
		"of a confirmed one":  {"confirm_decline", []string{"confirm"}, 9, 11, nil},
		"to another resource": {"instant", nil, 9, 10, elsewhere},
		"over others":         {"instant", nil, 9, 10, func(_ *bundle, v *booking.Booking) { v.Settings.AllowDoubleBookings = true }},
		"to one in no hurry": {"instant", nil, 9, 10, func(_ *bundle, v *booking.Booking) {
			v.Settings.Timers = graphs.Overrides{"complete": "P1D"}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			old := b.played(b.booked(b.at(c.graph, 9, 10)), c.moves...)
			e, left := b.endpoint("", ""), b.endpoint("", "rescheduled_by_customer")
			b.endpoint("", "cancelled")
			v := b.instead(old, c.from, c.to)
			if c.change != nil {
				c.change(b, v)
			}
			check(t, b.HasRoom(b.ctx, v, takesSlot))
			known, out := b.book(v)
			wantEqual(t, "outcome", words(out.Result, out.State, out.Seq, out.Relays), "applied confirmed 1 1")
			wantSame(t, "woken, once", sorted(out.Wake...), sorted(e.ID, left.ID))
			wantSame(t, "told of the old one", b.told(old, old.Seq+1), sorted(e.ID, left.ID))
			wantSame(t, "told of the new one", b.told(v, 1), []uuid.UUID{e.ID})
			b.wantCount(3, `SELECT count(*) FROM webhook_deliveries`)
			b.wantReplaced(old, known)
			b.wantCount(1, `SELECT count(*) FROM occupancies`)
			wantEqual(t, "relayed", must(b.PendingRelays(b.ctx, v.ID))[0].Booking.ID, old.ID)
			b.played(known, "cancel")
			b.booked(b.at("instant", 8, 12))
		})
	}
}

// TestRescheduledBuffers moves a buffered booking within its own buffer, and finds room for nothing else there.
func TestRescheduledBuffers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.wantFits("neighbour", b.at("instant", 11, 12), true)
	old := b.wantFits("old", b.buffered(9, 10, 60), true)
	v := b.instead(old, 9.25, 10.25)
	v.Settings.BufferSeconds = 3600
	wantCode(t, b.HasRoom(b.ctx, v, takesSlot), fault.SlotTaken)
	v, out := b.book(v)
	wantEqual(t, "into its neighbour", words(out.Result, out.Code, v == nil), "gone slot_taken true")
	b.wantHeld(old)
	v = b.instead(old, 8.5, 9.5)
	v.Settings.BufferSeconds = 3600
	check(t, b.HasRoom(b.ctx, v, takesSlot))
	v = b.booked(v)
	b.wantHeld(v)
	b.wantConcluded(old, v)
	b.wantCount(3, `SELECT count(*) FROM occupancies`)
	b.wantFits("in the room that was left", b.at("instant", 10.5, 11), true)
	b.wantFits("not in the new buffer", b.at("instant", 10, 10.5), false)
}

func TestRescheduleRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.endpoint("", "")
	old := b.booked(b.at("instant", 9, 10))
	b.booked(b.at("instant", 10, 11))
	b.wantLost("to a time that is taken", b.instead(old, 10, 11), fault.SlotTaken)
	b.wantLost("into one", b.instead(old, 9.5, 10.5), fault.SlotTaken)
	b.wantHeld(old)

	unconfirmed := b.booked(b.at("confirm_decline", 12, 13))
	b.wantLost("one not confirmed", b.instead(unconfirmed, 14, 15), fault.ActionNotAvailable)
	unborn := b.at("instant", 12, 13)
	b.create(unborn)
	b.wantLost("one not born", b.instead(unborn, 14, 15), fault.ActionNotAvailable)
	over := b.played(b.booked(b.at("instant", 12, 13)), "cancel")
	b.wantLost("one that is over", b.instead(over, 14, 15), fault.ActionNotAvailable)
	b.wantLost("a hold", b.instead(b.booked(b.at("reservation", 12, 13)), 14, 15), fault.ActionNotAvailable)
	b.wantLost("none", b.instead(b.at("instant", 12, 13), 14, 15), fault.NotFound)
	self := b.at("instant", 14, 15)
	self.Related.RescheduledFrom = &self.ID
	b.wantLost("itself", self, fault.ActionNotAvailable)

	moved := b.booked(b.instead(old, 8, 9))
	b.wantReplaced(old, moved)
	b.wantLost("one that was replaced", b.instead(old, 15, 16), fault.ActionNotAvailable)
	again := b.booked(b.instead(moved, 9, 10))
	b.wantReplaced(moved, again)
	b.wantCount(3, `SELECT count(*) FROM bookings WHERE rescheduled_from IS NOT NULL OR rescheduled_to IS NOT NULL`)

	b.app = b.newApp("thief")
	b.resource, b.calendar = b.newResource(b.app)
	b.wantLost("another app's", b.instead(again, 14, 15), fault.NotFound)
}

// TestRescheduleRepeated loses the answer, and that of a refusal.
func TestRescheduleRepeated(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.endpoint("", "")
	old := b.booked(b.at("instant", 9, 10))
	b.booked(b.at("instant", 10, 11))
	var ins []booking.CommitInput
	for _, to := range []float64{10, 9.75, 8.5, 8.5} {
		v := b.instead(old, to, to+0.5)
		ins = append(ins, commit(v, b.create(v)))
	}
	for i, want := range []string{"gone slot_taken 0", "gone slot_taken 0", "applied  1", "gone action_not_available 0"} {
		out := must(b.Commit(b.ctx, ins[i]))
		wantEqual(t, "outcome", words(out.Result, out.Code, out.Relays), want)
		before := b.tables()
		for range 2 {
			out = must(b.Commit(b.ctx, ins[i]))
			wantEqual(t, "repeat", words(out.Result, out.Code, out.Relays), want)
		}
		wantEqual(t, "record", b.tables(), before)
	}
}

func TestOneBookingIsReplacedOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	old := b.booked(b.at("instant", 9, 10))
	ins := make([]booking.CommitInput, 30)
	for i := range ins {
		v := b.instead(old, float64(i%12), float64(i%12)+1)
		ins[i] = commit(v, b.create(v))
	}
	outs, errs := make([]booking.Outcome, len(ins)), make([]error, len(ins))
	together(len(ins), func(i int) { outs[i], errs[i] = b.Commit(b.ctx, ins[i]) })
	won := 0
	for i, out := range outs {
		check(t, errs[i])
		if out.Result == booking.ResultApplied {
			won++
			b.wantReplaced(old, b.known(&booking.Booking{ID: ins[i].BookingID, AppID: b.app.ID}))
			continue
		}
		wantEqual(t, "loser", words(out.Result, out.Code, out.Relays), "gone action_not_available 0")
	}
	wantEqual(t, "winners", won, 1)
	b.wantCount(2, `SELECT count(*) FROM bookings`)
	b.wantCount(2, `SELECT count(*) FROM transitions WHERE booking_id = $1`, old.ID)
}

// TestReplacedAsItIsCancelled plays a reschedule and a cancellation of one booking at the same moment.
func TestReplacedAsItIsCancelled(t *testing.T) {
	t.Parallel()
	b := setup(t)
	seen := map[string]int{}
	for i := range 40 {
		old := b.booked(b.at("instant", float64(i), float64(i)+1))
		v := b.instead(old, float64(i)+0.5, float64(i)+1)
		ins := []booking.CommitInput{commit(v, b.create(v)), commit(old, must(b.InsertAction(b.ctx, action(old, "cancel"), "")))}
		outs, errs := make([]booking.Outcome, 2), make([]error, 2)
		together(2, func(n int) { outs[n], errs[n] = b.Commit(b.ctx, ins[(n+i)%2]) })
		check(t, errs[0])
		check(t, errs[1])
		state := b.known(old).State
		seen[state]++
		wantEqual(t, "the new one stands", b.known(v) != nil, state == "rescheduled_by_customer")
		wantEqual(t, "applied", outs[0].Result == booking.ResultApplied, outs[1].Result != booking.ResultApplied)
		b.wantCount(seen["rescheduled_by_customer"], `SELECT count(*) FROM occupancies`)
	}
	t.Log(seen)
	b.sound()
}

// TestSwap lets two bookings go for each other's time at once, held until both stand in each other's way. Each gets an
// answer in the end, and both keep their place.
func TestSwap(t *testing.T) {
	t.Parallel()
	for _, minutes := range []int{0, 15} {
		t.Run(words(minutes, "minutes of buffer"), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			one, two := b.booked(b.buffered(9, 10, minutes)), b.booked(b.buffered(11, 12, minutes))
			v, w := b.instead(one, 11, 12), b.instead(two, 9, 10)
			v.Settings, w.Settings = one.Settings, two.Settings
			ins := []booking.CommitInput{commit(v, b.create(v)), commit(w, b.create(w))}
			release := b.gate("AFTER DELETE ON occupancies FOR EACH STATEMENT")
			var again atomic.Int64
			outs := make([]booking.Outcome, 2)
			var both sync.WaitGroup
			for i := range ins {
				both.Go(func() { outs[i] = b.insist(b.DB, ins[i], &again) })
			}
			b.until(fmt.Sprintf(waiting, 2))
			release()
			both.Wait()
			for _, out := range outs {
				wantEqual(t, "outcome", words(out.Result, out.Code), "gone slot_taken")
			}
			t.Logf("%d tries were made again", again.Load())
			b.wantHeld(one)
			b.wantHeld(two)
			b.wantCount(2, `SELECT count(*) FROM bookings WHERE state = 'confirmed' AND seq = 1 AND rescheduled_to IS NULL`)
			b.played(two, "cancel")
			b.booked(b.instead(one, 11, 12))
		})
	}
}

// TestNewcomerAtATimeThatIsGivenUp: who wants the time that a reschedule is giving up waits for it, and neither has to try
// twice.
func TestNewcomerAtATimeThatIsGivenUp(t *testing.T) {
	t.Parallel()
	for _, minutes := range []int{0, 15} {
		t.Run(words(minutes, "minutes of buffer"), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			old := b.booked(b.buffered(9, 10, minutes))
			v, n := b.instead(old, 12, 13), b.buffered(9, 10, minutes)
			v.Settings = old.Settings
			ins := []booking.CommitInput{commit(v, b.create(v)), commit(n, b.create(n))}
			release := b.gate("AFTER DELETE ON occupancies FOR EACH STATEMENT")
			var again atomic.Int64
			outs := make([]booking.Outcome, 2)
			var both sync.WaitGroup
			for i := range ins {
				both.Go(func() { outs[i] = b.insist(b.DB, ins[i], &again) })
				b.until(fmt.Sprintf(waiting, i+1))
			}
			release()
			both.Wait()
			wantEqual(t, "the one that moves", outs[0].Result, booking.ResultApplied)
			wantEqual(t, "the newcomer", outs[1].Result, booking.ResultApplied)
			b.wantNoDeadlock()
			b.wantHeld(v)
			b.wantHeld(n)
		})
	}
}

// gate stops everybody at a change of a table until release.
func (b *bundle) gate(change string) (release func()) {
	b.t.Helper()
	b.exec(`CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NEW; END'`)
	b.exec(`CREATE TRIGGER stop ` + change + ` EXECUTE FUNCTION stop()`)
	tx, err := b.look.Begin(b.ctx)
	check(b.t, err)
	_, err = tx.Exec(b.ctx, `SELECT pg_advisory_xact_lock(1)`)
	check(b.t, err)
	b.t.Cleanup(func() { _ = tx.Rollback(context.Background()) }) // a test that fails does not wait for itself
	return func() { check(b.t, tx.Rollback(b.ctx)) }
}

// TestRescheduleRace moves bookings about one day from many sides, with and without buffers: each chain keeps one place,
// and what is refused changes nothing.
func TestRescheduleRace(t *testing.T) {
	t.Parallel()
	b := setup(t)
	db := b.crowd()
	var again, moved atomic.Int64
	const chains, moves = 8, 15
	alive := make([]*booking.Booking, chains)
	for i := range alive {
		alive[i] = b.booked(b.buffered(float64(i)*3, float64(i)*3+1, 15*(i%3)))
	}
	together(chains, func(i int) {
		for range moves {
			from := float64(rand.IntN(4*24)) / 4
			v := b.instead(alive[i], from, from+float64(1+rand.IntN(4))/4)
			v.Settings = alive[i].Settings
			if out := b.insist(db, commit(v, b.create(v)), &again); out.Result == booking.ResultApplied {
				alive[i] = b.known(v)
				moved.Add(1)
			} else if out.Code != fault.SlotTaken {
				t.Errorf("outcome %+v", out)
			}
		}
	})
	t.Logf("%d moved, %d tries were made again", moved.Load(), again.Load())
	if n := moved.Load(); n < chains {
		t.Errorf("only %d moved", n)
	}
	b.wantCount(0, tooClose)
	b.wantCount(chains, `SELECT count(*) FROM bookings WHERE NOT completed`)
	b.wantCount(chains, `SELECT count(DISTINCT booking_id) FROM occupancies`)
	for _, v := range alive {
		b.wantHeld(b.known(v))
	}
	b.wantCount(int(moved.Load()), `SELECT count(*) FROM bookings o JOIN bookings n ON n.id = o.rescheduled_to AND n.rescheduled_from = o.id
		WHERE o.state = 'rescheduled_by_customer' AND o.seq = 2 AND n.entered_at >= o.entered_at`)
	b.wantCount(0, `SELECT count(*) FROM bookings b WHERE seq <> (SELECT count(*) FROM transitions t WHERE t.booking_id = b.id)
		OR seq <> (SELECT count(*) FROM events e WHERE e.booking_id = b.id)`)
	b.wantCount(0, `SELECT count(*) FROM transitions t JOIN transitions n ON n.booking_id = t.booking_id AND n.seq = t.seq + 1
		WHERE n.at < t.at`)
}
