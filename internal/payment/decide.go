package payment

import "slices"

// The actions that payments play, as the actor payment. A graph has those that it can do something with.
const (
	Authorize  = "authorize"   // the money is held
	Pay        = "pay"         // the money has arrived
	PayLate    = "pay_late"    // the same, when the booking has given its time back
	PayBalance = "pay_balance" // the rest has arrived
)

// maxRefusals is how often a payment plays its action anew after the booking has refused it. Then the money goes back.
const maxRefusals = 3

// Situation is a payment and what its booking makes of it. The booking's row is locked while it is looked at.
type Situation struct {
	*Payment

	Refunds []*Refund
	// Open lists the actions that the actor payment can play now.
	Open []string
	// Pending says that the payment's action is not decided yet. Applied says that it was applied; Elsewhere that it led to the state that
	// the graph has for a conflict, which holds nothing.
	Pending, Applied, Elsewhere bool
	Paid                        bool // another payment of the same kind is honoured
	Late                        LateRule
}

// Decision is what is to be done about a payment. At most one field is set; none means nothing for now.
type Decision struct {
	Honour bool   // the booking has taken it
	Play   string // the action to put on record
	Void   Reason // let the authorization go, for this reason
	Refund Reason // give back what is left, for this reason
	Wait   bool   // the booking waits for its first payment, and takes this one behind it
}

// Decide says what is to be done about a payment: its money moves its booking, or goes back. It is asked anew whenever the payment or its
// booking has changed, so money that arrives late, twice, or in the middle of a cancellation ends in one of the two.
func Decide(s Situation) Decision {
	switch {
	case !s.HasMoney() || s.Honoured || s.Pending:
		return Decision{}
	case s.Kind == Fee || s.Applied && !s.Elsewhere:
		return Decision{Honour: true}
	case s.Applied:
		return s.giveBack(Late)
	case s.Paid:
		return s.giveBack(Duplicate)
	}
	if s.Kind == Balance && slices.Contains(s.Open, Pay) {
		return Decision{Wait: true}
	}
	if s.Refusals < maxRefusals {
		for _, name := range s.plays() {
			if slices.Contains(s.Open, name) {
				return Decision{Play: name}
			}
		}
	}
	return s.giveBack(Late)
}

// plays returns the actions that the payment plays, the first one that is open counts.
func (s Situation) plays() []string {
	switch {
	case s.Kind == Balance:
		return []string{PayBalance}
	case s.Captured > 0 && s.Late == RefundLate:
		return []string{Pay}
	case s.Captured > 0:
		return []string{Pay, PayLate}
	}
	return []string{Authorize}
}

// giveBack gives the money back, unless the customer's bank is about to do so itself, or that was decided before. A refund that has failed
// waits for a person.
func (s Situation) giveBack(why Reason) Decision {
	decided := slices.ContainsFunc(s.Refunds, func(r *Refund) bool { return r.Reason == why && r.State != RefundCanceled })
	switch {
	case s.Disputed || decided:
		return Decision{}
	case s.Captured == 0:
		return Decision{Void: why}
	case s.Left(s.Refunds) == 0:
		return Decision{}
	}
	return Decision{Refund: why}
}
