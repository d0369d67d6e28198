package booking

import (
	"encoding/json"

	"holdfast/internal/outbox"
)

// OfEvent returns the booking as it was after an event; nil when the event is not about one.
func OfEvent(e *outbox.Event) (*Booking, error) {
	if e.BookingID == nil {
		return nil, nil //nolint:nilnil // there is none, and that is no fault
	}
	var b Booking
	if err := json.Unmarshal(e.Data, &b); err != nil {
		return nil, err
	}
	return &b, b.ReadGraph(e.Definition)
}

// Kind sorts the transition that brought the booking to its state, the way ReserveKit does.
func (b *Booking) Kind() string {
	switch {
	case b.Seq == 1:
		return outbox.BookingsCreate
	case b.Dropped():
		return outbox.BookingsDelete
	}
	return outbox.BookingsUpdate
}
