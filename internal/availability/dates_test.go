package availability

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// inZone shows slots by the clocks of a zone, each as "28 00:00 +23h": date, time, and how much later it ends.
func inZone(slots []Slot, zone *time.Location) string {
	var all []string
	for _, s := range slots {
		all = append(all, fmt.Sprintf("%s +%gh", s.Start.In(zone).Format("02 15:04"), s.End.Sub(s.Start).Hours()))
	}
	return strings.Join(all, ", ")
}

func dayQuery(t testing.TB, zone, from, to string, length time.Duration, days int, rules string) *Query {
	t.Helper()
	place := zoneNamed(t, zone)
	return &Query{
		Mode: Exclusive, RoundToHour: true, From: at(t, from, place), To: at(t, to, place), Length: length, LengthDays: days,
		Resources: []Resource{{Zone: place, Rules: rulesOf(t, rules)}},
	}
}

// TestLengthsInDaysGoByTheCalendar on the two days a year that have not 24 hours.
func TestLengthsInDaysGoByTheCalendar(t *testing.T) {
	t.Parallel()
	const oneDay = 24 * time.Hour
	for _, c := range []struct {
		zone, from, to string
		length         time.Duration
		days           int
		rules          string
		want           string
	}{
		{"Europe/Berlin", "2027-03-27", "2027-03-30", oneDay, 1, "[]", "27 00:00 +24h, 28 00:00 +23h, 29 00:00 +24h"},
		{"Europe/Berlin", "2027-10-30", "2027-11-02", oneDay, 1, "[]", "30 00:00 +24h, 31 00:00 +25h, 01 00:00 +24h"},
		{"America/New_York", "2027-03-13", "2027-03-16", oneDay, 1, "[]", "13 00:00 +24h, 14 00:00 +23h, 15 00:00 +24h"},
		{"America/New_York", "2027-11-06", "2027-11-09", oneDay, 1, "[]", "06 00:00 +24h, 07 00:00 +25h, 08 00:00 +24h"},
		{"Europe/Berlin", "2027-03-20", "2027-04-06", oneDay, 1, `[{"allow_day":{"day":"Sunday"}}]`, "21 00:00 +24h, 28 00:00 +23h, 04 00:00 +24h"},
		{"Europe/Berlin", "2027-03-27", "2027-03-30", oneDay, 0, "[]", "27 00:00 +24h, 28 00:00 +24h, 29 00:00 +24h"}, // 24 hours are by the clock
		{"Europe/Berlin", "2027-03-27", "2027-03-30", oneDay + 2*time.Hour, 1, "[]", "27 00:00 +26h, 28 00:00 +25h"},
		{"Europe/Berlin", "2027-10-30", "2027-11-02", oneDay + 2*time.Hour, 1, "[]", "30 00:00 +26h, 31 00:00 +27h"},
		{"Europe/Berlin", "2027-03-22", "2027-03-30", 7 * oneDay, 7, "[]", "22 00:00 +167h, 23 00:00 +167h"},
		{"Africa/Cairo", "2027-04-29", "2027-05-02", oneDay, 1, "[]", "29 00:00 +24h, 30 01:00 +24h, 01 00:00 +24h"}, // the 30th has no midnight
		{"Pacific/Apia", "2011-12-28", "2012-01-01", oneDay, 1, "[]", "28 00:00 +24h, 29 00:00 +24h, 31 00:00 +24h"},
	} {
		q := dayQuery(t, c.zone, c.from, c.to, c.length, c.days, c.rules)
		if got := inZone(q.Slots(), q.Resources[0].Zone); got != c.want {
			t.Errorf("%s from %s, %s (%d days):\n got %s\nwant %s", c.zone, c.from, c.length, c.days, got, c.want)
		}
	}
}

// TestADayThatIsBookedLeavesTheNextOneFree: what was offered is what is taken.
func TestADayThatIsBookedLeavesTheNextOneFree(t *testing.T) {
	t.Parallel()
	q := dayQuery(t, "Europe/Berlin", "2027-03-27", "2027-03-30", 24*time.Hour, 1, "[]")
	first := q.Slots()[1]
	q.Resources[0].Busy = []Busy{{Start: first.Start, End: first.End, Kind: KindBooking}}
	if got := inZone(q.Slots(), q.Resources[0].Zone); got != "27 00:00 +24h, 29 00:00 +24h" {
		t.Errorf("free: %s", got)
	}
	if got := inZone(q.Taken(), q.Resources[0].Zone); got != "28 00:00 +23h" {
		t.Errorf("taken: %s", got)
	}
	if v := q.Explain(first.Start)[0]; v.Offered || !v.End.Equal(first.End) || v.Reasons[0].Why != Booking {
		t.Errorf("explained: %+v", v)
	}
}

