package graphs

import (
	"slices"
	"strings"
)

// checkPayments finds what can never come to anything: a payment that is opened where none moves the booking, money that is authorized and
// neither captured nor voided, and a capture of what nobody authorizes. A graph that opens no payments may have actions of these names for
// purposes of its own.
func checkPayments(v *validator) {
	opens := v.g.OpensPayments()
	for i := range v.g.States {
		s := &v.g.States[i]
		for k := range s.Actions {
			a, at := &s.Actions[k], entry(stateAt(i)+".actions", k)
			if opens && authorizes(a) && !leadsOnTo(v.g, s, a, settlesHeld) {
				v.fault(at, "state %s: what %s holds is never captured or voided: no action that can follow has %s or %s",
					s.Name, a.Name, CapturePaymentEffect, VoidPaymentEffect)
			}
			for n := range a.Effects {
				checkPayment(v, s, a, &a.Effects[n], entry(at+".effects", n))
			}
		}
	}
}

func checkPayment(v *validator, s *State, a *Action, e *Effect, at string) {
	switch e.Kind {
	case OpenPaymentEffect:
		if e.Of != OfNoShowFee && !leadsOnTo(v.g, s, a, func(next *Action) bool { return takesPayment(next, e.Of) }) {
			v.fault(at+".kind", "opens a payment that moves nothing: no state that can follow has %s open to %s",
				strings.Join(takers(e.Of), " or "), ActorPayment)
		}
	case CapturePaymentEffect, VoidPaymentEffect:
		if !hasAny(v.g, authorizes) {
			v.fault(at+".kind", "there is nothing to do: no state has %s open to %s", authorizeAction, ActorPayment)
		}
	}
}

// leadsOnTo reports whether a state that can be reached by an action of s, in any number of steps, has an action that fits.
func leadsOnTo(g *Graph, s *State, a *Action, fits func(*Action) bool) bool {
	reached := reach(g, g.Targets(s, a), g.targets)
	return slices.ContainsFunc(g.States, func(on State) bool { return reached[on.Name] && on.hasAny(fits) })
}

// OpensPayments reports whether an action of the graph asks for money by itself.
func (g *Graph) OpensPayments() bool { return hasAny(g, opensPayment) }

// takers are the names of the actions that a payment plays when there is money.
func takers(of string) []string {
	if of == OfBalance {
		return []string{payBalanceAction}
	}
	return []string{payAction, authorizeAction}
}

func takesPayment(a *Action, of string) bool {
	return a.MayPlay(ActorPayment) && slices.Contains(takers(of), a.Name)
}

func authorizes(a *Action) bool { return a.Name == authorizeAction && a.MayPlay(ActorPayment) }

func opensPayment(a *Action) bool {
	return slices.ContainsFunc(a.Effects, func(e Effect) bool { return e.Kind == OpenPaymentEffect })
}

func settlesHeld(a *Action) bool {
	return slices.ContainsFunc(a.Effects, func(e Effect) bool { return e.Kind == CapturePaymentEffect || e.Kind == VoidPaymentEffect })
}

// hasAny reports whether a graph has an action that fits.
func hasAny(g *Graph, fits func(*Action) bool) bool {
	return slices.ContainsFunc(g.States, func(s State) bool { return s.hasAny(fits) })
}

func (s *State) hasAny(fits func(*Action) bool) bool {
	return slices.ContainsFunc(s.Actions, func(a Action) bool { return fits(&a) })
}
