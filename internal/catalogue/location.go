package catalogue

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/policy"
)

// Location is where services are done. A service is offered there when a project has both.
type Location struct {
	ID             uuid.UUID
	AppID          uuid.UUID
	Name           string
	Description    string
	Latitude       *float64 // nil: unknown; then so is Longitude
	Longitude      *float64
	UseCustomHours bool
	Meta           json.RawMessage // object
	CreatedAt      time.Time
	UpdatedAt      time.Time
	Distance       *float64 // in km, from the point of a search; nil without one
}

// Point is a place on Earth, in degrees.
type Point struct{ Latitude, Longitude float64 }

// Service is what is done.
type Service struct {
	ID          uuid.UUID
	AppID       uuid.UUID
	Name        string
	Description string
	Meta        json.RawMessage // object
	CreatedAt   time.Time
	UpdatedAt   time.Time
	Policy      *policy.Policy // of bookings through a project with it; nil for none
}
