package workflows_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/converter"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/workflows"
)

// timed is a graph with a state that timers alone lead out of: first by one that takes the slot, then by one that does not.
func timed(more ...graphs.Timer) graphs.Graph {
	at := func(action string, after time.Duration) graphs.Timer {
		d := graphs.Duration(after)
		return graphs.Timer{Action: action, After: d, From: graphs.FromEntered, Min: d, Max: d}
	}
	by := []graphs.Actor{graphs.ActorTimer}
	return graphs.Graph{Name: "timed", Version: 1, Initial: "asked", Start: "create", States: []graphs.State{
		{Name: "asked", Holds: graphs.HoldsNothing, Actions: []graphs.Action{{Name: "create", To: "waits", By: []graphs.Actor{graphs.ActorAPI}}}},
		{Name: "waits", Holds: graphs.HoldsNothing, Timers: append([]graphs.Timer{at("plan", time.Hour)}, more...), Actions: []graphs.Action{
			{Name: "plan", To: "planned", By: by, OnConflict: graphs.ConflictRefuse}, {Name: "give_up", To: "off", By: by},
		}},
		{Name: "planned", Holds: graphs.HoldsSlot, Timers: []graphs.Timer{at("end", time.Hour)}, Actions: []graphs.Action{{Name: "end", To: "off", By: by}}},
		{Name: "off", Holds: graphs.HoldsNothing, Final: true}, {Name: "error", Holds: graphs.HoldsNothing, Final: true},
	}}
}

// walks makes the booking one of another graph.
func (b *bundle) walks(g graphs.Graph) {
	b.in.Graph, b.in.State, b.in.Actions[0].Action = g, g.Initial, g.Start
	b.record.graph, b.record.state = g, g.Initial
}

// TestRefusedTimersLetOthersRun: the other timers of the state fire all the same.
func TestRefusedTimersLetOthersRun(t *testing.T) {
	t.Parallel()
	b := setup(t, "instant")
	d := graphs.Duration(3 * time.Hour)
	b.walks(timed(graphs.Timer{Action: "give_up", After: d, From: graphs.FromEntered, Min: d, Max: d}))
	b.record.taken = true
	b.run(t, "waits by api", "taken", "off by timer")
	if b.elapsed() != 3*time.Hour {
		t.Errorf("over after %s", b.elapsed())
	}
}

// TestStuckBookingsEnd: a state that nothing leads out of any more is an error that people see.
func TestStuckBookingsEnd(t *testing.T) {
	t.Parallel()
	b := setup(t, "instant")
	b.walks(timed())
	b.record.taken = true
	b.run(t, "waits by api", "taken", "error by timer")
	if b.elapsed() != time.Hour {
		t.Errorf("over after %s", b.elapsed())
	}
}

// TestBuiltinsAreNeverStuck: in each of their states people can do something, or it is over. So histories of old replay.
func TestBuiltinsAreNeverStuck(t *testing.T) {
	t.Parallel()
	for _, g := range graphs.Published() {
		for _, s := range g.States {
			if people := append(g.OpenTo(s.Name, graphs.ActorAPI), g.OpenTo(s.Name, graphs.ActorBooking)...); !s.Final && len(people) == 0 {
				t.Errorf("%s: nobody has an action in %s", g.Ref(), s.Name)
			}
		}
	}
}

// largeGraph is a chain of 60 states, whose JSON is too large for an input as it is; story is what its actions lead through.
func largeGraph() (g graphs.Graph, story []string) {
	const states = 60
	name := func(i int) string { return fmt.Sprintf("s%d_%s", i, strings.Repeat("x", 50)) }
	g = graphs.Graph{Name: "large", Version: 1, Initial: name(0), Start: "create", States: []graphs.State{{Name: "error", Holds: graphs.HoldsNothing, Final: true}}}
	for i := range states {
		by := []graphs.Actor{graphs.ActorAPI}
		g.States = append(g.States, graphs.State{Name: name(i), Holds: graphs.HoldsNothing, Actions: []graphs.Action{{Name: "create", To: name(i + 1), By: by}}})
		story = append(story, name(i+1)+" by api")
	}
	g.States = append(g.States, graphs.State{Name: name(states), Holds: graphs.HoldsNothing, Final: true})
	return g, story
}

// packed gives a bundle the large graph and all actions of its story.
func packed(t *testing.T) (b *bundle, story []string) {
	t.Helper()
	b = setup(t, "instant")
	g, story := largeGraph()
	b.walks(g)
	if err := b.in.SetGraph(&g); err != nil || len(b.in.Packed) == 0 {
		t.Fatal(err, "not packed")
	}
	for len(b.in.Actions) < len(story) {
		b.in.Actions = append(b.in.Actions, booking.Signal{ActionID: uuid.New(), Action: "create", Actor: graphs.ActorAPI})
	}
	return b, story
}

// TestPackedGraphsWalk: a large graph travels packed.
func TestPackedGraphsWalk(t *testing.T) {
	t.Parallel()
	b, story := packed(t)
	b.run(t, story...)
}

// TestPackedGraphsTravelOn packed, into the next run.
func TestPackedGraphsTravelOn(t *testing.T) {
	t.Parallel()
	b, _ := packed(t)
	b.env.SetContinueAsNewSuggested(true)
	b.env.ExecuteWorkflow(workflows.Booking, b.in)
	again, ok := asContinueAsNew(b.env.GetWorkflowError())
	if !ok {
		t.Fatalf("want continue-as-new, got %v", b.env.GetWorkflowError())
	}
	var next booking.WorkflowInput
	if err := converter.GetDefaultDataConverter().FromPayloads(again.Input, &next); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(next.Packed, b.in.Packed) || next.Graph.Name != "" || next.Seq != 1 {
		t.Errorf("carried on with %d bytes and the graph %q", len(next.Packed), next.Graph.Name)
	}
}
