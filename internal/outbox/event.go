package outbox

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
)

// Event is what subscribers receive: one transition of a booking, written by the commit that made it; of a reminder
// falling due; or of what became of a webhook endpoint. Inputs and Data may hold personal data and never leave Postgres
// but for the endpoints that asked for them.
type Event struct {
	ID        uuid.UUID
	AppID     uuid.UUID
	BookingID *uuid.UUID // nil: it is not about a booking
	Seq       int        // the number of the booking's transition
	Type      string     // booking.<state>, UndoneEvent, booking.<notice>, ReminderEvent, or one of an effect, of money or of an endpoint
	At        time.Time
	Graph     string
	State     string // after the transition
	From      string // before it
	Action    string
	Actor     graphs.Actor
	Channel   string          // see booking.Channel
	Inputs    json.RawMessage // the action's: {"step":{"field":"text"}}; of MailBouncedEvent which mail it was
	Data      json.RawMessage // the Booking after the transition; an EndpointData or MailerData
	Test      bool            // made up, to try an endpoint
	Lifted    []string        // rules of the policy that the action was not held to
	Notify    []string        // who gets the mails that the action makes: owner, customer; nil for both
	Effect    json.RawMessage // of EffectFailedEvent: an effect.Failure
	Payment   json.RawMessage // of an event about money: a payment.Notice
	// Definition is that of the booking's graph, if it is one of the app's own; empty for a built-in one.
	Definition string
}

// Name is the change's id as the world reads it; the webhook-id of its deliveries, however often they are repeated.
func (c *Event) Name() string { return EventPrefix + c.ID.String() }

// EventPrefix distinguishes the ids of events from those of calendar events.
const EventPrefix = "evt_"

// Reason is the text that the player of the action gave, "" for nothing: in all graphs, an input called "message".
func (c *Event) Reason() string {
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

// EndpointData is the data of an endpoint's event.
type EndpointData struct {
	ID           uuid.UUID      `json:"id"`
	URL          string         `json:"url"`
	Description  string         `json:"description"`
	Status       EndpointStatus `json:"status"`
	Reason       PauseReason    `json:"reason"`
	FailingSince *time.Time     `json:"failing_since"` // no attempt has succeeded since
}

// EffectFailedEvent is the event of an effect of a booking that was given up. Only endpoints get it whose event types name it.
const EffectFailedEvent = "effect.failed"

// The events of payments and of refunds. Only endpoints get them whose event types name them. They move no booking: what money moves is a
// transition, with an event of its own.
const (
	PaymentOpenEvent         = "payment.open"       // the customer can pay
	PaymentProcessingEvent   = "payment.processing" // paid, and the money is under way
	PaymentAuthorizedEvent   = "payment.authorized" // the money is held
	PaymentCapturedEvent     = "payment.captured"   // the money has arrived
	PaymentFailedEvent       = "payment.failed"     // the provider refuses it
	PaymentExpiredEvent      = "payment.expired"    // it ended before anything was paid
	PaymentVoidedEvent       = "payment.voided"     // the money was held and let go
	PaymentDisputedEvent     = "payment.disputed"   // the customer's bank disputes it
	PaymentLateRefundedEvent = "payment.late_refunded"
	RefundCreatedEvent       = "refund.created"
	RefundSucceededEvent     = "refund.succeeded"
	RefundFailedEvent        = "refund.failed" // it waits for a person
)

// The events of mails. Only endpoints get them whose event types name them.
const (
	// MailBouncedEvent says that an address of a booking does not exist. Its Inputs say which mail has found that, not which address.
	MailBouncedEvent = "mail.bounced"
	MailFailingEvent = "mail.failing" // an app's mails cannot be sent: a MailerData
)

// MailerData is the data of MailFailingEvent.
type MailerData struct {
	Code         string     `json:"code"`          // of the attempt that has failed, such as auth_failed
	Status       int        `json:"status"`        // of the mail server's answer; 0 when none came
	FailingSince *time.Time `json:"failing_since"` // no mail has been sent since
}

// OfMoney reports whether the event is that of a payment or of a refund.
func (c *Event) OfMoney() bool {
	return strings.HasPrefix(c.Type, "payment.") || strings.HasPrefix(c.Type, "refund.")
}

// EventType names the event of reaching a state: booking.confirmed, booking.cancelled and so on.
func EventType(state string) string { return "booking." + state }

// The events of endpoints. An endpoint receives them only if its event types name them.
const (
	EndpointFailingEvent  = "endpoint.failing"  // no attempt has succeeded for a day
	EndpointPausedEvent   = "endpoint.paused"   // for five days, or by hand
	EndpointResumedEvent  = "endpoint.resumed"  // by hand
	EndpointDisabledEvent = "endpoint.disabled" // its receiver has answered 410
)

// The kinds of events that ReserveKit has. An endpoint may subscribe to them instead of single states.
const (
	BookingsCreate = "bookings.create"
	BookingsUpdate = "bookings.update"
	BookingsDelete = "bookings.delete" // also a cancellation, and everything else that ends a booking before its time
)

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

// UndoneEvent is the event of an action that takes the one before it back: the booking is in the state before again.
const UndoneEvent = "booking.undone"

// OfTransition reports whether the event is that of a transition, and not of a reminder or a notice, which move nothing.
func (c *Event) OfTransition() bool { return c.Action != "" }

// ReminderEvent is the event of a reminder falling due.
const ReminderEvent = "booking.reminder"
