package clock

import (
	"time"

	"github.com/google/uuid"
)

// What bounds the signals of one step of a clock. A signal costs about as much as what it asks for: without bounds, a step that takes
// long on a busy machine is all signals.
const (
	underWay = 64              // bookings that are signalled and have not settled
	patience = 3 * time.Second // for which none of those settles: then they are signalled again
)

// Signals are the bookings that a step of a clock has signalled and that have not settled yet. The zero value has none.
type Signals struct {
	ids   map[uuid.UUID]bool
	moved time.Time // when one of them was seen to have settled, or was signalled
}

// Next returns which of the bookings that are left to signal now. Temporal keeps each signal, so a booking waits for its turn there, and is
// signalled once while others settle. That none does is a fault that a second signal may mend.
func (s *Signals) Next(left []uuid.UUID, now time.Time) (list []uuid.UUID) {
	under := make(map[uuid.UUID]bool, underWay)
	for _, id := range left {
		if s.ids[id] {
			under[id] = true
		}
	}
	switch {
	case len(under) < len(s.ids):
		s.moved = now
	case now.Sub(s.moved) > patience:
		clear(under)
	}
	for _, id := range left {
		if len(under) < underWay && !under[id] {
			under[id] = true
			list = append(list, id)
			s.moved = now
		}
	}
	s.ids = under
	return list
}
