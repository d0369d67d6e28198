package booking

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"
)

// SchedulingRequest is a request for a time, over an ordinary booking once one is picked. All but its ids is personal data.
type SchedulingRequest struct {
	ID              uuid.UUID         `json:"id"`
	AppID           uuid.UUID         `json:"app_id"`
	Name            string            `json:"name"` // srq_…
	Code            string            `json:"code"` // of the recipient's page
	PublicLink      *uuid.UUID        `json:"public_link_id"`
	ProjectID       *uuid.UUID        `json:"project_id"` // nil: the offer names resources
	Offer           json.RawMessage   `json:"offer"`      // what it asks of availability beside its project
	Summary         string            `json:"summary"`
	DurationMinutes int               `json:"duration_minutes"`
	Attributed      bool              `json:"attributed"` // its app is notified of what becomes of it
	Metadata        map[string]string `json:"metadata"`   // correlation_id and utm_ values
	Recipient       Recipient         `json:"recipient"`
	CancelledAt     *time.Time        `json:"cancelled_at"` // by the app, before a time was picked
	CreatedAt       time.Time         `json:"created_at"`
}

// Recipient is whom a scheduling request is for.
type Recipient struct {
	Email       string `json:"email"`
	DisplayName string `json:"display_name"`
}

// Claim is a claim token being spent on a booking.
type Claim struct {
	ID    string // jti
	Until time.Time
}

// Answers are what the form of the booking's first customer had beside the known fields.
func (b *Booking) Answers() map[string]json.RawMessage {
	answers := map[string]json.RawMessage{}
	if len(b.Customers) > 0 {
		_ = json.Unmarshal(b.Customers[0].Meta, &answers) // an object: it was checked when it was written
	}
	return answers
}
