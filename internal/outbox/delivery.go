package outbox

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"
)

// Delivery is a delivery as the record has it: one change on its way to one endpoint.
type Delivery struct {
	ID         uuid.UUID
	EndpointID uuid.UUID
	EventID    uuid.UUID
	EventType  string
	BookingID  *uuid.UUID // nil: the change is not about a booking, or about one that was made up
	Seq        int        // of the event: see Event
	Status     string     // pending, delivered, exhausted (no attempt is left) or cancelled
	Attempts   int        // made so far
	Test       bool       // of a made-up event
	NextAt     *time.Time // when it is due, while it is pending
	CreatedAt  time.Time
	FinishedAt *time.Time
	LastStatus int             // of the last attempt's answer; 0 when none came
	LastError  string          // of the last attempt
	Mail       json.RawMessage // of a mailer: which mail it is, an object
}

// ClaimedDelivery is one event for one endpoint, claimed for one attempt.
type ClaimedDelivery struct {
	ID      uuid.UUID
	Attempt int // 1 for the first
	Tries   int // the same, counted since it was last sent anew by hand
	Event   Event
	// Of a mailer: who the mail is for, and which it is, a JSON object. Both are empty for the event that mails are made of.
	Recipient string
	Mail      json.RawMessage
}

// Attempt is one HTTP request of a delivery, on record. Secrets in it are masked.
type Attempt struct {
	DeliveryID      uuid.UUID
	Number          int // 1 for the first of the delivery
	StartedAt       time.Time
	Duration        time.Duration // until the answer was read, or the attempt failed
	Status          int           // HTTP status, 0 when none came
	ErrorCode       string        // "" when it counts as delivered
	URL             string
	Method          string
	Format          Format
	RequestHeaders  json.RawMessage // an object, by name
	ResponseHeaders json.RawMessage // the same
	ResponseBody    []byte          // the first 16 KiB
}

// DrainInput is the input of an endpoint's workflow, and of the activity that sends its due deliveries.
type DrainInput struct {
	EndpointID uuid.UUID `json:"endpoint_id"`
	// Idle is how long the workflow stays without anything that waits; zero in those that began before they ended at all.
	Idle time.Duration `json:"idle,omitempty"`
}

// DrainResult is what a drain left behind.
type DrainResult struct {
	Sent int       `json:"sent"`
	Next time.Time `json:"next"` // when the next delivery is due; zero when none waits
	Gone bool      `json:"gone"` // the endpoint was deleted, disabled or paused
}
