package timekit

import (
	"strings"
	"testing"
	"time"
)

func TestClockShows(t *testing.T) {
	t.Parallel()
	berlin, tokyo := place(t, "Europe/Berlin"), place(t, "Asia/Tokyo")
	at := time.Date(2026, 7, 1, 10, 0, 0, 999_999_999, time.UTC)
	for _, c := range []struct {
		clock Clock
		own   *time.Location
		want  string
	}{
		{Clock{}, berlin, "2026-07-01T12:00:00+02:00"},
		{Clock{}, nil, "2026-07-01T10:00:00Z"},
		{Clock{Zone: tokyo}, berlin, "2026-07-01T19:00:00+09:00"},
		{Clock{Zone: tokyo}, nil, "2026-07-01T19:00:00+09:00"},
		{Clock{Zone: time.UTC}, berlin, "2026-07-01T10:00:00Z"},
		{Clock{Out: "Y-m-d h:ia e"}, berlin, "2026-07-01 12:00pm Europe/Berlin"},
		{Clock{Out: "U", Zone: tokyo}, berlin, "1782900000"},
	} {
		if got := c.clock.Show(at, c.own); got != c.want {
			t.Errorf("%+v: got %s, want %s", c.clock, got, c.want)
		}
	}
}

// TestClockReadsWithoutAnOffset wants a zone to be named for it.
func TestClockReadsWithoutAnOffset(t *testing.T) {
	t.Parallel()
	named := Clock{Zone: place(t, "Europe/Berlin")}
	for text, want := range map[string]string{
		"2026-12-01T09:00:00": "2026-12-01T08:00:00Z", "2026-12-01T09:00": "2026-12-01T08:00:00Z", "2026-07-01 09:00:00": "2026-07-01T07:00:00Z",
		"2026-12-01 09:00": "2026-12-01T08:00:00Z", "2026-12-01T09:00:00.5": "2026-12-01T08:00:00Z",
		"2026-12-01T09:00:00Z": "2026-12-01T09:00:00Z", "2026-12-01T09:00:00-01:00": "2026-12-01T10:00:00Z",
		"2026-12-01": "", "09:00": "", "2026-12-01T24:00": "", "": "", "tomorrow": "",
	} {
		got, err := named.Read(text)
		if want == "" {
			if err == nil || !strings.HasPrefix(err.Error(), "must be a time") {
				t.Errorf("%q is taken for %s, %v", text, got, err)
			}
			continue
		}
		if err != nil || got.UTC().Format(time.RFC3339) != want {
			t.Errorf("%q: got %s, %v; want %s", text, got, err, want)
		}
		if strings.ContainsAny(text[11:], "Z-") {
			continue
		}
		if got, err := (Clock{}).Read(text); err == nil {
			t.Errorf("%q, of no zone, is taken for %s", text, got)
		}
	}
}
