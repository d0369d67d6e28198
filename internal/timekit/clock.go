package timekit

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"holdfast/internal/zones"
)

// Clock says how times are shown and read. The zero Clock is the API's own: RFC 3339 in the zone of what has the time,
// and only times with an offset are read.
type Clock struct {
	Zone *time.Location // shows every time, and is that of times read without an offset; nil = the thing's own, and none
	Out  Format         // "" = RFC 3339
	In   Format         // "" = RFC 3339, also with a compact offset, without seconds, or with a space for the T
}

// Show renders a time. own is the zone of what has the time: a resource's; nil = UTC.
func (c Clock) Show(t time.Time, own *time.Location) string {
	return c.Out.Show(t.In(cmp.Or(c.Zone, own, time.UTC)))
}

// Read reads a time of a request, in whole seconds: a fraction is cut off. Its errors are for the caller to read.
func (c Clock) Read(text string) (time.Time, error) {
	if c.In != "" {
		t, err := c.In.Read(text, cmp.Or(c.Zone, time.UTC))
		return zones.Cut(t), err
	}
	t, kind, ok := zones.Read(text)
	switch {
	case ok && kind == zones.Instant:
		return t, nil
	case c.Zone == nil: // it could be any of 38
		return time.Time{}, errors.New("must be a time with an offset, such as 2026-12-01T09:00:00+01:00")
	case ok && kind == zones.Wall:
		return onClock(t, c.Zone)
	}
	return time.Time{}, errors.New("must be a time such as 2026-12-01T09:00:00 or 2026-12-01T09:00:00+01:00")
}

// onClock finds the moment when the clocks of a zone show what wall shows (its own zone does not count): the first one,
// where clocks were put back and show it twice. It is an error where clocks are put forward and never show it.
func onClock(wall time.Time, zone *time.Location) (time.Time, error) {
	const day = 24 * time.Hour
	wall = time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), wall.Nanosecond(), time.UTC)
	near := wall.In(zone)
	var first time.Time
	for _, away := range []time.Duration{-day, 0, day} { // no zone changes its offset twice in two days
		_, offset := near.Add(away).Zone()
		moment := wall.Add(-time.Duration(offset) * time.Second)
		if _, there := moment.In(zone).Zone(); there == offset && (first.IsZero() || moment.Before(first)) {
			first = moment
		}
	}
	if first.IsZero() {
		return first, fmt.Errorf("does not exist in %s: the clocks are put forward over it", zone)
	}
	return first, nil
}
