package postgres_test

import (
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/postgres"
)

// wantClaimable asserts whether a twin of a booking can claim its time, and gives the claim back.
func (b *bundle) wantClaimable(what string, v *booking.Booking, fits bool) {
	b.t.Helper()
	twin := *v
	twin.ID, twin.Customers, twin.Related = newID(), nil, booking.Related{}
	a, err := b.CreateBooking(b.ctx, &twin, action(&twin, "confirm"), takesSlot)
	if (err == nil) != fits || (err != nil && fault.CodeOf(err) != fault.SlotTaken) {
		b.t.Errorf("%s: the claim says %v", what, err)
	}
	if err == nil {
		b.withdraw(&twin, a)
	}
}

// withdraw takes back a booking that is not decided.
func (b *bundle) withdraw(v *booking.Booking, a *booking.Action) {
	b.t.Helper()
	gone, err := b.Withdraw(b.ctx, a)
	check(b.t, err)
	wantEqual(b.t, "withdrawn", gone && b.known(v) == nil, true)
}

// wantRows counts the rows that are claimed, and those that are reserved.
func (b *bundle) wantRows(what string, claimed, reserved int) {
	b.t.Helper()
	wantEqual(b.t, what+": claimed", b.count(`SELECT count(*) FROM occupancies WHERE claimed`), claimed)
	wantEqual(b.t, what+": reserved", b.count(`SELECT count(*) FROM occupancies WHERE NOT claimed`), reserved)
}

// TestTwoHundredAtTheDoor: of two hundred creations for one slot one is accepted, and it gets the slot. Nothing is left of the
// others, and none of them waits for another.
func TestTwoHundredAtTheDoor(t *testing.T) {
	t.Parallel()
	for _, minutes := range []int{0, 15} {
		t.Run(words(minutes, "minutes of buffer"), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			db := b.crowd()
			all, errs := make([]*booking.Booking, 200), make([]error, 200)
			for i := range all {
				all[i] = b.buffered(9, 10, minutes)
			}
			together(len(all), func(i int) { _, errs[i] = db.CreateBooking(b.ctx, all[i], action(all[i], "confirm"), takesSlot) })
			b.wantCount(1, `SELECT count(*) FROM bookings`)
			b.wantCount(1, `SELECT count(*) FROM actions WHERE claims AND status = 'pending'`)
			b.wantCount(1, `SELECT count(*) FROM customers`)
			b.wantRows("at the door", 1+min(minutes, 1), 0)
			for i, err := range errs {
				if err != nil {
					wantCode(t, err, fault.SlotTaken)
					continue
				}
				a := action(all[i], "confirm")
				a.ID = first[uuid.UUID](b, `SELECT id FROM actions`)
				out := must(b.Commit(b.ctx, commit(all[i], a)))
				wantEqual(t, "the one that was accepted", out.Result, booking.ResultApplied)
				b.wantHeld(all[i])
			}
			b.wantRows("in the end", 0, 1+min(minutes, 1))
			b.wantNoDeadlock()
			b.sound()
		})
	}
}

// TestAcceptedIsKept: of many that want overlapping times with buffers, each that was accepted gets its time, and each that was
// refused had something in its way.
func TestAcceptedIsKept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	db := b.crowd()
	all, things := make([]*booking.Booking, 200), make([]thing, 200)
	for i := range all {
		n := thing{from: float64(rand.IntN(4*24)) / 4, minutes: []int{0, 0, 15, 30}[rand.IntN(4)], careless: rand.IntN(5) == 0}
		n.to = n.from + float64(1+rand.IntN(4))/4
		all[i] = b.buffered(n.from, n.to, n.minutes)
		all[i].Settings.IgnoreAllDayEvents = n.careless
		n.id = all[i].ID
		things[i] = n
	}
	actions, errs := make([]*booking.Action, len(all)), make([]error, len(all))
	together(len(all), func(i int) {
		actions[i], errs[i] = db.CreateBooking(b.ctx, all[i], action(all[i], "confirm"), takesSlot)
	})
	outs := make([]booking.Outcome, len(all))
	together(len(all), func(i int) {
		if errs[i] == nil {
			outs[i] = must(db.Commit(b.ctx, commit(all[i], actions[i])))
		}
	})
	won := 0
	for i, err := range errs {
		inTheWay := slices.ContainsFunc(things, func(n thing) bool {
			other := slices.IndexFunc(things, func(m thing) bool { return m.id == n.id })
			return other != i && errs[other] == nil && n.obstructs(things[i])
		})
		if err == nil {
			won++
			wantEqual(t, "accepted", outs[i].Result, booking.ResultApplied)
			b.wantHeld(all[i])
		} else {
			wantCode(t, err, fault.SlotTaken)
		}
		wantEqual(t, "something is in its way", inTheWay, err != nil)
	}
	wantEqual(t, "a race", won > 10 && won < 150, true)
	b.wantCount(0, tooClose)
	b.wantCount(0, `SELECT count(*) FROM occupancies WHERE claimed`)
	b.wantCount(won, `SELECT count(*) FROM bookings`)
	b.wantNoDeadlock()
}

