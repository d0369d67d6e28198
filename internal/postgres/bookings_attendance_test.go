package postgres_test

import (
	"testing"
	"time"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
)

// begun is a booking of the bundle's resource that began some time ago and lasts for an hour, not yet on record.
func (b *bundle) begun(graph string, ago time.Duration) *booking.Booking {
	b.t.Helper()
	v := b.at(graph, 9, 10)
	v.Start = time.Now().Add(-ago)
	v.End = v.Start.Add(time.Hour)
	return v
}

func (b *bundle) wantRefused(what string, out booking.Outcome, code fault.Code, v *booking.Booking, state string) {
	b.t.Helper()
	wantEqual(b.t, what, words(out.Result, out.Code), words(booking.ResultRefused, code))
	wantEqual(b.t, what+": the state", b.known(v).State, state)
}

// TestMarksAreBoundInTime: from ten minutes after the start until seven days after the end, from before and after completion, by the
// record's clock; and the refusal says the moment.
func TestMarksAreBoundInTime(t *testing.T) {
	t.Parallel()
	const week = 7 * 24 * time.Hour
	for _, c := range []struct {
		name string
		ago  time.Duration // of the start
		code fault.Code    // "" = it works
	}{
		{"before the start", -time.Hour, fault.TooEarly},
		{"just begun", time.Minute, fault.TooEarly},
		{"a minute before the grace is over", 9 * time.Minute, fault.TooEarly},
		{"at the grace", 10 * time.Minute, ""},
		{"at the end", time.Hour, ""},
		{"next morning", 20 * time.Hour, ""},
		{"a minute before the week is over", week + time.Hour - time.Minute, ""},
		{"the week is over", week + time.Hour + time.Second, fault.TooLate},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			for i, way := range []struct {
				graph   string
				actions []string
			}{
				{"instant@2", nil}, {"instant@2", []string{"complete"}}, {"instant_payment@2", []string{"pay"}},
				{"instant_payment@2", []string{"pay", "complete"}}, {"request", []string{"confirm"}}, {"confirm_decline@2", []string{"confirm", "complete"}},
			} {
				v := b.begun(way.graph, c.ago)
				elsewhere(b, v)
				v = b.played(b.booked(v), way.actions...)
				before := v.State
				mark := []string{"attended", "no_show"}[i%2]
				known, out := b.play(v, mark)
				if c.code != "" {
					b.wantRefused(way.graph+" in "+before, out, c.code, v, before)
					g := must(v.LoadGraph())
					w := g.Window(before, mark, v.Times())
					at := map[fault.Code]time.Time{fault.TooEarly: w.Opens, fault.TooLate: w.Ends}[c.code].UTC().Format(time.RFC3339)
					b.wantCount(1, `SELECT count(*) FROM actions WHERE booking_id = $1 AND code = $2 AND message LIKE '%' || $3 || '%'`, v.ID, c.code, at)
					continue
				}
				wantEqual(t, way.graph+" in "+before, words(out.Result, known.State, known.Completed), words(booking.ResultApplied, mark, true))
				b.wantCount(1, `SELECT count(*) FROM events WHERE booking_id = $1 AND type = $2`, v.ID, "booking."+mark)
				b.wantDeadline("nothing falls due", v, time.Time{})
			}
			b.sound()
		})
	}
}

// TestOnlyOwnersMark: a customer's link cannot, whatever a workflow sends.
func TestOnlyOwnersMark(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.booked(b.begun("instant@2", time.Hour/2))
	for _, actor := range []graphs.Actor{graphs.ActorCustomerLink, graphs.ActorPayment, graphs.ActorTimer} {
		a := action(v, "no_show")
		a.Actor = actor
		in := commit(v, a)
		if in.Refusal == nil {
			t.Errorf("%s may mark", actor)
		}
	}
}

// TestUndo takes a mark back to where the booking was, within a day; then it is for good.
func TestUndo(t *testing.T) {
	t.Parallel()
	for _, before := range []string{"confirmed", "completed"} {
		t.Run(before, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			v := b.booked(b.begun("instant@2", 30*time.Minute))
			if before == "completed" {
				v = b.played(v, "complete")
			}
			held := b.count(`SELECT count(*) FROM occupancies WHERE booking_id = $1`, v.ID)
			v = b.played(v, "no_show")
			b.wantCount(held, `SELECT count(*) FROM occupancies WHERE booking_id = $1`, v.ID)
			v = b.played(v, "undo")
			wantEqual(t, "back", words(v.State, v.Completed), words(before, before == "completed"))
			b.wantCount(held, `SELECT count(*) FROM occupancies WHERE booking_id = $1`, v.ID)
			b.wantCount(1, `SELECT count(*) FROM events WHERE booking_id = $1 AND type = 'booking.undone' AND state = $2 AND action = 'undo'
				AND topics = '{booking.undone,booking.*,bookings.update,bookings.*}'`, v.ID, before)
			b.wantCount(1, `SELECT count(*) FROM events WHERE booking_id = $1 AND type = 'booking.' || $2`, v.ID, before)
			if before == "confirmed" {
				b.wantDeadline("it completes by itself again", v, v.End.Add(time.Hour))
			}
			_, out := b.play(v, "undo")
			b.wantRefused("undone once", out, fault.ActionNotAvailable, v, before)

			v = b.played(v, "attended")
			b.exec(`UPDATE bookings SET entered_at = entered_at - interval '1 day' + interval '1 minute' WHERE id = $1`, v.ID)
			v = b.played(v, "undo", "attended")
			b.exec(`UPDATE bookings SET entered_at = entered_at - interval '1 day' WHERE id = $1`, v.ID)
			_, out = b.play(v, "undo")
			b.wantRefused("a day later", out, fault.TooLate, v, "attended")
			b.sound()
		})
	}
}

