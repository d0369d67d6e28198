package money_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/payment"
	"holdfast/internal/payment/provider"
	"holdfast/internal/policy"
	"holdfast/internal/postgres"
)

// deposit are terms of 15.00 EUR now, and 30.00 EUR a day before the start.
func deposit(t *payment.Terms) {
	now := int64(1500)
	t.Price.DueNow, t.Policy.BalanceDue = &now, policy.MustLead("P1D")
}

// timer plays a timer of the present state, as if it were due.
func (s story) timer(action string) {
	s.t.Helper()
	b := s.known(s.booking)
	s.commit(b, booking.TimerActionID(b.ID, b.Seq, action), action, graphs.ActorTimer)
}

// last is the newest payment of a kind.
func (s story) last(kind payment.Kind) (last *postgres.PaymentWithRefunds) {
	s.t.Helper()
	for _, p := range s.payments() {
		if p.Kind == kind {
			last = p
		}
	}
	if last == nil {
		s.t.Fatalf("no payment of the kind %s", kind)
	}
	return last
}

func (s story) pays(kind payment.Kind) {
	s.t.Helper()
	if !s.fake.Press(s.last(kind).Ref, "pay") {
		s.t.Fatalf("the %s cannot be paid", kind)
	}
}

// keeps asserts what is kept of all payments of the booking, here and at the provider.
func (s story) keeps(want int64) {
	s.t.Helper()
	sum := int64(0)
	for _, p := range s.payments() {
		sum += p.Captured - p.Refunded
	}
	if kept, _, _ := s.fake.Totals(); sum != want || kept != want {
		s.t.Errorf("%d is kept, and %d at the provider, want %d", sum, kept, want)
	}
}

// deposited is a booking whose deposit is paid.
func (h *house) deposited(t *testing.T, more ...func(*payment.Terms)) story {
	t.Helper()
	s := h.begin(t, append([]func(*payment.Terms){deposit}, more...)...)
	s.rest()
	s.pays(payment.Deposit)
	s.rest()
	s.is("paid")
	s.keeps(1500)
	return s
}

// TestBalances tells what becomes of the rest of a price.
func TestBalances(t *testing.T) {
	t.Parallel()
	h := build(t)
	for name, tell := range map[string]func(t *testing.T){
		"in time": func(t *testing.T) {
			s := h.deposited(t)
			b := s.known(s.booking)
			if due := b.Times().BalanceDue; !due.Equal(b.Start.In(b.Resource.Zone()).AddDate(0, 0, -1)) {
				t.Errorf("due %s of %s", due, b.Start)
			}
			s.timer("ask_balance")
			s.is("balance_due")
			s.rest()
			if p := s.last(payment.Balance); p.Amount != 3000 || p.State != payment.Open {
				t.Errorf("%+v", p.Payment)
			}
			s.pays(payment.Balance)
			s.rest()
			s.is("settled")
			s.keeps(4500)
			s.play("cancel", graphs.ActorAPI)
			s.rest()
			s.is("cancelled")
			s.keeps(0)
		},
		"never, and asked for again": func(t *testing.T) {
			s := h.deposited(t)
			s.timer("ask_balance")
			s.rest()
			first := s.last(payment.Balance)
			s.timer("overdue")
			s.is("balance_overdue")
			s.play("ask_balance", graphs.ActorOwnerLink)
			s.rest()
			if p := s.last(payment.Balance); p.ID != first.ID {
				t.Error("another page, and the first can still be paid")
			}
			s.timer("overdue")
			at, err := s.Of(nil)
			check(t, err)
			_, err = at.End(t.Context(), provider.Charge{PaymentID: first.ID, Ref: first.Ref, Currency: "EUR"}, "its day is over")
			check(t, err)
			s.rest()
			s.play("ask_balance", graphs.ActorOwnerLink)
			s.rest()
			s.is("balance_due")
			if p := s.last(payment.Balance); p.ID == first.ID || p.State != payment.Open {
				t.Errorf("%+v", p.Payment)
			}
			s.pays(payment.Balance)
			s.rest()
			s.is("settled")
			s.keeps(4500)
		},
		"cancelled while it is overdue": func(t *testing.T) {
			s := h.deposited(t, func(t *payment.Terms) { t.Policy.Refund = &[]payment.Step{{Percent: 50}} })
			s.timer("ask_balance")
			s.rest()
			s.timer("overdue")
			s.play("cancel_by_customer", graphs.ActorCustomerLink)
			s.rest()
			s.is("cancelled_by_customer")
			s.keeps(750)
			if _, _, open := s.fake.Totals(); open != 0 {
				t.Errorf("%d pages can still be paid", open)
			}
		},
		"over before it is paid": func(t *testing.T) {
			s := h.deposited(t)
			s.timer("ask_balance")
			s.rest()
			s.timer("complete")
			s.rest()
			s.is("completed")
			s.keeps(1500)
			if p := s.last(payment.Balance); p.State != payment.Expired {
				t.Errorf("%+v", p.Payment)
			}
		},
		"the deposit is not asked for twice, though a part of it went back": func(t *testing.T) {
			s := h.deposited(t)
			p := s.last(payment.Deposit)
			_, _, err := s.db.AskRefund(t.Context(), &payment.Refund{
				ID: uuid.Must(uuid.NewV7()), PaymentID: p.ID, Amount: 500, Reason: payment.ByOwner,
			}, true)
			check(t, err)
			_, err = s.db.AddEffect(t.Context(), s.known(s.booking), uuid.Must(uuid.NewV7()), graphs.Effect{Kind: graphs.OpenPaymentEffect, Of: graphs.OfDue})
			check(t, err)
			s.rest()
			if n := len(s.payments()); n != 1 {
				t.Errorf("%d payments", n)
			}
			s.keeps(1000)
		},
		"of a booking that is moved": func(t *testing.T) {
			s := h.deposited(t)
			s.timer("ask_balance")
			s.rest()
			s.pays(payment.Balance)
			s.rest()
			next := s.moved()
			next.watch() // the balance is looked at before the deposit has moved the booking
			next.rest()
			s.is("rescheduled_by_customer")
			next.is("settled")
			next.keeps(4500)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tell(t)
		})
	}
}

