package availability

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"holdfast/internal/policy"
)

// story is a random query with what its rules were made of.
type story struct {
	*Query
	common []spec
	own    [][]spec
}

func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

func someMinutes(r *rand.Rand, of ...int) time.Duration {
	return time.Duration(pick(r, of...)) * time.Minute
}

var ruleNames = []string{"day", "weekdays", "weekends", "hours", "day_and_time", "period"}

// someRules returns up to three rules about times near a moment. Most allow, lest nothing stay free.
func someRules(r *rand.Rand, near time.Time, zone *time.Location) []spec {
	var list []spec
	for range pick(r, 0, 0, 1, 1, 2, 3) {
		s := spec{name: pick(r, "allow_", "allow_", "block_") + pick(r, ruleNames...), day: near.AddDate(0, 0, r.IntN(4)).Weekday()}
		s.start, s.end = r.IntN(24*4)*15, r.IntN(24*4+1)*15
		if s.start == s.end {
			s.end++
		}
		from := near.Add(time.Duration(r.IntN(200)-80) * 30 * time.Minute)
		to := from.Add(time.Duration(1+r.IntN(150)) * 30 * time.Minute)
		if begin, end := wallMinutes(zone, from, 1)[0], wallMinutes(zone, to, 1)[0]; begin.before(end) && r.IntN(2) == 0 {
			s.wall = [2]wallMinute{begin, end}
		} else {
			s.unix = [2]int64{from.Unix(), to.Unix()}
		}
		list = append(list, s)
	}
	return list
}

func someBusy(r *rand.Rand, from, to time.Time) []Busy {
	var list []Busy
	for i := range r.IntN(8) {
		start := from.Add(time.Duration(r.IntN(int(to.Sub(from)/time.Minute)+720)-360) * time.Minute)
		b := Busy{Start: start, End: start.Add(time.Duration(r.IntN(240)) * time.Minute), ID: fmt.Sprint("b", i)}
		b.Kind, b.Guard, b.AllDay = pick(r, KindBooking, KindHold, KindEvent, KindClaim), r.IntN(3) == 0, r.IntN(6) == 0
		b.Sums = b.Guard && r.IntN(2) == 0
		list = append(list, b)
	}
	slices.SortFunc(list, func(a, b Busy) int { return a.Start.Compare(b.Start) })
	return list
}

// someUnits makes ranges parts of a resource of several units: events take all, bookings some, for themselves or at one side.
func someUnits(r *rand.Rand, busy []Busy) []Busy {
	for i := range busy {
		b := &busy[i]
		if b.Sums = false; b.Kind == KindEvent {
			b.Guard = false
			continue
		}
		b.Units, b.AllDay = 1+r.IntN(3), false
		if b.Guard {
			b.Side = pick(r, BufferBefore, BufferAfter)
		}
	}
	return busy
}

// someClosed are ranges of starts that a policy might exclude; mostly none.
func someClosed(r *rand.Rand, from, to time.Time) (list []policy.Closed) {
	at := func() time.Time { return from.Add(time.Duration(r.IntN(int(to.Sub(from)/time.Minute))) * time.Minute) }
	for range pick(r, 0, 0, 1, 2) {
		c := policy.Closed{From: at(), Why: policy.Refusal{Rule: policy.LimitOf}}
		c.To = c.From.Add(time.Duration(r.IntN(24*60)) * time.Minute)
		switch r.IntN(4) {
		case 0:
			c.From = time.Time{}
		case 1:
			c.To = time.Time{}
		}
		list = append(list, c)
	}
	return list
}

