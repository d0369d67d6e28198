package booking

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"
)

// EmbedCredential signs claim tokens: the public key names it in iss, the secret is the key. The secret stands sealed.
type EmbedCredential struct {
	ID        uuid.UUID
	AppID     uuid.UUID
	PublicKey string // EMB_…
	Sealed    []byte // ESK_…
	CreatedAt time.Time
	GoodUntil *time.Time // nil: without end
}

// ClientSecret signs notifications, and is a credential of the app's backend. It stands sealed.
type ClientSecret struct {
	ID        uuid.UUID
	AppID     uuid.UUID
	Hint      string // the first characters, to tell secrets apart
	Sealed    []byte // CRN_…
	CreatedAt time.Time
	GoodUntil *time.Time // nil: without end
}

// MaxClientSecrets is how many client secrets of an app are good at the same time.
const MaxClientSecrets = 2

// PublicLink is a page where visitors pick a time of a project.
type PublicLink struct {
	ID                uuid.UUID
	AppID             uuid.UUID
	ProjectID         uuid.UUID
	Code              string // names it in its address
	Title             string
	Description       string
	DurationMinutes   *int // nil: the project's
	HorizonDays       int  // how far ahead times are offered
	Questions         []Question
	RequireClaimToken bool
	Enabled           bool
	CreatedAt         time.Time
	UpdatedAt         time.Time
}

// Question is a field of a public link's form, beside name and e-mail address.
type Question struct {
	Name     string `json:"name"` // a-z, 0-9 and _; told as captured_data.<name>
	Label    string `json:"label"`
	Type     string `json:"type"` // text, textarea, tel, url or checkbox
	Required bool   `json:"required"`
}

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
	Attributed      bool              `json:"attributed"` // its app is told what becomes of it
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
