package postgres_test

import (
	"testing"
	"time"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/payment"
)

// by plays an action as an actor, from where the record stands.
func (b *bundle) by(actor graphs.Actor, v *booking.Booking, name string) (*booking.Booking, booking.Outcome) {
	b.t.Helper()
	v = b.known(v)
	a := action(v, name)
	a.Actor = actor
	if actor == graphs.ActorTimer {
		a.ID = booking.TimerActionID(v.ID, v.Seq, name)
	} else {
		_, err := b.InsertAction(b.ctx, a, "")
		check(b.t, err)
	}
	out, err := b.Commit(b.ctx, commit(v, a))
	check(b.t, err)
	return b.known(v), out
}

func (b *bundle) wantBy(actor graphs.Actor, v *booking.Booking, name, state string) {
	b.t.Helper()
	known, out := b.by(actor, v, name)
	wantEqual(b.t, name, words(out.Result, known.State), words(booking.ResultApplied, state))
}

// paidKinds are the graphs that take money, each with a booking of the bundle that is about to take its first action.
func paidKinds(b *bundle) map[string]*booking.Booking {
	later := time.Now().Add(48 * time.Hour)
	slot, session := b.at("paid_booking", 9, 10), b.unopened(1, booking.Session{})
	for _, v := range []*booking.Booking{slot, session} {
		v.Start, v.End = later, later.Add(time.Hour)
		later = later.Add(time.Hour)
	}
	seat := b.seat(b.booked(session), "paid_seat")
	seat.Start, seat.End = session.Start, session.End
	return map[string]*booking.Booking{"paid_booking": slot, "paid_seat": seat}
}

// TestTimeToPayIsExtendedOnce: the guard counts on bookings of built-in graphs, too.
func TestTimeToPayIsExtendedOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for graph, v := range paidKinds(b) {
		b.booked(v)
		b.wantBy(graphs.ActorPayment, v, "extend", "tentative")
		_, out := b.by(graphs.ActorPayment, v, "extend")
		b.wantRefused(graph, out, fault.ActionNotAvailable, v, "tentative")
	}
}

// TestGraphsThatCountAreCounted: every built-in graph with a guard that counts is among those whose bookings are read with their counts.
func TestGraphsThatCountAreCounted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	paid := paidKinds(b)
	for _, g := range graphs.Published() {
		counts := false
		for _, s := range g.States {
			for _, name := range g.Open(s.Name) {
				needs := g.Needs(s.Name, name)
				counts = counts || needs.Paid || len(needs.Counts) > 0
			}
		}
		if counts {
			wantEqual(t, g.Ref(), b.booked(paid[g.Name]).Counts[g.Start], 1)
		}
	}
}

// TestMoneyThatComesLate takes again what the booking has given back, or leads where the graph says when somebody else has it. Once the
// booked time has begun it moves nothing.
func TestMoneyThatComesLate(t *testing.T) {
	t.Parallel()
	for _, graph := range []string{"paid_booking", "paid_seat"} {
		b := setup(t)
		late := paidKinds(b)[graph]
		lapsed := func(v *booking.Booking) *booking.Booking {
			b.booked(v)
			b.wantBy(graphs.ActorTimer, v, "timeout", "expiring")
			b.wantBy(graphs.ActorEffect, v, "expire", "unpaid")
			return v
		}
		another := func() *booking.Booking {
			v := *late
			v.ID, v.EventID, v.Customers = newID(), newID(), nil
			return &v
		}
		again, begun := another(), another()
		lapsed(late)
		lapsed(again)
		b.wantBy(graphs.ActorPayment, late, "pay_late", "paid")
		b.wantBy(graphs.ActorPayment, again, "pay_late", "refunded_late")
		wantEqual(t, "it is over", b.known(again).Completed, true)
		wantEqual(t, "the other stays", b.known(late).State, "paid")

		b.wantBy(graphs.ActorAPI, late, ownersEnd[graph], endedByOwner[graph])
		lapsed(begun)
		b.exec(`UPDATE bookings SET start_at = now() - interval '1 second' WHERE id = $1`, begun.ID)
		_, out := b.by(graphs.ActorPayment, begun, "pay_late")
		b.wantRefused("after the start", out, fault.TooLate, begun, "unpaid")
	}
}

