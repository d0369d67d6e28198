package availability

import (
	"strings"
	"testing"
	"time"
)

func TestMoments(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 23, 30, 15, 5, time.UTC) // in Berlin it is the 22nd
	for _, c := range []struct{ zone, text, want string }{
		{"UTC", "now", "2026-11-21T23:30:15.000000005Z"},
		{"UTC", "today", "2026-11-21T00:00:00Z"},
		{"Europe/Berlin", "Today", "2026-11-22T00:00:00+01:00"},
		{"Europe/Berlin", "tomorrow", "2026-11-23T00:00:00+01:00"},
		{"Europe/Berlin", "YESTERDAY", "2026-11-21T00:00:00+01:00"},
		{"UTC", "4 weeks", "2026-12-19T23:30:15.000000005Z"},
		{"UTC", "+4 weeks", "2026-12-19T23:30:15.000000005Z"},
		{"UTC", "3 days 2 weeks", "2026-12-08T23:30:15.000000005Z"},
		{"UTC", "-1 day", "2026-11-20T23:30:15.000000005Z"},
		{"UTC", "- 1 month 1 hour", "2026-10-21T22:30:15.000000005Z"},
		{"UTC", "PT1H", "2026-11-22T00:30:15.000000005Z"},
		{"Europe/Berlin", "2026-12-24", "2026-12-24T00:00:00+01:00"},
		{"Europe/Berlin", "2026-12-24T09:00:00Z", "2026-12-24T10:00:00+01:00"},
		{"Europe/Berlin", "2026-12-24T09:00:00.25+01:00", "2026-12-24T09:00:00+01:00"},
		{"Europe/Berlin", "2026-12-24T09:00:00-0330", "2026-12-24T13:30:00+01:00"},
		{"Europe/Berlin", "2026-12-24T09:00:00+01", "2026-12-24T09:00:00+01:00"},
		{"Europe/Berlin", "2026-12-24T09:00+01:00", "2026-12-24T09:00:00+01:00"},
		{"Europe/Berlin", "2026-12-24T09:00+0100", "2026-12-24T09:00:00+01:00"},
		{"Europe/Berlin", " 2026-12-24 09:00:00 ", "2026-12-24T09:00:00+01:00"},
		{"Europe/Berlin", "2026-12-24T09:00:30", "2026-12-24T09:00:30+01:00"},
		{"Europe/Berlin", "2026-12-24 09:00", "2026-12-24T09:00:00+01:00"},
		{"Europe/Berlin", "2026-03-29T02:30:00", "2026-03-29T03:30:00+02:00"},
		{"Europe/Berlin", "2026-10-25T02:30:00", "2026-10-25T02:30:00+02:00"},
		{"America/Santiago", "2026-09-06", "2026-09-06T01:00:00-03:00"},
		{"America/Santiago", "2026-09-06T00:00:00", "2026-09-06T01:00:00-03:00"},
		{"America/Toronto", "1919-03-31", "1919-03-31T00:30:00-04:00"}, // half past eleven became half past twelve
		{"America/Havana", "2026-11-01", "2026-11-01T00:00:00-04:00"},
		{"Asia/Beirut", "2026-10-25", "2026-10-25T00:00:00+02:00"},
		{"Pacific/Apia", "2011-12-30", "2011-12-31T00:00:00+14:00"}, // a day the zone skipped
	} {
		zone := zoneNamed(t, c.zone)
		got, err := ParseMoment(c.text, now, zone)
		if text := got.In(zone).Format(time.RFC3339Nano); err != nil || text != c.want {
			t.Errorf("%s in %s: %s, %v, want %s", c.text, c.zone, text, err, c.want)
		}
	}
}

func TestWhatIsNotAMoment(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"soon", "1766534400", "-", "+", "-now", "--1 day", "+-1 day", "2026-12-24T", "2026-13-01", "2026-12-24T25:00:00", "24.12.2026", "999999999 years",
	} {
		_, err := ParseMoment(text, time.Time{}, time.UTC)
		if err == nil || !strings.Contains(err.Error(), "is neither a timestamp, such as") {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := ParseMoment(" ", time.Time{}, time.UTC); err == nil || err.Error() != "is missing" {
		t.Error(err)
	}
}
