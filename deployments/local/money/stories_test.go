package money_test

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/deployments/local/fakepay"
	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/payment"
	"holdfast/internal/postgres"
)

// story is a life in which a test says what happens.
type story struct{ *life }

// begin opens a story: a booking of paid_booking at 45.00 EUR whose payment is not opened yet. Terms change what it costs.
func (h *house) begin(t *testing.T, terms ...func(*payment.Terms)) story {
	t.Helper()
	l := h.provided(t)
	r, calendar := l.chair()
	s := story{l}
	s.booking = s.priced(l.make(r, calendar, "paid_booking"), terms...)
	s.rival = l.make(r, calendar, "instant")
	s.create(s.booking)
	s.decide(s.booking)
	return s
}

func (s story) priced(b *booking.Booking, terms ...func(*payment.Terms)) *booking.Booking {
	b.Payment = &payment.Terms{Price: payment.Price{Amount: 4500, Currency: "EUR"}, AccountID: s.account.ID, Provider: "stripe"}
	for _, change := range terms {
		change(b.Payment)
	}
	return b
}

// of is the story of another booking.
func (s story) of(b *booking.Booking) story {
	other := *s.life
	other.booking = b
	return story{&other}
}

// another books the same once more, at the same time.
func (s story) another() story {
	b := *s.booking
	b.ID, b.EventID, b.Seq = uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7()), 0
	other := s.of(&b)
	other.create(&b)
	other.decide(&b)
	return other
}

// moved moves the booking by three hours, and is the story of the one that takes its place.
func (s story) moved() story {
	s.t.Helper()
	b := *s.known(s.booking)
	b.ID, b.EventID, b.Seq, b.State = uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7()), 0, "initialized"
	b.Start, b.End = b.Start.Add(3*time.Hour), b.End.Add(3*time.Hour)
	b.Related.RescheduledFrom, b.Customers = &s.booking.ID, nil
	next := s.of(&b)
	next.create(&b)
	next.decide(&b)
	return next
}

// rest does all the work that is due, until two rounds of it change nothing: in one of them the worker may be killed.
func (s story) rest() {
	before := ""
	for idle := 0; idle < 2; idle++ {
		if now := s.shape(); now != before {
			before, idle = now, 0
		}
		s.perform()
		s.watch()
		for s.decide(s.booking) {
		}
	}
}

// press is the customer on the page of every payment.
func (s story) press(outcome string) {
	s.t.Helper()
	for _, p := range s.payments() {
		if !s.fake.Press(p.Ref, outcome) {
			s.t.Fatalf("the page does not let %s", outcome)
		}
	}
}

// play has an action asked for and decided.
func (s story) play(name string, actor graphs.Actor) {
	s.t.Helper()
	s.ask(name, actor)
	if !s.decide(s.booking) {
		s.t.Fatalf("%s cannot be played", name)
	}
}

// lapse lets the time to pay run out, with a provider that cannot be reached: the customer can still pay.
func (s story) lapse() {
	s.t.Helper()
	s.fake.Fail(fakepay.Fault{On: "expire", Do: fakepay.ServerError, Times: -1})
	s.fire()
	s.perform()
	s.fire()
	s.fake.Heal()
	s.is("unpaid")
}

func (s story) is(state string) {
	s.t.Helper()
	if got := s.known(s.booking).State; got != state {
		s.t.Errorf("the booking is %s, not %s", got, state)
	}
	s.agrees()
}

// agrees asserts that time is reserved exactly where the state holds it.
func (s story) agrees() {
	s.t.Helper()
	b := s.known(s.booking)
	graph, err := b.LoadGraph()
	check(s.t, err)
	state, _ := graph.State(b.State)
	const q = `SELECT EXISTS (SELECT FROM occupancies WHERE booking_id = $1) OR EXISTS (SELECT FROM seats WHERE booking_id = $1)`
	if has := value[bool](s, q, b.ID); has != (state.Holds == graphs.HoldsSlot || state.Holds == graphs.HoldsSeat) {
		s.t.Errorf("%s has its time: %v", b.State, has)
	}
}

