package graphs_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/graphs"
	"holdfast/graphs/graphtest"
)

// paying makes the sample one that takes money: holding opens a payment, which is paid at once or authorizes first. It returns the effect.
func paying(g *graphs.Graph) *graphs.Effect {
	payment := []graphs.Actor{graphs.ActorPayment}
	finish(g).By, lapse(g).By = append(finish(g).By, graphs.ActorEffect), append(lapse(g).By, graphs.ActorEffect)
	hold(g).Effects = []graphs.Effect{{Kind: graphs.OpenPaymentEffect, Then: "finish", OnFailure: "lapse"}}
	lapse(g).Effects = []graphs.Effect{{Kind: graphs.EndPaymentEffect}}
	held(g).Actions = append(held(g).Actions,
		graphs.Action{Name: "pay", To: "done", By: payment}, graphs.Action{Name: "authorize", To: "asked", By: payment})
	g.States = append(g.States, graphs.State{Name: "asked", Holds: graphs.HoldsSlot, Actions: []graphs.Action{
		{Name: "accept", To: "done", By: []graphs.Actor{graphs.ActorAPI}, Effects: []graphs.Effect{{Kind: graphs.CapturePaymentEffect}}},
		{Name: "refuse", To: "lapsed", By: []graphs.Actor{graphs.ActorAPI}, Effects: []graphs.Effect{{Kind: graphs.VoidPaymentEffect}}},
	}})
	return &hold(g).Effects[0]
}

// asked is the state of paying in which money is authorized.
func asked(g *graphs.Graph) *graphs.State { return &g.States[len(g.States)-1] }

// TestEffectsOnPayments: what is left out is filled in, but for a share that depends on who moves the booking.
func TestEffectsOnPayments(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		effect graphs.Effect
		filled graphs.Effect
		words  string
	}{
		{graphs.Effect{Kind: "open_payment"}, graphs.Effect{Of: "due", GiveUpAfter: graphtest.Minutes(15)}, "open a payment"},
		{graphs.Effect{Kind: "open_payment", Of: "balance"}, graphs.Effect{Of: "balance", GiveUpAfter: graphtest.Minutes(15)}, "ask for the balance"},
		{graphs.Effect{Kind: "open_payment", Of: "no_show_fee", GiveUpAfter: graphtest.Minutes(1)}, graphs.Effect{Of: "no_show_fee", GiveUpAfter: graphtest.Minutes(1)}, "ask for the fee"},
		{graphs.Effect{Kind: "end_payment"}, graphs.Effect{GiveUpAfter: graphtest.Minutes(2)}, "end the payment"},
		{graphs.Effect{Kind: "capture_payment"}, graphs.Effect{GiveUpAfter: graphtest.Minutes(3 * 24 * 60)}, "capture the payment"},
		{graphs.Effect{Kind: "void_payment"}, graphs.Effect{GiveUpAfter: graphtest.Minutes(3 * 24 * 60)}, "void the payment"},
		{graphs.Effect{Kind: "refund_payment"}, graphs.Effect{GiveUpAfter: graphtest.Minutes(3 * 24 * 60)}, "refund"},
		{graphs.Effect{Kind: "refund_payment", Share: "policy"}, graphs.Effect{Share: "policy", GiveUpAfter: graphtest.Minutes(3 * 24 * 60)}, "refund by policy"},
		{graphs.Effect{Kind: "refund_payment", Share: "all"}, graphs.Effect{Share: "all", GiveUpAfter: graphtest.Minutes(3 * 24 * 60)}, "refund everything"},
	} {
		g := graphtest.Sample()
		paying(g)
		held(g).Actions = append(held(g).Actions, graphs.Action{Name: "pay_balance", To: "done", By: []graphs.Actor{graphs.ActorPayment}})
		hold(g).Effects = []graphs.Effect{c.effect}
		if err := g.Validate(); err != nil {
			t.Errorf("%+v: %v", c.effect, err)
		}
		c.filled.Kind = c.effect.Kind
		if got := g.EffectsOf("requested", "hold"); !slices.Equal(got, []graphs.Effect{c.filled}) || got[0].String() != c.words {
			t.Errorf("%+v, %s; want %+v, %s", got, got[0].String(), c.filled, c.words)
		}
	}
}

