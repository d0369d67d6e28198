package money_test

import (
	"testing"

	"github.com/google/uuid"

	"holdfast/deployments/local/fakepay"
	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/payment"
)

// session opens a session of so many seats, and returns the story of it.
func (h *house) session(t *testing.T, seats int) story {
	t.Helper()
	s := story{h.provided(t)}
	r, calendar := s.chair()
	s.booking = s.make(r, calendar, "group_owner")
	s.booking.Session = &booking.Session{MaxSeats: seats}
	s.create(s.booking)
	s.decide(s.booking)
	return s
}

// seat books a seat of the session that is to be paid.
func (s story) seat() story {
	s.t.Helper()
	graph, _ := graphs.Named("paid_seat", nil)
	b := *s.booking
	b.ID, b.EventID, b.Seq, b.State, b.Session = uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7()), 0, graph.Initial, nil
	b.Related.OwnerBooking = &s.booking.ID
	b.SetGraph(graph)
	seat := s.of(s.priced(&b))
	seat.create(&b)
	seat.decide(&b)
	return seat
}

// TestTwoPayLateForTheLastSeat: one is paid, the other's money goes back.
func TestTwoPayLateForTheLastSeat(t *testing.T) {
	t.Parallel()
	session := build(t).session(t, 1)
	one := session.seat()
	one.rest()
	one.lapse()
	two := session.seat()
	two.rest()
	two.lapse()
	one.press("pay")
	two.press("pay")
	one.watch()
	two.watch()
	two.rest()
	one.rest()
	two.is("paid")
	two.money(payment.Captured, 4500, 0)
	one.is("refunded_late")
	one.money(payment.Captured, 4500, 4500)
}

// TestASessionIsCancelledWithAHundredPaidSeats while the provider goes down half-way: every seat's money goes back, once.
func TestASessionIsCancelledWithAHundredPaidSeats(t *testing.T) {
	t.Parallel()
	const seats = 100
	session := build(t).session(t, seats)
	var all []story
	for range seats {
		s := session.seat()
		s.perform()
		s.press("pay")
		s.watch()
		s.decide(s.booking)
		s.watch()
		all = append(all, s)
	}
	session.play("cancel", graphs.ActorAPI)
	for i, s := range all {
		if i == seats/2 {
			s.fake.Fail(fakepay.Fault{On: "refund", Do: fakepay.ServerErrorAfter, Times: 10})
			s.fake.Fail(fakepay.Fault{On: "refund", Do: fakepay.DropAfter, Times: 10})
			s.fake.Fail(fakepay.Fault{Do: fakepay.ServerError, Times: -1})
		}
		if !s.decide(s.booking) {
			t.Fatal("the session's cancellation does not reach the seat")
		}
		s.perform()
		s.watch()
		s.is("cancelled_by_owner")
	}
	session.fake.Heal()
	for _, s := range all {
		s.perform()
		s.watch()
		if p := s.payments()[0]; p.Refunded != 4500 || len(p.Refunds) != 1 || p.Refunds[0].State != payment.RefundSucceeded {
			t.Errorf("%+v with %+v", p.Payment, p.Refunds)
		}
	}
	if kept, held, open := session.fake.Totals(); kept != 0 || held != 0 || open != 0 {
		t.Errorf("the provider keeps %d, holds %d, and has %d open pages", kept, held, open)
	}
}