// money asserts what has arrived and gone back of the first payment, on record and at the provider.
func (s story) money(state payment.State, captured, refunded int64) *postgres.PaymentWithRefunds {
	s.t.Helper()
	p := s.payments()[0]
	if p.State != state || p.Captured != captured || p.Refunded != refunded {
		s.t.Errorf("the payment is %s with %d and %d back, want %s with %d and %d", p.State, p.Captured, p.Refunded, state, captured, refunded)
	}
	kept, held, _ := s.fake.Totals()
	const sums, holds = `SELECT COALESCE(sum(captured - refunded), 0)::bigint FROM payments WHERE account_id = $1`,
		`SELECT COALESCE(sum(authorized), 0)::bigint FROM payments WHERE account_id = $1 AND state = 'authorized'`
	sum, of := value[int64](s, sums, s.account.ID), value[int64](s, holds, s.account.ID)
	if kept != sum || held != of {
		s.t.Errorf("the record has %d and holds %d, the provider %d and %d", sum, of, kept, held)
	}
	return p
}

// tells asserts that the events about money are these, in order.
func (s story) tells(want ...string) {
	s.t.Helper()
	const q = `SELECT COALESCE(array_agg(type ORDER BY reminder), '{}') FROM events WHERE booking_id = $1 AND payment IS NOT NULL`
	if got := value[[]string](s, q, s.booking.ID); !slices.Equal(got, want) {
		s.t.Errorf("events %v, want %v", got, want)
	}
}

// told asserts that an event of a type is on record.
func (s story) told(kind string) {
	s.t.Helper()
	if !value[bool](s, `SELECT EXISTS (SELECT FROM events WHERE booking_id = $1 AND type = $2)`, s.booking.ID, kind) {
		s.t.Errorf("%s was not told", kind)
	}
}

func value[T any](s story, q string, args ...any) (v T) {
	s.t.Helper()
	check(s.t, s.look.QueryRow(s.t.Context(), q, args...).Scan(&v))
	return v
}

// did is how many calls of an operation have changed something at the provider.
func (s story) did(operation string) (n int) {
	for _, c := range s.fake.Calls() {
		if c.Operation == operation && c.Status == http.StatusOK && !c.Replayed {
			n++
		}
	}
	return n
}

