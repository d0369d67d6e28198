package webhooks

import (
	"testing"
	"time"

	"holdfast/api/edge"
	"holdfast/internal/timekit"
)

// TestRepeatedReplayAsksForTheSame: what has ended since the first try is not of the past that it asked for.
func TestRepeatedReplayAsksForTheSame(t *testing.T) {
	t.Parallel()
	k := &edge.Call{Operation: edge.NewID(), Clock: timekit.Clock{}}
	first, err := replayInput{Since: "2026-01-01T00:00:00Z"}.replay(k)
	if err != nil {
		t.Fatal(err)
	}
	if away := time.Since(first.Until); away < 0 || away > time.Minute || !first.Asked.IsZero() {
		t.Errorf("the first ends %s ago, asked at %s", away, first.Asked)
	}
	k.Repeated = true
	again, err := replayInput{Since: "2026-01-01T00:00:00Z", Only: "all"}.replay(k)
	if err != nil || again.Until != first.Until || again.Asked != first.Until || again.Operation != first.Operation || !again.All {
		t.Errorf("the repeat: %+v, %v", again, err)
	}
}
