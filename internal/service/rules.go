package service

import (
	"time"

	"github.com/google/uuid"

	"holdfast/internal/availability"
	"holdfast/internal/fault"
	"holdfast/internal/policy"
	"holdfast/internal/requires"
	"holdfast/internal/zones"
)

// Rules say which times are offered: those of a project or a resource, with a page's or a request's own words over them.
type Rules struct {
	Project uuid.UUID          // whose they are; the nil UUID for no project's
	Hosts   []uuid.UUID        // whose time it is, in order of priority; none = nothing is offered
	Query   availability.Query // length, step, buffer, mode and constraints; without a window and resources
	From    string             // the first moment, as availability.ParseMoment reads it; "" = now
	To      string             // the last moment; "" = no end was given
	Zone    string             // that they were written for; "" = not given

	Places   []requires.Place // what a booking takes together, the hosts the first of them; nil for the time of one host
	Policies []policy.Layer   // of the project and its services: see LayersOf

	Problems fault.Problems // with the rules themselves: then nothing can be offered by them
}

// mutual reports whether times are those that all hosts have.
func (r *Rules) mutual() bool { return r.Query.Mode == availability.Mutual && len(r.Places) == 0 }

// usualTo is how far free time is looked for where nobody has said it.
const usualTo = "4 weeks"

// MaxWindow is the longest window that one question for free time may be about, and the longest slot. A day counts 24 hours.
const MaxWindow = 190 * 24 * time.Hour

// window reads both ends of the rules' time, with dates of a zone. Where no end was given it is usualTo from now.
func (r *Rules) window(zone *time.Location, now time.Time) (from, to time.Time, err error) {
	problems := fault.Problems{}
	from = moment(r.From, "now", now, zone, "from", problems)
	to = moment(r.To, usualTo, now, zone, "to", problems)
	return from, to, problems.Err()
}

func moment(text, otherwise string, now time.Time, zone *time.Location, field string, problems fault.Problems) time.Time {
	if text == "" {
		text = otherwise
	}
	t, err := availability.ParseMoment(text, zones.Cut(now), zone)
	if err != nil {
		problems.Add(field, "%s", err)
	}
	return t
}

// setLength makes all times as long, in whole minutes.
func (r *Rules) setLength(length time.Duration) error {
	length = length.Truncate(time.Minute)
	switch {
	case length > MaxWindow:
		return fault.Problems{"length": {"is too long"}}.Err()
	case length < time.Minute:
		return fault.Problems{"length": {"must be a minute or longer"}}.Err()
	}
	r.Query.Length, r.Query.LengthDays = length, 0
	return nil
}

// unruled are the rules where nobody but the resource itself has any: whole free stretches.
func unruled(resource uuid.UUID) Rules {
	return Rules{
		Hosts: []uuid.UUID{resource},
		Query: availability.Query{RoundToHour: true, Mode: availability.RoundRobinRandom},
	}
}
