package postgres_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/policy"
)

// setCapacity gives the bundle's resource so many units.
func (b *bundle) setCapacity(units int) {
	b.t.Helper()
	b.resource.NewCapacity = units
	check(b.t, b.UpdateResource(b.ctx, b.resource))
	wantEqual(b.t, "the capacity that is told", b.resource.Capacity, units)
}

// of is an instant booking of some units.
func (b *bundle) of(units int, from, to float64) *booking.Booking {
	b.t.Helper()
	v := b.at("instant", from, to)
	v.Units = units
	return v
}

// wantRoom books and asserts whether that works: the quick look and the claim say the same, and a loser leaves no row.
func (b *bundle) wantRoom(what string, v *booking.Booking, fits bool) *booking.Booking {
	b.t.Helper()
	const rows = `SELECT COALESCE(string_agg(o::text, E'\n' ORDER BY o::text), '') FROM occupancies o`
	before := first[string](b, rows)
	if err := b.HasRoom(b.ctx, v, takesSlot); (err == nil) != fits || (err != nil && fault.CodeOf(err) != fault.SlotTaken) {
		b.t.Errorf("%s: the quick look says %v", what, err)
	}
	b.wantClaimable(what, v, fits)
	known, out := b.book(v)
	if fits {
		wantEqual(b.t, what, out.Result, booking.ResultApplied)
		return known
	}
	wantEqual(b.t, what, words(out.Result, out.Code), words(booking.ResultGone, fault.SlotTaken))
	wantEqual(b.t, what+": rows", first[string](b, rows), before)
	return known
}

// peak is how many units bookings take at most at a time, with what is claimed, by a walk over all starts.
const peak = `SELECT COALESCE(max(n), 0)::int FROM (SELECT sum(o.units) AS n FROM occupancies m JOIN occupancies o
	ON o.resource_id = m.resource_id AND o.during @> lower(m.during) AND COALESCE(lower(o.layer), 0) = 0 AND o.claimant IS NULL
	WHERE COALESCE(lower(m.layer), 0) = 0 GROUP BY m.id) counts`

func TestUnitsOfFive(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.setCapacity(5)
	three := b.wantRoom("three of five", b.of(3, 9, 11), true)
	wantEqual(t, "units on record", three.Units, 3)
	wantEqual(t, "its resource's", three.Resource.Capacity, 5)
	b.wantRoom("three more", b.of(3, 10, 12), false)
	b.wantRoom("three right after", b.of(3, 11, 12), true)
	b.wantRoom("two more", b.of(2, 10, 12), true)
	b.wantRoom("one too many", b.at("instant", 10.5, 10.75), false)
	b.wantRoom("where two are left", b.of(2, 9, 10), true)
	b.wantRoom("all, of nothing", b.of(5, 12, 13), true)
	b.wantRoom("more than there are", b.of(6, 14, 15), false)
	b.wantCount(5, peak)
	b.played(three, "cancel")
	b.wantRoom("in the room that is left", b.of(3, 9, 11), true)
	b.sound()
}

// TestLongOverShort: a long booking needs a unit at every moment, not the same one all the time.
func TestLongOverShort(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.setCapacity(3)
	for i := range 12 { // two at a time, each meeting its neighbours: no two lanes are free for long
		b.wantRoom("short", b.at("instant", float64(i)*0.5, float64(i)*0.5+1), true)
	}
	b.wantRoom("long", b.at("instant", 0, 6.5), true)
	b.wantRoom("once more", b.at("instant", 0, 6.5), false)
	b.wantRoom("where the shorts end", b.at("instant", 6, 24), true)
	b.wantRoom("a moment of the full time", b.at("instant", 5.75, 6.25), false)
	b.wantCount(3, peak)
}

