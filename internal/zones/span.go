package zones

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Span is a length of time in parts: months and days, which go by the calendar, and hours, minutes and seconds, which go by the clock.
type Span struct {
	months, days int
	clock        time.Duration
}

var (
	spanText = regexp.MustCompile(`^(?:\d{1,9}\s*[a-z]+[\s,]*)+$`)
	spanPart = regexp.MustCompile(`(\d+)\s*([a-z]+)`)
	isoText  = regexp.MustCompile(`^P(?:\d{1,9}[YMWD])*(?:T(?:\d{1,9}[HMS])+)?$`)
	isoPart  = regexp.MustCompile(`(\d+)([A-Z])|T`)
)

// units are the spans of one; an ISO unit below a day has its T before it.
var units = map[string]Span{
	"second": {clock: time.Second}, "sec": {clock: time.Second}, "TS": {clock: time.Second},
	"minute": {clock: time.Minute}, "min": {clock: time.Minute}, "TM": {clock: time.Minute},
	"hour": {clock: time.Hour}, "hr": {clock: time.Hour}, "TH": {clock: time.Hour},
	"day": {days: 1}, "D": {days: 1},
	"week": {days: 7}, "W": {days: 7},
	"month": {months: 1}, "M": {months: 1},
	"year": {months: 12}, "Y": {months: 12},
}

// The longest spans, of each kind: a hundred years.
const (
	maxMonths = 100 * 12
	maxDays   = 100 * 366
	maxClock  = maxDays * 24 * time.Hour
)

var errTooLong = errors.New("is longer than a hundred years")

// NewSpan returns the span of days of the calendar and of a length by the clock.
func NewSpan(days int, clock time.Duration) Span { return Span{days: days, clock: clock} }

// ParseSpan reads parts that add up, such as "1 hour 30 minutes", "90 mins", "3 days 2 weeks", or ISO 8601, such as
// "PT1H30M" and "P1D". Units are second, minute, hour, day, week, month and year, sec, min and hr, each also with an s.
func ParseSpan(text string) (Span, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return Span{}, errors.New("is missing")
	}
	if len(text) > 1 && isoText.MatchString(text) {
		return sumISO(text)
	}
	text = strings.ToLower(text)
	if !spanText.MatchString(text) {
		return Span{}, notSpan(text)
	}
	var sum Span
	for _, part := range spanPart.FindAllStringSubmatch(text, -1) {
		unit, known := units[strings.TrimSuffix(part[2], "s")]
		if !known {
			return Span{}, notSpan(text)
		}
		var err error
		if sum, err = sum.plus(part[1], unit); err != nil {
			return Span{}, err
		}
	}
	return sum, nil
}

func sumISO(text string) (sum Span, err error) {
	prefix := ""
	for _, part := range isoPart.FindAllStringSubmatch(text, -1) {
		if part[0] == "T" {
			prefix = "T"
			continue
		}
		if sum, err = sum.plus(part[1], units[prefix+part[2]]); err != nil {
			return Span{}, err
		}
	}
	return sum, nil
}

func notSpan(text string) error {
	return fmt.Errorf("%q is not a span of time, such as 1 hour 30 minutes", text)
}

func (s Span) plus(count string, unit Span) (Span, error) {
	n, err := strconv.Atoi(count)
	if err != nil {
		return Span{}, err
	}
	if n > int(maxClock/max(unit.clock, 1)) || unit.clock == 0 && n > maxDays { // before it is multiplied
		return Span{}, errTooLong
	}
	s.months += n * unit.months
	s.days += n * unit.days
	s.clock += time.Duration(n) * unit.clock
	if s.months > maxMonths || s.days > maxDays || s.clock > maxClock {
		return Span{}, errTooLong
	}
	return s, nil
}

// Duration returns the span's length; false if it has months or years, whose length is not fixed. A day counts 24 hours.
func (s Span) Duration() (time.Duration, bool) {
	return time.Duration(s.days)*24*time.Hour + s.clock, s.months == 0
}

// Parts reports whether the span has parts that go by the calendar, and returns the part that goes by the clock.
func (s Span) Parts() (calendar bool, clock time.Duration) {
	return s.months != 0 || s.days != 0, s.clock
}

// AtLeast reports whether the span is as long as d or longer. A month counts 28 days and a day 24 hours.
func (s Span) AtLeast(d time.Duration) bool {
	return time.Duration(28*s.months+s.days)*oneDay+s.clock >= d
}

// String returns the span as ISO 8601, which ParseSpan reads as the same span.
func (s Span) String() string {
	text := "P" + part(s.months, "M") + part(s.days, "D")
	clock := part(int(s.clock/time.Hour), "H") + part(int(s.clock%time.Hour/time.Minute), "M") +
		part(int(s.clock%time.Minute/time.Second), "S")
	switch {
	case clock != "":
		return text + "T" + clock
	case text == "P":
		return "PT0S"
	}
	return text
}

// Words returns the span in English, such as "1 day 2 hours". A span of nothing is "0 minutes".
func (s Span) Words() string {
	var parts []string
	for _, one := range []struct {
		n    int
		unit string
	}{
		{s.months, "month"}, {s.days, "day"}, {int(s.clock / time.Hour), "hour"}, {int(s.clock % time.Hour / time.Minute), "minute"},
		{int(s.clock % time.Minute / time.Second), "second"},
	} {
		switch one.n {
		case 0:
		case 1:
			parts = append(parts, "1 "+one.unit)
		default:
			parts = append(parts, strconv.Itoa(one.n)+" "+one.unit+"s")
		}
	}
	if len(parts) == 0 {
		return "0 minutes"
	}
	return strings.Join(parts, " ")
}

func part(n int, unit string) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n) + unit
}

// Days returns the days of the calendar in the span, a week as 7 of them.
func (s Span) Days() int { return s.days }

// From returns the moment that is the span after t: the calendar first, by which the wall clock in the zone stays the same, then
// the clock, which is exact. A month later is the same day of the month, or the month's last. Of a wall time that comes
// twice the first is meant; one that does not exist is read with the offset before the gap.
func (s Span) From(t time.Time, zone *time.Location) time.Time {
	return s.shift(t, zone, 1)
}

// Before returns the moment that is the span before t: the calendar first, then the clock.
func (s Span) Before(t time.Time, zone *time.Location) time.Time {
	return s.shift(t, zone, -1)
}

func (s Span) shift(t time.Time, zone *time.Location, sign int) time.Time {
	if s.months != 0 || s.days != 0 {
		t = InstantOf(addMonths(WallOf(t, zone), sign*s.months).AddDate(0, 0, sign*s.days), zone)
	}
	return t.Add(time.Duration(sign) * s.clock)
}

// addMonths stays within the month where AddDate would go on into the next.
func addMonths(wall time.Time, months int) time.Time {
	later := wall.AddDate(0, months, 0)
	if later.Day() != wall.Day() {
		later = later.AddDate(0, 0, -later.Day())
	}
	return later
}
