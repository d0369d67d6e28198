package service

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/limit"
)

// admitting makes bounds of up to most creations at once.
func admitting(most int) *Admission {
	bound := func() *limit.InFlight {
		return limit.NewInFlight(limit.InFlightOptions{Start: most, Floor: 1, Ceiling: most, Target: time.Minute, Wait: time.Second, Queue: 1})
	}
	a := &Admission{door: bound()}
	for level := range a.inFlight {
		a.inFlight[level] = bound()
	}
	return a
}

// TestLevelsHaveBoundsOfTheirOwn: bookings that wait for a worker of a newer release keep none out that an older one carries out.
func TestLevelsHaveBoundsOfTheirOwn(t *testing.T) {
	t.Parallel()
	a, old, own := admitting(1), &graphs.Graph{}, &graphs.Graph{Own: true}
	full := errors.New("full")
	for _, c := range []struct {
		graph *graphs.Graph
		want  error
	}{{own, nil}, {own, full}, {old, nil}, {old, full}} {
		place, err := a.admit(t.Context(), c.graph, nil, func() error { return full })
		if (place != nil) != (c.want == nil) || !errors.Is(err, c.want) {
			t.Errorf("own %t: %v, want %v", c.graph.Own, err, c.want)
		}
	}
	if running, bound := a.Load(); running != 2 || bound != 1+graphs.MaxLevel {
		t.Errorf("%d in flight of %d", running, bound)
	}
}

// TestFurtherBookingsOfARequestWait for a place, for ten seconds in all, once the first one has had one.
func TestFurtherBookingsOfARequestWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, g, turn := admitting(1), &graphs.Graph{}, &Turn{}
		admit := func() (*limit.Place, time.Duration) {
			began := time.Now()
			place, _ := a.admit(t.Context(), g, turn, func() error { return nil })
			return place, time.Since(began)
		}
		other := a.inFlight[0].Force()
		if place, waited := admit(); place != nil || waited != placeWait {
			t.Fatalf("the first booking: %v after %v", place, waited)
		}
		other.Release()
		first, _ := admit()
		turn.wasAdmitted()
		time.AfterFunc(6*time.Second, first.Release)
		second, waited := admit()
		if second == nil || waited != 6*time.Second {
			t.Errorf("the second booking: %v after %v", second, waited)
		}
		turn.wasAdmitted()
		for _, want := range []time.Duration{furtherWait - 6*time.Second, placeWait, placeWait} {
			if place, waited := admit(); place != nil || waited != want {
				t.Errorf("a further booking: %v after %v, want none after %v", place, waited, want)
			}
		}
	})
}

// TestARepeatIsAdmitted, however many creations are in flight: it is on record, and takes nothing more.
func TestARepeatIsAdmitted(t *testing.T) {
	t.Parallel()
	a, begun := admitting(1), true
	if a.inFlight[0].TryEnter() == nil {
		t.Fatal("no place at all")
	}
	s := &Booker{admission: a, drafts: &drafts{}}
	place, err := s.admit(t.Context(), &Draft{begun: &begun, graph: &graphs.Graph{}, Booking: &booking.Booking{}}, graphs.Move{}, nil)
	if place == nil || err != nil {
		t.Errorf("%v, %v", place, err)
	}
}

// TestWatch follows one creation of four that are in flight: whatever ends it, its place is given back. What is late lowers the bound at
// once, and keeps its place until Temporal has it.
func TestWatch(t *testing.T) {
	t.Parallel()
	const late = 2 * time.Minute
	for name, c := range map[string]struct {
		then         func(place *limit.Place, decided chan booking.Announcement, taken chan error) // before it is late
		later        func(taken chan error)                                                        // when it is
		left         int                                                                           // in flight before later
		lower, after bool                                                                          // the bound, before later and in the end
	}{
		"its outcome is announced": {then: func(_ *limit.Place, decided chan booking.Announcement, _ chan error) {
			decided <- booking.Announcement{Ended: true}
		}},
		"its request has given it up":             {then: func(place *limit.Place, _ chan booking.Announcement, _ chan error) { place.Release() }},
		"Temporal does not take it":               {then: func(_ *limit.Place, _ chan booking.Announcement, taken chan error) { taken <- errors.New("left") }, lower: true, after: true},
		"Temporal takes it, and no outcome comes": {then: func(_ *limit.Place, _ chan booking.Announcement, taken chan error) { taken <- nil }, lower: true, after: true},
		"Temporal takes it late":                  {later: func(taken chan error) { taken <- nil }, left: 1, lower: true, after: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a, s := admitting(4), &submissions{wait: time.Minute} // in which each is to be decided
				_, most := a.Load()
				place, decided, taken := a.inFlight[0].TryEnter(), make(chan booking.Announcement), make(chan error)
				place.Begin()
				go s.watch(uuid.New(), place, decided, taken)
				if c.then != nil {
					c.then(place, decided, taken)
				}
				time.Sleep(late)
				synctest.Wait()
				if running, bound := a.Load(); running != c.left || (bound < most) != c.lower {
					t.Errorf("after its time: %d in flight of %d, once %d", running, bound, most)
				}
				if c.later != nil {
					c.later(taken)
				}
				synctest.Wait()
				if running, bound := a.Load(); running != 0 || (bound < most) != c.after {
					t.Errorf("in the end: %d in flight of %d, once %d", running, bound, most)
				}
			})
		})
	}
}
