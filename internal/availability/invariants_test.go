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
