package booking

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
)

// Change is what the world is told: of one transition of a booking, written by the commit that made it; of a reminder
// falling due; or of what became of a webhook endpoint. Inputs and Data may hold personal data and never leave Postgres
// but for the endpoints that asked for them.
type Change struct {
	ID        uuid.UUID
	AppID     uuid.UUID
	BookingID *uuid.UUID // nil: it is not about a booking
	Seq       int        // the number of the booking's transition
	Type      string     // booking.<state>, ReminderEvent, or one of the endpoint's
	At        time.Time
	Graph     string
	State     string // after the transition
	From      string // before it
	Action    string
	Actor     graphs.Actor
	Channel   Channel
	Inputs    json.RawMessage // the action's: {"step":{"field":"text"}}
	Data      json.RawMessage // the Booking after the transition; an EndpointChange
	Test      bool            // made up, to try an endpoint
}

// Name is the change's id as the world reads it; the webhook-id of its deliveries, however often they are repeated.
func (c *Change) Name() string { return ChangePrefix + c.ID.String() }

// ChangePrefix tells the ids of changes from those of calendar entries.
const ChangePrefix = "evt_"

// Booking is the booking as it was after the change; nil when the change is not about one.
func (c *Change) Booking() (*Booking, error) {
	if c.BookingID == nil {
		return nil, nil //nolint:nilnil // there is none, and that is no fault
	}
	var b Booking
	return &b, json.Unmarshal(c.Data, &b)
}

// Reason is what whoever played the action wrote about it, "" for nothing: in all graphs, an input called "message".
func (c *Change) Reason() string {
	var steps map[string]map[string]string
	if len(c.Inputs) == 0 || json.Unmarshal(c.Inputs, &steps) != nil {
		return ""
	}
	for _, step := range slices.Sorted(maps.Keys(steps)) {
		if text := steps[step]["message"]; text != "" {
			return text
		}
	}
	return ""
}

// EndpointChange is what a change of an endpoint tells of it.
type EndpointChange struct {
	ID           uuid.UUID      `json:"id"`
	URL          string         `json:"url"`
	Description  string         `json:"description"`
	Status       EndpointStatus `json:"status"`
	Reason       PauseReason    `json:"reason"`
	FailingSince *time.Time     `json:"failing_since"` // no attempt has succeeded since
}

// EventType names the event of reaching a state: booking.confirmed, booking.cancelled and so on.
func EventType(state string) string { return "booking." + state }

// The events of endpoints. An endpoint hears of them only if it asks for them by name.
const (
	EndpointFailingEvent  = "endpoint.failing"  // no attempt has succeeded for a day
	EndpointPausedEvent   = "endpoint.paused"   // for five days, or by hand
	EndpointResumedEvent  = "endpoint.resumed"  // by hand
	EndpointDisabledEvent = "endpoint.disabled" // its receiver has answered 410
)

// The kinds of changes that ReserveKit knows. An endpoint may ask for them instead of single states.
const (
	BookingsCreate = "bookings.create"
	BookingsUpdate = "bookings.update"
	BookingsDelete = "bookings.delete" // also a cancellation, and everything else that ends a booking before its time
)

// Kind sorts the transition that brought the booking to its state, the way ReserveKit does.
func (b *Booking) Kind() string {
	switch {
	case b.Seq == 1:
		return BookingsCreate
	case b.Completed && b.State != Completed:
		return BookingsDelete
	}
	return BookingsUpdate
}

// Topics are the names under which a change can be asked for: its type, its kind, and both with a "*" behind the dot.
func Topics(eventType, kind string) []string {
	topics := []string{eventType, topicOf(eventType)}
	if kind != "" {
		topics = append(topics, kind, topicOf(kind))
	}
	return topics
}

func topicOf(name string) string {
	family, _, _ := strings.Cut(name, ".")
	return family + ".*"
}
