// Package mail says which mails an event of a booking makes, and what stands in them. It sends nothing and reads nothing: what it needs of
// the record and of the time are its arguments.
package mail

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/contact"
	"holdfast/internal/outbox"
)

// Kind is what a mail is about. It is the slug of its template.
type Kind string

// The kinds of mails.
const (
	Requested      Kind = "booking_requested"   // to the owner: the booking waits for an answer
	Received       Kind = "request_received"    // to the customer: the same
	Expired        Kind = "request_expired"     // no answer came in time
	Confirmed      Kind = "booking_confirmed"   // the booking holds its time
	Rescheduled    Kind = "booking_rescheduled" // the same, and it was moved
	Declined       Kind = "booking_declined"
	Cancelled      Kind = "booking_cancelled"
	Withdrawn      Kind = "booking_withdrawn" // to the owner: the customer does not ask any more
	PaymentPending Kind = "payment_pending"
	PaymentExpired Kind = "payment_expired" // the time was released, since nothing was paid
	Refunded       Kind = "refunded"
	RefundFailed   Kind = "refund_failed" // to the owner: somebody has to do something
	Reminder       Kind = "reminder"
	FollowUp       Kind = "follow_up"
)

// Kinds lists all kinds.
var Kinds = []Kind{
	Requested, Received, Expired, Confirmed, Rescheduled, Declined, Cancelled, Withdrawn, PaymentPending, PaymentExpired, Refunded,
	RefundFailed, Reminder, FollowUp,
}

// Role is who a mail is for.
type Role string

// The roles.
const (
	Owner    Role = "owner"    // the resource
	Customer Role = "customer" // one of the booking's
)

// Calendar is what a mail says to the calendar of its receiver.
type Calendar string

// What a mail says to a calendar.
const (
	CalendarNone    Calendar = ""
	CalendarRequest Calendar = "request" // the entry is new, or has changed
	CalendarCancel  Calendar = "cancel"  // the entry is to be removed
)

// Mail is one mail that is to be sent.
type Mail struct {
	Kind     Kind      `json:"kind"`
	To       Role      `json:"to"`
	Customer uuid.UUID `json:"customer,omitzero"` // of To Customer: which one
	Calendar Calendar  `json:"calendar,omitempty"`
	Subject  string    `json:"subject,omitempty"` // of a reminder or a follow-up that has its own, as it was typed

	Channel contact.Channel `json:"channel,omitempty"` // of a reminder by text message; empty for mails
}

// Recipient is who the mail is for, among those of its event: owner, or the id of the customer.
func (m Mail) Recipient() string {
	if m.To == Owner {
		return string(Owner)
	}
	return m.Customer.String()
}

// Bounced says which mail has found that its address does not exist, for the event of that. It has no address.
func (m Mail) Bounced(id uuid.UUID, code string) json.RawMessage {
	said := map[string]string{"id": id.String(), "kind": string(m.Kind), "to": string(m.To), "code": code}
	if m.To == Customer {
		said["customer_id"] = m.Customer.String()
	}
	text, _ := json.Marshal(said) // texts only
	return text
}

// OfState reports whether the mail says how the booking is: a later one of them replaces it. The others are about money or a moment.
func (m Mail) OfState() bool {
	return !slices.Contains([]Kind{PaymentPending, Refunded, RefundFailed, Reminder, FollowUp}, m.Kind)
}

// Asks reports whether the mail asks for something, or says that something is awaited: it says nothing once the booking has moved on.
func (m Mail) Asks() bool {
	return slices.Contains([]Kind{Requested, Received, PaymentPending}, m.Kind)
}

// Of returns the mails that an event of a booking makes, those to the owner first. Events of webhook endpoints, tests and corrections by
// hand make none. The states are those that built-in graphs have; a graph of an app's own makes the same mails where its states have the
// same names.
func Of(e *outbox.Event, b *booking.Booking) []Mail {
	if e.Test || b == nil {
		return nil
	}
	return forEach(drafts(e, b), b)
}

