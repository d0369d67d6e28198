package definition_test

import (
	"encoding/json"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"holdfast/graphs"
	"holdfast/graphs/definition"
	"holdfast/graphs/graphtest"
)

// copied returns a deep copy of a graph.
func copied(t rapid.TB, g *graphs.Graph) *graphs.Graph {
	t.Helper()
	text, err := json.Marshal(g)
	if err != nil {
		t.Fatal(err)
	}
	var again graphs.Graph
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatal(err)
	}
	return &again
}

func TestDiff(t *testing.T) {
	t.Parallel()
	length := graphtest.Minutes(120)
	for name, c := range map[string]struct {
		change func(g *graphs.Graph)
		want   []string
	}{
		"nothing":       {func(*graphs.Graph) {}, nil},
		"a version":     {func(g *graphs.Graph) { g.Version = 2 }, nil},
		"a name":        {func(g *graphs.Graph) { g.Name = "simple" }, []string{"graph: is named simple (was: sample)"}},
		"a description": {func(g *graphs.Graph) { g.Description = "Small." }, []string{"graph: now is described as Small."}},
		"a target":      {func(g *graphs.Graph) { g.States[1].Actions[1].To = "done" }, []string{"state held: action lapse: leads to done (was: lapsed)"}},
		"what is held":  {func(g *graphs.Graph) { g.States[1].Holds = graphs.HoldsSeat }, []string{"state held: holds seat (was: slot)"}},
		"an end":        {func(g *graphs.Graph) { g.States[3].Final = false }, []string{"state lapsed: no longer is final"}},
		"an actor":      {func(g *graphs.Graph) { g.States[0].Actions[0].By = []graphs.Actor{"payment", "api"} }, []string{"state requested: action hold: is open to api, payment (was: api)"}},
		"the order":     {func(g *graphs.Graph) { slices.Reverse(g.States) }, []string{"only the form has changed, such as the order of states or actions"}},
		"the order of actors": {func(g *graphs.Graph) { slices.Reverse(g.States[1].Actions[0].By) },
			[]string{"only the form has changed, such as the order of states or actions"}},
		"a conflict": {func(g *graphs.Graph) { g.States[0].Actions[0].OnConflict = "lapsed" },
			[]string{"state requested: action hold: on a conflict leads to lapsed (was: is refused)"}},
		"a guard": {func(g *graphs.Graph) { g.States[0].Actions[0].When = []graphs.Guard{{BeforeStart: &length}} },
			[]string{"state requested: action hold: now is possible only until 2 hours before the start"}},
		"a window": {func(g *graphs.Graph) {
			g.States[0].Actions[0].Until = []graphs.Moment{{From: graphs.FromCancelUntil, Before: length}}
		}, []string{"state requested: action hold: now is possible until 2 hours before cancel deadline"}},
		"an effect": {func(g *graphs.Graph) {
			g.States[0].Actions[0].Effects = []graphs.Effect{{Kind: "call", Endpoint: "crm", GiveUpAfter: length, Then: "finish", OnFailure: "lapse"}}
		}, []string{"state requested: action hold: now has the effects call crm tried for 2 hours (yes: finish) (failure: lapse)"}},
		"inputs": {func(g *graphs.Graph) { g.States[1].Actions[0].Inputs = nil }, []string{"state held: action finish: no longer has the inputs finish.message"}},
		"a timer": {func(g *graphs.Graph) { g.States[1].Timers[0].After = length },
			[]string{"state held: timer lapse: fires 2 hours after entered (was: 5 minutes after entered)"}},
		"bounds of a timer": {func(g *graphs.Graph) { g.States[1].Timers[0].Max = length },
			[]string{"state held: timer lapse: has a length between 1 minute and 2 hours (was: between 1 minute and 1 hour)"}},
		"a timer less": {func(g *graphs.Graph) { g.States[1].Timers, g.States[1].Notices = g.States[1].Timers[1:], nil },
			[]string{"state held: timer lapse is gone", "state held: notice half is gone"}},
		"a notice": {func(g *graphs.Graph) { g.States[1].Notices[0].Percent = 60 }, []string{"state held: notice half: comes after 60 % of timer lapse (was: 50 % of timer lapse)"}},
		"a state": {func(g *graphs.Graph) {
			g.States = append(g.States, graphs.State{Name: "gone", Holds: graphs.HoldsNothing, Final: true})
		}, []string{"state gone is new: holds nothing; is final"}},
		"an action": {func(g *graphs.Graph) {
			g.States[1].Actions = append(g.States[1].Actions, graphs.Action{Name: "drop", To: "lapsed", By: []graphs.Actor{graphs.ActorAPI}})
		}, []string{"state held: action drop is new: leads to lapsed; is open to api"}},
	} {
		after := copied(t, graphtest.Sample())
		c.change(after)
		if got, err := definition.Diff(graphtest.Sample(), after); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q, %v", name, got, c.want, err)
		}
	}
}

// TestDiffSaysSomething: graphs of different bytes differ in words, those of the same bytes do not.
func TestDiffSaysSomething(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := graphtest.ValidGraph(t)
		b := rapid.OneOf(rapid.Just(copied(t, a)), rapid.Custom(graphtest.ValidGraph)).Draw(t, "other")
		lines, err := definition.Diff(a, b)
		if err != nil {
			t.Fatal(err)
		}
		before, err := definition.Digest(a)
		if err != nil {
			t.Fatal(err)
		}
		after, err := definition.Digest(b)
		if err != nil {
			t.Fatal(err)
		}
		if (before == after) != (len(lines) == 0) {
			t.Fatalf("%s, %s: %q", before, after, lines)
		}
	})
}
