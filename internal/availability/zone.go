package availability

import (
	"time"

	"holdfast/internal/zones"
)

// Inside the package an instant is a count of nanoseconds since 1970 in UTC, and wall time the same count of what a
// clock on the wall shows. While a zone's offset stays the same, the two differ by it; so all work is done segment by
// segment.
const (
	minute = int64(time.Minute)
	hour   = int64(time.Hour)
	day    = 24 * hour

	// farthest is the last instant there is, in the year 2116; what lies beyond counts as then. The first is its
	// negative.
	farthest = int64(1) << 62
	// widest is more than any zone's offset, and than the difference of any two.
	widest = 36 * hour
)

// segment is a range of instants with one offset.
type segment struct {
	from, to int64
	offset   int64 // wall time minus instant
}

// segments cuts a range of instants where the zone's offset changes. It does not ask time.Date, which answers for wall
// times that do not exist, too.
func segments(zone *time.Location, from, to int64) []segment {
	var cut []segment
	for from < to {
		t := moment(from).In(zone)
		_, seconds := t.Zone()
		next, offset := to, int64(seconds)*int64(time.Second)
		if end := zones.OffsetUntil(t, zone); !end.IsZero() {
			next = min(to, instant(end))
		}
		if last := len(cut) - 1; last >= 0 && cut[last].offset == offset {
			cut[last].to = next
		} else {
			cut = append(cut, segment{from, next, offset})
		}
		from = next
	}
	return cut
}

// firstOf is the first instant of a date, which is a count of days since 1970, or of the next one if the zone skipped
// it.
func firstOf(date int64, zone *time.Location) int64 {
	return instant(zones.StartOf(moment(date*day), zone))
}

// instantOf finds a wall time: see zones.InstantOf.
func instantOf(wall int64, zone *time.Location) int64 {
	return instant(zones.InstantOf(moment(wall), zone))
}

// dateOf is the date, as a count of days since 1970, that a calendar in the zone shows.
func dateOf(at int64, zone *time.Location) int64 {
	return floor(wallOf(at, zone), day)
}

// wallOf is what a clock in the zone shows.
func wallOf(at int64, zone *time.Location) int64 {
	_, seconds := moment(at).In(zone).Zone()
	return at + int64(seconds)*int64(time.Second)
}

// floor divides and rounds down, ceil up; both also below zero.
func floor(n, by int64) int64 {
	q := n / by
	if n%by < 0 {
		q--
	}
	return q
}

func ceil(n, by int64) int64 { return -floor(-n, by) }

func instant(t time.Time) int64 {
	switch seconds := t.Unix(); {
	case seconds >= farthest/int64(time.Second):
		return farthest
	case seconds <= -farthest/int64(time.Second):
		return -farthest
	}
	return t.UnixNano()
}

func moment(at int64) time.Time { return time.Unix(0, at).UTC() }

// span brings a duration into the range that can be added to any instant twice.
func span(d time.Duration) int64 { return min(max(int64(d), 0), farthest/4) }