// forEach is a mail of each draft for each of its receivers.
func forEach(drafts []Mail, b *booking.Booking) []Mail {
	var all []Mail
	for _, one := range drafts {
		if one.To == Owner {
			all = append(all, one)
			continue
		}
		for i := range b.Customers {
			one.Customer = b.Customers[i].ID
			all = append(all, one)
		}
	}
	return all
}

// drafts are the mails of an event, one for all customers.
func drafts(e *outbox.Event, b *booking.Booking) []Mail {
	switch {
	case e.OfMoney():
		return ofMoney(e.Type)
	case e.Type == outbox.UndoneEvent:
		return nil
	case e.OfTransition():
		return ofTransition(e, b)
	case e.Type == "booking.approval_due" || e.Type == "booking.approval_escalated":
		return []Mail{{Kind: Requested, To: Owner}}
	}
	return nil
}

func ofMoney(event string) []Mail {
	switch event {
	case outbox.PaymentOpenEvent:
		return []Mail{{Kind: PaymentPending, To: Customer}}
	case outbox.RefundSucceededEvent:
		return []Mail{{Kind: Refunded, To: Customer}}
	case outbox.RefundFailedEvent:
		return []Mail{{Kind: RefundFailed, To: Owner}}
	}
	return nil
}

// ofTransition are the mails of a transition. Whose calendar has the booking gets its end in any case.
func ofTransition(e *outbox.Event, b *booking.Booking) []Mail {
	stood := booking.Stands(&booking.Booking{State: e.From}, false)
	both := func(kind Kind, calendar Calendar) []Mail {
		all := []Mail{{Kind: kind, To: Owner, Calendar: calendar}, {Kind: kind, To: Customer, Calendar: calendar}}
		if b.Related.OwnerBooking != nil { // the owner's calendar has the session, once
			all[0].Calendar = CalendarNone
		}
		return all
	}
	switch e.State {
	case "confirmed", "paid":
		return ofStanding(e, b, stood, both)
	case "unpaid", "cancelled", "cancelled_by_owner", "cancelled_by_customer":
		if stood { // unpaid: the money could not be captured
			return both(Cancelled, CalendarCancel)
		}
	}
	return ofWaiting(e, b, both)
}

// ofWaiting are the mails of a booking that waits for an answer or a payment, or does not any more.
func ofWaiting(e *outbox.Event, b *booking.Booking, both func(Kind, Calendar) []Mail) []Mail {
	asked := asksOwner(b, e.From)
	switch {
	case e.State == "declined":
		return []Mail{{Kind: Declined, To: Customer}}
	case e.State == "expired":
		return both(Expired, CalendarNone)
	case e.State == "unpaid":
		return []Mail{{Kind: PaymentExpired, To: Customer}}
	case e.State == "withdrawn" && asked:
		return []Mail{{Kind: Withdrawn, To: Owner}}
	case strings.HasPrefix(e.State, "cancelled") && asked:
		return both(Cancelled, CalendarNone)
	case strings.HasPrefix(e.State, "cancelled"):
		return []Mail{{Kind: Cancelled, To: Customer}}
	case asksOwner(b, e.State) && e.From != e.State:
		return []Mail{{Kind: Requested, To: Owner}, {Kind: Received, To: Customer}}
	}
	return nil
}

// ofStanding are the mails of a booking that holds its time for good now. One that held it before makes none again.
func ofStanding(e *outbox.Event, b *booking.Booking, stood bool, both func(Kind, Calendar) []Mail) []Mail {
	switch {
	case stood || slices.Contains([]string{"completed", "attended", "no_show"}, e.From):
		return nil
	case b.Related.RescheduledFrom != nil:
		return both(Rescheduled, CalendarRequest)
	}
	return both(Confirmed, CalendarRequest)
}

// asksOwner reports whether in a state the booking waits for its owner to say yes.
func asksOwner(b *booking.Booking, state string) bool {
	graph, err := b.LoadGraph()
	if err != nil {
		return false
	}
	of, ok := graph.State(state)
	return ok && slices.ContainsFunc(of.Actions, func(a graphs.Action) bool {
		return a.Name == "confirm" && a.MayPlay(graphs.ActorOwnerLink)
	})
}
