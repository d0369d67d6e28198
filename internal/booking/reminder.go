package booking

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/outbox"
)

// Reminder is a webhook or a mail that a booking asked for at a moment before or after its start. Number is the
// reminder's own among those of its booking.
type Reminder struct {
	Number int       `json:"number"`
	At     time.Time `json:"at"`

	// The others are known when it is made only.
	Target    *outbox.Endpoint `json:"-"` // where a webhook goes; nil for a mail
	Mail      json.RawMessage  `json:"-"` // which mail it is, an object; nil for a webhook
	LateUntil time.Time        `json:"-"` // of a mail whose moment passes before the booking stands: until when it is still sent
	Settings  json.RawMessage  `json:"-"` // as it was asked for
}

// RemindInput is the input of the activity that sends a reminder on its way, or a notice of the booking's graph.
type RemindInput struct {
	BookingID uuid.UUID `json:"booking_id"`
	Number    int       `json:"number"`           // of the reminder
	Notice    string    `json:"notice,omitempty"` // its name; empty for a reminder
	Seq       int       `json:"seq,omitempty"`    // of a notice: the transition that began the stay
}

// standing are the states in which a booking is agreed on and holds its time for good.
var standing = []string{"confirmed", "paid", "balance_due", "balance_overdue", "settled"}

// Stands reports whether a booking is agreed on and holds its time for good; afterwards, also whether it has taken place. A session stands
// as long as it is open. A graph of an app's own has such a state where it has the name of one of a built-in graph.
func Stands(b *Booking, afterwards bool) bool {
	isSession := b.Session != nil && b.Related.OwnerBooking == nil
	return slices.Contains(standing, b.State) || isSession && b.State == "tentative" ||
		afterwards && (b.State == Completed || b.State == attended)
}

// ShouldRemind reports whether a booking in the state is worth a reminder: it holds its time or seat, or has taken place.
func (s Stay) ShouldRemind() bool {
	of, ok := s.Graph.State(s.State)
	return ok && (of.Holds == graphs.HoldsSlot || of.Holds == graphs.HoldsSeat || of.Name == Completed || of.Name == attended)
}
