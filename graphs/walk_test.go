package graphs_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"holdfast/graphs"
	"holdfast/graphs/graphtest"
)

// walkRandomly plays open actions, by somebody who may, until a final state or until the dice say that nobody comes.
// On the way it keeps the books of what the booking holds.
func walkRandomly(t *rapid.T, g *graphs.Graph) {
	state, before, held := g.Initial, "", graphs.HoldsNothing
	for range 40 {
		s, ok := g.State(state)
		if !ok {
			t.Fatalf("walked into state %q, which does not exist", state)
		}
		if s.Holds != graphs.HoldsKept && held != s.Holds {
			t.Fatalf("in %s the books say %q, the state says %q", state, held, s.Holds)
		}
		if g.Final(state) && (s.Holds != graphs.HoldsKept && held != graphs.HoldsNothing || len(s.Timers) > 0) {
			t.Fatalf("final state %s holds %q and has timers %v", state, held, s.Timers)
		}
		if g.Final(state) && len(g.Open(state)) == 0 {
			return
		}
		open := g.Open(state)
		if len(open) == 0 {
			t.Fatalf("stuck in %s", state)
		}
		action := actionOf(t, s, rapid.SampledFrom(open).Draw(t, "action"))
		move, err := g.Next(state, action.Name, rapid.SampledFrom(action.By).Draw(t, "actor"))
		if err != nil {
			t.Fatalf("%s is open in %s, and refused: %v", action.Name, state, err)
		}
		if move.To == graphs.Previous {
			if move, ok = g.Return(move, before); !ok {
				t.Fatalf("%s leads back to %q, which does not exist", action.Name, before)
			}
		}
		if move.Otherwise != nil && rapid.Bool().Draw(t, "taken") {
			move = *move.Otherwise
		}
		held = account(t, held, move)
		state, before = move.To, state
	}
}

// actionOf returns the action of that name in a state.
func actionOf(t *rapid.T, s *graphs.State, name string) *graphs.Action {
	i := slices.IndexFunc(s.Actions, func(a graphs.Action) bool { return a.Name == name })
	if i < 0 {
		t.Fatalf("state %s has no action %s", s.Name, name)
	}
	return &s.Actions[i]
}

// account applies what a move does to what is held: never given back twice, never taken while something is held.
func account(t *rapid.T, held graphs.Holds, move graphs.Move) graphs.Holds {
	if move.Frees {
		if held == graphs.HoldsNothing {
			t.Fatalf("%+v frees, but nothing is held", move)
		}
		held = graphs.HoldsNothing
	}
	if move.Takes {
		if held != graphs.HoldsNothing {
			t.Fatalf("%+v takes, but %q is held", move, held)
		}
		held = move.Holds
	}
	return held
}

// checkTimers fires every timer of every state, and sees that firing them for ever comes to a halt.
func checkTimers(t *rapid.T, g *graphs.Graph) {
	for _, s := range g.States {
		for _, timer := range s.Timers {
			if _, err := g.Next(s.Name, timer.Action, graphs.ActorTimer); err != nil {
				t.Fatalf("timer of %s: %v", s.Name, err)
			}
		}
		state := s.Name
		for steps := 0; ; steps++ {
			here, _ := g.State(state)
			if len(here.Timers) == 0 {
				break
			}
			if steps > len(g.States) {
				t.Fatalf("from %s timers run for ever", s.Name)
			}
			pick := rapid.IntRange(0, len(here.Timers)-1).Draw(t, "timer")
			move, err := g.Next(state, here.Timers[pick].Action, graphs.ActorTimer)
			if err != nil {
				t.Fatal(err)
			}
			if move.Otherwise != nil && rapid.Bool().Draw(t, "taken") {
				move = *move.Otherwise
			}
			state = move.To
		}
	}
}

// checkEffects plays every action with effects, and sees that its effects and the timers behind it can be played, and come to a halt.
func checkEffects(t *rapid.T, g *graphs.Graph) {
	arrows := 0
	for _, s := range g.States {
		arrows += len(s.Actions)
	}
	for _, s := range g.States {
		for _, a := range s.Actions {
			state, action, actor := s.Name, a.Name, a.By[0]
			for steps := 0; action != ""; steps++ {
				if steps > arrows {
					t.Fatalf("behind %s in %s effects and timers run for ever", a.Name, s.Name)
				}
				move, err := g.Next(state, action, actor)
				if err != nil {
					t.Fatalf("%s in %s by %s: %v", action, state, actor, err)
				}
				if move.To == graphs.Previous {
					break
				}
				var next []string
				for _, e := range g.EffectsOf(state, action) {
					next = append(next, e.Plays()...)
				}
				actor = graphs.ActorEffect
				if state = move.To; len(next) == 0 || rapid.Bool().Draw(t, "by timer") {
					here, _ := g.State(state)
					for _, timer := range here.Timers {
						next, actor = append(next[:0:0], timer.Action), graphs.ActorTimer
					}
				}
				if action = ""; len(next) > 0 {
					action = rapid.SampledFrom(next).Draw(t, "next")
				}
			}
		}
	}
}