// TestPaymentsThatComeToNothing: each fault is named where it is, and a graph that is as before is accepted.
func TestPaymentsThatComeToNothing(t *testing.T) {
	t.Parallel()
	const open = "states[0].actions[0].effects[0]"
	for _, c := range []struct {
		name  string
		alter func(g *graphs.Graph)
		want  string // "" = accepted
	}{
		{"as it is", func(*graphs.Graph) {}, ""},
		{"of an unknown part", func(g *graphs.Graph) { hold(g).Effects[0].Of = "tip" }, open + ".of: must be one of due, balance, no_show_fee"},
		{"too short", func(g *graphs.Graph) { hold(g).Effects[0].GiveUpAfter = graphs.Duration(time.Second) }, open + ".give_up_after: must be whole seconds between PT1M and P7D"},
		{"too long", func(g *graphs.Graph) { lapse(g).Effects[0].GiveUpAfter = graphtest.Minutes(7*24*60 + 1) }, "states[1].actions[1].effects[0].give_up_after: must be"},
		{"an endpoint", func(g *graphs.Graph) { hold(g).Effects[0].Endpoint = "crm" }, open + ".endpoint: is not a field of open_payment"},
		{"a share of what is opened", func(g *graphs.Graph) { hold(g).Effects[0].Share = "all" }, open + ".share: is not a field of open_payment"},
		{"an unknown share", func(g *graphs.Graph) { lapse(g).Effects[0] = graphs.Effect{Kind: "refund_payment", Share: "half"} }, "effects[0].share: must be one of policy, all"},
		{"an answer no of what has none", func(g *graphs.Graph) { asked(g).Actions[0].Effects[0].Else = "x" }, "states[5].actions[0].effects[0].else: is not a field of capture_payment"},
		{"without pay", func(g *graphs.Graph) { held(g).Actions = slices.Delete(held(g).Actions, 2, 3) }, ""},
		{"pay of others only", func(g *graphs.Graph) {
			held(g).Actions[2].By[0], held(g).Actions[3].By = graphs.ActorAPI, []graphs.Actor{graphs.ActorAPI}
			asked(g).Actions[0].Effects, asked(g).Actions[1].Effects = nil, nil
		}, open + ".kind: opens a payment that moves nothing: no state that can follow has pay or authorize open to payment"},
		{"pay before it only", func(g *graphs.Graph) {
			hold(g).Effects, asked(g).Actions[0].Effects = nil, []graphs.Effect{{Kind: "open_payment"}}
		}, "states[5].actions[0].effects[0].kind: opens a payment that moves nothing"},
		{"a balance that moves nothing", func(g *graphs.Graph) { hold(g).Effects[0].Of = "balance" }, open + ".kind: opens a payment that moves nothing: no state that can follow has pay_balance open"},
		{"a fee", func(g *graphs.Graph) {
			asked(g).Actions[0].Effects = append(asked(g).Actions[0].Effects, graphs.Effect{Kind: "open_payment", Of: "no_show_fee"})
		}, ""},
		{"authorized and never captured", func(g *graphs.Graph) {
			asked(g).Actions[0].Effects, asked(g).Actions[1].Effects = nil, nil
		}, "states[1].actions[3]: state held: what authorize holds is never captured or voided"},
		{"captured only", func(g *graphs.Graph) { asked(g).Actions[1].Effects = nil }, ""},
		{"actions of these names without payments", func(g *graphs.Graph) {
			hold(g).Effects, asked(g).Actions[0].Effects, asked(g).Actions[1].Effects = nil, nil, nil
		}, ""},
		{"captured and never authorized", func(g *graphs.Graph) {
			held(g).Actions[3].By = []graphs.Actor{graphs.ActorAPI}
			asked(g).Actions[1].Effects = nil
		}, "states[5].actions[0].effects[0].kind: there is nothing to do: no state has authorize open to payment"},
		{"voided and never authorized", func(g *graphs.Graph) {
			held(g).Actions[3].By = []graphs.Actor{graphs.ActorAPI}
			asked(g).Actions[0].Effects = nil
		}, "states[5].actions[1].effects[0].kind: there is nothing to do"},
	} {
		g := graphtest.Sample()
		paying(g)
		c.alter(g)
		switch err := g.Validate(); {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: said %v, want it to say %s", c.name, err, c.want)
		}
	}
}

// TestLevels: a graph is of the level of the newest word that it has.
func TestLevels(t *testing.T) {
	t.Parallel()
	for _, g := range graphs.Published() {
		want := 0
		if g.Name == "paid_booking" || g.Name == "paid_seat" {
			want = 2
		}
		if graphs.Level(g) != want {
			t.Errorf("%s is of level %d, want %d", g.Ref(), graphs.Level(g), want)
		}
	}
	truth := true
	for name, c := range map[string]struct {
		alter func(g *graphs.Graph)
		want  int
	}{
		"the sample":                     {func(*graphs.Graph) {}, 0},
		"an app's own":                   {func(g *graphs.Graph) { g.Own = true }, 1},
		"a guard":                        {func(g *graphs.Graph) { lapse(g).When = []graphs.Guard{{HasPayment: &truth}} }, 1},
		"a state for conflicts":          {func(g *graphs.Graph) { waiting(g) }, 1},
		"a timer of several moments":     {func(g *graphs.Graph) { several(g) }, 1},
		"a call":                         {func(g *graphs.Graph) { calling(g) }, 1},
		"a payment":                      {func(g *graphs.Graph) { paying(g) }, 2},
		"an app's own payment":           {func(g *graphs.Graph) { g.Own = true; paying(g) }, 2},
		"a timer of the balance":         {func(g *graphs.Graph) { several(g).Any[0].From = "balance_due" }, 2},
		"an effect of an unknown kind":   {func(g *graphs.Graph) { calling(g).Kind = "fly" }, graphs.MaxLevel},
		"a payment, then a guard beside": {func(g *graphs.Graph) { paying(g); finish(g).When = []graphs.Guard{{HasPayment: &truth}} }, 2},
	} {
		g := graphtest.Sample()
		c.alter(g)
		if got := graphs.Level(g); got != c.want {
			t.Errorf("%s: level %d, want %d", name, got, c.want)
		}
	}
}
