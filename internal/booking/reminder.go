package booking

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
)

// Reminder is a webhook that a booking asked for at a moment before or after its start. Number tells a booking's
// reminders apart.
type Reminder struct {
	Number int       `json:"number"`
	At     time.Time `json:"at"`
	Target *Endpoint `json:"-"` // where it goes; known when it is made only

	Settings json.RawMessage `json:"-"` // as it was asked for; the same
}

// Remind is the input of the activity that sends a reminder on its way.
type Remind struct {
	BookingID uuid.UUID `json:"booking_id"`
	Number    int       `json:"number"`
}

// ReminderEvent is the event of a reminder falling due.
const ReminderEvent = "booking.reminder"

// ReminderState is what an endpoint for reminders is subscribed to: no graph has such a state.
const ReminderState = "reminder"

// Reminds tells whether a booking in that state is worth a reminder: it holds its time or seat, or has taken place.
func Reminds(graph *graphs.Graph, state string) bool {
	s, ok := graph.State(state)
	return ok && (s.Holds != graphs.HoldsNothing || s.Name == Completed)
}

// Purpose is what an endpoint is for.
type Purpose string

// The purposes of endpoints.
const (
	ForSubscription Purpose = "subscription" // every transition that its filters let through
	ForReminders    Purpose = "reminder"     // reminders that name its URL, and nothing else
)
