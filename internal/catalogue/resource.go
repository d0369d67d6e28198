package catalogue

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/zones"
)

// Resource is a person or thing with a zone and a calendar.
type Resource struct {
	ID        uuid.UUID       `json:"id"`
	AppID     uuid.UUID       `json:"app_id"`
	Name      string          `json:"name"`
	FirstName string          `json:"first_name"`
	LastName  string          `json:"last_name"`
	Email     string          `json:"email"`
	Timezone  string          `json:"timezone"` // IANA
	Image     string          `json:"image"`
	Meta      json.RawMessage `json:"meta"`
	CreatedAt time.Time       `json:"created_at"`
	UpdatedAt time.Time       `json:"updated_at"`
	Capacity  int             `json:"capacity"` // how many units it has: bookings take so many at a time, at most

	Tags        json.RawMessage `json:"tags,omitempty"` // a list of texts
	Constraints json.RawMessage `json:"-"`              // a list of availability constraints
	NewPassword string          `json:"-"`              // the hash of one that is being set; "" leaves it as it is
	NewCapacity int             `json:"-"`              // one that is being set; 0 leaves it as it is
}

// Zone is the resource's time zone. Where the database of zones does not have its name (older versions let names pass that
// one machine had), times are shown in UTC under the name "unknown"; KnownZone is false then, and nothing is offered.
func (r *Resource) Zone() *time.Location {
	if zone, err := zones.Load(r.Timezone); err == nil {
		return zone
	}
	return unknownZone
}

// KnownZone reports whether the database of zones has the resource's.
func (r *Resource) KnownZone() bool {
	_, err := zones.Load(r.Timezone)
	return err == nil
}

var unknownZone = time.FixedZone("unknown", 0)

// Calendar is where a resource's bookings show. Every resource is born with one.
type Calendar struct {
	ID              uuid.UUID `json:"id"`
	ResourceID      uuid.UUID `json:"resource_id"`
	Name            string    `json:"name"`
	Description     string    `json:"description"`
	ForegroundColor string    `json:"foregroundcolor"`
	BackgroundColor string    `json:"backgroundcolor"`
	CreatedAt       time.Time `json:"created_at"`
	UpdatedAt       time.Time `json:"updated_at"`
}

// OwnedCalendar is a calendar with the time zone of its resource.
type OwnedCalendar struct {
	Calendar
	Timezone string
}