// sessions are the names of the pages at the provider.
func (s story) sessions() (ids []string) {
	s.t.Helper()
	answer, err := http.Get(s.url() + "/control")
	check(s.t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	check(s.t, err)
	var dump struct{ Sessions []struct{ ID string } }
	check(s.t, json.Unmarshal(text, &dump))
	for _, one := range dump.Sessions {
		ids = append(ids, one.ID)
	}
	return ids
}

func onConfirm(t *payment.Terms) { t.Policy.Capture = payment.CaptureOnConfirm }

// TestStories tells what becomes of money and time, one story each, before a fake provider.
func TestStories(t *testing.T) {
	t.Parallel()
	h := build(t)
	for name, tell := range map[string]func(t *testing.T){
		"paid in time": func(t *testing.T) {
			s := h.begin(t)
			s.rest()
			s.press("pay")
			s.rest()
			s.is("paid")
			if p := s.money(payment.Captured, 4500, 0); !p.Honoured || p.Late {
				t.Errorf("%+v", p.Payment)
			}
			s.tells("payment.open", "payment.captured")
		},
		"the webhook comes after the timer": func(t *testing.T) {
			s := h.begin(t)
			s.rest()
			s.press("pay")
			s.fire()
			s.is("expiring")
			s.watch()
			s.decide(s.booking)
			s.is("paid")
			s.rest()
			s.is("paid")
			s.money(payment.Captured, 4500, 0)
		},
		"late, and the time is free": func(t *testing.T) {
			s := h.begin(t)
			s.rest()
			s.lapse()
			s.press("pay")
			s.rest()
			s.is("paid")
			if p := s.money(payment.Captured, 4500, 0); !p.Late || !p.Honoured {
				t.Errorf("%+v", p.Payment)
			}
		},
		"late, and the time is taken": func(t *testing.T) {
			s := h.begin(t)
			s.rest()
			s.lapse()
			s.create(s.rival)
			s.decide(s.rival)
			s.press("pay")
			s.rest()
			s.is("refunded_late")
			s.money(payment.Captured, 4500, 4500)
			s.told("payment.late_refunded")
			if got := s.known(s.rival); got.State != "confirmed" || got.Seq != 1 {
				t.Errorf("the other booking is %s", got.State)
			}
		},
		"two pay late for one time": func(t *testing.T) {
			s := h.begin(t)
			s.rest()
			s.lapse()
			two := s.another()
			two.rest()
			two.lapse()
			s.press("pay")
			two.press("pay")
			s.watch()
			two.watch() // both are put on record before one is decided
			two.rest()
			s.rest()
			two.is("paid")
			two.money(payment.Captured, 4500, 0)
			s.is("refunded_late")
			s.money(payment.Captured, 4500, 4500)
		},
		"the provider refuses to end what is paid": func(t *testing.T) {
			s := h.begin(t)
			s.rest()
			s.fake.Fail(fakepay.Fault{On: "expire", Do: fakepay.PaidFirst})
			s.fire()
			s.perform()
			s.decide(s.booking)
			s.is("paid")
			s.rest()
			s.money(payment.Captured, 4500, 0)
		},
		"ending times out": func(t *testing.T) {
			s := h.begin(t)
			s.rest()
			s.fake.Fail(fakepay.Fault{On: "expire", Do: fakepay.DropAfter})
			s.fake.Fail(fakepay.Fault{On: "expire", Do: fakepay.Drop, Times: -1})
			s.fire()
			for range 3 {
				s.perform()
				s.is("expiring")
			}
			if n := value[int](s, `SELECT attempts FROM effects WHERE booking_id = $1 AND kind = 'end_payment'`, s.booking.ID); n != 3 {
				t.Errorf("asked %d times", n)
			}
			s.fire()
			s.is("unpaid")
			s.watched(t)
			s.fake.Heal()
			s.watch()
			s.money(payment.Expired, 0, 0)
			s.watched(t) // for late money
		},
		"given up while the customer pays": func(t *testing.T) {
			s := h.begin(t)
			s.rest()
			s.play("withdraw", graphs.ActorCustomerLink)
			s.rest()
			s.is("withdrawn")
			s.money(payment.Expired, 0, 0)
			if _, _, open := s.fake.Totals(); open != 0 {
				t.Errorf("%d pages are open", open)
			}
			paid := s.another()
			paid.rest()
			paid.fake.Fail(fakepay.Fault{On: "expire", Do: fakepay.PaidFirst})
			paid.play("withdraw", graphs.ActorCustomerLink)
			paid.rest()
			paid.is("withdrawn")
			paid.money(payment.Captured, 4500, 4500)
		},
		"cancelled by the owner during the capture": func(t *testing.T) {
			s := h.begin(t, onConfirm)
			s.rest()
			s.press("pay")
			s.rest()
			s.play("confirm", graphs.ActorAPI)
			s.cut.plan.Store(2) // the capture is made, and the worker dies
			s.perform()
			s.play("cancel", graphs.ActorAPI)
			s.rest()
			s.is("cancelled")
			s.money(payment.Captured, 4500, 4500)
			if s.did("capture") != 1 || s.did("refund") != 1 {
				t.Errorf("%d captures, %d refunds", s.did("capture"), s.did("refund"))
			}
		},
		"the webhook comes before the record has the provider's name": func(t *testing.T) {
			s := h.begin(t)
			s.cut.plan.Store(2)
			s.perform()
			p, ids := s.payments()[0], s.sessions()
			if p.Ref != "" || len(ids) != 1 || !s.fake.Press(ids[0], "pay") {
				t.Fatalf("%+v, sessions %v", p.Payment, ids)
			}
			event := postgres.ProviderEvent{ID: "evt_1", Type: "checkout.session.completed", PaymentID: p.ID, Ref: ids[0]}
			about, err := s.db.NoteProviderEvents(t.Context(), s.account.ID, []postgres.ProviderEvent{event})
			check(t, err)
			if !slices.Equal(about, []uuid.UUID{p.ID}) {
				t.Errorf("it is about %v", about)
			}
			s.watch() // there is nothing to ask for yet
			s.rest()
			s.is("paid")
			s.money(payment.Captured, 4500, 0)
		},
		"no webhook ever": func(t *testing.T) {
			s := h.begin(t)
			s.perform()
			s.watched(t) // from the moment on that it can be paid
			s.press("pay")
			_, err := s.look.Exec(t.Context(), `UPDATE payments SET next_at = now() - interval '1 hour' WHERE booking_id = $1`, s.booking.ID)
			check(t, err)
			due, err := s.db.PaymentsToWatch(t.Context(), time.Minute, 100)
			check(t, err)
			if !slices.Contains(due, s.payments()[0].ID) {
				t.Error("the sweep does not find it")
			}
			s.watch()
			s.decide(s.booking)
			s.is("paid")
		},
		"killed around each call": func(t *testing.T) {
			for _, at := range []int32{1, 2} {
				s := h.begin(t, onConfirm)
				kill := func() { s.cut.plan.Store(at) }
				kill()
				s.rest()
				s.press("pay")
				kill()
				s.rest()
				s.play("confirm", graphs.ActorAPI)
				kill()
				s.rest()
				s.is("paid")
				s.play("cancel", graphs.ActorAPI)
				kill()
				s.rest()
				s.rest()
				s.is("cancelled")
				s.money(payment.Captured, 4500, 4500)
				if s.did("open") != 1 || s.did("capture") != 1 || s.did("refund") != 1 {
					t.Errorf("%d opened, %d captured, %d refunded", s.did("open"), s.did("capture"), s.did("refund"))
				}
			}
		},
		"the provider is busy": func(t *testing.T) {
			for _, fault := range []fakepay.Kind{
				fakepay.Conflict, fakepay.RateLimit, fakepay.ServerError, fakepay.ServerErrorAfter, fakepay.Garbage,
			} {
				s := h.begin(t)
				s.fake.Fail(fakepay.Fault{On: "open", Do: fault})
				s.perform()
				s.is("tentative")
				if value[string](s, `SELECT status FROM effects WHERE booking_id = $1`, s.booking.ID) != "pending" {
					t.Errorf("%s: not tried again", fault)
				}
				s.rest()
				s.money(payment.Open, 0, 0)
				s.is("tentative")
			}
		},
		"the key of the account is revoked": func(t *testing.T) {
			s := h.begin(t)
			s.fake.Fail(fakepay.Fault{On: "open", Do: fakepay.KeyRevoked})
			s.rest()
			s.is("unpaid")
			if p := s.money(payment.Failed, 0, 0); p.FailureCode != "credentials_invalid" {
				t.Errorf("failure %s", p.FailureCode)
			}
			s.tells("payment.failed")
			s.told("effect.failed")
		},
		"confirmed": func(t *testing.T) {
			s := h.begin(t, onConfirm)
			s.rest()
			s.press("pay")
			s.rest()
			s.is("requested")
			s.money(payment.Authorized, 0, 0)
			s.play("confirm", graphs.ActorOwnerLink)
			s.rest()
			s.is("paid")
			s.money(payment.Captured, 4500, 0)
		},
		"declined, or not decided": func(t *testing.T) {
			for end, state := range map[string]string{"decline": "declined", "": "expired"} {
				s := h.begin(t, onConfirm)
				s.rest()
				s.press("pay")
				s.rest()
				if end == "" {
					s.fire()
				} else {
					s.play(end, graphs.ActorOwnerLink)
				}
				s.rest()
				s.is(state)
				s.money(payment.Voided, 0, 0)
			}
		},
		"the authorization ends before the capture": func(t *testing.T) {
			s := h.begin(t, onConfirm)
			s.rest()
			s.press("pay")
			s.rest()
			s.fake.Fail(fakepay.Fault{On: "capture", Do: fakepay.Lapsed})
			s.play("confirm", graphs.ActorAPI)
			s.rest()
			s.is("unpaid")
			s.money(payment.Voided, 0, 0)
			s.told("effect.failed")
			s.told("payment.voided")
		},
		"a refund fails and is taken up again": func(t *testing.T) {
			s := h.begin(t)
			s.rest()
			s.press("pay")
			s.rest()
			s.fake.Fail(fakepay.Fault{On: "refund", Do: fakepay.RefundPending})
			s.play("cancel", graphs.ActorAPI)
			s.rest()
			s.is("cancelled")
			r := s.payments()[0].Refunds[0]
			if r.State != payment.RefundPending || r.Ref == "" {
				t.Fatalf("%+v", r)
			}
			s.fake.SettleRefund(r.Ref, "failed", "lost_or_stolen_card")
			s.rest()
			s.money(payment.Captured, 4500, 0)
			s.told("refund.failed")
			_, err := s.db.RetryRefund(t.Context(), s.app.ID, r.PaymentID, r.ID)
			check(t, err)
			s.rest()
			s.money(payment.Captured, 4500, 4500)
			s.is("cancelled")
		},
		"cancelled while the bank disputes": func(t *testing.T) {
			s := h.begin(t)
			s.rest()
			s.press("pay")
			s.rest()
			dispute := s.fake.Dispute(s.payments()[0].Ref)
			s.rest()
			s.told("payment.disputed")
			s.play("cancel", graphs.ActorAPI)
			s.rest()
			s.is("cancelled")
			r := s.money(payment.Captured, 4500, 0).Refunds[0]
			if r.State != payment.RefundFailed || r.ErrorCode != "disputed" || s.did("refund") != 0 {
				t.Errorf("refund %+v, %d asked for", r, s.did("refund"))
			}
			s.fake.CloseDispute(dispute, "won")
			_, err := s.db.RetryRefund(t.Context(), s.app.ID, r.PaymentID, r.ID)
			check(t, err)
			s.rest()
			s.money(payment.Captured, 4500, 4500)
		},
		"nothing to pay": func(t *testing.T) {
			nothing := int64(0)
			s := h.begin(t, func(t *payment.Terms) { t.Price.DueNow = &nothing })
			s.rest()
			s.is("paid")
			if n := len(s.payments()) + len(s.fake.Calls()); n != 0 {
				t.Errorf("%d payments and calls", n)
			}
		},
		"moved": func(t *testing.T) {
			s := h.begin(t)
			s.rest()
			s.press("pay")
			s.rest()
			next := s.moved()
			next.rest()
			s.is("rescheduled_by_customer")
			next.is("paid")
			if p := next.money(payment.Captured, 4500, 0); !p.Honoured || len(s.payments()) != 0 {
				t.Errorf("%+v", p.Payment)
			}
			next.play("cancel", graphs.ActorAPI)
			next.rest()
			next.money(payment.Captured, 4500, 4500)
		},
		"a fee above what was paid": func(t *testing.T) {
			s := h.begin(t, func(t *payment.Terms) { t.Policy.Refund = &[]payment.Step{{Percent: 100, KeepFee: 5000}} })
			s.rest()
			s.press("pay")
			s.rest()
			s.play("cancel_by_customer", graphs.ActorCustomerLink)
			s.rest()
			s.is("cancelled_by_customer")
			if p := s.money(payment.Captured, 4500, 0); len(p.Refunds) != 0 {
				t.Errorf("%+v", p.Refunds)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tell(t)
		})
	}
}

// watched asserts that somebody is to look at the payment again.
func (s story) watched(t *testing.T) {
	t.Helper()
	if !value[bool](s, `SELECT next_at IS NOT NULL FROM payments WHERE booking_id = $1`, s.booking.ID) {
		t.Error("nobody looks at the payment again")
	}
}