// TestTwoHundredForFive: of a crowd that wants one unit each at one time, exactly as many have it as there are, and each loser is told so.
func TestTwoHundredForFive(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.setCapacity(5)
	db := b.crowd()
	const crowd = 200
	all, errs := make([]*booking.Booking, crowd), make([]error, crowd)
	for i := range all {
		all[i] = b.at("instant", 9, 10+float64(i%7)/4)
	}
	firsts := make([]*booking.Action, crowd)
	together(crowd, func(i int) {
		firsts[i], errs[i] = db.CreateBooking(b.ctx, all[i], action(all[i], "confirm"), takesSlot)
	})
	won := 0
	for i, err := range errs {
		if err == nil {
			won++
			out := must(b.Commit(b.ctx, commit(all[i], firsts[i])))
			wantEqual(t, "a winner", out.Result, booking.ResultApplied)
		} else {
			wantCode(t, err, fault.SlotTaken)
		}
	}
	wantEqual(t, "winners", won, 5)
	b.wantCount(5, `SELECT count(*) FROM bookings`)
	b.wantCount(5, `SELECT count(*) FROM occupancies WHERE NOT claimed`)
	b.wantNoDeadlock()
	b.sound()
}

// TestCommitsCountUnits is the same where nothing was claimed before: the commits themselves race.
func TestCommitsCountUnits(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.setCapacity(5)
	wantEqual(t, "winners", b.raceConfirms(b.crowd(), 60), 5)
	b.wantNoDeadlock()
	b.sound()
}

// TestConfirmClaimsUnits: a tentative request takes nothing, its confirmation all of its units, and a claim that comes to nothing gives
// them back.
func TestConfirmClaimsUnits(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.setCapacity(4)
	request := func() *booking.Booking {
		v := b.at("confirm_decline", 9, 10)
		v.Units = 3
		return b.booked(v)
	}
	one, two := request(), request()
	a := must(b.ask(one, "confirm"))
	_, err := b.ask(two, "confirm")
	wantCode(t, err, fault.SlotTaken)
	b.wantRoom("what is left beside the claim", b.at("instant", 9, 10), true)
	b.wantRoom("one more", b.at("instant", 9, 10), false)
	out := must(b.Commit(b.ctx, booking.CommitInput{
		BookingID: one.ID, Seq: one.Seq, ActionID: a.ID, Actor: a.Actor, Refusal: &booking.Refusal{Code: fault.ActionNotAvailable, Message: "no"},
	}))
	wantEqual(t, "lost", out.Result, booking.ResultRefused)
	b.wantCount(1, peak)
	two = b.played(two, "confirm")
	wantEqual(t, "confirmed", two.State, "confirmed")
	b.wantCount(4, peak)
	b.sound()
}

// TestMovesCountOnce moves a booking within a full hall: it does not stand in its own way, and gains nothing.
func TestMovesCountOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.setCapacity(4)
	old := b.wantRoom("the one", b.of(3, 9, 11), true)
	b.wantRoom("its neighbour", b.of(1, 9, 12), true)
	moved := func(units int, from, to float64) *booking.Booking {
		v := b.instead(old, from, to)
		v.Units = units
		return v
	}
	check(t, b.HasRoom(b.ctx, moved(3, 10, 12), takesSlot))
	wantCode(t, b.HasRoom(b.ctx, moved(4, 10, 12), takesSlot), fault.SlotTaken)
	b.wantLost("more than are left", moved(4, 9, 11), fault.SlotTaken)

	v := moved(3, 10, 12)
	a := b.accepted(v)
	b.wantRoom("beside the two of them, where neither takes more", b.of(1, 10, 11), false)
	b.wantRoom("in the old time", b.of(1, 9, 10), false)
	b.wantRoom("in the new time", b.of(1, 11, 12), false)
	b.wantRoom("after both", b.of(4, 12, 13), true)
	wantEqual(t, "moved", must(b.Commit(b.ctx, commit(v, a))).Result, booking.ResultApplied)
	b.wantRoom("in the time that was left", b.of(3, 9, 10), true)
	b.sound()
}

