package graphs_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"holdfast/graphs"
	"holdfast/graphs/graphtest"
)

// calling gives the sample's hold an effect. Its answer yes finishes the booking, and lapse is its failure.
func calling(g *graphs.Graph) *graphs.Effect {
	hold(g).Effects = []graphs.Effect{{Kind: graphs.CallEffect, Endpoint: "crm", Then: "finish", OnFailure: "lapse"}}
	finish(g).By = append(finish(g).By, graphs.ActorEffect)
	lapse(g).By = append(lapse(g).By, graphs.ActorEffect)
	return &hold(g).Effects[0]
}

func TestEffectsOf(t *testing.T) {
	t.Parallel()
	g := graphtest.Sample()
	first := *calling(g)
	second := graphs.Effect{Kind: graphs.CallEffect, Endpoint: "erp", Timeout: graphs.Duration(30 * time.Second), GiveUpAfter: graphtest.Minutes(5)}
	hold(g).Effects = append(hold(g).Effects, second)
	if err := g.Validate(); err != nil {
		t.Fatal(err)
	}
	filled := first
	filled.Timeout, filled.GiveUpAfter = graphs.Duration(10*time.Second), graphtest.Minutes(60)
	if got := g.EffectsOf("requested", "hold"); !slices.Equal(got, []graphs.Effect{filled, second}) {
		t.Errorf("%+v", got)
	}
	if hold(g).Effects[0] != first {
		t.Error("the graph was changed")
	}
	if got := first.Plays(); !slices.Equal(got, []string{"finish", "lapse"}) || first.String() != "call crm" {
		t.Errorf("%v, %s", got, first.String())
	}
	for _, c := range [][2]string{{"held", "lapse"}, {"held", "fly"}, {"nowhere", "hold"}} {
		if got := g.EffectsOf(c[0], c[1]); got != nil {
			t.Errorf("%v has %v", c, got)
		}
	}
}

// waiting gives the sample a state for bookings whose time is taken.
func waiting(g *graphs.Graph) *graphs.State {
	hold(g).OnConflict = "waiting"
	g.States = append(g.States, graphs.State{Name: "waiting", Holds: graphs.HoldsNothing, Actions: []graphs.Action{
		{Name: "hold", To: "held", By: []graphs.Actor{graphs.ActorAPI}, OnConflict: graphs.ConflictRefuse},
	}})
	return &g.States[len(g.States)-1]
}

func TestOtherwise(t *testing.T) {
	t.Parallel()
	g := graphtest.Sample()
	waiting(g)
	if err := g.Validate(); err != nil {
		t.Fatal(err)
	}
	want := graphs.Move{
		Action: "hold", From: "requested", To: "held", Holds: graphs.HoldsSlot, Takes: true,
		Otherwise: &graphs.Move{Action: "hold", From: "requested", To: "waiting", Holds: graphs.HoldsNothing},
	}
	if move, err := g.Next("requested", "hold", graphs.ActorAPI); err != nil || !reflect.DeepEqual(move, want) {
		t.Errorf("%+v, %v", move, err)
	}
	lapse(g).OnConflict = "waiting" // which Validate refuses, since lapse takes nothing
	if move, err := g.Next("held", "lapse", graphs.ActorTimer); err != nil || move.Otherwise != nil {
		t.Errorf("%+v, %v", move, err)
	}
	if move, err := g.Next("waiting", "hold", graphs.ActorAPI); err != nil || move.Otherwise != nil || !move.Takes {
		t.Errorf("%+v, %v", move, err)
	}
}

// TestOtherwiseGivesUpWhatWasHeld: a seat that was held for a slot is released, unless the other state keeps it.
func TestOtherwiseGivesUpWhatWasHeld(t *testing.T) {
	t.Parallel()
	for _, holds := range []graphs.Holds{graphs.HoldsNothing, graphs.HoldsSeat} {
		g := graphtest.Sample()
		held(g).Holds, held(g).Timers, held(g).Notices = graphs.HoldsSeat, nil, nil
		g.States = append(g.States,
			graphs.State{Name: "alone", Holds: graphs.HoldsSlot, Actions: []graphs.Action{{Name: "leave", To: "done", By: graphtest.AllActors}}},
			graphs.State{Name: "other", Holds: holds, Actions: []graphs.Action{{Name: "leave", To: "done", By: graphtest.AllActors}}},
		)
		held(g).Actions = append(held(g).Actions, graphs.Action{Name: "change", To: "alone", By: []graphs.Actor{graphs.ActorAPI}, OnConflict: "other"})
		if err := g.Validate(); err != nil {
			t.Fatal(err)
		}
		move, err := g.Next("held", "change", graphs.ActorAPI)
		if err != nil || !move.Takes || !move.Frees || move.Otherwise.Takes || move.Otherwise.Frees != (holds == graphs.HoldsNothing) {
			t.Errorf("%s: %+v, otherwise %+v, %v", holds, move, move.Otherwise, err)
		}
	}
}

// TestTargets: back from a state that keeps what was held, a booking reaches every state from which it can have come, in any way.
func TestTargets(t *testing.T) {
	t.Parallel()
	g := graphtest.Sample()
	w := waiting(g)
	w.Holds, w.Actions = graphs.HoldsKept, []graphs.Action{{Name: "back", To: graphs.Previous, By: []graphs.Actor{graphs.ActorAPI}}}
	if err := g.Validate(); err != nil {
		t.Fatal(err)
	}
	if got := g.Targets(w, &w.Actions[0]); !slices.Equal(got, []string{"requested"}) {
		t.Error(got)
	}
	if got := g.Targets(requested(g), hold(g)); !slices.Equal(got, []string{"held"}) {
		t.Error(got)
	}
}
