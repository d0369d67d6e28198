package money_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"math/rand/v2"

	"github.com/google/uuid"

	"holdfast/deployments/local/fakepay"
	"holdfast/graphs"
	"holdfast/internal/payment"
)

// company is seats of one session that are paid together; the first one pays.
type company []story

// together books so many seats of a session of the same number, at 45.00 EUR each. Terms change what each costs.
func (h *house) together(t *testing.T, seats int, terms ...func(*payment.Terms)) (session story, all company) {
	t.Helper()
	session = h.session(t, seats)
	graph, _ := graphs.Named("paid_seat", nil)
	all = make(company, seats)
	for i := range all {
		b := *session.booking
		b.ID, b.EventID, b.Seq, b.State, b.Session = uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7()), 0, graph.Initial, nil
		b.Related.OwnerBooking = &session.booking.ID
		b.SetGraph(graph)
		all[i] = session.of(session.priced(&b, terms...))
	}
	for n := range all {
		one := all[(n+1)%seats]
		if one.booking != all[0].booking {
			one.booking.Related.Payer = &all[0].booking.ID
		}
		one.create(one.booking)
		one.decide(one.booking)
	}
	return session, all
}

// rest does all the work of all seats that is due.
func (c company) rest() {
	for range 3 {
		for _, one := range c {
			one.rest()
		}
	}
}

// are says which states the seats are in, the payer's first.
func (c company) are(states ...string) {
	c[0].t.Helper()
	var got []string
	for _, one := range c {
		got = append(got, one.known(one.booking).State)
	}
	if strings.Join(got, " ") != strings.Join(states, " ") {
		c[0].t.Fatalf("the seats are %v, want %v", got, states)
	}
}

// every is the same state for every seat.
func (c company) every(state string) []string {
	return strings.Split(strings.TrimSuffix(strings.Repeat(state+" ", len(c)), " "), " ")
}

// keeps says what is kept of the payment, on record and at the provider, and by whose parts it went back.
func (c company) keeps(kept int64, back ...int64) {
	t := c[0].t
	t.Helper()
	all := c[0].payments()
	if len(all) != 1 {
		t.Fatalf("%d payments, want one", len(all))
	}
	p := all[0]
	at, held, _ := c[0].fake.Totals()
	if p.Captured-p.Refunded != kept || at != kept || held != 0 {
		t.Fatalf("%d is kept on record, %d at the provider, which holds %d; want %d", p.Captured-p.Refunded, at, held, kept)
	}
	for i, want := range back {
		got := int64(0)
		for _, r := range p.Refunds {
			if r.PartOf != nil && *r.PartOf == c[i].booking.ID {
				got += r.Amount
			}
		}
		if got != want {
			t.Fatalf("of seat %d's part %d went back, want %d", i, got, want)
		}
	}
}

// half gives back half of what was paid to a customer who cancels.
func half(terms *payment.Terms) { terms.Policy.Refund = &[]payment.Step{{Percent: 50}} }

