package postgres_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
)

// session is an open session on record, with that many seats.
func (b *bundle) session(seats int, bounds booking.Session) *booking.Booking {
	b.t.Helper()
	return b.booked(b.unopened(seats, bounds))
}

func (b *bundle) unopened(seats int, bounds booking.Session) *booking.Booking {
	b.t.Helper()
	v := b.at("group_owner", 9, 10)
	bounds.MaxSeats = seats
	v.Session = &bounds
	return v
}

// seat is a booking of a seat, not yet on record.
func (b *bundle) seat(session *booking.Booking, graph string) *booking.Booking {
	b.t.Helper()
	v := b.at(graph, 9, 10)
	v.Related.OwnerBooking = &session.ID
	return v
}

// wantSeats asserts how many seats are taken, by the counter, by the rows, and by the bookings that hold one.
func (b *bundle) wantSeats(session *booking.Booking, want int) {
	b.t.Helper()
	const holding = `SELECT count(*) FROM bookings WHERE owner_booking_id = $1 AND (graph, state) IN
		(('group_customer', 'confirmed'), ('group_customer_payment', 'paid'))`
	b.wantCount(want, `SELECT taken FROM sessions WHERE booking_id = $1`, session.ID)
	b.wantCount(want, `SELECT count(*) FROM seats WHERE session_id = $1`, session.ID)
	b.wantCount(want, holding, session.ID)
	b.wantCount(want, holding+` AND id IN (SELECT booking_id FROM seats)`, session.ID)
	b.wantCount(0, `SELECT count(*) FROM occupancies o JOIN bookings b ON b.id = o.booking_id WHERE owner_booking_id = $1`, session.ID)
	wantEqual(b.t, "shown", b.known(session).Session.Taken, want)
}

// wantUnseated plays the first action of a seat's booking that was made in time, and asserts that it is refused and erased;
// another one is not even made.
func (b *bundle) wantUnseated(what string, in booking.CommitInput, session *booking.Booking, code fault.Code) {
	b.t.Helper()
	out, err := b.Commit(b.ctx, in)
	check(b.t, err)
	wantEqual(b.t, what, words(out.Result, out.Code, out.Relays), words(booking.ResultGone, code, 0))
	b.wantCount(0, `SELECT count(*) FROM bookings WHERE id = $1`, in.BookingID)
	v := b.seat(session, "group_customer")
	wantCode(b.t, b.HasRoom(b.ctx, v, takesSeat), code)
	_, err = b.CreateBooking(b.ctx, v, action(v, "create"), takesSeat)
	wantCode(b.t, err, code)
	b.wantCount(0, `SELECT count(*) FROM actions WHERE booking_id = $1`, v.ID)
}

// takesSeat is a move that needs a free seat.
var takesSeat = graphs.Move{Takes: true, Holds: graphs.HoldsSeat}

// ready is a seat's booking on record, about to take its first action.
func (b *bundle) ready(session *booking.Booking, graph string) booking.CommitInput {
	b.t.Helper()
	v := b.seat(session, graph)
	return commit(v, b.create(v))
}

func TestSeats(t *testing.T) {
	t.Parallel()
	b := setup(t)
	session := b.session(2, booking.Session{})
	b.wantCount(1, `SELECT count(*) FROM occupancies`)
	other := b.at("group_owner", 10, 11)
	other.Session = &booking.Session{MaxSeats: 1}
	other = b.booked(other)

	one, two := b.booked(b.seat(session, "group_customer")), b.booked(b.seat(session, "group_customer"))
	b.wantEvent(one)
	wantEqual(t, "one's event", first[string](b, `SELECT data->'session'->>'current_seats' FROM events WHERE booking_id = $1`, one.ID), "1")
	wantEqual(t, "two's event", first[string](b, `SELECT data->'session'->>'current_seats' FROM events WHERE booking_id = $1`, two.ID), "2")
	b.wantEvent(two)
	b.wantSeats(session, 2)
	b.wantUnseated("a third", b.ready(session, "group_customer"), session, fault.SoldOut)
	b.wantSeats(session, 2)
	b.wantSeats(other, 0)

	for i, end := range []string{"cancel_by_customer", "cancel_by_owner", "complete"} {
		one = b.played(one, end)
		b.wantEvent(one)
		wantEqual(t, end, one.Session.Taken, 1)
		b.wantSeats(session, 1)
		check(t, b.HasRoom(b.ctx, b.seat(session, "group_customer"), takesSeat))
		one = b.booked(b.seat(session, "group_customer"))
		wantEqual(t, "and again", one.Session.Taken, 2)
		b.wantEvent(one)
		b.wantCount(3+i, `SELECT count(*) FROM bookings WHERE owner_booking_id = $1`, session.ID) // the third was erased
	}
	b.sound()
}