// TestLastSeatsAtTheDoor: two hundred creations for three seats.
func TestLastSeatsAtTheDoor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	db := b.crowd()
	session := b.session(3, booking.Session{})
	all, errs := make([]*booking.Booking, 200), make([]error, 200)
	for i := range all {
		all[i] = b.seat(session, "group_customer")
	}
	accepted := make([]*booking.Action, len(all))
	together(len(all), func(i int) {
		accepted[i], errs[i] = db.CreateBooking(b.ctx, all[i], action(all[i], "create"), takesSeat)
	})
	b.wantCount(3, `SELECT taken FROM sessions`)
	b.wantCount(3, `SELECT count(*) FROM seats WHERE claimed`)
	b.wantCount(3, `SELECT count(*) FROM bookings WHERE owner_booking_id IS NOT NULL`)
	b.sound()
	for i, err := range errs {
		if err != nil {
			wantCode(t, err, fault.SoldOut)
			continue
		}
		wantEqual(t, "accepted", must(b.Commit(b.ctx, commit(all[i], accepted[i]))).Result, booking.ResultApplied)
		b.wantEvent(b.known(all[i]))
	}
	b.wantSeats(session, 3)
	b.wantCount(0, `SELECT count(*) FROM seats WHERE claimed`)
	b.sound()
}

// TestClaimedSeats: a seat that is claimed is kept when the session's time for bookings runs out, and given back when the
// session is cancelled.
func TestClaimedSeats(t *testing.T) {
	t.Parallel()
	b := setup(t)
	session := b.session(2, booking.Session{})
	one, two := b.seat(session, "group_customer"), b.seat(session, "group_customer")
	ins := []booking.CommitInput{commit(one, b.accepted(one)), commit(two, b.accepted(two))}
	b.exec(`UPDATE sessions SET book_until = now() - interval '1 hour'`)
	wantEqual(t, "claimed in time", must(b.Commit(b.ctx, ins[0])).Result, booking.ResultApplied)
	late := b.seat(session, "group_customer")
	_, err := b.try(late)
	wantCode(t, err, fault.TooLate)
	b.exec(`UPDATE sessions SET book_until = NULL`)
	b.played(session, "cancel")
	out := must(b.Commit(b.ctx, ins[1]))
	wantEqual(t, "in a session that was cancelled", words(out.Result, out.Code), "gone session_closed")
	b.wantSeats(session, 1)
	b.sound()

	unpaid := b.seat(session, "group_customer_payment")
	_, err = b.try(unpaid)
	wantCode(t, err, fault.SessionClosed)
}

