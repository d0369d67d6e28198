package rules

import (
	"slices"
	"strings"
	"time"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/payment"
)

// Ending is what becomes of the money of a booking that an action ends. Amounts are in the minor unit of the currency.
type Ending struct {
	Action   string
	Currency string // "" where the booking costs nothing
	Paid     int64  // what has arrived for it, without fees
	Refunded int64  // what of that has gone back already, or is on its way
	Refund   int64  // what the action gives back
	Released int64  // what is held and is let go
	ByPolicy bool   // the steps of the payment policy count
	// Until is until when the present step counts; zero where there are no steps, where it has no end, and behind the last one.
	Until time.Time
}

// Kept is what stays of what was paid.
func (e *Ending) Kept() int64 { return e.Paid - e.Refunded - e.Refund }

// EndingOf foresees what an action gives back that is played now, as the effects of the booking's graph will do it. The payments are all
// that pay for the booking; of one that pays for several its part counts. It changes nothing.
func EndingOf(b *booking.Booking, action string, by graphs.Actor, all []*payment.WithRefunds, now time.Time) (Ending, error) {
	e := Ending{Action: action}
	graph, err := b.LoadGraph()
	if err != nil {
		return e, err
	}
	if b.Payment != nil {
		e.Currency = b.Payment.Price.Currency
	}
	all = taken(b, all, now)
	for _, p := range all {
		if p.Returnable() {
			e.Currency, e.Paid, e.Refunded = p.Currency, e.Paid+p.PaidFor(b.ID), e.Refunded+p.ReturnedFor(b.ID)
		}
	}
	for _, does := range graph.EffectsOf(b.State, action) {
		switch does.Kind {
		case graphs.RefundPaymentEffect:
			e.giveBack(b, all, does.ByPolicy(by), now)
			e.release(b, all)
		case graphs.VoidPaymentEffect:
			e.release(b, all)
		}
	}
	return e, nil
}

// taken returns the payments as they will be when the booking ends: money whose action the booking has applied counts as taken, also where
// that is not on record yet.
func taken(b *booking.Booking, all []*payment.WithRefunds, now time.Time) (list []*payment.WithRefunds) {
	for _, p := range all {
		goesBack := slices.ContainsFunc(p.Refunds, func(r *payment.Refund) bool {
			return r.Reason == payment.Late || r.Reason == payment.Duplicate
		})
		moved := !b.Completed && !b.AwaitsPayment(p.Kind, now)
		if moved && p.HasMoney() && p.ActionID != nil && !goesBack {
			one := *p.Payment
			one.Honoured = true
			p = &payment.WithRefunds{Payment: &one, Refunds: p.Refunds, Parts: p.Parts}
		}
		list = append(list, p)
	}
	return list
}

func (e *Ending) giveBack(b *booking.Booking, all []*payment.WithRefunds, byPolicy bool, now time.Time) {
	due := e.Paid
	if e.ByPolicy = byPolicy && b.Payment != nil; e.ByPolicy {
		zone := b.Resource.Zone()
		due = b.Payment.Policy.RefundDue(e.Paid, now, b.Start, zone)
		e.Until, _ = b.Payment.Policy.RefundUntil(now, b.Start, zone)
	}
	e.Refund = 0
	for _, p := range all {
		back := p.Back(due, b.ID)
		e.Refund, due = e.Refund+back, due-back
	}
}

func (e *Ending) release(b *booking.Booking, all []*payment.WithRefunds) {
	e.Released = 0
	for _, p := range all {
		if p.State == payment.Authorized && p.BookingID == b.ID {
			e.Currency, e.Released = p.Currency, e.Released+p.Authorized
		}
	}
}

// CancelActions returns the actions that end a booking and are open to an actor, as people name them; moving it is none.
func CancelActions(b *booking.Booking, actor graphs.Actor, now time.Time) (names []string) {
	for _, name := range b.OpenTo(actor, now) {
		if strings.HasPrefix(name, "cancel") || name == "withdraw" && actor == graphs.ActorCustomerLink ||
			name == "decline" && actor != graphs.ActorCustomerLink {
			names = append(names, name)
		}
	}
	return names
}