var (
	ownersEnd    = map[string]string{"paid_booking": "cancel", "paid_seat": "cancel_by_owner"}
	endedByOwner = map[string]string{"paid_booking": "cancelled", "paid_seat": "cancelled_by_owner"}
)

// TestMoneyThatComesLateForAClosedSession takes no seat: before the session's cancellation has ended the seat, too, and then the seat is over.
func TestMoneyThatComesLateForAClosedSession(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.priced(paidKinds(b)["paid_seat"], b.account("main"), 4500)
	b.booked(v)
	p := b.charged(v)
	b.wantBy(graphs.ActorTimer, v, "timeout", "expiring")
	b.wantBy(graphs.ActorEffect, v, "expire", "unpaid")
	b.played(b.known(&booking.Booking{ID: *v.Related.OwnerBooking, AppID: v.AppID}), "cancel")

	out := b.settle(p, arrived(p))
	if out.Signal == nil {
		t.Fatalf("the money plays nothing: %+v", out.Payment)
	}
	wantEqual(t, "state", b.decide(v, *out.Signal).State, "refunded_late")
	after := b.settle(p, nil)
	if after.Honoured || after.Refusals != 0 || len(after.Refunds) != 1 || after.Refunds[0].Reason != payment.Late ||
		after.Refunds[0].Amount != 4500 {
		t.Errorf("%+v %v", after.Payment, after.Refunds)
	}
	_, ended := b.by(graphs.ActorAPI, v, "cancel_by_owner")
	b.wantRefused("the session's cancellation", ended, fault.ActionNotAvailable, v, "refunded_late")
	b.sound()
}

// TestMoneyInTheLastMoment: while the payment is being ended the time stays taken, and money that has just arrived counts.
func TestMoneyInTheLastMoment(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for graph, v := range paidKinds(b) {
		b.booked(v)
		b.wantBy(graphs.ActorTimer, v, "timeout", "expiring")
		held := b.count(`SELECT (SELECT count(*) FROM occupancies WHERE booking_id = $1) + (SELECT count(*) FROM seats WHERE booking_id = $1)`, v.ID)
		wantEqual(t, graph+" holds", held, 1)
		b.wantBy(graphs.ActorPayment, v, "pay", "paid")
		_, out := b.by(graphs.ActorEffect, v, "expire")
		b.wantRefused(graph, out, fault.ActionNotAvailable, v, "paid")
	}
}

// TestACancelledSessionEndsItsPaidSeats wherever they are, and their effects give back what was paid.
func TestACancelledSessionEndsItsPaidSeats(t *testing.T) {
	t.Parallel()
	for state, way := range map[string][][2]string{
		"tentative": nil, "expiring": {{"timer", "timeout"}}, "requested": {{"payment", "authorize"}},
		"paid": {{"payment", "pay"}}, "unpaid": {{"timer", "timeout"}, {"effect", "expire"}},
		"balance_due":     {{"payment", "pay"}, {"api", "ask_balance"}},
		"balance_overdue": {{"payment", "pay"}, {"owner_link", "ask_balance"}, {"timer", "overdue"}},
		"settled":         {{"payment", "pay"}, {"payment", "pay_balance"}},
	} {
		b := setup(t)
		v := b.booked(paidKinds(b)["paid_seat"])
		for _, step := range way {
			v, _ = b.by(graphs.Actor(step[0]), v, step[1])
		}
		wantEqual(t, "on the way", v.State, state)
		session := b.known(&booking.Booking{ID: *v.Related.OwnerBooking, AppID: v.AppID})
		b.played(session, "cancel")
		b.wantCount(1, `SELECT count(*) FROM actions WHERE booking_id = $1 AND name = 'cancel_by_owner' AND status = 'pending'`, v.ID)
		b.wantBy(graphs.ActorAPI, v, "cancel_by_owner", "cancelled_by_owner")
		want := map[string]string{
			"tentative": "end_payment", "requested": "void_payment", "paid": "refund_payment", "balance_due": "refund_payment",
			"balance_overdue": "refund_payment", "settled": "refund_payment",
		}[state]
		got := column[string](b, `SELECT kind FROM effects WHERE booking_id = $1 AND seq = $2`, v.ID, v.Seq+1)
		wantSame(t, state, got, map[bool][]string{true: {want}}[want != ""])
	}
}
