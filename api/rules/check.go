package rules

import (
	"encoding/json"
	"time"

	"holdfast/api/edge"
	"holdfast/internal/fault"
	"holdfast/internal/timekit"
)

// CheckAvailability checks how a project offers its time, as of now; nil when the body does not name it.
func CheckAvailability(raw json.RawMessage, now time.Time, field string, problems fault.Problems) json.RawMessage {
	raw = edge.JSONObject(raw, field, problems)
	var in AvailabilityInput
	edge.CheckFields(raw, &in, field, problems)
	if in.Units != nil {
		problems.Add(field+".units", "is said by booking.units, for what is offered and for what is booked")
	}
	faults := fault.Problems{}
	in.checkSeason(in.Query(timekit.Clock{}, now, faults), faults)
	for name, all := range faults {
		problems[field+"."+name] = append(problems[field+"."+name], all...)
	}
	return raw
}

// CheckConstraints checks a list of availability constraints, objects of one key each; nil when the body does not name it.
func CheckConstraints(raw json.RawMessage, field string, problems fault.Problems) json.RawMessage {
	raw = edge.JSONList(raw, field, problems)
	constraints(raw, field, problems)
	return raw
}
