package outbox

import (
	"slices"

	"github.com/google/uuid"
)

// Subject is what an endpoint's filters compare of an event.
type Subject struct {
	Topics   []string // as of Topics
	Booking  bool     // the event is about a booking; without one, all that follows is empty
	Graph    string
	State    string
	Project  *uuid.UUID
	Services []uuid.UUID // of the project
	Request  bool        // it belongs to a scheduling request that its app is notified of
}

// Matches reports whether an endpoint's filters let an event through. Without event types an endpoint gets events of bookings, and no
// others; the other filters apply to events of bookings only. The condition of the same name in internal/postgres is this rule in
// SQL, and a test compares the two over all combinations.
func (e *Endpoint) Matches(s Subject) bool {
	asked := len(e.EventTypes) == 0 && s.Booking || slices.ContainsFunc(s.Topics, func(topic string) bool {
		return slices.Contains(e.EventTypes, topic)
	})
	return asked && (e.Format != FormatCronofy || s.Request) && (!s.Booking || e.matchesBooking(s))
}

func (e *Endpoint) matchesBooking(s Subject) bool {
	service := func(id uuid.UUID) bool { return slices.Contains(e.Services, id) }
	return (len(e.Graphs) == 0 || slices.Contains(e.Graphs, s.Graph)) &&
		(len(e.States) == 0 || slices.Contains(e.States, s.State)) &&
		(len(e.Projects) == 0 || s.Project != nil && slices.Contains(e.Projects, *s.Project)) &&
		(len(e.Services) == 0 || s.Project != nil && slices.ContainsFunc(s.Services, service))
}