// TestOwnersEventTellsOfItsSession: what a session's own events say is what the record says.
func TestOwnersEventTellsOfItsSession(t *testing.T) {
	t.Parallel()
	b := setup(t)
	soon := time.Now().Add(time.Hour).Truncate(time.Second)
	session := b.session(2, booking.Session{BookFrom: soon.Add(-2 * time.Hour), BookUntil: soon, CancelUntil: soon.Add(time.Hour)})
	b.booked(b.seat(session, "group_customer"))
	wantEqual(t, "max", session.Session.MaxSeats, 2)
	wantEqual(t, "open", session.Session.Open, true)
	wantEqual(t, "book from", session.Session.BookFrom.Equal(soon.Add(-2*time.Hour)), true)
	wantEqual(t, "book until", session.Session.BookUntil.Equal(soon), true)
	wantEqual(t, "cancel until", session.Session.CancelUntil.Equal(soon.Add(time.Hour)), true)
	told := func(seq int) (s booking.Session) {
		const snapshot = `SELECT data->'session' FROM events WHERE booking_id = $1 AND seq = $2`
		check(t, json.Unmarshal(first[json.RawMessage](b, snapshot, session.ID, seq), &s))
		return s
	}
	wantEqual(t, "created", words(told(1).MaxSeats, told(1).Taken), "2 0")
	wantEqual(t, "open, as created", told(1).Open, true)
	b.played(session, "cancel")
	wantEqual(t, "cancelled", words(told(2).MaxSeats, told(2).Taken), "2 1")
	wantEqual(t, "open, as cancelled", told(2).Open, false)
}

// TestASeatIsNoSession: a seat that comes with its session, as callers load it, makes no session of its own.
func TestASeatIsNoSession(t *testing.T) {
	t.Parallel()
	b := setup(t)
	session := b.session(2, booking.Session{})
	v := b.seat(session, "group_customer")
	v.Session = b.known(session).Session
	b.accepted(v)
	b.wantCount(1, `SELECT count(*) FROM sessions`)
}

// TestTenSeats: 200 bookings of ten seats, over many connections. The counter is looked at all the while.
func TestTenSeats(t *testing.T) {
	t.Parallel()
	b := setup(t)
	db := b.crowd()
	session := b.session(10, booking.Session{})
	const crowd = 200
	ins := make([]booking.CommitInput, crowd)
	for i := range ins {
		ins[i] = b.ready(session, "group_customer")
	}
	over, looked := make(chan struct{}), make(chan int)
	go func() {
		most := 0
		for {
			select {
			case <-over:
				looked <- most
				return
			default:
				most = max(most, b.count(`SELECT GREATEST(taken, (SELECT count(*) FROM seats)) FROM sessions`))
			}
		}
	}()
	outs := make([]booking.Outcome, crowd)
	var again atomic.Int64
	together(crowd, func(i int) { outs[i] = b.insist(db, ins[i], &again) })
	close(over)
	wantEqual(t, "the most at any time", <-looked, 10)
	won := 0
	for _, out := range outs {
		if out.Result == booking.ResultApplied {
			won++
			continue
		}
		wantEqual(t, "loser", words(out.Result, out.Code), "gone sold_out")
	}
	wantEqual(t, "winners", won, 10)
	b.wantSeats(session, 10)
	b.wantCount(11, `SELECT count(*) FROM bookings`)
	for seats := 1; seats <= 10; seats++ { // each event tells of another number of seats
		b.wantCount(1, `SELECT count(*) FROM events WHERE data->'session'->>'current_seats' = $1 AND booking_id <> $2`,
			fmt.Sprint(seats), session.ID)
	}
	b.sound()
}

// TestSeatsGoRound books, pays and cancels at random from many sides, and counts in the end.
func TestSeatsGoRound(t *testing.T) {
	t.Parallel()
	b := setup(t)
	session := b.session(5, booking.Session{})
	b.exec(`CREATE TABLE seen (taken int)`)
	b.exec(`CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO seen VALUES (NEW.taken); RETURN NULL; END'`)
	b.exec(`CREATE TRIGGER see AFTER UPDATE ON sessions FOR EACH ROW EXECUTE FUNCTION see()`)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	together(12, func(side int) {
		dice := rand.New(rand.NewPCG(seed, uint64(side)))
		for range 15 {
			b.wander(b.seat(session, []string{"group_customer", "group_customer_payment"}[dice.IntN(2)]), dice)
		}
	})
	b.wantCount(5, `SELECT max(taken) FROM seen`)
	b.wantSeats(session, b.count(`SELECT taken FROM sessions`))
	b.wantCount(b.count(`SELECT taken FROM sessions`), `SELECT (array_agg(taken))[count(*)] FROM seen`)
	if n := b.count(`SELECT count(*) FROM actions WHERE code = 'sold_out'`); n == 0 {
		t.Error("never full")
	}
	b.sound()
}

