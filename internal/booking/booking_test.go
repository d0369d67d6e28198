package booking

import (
	"testing"
	"time"
)

// TestBegun: a booking has begun at its very start.
func TestBegun(t *testing.T) {
	t.Parallel()
	start := time.Date(2030, 12, 2, 9, 0, 0, 0, time.UTC)
	b := &Booking{Start: start, End: start.Add(time.Hour)}
	for after, want := range map[time.Duration]bool{-time.Hour: false, -1: false, 0: true, 1: true, time.Hour: true, 2 * time.Hour: true} {
		if got := b.Begun(start.Add(after)); got != want {
			t.Errorf("%v after its start it has begun: %t", after, got)
		}
	}
}
