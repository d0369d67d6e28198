package rules

import (
	"encoding/json"
	"strings"
	"time"

	"holdfast/api/edge"
	"holdfast/internal/availability"
	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
	"holdfast/internal/service"
	"holdfast/internal/timekit"
	"holdfast/internal/zones"
)

// AvailabilityInput is the body of POST /availability. A project's availability has the same fields.
type AvailabilityInput struct {
	ProjectID     string          `json:"project_id"`
	ReservationID string          `json:"reservation_id"` // a hold of the asker's: its time counts as free
	Resources     []string        `json:"resources"`
	Mode          string          `json:"mode"`
	Length        string          `json:"length"` // "" or null: whole free stretches
	From          edge.Stamp      `json:"from"`
	To            edge.Stamp      `json:"to"`
	Buffer        string          `json:"buffer"`
	Increments    string          `json:"timeslot_increments"`
	RoundToHour   *bool           `json:"round_to_nearest_hour"`
	IgnoreAllDay  bool            `json:"ignore_all_day_events"`
	Units         *int            `json:"units"` // that a slot takes of its resource
	Zone          string          `json:"output_timezone"`
	Constraints   json.RawMessage `json:"constraints"`
	At            edge.Stamp      `json:"at"` // of explain: the start that is asked about
}

// Question is a question for free time without its resources.
type Question struct {
	availability.Query

	Zone *time.Location // of the answer
}

// Query reads all but the resources, with dates of the clock's zone. Times such as "2 days" count from now, in whole seconds.
func (in AvailabilityInput) Query(clock timekit.Clock, now time.Time, problems fault.Problems) Question {
	w := Question{Zone: time.UTC}
	if clock.Zone != nil {
		w.Zone = clock.Zone
	}
	if in.Zone != "" {
		edge.CheckZone(in.Zone, "output_timezone", problems)
		w.Zone = (&catalogue.Resource{Timezone: in.Zone}).Zone()
	}
	clock.Zone = w.Zone
	w.Query = in.terms(problems)
	w.From = moment(clock, now, string(in.From), "now", "from", problems)
	w.To = moment(clock, now, string(in.To), "4 weeks", "to", problems)
	return w
}

// terms reads all but the window and the resources.
func (in AvailabilityInput) terms(problems fault.Problems) (q availability.Query) {
	q.Length, q.LengthDays = in.length(in.Length, "length", problems)
	q.Step, _ = in.length(in.Increments, "timeslot_increments", problems)
	q.BufferBefore, _ = in.length(in.Buffer, "buffer", problems)
	q.BufferAfter = q.BufferBefore
	q.RoundToHour = in.RoundToHour == nil || *in.RoundToHour
	q.IgnoreAllDay = in.IgnoreAllDay
	if CheckUnits(in.Units, "units", problems); in.Units != nil {
		q.Units = *in.Units
	}
	q.Mode = availability.RoundRobinRandom
	if in.Mode != "" {
		mode, err := availability.ParseMode(in.Mode)
		if err != nil {
			problems.Add("mode", "%s", err)
		}
		q.Mode = mode
	}
	q.Rules = constraints(in.Constraints, "constraints", problems)
	return q
}

func constraints(raw json.RawMessage, field string, problems fault.Problems) availability.Constraints {
	if text := strings.TrimSpace(string(raw)); text == "" || text == "null" {
		return nil
	}
	rules, faults := availability.ParseConstraints(raw)
	for where, what := range faults {
		name := field + strings.TrimPrefix(where, "constraints")
		problems[name] = append(problems[name], what...)
	}
	return rules
}

// moment reads a time in the request's format, if it has one, or what availability itself can read: "now", "4 weeks".
func moment(clock timekit.Clock, now time.Time, text, otherwise, field string, problems fault.Problems) time.Time {
	if text == "" {
		text = otherwise
	}
	if t, err := clock.Read(text); err == nil && clock.In != "" {
		return t
	}
	t, err := availability.ParseMoment(text, zones.Cut(now), clock.Zone)
	if err != nil {
		problems.Add(field, "%s", err)
	}
	return t
}

// length reads a span that has a fixed length, and how many of its days go by the calendar.
func (in AvailabilityInput) length(text, field string, problems fault.Problems) (length time.Duration, days int) {
	if text == "" {
		return 0, 0
	}
	parsed := span(text, field, problems)
	length, fixed := parsed.Duration()
	switch {
	case !fixed:
		problems.Add(field, "must be in weeks, days, hours, minutes or seconds, since months and years differ in length")
	case length > maxBuffer && field != "length", length > service.MaxWindow:
		problems.Add(field, "is too long")
	case length < time.Minute && field != "buffer" && problems[field] == nil:
		problems.Add(field, "must be a minute or longer")
	case field == "timeslot_increments" && length > 24*time.Hour && length%(24*time.Hour) != 0:
		problems.Add(field, "must be whole days, or less than one")
	}
	return length, parsed.Days()
}

// checkSeason refuses a project's window that can never have time in it: both ends on the calendar, or both from now on.
func (in AvailabilityInput) checkSeason(w Question, problems fault.Problems) {
	if in.To == "" || w.From.Before(w.To) || problems["from"] != nil || problems["to"] != nil {
		return
	}
	fixed := func(text edge.Stamp) bool {
		_, _, ok := zones.Read(string(text))
		return ok
	}
	if fixed(in.From) == fixed(in.To) {
		problems.Add("to", "must come after from")
	}
}