func TestPaidSeats(t *testing.T) {
	t.Parallel()
	b := setup(t)
	session := b.session(1, booking.Session{})
	const graph = "group_customer_payment"
	one, two, three := b.booked(b.seat(session, graph)), b.booked(b.seat(session, graph)), b.seat(session, graph)
	b.wantSeats(session, 0)
	one = b.played(one, "pay")
	b.wantSeats(session, 1)
	b.wantEvent(one)
	wantEqual(t, "told", one.Session.Taken, 1)

	late, out := b.play(two, "pay")
	wantEqual(t, "late", words(out.Result, out.Code, late.State, late.Seq), "refused sold_out tentative 1")
	b.wantSeats(session, 1)
	check(t, b.HasRoom(b.ctx, three, graphs.Move{}))
	three = b.booked(three) // until it pays, nobody counts it
	b.played(three, "timeout")
	b.wantSeats(session, 1)
	one = b.played(one, "cancel_by_customer")
	b.wantEvent(one)
	b.wantSeats(session, 0)
	late = b.played(late, "pay")
	b.wantSeats(session, 1)
	b.played(late, "complete")
	b.wantSeats(session, 0)
	b.sound()
}

func TestSessionBounds(t *testing.T) {
	t.Parallel()
	const hour, unbound = time.Hour, time.Duration(0)
	for _, c := range []struct {
		name                string
		from, until, cancel time.Duration // bounds, from now on
		book, pay, customer fault.Code    // what an attempt gets; "" = it works
	}{
		{"none", unbound, unbound, unbound, "", "", ""},
		{"all met", -hour, hour, hour, "", "", ""},
		{"too early", hour, unbound, unbound, fault.TooEarly, "", ""},
		{"too late", unbound, -hour, unbound, fault.TooLate, "", ""},
		{"too late to cancel", unbound, unbound, -hour, "", "", fault.TooLate},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			session := b.session(5, booking.Session{})
			seats := []*booking.Booking{
				b.booked(b.seat(session, "group_customer")), b.booked(b.seat(session, "group_customer")),
				b.booked(b.seat(session, "group_customer")), b.booked(b.seat(session, "group_customer_payment")),
			}
			ins := []booking.CommitInput{b.ready(session, "group_customer"), b.ready(session, "group_customer_payment")}
			b.exec(`UPDATE sessions SET book_from = $1, book_until = $2, cancel_until = $3`,
				fromNow(c.from), fromNow(c.until), fromNow(c.cancel))
			for _, in := range ins {
				if c.book != "" {
					b.wantUnseated(in.Move.To, in, session, c.book)
					continue
				}
				check(t, b.HasRoom(b.ctx, b.seat(session, "group_customer"), takesSeat))
				wantEqual(t, in.Move.To, must(b.Commit(b.ctx, in)).Result, booking.ResultApplied)
			}
			for what, code := range map[string]fault.Code{"cancel_by_customer": c.customer, "cancel_by_owner": "", "complete": "", "pay": c.pay} {
				i := map[string]int{"cancel_by_customer": 0, "cancel_by_owner": 1, "complete": 2, "pay": 3}[what]
				before := seats[i]
				after, out := b.play(before, what)
				wantEqual(t, what, words(out.Result == booking.ResultApplied, out.Code), words(code == "", code))
				if code != "" {
					wantEqual(t, "state", after.State, before.State)
					_, err := b.ask(after, what)
					wantCode(t, err, code) // already at the door
				}
			}
			b.wantSeats(session, b.count(`SELECT taken FROM sessions`))
		})
	}
}

// fromNow returns the moment after so long, or nil for 0.
func fromNow(after time.Duration) *time.Time {
	if after == 0 {
		return nil
	}
	moment := time.Now().Add(after)
	return &moment
}

