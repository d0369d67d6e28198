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
