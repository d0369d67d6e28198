package graphtest

import (
	"strings"

	"pgregory.net/rapid"

	"holdfast/graphs"
)

// validGuards draws up to two guards that an action of a drawn graph may have; nil for none.
func validGuards(t *rapid.T, a *graphs.Action) []graphs.Guard {
	var all []graphs.Guard
	for range rapid.IntRange(0, 2).Draw(t, "guards") {
		all = append(all, validGuard(t, len(a.Inputs) > 0))
	}
	return all
}

func validGuard(t *rapid.T, input bool) graphs.Guard {
	length, truth := validLength(t), rapid.Bool().Draw(t, "truth")
	switch rapid.IntRange(0, 6).Draw(t, "guard") {
	case 0:
		return graphs.Guard{BeforeStart: &length}
	case 1:
		return graphs.Guard{AfterEnd: &length}
	case 2:
		return graphs.Guard{HasPayment: &truth}
	case 3:
		value := rapid.SampledFrom([]any{"yes", "", 1.0, 2.5, true, false}).Draw(t, "value")
		return graphs.Guard{MetaEquals: &graphs.MetaEquals{Key: rapid.SampledFrom([]string{"vip", "tier"}).Draw(t, "key"), Value: value}}
	case 4:
		return graphs.Guard{SeatsLeft: &graphs.SeatsLeft{AtLeast: rapid.IntRange(1, 4).Draw(t, "seats")}}
	case 5:
		return graphs.Guard{CountOf: &graphs.CountOf{Action: "a0", LessThan: rapid.IntRange(1, 4).Draw(t, "less than")}}
	}
	if !input {
		return graphs.Guard{HasPayment: &truth}
	}
	choice := rapid.SampledFrom([]string{"yes", "no"}).Draw(t, "choice")
	return graphs.Guard{InputEquals: &graphs.InputEquals{Step: "answer", Field: "choice", Value: choice}}
}

// addEffects gives some actions effects. They play actions that lead along the chain whatever happens, so they form no circle.
func addEffects(t *rapid.T, g *graphs.Graph, chain int) {
	for i := range chain {
		for k := range g.States[i].Actions {
			a := &g.States[i].Actions[k]
			if !strings.HasPrefix(a.To, "s") || !rapid.Bool().Draw(t, "effect") {
				continue
			}
			e := validEffect(t)
			e.Then, e.OnFailure = playable(t, g, a.To), playable(t, g, a.To)
			a.Effects = append(a.Effects, e)
			openToPayments(g, a.To, e)
		}
	}
}

// validEffect draws an effect that plays nothing yet.
func validEffect(t *rapid.T) graphs.Effect {
	e := graphs.Effect{Kind: rapid.SampledFrom(graphs.EffectKinds()).Draw(t, "kind")}
	switch e.Kind {
	case graphs.CallEffect:
		e.Endpoint = "crm"
	case graphs.OpenPaymentEffect:
		e.Of = rapid.SampledFrom([]string{"", graphs.OfDue, graphs.OfBalance, graphs.OfNoShowFee}).Draw(t, "of")
	case graphs.RefundPaymentEffect:
		e.Share = rapid.SampledFrom([]string{"", graphs.SharePolicy, graphs.ShareAll}).Draw(t, "share")
	}
	return e
}

// openToPayments gives the state that an effect follows the actions of payments that the effect needs to come to something: where it opens
// one, those that take it, and where it captures or voids, one that authorizes and comes back. They change nothing else.
func openToPayments(g *graphs.Graph, state string, e graphs.Effect) {
	s, _ := g.State(state)
	play := func(name string, effects ...graphs.Effect) {
		for i := range s.Actions {
			if s.Actions[i].Name == name {
				return
			}
		}
		s.Actions = append(s.Actions, graphs.Action{Name: name, To: state, By: []graphs.Actor{graphs.ActorPayment}, Effects: effects})
	}
	switch e.Kind {
	case graphs.OpenPaymentEffect:
		play("pay")
		play("pay_balance")
	case graphs.CapturePaymentEffect, graphs.VoidPaymentEffect:
		play("authorize", graphs.Effect{Kind: graphs.CapturePaymentEffect})
	}
}

// playable opens an action of a state to effects, and returns its name; empty if the state has none that fits.
func playable(t *rapid.T, g *graphs.Graph, state string) string {
	s, _ := g.State(state)
	a := &s.Actions[rapid.IntRange(0, len(s.Actions)-1).Draw(t, "played")]
	asks := len(a.Inputs) > 0
	if a.To <= state && a.To[0] == 's' || a.Otherwise() != "" || len(a.NotBefore)+len(a.Until) > 0 || asks {
		return ""
	}
	if !a.MayPlay(graphs.ActorEffect) {
		a.By = append(a.By, graphs.ActorEffect)
	}
	return a.Name
}

// anyGuard draws a guard of which nothing is certain.
func anyGuard(t *rapid.T) graphs.Guard {
	if rapid.Bool().Draw(t, "valid") {
		return validGuard(t, true)
	}
	length := graphs.Duration(rapid.Int64().Draw(t, "length"))
	return rapid.SampledFrom([]graphs.Guard{
		{}, {BeforeStart: &length}, {BeforeStart: &length, AfterEnd: &length}, {SeatsLeft: &graphs.SeatsLeft{}},
		{MetaEquals: &graphs.MetaEquals{}}, {MetaEquals: &graphs.MetaEquals{Key: "\x00", Value: []any{}}}, {CountOf: &graphs.CountOf{}},
		{InputEquals: &graphs.InputEquals{}},
	}).Draw(t, "guard")
}

// anyEffect draws an effect of which nothing is certain.
func anyEffect(t *rapid.T) graphs.Effect {
	names := rapid.SampledFrom([]string{"", "a", "a0", "a1", "b", "crm", "<script>"})
	span := rapid.Map(rapid.Int64(), func(n int64) graphs.Duration { return graphs.Duration(n) })
	if rapid.Bool().Draw(t, "of a kind") {
		return validEffect(t)
	}
	return graphs.Effect{
		Kind:     rapid.SampledFrom(append(graphs.EffectKinds(), "", "fly")).Draw(t, "kind"),
		Endpoint: names.Draw(t, "endpoint"), Of: names.Draw(t, "of"), Share: names.Draw(t, "share"),
		Timeout: span.Draw(t, "timeout"), Then: names.Draw(t, "then"), Else: names.Draw(t, "else"), OnFailure: names.Draw(t, "on_failure"),
	}
}
