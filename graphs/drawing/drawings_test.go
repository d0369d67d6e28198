package drawing

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"holdfast/graphs"
	"holdfast/graphs/graphtest"
)

var update = flag.Bool("update", false, "rewrite the drawings in testdata")

// walks is one walk of every built-in graph, for the drawings of walked graphs.
var walks = map[string][]string{
	"confirm_decline":        {"initialized", "tentative", "confirmed", "rescheduled_by_customer"},
	"group_customer":         {"initialized", "confirmed"},
	"group_customer_payment": {"initialized", "tentative", "cancelled_by_owner"},
	"group_owner":            {"initialized", "tentative", "error"},
	"instant":                {"initialized", "confirmed", "completed"},
	"instant_payment":        {"initialized", "tentative", "paid"},
	"paid_booking":           {"initialized", "tentative", "tentative", "expiring", "unpaid", "paid", "cancelled_by_customer"},
	"paid_seat":              {"initialized", "tentative", "requested", "paid", "unpaid", "refunded_late"},
	"request":                {"initialized", "tentative", "confirmed", "completed", "no_show", "completed"},
}

func TestDrawingsAreFrozen(t *testing.T) {
	t.Parallel()
	for _, g := range graphs.Published() {
		base := fmt.Sprintf("%s@%d", g.Name, g.Version)
		for file, drawing := range map[string]string{
			base + ".mmd":        Mermaid(g),
			base + ".svg":        SVG(g),
			base + ".walked.svg": SVGWalked(g, walks[g.Name]),
		} {
			t.Run(file, func(t *testing.T) {
				t.Parallel()
				golden(t, filepath.Join("testdata", file), drawing)
			})
		}
	}
}

// TestDrawingOfArrowsThatSkipAndReturnIsFrozen freezes what no built-in graph has: arrows that skip states, go back or
// stay, several actions between two states, and an end with several ways to it.
func TestDrawingOfArrowsThatSkipAndReturnIsFrozen(t *testing.T) {
	t.Parallel()
	g := graphtest.Sample()
	g.States = append(g.States, graphs.State{Name: "waiting_for_somebody", Holds: graphs.HoldsNothing, Actions: []graphs.Action{
		{Name: "hold_again", To: "held", By: graphtest.AllActors, OnConflict: graphs.ConflictRefuse},
		{Name: "start_over", To: "requested", By: graphtest.AllActors},
		{Name: "remind", To: "waiting_for_somebody", By: graphtest.AllActors},
		{Name: "finish", To: "done", By: graphtest.AllActors},
	}})
	state(g, "held").Actions = append(state(g, "held").Actions,
		graphs.Action{Name: "release", To: "waiting_for_somebody", By: graphtest.AllActors},
		graphs.Action{Name: "give_way", To: "waiting_for_somebody", By: graphtest.AllActors})
	state(g, "requested").Actions = append(state(g, "requested").Actions,
		graphs.Action{Name: "wait", To: "waiting_for_somebody", By: graphtest.AllActors},
		graphs.Action{Name: "drop", To: "lapsed", By: graphtest.AllActors})
	if err := g.Validate(); err != nil {
		t.Fatal(err)
	}
	checkPicture(t, arrange(g))
	golden(t, "testdata/returning.svg", SVGWalked(g, []string{"requested", "held", "waiting_for_somebody", "held"}))
	golden(t, "testdata/returning.mmd", Mermaid(g))
}

// TestDrawingOfConditionsIsFrozen freezes what no built-in graph has: guards, effects, timers of several moments, and a state for bookings
// that did not get their time.
func TestDrawingOfConditionsIsFrozen(t *testing.T) {
	t.Parallel()
	g := graphtest.Sample()
	length := graphtest.Minutes(120)
	hold := &state(g, "requested").Actions[0]
	hold.OnConflict = "waiting"
	hold.When = []graphs.Guard{{BeforeStart: &length}, {MetaEquals: &graphs.MetaEquals{Key: "-->\n[*]", Value: "<b>"}}}
	hold.Effects = []graphs.Effect{{Kind: graphs.CallEffect, Endpoint: "crm", Then: "finish", OnFailure: "lapse"}, {Kind: graphs.CallEffect, Endpoint: "erp"}}
	for i := range state(g, "held").Actions {
		a := &state(g, "held").Actions[i]
		a.By = append(a.By, graphs.ActorEffect)
	}
	state(g, "held").Timers[0] = graphs.Timer{
		Action: "lapse", Switch: "lapses", Any: []graphs.Moment{{From: graphs.FromEntered, After: length}, {From: graphs.FromCancelUntil, Before: length}},
	}
	g.States = append(g.States, graphs.State{Name: "waiting", Holds: graphs.HoldsNothing, Actions: []graphs.Action{
		{Name: "hold", To: "held", By: []graphs.Actor{graphs.ActorAPI}, OnConflict: "waiting"},
		{Name: "give_up", To: "lapsed", By: []graphs.Actor{graphs.ActorAPI}},
	}})
	if err := g.Validate(); err != nil {
		t.Fatal(err)
	}
	checkPicture(t, arrange(g))
	checkMermaid(t, Mermaid(g))
	checkSVG(t, SVG(g))
	golden(t, "testdata/conditions.svg", SVG(g))
	golden(t, "testdata/conditions.mmd", Mermaid(g))
}

func golden(t testing.TB, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (go test ./graphs/drawing -update draws it)", err)
	}
	if got != string(want) {
		t.Errorf("%s differs; look at the new drawing, then run: go test ./graphs/drawing -update", file)
	}
}

func state(g *graphs.Graph, name string) *graphs.State {
	s, _ := g.State(name)
	return s
}
