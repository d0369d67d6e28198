package money_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"holdfast/deployments/local/fakepay"
	"holdfast/graphs"
	"holdfast/internal/payment"
)

// lives is how many random lives are lived.
const lives = 100

// steps are what can happen, as often as they are named.
var steps = map[string]func(l *life){
	"perform": (*life).perform,
	"watch":   (*life).watch,
	"decide":  func(l *life) { l.decide(l.booking) },
	"timer":   (*life).fire,
	"pay": func(l *life) {
		for _, p := range l.payments() {
			l.fake.Press(p.Ref, "pay")
		}
	},
	"card declined": func(l *life) {
		for _, p := range l.payments() {
			l.fake.Press(p.Ref, "decline")
		}
	},
	"owner cancels":      func(l *life) { l.ask("cancel", graphs.ActorAPI) },
	"customer cancels":   func(l *life) { l.ask("cancel_by_customer", graphs.ActorCustomerLink) },
	"customer withdraws": func(l *life) { l.ask("withdraw", graphs.ActorCustomerLink) },
	"owner confirms":     func(l *life) { l.ask("confirm", graphs.ActorAPI) },
	"balance asked for":  func(l *life) { l.ask("ask_balance", graphs.ActorOwnerLink) },
	"owner declines":     func(l *life) { l.ask("decline", graphs.ActorAPI) },
	"rival books":        func(l *life) { l.create(l.rival); l.decide(l.rival) },
	"an hour passes":     func(l *life) { l.fake.Advance(time.Hour) },
	"killed before":      func(l *life) { l.cut.plan.Store(1) },
	"killed after":       func(l *life) { l.cut.plan.Store(2) },
	"answer lost":        func(l *life) { l.fake.Fail(fakepay.Fault{Do: fakepay.DropAfter}) },
	"500 though done":    func(l *life) { l.fake.Fail(fakepay.Fault{Do: fakepay.ServerErrorAfter}) },
	"502":                func(l *life) { l.fake.Fail(fakepay.Fault{Do: fakepay.ServerError}) },
	"twin":               func(l *life) { l.fake.Fail(fakepay.Fault{Do: fakepay.Conflict}) },
	"too many":           func(l *life) { l.fake.Fail(fakepay.Fault{Do: fakepay.RateLimit}) },
	"paid just before":   func(l *life) { l.fake.Fail(fakepay.Fault{On: "expire", Do: fakepay.PaidFirst}) },
}

// course is the order in which steps are drawn from: work comes more often than trouble.
var course = strings.Split(strings.Repeat("perform,perform,perform,watch,watch,decide,decide,decide,pay,pay,", 2)+"timer,timer,card declined,"+
	"owner cancels,customer cancels,customer withdraws,owner confirms,owner confirms,balance asked for,owner declines,rival books,"+
	"an hour passes,killed before,killed after,answer lost,500 though done,502,twin,too many,paid just before", ",")

// TestMoneyAndTimeAgree lives bookings whose payments go wrong in every way and order, with the worker killed between the two machines. In
// the end money is kept exactly where the time is, and the record says what the provider says.
func TestMoneyAndTimeAgree(t *testing.T) {
	t.Parallel()
	h := build(t)
	outcomes := map[string]int{}
	for seed := range uint64(lives) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			l := h.live(t, seed)
			for range 14 + l.rnd.IntN(22) {
				name := course[l.rnd.IntN(len(course))]
				l.trail = append(l.trail, name)
				steps[name](l)
			}
			l.settle()
			outcomes[l.judge()]++
			if t.Failed() {
				t.Logf("how it came:\n%s", strings.Join(l.trail, "\n"))
			}
		})
	}
	t.Log(outcomes)
	if len(outcomes) < 5 {
		t.Errorf("only %v came out: the lives are too much alike", outcomes)
	}
}

// settle lets everything come to rest: nothing goes wrong any more, time passes, and all work is done. Some customers pay what they still can.
func (l *life) settle() {
	l.trail = append(l.trail, "rest")
	l.fake.Heal()
	l.cut.plan.Store(0)
	pays := l.rnd.IntN(2) == 0
	for round := range 40 {
		before := l.shape()
		l.perform()
		if pays {
			steps["pay"](l)
		}
		l.watch()
		for l.decide(l.booking) {
		}
		if l.shape() != before {
			continue
		}
		if round > 3 {
			l.fake.Advance(2 * time.Hour)
			l.fire()
		}
		if round > 30 {
			return
		}
	}
}

// shape is all that matters of the record.
func (l *life) shape() string {
	text := fmt.Sprint(l.known(l.booking).State, l.known(l.booking).Seq)
	for _, p := range l.payments() {
		text += fmt.Sprint(" ", p.State, p.Captured, p.Refunded, p.Honoured)
		for _, r := range p.Refunds {
			text += fmt.Sprint(" ", r.State, r.Amount)
		}
	}
	return text
}

// judge says how the life ended, and that money and time agree.
func (l *life) judge() string {
	t, b := l.t, l.known(l.booking)
	graph, err := b.LoadGraph()
	check(t, err)
	state, _ := graph.State(b.State)
	var reserved bool
	const slots = `SELECT EXISTS (SELECT FROM occupancies WHERE booking_id = $1)`
	check(t, l.look.QueryRow(t.Context(), slots, b.ID).Scan(&reserved))
	if holds := state.Holds == graphs.HoldsSlot; holds != reserved {
		t.Errorf("state %s holds: %v, and its time is reserved: %v", b.State, holds, reserved)
	}
	kept, held := int64(0), int64(0)
	for _, p := range l.payments() {
		kept += p.Captured - p.Refunded
		if p.State == payment.Authorized {
			held += p.Authorized
		}
		if p.State == payment.Open && b.Completed {
			t.Errorf("the booking is %s, and the customer can still pay", b.State)
		}
	}
	atProvider, heldThere, open := l.provider()
	if kept != atProvider || held != heldThere {
		t.Errorf("the record has %d and holds %d, the provider %d and %d", kept, held, atProvider, heldThere)
	}
	if open > 0 && b.Completed {
		t.Errorf("%d pages at the provider can still be paid, and the booking is %s", open, b.State)
	}
	price := l.booking.Payment.Price
	want := map[string]int64{
		"paid": price.Due(), "balance_due": price.Due(), "balance_overdue": price.Due(), "settled": price.Amount,
	}[b.State]
	if kept != want {
		t.Errorf("the booking is %s, and %d is kept, not %d", b.State, kept, want)
	}
	if held > 0 && b.State != "requested" {
		t.Errorf("the booking is %s, and %d is held", b.State, held)
	}
	return b.State
}

// provider says what is kept and held at the provider, and how many pages can still be paid.
func (l *life) provider() (kept, held int64, open int) { return l.fake.Totals() }
