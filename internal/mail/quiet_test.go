package mail

import (
	"testing"
	"time"

	"holdfast/internal/tenant"
)

// TestQuietHours: over midnight, within a day, in other zones, and on nights on which the clocks are changed.
func TestQuietHours(t *testing.T) {
	t.Parallel()
	night, day := &tenant.QuietHours{From: "21:00", To: "08:00"}, &tenant.QuietHours{From: "12:30", To: "14:00"}
	small := &tenant.QuietHours{From: "01:00", To: "02:30"}
	for _, one := range []struct {
		hours    *tenant.QuietHours
		zone, at string
		until    string // "" for no quiet time
	}{
		{nil, "UTC", "2026-12-01T23:00:00Z", ""},
		{night, "UTC", "2026-12-01T20:59:59Z", ""},
		{night, "UTC", "2026-12-01T21:00:00Z", "2026-12-02T08:00:00Z"},
		{night, "UTC", "2026-12-02T07:59:59Z", "2026-12-02T08:00:00Z"},
		{night, "UTC", "2026-12-02T08:00:00Z", ""},
		{night, "America/Los_Angeles", "2026-12-02T07:59:59Z", "2026-12-02T16:00:00Z"},
		{night, "Asia/Tokyo", "2026-12-31T12:00:00Z", "2026-12-31T23:00:00Z"},
		{day, "Europe/Berlin", "2026-12-01T11:29:00Z", ""},
		{day, "Europe/Berlin", "2026-12-01T11:30:00Z", "2026-12-01T13:00:00Z"},
		{day, "Europe/Berlin", "2026-12-01T13:00:00Z", ""},
		// Clocks go forward on 29 March, from 02:00 to 03:00, and back on 25 October, from 03:00 to 02:00.
		{night, "Europe/Berlin", "2026-03-28T20:00:00Z", "2026-03-29T06:00:00Z"},
		{night, "Europe/Berlin", "2026-10-24T19:00:00Z", "2026-10-25T07:00:00Z"},
		{small, "Europe/Berlin", "2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z"},
		{small, "Europe/Berlin", "2026-10-25T00:15:00Z", "2026-10-25T00:30:00Z"},
		{small, "Europe/Berlin", "2026-10-25T00:45:00Z", ""},
		{small, "Europe/Berlin", "2026-10-25T01:15:00Z", "2026-10-25T01:30:00Z"},
	} {
		at, err := time.Parse(time.RFC3339, one.at)
		if err != nil {
			t.Fatal(err)
		}
		until, quiet := QuietUntil(one.hours, at, zone(one.zone))
		got := ""
		if quiet {
			got = until.UTC().Format(time.RFC3339)
		}
		if got != one.until {
			t.Errorf("%v at %s in %s: %q, want %q", one.hours, one.at, one.zone, got, one.until)
		}
	}
}
