package booking

import (
	"time"

	"github.com/google/uuid"
)

// Event is an entry of a calendar: busy time made by hand, or how a booking shows there.
type Event struct {
	ID           uuid.UUID
	AppID        uuid.UUID
	Resource     Resource // its id and time zone only
	CalendarID   uuid.UUID
	Start        time.Time
	End          time.Time
	AllDay       bool // does not stand in the way of what ignores all-day events
	What         string
	Where        string
	Description  string
	Participants []string
	RSVP         string // made by hand: what its maker says of it
	Settings     EventSettings
	Booking      *Booking // whose entry it is, with its id and state only; nil when it was made by hand
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// EventSettings are the rules one event has for itself.
type EventSettings struct {
	AllowDoubleBookings bool `json:"allow_double_bookings"` // may lie above other things
}

// SameTime tells whether two events take the same time in the same way.
func (e *Event) SameTime(o *Event) bool {
	return e.Resource.ID == o.Resource.ID && e.Start.Equal(o.Start) && e.End.Equal(o.End) && e.AllDay == o.AllDay &&
		e.Settings == o.Settings
}

// OwnedCalendar is a calendar with the time zone of its resource.
type OwnedCalendar struct {
	Calendar
	Timezone string
}