// TestMarkedTimeIsKept: who was marked while the booked time goes on keeps it; who is marked after it was given up takes it from nobody.
func TestMarkedTimeIsKept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.played(b.booked(b.begun("instant@2", 30*time.Minute)), "attended")
	_, err := b.try(b.begun("instant@2", 15*time.Minute))
	wantCode(t, err, fault.SlotTaken)
	v = b.played(v, "undo", "complete") // early, so that the rest is free
	other := b.booked(b.begun("instant@2", 15*time.Minute))
	v = b.played(v, "no_show")
	wantEqual(t, "both", words(v.State, b.known(other).State), "no_show confirmed")
	v = b.played(v, "undo")
	wantEqual(t, "it takes nothing back", v.State, "completed")
	b.sound()
}

// TestSeatsAreMarkedEach: three of five came, one did not, and one cancelled; each has one event, and the count of seats stays right.
func TestSeatsAreMarkedEach(t *testing.T) {
	t.Parallel()
	for _, graph := range []string{"group_customer@2", "group_customer_payment@2"} {
		t.Run(graph, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			session := b.unopened(5, booking.Session{})
			session.Start = time.Now().Add(-30 * time.Minute)
			session.End = session.Start.Add(time.Hour)
			session = b.booked(session)
			var seats []*booking.Booking
			for range 5 {
				v := b.seat(session, graph)
				v.Start, v.End = session.Start, session.End
				v = b.booked(v)
				if v.State == "tentative" {
					v = b.played(v, "pay")
				}
				seats = append(seats, v)
			}
			seats[0] = b.played(seats[0], "attended")
			seats[1] = b.played(seats[1], "complete", "attended")
			seats[2] = b.played(seats[2], "attended", "undo", "complete", "attended")
			seats[3] = b.played(seats[3], "no_show")
			seats[4] = b.played(seats[4], "cancel_by_owner")
			_, out := b.play(seats[4], "no_show")
			b.wantRefused("a cancelled one", out, fault.ActionNotAvailable, seats[4], "cancelled_by_owner")
			b.wantCount(3, `SELECT count(*) FROM bookings WHERE owner_booking_id = $1 AND state = 'attended'`, session.ID)
			b.wantCount(4, `SELECT count(*) FROM events WHERE type = 'booking.attended'`) // one was undone and came again
			b.wantCount(1, `SELECT count(*) FROM events WHERE type = 'booking.no_show'`)
			b.wantCount(2, `SELECT taken FROM sessions WHERE booking_id = $1`, session.ID) // kept by who was marked before completion
			wantEqual(t, "shown", b.known(seats[0]).Session.Taken, 2)
			b.sound()
		})
	}
}

// TestSessionsOpenAgain within their time, with the seats that they had; the time may be another's by then.
func TestSessionsOpenAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.unopened(5, booking.Session{})
	v.Graph, v.GraphVersion = "group_owner", 2
	v.Start = time.Now().Add(-30 * time.Minute)
	v.End = v.Start.Add(time.Hour)
	v = b.played(b.booked(v), "complete")
	wantEqual(t, "closed", b.known(v).Session.Open, false)
	v = b.played(v, "reopen")
	wantEqual(t, "open", words(v.State, v.Completed, v.Session.Open), "tentative false true")
	b.wantDeadline("it completes by itself again", v, v.End.Add(time.Hour))
	seat := b.seat(v, "group_customer@2")
	seat.Start, seat.End = v.Start, v.End
	b.booked(seat)
	v = b.played(v, "complete")
	other := b.booked(b.begun("instant", 15*time.Minute))
	_, out := b.play(v, "reopen")
	b.wantRefused("the time is another's", out, fault.SlotTaken, v, "completed")
	b.played(other, "cancel")
	b.exec(`UPDATE bookings SET end_at = now() - interval '1 second' WHERE id = $1`, v.ID)
	_, out = b.play(v, "reopen")
	b.wantRefused("its time is over", out, fault.TooLate, v, "completed")
	b.sound()
}

// TestTwoRequestsOneTime: of requests that hold their time there is one; of those that do not, one is confirmed.
func TestTwoRequestsOneTime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := b.booked(b.coming("request", 9, 10))
	_, err := b.try(b.coming("request", 9.5, 10.5))
	wantCode(t, err, fault.SlotTaken)
	b.played(first, "withdraw")
	again := b.booked(b.coming("request", 9.5, 10.5))
	b.played(again, "confirm")
	b.sound()

	var all []*booking.Booking
	for range 8 {
		all = append(all, b.booked(b.coming("confirm_decline@2", 12, 13)))
	}
	results := make(chan booking.Outcome, len(all))
	for _, v := range all {
		a, err := b.InsertAction(b.ctx, action(v, "confirm"), "")
		check(t, err)
		go func() { results <- must(b.Commit(b.ctx, commit(v, a))) }()
	}
	confirmed := 0
	for range all {
		if out := <-results; out.Result == booking.ResultApplied {
			confirmed++
		} else {
			wantEqual(t, "the others", words(out.Result, out.Code, out.State), words(booking.ResultRefused, fault.SlotTaken, "tentative"))
		}
	}
	wantEqual(t, "confirmed", confirmed, 1)
	b.wantNoDeadlock()
	b.sound()
}