// TestAClaimBesideItsOwnCountsOnce: while holds become bookings, their units count once. So nobody is refused a unit that is free, nor the
// one they hold.
func TestAClaimBesideItsOwnCountsOnce(t *testing.T) {
	t.Parallel()
	for _, minutes := range []int{0, 15} {
		b := setup(t)
		b.setCapacity(5)
		hold := func() *booking.Booking {
			v := b.at("reservation", 9, 10)
			v.Settings.BufferSeconds = minutes * 60
			return b.booked(v)
		}
		become := func(hold *booking.Booking) *booking.Booking {
			v := b.from(hold, 9, 10)
			v.Settings.BufferSeconds = minutes * 60
			return v
		}
		var held []*booking.Booking
		for range 4 {
			held = append(held, hold())
		}
		all, firsts := make([]*booking.Booking, 5), make([]*booking.Action, 5)
		for i, one := range held {
			all[i] = become(one)
			firsts[i] = b.accepted(all[i])
		}
		fifth := hold() // it fits beside four holds and their four claims
		b.wantRoom("a sixth", b.at("instant", 9, 10), false)
		all[4] = become(fifth)
		firsts[4] = b.accepted(all[4])
		for i, v := range all {
			wantEqual(t, "became a booking", must(b.Commit(b.ctx, commit(v, firsts[i]))).Result, booking.ResultApplied)
			b.wantCount(5, peak)
		}
		b.wantRoom("a sixth", b.at("instant", 9, 10), false)
		b.sound()
	}
}

// TestCapacityLowered keeps what is booked, sells nothing new until there is room, and lets those who hold more than there is keep or
// shorten what they hold.
func TestCapacityLowered(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.setCapacity(5)
	hold := b.at("reservation", 9, 10)
	hold.Units = 2
	hold = b.booked(hold)
	var others []*booking.Booking
	for range 3 {
		others = append(others, b.booked(b.at("instant", 9, 10)))
	}
	b.setCapacity(3)
	b.wantCount(5, peak)
	b.wantRoom("one more", b.at("instant", 9.5, 10), false)
	b.wantRoom("where nothing is", b.of(3, 10, 11), true)
	kept := b.from(hold, 9, 10)
	kept.Units = 3
	wantCode(t, b.HasRoom(b.ctx, kept, takesSlot), fault.SlotTaken)
	kept.Units = 2
	check(t, b.HasRoom(b.ctx, kept, takesSlot))
	b.booked(kept)
	wantCode(t, b.HasRoom(b.ctx, b.instead(others[0], 9, 10.25), takesSlot), fault.SlotTaken)
	b.booked(b.instead(others[0], 9, 9.75))
	won := b.instead(others[1], 8.75, 10)
	won.Units = 2
	wantCode(t, b.tried(won), fault.SlotTaken)
	b.played(others[1], "cancel")
	b.wantRoom("as full as it may be from 9.75 on", b.at("instant", 9.75, 10), false)
	b.played(others[2], "cancel")
	b.wantRoom("as full as it may be before", b.at("instant", 9, 10), false)
	b.wantRoom("room again", b.at("instant", 9.75, 10), true)
	b.sound()
}

// TestKindsChange: a resource becomes several and one again, with bookings of both times there.
func TestKindsChange(t *testing.T) {
	t.Parallel()
	b := setup(t)
	alone := b.wantRoom("alone", b.buffered(9, 10, 15), true)
	b.wantRoom("beside it", b.at("instant", 9, 10), false)
	b.setCapacity(3)
	b.wantCount(2, `SELECT count(*) FROM occupancies WHERE exclusive AND units = 1`)
	b.wantRoom("all beside one", b.of(3, 9, 10), false)
	two := b.wantRoom("two beside it", b.of(2, 9, 10), true)
	b.wantRoom("one too many", b.at("instant", 9, 10), false)
	b.wantRoom("in its buffer", b.of(2, 10, 10.25), true)
	b.wantRoom("in its buffer, too many", b.at("instant", 10, 10.25), false)
	later := b.wantRoom("later", b.of(1, 12, 13), true)
	b.wantCount(0, `SELECT count(*) FROM occupancies WHERE exclusive AND booking_id <> $1`, alone.ID)

	b.setCapacity(1)
	b.wantRoom("over one that was counted", b.at("instant", 12.5, 14), false)
	b.wantRoom("beside those of before", b.at("instant", 9, 10), false)
	b.played(alone, "cancel")
	b.wantRoom("beside the two", b.at("instant", 9, 10), false)
	b.played(two, "cancel")
	b.wantRoom("alone again", b.at("instant", 9, 10), true)
	b.wantRoom("more than there is", b.of(2, 15, 16), false)
	b.wantCount(1, `SELECT count(*) FROM occupancies WHERE exclusive`)

	b.setCapacity(2)
	b.wantRoom("beside the later one", b.at("instant", 12, 13), true)
	b.played(later, "cancel")
	b.sound()
}

