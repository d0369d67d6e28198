package postgres_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
)

// from is an instant booking that a hold is to become.
func (b *bundle) from(hold *booking.Booking, from, to float64) *booking.Booking {
	b.t.Helper()
	v := b.at("instant", from, to)
	v.Related.Reservation = &hold.ID
	return v
}

// words puts values beside each other, for comparing many at once.
func words(all ...any) string { return strings.TrimSpace(fmt.Sprintln(all...)) }

// elsewhere takes a booking to a resource of its own.
func elsewhere(b *bundle, v *booking.Booking) {
	r, c := b.newResource(b.app)
	v.Resource, v.Calendar = *r, *c
}

// waiting counts the connections that wait for a lock.
const waiting = `SELECT count(*) = %d FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`

// wantConcluded asserts what a booking leaves on record that gave its place to another: the same as a move of its own, and
// an action that its workflow has still to hear of.
func (b *bundle) wantConcluded(before, by *booking.Booking) {
	t := b.t
	t.Helper()
	how := by.Related.Succeeds()
	move, err := graphOf(t, before.Graph).Next(before.State, how.Action, how.Actor)
	check(t, err)
	after := b.known(before)
	wantEqual(t, "old one", words(after.State, after.Completed, after.Seq, after.Revision),
		words(move.To, true, before.Seq+1, before.Revision+1))
	wantEqual(t, "its time of entry", after.EnteredAt.After(before.EnteredAt) && after.UpdatedAt.Equal(after.EnteredAt), true)
	wantEqual(t, "both move at one moment", after.EnteredAt.Equal(b.transitions(by)[0].At), true)
	last := b.transitions(before)[before.Seq]
	last.At = last.At.UTC()
	wantEqual(t, "transition", fmt.Sprint(last), fmt.Sprint(booking.Transition{
		Seq: after.Seq, Action: how.Action, From: before.State, To: move.To, Actor: how.Actor, Channel: booking.ChannelRelay,
		At: after.EnteredAt.UTC(),
	}))
	b.wantEvent(after)
	b.wantCount(0, `SELECT count(*) FROM occupancies WHERE booking_id = $1`, before.ID)
	b.wantCount(1, `SELECT count(*) FROM actions WHERE booking_id = $1 AND app_id = $2 AND name = $3 AND actor = $4 AND channel = 'relay'
		AND status = 'applied' AND seq = $5 AND decided_at = $6 AND relayed_by = $7 AND code = '' AND NOT relay AND NOT awaited
		AND id = (SELECT action_id FROM transitions t WHERE t.booking_id = $1 AND t.seq = $5)`,
		before.ID, before.AppID, how.Action, how.Actor, after.Seq, after.EnteredAt, by.ID)
	b.wantCount(0, `SELECT count(*) FROM bookings WHERE id = $1 AND deadline_at IS NOT NULL`, before.ID)
}

// wantLost asserts that a booking which is to succeed another is refused and erased, and that nothing else changes. It gets
// past the quick look of its creation, as if the other had changed since.
func (b *bundle) wantLost(what string, v *booking.Booking, code fault.Code) {
	b.t.Helper()
	ties := v.Related
	if code != fault.SlotTaken && ties.Succeeds().Of != v.ID {
		_, err := b.CreateBooking(b.ctx, v, action(v, "confirm"), takesSlot)
		wantCode(b.t, err, code)
	}
	const rows = `SELECT COALESCE(string_agg(x, E'\n' ORDER BY x), '') FROM (SELECT b::text FROM bookings b UNION ALL
		SELECT o::text FROM occupancies o UNION ALL SELECT e::text FROM events e UNION ALL SELECT t::text FROM transitions t UNION ALL
		SELECT a::text FROM actions a WHERE booking_id <> $1 UNION ALL SELECT d::text FROM webhook_deliveries d) x(x)`
	before := first[string](b, rows, v.ID)
	v.Related = booking.Related{}
	in := commit(v, b.create(v))
	b.exec(`UPDATE bookings SET reservation_id = $2, rescheduled_from = $3 WHERE id = $1`, v.ID, ties.Reservation, ties.RescheduledFrom)
	out, err := b.Commit(b.ctx, in)
	check(b.t, err)
	wantEqual(b.t, what, words(out.Result, out.Code, out.Relays, len(out.Wake)), words(booking.ResultGone, code, 0, 0))
	wantEqual(b.t, what+": erased", b.known(v) == nil, true)
	wantEqual(b.t, what+": all else", first[string](b, rows, v.ID), before)
	b.wantCount(1, `SELECT count(*) FROM actions WHERE booking_id = $1 AND status = 'refused' AND code = $2
		AND message <> '' AND inputs = '{}'`, v.ID, code)
	b.sound()
}

