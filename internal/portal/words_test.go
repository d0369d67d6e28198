package portal

import (
	"slices"
	"testing"

	"holdfast/graphs"
)

// TestWhatTakesAwayAsksFirst: of the actions that a server key can play, in every built-in graph.
func TestWhatTakesAwayAsksFirst(t *testing.T) {
	t.Parallel()
	want := []string{"cancel", "cancel_by_customer", "cancel_by_owner", "decline", "release", "reschedule_by_customer", "timeout", "withdraw"}
	var got []string
	for _, g := range graphs.Published() {
		for _, s := range g.States {
			for _, name := range g.OpenTo(s.Name, graphs.ActorAPI) {
				if ends(name) && !slices.Contains(got, name) {
					got = append(got, name)
				}
			}
		}
	}
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
