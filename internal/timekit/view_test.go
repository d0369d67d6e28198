package timekit

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"holdfast/graphs"
	"holdfast/internal/booking"
)

func TestZones(t *testing.T) {
	t.Parallel()
	at := func(text string) time.Time {
		moment, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			t.Fatal(err)
		}
		return moment
	}
	cases := []struct {
		zone, moment, rfc, compact string
	}{
		{"Europe/Berlin", "2026-03-29T00:59:59Z", "2026-03-29T01:59:59+01:00", "2026-03-29T01:59:59+0100"},    // the last second of winter
		{"Europe/Berlin", "2026-03-29T01:00:00Z", "2026-03-29T03:00:00+02:00", "2026-03-29T03:00:00+0200"},    // two o'clock does not exist
		{"Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+0200"},    // half past two,
		{"Europe/Berlin", "2026-10-25T01:30:00Z", "2026-10-25T02:30:00+01:00", "2026-10-25T02:30:00+0100"},    // and again
		{"America/Santiago", "2026-09-06T04:00:00Z", "2026-09-06T01:00:00-03:00", "2026-09-06T01:00:00-0300"}, // a day without midnight
		{"Australia/Lord_Howe", "2026-04-04T15:00:00Z", "2026-04-05T01:30:00+10:30", "2026-04-05T01:30:00+1030"},
		{"Asia/Kathmandu", "2026-01-01T00:00:00Z", "2026-01-01T05:45:00+05:45", "2026-01-01T05:45:00+0545"},
		{"Africa/Casablanca", "2026-03-01T12:00:00Z", "2026-03-01T12:00:00Z", "2026-03-01T12:00:00+0000"}, // Ramadan
		{"UTC", "2026-01-01T00:00:00.999999999Z", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00+0000"},
		{"Europe/Berlin", "1969-12-31T23:59:59.5Z", "1970-01-01T00:59:59+01:00", "1970-01-01T00:59:59+0100"},
		{"Moon/Tranquility", "2026-07-01T00:00:00Z", "2026-07-01T00:00:00Z", "2026-07-01T00:00:00+0000"},
		{"", "2026-07-01T00:00:00+02:00", "2026-06-30T22:00:00Z", "2026-06-30T22:00:00+0000"},
	}
	for _, c := range cases {
		b := confirmed()
		b.Resource.Timezone, b.Start = c.zone, at(c.moment)
		b.Resource.CreatedAt = b.Start
		for format, want := range map[Format]string{"": c.rfc, Compact: c.compact} {
			clock := Clock{Out: format}
			if got := (View{b, clock}).Event()["start"]; got != want {
				t.Errorf("%s in %s: got %s, want %s", c.moment, c.zone, got, want)
			}
			if got := Resource(&b.Resource, clock)["created_at"]; got != want {
				t.Errorf("resource, %s in %s: got %s, want %s", c.moment, c.zone, got, want)
			}
		}
		if read := at((View{b, Clock{}}).time(b.Start)); !read.Equal(b.Start.Truncate(time.Second)) {
			t.Errorf("%s is read back as %s", c.moment, read)
		}
	}
}

// TestRSVP knows every state of every graph: a new one has to be thought of here.
func TestRSVP(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"initialized": "needsAction", "tentative": "tentative", "confirmed": "accepted", "paid": "accepted", "completed": "accepted",
		"balance_due": "accepted", "balance_overdue": "accepted", "settled": "accepted",
		"declined": "declined", "cancelled": "declined", "cancelled_by_customer": "declined", "cancelled_by_owner": "declined",
		"rescheduled_by_customer": "declined", "unpaid": "declined", "error": "declined",
		"reserved": "tentative", "booked": "declined", "released": "declined", "expired": "declined",
		"withdrawn": "declined", "attended": "accepted", "no_show": "accepted",
		"expiring": "tentative", "requested": "tentative", "lapsed": "declined", "refunded_late": "declined",
	}
	seen := 0
	for _, g := range graphs.Published() {
		for _, s := range g.States {
			b := confirmed()
			b.Graph, b.GraphVersion, b.State = g.Name, g.Version, s.Name
			if got := (View{b, Clock{Out: Compact}}).Event()["rsvp"]; got != want[s.Name] {
				t.Errorf("%s in %s: got %q, want %q", g.Name, s.Name, got, want[s.Name])
			}
			if got := (View{b, Clock{Out: Compact}}).OpenActions(); !slices.Equal(got, g.Open(s.Name)) {
				t.Errorf("%s in %s: open are %v", g.Name, s.Name, got)
			}
			seen++
		}
	}
	if seen < 40 {
		t.Errorf("only %d states", seen)
	}
	b := confirmed()
	b.GraphVersion = 99
	if v := (View{b, Clock{Out: Compact}}); v.Event()["rsvp"] != "accepted" || v.OpenActions() == nil || len(v.OpenActions()) != 0 {
		t.Errorf("a graph of another build: %v, %v", v.Event()["rsvp"], v.OpenActions())
	}
}

func TestLogs(t *testing.T) {
	t.Parallel()
	v := View{confirmed(), Clock{}}
	if list, err := json.Marshal(v.Logs(nil)); err != nil || string(list) != "[]" {
		t.Errorf("no logs: %s, %v", list, err)
	}
	got, err := json.Marshal(v.Logs([]booking.Transition{{
		Seq: 1, Action: "confirm", From: "initialized", To: "confirmed", Actor: graphs.ActorAPI, Channel: booking.ChannelAPI,
		At: time.Date(2026, 7, 1, 10, 0, 0, 5, time.UTC),
	}}))
	want := `[{"action":"confirm","actor":"api","channel":"api","created_at":"2026-07-01T12:00:00+02:00","from":"initialized","seq":1,"state":"confirmed"}]`
	if err != nil || string(got) != want {
		t.Errorf("got  %s, %v\nwant %s", got, err, want)
	}
}