// TestResourcesOfOtherZonesEndAtOtherTimes: one start, two ends.
func TestResourcesOfOtherZonesEndAtOtherTimes(t *testing.T) {
	t.Parallel()
	q := dayQuery(t, "Europe/Berlin", "2027-03-27T12:00", "2027-03-28T14:00", 24*time.Hour, 1, "[]")
	q.Resources = append(q.Resources, Resource{Zone: zoneNamed(t, "Africa/Lagos")})
	q.Rules = rulesOf(t, `[{"allow_period":{"start":"2027-03-27T11:00:00Z","end":"2027-03-28T12:00:00Z"}}]`)
	for mode, want := range map[Mode]string{
		Exclusive:             "27 12:00 +23h [0], 27 12:00 +24h [1]",
		Mutual:                "27 12:00 +23h [0 1]",
		RoundRobinPrioritized: "27 12:00 +23h [0]",
	} {
		q.Mode = mode
		var all []string
		for _, s := range q.Slots() {
			all = append(all, fmt.Sprint(inZone([]Slot{s}, q.Resources[0].Zone), " ", s.Resources))
		}
		if got := strings.Join(all, ", "); got != want {
			t.Errorf("%s: got %s, want %s", mode, got, want)
		}
	}
}

// TestStepsInDaysCountFromAnAnchor that neither the window nor busy time moves.
func TestStepsInDaysCountFromAnAnchor(t *testing.T) {
	t.Parallel()
	const oneDay = 24 * time.Hour
	for _, c := range []struct {
		step  time.Duration
		rules string
		want  string // dates in March 2027
	}{
		{oneDay, `[]`, "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30"},
		{2 * oneDay, `[]`, "2 4 6 8 10 12 14 16 18 20 22 24 26 28 30"},
		{7 * oneDay, `[]`, "1 8 15 22 29"},
		{7 * oneDay, `[{"allow_day":{"day":"Wednesday"}}]`, "3 10 17 24"},
		{14 * oneDay, `[{"allow_day":{"day":"Wednesday"}}]`, "10 24"},
		{2 * oneDay, `[{"allow_weekdays":{}}]`, "2 4 8 10 12 16 18 22 24 26 30"},
		{2 * oneDay, `[{"allow_period":{"start":"2027-03-03","end":"2027-03-10"}}]`, "3 5 7 9"},
		{2 * oneDay, `[{"allow_period":{"start":"2027-03-03T08:00:00Z","end":"2027-03-10"}}]`, "3 5 7 9"},
		{7 * oneDay, `[{"allow_period":{"start":"2027-03-03","end":"2027-03-25"}},{"allow_day":{"day":"Friday"}}]`, "5 12 19"},
		{3 * oneDay, `[{"block_period":{"start":"2027-03-03","end":"2027-03-10"}}]`, "1 10 13 16 19 22 25 28"}, // 4 and 7 are blocked
		{60 * time.Hour, `[]`, "2 4 6 8 10 12 14 16 18 20 22 24 26 28 30"},                                     // whole days only
	} {
		for _, round := range []bool{true, false} {
			for first := 1; first <= 16; first++ { // the start of the window moves nothing
				q := dayQuery(t, "Europe/Berlin", fmt.Sprintf("2027-03-%02d", first), "2027-03-31", time.Hour, 0, c.rules)
				q.Step, q.RoundToHour = c.step, round
				var want, got []string
				for date := range strings.FieldsSeq(c.want) {
					if n := 0; must(fmt.Sscan(date, &n)) && n >= first {
						want = append(want, date)
					}
				}
				for _, s := range q.Slots() {
					got = append(got, s.Start.In(q.Resources[0].Zone).Format("2"))
				}
				if strings.Join(got, " ") != strings.Join(want, " ") {
					t.Errorf("%s %s round %t from %d:\n got %s\nwant %s", c.step, c.rules, round, first, got, want)
				}
			}
		}
	}
}

func must(_ int, err error) bool { return err == nil }

// TestDaysAtEveryChangeAsMinuteByMinute asks for lengths and steps in days across every change of many clocks.
func TestDaysAtEveryChangeAsMinuteByMinute(t *testing.T) {
	t.Parallel()
	for i, name := range oddZones {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			zone, r := zoneNamed(t, name), rand.New(rand.NewPCG(11, uint64(i)))
			for _, change := range changes(zone) {
				if r.IntN(6) > 0 {
					continue
				}
				s := story{Query: &Query{
					Mode: Exclusive, From: change.Add(-time.Duration(r.IntN(72)) * time.Hour), RoundToHour: r.IntN(2) == 0,
					LengthDays: 1 + r.IntN(2), Step: someMinutes(r, 15, 60, 24*60, 48*60), Resources: []Resource{{Zone: zone}},
				}, own: [][]spec{nil}}
				s.Length = time.Duration(s.LengthDays)*24*time.Hour + someMinutes(r, 0, 30, 120)
				s.To = s.From.Add(s.Length + time.Duration(24+r.IntN(48))*time.Hour)
				s.holds(t)
			}
		})
	}
}

// TestTheLastDayOfALeapYear: Go's ZoneBounds answers with an end that is not after the moment then.
func TestTheLastDayOfALeapYear(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Europe/Berlin", "America/New_York", "Australia/Sydney"} {
		zone := zoneNamed(t, name)
		from := time.Date(2028, 12, 31, 12, 0, 0, 0, time.UTC)
		to := from.AddDate(1, 0, 0)
		segs := segments(zone, instant(from), instant(to))
		if len(segs) != 3 {
			t.Errorf("%s has %d segments in a year, want 3", name, len(segs))
		}
		for at := from; at.Before(to); at = at.Add(time.Hour) {
			_, want := at.In(zone).Zone()
			if got := offsetAt(segs, instant(at)); got != int64(want)*int64(time.Second) {
				t.Fatalf("%s at %s: offset %d, want %d s", name, at, got, want)
			}
		}
	}
}
