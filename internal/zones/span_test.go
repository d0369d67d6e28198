package zones

import (
	"testing"
	"time"
)

func TestSpans(t *testing.T) {
	t.Parallel()
	const h, d = time.Hour, 24 * time.Hour
	for text, want := range map[string]Span{
		"1 hour": {clock: h}, "90 minutes": {clock: 90 * time.Minute}, "1 hour 30 minutes": {clock: 90 * time.Minute},
		"3 days 2 weeks": {days: 17}, "2 weeks, 3 days": {days: 17}, "1 MONTH": {months: 1}, "2 years 1 month": {months: 25},
		"1sec": {clock: time.Second}, "2 secs": {clock: 2 * time.Second}, "1 second": {clock: time.Second}, "5 seconds": {clock: 5 * time.Second},
		"1 min": {clock: time.Minute}, "2mins": {clock: 2 * time.Minute}, "1 minute": {clock: time.Minute}, "1 hr": {clock: h}, "2 hrs": {clock: 2 * h}, "2 hours": {clock: 2 * h},
		"1 day": {days: 1}, "1 week": {days: 7}, "3 months": {months: 3}, "1 year": {months: 12},
		"  1  hour\t1 hour ": {clock: 2 * h}, "0 minutes": {}, "1 hour30 minutes": {clock: 90 * time.Minute},
		"PT1H30M": {clock: 90 * time.Minute}, "P1D": {days: 1}, "P2W": {days: 14}, "P1Y2M3DT4H5M6S": {months: 14, days: 3, clock: 4*h + 5*time.Minute + 6*time.Second},
		"P1M": {months: 1}, "PT1M": {clock: time.Minute}, "100 years": {months: 1200}, "878400 hours": {clock: 36600 * d}, "36600 days": {days: 36600},
	} {
		if got, err := ParseSpan(text); err != nil || got != want {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
}

func TestWhatIsNotASpan(t *testing.T) {
	t.Parallel()
	const not = " is not a span of time, such as 1 hour 30 minutes"
	for text, want := range map[string]string{
		"": "is missing", "  ": "is missing", "soon": `"soon"` + not, "1": `"1"` + not, "hour": `"hour"` + not, "1 moon": `"1 moon"` + not, "1.5 hours": `"1.5 hours"` + not,
		"-1 day": `"-1 day"` + not, "1 hour and 5 minutes": `"1 hour and 5 minutes"` + not, "1 hour 5": `"1 hour 5"` + not, "1 hourss": `"1 hourss"` + not, "1 s": `"1 s"` + not,
		"1 d": `"1 d"` + not, "1 ts": `"1 ts"` + not, "P": `"p"` + not, "PT": `"pt"` + not, "P1H": `"p1h"` + not, "PT1D": `"pt1d"` + not, "P1DT": `"p1dt"` + not,
		"1201 months": "is longer than a hundred years", "999999999 weeks": "is longer than a hundred years", "999999999 hours": "is longer than a hundred years",
		"878400 hours 1 sec": "is longer than a hundred years", "878401 hours": "is longer than a hundred years", "36601 days": "is longer than a hundred years", "P101Y": "is longer than a hundred years",
		"99999999999999999999 days": `"99999999999999999999 days"` + not,
	} {
		if got, err := ParseSpan(text); err == nil || err.Error() != want || got != (Span{}) {
			t.Errorf("%q: %+v, %v, want %s", text, got, err, want)
		}
	}
}

func TestLengthOfASpan(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{"1 hour": time.Hour, "1 day": 24 * time.Hour, "1 week 1 second": 168*time.Hour + time.Second, "0 hours": 0} {
		s, _ := ParseSpan(text)
		if got, fixed := s.Duration(); got != want || !fixed {
			t.Errorf("%s: %s, %t", text, got, fixed)
		}
	}
	for _, text := range []string{"1 month", "1 year 1 day"} {
		s, _ := ParseSpan(text)
		if _, fixed := s.Duration(); fixed {
			t.Errorf("%s has no fixed length", text)
		}
	}
}

func TestSpansGoByTheCalendarThenByTheClock(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, from, span, later, earlier string }{
		{"Europe/Berlin", "2026-03-28T12:00:00+01:00", "1 day", "2026-03-29T12:00:00+02:00", "2026-03-27T12:00:00+01:00"},
		{"Europe/Berlin", "2026-03-28T12:00:00+01:00", "24 hours", "2026-03-29T13:00:00+02:00", "2026-03-27T12:00:00+01:00"},
		{"Europe/Berlin", "2026-03-28T02:30:00+01:00", "1 day", "2026-03-29T03:30:00+02:00", "2026-03-27T02:30:00+01:00"},   // in the gap
		{"Europe/Berlin", "2026-10-24T02:30:00+02:00", "1 day", "2026-10-25T02:30:00+02:00", "2026-10-23T02:30:00+02:00"},   // the first of two
		{"Europe/Berlin", "2026-10-25T02:30:00+01:00", "30 mins", "2026-10-25T03:00:00+01:00", "2026-10-25T02:00:00+01:00"}, // the second stays
		{"Europe/Berlin", "2026-10-25T02:30:00+01:00", "1 week", "2026-11-01T02:30:00+01:00", "2026-10-18T02:30:00+02:00"},
		{"America/Santiago", "2026-09-05T00:00:00-04:00", "1 day", "2026-09-06T01:00:00-03:00", "2026-09-04T00:00:00-04:00"}, // no midnight
		{"Asia/Kathmandu", "2026-01-31T10:00:00+05:45", "1 month", "2026-02-28T10:00:00+05:45", "2025-12-31T10:00:00+05:45"},
		{"UTC", "2024-02-29T10:00:00Z", "1 year", "2025-02-28T10:00:00Z", "2023-02-28T10:00:00Z"},
		{"UTC", "2026-03-31T10:00:00Z", "1 month 1 day 1 hour", "2026-05-01T11:00:00Z", "2026-02-27T09:00:00Z"},
		{"UTC", "2026-05-31T10:00:00Z", "13 months", "2027-06-30T10:00:00Z", "2025-04-30T10:00:00Z"},
	} {
		zone, err := Load(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		from, _ := time.Parse(time.RFC3339, c.from)
		s, err := ParseSpan(c.span)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.From(from, zone).In(zone).Format(time.RFC3339); got != c.later {
			t.Errorf("%s from %s: %s, want %s", c.span, c.from, got, c.later)
		}
		if got := s.Before(from, zone).In(zone).Format(time.RFC3339); got != c.earlier {
			t.Errorf("%s before %s: %s, want %s", c.span, c.from, got, c.earlier)
		}
	}
}

func FuzzSpan(f *testing.F) {
	for _, seed := range []string{"1 hour", "3 days 2 weeks", "PT1H30M", "P1Y2M3DT4H5M6S", "999999999 weeks", "1 sec, 2 mins", "PT", "1 year 878400 hours"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseSpan(text)
		if err != nil && s != (Span{}) || s.months < 0 || s.days < 0 || s.clock < 0 {
			t.Fatalf("%q: %+v, %v", text, s, err)
		}
		if long, fixed := s.Duration(); long < 0 || !fixed && s.months == 0 {
			t.Fatalf("%q is %s long", text, long)
		}
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		if s.From(now, time.UTC).Before(now) || s.Before(now, time.UTC).After(now) {
			t.Fatalf("%q goes the wrong way", text)
		}
	})
}