// TestFiftyConfirmsAtTheDoor: of fifty requests for one slot that are confirmed at once one is accepted; the others stay what
// they were.
func TestFiftyConfirmsAtTheDoor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	all, errs, accepted := make([]*booking.Booking, 50), make([]error, 50), make([]*booking.Action, 50)
	for i := range all {
		all[i] = b.booked(b.at("confirm_decline", 9, 10))
	}
	together(len(all), func(i int) { accepted[i], errs[i] = b.ask(all[i], "confirm") })
	b.wantCount(1, `SELECT count(*) FROM actions WHERE status = 'pending'`)
	b.wantRows("at the door", 1, 0)
	for i, err := range errs {
		if err != nil {
			wantCode(t, err, fault.SlotTaken)
			continue
		}
		wantEqual(t, "accepted", must(b.Commit(b.ctx, commit(all[i], accepted[i]))).Result, booking.ResultApplied)
	}
	b.wantCount(1, `SELECT count(*) FROM bookings WHERE state = 'confirmed'`)
	b.wantNoDeadlock()
	b.sound()
}

// TestTwoConfirmsOfOneBooking: they share the claim. Whichever ends first, and however, the other neither loses it nor stands in
// its own way.
func TestTwoConfirmsOfOneBooking(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"the first is refused", "the first is applied", "both are refused", "by two at once"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			v := b.booked(b.at("confirm_decline", 9, 10))
			two := make([]*booking.Action, 2)
			ask := func(i int) { two[i] = must(b.ask(v, "confirm")) }
			if how == "by two at once" {
				together(2, ask)
			} else {
				ask(0)
				ask(1)
			}
			b.wantRows("asked", 1, 0)
			no := booking.Refusal{Code: fault.Stale, Message: "no"}
			refused := func(a *booking.Action) booking.CommitInput {
				in := commit(v, a)
				in.Refusal = &no
				return in
			}
			switch how {
			case "the first is refused":
				must(b.Commit(b.ctx, refused(two[0])))
				b.wantRows("one is left", 1, 0)
				_, err := b.try(b.at("instant", 9, 10))
				wantCode(t, err, fault.SlotTaken)
				wantEqual(t, "the second", must(b.Commit(b.ctx, commit(v, two[1]))).Result, booking.ResultApplied)
				b.wantRows("in the end", 0, 1)
			case "both are refused":
				must(b.Commit(b.ctx, refused(two[0])))
				must(b.Commit(b.ctx, refused(two[1])))
				b.wantRows("in the end", 0, 0)
				b.accepted(b.at("instant", 9, 10))
			default:
				wantEqual(t, "the first", must(b.Commit(b.ctx, commit(v, two[0]))).Result, booking.ResultApplied)
				b.wantRows("reserved", 0, 1)
				wantEqual(t, "the second", must(b.Commit(b.ctx, commit(v, two[1]))).Result, booking.ResultStale)
				v = b.known(v)
				wantEqual(t, "asked again", must(b.Commit(b.ctx, commit(v, two[1]))).Code, fault.ActionNotAvailable)
				b.wantRows("in the end", 0, 1)
			}
			b.sound()
		})
	}
}

// TestAskedTooLate: an action on a booking that has moved since it was looked at is put on record without a claim.
func TestAskedTooLate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.booked(b.at("confirm_decline", 9, 10))
	b.played(v, "confirm")
	late := must(b.ask(v, "confirm"))
	b.wantRows("asked", 0, 1)
	b.wantCount(0, `SELECT count(*) FROM actions WHERE id = $1 AND claims`, late.ID) // what is reserved is no claim of its own
	must(b.Commit(b.ctx, commit(b.known(v), late)))
	b.wantRows("in the end", 0, 1)
	v = b.booked(b.at("confirm_decline", 11, 12))
	b.played(v, "decline")
	late = must(b.ask(v, "confirm"))
	b.wantRows("of one that is over", 0, 1)
	must(b.Commit(b.ctx, commit(b.known(v), late)))
	b.sound()
}

// TestEndingGivesAClaimBack: a request is declined while its confirmation is on its way.
func TestEndingGivesAClaimBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.booked(b.at("confirm_decline", 9, 10))
	confirm := must(b.ask(v, "confirm"))
	b.played(v, "decline")
	b.wantRows("declined", 0, 0)
	b.accepted(b.at("instant", 9, 10))
	must(b.Commit(b.ctx, commit(b.known(v), confirm)))
	b.wantRows("another one's", 1, 0)
	b.sound()
}