func TestHoldBecomesABooking(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*bundle, *booking.Booking){
		"at its time":               func(*bundle, *booking.Booking) {},
		"over its time":             func(_ *bundle, v *booking.Booking) { v.End = v.End.Add(time.Hour) },
		"within its time":           func(_ *bundle, v *booking.Booking) { v.End = v.End.Add(-time.Minute) },
		"at another time":           func(_ *bundle, v *booking.Booking) { v.Start, v.End = v.Start.Add(time.Hour), v.End.Add(time.Hour) },
		"of another resource":       elsewhere,
		"with a buffer":             func(_ *bundle, v *booking.Booking) { v.Settings.BufferSeconds = 600 },
		"over others, on purpose":   func(_ *bundle, v *booking.Booking) { v.Settings.AllowDoubleBookings = true },
		"in spite of busy all days": func(_ *bundle, v *booking.Booking) { v.Settings.IgnoreAllDayEvents = true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			e := b.endpoint("", "")
			hold := b.booked(b.at("reservation", 9, 10))
			b.exec(`UPDATE webhook_endpoints SET awake = false`)
			v := b.from(hold, 9, 10)
			change(b, v)
			check(t, b.HasRoom(b.ctx, v, takesSlot))
			known, out := b.book(v)
			wantEqual(t, "outcome", words(out.Result, out.State, out.Seq, out.Relays), "applied confirmed 1 1")
			wantSame(t, "woken, once", out.Wake, []uuid.UUID{e.ID})
			b.wantHeld(v)
			b.wantEvent(known)
			b.wantConcluded(hold, known)
			wantEqual(t, "hold", b.known(hold).State, "booked")
			wantEqual(t, "the hold was not rescheduled", b.known(hold).Related.RescheduledTo, nil)
			wantEqual(t, "the booking names its hold", *known.Related.Reservation, hold.ID)
			wantSame(t, "told", append(b.told(hold, 2), b.told(v, 1)...), []uuid.UUID{e.ID, e.ID})
			b.wantCount(0, tooClose)
		})
	}
}

func TestHoldStaysWhenItsBookingFindsNoPlace(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.endpoint("", "")
	hold := b.booked(b.at("reservation", 9, 10))
	b.booked(b.at("instant", 10, 11))
	b.wantLost("into the next", b.from(hold, 9.5, 10.5), fault.SlotTaken)
	b.wantLost("at the next's time", b.from(hold, 10, 11), fault.SlotTaken)
	v := b.from(hold, 9, 9.75)
	v.Settings.BufferSeconds = 1800
	b.wantLost("its buffer over the next", v, fault.SlotTaken)
	b.wantCount(1, `SELECT count(*) FROM occupancies WHERE booking_id = $1`, hold.ID)
	wantEqual(t, "hold", b.known(hold).State, "reserved")

	known := b.booked(b.from(hold, 9, 10))
	b.wantConcluded(hold, known)
	b.sound()
}

func TestHoldsThatAreOver(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, end := range map[string]func(hold *booking.Booking){
		"released": func(hold *booking.Booking) { b.played(hold, "release") },
		"expired":  func(hold *booking.Booking) { b.expire(hold) },
		"booked":   func(hold *booking.Booking) { b.played(b.booked(b.from(hold, 9, 10)), "cancel") },
	} {
		hold := b.booked(b.at("reservation", 9, 10))
		end(hold)
		wantEqual(t, "state", b.known(hold).State, name)
		b.wantLost(name, b.from(hold, 9, 10), fault.HoldExpired)
	}
	unborn := b.at("reservation", 9, 10)
	b.create(unborn)
	b.wantLost("not reserved yet", b.from(unborn, 9, 10), fault.HoldExpired)
	other := b.booked(b.at("instant", 12, 13))
	b.wantLost("not a hold", b.from(other, 9, 10), fault.HoldExpired)
	b.wantLost("never made", b.from(b.at("reservation", 9, 10), 9, 10), fault.NotFound)
	self := b.at("instant", 9, 10)
	self.Related.Reservation = &self.ID
	b.wantLost("itself", self, fault.HoldExpired)
	hold := b.booked(b.at("reservation", 15, 16))
	v := b.from(hold, 9, 10)
	in := commit(v, b.create(v))
	b.exec(`UPDATE bookings SET graph_version = 99 WHERE id = $1`, hold.ID)
	_, err := b.Commit(b.ctx, in)
	wantCode(t, err, fault.Internal) // another build may know that graph: worth another try
	wantEqual(t, "the booking waits", b.known(v).State, "initialized")
}

