package booking

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/outbox"
)

// Reminder is a webhook that a booking asked for at a moment before or after its start. Number is the
// reminder's own among those of its booking.
type Reminder struct {
	Number int              `json:"number"`
	At     time.Time        `json:"at"`
	Target *outbox.Endpoint `json:"-"` // where it goes; known when it is made only

	Settings json.RawMessage `json:"-"` // as it was asked for; the same
}

// RemindInput is the input of the activity that sends a reminder on its way, or a notice of the booking's graph.
type RemindInput struct {
	BookingID uuid.UUID `json:"booking_id"`
	Number    int       `json:"number"`           // of the reminder
	Notice    string    `json:"notice,omitempty"` // its name; empty for a reminder
	Seq       int       `json:"seq,omitempty"`    // of a notice: the transition that began the stay
}

// ShouldRemind reports whether a booking in that state is worth a reminder: it holds its time or seat, or has taken place.
func ShouldRemind(graph *graphs.Graph, state string) bool {
	s, ok := graph.State(state)
	return ok && (s.Holds == graphs.HoldsSlot || s.Holds == graphs.HoldsSeat || s.Name == Completed || s.Name == attended)
}