// TestNothingToClaim: a graph that holds nothing on creation claims nothing.
func TestNothingToClaim(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for range 3 {
		b.accepted(b.at("confirm_decline", 9, 10))
	}
	b.wantRows("requests", 0, 0)
	b.wantCount(0, `SELECT count(*) FROM actions WHERE claims`)
	b.accepted(b.at("instant", 9, 10))
	b.accepted(b.at("confirm_decline", 9, 10)) // may be asked for all the same
	b.wantRows("one is to be confirmed", 1, 0)
	b.resource, b.calendar = b.newResource(b.app)
	session := b.session(1, booking.Session{})
	b.accepted(b.seat(session, "group_customer_payment"))
	b.accepted(b.seat(session, "group_customer_payment"))
	b.wantSeats(session, 0)
	b.sound()
}

// TestClaimsAreSeen: whatever asks for time meets a claim as it meets a reservation.
func TestClaimsAreSeen(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.buffered(9, 10, 30)
	b.accepted(v)
	window := postgres.Window{Resources: []uuid.UUID{b.resource.ID}, From: monday, To: monday.Add(24 * time.Hour)}
	wantEqual(t, "taken", len(must(b.BusyTimes(b.ctx, b.app.ID, window))[b.resource.ID]), 2)
	by := must(b.BusyTimesWithHolder(b.ctx, b.app.ID, window))[b.resource.ID]
	wantEqual(t, "by", words(by[0].Kind, by[0].Holder, by[1].Kind), words("claim", v.ID, "claim"))
	wantCode(t, b.HasRoom(b.ctx, b.at("instant", 9.5, 11), takesSlot), fault.SlotTaken)
	check(t, b.HasRoom(b.ctx, v, takesSlot))
	wantCode(t, b.DeleteResource(b.ctx, b.app.ID, b.resource.ID), fault.InUse)
	event := &booking.CalendarEvent{ID: newID(), AppID: b.app.ID, Resource: *b.resource, CalendarID: b.calendar.ID, Start: v.Start, End: v.End}
	wantCode(t, b.CreateCalendarEvent(b.ctx, event), fault.SlotTaken)
	_, free := b.busy(9.75, 11, false)
	wantEqual(t, "an event in its time", free, false)
	shown, total, err := b.CalendarEvents(b.ctx, b.app.ID, postgres.CalendarEventFilter{From: window.From, To: window.To}, postgres.Page{Number: 1, Limit: 10})
	check(t, err)
	wantEqual(t, "entries", total.Total, 2) // the busy time, and the booking
	wantEqual(t, "entry", slices.ContainsFunc(shown, func(e *booking.CalendarEvent) bool { return e.Booking != nil && e.Booking.ID == v.ID }), true)

	shared := b.at("instant", 9, 10)
	shared.Settings.AllowDoubleBookings = true
	b.accepted(shared)
	b.wantCount(1, `SELECT count(*) FROM occupancies WHERE claimed AND NOT exclusive`)
	b.sound()
}

// TestClaimsEndWithTheirAction: however an action or its booking goes, its claim goes with it, and a seat is counted back.
func TestClaimsEndWithTheirAction(t *testing.T) {
	t.Parallel()
	b := setup(t)
	session := b.session(1, booking.Session{})
	old := b.booked(b.at("instant", 11, 12))
	for name, end := range map[string]func(v *booking.Booking, a *booking.Action){
		"refused by a commit": func(v *booking.Booking, a *booking.Action) { b.withdraw(v, a) },
		"refused by hand": func(_ *booking.Booking, a *booking.Action) {
			b.exec(`UPDATE actions SET status = 'refused' WHERE id = $1`, a.ID)
		},
		"deleted": func(_ *booking.Booking, a *booking.Action) { b.exec(`DELETE FROM actions WHERE id = $1`, a.ID) },
		"applied by an old one": func(_ *booking.Booking, a *booking.Action) {
			b.exec(`UPDATE actions SET status = 'applied' WHERE id = $1`, a.ID)
		},
	} {
		for _, v := range []*booking.Booking{b.buffered(13, 14, 15), b.seat(session, "group_customer"), b.instead(old, 11.5, 12.5)} {
			a := b.accepted(v)
			b.wantCount(1, `SELECT (SELECT count(*) FROM seats WHERE claimed) + (SELECT count(DISTINCT booking_id) FROM occupancies WHERE claimed)`)
			end(v, a)
			if n := b.count(`SELECT (SELECT count(*) FROM seats) + (SELECT count(*) FROM occupancies WHERE claimed) + taken FROM sessions`); n != 0 {
				t.Errorf("%s: %d rows are left", name, n)
			}
			b.exec(`DELETE FROM actions WHERE booking_id = $1`, v.ID)
			b.exec(`DELETE FROM bookings WHERE id = $1`, v.ID)
		}
	}
	for _, v := range []*booking.Booking{b.buffered(13, 14, 15), b.instead(old, 11.5, 12.5)} {
		b.accepted(v)
		b.exec(`DELETE FROM bookings WHERE id = $1`, v.ID)
		b.wantRows("deleted booking", 0, 2)
		b.exec(`DELETE FROM actions WHERE booking_id = $1`, v.ID)
	}
	b.wantHeld(old)
}