// TestOnePaysForAPartyOfFour: one payment moves four seats, and each that leaves has its own part back.
func TestOnePaysForAPartyOfFour(t *testing.T) {
	t.Parallel()
	h := build(t)
	for name, tell := range map[string]func(t *testing.T){
		"one leaves, by its policy": func(t *testing.T) {
			session, all := h.together(t, 4, half)
			all.rest()
			p := all[0].payments()[0]
			if p.Amount != 18000 || len(p.Parts) != 4 || payment.Sum(p.Parts) != p.Amount {
				t.Fatalf("%d in %+v", p.Amount, p.Parts)
			}
			all[0].press("pay")
			all.rest()
			all.are(all.every("paid")...)
			all[2].play("cancel_by_customer", graphs.ActorCustomerLink)
			all.rest()
			all.are("paid", "paid", "cancelled_by_customer", "paid")
			all.keeps(15750, 0, 0, 2250, 0)
			all[0].play("cancel_by_customer", graphs.ActorCustomerLink)
			all.rest()
			all.are("cancelled_by_customer", "paid", "cancelled_by_customer", "paid")
			all.keeps(13500, 2250, 0, 2250, 0)
			session.play("cancel", graphs.ActorAPI)
			all.rest()
			all.are("cancelled_by_customer", "cancelled_by_owner", "cancelled_by_customer", "cancelled_by_owner")
			all.keeps(4500, 2250, 4500, 2250, 4500)
		},
		"one leaves while the other pays": func(t *testing.T) {
			_, all := h.together(t, 4)
			all.rest()
			all[3].play("withdraw", graphs.ActorCustomerLink)
			all[0].press("pay")
			all.rest()
			all.are("paid", "paid", "paid", "withdrawn")
			all.keeps(13500, 0, 0, 0, 4500)
		},
		"never paid": func(t *testing.T) {
			_, all := h.together(t, 4)
			all.rest()
			for _, one := range []int{2, 0, 1, 3} {
				all[one].fire()
			}
			all.are(all.every("expiring")...)
			all.rest()
			all.are(all.every("unpaid")...)
			all.keeps(0)
		},
		"late, and the seats are free": func(t *testing.T) {
			_, all := h.together(t, 4)
			all.rest()
			all[0].lapse()
			all.are(all.every("unpaid")...)
			all[0].press("pay")
			all.rest()
			all.are(all.every("paid")...)
			all.keeps(18000)
		},
		"late, and one seat is taken": func(t *testing.T) {
			session, all := h.together(t, 4)
			all.rest()
			all[0].lapse()
			other := session.seat()
			other.is("tentative")
			all[0].press("pay")
			all.rest()
			all.are(all.every("refunded_late")...)
			all.keeps(0)
			other.is("tentative")
		},
		"held, one leaves, confirmed": func(t *testing.T) {
			_, all := h.together(t, 4, func(terms *payment.Terms) { terms.Policy.Capture = payment.CaptureOnConfirm })
			all.rest()
			all[0].press("pay")
			all.rest()
			all.are(all.every("requested")...)
			all[1].play("withdraw", graphs.ActorCustomerLink)
			all.rest()
			all[0].play("confirm", graphs.ActorAPI)
			all.rest()
			all.are("paid", "withdrawn", "paid", "paid")
			all.keeps(13500, 0, 4500, 0, 0)
		},
		"held, confirmed, the payer leaves, and the capture fails": func(t *testing.T) {
			_, all := h.together(t, 3, func(terms *payment.Terms) { terms.Policy.Capture = payment.CaptureOnConfirm })
			all.rest()
			all[0].press("pay")
			all.rest()
			all[0].fake.Fail(fakepay.Fault{On: "capture", Do: fakepay.Lapsed})
			all[0].play("confirm", graphs.ActorAPI)
			all.are(all.every("paid")...)
			all[0].play("cancel_by_customer", graphs.ActorCustomerLink)
			all.rest()
			all.are("cancelled_by_customer", "unpaid", "unpaid")
			all.keeps(0)
		},
		"the payer gives up": func(t *testing.T) {
			_, all := h.together(t, 4)
			all.rest()
			all[0].play("withdraw", graphs.ActorCustomerLink)
			all.rest()
			all.are(all.every("withdrawn")...)
			all.keeps(0)
		},
		"one cannot go its own way": func(t *testing.T) {
			_, all := h.together(t, 2)
			all.rest()
			for _, name := range []string{"pay", "timeout"} {
				all[1].play(name, graphs.ActorAPI)
				all[1].is("tentative")
			}
			all[1].fire()
			all[1].is("tentative")
		},
		"the payer was never made": func(t *testing.T) {
			session := h.session(t, 2)
			b := *session.seat().booking
			b.ID, b.EventID, b.Seq, b.State = uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7()), 0, "initialized"
			b.Related.Payer = new(uuid.Must(uuid.NewV7()))
			one := session.of(&b)
			one.create(&b)
			one.decide(&b)
			one.fire()
			one.rest()
			one.is("unpaid")
		},
	} {
		t.Run(name, tell)
	}
}

