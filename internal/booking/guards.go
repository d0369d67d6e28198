package booking

import (
	"encoding/json"
	"slices"
	"time"

	"holdfast/graphs"
	"holdfast/internal/fault"
	"holdfast/internal/payment"
	"holdfast/internal/policy"
)

// Times are the moments that the booking's timers and guards count from.
func (b *Booking) Times() graphs.Times {
	times, zone := graphs.Times{Entered: b.EnteredAt, Start: b.Start, End: b.End}, b.Resource.Zone()
	times.BalanceDue = b.Payment.BalanceDue(b.Start, zone)
	if b.Policy == nil {
		return times
	}
	times.CancelUntil, _ = b.Rules().CancelUntil(policy.Customer, b.Held(), zone)
	times.MoveUntil, _ = b.Rules().MoveUntil(b.Held(), zone)
	return times
}

// facts are what guards ask about the booking at a time, as far as they need it. It has no inputs: the action is offered.
func facts(b *Booking, needs graphs.FactSet, now time.Time) graphs.Facts {
	f := graphs.Facts{Now: now, Times: b.Times(), Offered: true, Counts: b.Counts}
	if needs.Meta {
		_ = json.Unmarshal(b.Meta, &f.Meta) // an object
	}
	f.Paid = b.Counts[payment.Pay]+b.Counts[payment.PayLate] > 0
	if b.Session != nil {
		f.SeatsLeft = max(b.Session.MaxSeats-b.Session.Taken, 0)
	}
	return f
}

// GuardedAgainst returns why a guard of the booking's graph forbids an action at a time: TooLate or TooEarly by ActionWindow with the
// moment, or else ActionNotAvailable; nil when none does. inputs are those of the action by step and field; nil while it is only offered.
// An unknown graph has no guards.
func (b *Booking) GuardedAgainst(action string, now time.Time, inputs map[string]map[string]any) *Refusal {
	graph, err := b.LoadGraph()
	if err != nil || !graph.IsGuarded(b.State, action) {
		return nil
	}
	f := facts(b, graph.Needs(b.State, action), now)
	if inputs != nil {
		f.Offered, f.Inputs = false, inputs
	}
	blocked := graph.Blocked(b.State, action, f)
	if blocked == nil {
		return nil
	}
	why := &Refusal{Code: fault.ActionNotAvailable, Message: blocked.Text + "."}
	if !blocked.At.IsZero() {
		why.Code, why.Rule = fault.TooLate, &fault.Rule{Name: fault.ActionWindow, Limit: "/" + boundText(blocked.At), Ends: blocked.At}
		if now.Before(blocked.At) {
			why.Code, why.Rule.Limit = fault.TooEarly, boundText(blocked.At)+"/"
		}
	}
	return why
}

// AwaitsPayment reports whether money of a kind that arrives now moves the booking, and is not late. A fee moves none.
func (b *Booking) AwaitsPayment(kind payment.Kind, now time.Time) bool {
	return slices.ContainsFunc(b.OpenTo(graphs.ActorPayment, now), func(name string) bool {
		if kind == payment.Balance {
			return name == payment.PayBalance
		}
		return kind != payment.Fee && (name == payment.Authorize || name == payment.Pay)
	})
}

// OpenTo returns the actions that an actor can play at a time, in the graph's order: those whose time it is and that no guard forbids.
// Never nil.
func (b *Booking) OpenTo(actor graphs.Actor, now time.Time) []string {
	names := []string{}
	graph, err := b.LoadGraph()
	if err != nil {
		return names
	}
	for _, name := range graph.OpenAt(b.State, actor, b.Times(), now) {
		if b.GuardedAgainst(name, now, nil) == nil {
			names = append(names, name)
		}
	}
	return names
}