// TestWithdrawnTooLate: what was decided stays.
func TestWithdrawnTooLate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.at("instant", 9, 10)
	a := b.accepted(v)
	must(b.Commit(b.ctx, commit(v, a)))
	wantEqual(t, "withdrawn", must(b.Withdraw(b.ctx, a)), false)
	b.wantHeld(v)
	wantEqual(t, "state", b.known(v).State, "confirmed")
}

// TestCrashedClaim: a process that dies behind its claim leaves an action that the sweep finds. Until then nobody else gets the
// time, and a repeat finds what was accepted.
func TestCrashedClaim(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.at("instant", 9, 10)
	a := b.accepted(v)
	_, err := b.try(b.at("instant", 9.5, 10.5))
	wantCode(t, err, fault.SlotTaken)
	again := *v
	wantEqual(t, "a repeat", must(b.try(&again)).ID, a.ID)
	b.wantRows("after a repeat", 1, 0)
	b.exec(`UPDATE actions SET signalled_at = now() - interval '1 minute'`)
	found := must(b.OverdueActions(b.ctx, 30*time.Second, 10))
	wantEqual(t, "found", len(found), 1)
	out := must(b.Commit(b.ctx, commit(found[0].Booking, &found[0].Action)))
	wantEqual(t, "outcome", words(out.Result, out.State), "applied confirmed")
	b.wantHeld(v)
	wantEqual(t, "a repeat, then", must(b.try(&again)).Status, booking.Applied)
	b.sound()
}

// TestARepeatInACrowd: while others lose their time, a repeat still finds what its first try has put on record.
func TestARepeatInACrowd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.at("instant", 9, 10)
	a := b.accepted(v)
	must(b.Commit(b.ctx, commit(v, a)))
	b.played(v, "cancel")
	other := b.at("instant", 9, 10)
	must(b.Commit(b.ctx, commit(other, b.accepted(other))))
	for range 3 { // the first loses its claim, the others are refused by a look
		_, err := b.try(b.at("instant", 9, 10))
		wantCode(t, err, fault.SlotTaken)
	}
	again := *v
	wantEqual(t, "a repeat", must(b.try(&again)).ID, a.ID)
	b.accepted(b.at("instant", 10, 11))
	shared := b.at("instant", 9, 10)
	shared.Settings.AllowDoubleBookings = true
	b.accepted(shared)
	b.sound()
}