// TestCapacityWaitsForThoseUnderWay stops a claim before its row is there: the capacity changes behind it, whoever comes then sees it.
func TestCapacityWaitsForThoseUnderWay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ before, after, units int }{{1, 2, 2}, {3, 1, 1}, {3, 2, 2}} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.setCapacity(c.before)
			release := b.gate(`BEFORE INSERT ON occupancies FOR EACH ROW`)
			first, next := b.of(1, 9, 10), b.of(c.units, 9, 10)
			var all sync.WaitGroup
			errs := make([]error, 3)
			all.Go(func() { _, errs[0] = b.try(first) })
			b.until(fmt.Sprintf(waiting, 1))
			all.Go(func() {
				r := *b.resource
				r.NewCapacity = c.after
				errs[1] = b.UpdateResource(b.ctx, &r)
			})
			b.until(fmt.Sprintf(waiting, 2))
			all.Go(func() { _, errs[2] = b.try(next) })
			b.until(fmt.Sprintf(waiting, 3))
			release()
			all.Wait()
			check(t, errs[0])
			check(t, errs[1])
			wantCode(t, errs[2], fault.SlotTaken)
			b.wantNoDeadlock()
		})
	}
}

// TestEventsTakeAllUnits: an event of the calendar keeps every unit, meets no booking, and lies beside all-day events as ever.
func TestEventsTakeAllUnits(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.setCapacity(3)
	event := func(from, to float64, change ...func(*booking.CalendarEvent)) error {
		v := b.at("instant", from, to)
		e := &booking.CalendarEvent{ID: newID(), AppID: b.app.ID, Resource: *b.resource, CalendarID: b.calendar.ID, Start: v.Start, End: v.End}
		for _, do := range change {
			do(e)
		}
		return b.CreateCalendarEvent(b.ctx, e)
	}
	one := b.wantRoom("one", b.at("instant", 9, 10), true)
	wantCode(t, event(9.5, 11), fault.SlotTaken)
	check(t, event(10, 11))
	wantCode(t, event(10.5, 12), fault.SlotTaken)
	b.wantRoom("in an event", b.at("instant", 10.5, 11), false)
	b.wantRoom("up to it", b.of(2, 9, 10), true)
	b.wantRoom("its buffer in the event", b.buffered(11, 12, 15), false)
	b.wantRoom("its buffer next to it", b.buffered(11.25, 12, 15), true)
	check(t, event(13, 14, func(e *booking.CalendarEvent) { e.Settings.AllowDoubleBookings = true }))
	b.wantRoom("in an event above others", b.at("instant", 13, 14), false)

	b.busy(24, 48, true)
	b.wantRoom("in an all-day event", b.at("instant", 30, 31), false)
	b.wantRoom("its buffer alone reaches into the day", b.buffered(48, 49, 60), true)
	careless := func() *booking.Booking {
		v := b.buffered(30, 31, 15)
		v.Settings.IgnoreAllDayEvents = true
		return v
	}
	for range 3 {
		b.wantRoom("one that ignores them", careless(), true)
	}
	b.wantRoom("one too many", careless(), false)
	b.played(one, "cancel")
	b.sound()
}

// TestDoubleBookingsOfUnits: what may lie above others goes anywhere, and takes its units of those that come after it.
func TestDoubleBookingsOfUnits(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.setCapacity(2)
	shared := func() *booking.Booking {
		v := b.at("instant", 9, 10)
		v.Settings.AllowDoubleBookings = true
		return v
	}
	b.wantRoom("above nothing", shared(), true)
	b.wantRoom("beside it", b.at("instant", 9, 10), true)
	b.wantRoom("one too many", b.at("instant", 9, 10), false)
	b.wantRoom("above all", shared(), true)
	b.wantCount(3, peak)
	b.wantRoom("now even fewer", b.at("instant", 9, 10), false)
}