// TestNoShowFees: a fee is asked for of customers who have agreed to it, and of nobody else.
func TestNoShowFees(t *testing.T) {
	t.Parallel()
	h := build(t)
	begun := func(t *testing.T, consent bool) story {
		t.Helper()
		s := h.begin(t, func(t *payment.Terms) {
			t.Policy.NoShow = &payment.NoShow{Fee: 2000, Consent: "Who does not come pays 20.00 EUR."}
			if now := time.Now(); consent {
				t.ConsentedAt = &now
			}
		})
		s.rest()
		s.press("pay")
		s.rest()
		const q = `UPDATE bookings SET start_at = now() - interval '2 hours', end_at = now() - interval '1 hour' WHERE id = $1`
		_, err := s.look.Exec(t.Context(), q, s.booking.ID)
		check(t, err)
		s.play("no_show", graphs.ActorOwnerLink)
		s.rest()
		if got := s.known(s.booking).State; got != "no_show" {
			t.Fatalf("the booking is %s", got)
		}
		return s
	}
	t.Run("without consent", func(t *testing.T) {
		t.Parallel()
		s := begun(t, false)
		if n := len(s.payments()); n != 1 {
			t.Errorf("%d payments", n)
		}
	})
	t.Run("with consent", func(t *testing.T) {
		t.Parallel()
		s := begun(t, true)
		if p := s.last(payment.Fee); p.Amount != 2000 || p.State != payment.Open || p.CheckoutURL == "" {
			t.Fatalf("%+v", p.Payment)
		}
		s.pays(payment.Fee)
		s.rest()
		s.keeps(6500)
		if p := s.last(payment.Fee); !p.Honoured {
			t.Errorf("%+v", p.Payment)
		}
	})
	t.Run("taken back", func(t *testing.T) {
		t.Parallel()
		s := begun(t, true)
		s.play("undo", graphs.ActorAPI)
		s.rest()
		if got := s.known(s.booking).State; got != "paid" {
			t.Errorf("the booking is %s", got)
		}
		if p := s.last(payment.Fee); p.State != payment.Expired {
			t.Errorf("%+v", p.Payment)
		}
		s.keeps(4500)
	})
}
