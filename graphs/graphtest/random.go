package graphtest

import (
	"fmt"
	"time"

	"pgregory.net/rapid"

	"holdfast/graphs"
)

// AllActors is every actor that a graph can name.
var AllActors = []graphs.Actor{
	graphs.ActorAPI, graphs.ActorOwnerLink, graphs.ActorCustomerLink, graphs.ActorPayment, graphs.ActorTimer, graphs.ActorBooking,
	graphs.ActorEffect,
}

// The moments that every booking has, and those that some have not.
var (
	certain   = []graphs.From{graphs.FromEntered, graphs.FromStart, graphs.FromEnd}
	deadlines = []graphs.From{graphs.FromCancelUntil, graphs.FromMoveUntil, "balance_due"}
)

// ValidGraph draws a graph that must pass Validate: a chain of states, each with a way to a final one, and any number
// of further arrows, back ones and loops among them. Timers fire only along the chain, which has no circle, and so do effects.
func ValidGraph(t *rapid.T) *graphs.Graph {
	chain := rapid.IntRange(1, 6).Draw(t, "chain")
	finals := rapid.IntRange(1, 4).Draw(t, "finals")
	g := &graphs.Graph{Name: "drawn", Version: 1, Initial: "s0", Start: "a0"}
	for i := range chain {
		s := graphs.State{Name: fmt.Sprintf("s%d", i), Holds: graphs.HoldsNothing}
		if i > 0 {
			s.Holds = rapid.SampledFrom([]graphs.Holds{graphs.HoldsNothing, graphs.HoldsSlot, graphs.HoldsSeat}).Draw(t, "holds")
		}
		g.States = append(g.States, s)
	}
	for i := range finals {
		g.States = append(g.States, graphs.State{Name: fmt.Sprintf("f%d", i), Holds: graphs.HoldsNothing, Final: true})
	}
	for i := range chain {
		to := []string{fmt.Sprintf("s%d", i+1), fmt.Sprintf("f%d", i%finals)}
		if i == chain-1 {
			to = nil
			for k := range finals {
				to = append(to, fmt.Sprintf("f%d", k))
			}
		}
		timed := len(to)
		for range rapid.IntRange(0, 4).Draw(t, "more") {
			to = append(to, g.States[rapid.IntRange(0, len(g.States)-1).Draw(t, "to")].Name)
		}
		for k, target := range to {
			addArrow(t, g, i, k, target, k < timed)
		}
	}
	addEffects(t, g, chain)
	g.States = append(g.States, graphs.State{Name: graphs.ErrorState, Holds: graphs.HoldsNothing, Final: true})
	return g
}

func addArrow(t *rapid.T, g *graphs.Graph, state, n int, to string, mayTime bool) {
	s := &g.States[state]
	a := graphs.Action{Name: fmt.Sprintf("a%d", n), To: to, By: []graphs.Actor{graphs.ActorAPI}}
	target, _ := g.State(to)
	if target.Holds != graphs.HoldsNothing && target.Holds != s.Holds {
		a.OnConflict = validConflict(t, g)
	}
	if mayTime && rapid.Bool().Draw(t, "timed") {
		a.By = append(a.By, graphs.ActorTimer)
		s.Timers = append(s.Timers, validTimer(t, a.Name))
		if rapid.Bool().Draw(t, "notice") {
			s.Notices = append(s.Notices, graphs.Notice{Name: "n" + a.Name, Timer: a.Name, Percent: rapid.IntRange(1, 99).Draw(t, "percent")})
		}
	} else {
		a.NotBefore = validMoments(t, "not before")
		a.Until = validMoments(t, "until")
		if rapid.Bool().Draw(t, "input") {
			a.Inputs = []graphs.Input{{Step: "answer", Field: "choice"}}
		}
	}
	a.When = validGuards(t, &a)
	s.Actions = append(s.Actions, a)
}

// validConflict draws what happens when what an action takes is taken: it is refused, or leads to a final state.
func validConflict(t *rapid.T, g *graphs.Graph) string {
	other := g.States[rapid.IntRange(0, len(g.States)-1).Draw(t, "other")]
	if other.Final {
		return other.Name
	}
	return graphs.ConflictRefuse
}

func validTimer(t *rapid.T, action string) graphs.Timer {
	if rapid.Bool().Draw(t, "of several moments") {
		first := graphs.Moment{From: graphs.FromEntered, After: validLength(t)}
		return graphs.Timer{Action: action, Any: append(validMoments(t, "any"), first)}
	}
	after := validLength(t)
	return graphs.Timer{
		Action: action, After: after, From: rapid.SampledFrom(certain).Draw(t, "from"), Min: 0, Max: after + graphs.Duration(time.Hour),
		NoLaterThan: validMoments(t, "no later than"),
	}
}

func validLength(t *rapid.T) graphs.Duration {
	return graphs.Duration(rapid.IntRange(0, 100_000).Draw(t, "length")) * graphs.Duration(time.Second)
}

// validMoments draws up to two moments; nil for none, as JSON has it.
func validMoments(t *rapid.T, what string) []graphs.Moment {
	var all []graphs.Moment
	for range rapid.IntRange(0, 2).Draw(t, what) {
		all = append(all, validMoment(t))
	}
	return all
}

func validMoment(t *rapid.T) graphs.Moment {
	m := graphs.Moment{From: rapid.SampledFrom(append(deadlines, certain...)).Draw(t, "moment")}
	if length := validLength(t); m.From != graphs.FromEntered && rapid.Bool().Draw(t, "before") {
		m.Before = length
	} else {
		m.After = length
	}
	return m
}