// TestMovesAtTheDoor: a new time is claimed beside the old one, also over it. Nobody gets either in between, and nobody else is
// promised the same booking.
func TestMovesAtTheDoor(t *testing.T) {
	t.Parallel()
	for _, minutes := range []int{0, 30} {
		t.Run(words(minutes, "minutes of buffer"), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			old := b.booked(b.buffered(9, 10, minutes))
			v := b.instead(old, 9.5, 10.5)
			v.Settings = old.Settings
			a := b.accepted(v)
			for _, hour := range []float64{9, 9.25, 9.75, 10, 10.25} {
				_, err := b.try(b.at("instant", hour, hour+0.25))
				wantCode(t, err, fault.SlotTaken)
			}
			b.wantRows("at the door", 1+min(minutes, 1), 1+min(minutes, 1))
			rival := b.instead(old, 15, 16)
			_, err := b.try(rival)
			wantCode(t, err, fault.ActionNotAvailable)
			out := must(b.Commit(b.ctx, commit(v, a)))
			wantEqual(t, "moved", out.Result, booking.ResultApplied)
			b.wantReplaced(old, b.known(v))
			b.wantRows("moved", 0, 1+min(minutes, 1))

			next := b.instead(v, 9, 10) // back, over its own time
			next.Settings = old.Settings
			a = b.accepted(next)
			b.withdraw(next, a)
			b.wantRows("taken back", 0, 1+min(minutes, 1))
			b.wantHeld(v)
			b.accepted(b.instead(v, 15, 16))
			b.sound()
		})
	}
}

// TestMovesCross: bookings that go for free times and for each other's from many sides. Whoever was accepted is moved.
func TestMovesCross(t *testing.T) {
	t.Parallel()
	b := setup(t)
	db := b.crowd()
	const chains, moves = 8, 12
	alive := make([]*booking.Booking, chains)
	for i := range alive {
		alive[i] = b.booked(b.buffered(float64(i)*3, float64(i)*3+1, 15*(i%3)))
	}
	var moved, refused atomic.Int64
	together(chains, func(i int) {
		for range moves {
			from := float64(rand.IntN(4*24)) / 4
			v := b.instead(alive[i], from, from+float64(1+rand.IntN(4))/4)
			v.Settings = alive[i].Settings
			a, err := db.CreateBooking(b.ctx, v, action(v, "confirm"), takesSlot)
			if err != nil {
				wantCode(t, err, fault.SlotTaken)
				refused.Add(1)
				continue
			}
			out, err := db.Commit(b.ctx, commit(v, a))
			if err != nil || out.Result != booking.ResultApplied {
				t.Errorf("accepted, and then %+v %v", out, err)
				return
			}
			alive[i] = v
			moved.Add(1)
		}
	})
	t.Logf("%d moved, %d refused", moved.Load(), refused.Load())
	b.wantCount(0, tooClose)
	b.wantCount(0, `SELECT count(*) FROM occupancies WHERE claimed`)
	b.wantCount(chains, `SELECT count(DISTINCT booking_id) FROM occupancies`)
	for _, v := range alive {
		b.wantHeld(b.known(v))
	}
	b.wantNoDeadlock()
	if moved.Load() < chains || refused.Load() < chains {
		t.Error("this was no race")
	}
}

// TestHoldAtTheDoor lets a hold's end and the creation of its booking meet: the hold is over, or it is promised.
func TestHoldAtTheDoor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	seen := map[string]int{}
	for i := range 40 {
		hold := b.booked(b.at("reservation", float64(i), float64(i+1)))
		v := b.from(hold, float64(i), float64(i+1)-0.25*float64(i%2))
		var a *booking.Action
		var err error
		var out booking.Outcome
		together(2, func(n int) {
			if n == i%2 {
				out = b.expire(hold)
			} else {
				a, err = b.try(v)
			}
		})
		seen[words(out.Result)]++
		if out.Result == booking.ResultApplied {
			wantCode(t, err, fault.HoldExpired)
			continue
		}
		check(t, err)
		_, rival := b.try(b.from(hold, float64(i), float64(i+1)))
		wantCode(t, rival, fault.HoldExpired)
		wantEqual(t, "booked", must(b.Commit(b.ctx, commit(v, a))).Result, booking.ResultApplied)
		b.wantConcluded(hold, b.known(v))
	}
	t.Log(seen)
	b.sound()
}