// expire commits what the timer of a hold would.
func (b *bundle) expire(hold *booking.Booking) booking.Outcome {
	b.t.Helper()
	out, err := b.Commit(b.ctx, commit(hold, &booking.Action{
		ID: booking.TimerActionID(hold.ID, hold.Seq, "expire"), Name: "expire", Actor: graphs.ActorTimer,
	}))
	check(b.t, err)
	return out
}

func TestHoldOfAnotherApp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	hold := b.booked(b.at("reservation", 9, 10))
	b.app = b.newApp("thief")
	b.resource, b.calendar = b.newResource(b.app)
	b.wantLost("a hold", b.from(hold, 9, 10), fault.NotFound)
	wantEqual(t, "hold", b.known(hold).State, "reserved")
}

func TestOneHoldHasOneBooking(t *testing.T) {
	t.Parallel()
	b := setup(t)
	hold := b.booked(b.at("reservation", 9, 10))
	ins := make([]booking.CommitInput, 40)
	for i := range ins {
		v := b.from(hold, float64(i%20), float64(i%20+1))
		ins[i] = commit(v, b.create(v))
	}
	outs, errs := make([]booking.Outcome, len(ins)), make([]error, len(ins))
	together(len(ins), func(i int) { outs[i], errs[i] = b.Commit(b.ctx, ins[i]) })
	var winner *booking.Booking
	for i, out := range outs {
		check(t, errs[i])
		switch {
		case out.Result == booking.ResultApplied && winner == nil:
			winner = b.known(&booking.Booking{ID: ins[i].BookingID, AppID: b.app.ID})
		case out.Result != booking.ResultGone || out.Code != fault.HoldExpired:
			t.Errorf("a loser got %+v", out)
		}
	}
	b.wantConcluded(hold, winner)
	b.wantCount(2, `SELECT count(*) FROM bookings`)
	b.wantCount(1, `SELECT count(*) FROM occupancies`)
	b.sound()
}

// TestHoldRunsOutAsItIsBooked commits the end of a hold and the booking it was promised to at the same moment: whichever comes
// first, the promise holds.
func TestHoldRunsOutAsItIsBooked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	seen := map[string]int{}
	for i := range 20 {
		hold := b.booked(b.at("reservation", float64(i), float64(i+1)))
		v := b.from(hold, float64(i), float64(i+1))
		in := commit(v, b.accepted(v))
		release := b.holdBooking(hold) // until both wait for it, in the order of the dice
		outs, errs := make([]booking.Outcome, 2), make([]error, 2)
		done := make(chan struct{})
		start := func(which int) func() {
			if which == 0 {
				return func() { outs[0] = b.expire(hold); done <- struct{}{} }
			}
			return func() { outs[1], errs[1] = b.Commit(b.ctx, in); done <- struct{}{} }
		}
		go start(i % 2)()
		b.until(fmt.Sprintf(waiting, 1))
		go start(1 - i%2)()
		b.until(fmt.Sprintf(waiting, 2))
		release()
		<-done
		<-done
		check(t, errs[1])
		seen[words(outs[0].Result, outs[0].State)]++
		wantEqual(t, "booking", outs[1].Result, booking.ResultApplied)
		b.wantConcluded(hold, b.known(v))
		b.wantHeld(v)
	}
	if len(seen) != 2 || seen["refused reserved"] == 0 || seen["stale booked"] == 0 {
		t.Errorf("%v: this was no race", seen)
	}
	b.sound()
}

// TestHoldMovesForwardInTime lets a hold be extended while its booking waits for it: what comes later bears a later time.
func TestHoldMovesForwardInTime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	hold := b.booked(b.at("reservation", 9, 10))
	v := b.from(hold, 9, 10)
	in, extend := commit(v, b.create(v)), commit(hold, must(b.InsertAction(b.ctx, action(hold, "extend"), "")))
	release := b.holdBooking(hold)
	errs := make(chan error, 2)
	go func() { _, err := b.Commit(b.ctx, extend); errs <- err }()
	b.until(fmt.Sprintf(waiting, 1))
	go func() { _, err := b.Commit(b.ctx, in); errs <- err }()
	b.until(fmt.Sprintf(waiting, 2))
	release()
	check(t, <-errs)
	check(t, <-errs)
	all := b.transitions(hold)
	wantEqual(t, "end", all[len(all)-1].To, "booked")
	for i := range all[1:] {
		if all[i+1].At.Before(all[i].At) {
			t.Errorf("%s at %s comes after %s at %s", all[i+1].Action, all[i+1].At, all[i].Action, all[i].At)
		}
	}
}

