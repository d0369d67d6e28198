package availability

import (
	"runtime"
	"testing"
	"time"
)

// takenOf asks for what is taken of every minute of 60 days with seven resources, the first of them busy all the time or not.
func takenOf(busy bool, most int) *Query {
	from := time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)
	q := &Query{
		From: from, To: from.AddDate(0, 0, 60), Length: time.Minute, Step: time.Minute, RoundToHour: true, Mode: Exclusive, Most: most,
		Resources: make([]Resource, 7),
	}
	for i := range q.Resources {
		q.Resources[i].Zone = time.UTC
		if busy {
			q.Resources[i].Busy = []Busy{{Start: q.From, End: q.To, Kind: KindBooking}}
		}
	}
	return q
}

// TestTakenKeepsNothingThatIsFree: 600,000 slots that are offered cost no memory when what is taken is asked for.
func TestTakenKeepsNothingThatIsFree(t *testing.T) { //nolint:paralleltest // it counts what is allocated
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	slots := takenOf(false, 0).Taken()
	runtime.ReadMemStats(&after)
	if mib := (after.TotalAlloc - before.TotalAlloc) >> 20; len(slots) != 0 || mib > 12 {
		t.Errorf("%d slots and %d MiB allocated", len(slots), mib)
	}
}

// TestTakenEndsAtMost asks of calendars that are busy all the time.
func TestTakenEndsAtMost(t *testing.T) {
	t.Parallel()
	for _, most := range []int{1, 100} {
		if n := Named(takenOf(true, most).Taken()); n <= most || n > most+7 {
			t.Errorf("at most %d: %d named", most, n)
		}
	}
	if n, all := Named(takenOf(true, 0).Taken()), 60*24*60*7; n != all {
		t.Errorf("%d named of %d", n, all)
	}
}
