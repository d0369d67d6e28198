package timekit

import (
	"testing"
	"time"
)

// TestDayBegins has the dates whose midnight is not one plain moment.
func TestDayBegins(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, date, want string }{
		{"Europe/Berlin", "2026-12-01", "2026-12-01T00:00:00+01:00"},
		{"Europe/Berlin", "2026-03-29", "2026-03-29T00:00:00+01:00"},
		{"Europe/Berlin", "2026-03-30", "2026-03-30T00:00:00+02:00"},
		{"America/Santiago", "2026-09-05", "2026-09-05T00:00:00-04:00"},
		{"America/Santiago", "2026-09-06", "2026-09-06T01:00:00-03:00"}, // no midnight
		{"America/Santiago", "2026-09-07", "2026-09-07T00:00:00-03:00"},
		{"America/Santiago", "2026-04-05", "2026-04-05T00:00:00-04:00"}, // midnight once, 23:00 twice the day before
		{"America/Havana", "2026-11-01", "2026-11-01T00:00:00-04:00"},   // midnight twice
		{"America/St_Johns", "2006-10-29", "2006-10-29T00:00:00-02:30"}, // back to the day before, a minute past midnight
		{"Pacific/Apia", "2011-12-30", "2011-12-31T00:00:00+14:00"},     // no such date
		{"Pacific/Kiritimati", "2026-01-01", "2026-01-01T00:00:00+14:00"},
		{"UTC", "1970-01-01", "1970-01-01T00:00:00Z"},
	} {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		date, err := time.Parse(time.DateOnly, c.date)
		if err != nil {
			t.Fatal(err)
		}
		if got := DayBegins(date, zone).In(zone).Format(time.RFC3339); got != c.want {
			t.Errorf("%s %s begins at %s, want %s", c.zone, c.date, got, c.want)
		}
	}
}