// TestBuffersOfUnits: a buffer takes the units of its booking. One before lies above one after, as it does between two bookings of a
// single thing; two after two bookings take a unit each.
func TestBuffersOfUnits(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.setCapacity(2)
	b.wantRoom("one", b.buffered(9, 10, 30), true)
	b.wantRoom("another, to the same end", b.buffered(9.5, 10, 30), true)
	b.wantRoom("in both buffers", b.at("instant", 10, 10.5), false)
	b.wantRoom("behind them, its buffer in theirs", b.buffered(10.5, 11, 30), true)
	b.wantRoom("beside that one", b.buffered(10.5, 11, 30), true)
	b.wantRoom("a third", b.at("instant", 10.75, 11), false)
	b.wantRoom("behind all", b.of(2, 11.5, 12), true)
	sums := func(v *booking.Booking) *booking.Booking {
		v.Policy = &policy.Snapshot{}
		check(t, json.Unmarshal([]byte(`{"buffer":{"before":"PT30M","after":"PT30M","rule":"sum"}}`), &v.Policy.Resolved))
		return v
	}
	b.wantRoom("one of a pair", b.buffered(14, 15, 30), true)
	b.wantRoom("the other", b.buffered(14, 15, 30), true)
	b.wantRoom("a buffer that shares with nobody, in theirs", sums(b.buffered(15.5, 16, 30)), false)
	b.wantRoom("behind theirs", sums(b.buffered(16, 16.5, 30)), true)
}

// TestCrossingMovesOfUnits moves bookings about two full resources from many sides at once: nobody waits for ever, and no moment is overfull.
func TestCrossingMovesOfUnits(t *testing.T) {
	t.Parallel()
	b := setup(t)
	db := b.crowd()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	places := [2]*booking.Booking{}
	for i := range places {
		b.resource, b.calendar = b.newResource(b.app)
		b.setCapacity(3)
		places[i] = b.at("instant", 0, 1)
	}
	const chains, moves = 10, 12
	alive := make([]*booking.Booking, chains)
	for i := range alive { // five on each, of three units: at two times, so that there is room for one more at each
		v := b.of(1, 9+float64(i%4/2), 10+float64(i%4/2))
		v.Resource, v.Calendar = places[i%2].Resource, places[i%2].Calendar
		alive[i] = b.booked(v)
	}
	var moved sync.Map
	together(chains, func(i int) {
		for n := range moves {
			v := b.instead(alive[i], 9+float64((i+n)%3)/2, 10+float64((i+n)%3)/2)
			v.Resource, v.Calendar = places[(i+n)%2].Resource, places[(i+n)%2].Calendar
			a, err := db.CreateBooking(ctx, v, action(v, "confirm"), takesSlot)
			if fault.CodeOf(err) == fault.SlotTaken {
				continue
			}
			if err != nil {
				t.Error(err)
				return
			}
			out, err := db.Commit(ctx, commit(v, a))
			if err != nil || out.Result != booking.ResultApplied {
				t.Errorf("a claim that was won: %+v %v", out, err)
				return
			}
			alive[i] = b.known(v)
			moved.Store(v.ID, true)
		}
	})
	n := 0
	moved.Range(func(any, any) bool { n++; return true })
	if n < chains {
		t.Errorf("only %d moved", n)
	}
	b.wantCount(chains, `SELECT count(*) FROM occupancies`)
	if n := b.count(peak); n > 3 {
		t.Errorf("%d units of 3 are taken", n)
	}
	b.wantNoDeadlock()
	b.sound()
}

// TestCapacityOfARepeat: a resource that is made again keeps the capacity that it has, and a foreign one has none.
func TestCapacityOfARepeat(t *testing.T) {
	t.Parallel()
	b := setup(t)
	wantEqual(t, "as it is made", must(b.Resource(b.ctx, b.app.ID, b.resource.ID)).Capacity, 1)
	r := *b.resource
	r.ID, r.NewCapacity = newID(), 7
	check(t, b.CreateResource(b.ctx, &r, newID()))
	wantEqual(t, "made with seven", must(b.Resource(b.ctx, b.app.ID, r.ID)).Capacity, 7)
	again := r
	again.NewCapacity = 3
	check(t, b.CreateResource(b.ctx, &again, newID()))
	wantEqual(t, "a repeat", again.Capacity, 7)
	r.NewCapacity = 0
	check(t, b.UpdateResource(b.ctx, &r))
	wantEqual(t, "left as it is", r.Capacity, 7)
	missing := b.of(1, 9, 10)
	missing.Resource.ID = uuid.New()
	wantCode(t, b.tried(missing), fault.NotFound)
}
