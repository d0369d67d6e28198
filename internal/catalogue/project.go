// Package catalogue holds what can be booked: projects with their services, locations and public links, and the resources
// and calendars that they take time of.
package catalogue

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/assign"
	"holdfast/internal/payment"
	"holdfast/internal/policy"
	"holdfast/internal/requires"
)

// Project is a bookable service. The raw fields have the shapes of Timekit's contract and were checked when they were
// written.
type Project struct {
	ID             uuid.UUID
	AppID          uuid.UUID
	Name           string
	Slug           string
	Availability   json.RawMessage // object: mode, length, from, to, buffer, timeslot_increments, …
	Constraints    json.RawMessage // list of availability constraints
	Booking        json.RawMessage // object: what bookings through it inherit
	CustomerFields json.RawMessage // object
	UI             json.RawMessage // object
	Reminders      json.RawMessage // list
	Meta           json.RawMessage // object
	Resources      []uuid.UUID     // in order of priority
	Zones          []string        // IANA names of the time zones of Resources, in the same order
	Locations      []uuid.UUID
	Services       []uuid.UUID
	CreatedAt      time.Time
	UpdatedAt      time.Time

	Policy *policy.Policy // of bookings through it; nil on writing leaves it as it is
	// ServicePolicies are those of its services, in the order of their ids. They are read only.
	ServicePolicies []policy.Layer
	Assign          *assign.Assign // how the resource of a booking through it is chosen; nil on writing leaves it as it is

	// Requires lists what a booking through it takes together; nil for one of Resources, and on writing to leave it as it is. Without
	// parts it takes a requirement away.
	Requires *requires.Requires
	Choices  []requires.Choice // the resources that can have a part and that there are; read only

	Price         *payment.Price  // of a booking through it; nil on writing leaves it as it is, and an amount of 0 takes it away
	PaymentPolicy *payment.Policy // of bookings through it; nil on writing leaves it as it is
}
