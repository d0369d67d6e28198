package availability

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func someQuery(t *testing.T, r *rand.Rand, resources int) story {
	t.Helper()
	var zones []*time.Location
	for range resources {
		zones = append(zones, zoneNamed(t, pick(r, oddZones...)))
	}
	return someStory(t, r, time.Date(2026, 1, 1, 0, r.IntN(525_600), 0, 0, time.UTC), zones...)
}

// TestTakenAndOfferedAreAllThereIs compares with an empty calendar.
func TestTakenAndOfferedAreAllThereIs(t *testing.T) {
	t.Parallel()
	r, both := rand.New(rand.NewPCG(5, 6)), 0
	for range 300 {
		s := someQuery(t, r, 1)
		s.RoundToHour = true
		got, taken := lines(s.Slots()), lines(s.Taken())
		if len(got) > 0 && len(taken) > 0 {
			both++
		}
		got = append(got, taken...)
		slices.Sort(got)
		s.Resources[0].Busy, s.Units = nil, 1 // more units than there are would not be free at all
		if want := lines(s.Slots()); s.Length > 0 && !slices.Equal(got, want) {
			t.Fatalf("offered and taken are %q, and all there are %q: %s", got, want, s)
		}
	}
	if both < 20 {
		t.Fatalf("only %d of the queries have both", both)
	}
}

func TestBusyTimeNeverAddsASlot(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(6, 7))
	for range 300 {
		s := someQuery(t, r, 2)
		s.RoundToHour, s.Mode = true, pick(r, Mutual, Exclusive)
		before := offers(s.Slots())
		for i := range s.Resources {
			s.Resources[i].Busy = append(s.Resources[i].Busy, someBusy(r, s.From, s.To)...)
		}
		for _, offer := range offers(s.Slots()) {
			if s.Length > 0 && !slices.Contains(before, offer) {
				t.Fatalf("%s is new: %s", offer, s)
			}
		}
	}
}

// offers names each start with each resource.
func offers(slots []Slot) []string {
	var list []string
	for _, s := range slots {
		for _, i := range s.Resources {
			list = append(list, fmt.Sprint(s.Start.UTC().Format(time.RFC3339), " ", i))
		}
	}
	return list
}

// TestReachIsFarEnough takes away what lies beyond it, and puts more there.
func TestReachIsFarEnough(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 8))
	for range 300 {
		s := someQuery(t, r, 2)
		s.Resources[0].Busy = append(s.Resources[0].Busy, someBusy(r, s.From.AddDate(0, 0, -4), s.From)...)
		want, taken := lines(s.Slots()), lines(s.Taken())
		from, to := s.Reach()
		for i := range s.Resources {
			s.Resources[i].Busy = slices.DeleteFunc(s.Resources[i].Busy, func(b Busy) bool { return !b.End.After(from) || !b.Start.Before(to) })
			s.Resources[i].Busy = append(s.Resources[i].Busy, Busy{Start: from.AddDate(-1, 0, 0), End: from}, Busy{Start: to, End: to.AddDate(1, 0, 0)})
		}
		equal(t, lines(s.Slots()), want...)
		equal(t, lines(s.Taken()), taken...)
	}
}

func TestReach(t *testing.T) {
	t.Parallel()
	q := monday("09:00", "16:00", time.Hour, nil)
	q.BufferBefore, q.BufferAfter = 10*time.Minute, 10*time.Minute
	from, to := q.Reach()
	if !from.Equal(onMonday("08:50")) || !to.Equal(onMonday("16:10")) {
		t.Error(from, to)
	}
	q.BufferBefore, q.BufferAfter, q.RoundToHour = -time.Hour, -time.Hour, false
	if from, to = q.Reach(); !from.Equal(onMonday("09:00").AddDate(0, 0, -3)) || !to.Equal(onMonday("16:00")) {
		t.Error(from, to)
	}
}

// TestMattersIsEnough takes away what lies beside the ranges of time that matter, and makes all of that busy.
func TestMattersIsEnough(t *testing.T) {
	t.Parallel()
	r, less := rand.New(rand.NewPCG(8, 9)), 0
	for i := range 600 {
		s := someQuery(t, r, 1+i%3)
		for k := range s.Resources {
			s.Resources[k].Busy = append(s.Resources[k].Busy, someBusy(r, s.From.AddDate(0, 0, -4), s.To)...)
		}
		want, taken := lines(s.Slots()), lines(s.Taken())
		from, to := s.Reach()
		matters := s.Matters()
		beside := []Busy{}
		for _, m := range matters {
			if !m[0].Before(m[1]) || m[0].Before(from) || m[1].After(to) {
				t.Fatalf("%s is not of %s to %s, or before the one behind it", m, from, to)
			}
			beside = append(beside, Busy{Start: from, End: m[0]})
			from = m[1]
		}
		for k := range s.Resources {
			of := &s.Resources[k]
			all := len(of.Busy)
			of.Busy = slices.DeleteFunc(of.Busy, func(b Busy) bool {
				return !slices.ContainsFunc(matters, func(m [2]time.Time) bool { return b.Start.Before(m[1]) && b.End.After(m[0]) })
			})
			if len(of.Busy) < all {
				less++
			}
			of.Busy = append(of.Busy, append(beside, Busy{Start: from, End: to})...)
		}
		equal(t, lines(s.Slots()), want...)
		equal(t, lines(s.Taken()), taken...)
	}
	if less < 300 {
		t.Errorf("only %d resources have busy time that does not matter", less)
	}
}

func TestMatters(t *testing.T) {
	t.Parallel()
	q := monday("00:00", "23:00", time.Hour, nil, nil)
	wantMatters := func(want ...string) {
		t.Helper()
		got := []string{}
		for _, m := range q.Matters() {
			got = append(got, m[0].Format("02 15:04")+"–"+m[1].Format("02 15:04"))
		}
		equal(t, got, want...)
	}
	q.To = q.From.AddDate(0, 0, 1)
	wantMatters("02 00:00–03 00:00")
	q.Rules = rulesOf(t, `[{"allow_hours":{"start":9,"end":12}},{"allow_hours":{"start":13,"end":17}}]`)
	wantMatters("02 09:00–02 12:00", "02 13:00–02 17:00")
	q.BufferBefore, q.BufferAfter = 10*time.Minute, 20*time.Minute
	wantMatters("02 08:50–02 12:20", "02 12:50–02 17:20")
	q.Resources[1].Zone = zoneNamed(t, "Asia/Tokyo")                                                // nine hours earlier
	wantMatters("01 23:50–02 03:20", "02 03:50–02 08:20", "02 08:50–02 12:20", "02 12:50–02 17:20") // that of the 3rd begins too late
	q.Needs = []Need{{Resources: []int{0}}, {Resources: []int{1}}}                                  // whose rules are others
	wantMatters("01 23:50–03 00:20")
	q.Needs, q.Rules, q.BufferBefore, q.BufferAfter = nil, rulesOf(t, `[{"block_weekdays":{}}]`), 0, 0
	wantMatters()
	q.Rules, q.To = rulesOf(t, `[{"allow_hours":{"start":9,"end":12}}]`), q.From.AddDate(2, 0, 0)
	if n := len(q.Matters()); n > maxMatters || n < maxMatters/2 {
		t.Errorf("%d ranges", n)
	}
}
