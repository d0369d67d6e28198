package policy

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"holdfast/internal/zones"
)

// Lead is how long before a start something happens. In JSON it is one of four: a span ("PT24H" by the clock, "P1D" by the
// calendar of the zone; Timekit's "1 day" is read too), {"exact":"P14D"}, which is a span whose horizon ends at the clock time of the
// start and not with its day, {"day_before":"21:00"}, which is that clock time on the day before, or "none", which lifts the rule of a
// policy that is further away.
type Lead struct {
	text string // canonical: ISO 8601, "exact " and ISO 8601, "none" or "day_before HH:MM"
	span zones.Span
	// clock is the time of day of the day before, and dayBefore whether it is meant.
	clock     time.Duration
	dayBefore bool
	exact     bool
	none      bool
}

// MustLead is ParseLead for texts of tests and tables. It panics where that returns an error.
func MustLead(text string) *Lead {
	l, err := ParseLead(text)
	if err != nil {
		panic(err)
	}
	return &l
}

const (
	noLead = "none"
	// maxLeadDays is the longest lead, in days.
	maxLeadDays = 1100
)

// ParseLead reads a span, "exact" and a span, "none" or "day_before HH:MM". A span is at most 1,100 days long.
func ParseLead(text string) (Lead, error) {
	if text == noLead {
		return Lead{text: noLead, none: true}, nil
	}
	if clock, ok := strings.CutPrefix(text, "day_before "); ok {
		return parseDayBefore(clock)
	}
	text, exact := strings.CutPrefix(text, "exact ")
	span, err := zones.ParseSpan(text)
	if err != nil {
		return Lead{}, fmt.Errorf(`must be a span such as "PT24H" or "P1D", {"day_before":"21:00"} or "none": %w`, err)
	}
	if span.AtLeast(maxLeadDays * 24 * time.Hour) {
		return Lead{}, fmt.Errorf("must be at most %d days", maxLeadDays)
	}
	if _, clock := span.Parts(); exact && clock == 0 {
		return Lead{text: "exact " + span.String(), span: span, exact: true}, nil
	}
	return Lead{text: span.String(), span: span}, nil
}

func parseDayBefore(clock string) (Lead, error) {
	at, kind, ok := zones.Read("2000-01-01T" + clock)
	if !ok || kind != zones.Wall || len(clock) != len("15:04") {
		return Lead{}, errors.New(`day_before must be a clock time such as "21:00"`)
	}
	of := time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute
	return Lead{text: "day_before " + clock, clock: of, dayBefore: true}, nil
}

// Exists reports whether the lead sets a rule: it is neither nil nor "none".
func (l *Lead) Exists() bool { return l != nil && !l.none }

// String returns the canonical text.
func (l *Lead) String() string { return l.text }

// Before returns the moment that is the lead before a start, by the calendar and clocks of the zone.
func (l *Lead) Before(start time.Time, zone *time.Location) time.Time {
	if !l.dayBefore {
		return l.span.Before(start, zone)
	}
	date := zones.DateOf(start, zone).AddDate(0, 0, -1)
	return zones.InstantOf(date.Add(l.clock), zone)
}

// From returns the first start whose lead is not over at a moment: what is booked with this notice now begins then at the earliest.
func (l *Lead) From(now time.Time, zone *time.Location) time.Time {
	if !l.dayBefore {
		return l.span.From(now, zone)
	}
	date := zones.DateOf(now, zone)
	if now.After(zones.InstantOf(date.Add(l.clock), zone)) {
		date = date.AddDate(0, 0, 1)
	}
	return zones.StartOf(date.AddDate(0, 0, 1), zone)
}

// Last returns the end of the starts that can be booked now with this horizon: those before it can. A lead of days lasts until the
// end of its last day in the zone, one by the clock to the second.
func (l *Lead) Last(now time.Time, zone *time.Location) time.Time {
	switch _, clock := l.span.Parts(); {
	case l.dayBefore: // tomorrow's once it is that late today
		date := zones.DateOf(now, zone)
		if !now.Before(zones.InstantOf(date.Add(l.clock), zone)) {
			date = date.AddDate(0, 0, 1)
		}
		return zones.StartOf(date.AddDate(0, 0, 1), zone)
	case l.exact, clock != 0:
		return l.span.From(now, zone).Add(time.Second)
	}
	return zones.StartOf(zones.DateOf(l.span.From(now, zone), zone).AddDate(0, 0, 1), zone)
}

