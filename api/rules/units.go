package rules

import (
	"encoding/json"

	"holdfast/internal/booking"
	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
	"holdfast/internal/tenant"
)

// MaxUnits bounds the capacity of a resource and the units of a booking.
const MaxUnits = 10_000

// CheckUnits adds a problem unless a count of units is one; nil is none.
func CheckUnits(units *int, field string, problems fault.Problems) {
	if units != nil && (*units < 1 || *units > MaxUnits) {
		problems.Add(field, "must be a number from 1 to %d", MaxUnits)
	}
}

// ProjectUnits are how many units bookings through a project take, where they do not say it, and how many those without a server key may
// ask for: one, unless the project's booking settings say more. The project is nil for none.
func ProjectUnits(p *catalogue.Project) (usual, most int) {
	var of struct {
		Units int `json:"units"`
		Most  int `json:"max_units"`
	}
	if p != nil {
		_ = json.Unmarshal(p.Booking, &of) // checked when it was written
	}
	usual = max(of.Units, 1)
	return usual, max(of.Most, usual)
}

// AllowUnits reads how many units a caller asks for; 0 for none. Callers without a server key may ask for what the project allows.
func AllowUnits(c booking.Caller, asked *int, p *catalogue.Project, problems fault.Problems) int {
	if asked == nil {
		return 0
	}
	if _, most := ProjectUnits(p); c.Kind != tenant.ServerKey && *asked > most && problems["units"] == nil {
		problems.Add("units", "must be at most %d, what the project lets its visitors book", most)
	}
	return *asked
}