// checkEnds sees that from every state that can be reached a final one can be reached too.
func checkEnds(t *rapid.T, g *graphs.Graph) {
	ends := map[string]bool{}
	for range g.States {
		for _, s := range g.States {
			ends[s.Name] = ends[s.Name] || s.Final
			for _, a := range s.Actions {
				ends[s.Name] = ends[s.Name] || ends[a.To] // a state before has its own ends
			}
		}
	}
	for _, s := range g.States {
		if !ends[s.Name] {
			t.Fatalf("a booking in %s can never end", s.Name)
		}
	}
}

func checkWalks(t *rapid.T, g *graphs.Graph) {
	walkRandomly(t, g)
	checkTimers(t, g)
	checkEffects(t, g)
	checkEnds(t, g)
}

func TestBuiltinGraphsWalkToTheirEnd(t *testing.T) {
	t.Parallel()
	for _, g := range graphs.Published() {
		t.Run(g.Ref(), func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) { checkWalks(t, g) })
		})
	}
}

func TestValidGraphsWalkToTheirEnd(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		g := graphtest.ValidGraph(t)
		if err := g.Validate(); err != nil {
			t.Fatalf("a graph made to be valid was refused: %v", err)
		}
		checkWalks(t, g)
	})
}

// TestWhateverPassesValidateWalksToItsEnd is the promise of Validate: nothing it lets through can get stuck.
func TestWhateverPassesValidateWalksToItsEnd(t *testing.T) {
	t.Parallel()
	for name, draw := range map[string]func(*rapid.T) *graphs.Graph{"any": graphtest.AnyGraph, "spoiled": graphtest.SpoiledGraph} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			passed := 0
			rapid.Check(t, func(t *rapid.T) {
				g := draw(t)
				if g.Validate() == nil {
					passed++
					checkWalks(t, g)
				}
			})
			if name == "spoiled" && passed == 0 {
				t.Error("no spoiled graph passed: the property was never put to the test")
			}
		})
	}
}

func TestNextIsTotalAndDeterministic(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		g := rapid.OneOf(rapid.SampledFrom(graphs.Published()), rapid.Custom(graphtest.AnyGraph)).Draw(t, "graph")
		words := []string{"", g.Initial, g.Start}
		for _, s := range g.States {
			words = append(words, s.Name)
			words = append(words, g.Open(s.Name)...)
		}
		word := rapid.OneOf(rapid.SampledFrom(words), rapid.String())
		state, action := word.Draw(t, "state"), word.Draw(t, "action")
		actor := rapid.OneOf(rapid.SampledFrom(graphtest.AllActors), rapid.Map(rapid.String(), func(s string) graphs.Actor { return graphs.Actor(s) })).Draw(t, "actor")

		move, err := g.Next(state, action, actor)
		again, errAgain := g.Next(state, action, actor)
		if !reflect.DeepEqual(move, again) || !reflect.DeepEqual(err, errAgain) {
			t.Fatalf("asked twice, answered %+v %v and %+v %v", move, err, again, errAgain)
		}
		var refusal *graphs.Refusal
		switch {
		case err == nil && (move.From != state || move.Action != action || !g.HasState(move.To) && move.To != graphs.Previous):
			t.Fatalf("answered %+v for %q in %q", move, action, state)
		case move.Otherwise != nil && (!move.Takes || move.Otherwise.Otherwise != nil || !g.HasState(move.Otherwise.To)):
			t.Fatalf("answered %+v, otherwise %+v", move, move.Otherwise)
		case err != nil && (!errors.As(err, &refusal) || !reflect.DeepEqual(move, graphs.Move{})):
			t.Fatalf("refused with %T and %+v", err, move)
		case err != nil && (refusal.Reason == "" || refusal.State != state || refusal.Action != action || refusal.Actor != actor):
			t.Fatalf("refused with %+v", refusal)
		}
	})
}

// TestValidGraphsSurviveJSON matters because a booking carries its graph through Temporal as JSON.
func TestValidGraphsSurviveJSON(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		g := rapid.OneOf(rapid.SampledFrom(graphs.Published()), rapid.Custom(graphtest.ValidGraph)).Draw(t, "graph")
		text, err := json.Marshal(g)
		if err != nil {
			t.Fatal(err)
		}
		var back graphs.Graph
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(*g, back) {
			t.Fatalf("%+v came back as %+v", *g, back)
		}
	})
}