// TestConversionRepeated loses the answer of a commit that booked a hold: the repeat tells of what is still to be relayed.
func TestConversionRepeated(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.endpoint("", "")
	hold := b.booked(b.at("reservation", 9, 10))
	v := b.from(hold, 9, 10)
	in := commit(v, b.create(v))
	once := must(b.Commit(b.ctx, in))
	once.Wake = nil
	wantEqual(t, "relays", once.Relays, 1)
	before := b.tables()
	for _, seq := range []int{0, 1, 7} {
		in.Seq = seq
		wantEqual(t, "repeat", words(must(b.Commit(b.ctx, in))), words(once))
	}
	wantEqual(t, "record", b.tables(), before)
	all := must(b.PendingRelays(b.ctx, v.ID))
	wantEqual(t, "relayed", len(all), 1)
	wantEqual(t, "to", all[0].Booking.ID, hold.ID)
	wantEqual(t, "app", all[0].App, "acme")
	wantEqual(t, "action", words(all[0].Action.Name, all[0].Action.Status, all[0].Action.Actor, all[0].Action.Seq), "book applied booking 2")
	wantEqual(t, "the hold has nothing to relay", len(must(b.PendingRelays(b.ctx, hold.ID))), 0)

	told := commit(b.known(hold), &all[0].Action) // what the hold's workflow does with it
	told.Seq, told.Move.From = 1, "reserved"
	wantEqual(t, "the hold's workflow hears", words(must(b.Commit(b.ctx, told))),
		words(booking.Outcome{Result: booking.ResultApplied, State: "booked", Seq: 2, Entered: b.known(hold).EnteredAt}))
	check(t, b.MarkRelayed(b.ctx, all[0].Action.ID))
	wantEqual(t, "relayed, once told", len(must(b.PendingRelays(b.ctx, v.ID))), 0)
	wantEqual(t, "relays of a repeat, once told", must(b.Commit(b.ctx, in)).Relays, 0)
	b.sound()
}

func TestExtend(t *testing.T) {
	t.Parallel()
	b := setup(t)
	hold := b.at("reservation", 9, 10)
	hold.Settings.Timers = graphs.Overrides{"expire": "PT5M"}
	hold = b.booked(hold)
	deadline := func() time.Duration {
		return first[time.Time](b, `SELECT deadline_at FROM bookings WHERE id = $1`, hold.ID).Sub(b.known(hold).EnteredAt)
	}
	wantEqual(t, "deadline", deadline(), 5*time.Minute)
	for i, c := range []struct {
		inputs, timer string
		after         time.Duration
	}{
		{`{"extend": {"reservation_time": "PT90S"}}`, "PT90S", 90 * time.Second},
		{`{"extend": {"other": "PT7S"}, "other": {"reservation_time": "PT8S"}}`, "PT90S", 90 * time.Second},
		{``, "PT90S", 90 * time.Second},
		{`{"extend": {"reservation_time": ""}}`, "PT90S", 90 * time.Second},
		{`{"extend": {"reservation_time": "PT10M"}}`, "PT10M", 10 * time.Minute},
	} {
		a := action(hold, "extend")
		a.Inputs = json.RawMessage(c.inputs)
		before := b.known(hold)
		out := must(b.Commit(b.ctx, commit(before, must(b.InsertAction(b.ctx, a, "")))))
		after := b.known(hold)
		wantEqual(t, "outcome", words(out.Result, out.State, out.Seq, out.Timers, out.Relays),
			fmt.Sprintf("applied reserved %d map[expire:%s] 0", i+2, c.timer))
		wantEqual(t, "settings", after.Settings.Timers["expire"], c.timer)
		wantEqual(t, "deadline", deadline(), c.after)
		wantEqual(t, "entered anew", after.EnteredAt.After(before.EnteredAt), true)
		b.wantEvent(after)
		b.wantCount(1, `SELECT count(*) FROM occupancies WHERE booking_id = $1`, hold.ID)
		wantEqual(t, "the old timer", b.expire(before).Result, booking.ResultStale)
	}
	b.wantConcluded(b.known(hold), b.booked(b.from(hold, 9, 10)))
	b.sound()
}