// TestPartsAndSeatsAgree lives parties whose seats leave, and whose payments go wrong, in every order: in the end each part is kept exactly
// where its seat is, or where the policy keeps it, and the session has not more seats taken than it has.
func TestPartsAndSeatsAgree(t *testing.T) {
	t.Parallel()
	h := build(t)
	outcomes := map[string]int{}
	for seed := range uint64(40) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 43))
			session, all := h.together(t, 4, func(terms *payment.Terms) {
				if seed%3 == 0 {
					terms.Policy.Capture = payment.CaptureOnConfirm
				}
			}, half)
			moves := map[string]graphs.Actor{
				"withdraw": graphs.ActorCustomerLink, "cancel_by_customer": graphs.ActorCustomerLink, "cancel_by_owner": graphs.ActorAPI,
				"confirm": graphs.ActorAPI, "decline": graphs.ActorAPI,
			}
			names := []string{"withdraw", "cancel_by_customer", "cancel_by_owner", "confirm", "confirm", "decline"}
			var trail []string
			if seed%2 == 0 { // paid first
				all.rest()
				all[0].press("pay")
				all.rest()
				all[0].ask("confirm", graphs.ActorAPI)
				all[0].decide(all[0].booking)
			}
			for range 40 {
				i, what := rnd.IntN(4), rnd.IntN(20)
				one := all[i]
				trail = append(trail, fmt.Sprint(i, " ", what))
				switch {
				case what < 4:
					one.perform()
				case what < 8:
					one.watch()
				case what < 12:
					one.decide(one.booking)
				case what < 14:
					for _, p := range all[0].payments() {
						one.fake.Press(p.Ref, "pay")
					}
				case what < 15:
					one.fire()
				case what < 17:
					name := names[rnd.IntN(len(names))]
					trail = append(trail, name)
					one.ask(name, moves[name])
				case what < 18:
					one.cut.plan.Store(int32(1 + rnd.IntN(2)))
				case what < 19:
					one.fake.Fail(fakepay.Fault{On: "expire", Do: fakepay.PaidFirst})
				default:
					one.fake.Advance(20 * time.Minute)
				}
			}
			all[0].fake.Heal()
			all[0].cut.plan.Store(0)
			all.rest()
			outcomes[all.judge(t, session)]++
			if t.Failed() {
				t.Log(strings.Join(trail, ", "))
			}
		})
	}
	t.Log(outcomes)
	if len(outcomes) < 5 {
		t.Errorf("only %v came out", outcomes)
	}
}

// judge says how the seats ended, and that each one's part agrees with it.
func (c company) judge(t *testing.T, session story) string {
	t.Helper()
	kept := map[uuid.UUID]int64{}
	for _, p := range c[0].payments() {
		for _, part := range p.Parts {
			if p.Honoured && p.Captured > 0 {
				kept[part.BookingID] += p.PaidFor(part.BookingID) - p.ReturnedFor(part.BookingID)
			}
		}
		for _, r := range p.Refunds {
			if r.State != payment.RefundSucceeded {
				t.Errorf("a refund is %s", r.State)
			}
		}
	}
	var states []string
	total := int64(0)
	for i, one := range c {
		b := one.known(one.booking)
		states = append(states, b.State)
		total += kept[b.ID]
		want, ok := map[string]int64{"paid": 4500, "cancelled_by_customer": 2250}[b.State]
		if !ok && kept[b.ID] != 0 || ok && kept[b.ID] != want {
			t.Errorf("seat %d is %s, and %d of its part is kept", i, b.State, kept[b.ID])
		}
	}
	if at, held, _ := c[0].fake.Totals(); at != total || held > 0 && c[0].known(c[0].booking).State != "requested" {
		t.Errorf("%d is kept on record and %d at the provider, which holds %d", total, at, held)
	}
	var taken, seats, most int
	const count = `SELECT taken, (SELECT count(*)::int FROM seats WHERE session_id = $1), max_seats FROM sessions WHERE booking_id = $1`
	check(t, c[0].look.QueryRow(context.Background(), count, session.booking.ID).Scan(&taken, &seats, &most))
	if taken != seats || taken > most {
		t.Errorf("%d of %d seats are counted, and %d held", taken, most, seats)
	}
	return strings.Join(states, " ")
}
