package visitor

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"holdfast/internal/policy"
)

// TestDeadlinesOnPages says until when before, and what to do after; the buttons go with it.
func TestDeadlinesOnPages(t *testing.T) {
	t.Parallel()
	start := time.Now().Truncate(time.Second).Add(48 * time.Hour)
	for _, c := range []struct {
		policy, want  string
		moved         int
		cancels, move bool
	}{
		{`{}`, "", 0, true, true},
		{`{"cancel":{"customer":{"until":"PT24H"}}}`, "It can be cancelled until", 0, true, true},
		{`{"cancel":{"customer":{"until":"PT72H"}}}`, "It could be cancelled here until", 0, false, true},
		{`{"reschedule":{"customer":{"until":"PT24H","max":3}}}`, "It can be moved 2 times more.", 1, true, true},
		{`{"reschedule":{"customer":{"max":1}}}`, "It can be moved once more.", 0, true, true},
		{`{"reschedule":{"customer":{"max":1}}}`, "please ask Acme", 1, true, false},
		{`{"reschedule":{"customer":{"until":"PT72H"}}}`, "It could be moved to another time here until", 0, true, false},
		{`{"cancel":{"owner":{"until":"PT72H"}}}`, "", 0, true, true},
	} {
		r := requestedIn(t, "instant", "confirmed", start)
		var p policy.Policy
		if err := json.Unmarshal([]byte(c.policy), &p); err != nil {
			t.Fatal(err)
		}
		r.Booking.Policy, r.Booking.Moves, r.Booking.Seq = policy.NewSnapshot(p, nil), c.moved, 1
		texts := strings.Join(deadlineTexts(r.Booking, true, true, time.Now(), time.UTC, "Acme"), " ")
		if !strings.Contains(texts, c.want) || c.want == "" && texts != "" {
			t.Errorf("%s, moved %d times: %q, want %q", c.policy, c.moved, texts, c.want)
		}
		if got := r.wayToGiveUp().action != ""; got != c.cancels {
			t.Errorf("%s: a button to cancel: %t", c.policy, got)
		}
		if got := mayMove(r.Booking, time.Now()); got != c.move {
			t.Errorf("%s: moves: %t", c.policy, got)
		}
	}
}