// someStory is a query of one or two days that begins at a moment.
func someStory(t testing.TB, r *rand.Rand, from time.Time, zones ...*time.Location) story {
	t.Helper()
	s := story{Query: &Query{
		Mode: pick(r, Modes()...), From: from, To: from.Add(time.Duration(6+r.IntN(60)) * time.Hour), Seed: r.Uint64(),
		Length:       someMinutes(r, 0, 10, 15, 30, 45, 60, 90, 24*60, 30*60),
		Step:         someMinutes(r, 0, 5, 15, 30, 45, 60, 90, 7*60, 24*60, 48*60, 7*24*60),
		BufferBefore: someMinutes(r, 0, 0, 5, 30), BufferAfter: someMinutes(r, 0, 0, 5, 30), SumBuffers: r.IntN(4) == 0, RoundToHour: r.IntN(3) > 0, IgnoreAllDay: r.IntN(2) == 0,
	}}
	s.Units = pick(r, 0, 1, 1, 2, 3)
	if s.LengthDays = pick(r, 0, 0, 0, 0, 1, 2); s.LengthDays > 0 {
		s.Length = time.Duration(s.LengthDays)*24*time.Hour + someMinutes(r, 0, 0, 15, 120)
		s.To = s.To.Add(s.Length)
	}
	if s.Step >= 48*time.Hour {
		s.To = s.To.Add(s.Step)
	}
	s.common = someRules(r, from, zones[0])
	s.Rules = rulesOf(t, listOf(s.common))
	for _, zone := range zones {
		own := someRules(r, from, zone)
		s.own = append(s.own, own)
		busy, capacity := someBusy(r, s.From, s.To), pick(r, 0, 1, 2, 3, 5)
		if s.Units > capacity && r.IntN(8) > 0 { // else nothing is free
			capacity = s.Units + r.IntN(3)
		}
		if capacity > 1 {
			more := someBusy(r, s.From, s.To)
			for i := range more {
				more[i].ID += " more"
			}
			busy = someUnits(r, append(busy, more...))
		}
		s.Resources = append(s.Resources, Resource{Zone: zone, Capacity: capacity, Rules: rulesOf(t, listOf(own)), Busy: busy, Closed: someClosed(r, s.From, s.To)})
	}
	return s
}

func (s story) String() string {
	text := fmt.Sprintf("%s from %s to %s, length %s (%d days) step %s buffers %s %s (sum %t) round %t ignore %t, rules %s", s.Mode, s.From.Format(time.RFC3339),
		s.To.Format(time.RFC3339), s.Length, s.LengthDays, s.Step, s.BufferBefore, s.BufferAfter, s.SumBuffers, s.RoundToHour, s.IgnoreAllDay, listOf(s.common))
	for i, r := range s.Resources {
		text += fmt.Sprintf("\n  %s %s, %d of %d units", r.Zone, listOf(s.own[i]), s.Units, r.Capacity)
		for _, c := range r.Closed {
			text += fmt.Sprintf("\n    closed %s–%s", c.From.UTC().Format(time.RFC3339), c.To.UTC().Format(time.RFC3339))
		}
		for _, b := range r.Busy {
			text += fmt.Sprintf("\n    %s–%s guard=%t sums=%t all-day=%t units=%d %s", b.Start.UTC().Format(time.RFC3339), b.End.UTC().Format(time.RFC3339), b.Guard, b.Sums, b.AllDay, b.Units, b.Side)
		}
	}
	return text
}

// lines writes slots to be compared and read.
func lines(slots []Slot) []string {
	list := []string{}
	for _, s := range slots {
		list = append(list, fmt.Sprint(s.Start.UTC().Format(time.RFC3339Nano), " ", s.End.UTC().Format(time.RFC3339Nano), " ", s.Resources))
	}
	return list
}

func same(t *testing.T, what fmt.Stringer, name string, got, want []Slot) {
	t.Helper()
	g, w := lines(got), lines(want)
	if slices.Equal(g, w) {
		return
	}
	for _, line := range g {
		if !slices.Contains(w, line) {
			t.Errorf("%s: %s should not be there", name, line)
		}
	}
	for _, line := range w {
		if !slices.Contains(g, line) {
			t.Errorf("%s: %s is missing", name, line)
		}
	}
	t.Fatalf("%s: wrong answer, or wrong order, to %s", name, what)
}

// holds compares the package with the oracle.
func (s story) holds(t *testing.T) *oracle {
	t.Helper()
	o := newOracle(t, s.Query, s.common, s.own)
	if s.Length == 0 {
		same(t, s, "Slots", s.Slots(), o.stretches(false))
		same(t, s, "Taken", s.Taken(), o.stretches(true))
		return o
	}
	same(t, s, "Slots", s.Slots(), o.slots())
	same(t, s, "Taken", s.Taken(), o.taken())
	return o
}

func TestRandomQueriesAsMinuteByMinute(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(20, 26))
	var zones []*time.Location
	for _, name := range []string{"UTC", "Europe/Berlin", "Asia/Kathmandu", "America/New_York", "Pacific/Chatham", "Australia/Lord_Howe"} {
		zones = append(zones, zoneNamed(t, name))
	}
	some := 0
	for range rounds(120) {
		from := time.Date(2026, 1, 1, 0, r.IntN(525_600), 0, 0, time.UTC)
		var of []*time.Location
		for range 1 + r.IntN(3) {
			of = append(of, pick(r, zones...))
		}
		s := someStory(t, r, from, of...)
		s.holds(t)
		if len(s.Slots()) > 0 {
			some++
		}
	}
	if some < rounds(25) {
		t.Fatalf("only %d of the queries have slots, so the others prove little", some)
	}
}
