package clock

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
)

// TestAStepSignalsAFewAtATime has bookings settle slowly: each is signalled once, however long all of them take, and never are more of them
// under way than may be.
func TestAStepSignalsAFewAtATime(t *testing.T) {
	t.Parallel()
	var s Signals
	var left, asked []uuid.UUID
	for range 10 * underWay {
		left = append(left, uuid.New())
	}
	all := slices.Clone(left)
	now := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	for len(left) > 0 {
		now = now.Add(patience - time.Millisecond)
		asked = append(asked, s.Next(left, now)...)
		if under := len(asked) - (len(all) - len(left)); under != min(underWay, len(left)) {
			t.Fatalf("%d are under way of %d that are left", under, len(left))
		}
		left = left[1:]
	}
	if !slices.Equal(asked, all) {
		t.Errorf("%d signals for %d bookings", len(asked), len(all))
	}
}

// TestAStepSignalsAgain when nothing settles: what is under way, and once in a while.
func TestAStepSignalsAgain(t *testing.T) {
	t.Parallel()
	var s Signals
	left := []uuid.UUID{uuid.New(), uuid.New()}
	now := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		after time.Duration
		left  []uuid.UUID
		want  []uuid.UUID
	}{
		{0, left, left},
		{patience, left, nil},
		{time.Millisecond, left, left},
		{patience, left, nil},
		{time.Millisecond, left[:1], nil}, // one has settled meanwhile
		{patience, left[:1], nil},
		{time.Millisecond, left[:1], left[:1]},
		{time.Millisecond, nil, nil},
		{time.Millisecond, left[1:], left[1:]}, // something else of it is due
	} {
		now = now.Add(c.after)
		if got := s.Next(c.left, now); !slices.Equal(got, c.want) {
			t.Errorf("after %s %d are signalled, want %d", c.after, len(got), len(c.want))
		}
	}
}
