package booking_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	"holdfast/graphs"
	"holdfast/internal/booking"
)

// large is a graph of so many states, one after the other.
func large(states int) *graphs.Graph {
	g := &graphs.Graph{Name: "large", Version: 1, Initial: "s0", Start: "create"}
	for i := range states {
		g.States = append(g.States, graphs.State{Name: fmt.Sprintf("s%d", i), Holds: graphs.HoldsNothing, Actions: []graphs.Action{
			{Name: "create", To: fmt.Sprintf("s%d", i+1), By: []graphs.Actor{graphs.ActorAPI}},
		}})
	}
	g.States = append(g.States, graphs.State{Name: fmt.Sprintf("s%d", states), Holds: graphs.HoldsNothing, Final: true})
	return g
}

// TestGraphsInInputs: a small graph travels as JSON, a large one packed, and both arrive as they were.
func TestGraphsInInputs(t *testing.T) {
	t.Parallel()
	for states, packed := range map[int]bool{5: false, 60: false, 200: true} {
		g := large(states)
		var in, out booking.WorkflowInput
		if err := in.SetGraph(g); err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(in)
		if err == nil {
			err = json.Unmarshal(text, &out)
		}
		if err == nil {
			err = out.UnpackGraph()
		}
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(&out.Graph, g) || (len(in.Packed) > 0) != packed || packed && in.Graph.Name != "" {
			t.Errorf("%d states: packed %t", states, len(in.Packed) > 0)
		}
		if packed && len(text) > 8<<10 {
			t.Errorf("%d states: the input has %d bytes", states, len(text))
		}
	}
}

// TestSpoiltGraphsInInputs are errors, not panics and not half a graph.
func TestSpoiltGraphsInInputs(t *testing.T) {
	t.Parallel()
	var in booking.WorkflowInput
	if err := in.SetGraph(large(200)); err != nil {
		t.Fatal(err)
	}
	for _, spoilt := range [][]byte{{0}, in.Packed[:len(in.Packed)/2], append([]byte("x"), in.Packed...)} {
		if err := (&booking.GraphInput{Packed: spoilt}).UnpackGraph(); err == nil {
			t.Error("read")
		}
	}
}
