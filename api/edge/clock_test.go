package edge

import (
	"bytes"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"holdfast/internal/fault"
)

func TestReadClock(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 12, 1, 13, 30, 0, 0, time.UTC)
	for _, c := range []struct {
		query   string
		headers []string
		want    string // "" = refused
		fields  []string
	}{
		{"", nil, "2026-12-01T13:30:00Z", nil},
		{"", []string{ZoneHeader, "Europe/Berlin"}, "2026-12-01T14:30:00+01:00", nil},
		{"", []string{ZoneHeader, "Europe/Berlin", OutHeader, "Y-m-d h:ia"}, "2026-12-01 02:30pm", nil},
		{"OutputTimestampFormat=U", nil, "1796131800", nil},
		{"Timekit-OutputTimestampFormat=" + url.QueryEscape(`Y-m-d\TH:i:sP`), nil, "2026-12-01T13:30:00+00:00", nil},
		{"OutputTimestampFormat=U", []string{OutHeader, "c"}, "1796131800", nil}, // the query wins
		{"Timekit-Timezone=Asia/Tokyo", []string{ZoneHeader, "UTC"}, "2026-12-01T22:30:00+09:00", nil},
		{"", []string{inHeader, "U"}, "2026-12-01T13:30:00Z", nil},
		{"", []string{ZoneHeader, "Mars/Olympus"}, "", []string{ZoneHeader}},
		{"", []string{ZoneHeader, "Local"}, "", []string{ZoneHeader}},
		{"", []string{ZoneHeader, "../../etc/passwd"}, "", []string{ZoneHeader}},
		{"", []string{inHeader, "H:i", OutHeader, "YYYY-MM-DDX", ZoneHeader, "+01:00"}, "", []string{inHeader, OutHeader, ZoneHeader}},
		{"InputTimestampFormat=z", []string{inHeader, "U"}, "", []string{inHeader}},
	} {
		clock, err := newCall(http.MethodGet, "/?"+c.query, "", c.headers...).readClock()
		known, _ := errors.AsType[*fault.Error](err)
		switch {
		case c.want == "":
			if known == nil || !slices.Equal(slices.Sorted(maps.Keys(known.Fields)), c.fields) {
				t.Errorf("%s %q: %v", c.query, c.headers, err)
			}
		case err != nil || clock.Show(at, time.UTC) != c.want:
			t.Errorf("%s %q: got %s, %v; want %s", c.query, c.headers, clock.Show(at, time.UTC), err, c.want)
		}
	}
}

func TestTimesOfQueries(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		query   string
		headers []string
		want    string // "" = refused
	}{
		{"2026-12-01T09:00:00%2B01:00", nil, "2026-12-01T08:00:00Z"},
		{"2026-12-01T09:00:00+01:00", nil, "2026-12-01T08:00:00Z"}, // a bare plus is a space
		{"2026-12-01T09:00:00+0100", nil, "2026-12-01T08:00:00Z"},
		{"2026-12-01+09:00:00+01:00", nil, "2026-12-01T08:00:00Z"},
		{"2026-12-01T09:00:00", nil, ""},
		{"2026-12-01+09:00", []string{ZoneHeader, "Europe/Berlin"}, "2026-12-01T08:00:00Z"},
		{"2026-12-01+09:00pm", []string{inHeader, "Y-m-d h:ia"}, "2026-12-01T21:00:00Z"},
		{"2026-12-01+09:00", []string{inHeader, "Y-m-d H:i", ZoneHeader, "Asia/Tokyo"}, "2026-12-01T00:00:00Z"},
		{"2026-12-01T09:00:00+01:00", []string{inHeader, "c"}, "2026-12-01T08:00:00Z"},
		{"1764579600", []string{inHeader, "U"}, "2025-12-01T09:00:00Z"},
		{"2026-12-01T09:00:00Z", []string{inHeader, "U"}, ""},
		{"-1", []string{inHeader, "U"}, ""},
	} {
		k := newCall(http.MethodGet, "/?start="+c.query, "", c.headers...)
		var err error
		if k.Clock, err = k.readClock(); err != nil {
			t.Fatal(err)
		}
		problems := fault.Problems{}
		got := k.QueryTime("start", problems)
		if c.want == "" {
			if len(problems["start"]) != 1 {
				t.Errorf("%s %q is taken for %s", c.query, c.headers, got)
			}
			continue
		}
		if len(problems) != 0 || got.UTC().Format(time.RFC3339) != c.want {
			t.Errorf("%s %q: got %s, %v; want %s", c.query, c.headers, got, problems, c.want)
		}
	}
	if newCall(http.MethodGet, "/", "").QueryTime("start", nil) != nil {
		t.Error("a time out of nothing")
	}
}

// TestFingerprintKnowsTheClock: the same words mean another time by another clock.
func TestFingerprintKnowsTheClock(t *testing.T) {
	t.Parallel()
	fingerprint := func(headers ...string) []byte {
		sum, err := newCall(http.MethodPost, "/v2/bookings", `{"start":"2026-12-01 09:00"}`, headers...).fingerprintText()
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	plain := fingerprint()
	for _, name := range clockHeaders {
		if bytes.Equal(plain, fingerprint(name, "Y-m-d H:i")) {
			t.Errorf("%s makes no difference", name)
		}
	}
	if !bytes.Equal(plain, fingerprint("Accept", "text/html")) {
		t.Error("another header makes a difference")
	}
}