// opens returns the first moment at which a start can be booked with this horizon.
func (l *Lead) opens(start time.Time, zone *time.Location) time.Time {
	if !l.goesByDays() {
		return l.Before(start, zone)
	}
	return zones.StartOf(zones.DateOf(l.span.Before(start, zone), zone), zone)
}

// MarshalJSON writes the canonical form.
func (l *Lead) MarshalJSON() ([]byte, error) {
	if l.dayBefore {
		return json.Marshal(map[string]string{"day_before": strings.TrimPrefix(l.text, "day_before ")})
	}
	if l.exact {
		return json.Marshal(map[string]string{"exact": strings.TrimPrefix(l.text, "exact ")})
	}
	return json.Marshal(l.text)
}

// UnmarshalJSON reads all four forms.
func (l *Lead) UnmarshalJSON(raw []byte) error {
	text := ""
	if len(raw) > 0 && raw[0] == '{' {
		var form map[string]string
		if err := json.Unmarshal(raw, &form); err != nil || len(form) != 1 || form["day_before"]+form["exact"] == "" {
			return errors.New(`must be a span such as "PT24H", {"day_before":"21:00"} or "none"`)
		}
		for name, value := range form {
			text = name + " " + value
		}
	} else if err := json.Unmarshal(raw, &text); err != nil {
		return errors.New(`must be a span such as "PT24H", {"day_before":"21:00"} or "none"`)
	}
	parsed, err := ParseLead(text)
	if err == nil {
		*l = parsed
	}
	return err
}

// Length is a length of time by the clock, in whole minutes, as ISO 8601 text.
type Length time.Duration

// Of returns the length; 0 for nil.
func (l *Length) Of() time.Duration {
	if l == nil {
		return 0
	}
	return time.Duration(*l)
}

// MarshalText writes ISO 8601.
func (l *Length) MarshalText() ([]byte, error) {
	span := zones.NewSpan(0, l.Of())
	return []byte(span.String()), nil
}

// UnmarshalText reads what zones.ParseSpan reads, if it has no days of the calendar.
func (l *Length) UnmarshalText(text []byte) error {
	span, err := zones.ParseSpan(string(text))
	if err != nil {
		return err
	}
	length, _ := span.Duration()
	if days, _ := span.Parts(); days || length%time.Minute != 0 {
		return errors.New(`must be whole minutes by the clock, such as "PT15M"`)
	}
	*l = Length(length)
	return nil
}

// Date is a day of the calendar, as its midnight in UTC. The zero Date is "none", which lifts the rule of a policy that is further away.
type Date time.Time

// hasDay reports whether a date sets a rule: it is neither nil nor "none".
func hasDay(d *Date) bool { return d != nil && !time.Time(*d).IsZero() }

// start returns the first instant of the day in a zone.
func (d Date) start(zone *time.Location) time.Time { return zones.StartOf(time.Time(d), zone) }

// next returns the day after.
func (d Date) next() Date { return Date(time.Time(d).AddDate(0, 0, 1)) }

// MarshalText writes 2026-12-24.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads 2026-12-24 and none.
func (d *Date) UnmarshalText(text []byte) error {
	if string(text) == noLead {
		*d = Date{}
		return nil
	}
	day, kind, ok := zones.Read(string(text))
	if !ok || kind != zones.Date || day.IsZero() {
		return errors.New(`must be a date such as "2026-12-24", or "none"`)
	}
	*d = Date(day)
	return nil
}

// times is how often something can be done. Less than 0 is "none", which lifts the rule of a policy that is further away.
type times int

// hasBound reports whether a number sets a rule: it is neither nil nor "none".
func hasBound(n *times) bool { return n != nil && *n >= 0 }

// MarshalJSON writes a number, or "none".
func (n times) MarshalJSON() ([]byte, error) {
	if !hasBound(&n) {
		return json.Marshal(noLead)
	}
	return json.Marshal(int(n))
}

// UnmarshalJSON reads a number from 0 on, and "none".
func (n *times) UnmarshalJSON(raw []byte) error {
	if string(raw) == `"`+noLead+`"` {
		*n = -1
		return nil
	}
	var of int
	if err := json.Unmarshal(raw, &of); err != nil || of < 0 {
		return errors.New(`must be a number from 0 on, or "none"`)
	}
	*n = times(of)
	return nil
}
