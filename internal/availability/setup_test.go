package availability

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"holdfast/internal/zones"
)

func zoneNamed(t testing.TB, name string) *time.Location {
	t.Helper()
	zone, err := zones.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func rulesOf(t testing.TB, text string) Constraints {
	t.Helper()
	rules, wrong := ParseConstraints(json.RawMessage(text))
	if wrong != nil {
		t.Fatalf("%s: %v", text, wrong)
	}
	return rules
}

// at reads a moment in a zone.
func at(t testing.TB, text string, zone *time.Location) time.Time {
	t.Helper()
	moment, err := ParseMoment(text, time.Time{}, zone)
	if err != nil {
		t.Fatal(err)
	}
	return moment
}

// shown writes slots as a clock in the zone shows them, such as "Mon 09:00–10:00 [0 1]".
func shown(slots []Slot, zone *time.Location) []string {
	list := []string{}
	for _, s := range slots {
		start, end := s.Start.In(zone), s.End.In(zone)
		layout := "Mon 15:04"
		if start.Second() != 0 || end.Second() != 0 {
			layout = "Mon 15:04:05"
		}
		last := end.Format(layout)
		if start.Day() == end.Day() {
			last = last[len("Mon "):]
		}
		list = append(list, fmt.Sprintf("%s–%s %v", start.Format(layout), last, s.Resources))
	}
	return list
}

func equal(t testing.TB, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("got  %q\nwant %q", got, want)
	}
}

// booked is a booking by times of day in UTC on Monday, 2026-03-02, and guarded the buffer around one.
func booked(id, from, to string) Busy {
	return Busy{Start: onMonday(from), End: onMonday(to), Kind: KindBooking, ID: id}
}

func guarded(id, from, to string) Busy {
	b := booked(id, from, to)
	b.Guard = true
	return b
}

func onMonday(clock string) time.Time {
	t, err := time.Parse("2006-01-02 15:04:05", ("2026-03-02 " + clock + ":00")[:19])
	if err != nil {
		panic(err)
	}
	return t
}

// monday asks for slots on Monday, 2026-03-02, in UTC.
func monday(from, to string, length time.Duration, busy ...[]Busy) *Query {
	q := &Query{From: onMonday(from), To: onMonday(to), Length: length, RoundToHour: true, Mode: Exclusive}
	for _, b := range busy {
		q.Resources = append(q.Resources, Resource{Zone: time.UTC, Busy: b})
	}
	return q
}

// rounds is how often a test asks its model, of n times.
func rounds(n int) int { return n / slower }
