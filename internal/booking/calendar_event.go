package booking

import (
	"time"

	"github.com/google/uuid"

	"holdfast/internal/catalogue"
	"holdfast/internal/zones"
)

// CalendarEvent is an entry of a calendar: busy time made by hand, or how a booking shows there.
type CalendarEvent struct {
	ID         uuid.UUID
	AppID      uuid.UUID
	Resource   catalogue.Resource // its id and time zone only
	CalendarID uuid.UUID
	Start      time.Time
	End        time.Time
	AllDay     bool // does not stand in the way of what ignores all-day events
	// Of an all-day event: its first date and the one after its last, as midnights in UTC. They stay when the resource moves to
	// another zone; Start and End follow. Zero for events that an older version wrote: see Settle.
	StartDate    time.Time
	EndDate      time.Time
	What         string
	Where        string
	Description  string
	Participants []string
	RSVP         string // made by hand: what its maker says of it
	Settings     CalendarEventSettings
	Booking      *Booking // whose entry it is, with its id and state only; nil when it was made by hand
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// CalendarEventSettings are the rules one event has for itself.
type CalendarEventSettings struct {
	AllowDoubleBookings bool `json:"allow_double_bookings"` // may lie above other things
}

// SameTime reports whether two events take the same time in the same way.
func (e *CalendarEvent) SameTime(o *CalendarEvent) bool {
	return e.Resource.ID == o.Resource.ID && e.Start.Equal(o.Start) && e.End.Equal(o.End) && e.AllDay == o.AllDay &&
		e.Settings == o.Settings
}

// Settle brings the times of an all-day event and its dates together, in its resource's zone. Dates win; without them they are
// read from the times, a part of a day for the whole. The dates of other events are zero.
func (e *CalendarEvent) Settle() {
	if !e.AllDay {
		e.StartDate, e.EndDate = time.Time{}, time.Time{}
		return
	}
	zone := e.Resource.Zone()
	if e.StartDate.IsZero() {
		e.StartDate = zones.DateOf(e.Start, zone)
	}
	if e.EndDate.IsZero() {
		e.EndDate = zones.DateOf(e.End, zone)
		if zones.StartOf(e.EndDate, zone).Before(e.End) {
			e.EndDate = e.EndDate.AddDate(0, 0, 1)
		}
	}
	e.Start, e.End = zones.StartOf(e.StartDate, zone), zones.StartOf(e.EndDate, zone)
}