// TestADeferredTimerFires: a hold that ran out while it was promised ends once the promise is off, by an action that its workflow
// is told of.
func TestADeferredTimerFires(t *testing.T) {
	t.Parallel()
	b := setup(t)
	hold := b.booked(b.at("reservation", 9, 10))
	v := b.from(hold, 9, 10)
	b.withdraw(v, b.accepted(v))
	wantEqual(t, "not due yet", len(must(b.PendingRelays(b.ctx, v.ID))), 0)

	v = b.from(hold, 9, 10)
	a := b.accepted(v)
	out := b.expire(hold)
	wantEqual(t, "the timer waits", words(out.Result, out.State), "refused reserved")
	b.exec(`UPDATE bookings SET entered_at = entered_at - interval '1 hour', deadline_at = deadline_at - interval '1 hour' WHERE id = $1`, hold.ID)
	in := commit(v, a)
	in.Refusal = &booking.Refusal{Code: fault.ActionNotAvailable, Message: "no"}
	for range 2 { // the answer to the first try is lost
		out = must(b.Commit(b.ctx, in))
		wantEqual(t, "refused", words(out.Result, out.Relays), "gone 1")
	}
	all := must(b.PendingRelays(b.ctx, v.ID))
	wantEqual(t, "told", words(len(all), all[0].Action.Name, all[0].Action.Actor, all[0].Booking.ID), words(1, "expire", "timer", hold.ID))
	late := commit(b.known(hold), &all[0].Action)
	out = must(b.Commit(b.ctx, late))
	wantEqual(t, "the hold", words(out.Result, out.State), "applied expired")
	wantEqual(t, "channel", b.transitions(hold)[1].Channel, booking.ChannelTimer)
	b.wantRows("in the end", 0, 0)
	b.sound()
}

// TestADeferredTimerIsForItsStay: a hold that was extended since is not ended by the timer of before.
func TestADeferredTimerIsForItsStay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	hold := b.booked(b.at("reservation", 9, 10))
	v := b.from(hold, 9, 10)
	in := commit(v, b.accepted(v))
	b.exec(`UPDATE bookings SET entered_at = entered_at - interval '1 hour' WHERE id = $1`, hold.ID)
	in.Refusal = &booking.Refusal{Code: fault.ActionNotAvailable, Message: "no"}
	must(b.Commit(b.ctx, in))
	due := must(b.PendingRelays(b.ctx, v.ID))[0].Action
	b.played(hold, "extend")
	out := must(b.Commit(b.ctx, commit(b.known(hold), &due)))
	wantEqual(t, "the hold", words(out.Result, out.Code, out.State), "refused stale reserved")
}

// TestASeatIsPaidInTime: the time to pay runs out while the payment is on its way.
func TestASeatIsPaidInTime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	session := b.session(1, booking.Session{})
	v := b.booked(b.seat(session, "group_customer_payment"))
	rival := b.booked(b.seat(session, "group_customer_payment"))
	pay := must(b.ask(v, "pay"))
	_, err := b.ask(rival, "pay")
	wantCode(t, err, fault.SoldOut)
	timeout := &booking.Action{ID: booking.TimerActionID(v.ID, v.Seq, "timeout"), Name: "timeout", Actor: graphs.ActorTimer}
	wantEqual(t, "the timer waits", must(b.Commit(b.ctx, commit(v, timeout))).Result, booking.ResultRefused)
	wantEqual(t, "paid", must(b.Commit(b.ctx, commit(v, pay))).State, "paid")
	b.wantSeats(session, 1)

	b.played(v, "complete")
	pay = must(b.ask(rival, "pay"))
	b.exec(`UPDATE bookings SET entered_at = entered_at - interval '1 hour' WHERE id = $1`, rival.ID)
	in := commit(rival, pay)
	in.Refusal = &booking.Refusal{Code: fault.ActionNotAvailable, Message: "no"}
	wantEqual(t, "refused", must(b.Commit(b.ctx, in)).Relays, 1)
	b.wantSeats(session, 0)
	due := must(b.PendingRelays(b.ctx, rival.ID))[0].Action
	wantEqual(t, "unpaid", must(b.Commit(b.ctx, commit(b.known(rival), &due))).State, "unpaid")

	third := b.booked(b.seat(session, "group_customer_payment"))
	must(b.ask(third, "pay"))
	b.played(third, "timeout") // by hand
	b.wantSeats(session, 0)
	late := must(b.ask(third, "pay"))
	b.wantSeats(session, 0) // too late to claim one
	must(b.Commit(b.ctx, commit(b.known(third), late)))
	b.sound()
}
