// Package graphtest makes graphs for tests: a small valid one, random valid ones, and random ones with any fault.
package graphtest

import (
	"encoding/json"
	"testing"
	"time"

	"holdfast/graphs"
)

// Sample returns a small valid graph to spoil: requested -> held (the slot) -> done or lapsed.
func Sample() *graphs.Graph {
	return &graphs.Graph{
		Name: "sample", Version: 1, Initial: "requested", Start: "hold",
		States: []graphs.State{
			{Name: "requested", Holds: graphs.HoldsNothing, Actions: []graphs.Action{
				{Name: "hold", To: "held", By: []graphs.Actor{graphs.ActorAPI}, OnConflict: graphs.ConflictRefuse},
			}},
			{Name: "held", Holds: graphs.HoldsSlot, Actions: []graphs.Action{
				{
					Name: "finish", To: "done", By: []graphs.Actor{graphs.ActorAPI, graphs.ActorTimer},
					Inputs: []graphs.Input{{Step: "finish", Field: "message"}},
				},
				{Name: "lapse", To: "lapsed", By: []graphs.Actor{graphs.ActorTimer}},
			}, Timers: []graphs.Timer{
				{Action: "lapse", After: Minutes(5), From: graphs.FromEntered, Min: Minutes(1), Max: Minutes(60), Switch: "lapses"},
				{Action: "finish", After: Minutes(60), From: graphs.FromEnd, Max: Minutes(90)},
			}, Notices: []graphs.Notice{{Name: "half", Timer: "lapse", Percent: 50}}},
			{Name: "done", Holds: graphs.HoldsNothing, Final: true},
			{Name: "lapsed", Holds: graphs.HoldsNothing, Final: true},
			{Name: "error", Holds: graphs.HoldsNothing, Final: true},
		},
	}
}

// Minutes is n minutes, as a graph writes them.
func Minutes(n int) graphs.Duration { return graphs.Duration(time.Duration(n) * time.Minute) }

// SeedJSON adds the built-in graphs and a few hostile texts to a fuzz test of graphs in JSON.
func SeedJSON(f *testing.F) {
	f.Helper()
	for _, g := range graphs.Published() {
		text, err := json.Marshal(g)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(`{"initial":"a","start":"x","states":[` +
		`{"name":"a","actions":[{"name":"x","to":"a"}],"timers":[{"action":"x","after":"PT0S"}]}]}`))
	f.Add([]byte(`{"name":"</title><script>","initial":"]]>","states":[` +
		`{"name":"]]>","final":true,"actions":[{"name":"-->\n[*]","to":"]]>"}]}]}`))
	f.Add([]byte(`{"states":[{},{"name":"error","actions":[{"to":""}]}]}`))
}