// TestSessionThatIsNotOpen: before its owner's booking stands, and after it ended.
func TestSessionThatIsNotOpen(t *testing.T) {
	t.Parallel()
	for _, end := range []string{"cancel", "complete"} {
		t.Run(end, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			session := b.unopened(9, booking.Session{})
			start := commit(session, b.create(session))
			v := b.seat(session, "group_customer")
			_, err := b.CreateBooking(b.ctx, v, action(v, "create"), takesSeat)
			wantCode(t, err, fault.SessionClosed)
			must(b.Commit(b.ctx, start))

			unpaid, paid := b.booked(b.seat(session, "group_customer_payment")), b.booked(b.seat(session, "group_customer_payment"))
			paid, seated := b.played(paid, "pay"), b.booked(b.seat(session, "group_customer"))
			ins := []booking.CommitInput{b.ready(session, "group_customer"), b.ready(session, "group_customer_payment")}
			b.wantSeats(session, 2)
			b.played(session, end)
			for _, in := range ins {
				b.wantUnseated("came too late: "+in.Move.To, in, session, fault.SessionClosed)
			}
			unpaid, out := b.play(unpaid, "pay")
			wantEqual(t, "pay", words(out.Result, out.Code, unpaid.State), "refused session_closed tentative")
			b.played(unpaid, "timeout")
			b.wantEvent(b.played(seated, "cancel_by_customer"))
			b.wantEvent(b.played(paid, "complete"))
			b.wantSeats(session, 0)
			b.sound()
		})
	}
}

// TestDeletedSession: what its seats were stays on record.
func TestDeletedSession(t *testing.T) {
	t.Parallel()
	b := setup(t)
	session := b.session(9, booking.Session{})
	wantCode(t, b.DeleteBooking(b.ctx, b.app.ID, session.ID), fault.NotFinal)
	seat := b.booked(b.seat(session, "group_customer"))
	wantCode(t, b.DeleteBooking(b.ctx, b.app.ID, seat.ID), fault.NotFinal)
	seat, gone := b.played(seat, "complete"), b.played(b.booked(b.seat(session, "group_customer")), "cancel_by_customer")
	b.booked(b.seat(session, "group_customer"))
	check(t, b.DeleteBooking(b.ctx, b.app.ID, gone.ID))
	b.wantSeats(session, 1)
	b.played(b.known(&booking.Booking{ID: first[uuid.UUID](b, `SELECT booking_id FROM seats`), AppID: b.app.ID}), "complete")
	check(t, b.DeleteBooking(b.ctx, b.app.ID, b.played(session, "complete").ID))
	b.wantCount(0, `SELECT (SELECT count(*) FROM sessions) + (SELECT count(*) FROM seats)`)
	wantEqual(t, "seat", words(b.known(seat).State, b.known(seat).Session == nil), "completed true")
	late := b.seat(session, "group_customer")
	_, err := b.CreateBooking(b.ctx, late, action(late, "create"), takesSeat)
	wantCode(t, err, fault.SessionClosed)
	b.sound()
}

// TestSeatsOfADeletedSession: none of them meets a fault, which would be tried again without end. A record that keeps
// sessions while they have seats answers InUse instead.
func TestSeatsOfADeletedSession(t *testing.T) {
	t.Parallel()
	b := setup(t)
	session := b.session(9, booking.Session{})
	seats := map[string]*booking.Booking{
		"pay": b.booked(b.seat(session, "group_customer_payment")), "timeout": b.booked(b.seat(session, "group_customer_payment")),
		"cancel_by_customer": b.booked(b.seat(session, "group_customer")), "complete": b.booked(b.seat(session, "group_customer")),
	}
	waits := b.ready(session, "group_customer")
	if err := b.DeleteBooking(b.ctx, b.app.ID, b.played(session, "complete").ID); err != nil {
		wantCode(t, err, fault.InUse)
		return
	}
	for name, v := range seats {
		out, err := b.Commit(b.ctx, commit(v, must(b.InsertAction(b.ctx, action(v, name), ""))))
		switch {
		case err != nil:
			t.Errorf("%s: %v", name, err)
		case name == "pay":
			wantEqual(t, name, words(out.Result, out.Code), "refused session_closed")
		default:
			wantEqual(t, name, out.Result, booking.ResultApplied)
			b.wantEvent(b.known(v))
		}
	}
	if out, err := b.Commit(b.ctx, waits); err != nil || out.Code != fault.SessionClosed {
		t.Errorf("one that was on its way: %+v %v", out, err)
	}
}

// TestSessionOfAnotherApp: seats are sold to the app's own customers only.
func TestSessionOfAnotherApp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	session := b.session(5, booking.Session{})
	b.app = b.newApp("thief")
	b.resource, b.calendar = b.newResource(b.app)
	v := b.seat(session, "group_customer")
	if err := b.HasRoom(b.ctx, v, takesSeat); err == nil {
		t.Error("there is room in another app's session")
	}
	a := action(v, "create")
	if _, err := b.CreateBooking(b.ctx, v, a, takesSeat); err == nil {
		out := must(b.Commit(b.ctx, commit(v, a)))
		t.Errorf("a seat of another app's session: %+v", out)
	}
	b.wantCount(0, `SELECT taken FROM sessions`)
}
