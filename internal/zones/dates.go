package zones

import "time"

const (
	oneDay = 24 * time.Hour
	widest = 36 * time.Hour // more than any zone's offset, and than the difference of any two
)

// OffsetUntil returns an end for the offset that a zone has at t: no change of the clocks lies between, and the end is after
// t. It is the zero time if the offset stays for good.
func OffsetUntil(t time.Time, zone *time.Location) time.Time {
	_, end := t.In(zone).ZoneBounds()
	if end.IsZero() || end.After(t) {
		return end
	}
	// ZoneBounds counts 365 days for every year that the rules at the end of a zone's file are for. On the last day of a leap year
	// its end is not after t. No zone changes its clocks on that day.
	return t.UTC().Truncate(oneDay).Add(oneDay)
}

// DateOf returns the date that a calendar in the zone shows, as its midnight in UTC.
func DateOf(t time.Time, zone *time.Location) time.Time {
	y, m, d := t.In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// StartOf returns the first instant of a date in a zone, which need not be midnight; of the next date if the zone skipped it.
// The date is returned as its midnight in UTC.
func StartOf(date time.Time, zone *time.Location) time.Time {
	for t := date.Add(-widest); ; {
		_, seconds := t.In(zone).Zone()
		offset := time.Duration(seconds) * time.Second
		end := OffsetUntil(t, zone)
		if end.IsZero() || date.Before(end.Add(offset)) {
			if midnight := date.Add(-offset); midnight.After(t) {
				return midnight.UTC()
			}
			return t.UTC()
		}
		t = end
	}
}

// WallOf returns what a clock in the zone shows at t, as a time in UTC.
func WallOf(t time.Time, zone *time.Location) time.Time {
	_, seconds := t.In(zone).Zone()
	return t.UTC().Add(time.Duration(seconds) * time.Second)
}

// InstantOf returns the instant, in UTC, of a wall time in a zone as RFC 5545 has it: of two the first, and one that does not exist is
// read with the offset before the gap. The wall time is given as a time in UTC.
func InstantOf(wall time.Time, zone *time.Location) time.Time {
	before := time.Duration(0)
	for t := wall.Add(-widest); t.Before(wall.Add(widest)); {
		_, seconds := t.In(zone).Zone()
		offset := time.Duration(seconds) * time.Second
		end := OffsetUntil(t, zone)
		at := wall.Add(-offset)
		if !at.Before(t) {
			before = offset
		}
		if end.IsZero() || at.Before(end) {
			break
		}
		t = end
	}
	return wall.Add(-before).UTC()
}