// AnyGraph draws a graph of which nothing is certain, with names that meet often enough to matter.
func AnyGraph(t *rapid.T) *graphs.Graph {
	names := rapid.SampledFrom([]string{"a", "b", "c", "error", "", "end", "--> x", "<script>", "a\nb", "é\x00", "state"})
	actors := rapid.SampledFrom(append([]graphs.Actor{"", "nobody"}, AllActors...))
	holds := rapid.SampledFrom([]graphs.Holds{graphs.HoldsNothing, graphs.HoldsSlot, graphs.HoldsSeat, graphs.HoldsKept, "", "all"})
	moment := rapid.Custom(func(t *rapid.T) graphs.Moment {
		span := rapid.Map(rapid.Int64(), func(n int64) graphs.Duration { return graphs.Duration(n) })
		from := rapid.SampledFrom([]graphs.From{graphs.FromEntered, graphs.FromStart, graphs.FromEnd, "", "x"}).Draw(t, "from")
		return graphs.Moment{From: from, After: span.Draw(t, "after"), Before: span.Draw(t, "before")}
	})
	targets := rapid.OneOf(names, rapid.Just(graphs.Previous))
	action := rapid.Custom(func(t *rapid.T) graphs.Action {
		return graphs.Action{
			NotBefore: rapid.SliceOfN(moment, 0, 2).Draw(t, "not_before"), Until: rapid.SliceOfN(moment, 0, 2).Draw(t, "until"),
			Name: names.Draw(t, "action"), To: targets.Draw(t, "to"), By: rapid.SliceOfN(actors, 0, 3).Draw(t, "by"),
			OnConflict: rapid.SampledFrom([]string{"", graphs.ConflictRefuse, "a", "x"}).Draw(t, "on_conflict"),
			When:       rapid.SliceOfN(rapid.Custom(anyGuard), 0, 2).Draw(t, "when"),
			Effects:    rapid.SliceOfN(rapid.Custom(anyEffect), 0, 2).Draw(t, "effects"),
		}
	})
	timer := rapid.Custom(func(t *rapid.T) graphs.Timer {
		span := rapid.Map(rapid.Int64(), func(n int64) graphs.Duration { return graphs.Duration(n) })
		from := rapid.SampledFrom([]graphs.From{graphs.FromEntered, graphs.FromStart, graphs.FromEnd, "", "x"}).Draw(t, "from")
		return graphs.Timer{
			Action: names.Draw(t, "timer"), After: span.Draw(t, "after"), From: from,
			Min: span.Draw(t, "min"), Max: span.Draw(t, "max"), Switch: names.Draw(t, "switch"),
			NoLaterThan: rapid.SliceOfN(moment, 0, 2).Draw(t, "no later than"), Any: rapid.SliceOfN(moment, 0, 2).Draw(t, "any"),
		}
	})
	state := rapid.Custom(func(t *rapid.T) graphs.State {
		return graphs.State{
			Name: names.Draw(t, "state"), Holds: holds.Draw(t, "holds"), Final: rapid.Bool().Draw(t, "final"),
			Actions: rapid.SliceOfN(action, 0, 5).Draw(t, "actions"), Timers: rapid.SliceOfN(timer, 0, 2).Draw(t, "timers"),
		}
	})
	return &graphs.Graph{
		Name: names.Draw(t, "name"), Version: rapid.Int().Draw(t, "version"), Description: rapid.String().Draw(t, "description"),
		Initial: names.Draw(t, "initial"), Start: names.Draw(t, "start"), States: rapid.SliceOfN(state, 0, 8).Draw(t, "states"),
	}
}

// SpoiledGraph draws a valid graph with a few things changed. Some of these still pass Validate.
func SpoiledGraph(t *rapid.T) *graphs.Graph {
	g := ValidGraph(t)
	for range rapid.IntRange(1, 3).Draw(t, "changes") {
		s := &g.States[rapid.IntRange(0, len(g.States)-1).Draw(t, "where")]
		other := g.States[rapid.IntRange(0, len(g.States)-1).Draw(t, "other")].Name
		switch rapid.IntRange(0, 9).Draw(t, "what") {
		case 0:
			s.Final = !s.Final
		case 1:
			s.Holds = rapid.SampledFrom([]graphs.Holds{graphs.HoldsNothing, graphs.HoldsSlot, graphs.HoldsSeat, ""}).Draw(t, "holds")
		case 2:
			s.Name = other
		case 3:
			g.Initial = other
		case 4:
			s.Actions = append(s.Actions, graphs.Action{Name: "extra", To: other, By: []graphs.Actor{graphs.ActorAPI, graphs.ActorTimer}})
		case 5:
			fires := rapid.SampledFrom([]string{"a0", "a1", "extra"}).Draw(t, "fires")
			s.Timers = append(s.Timers, graphs.Timer{Action: fires, From: graphs.FromEnd})
		default:
			spoilAction(t, s, other)
		}
	}
	return g
}

// spoilAction changes the first action of a state, if it has one.
func spoilAction(t *rapid.T, s *graphs.State, other string) {
	if len(s.Actions) == 0 {
		return
	}
	a := &s.Actions[0]
	switch rapid.IntRange(0, 3).Draw(t, "how") {
	case 0:
		s.Actions = s.Actions[1:]
	case 1:
		a.To, a.OnConflict = other, rapid.SampledFrom([]string{"", graphs.ConflictRefuse, other}).Draw(t, "conflict")
	case 2:
		a.Effects, a.By = append(a.Effects, anyEffect(t)), []graphs.Actor{graphs.ActorAPI, graphs.ActorEffect}
	case 3:
		a.When = append(a.When, anyGuard(t))
	}
}
