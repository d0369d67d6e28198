package payload

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/outbox"
)

// The shapes are those of ReserveKit's published samples, in their order. Ids are aliases; uuid is ours.
type (
	reserveKitBody struct {
		EventType string              `json:"event_type"`
		Bookings  []reserveKitBooking `json:"bookings"`
		Timestamp string              `json:"timestamp"`
	}

	reserveKitBooking struct {
		ID           int64              `json:"id"`
		ServiceID    int64              `json:"service_id"`
		Date         string             `json:"date"`
		TimeSlotID   int64              `json:"time_slot_id"`
		Status       string             `json:"status"`
		CancelReason string             `json:"cancel_reason,omitempty"` // of bookings.delete only
		Message      string             `json:"message"`
		CreatedAt    string             `json:"created_at"`
		UpdatedAt    string             `json:"updated_at"`
		Customer     reserveKitCustomer `json:"customer"`
		UUID         uuid.UUID          `json:"uuid"`
	}

	reserveKitCustomer struct {
		ID        int64  `json:"id"` // 0: the booking is for nobody, as a session is
		Name      string `json:"name"`
		Email     string `json:"email"`
		Phone     string `json:"phone"`
		CreatedAt string `json:"created_at"`
		UpdatedAt string `json:"updated_at"`
	}
)

// asReserveKit gives a reminder, which ReserveKit does not have, our own shape.
func asReserveKit(c *outbox.Event, b *booking.Booking, links Links) ([]byte, error) {
	if c.Type == outbox.ReminderEvent {
		return asHoldfast(c, b, links)
	}
	service, start := serviceOf(b), b.Start.In(b.Resource.Zone())
	one := reserveKitBooking{
		ID: alias(b.ID), ServiceID: alias(service), Date: start.Format(time.DateOnly), TimeSlotID: alias(timeSlot(service, start)),
		Status: reserveKitStatusOf(b), Message: wish(b), CreatedAt: utc(b.CreatedAt), UpdatedAt: utc(b.UpdatedAt),
		Customer: reserveKitPerson(b), UUID: b.ID,
	}
	kind := b.Kind()
	if !c.OfTransition() { // a notice: the booking stands as it did
		kind = outbox.BookingsUpdate
	}
	if kind == outbox.BookingsDelete {
		one.CancelReason = reasonOf(c, b)
	}
	return json.Marshal(reserveKitBody{kind, []reserveKitBooking{one}, utc(c.At)})
}

// reserveKitStatus uses no names of states but one: what can still take place without another yes or a payment is
// confirmed, what has taken place stays so, also where nobody came, and what is over in another way is cancelled.
func reserveKitStatus(graph *graphs.Graph, state string) string {
	switch s, ok := graph.State(state); {
	case ok && s.Final && !booking.TookPlace(state):
		return "cancelled"
	case ok && (s.Final || leadsTo(s, booking.Completed)):
		return "confirmed"
	}
	return "pending"
}

// reserveKitStatusOf also covers a booking whose graph is of a newer build than this one, as in the middle of a deploy: whether it
// is over stands in the booking, and confirmed means the same in every graph.
func reserveKitStatusOf(b *booking.Booking) string {
	graph, err := b.LoadGraph()
	switch {
	case err == nil:
		return reserveKitStatus(graph, b.State)
	case b.Dropped():
		return "cancelled"
	case b.Completed, b.State == "confirmed":
		return "confirmed"
	}
	return "pending"
}

func leadsTo(s *graphs.State, to string) bool {
	for i := range s.Actions {
		if s.Actions[i].To == to {
			return true
		}
	}
	return false
}

// reserveKitPerson is the first customer, who is as old as the booking: a person is kept with each anew.
func reserveKitPerson(b *booking.Booking) reserveKitCustomer {
	person := reserveKitCustomer{CreatedAt: utc(b.CreatedAt), UpdatedAt: utc(b.CreatedAt)}
	if len(b.Customers) > 0 {
		c := b.Customers[0]
		person.ID, person.Name, person.Email, person.Phone = alias(c.ID), c.Name, c.Email, c.Phone
	}
	return person
}

// wish is what the customer wrote: a field of the form, or else the description, where a form without one puts it.
func wish(b *booking.Booking) string {
	for _, c := range b.Customers {
		var form map[string]any
		_ = json.Unmarshal(orObject(c.Meta), &form) // an object, as checked when it was written
		for _, field := range []string{"message", "comment"} {
			if text, ok := form[field].(string); ok && text != "" {
				return text
			}
		}
	}
	return b.Description
}

func reasonOf(c *outbox.Event, b *booking.Booking) string {
	if reason := c.Reason(); reason != "" {
		return reason
	}
	text := words(b.State)
	return strings.ToUpper(text[:1]) + text[1:]
}
