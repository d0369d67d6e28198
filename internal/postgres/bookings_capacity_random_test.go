package postgres_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/policy"
)

// hall is a model of a resource of several units: what is in it, by the quarter of an hour.
type hall struct {
	capacity int
	in       map[uuid.UUID]occupant
}

// occupant is a booking or an event in a hall. Times are quarters of an hour of monday.
type occupant struct {
	id            uuid.UUID
	units         int // 0 for an event: all
	from, to      int
	before, after int
	sums          bool // its buffers keep clear of others' buffers
	allDay        bool
	careless      bool // passes over all-day events
	hold          bool
}

// taken is how many units others and, if it counts, one more take at a quarter: things, and the more of what lies before and what lies
// after things.
func (h hall) taken(at int, of occupant, ours []uuid.UUID, with bool) int {
	within, before, after := 0, 0, 0
	count := func(o occupant) {
		units := o.units
		if units == 0 {
			units = h.capacity
		}
		switch {
		case at >= o.from && at < o.to, o.sums && at >= o.from-o.before && at < o.to+o.after:
			within += units
		case at >= o.from-o.before && at < o.from:
			before += units
		case at >= o.to && at < o.to+o.after:
			after += units
		}
	}
	if with {
		count(of)
	}
	for id, o := range h.in {
		mine := false
		for _, one := range ours {
			mine = mine || one == id
		}
		if mine && with || o.allDay && (of.careless || at < of.from || at >= of.to) {
			continue
		}
		count(o)
	}
	return within + max(before, after)
}

// fits is the promise: at every moment there are as many units as are taken, or no more are taken than by now.
func (h hall) fits(o occupant, ours ...uuid.UUID) bool {
	for at := o.from - o.before; at < o.to+o.after; at++ {
		if n := h.taken(at, o, ours, true); n > h.capacity && n > h.taken(at, o, ours, false) {
			return false
		}
	}
	return true
}

// clear reports whether an event can be put there: beside no booking that it does not pass over, and no other event but all-day ones.
func (h hall) clear(e occupant) bool {
	for _, o := range h.in {
		from, to := o.from-o.before, o.to+o.after
		if e.allDay {
			from, to = o.from, o.to
		}
		if !(e.allDay && (o.careless || o.allDay)) && from < e.to && e.from < to {
			return false
		}
	}
	return true
}

// booking is an occupant as a booking that is not on record.
func (b *bundle) booking(o occupant, graph string) *booking.Booking {
	b.t.Helper()
	v := b.at(graph, float64(o.from)/4, float64(o.to)/4)
	v.ID, v.Units, v.Settings.IgnoreAllDayEvents = o.id, o.units, o.careless
	length := func(quarters int) *policy.Length {
		l := policy.Length(time.Duration(quarters) * 15 * time.Minute)
		return &l
	}
	rule := policy.BufferMax
	if o.sums {
		rule = policy.BufferSum
	}
	v.Policy = policy.NewSnapshot(policy.Policy{Buffer: &policy.Buffer{Before: length(o.before), After: length(o.after), Rule: rule}}, nil)
	return v
}

// TestUnitsAsInTheModel books, holds, moves and cancels at random, with buffers of both kinds, events, and another capacity now and then.
// Every answer, by a look, a claim or a commit, is that of the model: no moment is overfull, and nothing is refused that fits.
func TestUnitsAsInTheModel(t *testing.T) {
	t.Parallel()
	b := setup(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	w := &wanderer{bundle: b, dice: rand.New(rand.NewPCG(seed, 1)), hall: hall{capacity: 3, in: map[uuid.UUID]occupant{}}, counts: map[string]int{}}
	b.setCapacity(3)
	for range 300 {
		w.step()
	}
	b.sound()
	t.Log(w.counts)
	for _, what := range []string{"fits", "refused", "moved", "stayed", "became", "event", "no event", "lowered"} {
		if w.counts[what] == 0 {
			t.Errorf("never %s: the model was not asked", what)
		}
	}
}

// wanderer does things at random with a resource and with the model of it.
type wanderer struct {
	*bundle
	dice   *rand.Rand
	hall   hall
	counts map[string]int
}

func (w *wanderer) step() {
	w.t.Helper()
	switch n := w.dice.IntN(100); {
	case n < 55:
		w.enter(w.wish(), nil)
	case n < 75:
		if old, ok := w.any(); ok {
			next := w.wish()
			if w.dice.IntN(2) == 0 || old.hold { // about where it was
				next.from, next.to = old.from+w.dice.IntN(3)-1, old.to+w.dice.IntN(3)-1
				next.to = max(next.to, next.from+1)
			}
			if w.dice.IntN(2) == 0 {
				next.units, next.before, next.after, next.sums = old.units, old.before, old.after, old.sums
			}
			w.enter(next, &old)
		}
	case n < 88:
		if old, ok := w.any(); ok {
			name := "cancel"
			if old.hold {
				name = "release"
			}
			w.played(&booking.Booking{ID: old.id, AppID: w.app.ID}, name)
			delete(w.hall.in, old.id)
		}
	case n < 95:
		w.event()
	default:
		before := w.hall.capacity
		w.hall.capacity = 2 + w.dice.IntN(3)
		if w.hall.capacity < before {
			w.counts["lowered"]++
		}
		w.setCapacity(w.hall.capacity)
	}
}

func (w *wanderer) wish() occupant {
	o := occupant{id: newID(), units: 1 + w.dice.IntN(2)*w.dice.IntN(3), from: w.dice.IntN(40), careless: w.dice.IntN(3) == 0, hold: w.dice.IntN(4) == 0}
	o.to = o.from + 1 + w.dice.IntN(8)
	if w.dice.IntN(2) == 0 {
		o.before, o.after, o.sums = w.dice.IntN(3), w.dice.IntN(3), w.dice.IntN(4) == 0
	}
	return o
}

// any is one of the bookings, if there is one.
func (w *wanderer) any() (occupant, bool) {
	var all []occupant
	for _, o := range w.hall.in {
		if o.units > 0 {
			all = append(all, o)
		}
	}
	if len(all) == 0 {
		return occupant{}, false
	}
	return all[w.dice.IntN(len(all))], true
}

// enter books an occupant, in the place of another one if that is not nil, by a claim or by the commit alone.
func (w *wanderer) enter(o occupant, old *occupant) {
	w.t.Helper()
	graph, ours := "instant", []uuid.UUID{}
	if o.hold && old == nil {
		graph = "reservation"
	}
	v := w.booking(o, graph)
	if old != nil {
		o.hold = false
		ours = append(ours, old.id)
		v.Related.RescheduledFrom = &old.id
		if old.hold {
			v.Related = booking.Related{Reservation: &old.id}
		}
	}
	fits := w.hall.fits(o, ours...)
	what := fmt.Sprintf("%+v instead of %+v among %+v", o, old, w.hall)
	if err := w.HasRoom(w.ctx, v, takesSlot); (err == nil) != fits {
		w.t.Fatalf("%s: the look says %v", what, err)
	}
	w.decide(v, fits, what)
	switch {
	case fits && old == nil:
		w.counts["fits"]++
	case fits && old.hold:
		w.counts["became"]++
	case fits:
		w.counts["moved"]++
	case old == nil:
		w.counts["refused"]++
	default:
		w.counts["stayed"]++
	}
	if fits {
		w.hall.in[o.id] = o
		if old != nil {
			delete(w.hall.in, old.id)
		}
	}
}

func (w *wanderer) decide(v *booking.Booking, fits bool, what string) {
	w.t.Helper()
	if w.dice.IntN(2) == 0 {
		_, out := w.book(v)
		if (out.Result == booking.ResultApplied) != fits {
			w.t.Fatalf("%s: the commit says %+v", what, out)
		}
		return
	}
	a, err := w.try(v)
	if (err == nil) != fits || err != nil && fault.CodeOf(err) != fault.SlotTaken {
		w.t.Fatalf("%s: the claim says %v", what, err)
	}
	if err == nil {
		if out := must(w.Commit(w.ctx, commit(v, a))); out.Result != booking.ResultApplied {
			w.t.Fatalf("%s: a claim that was won: %+v", what, out)
		}
	}
}

// event puts an event there, or takes one away.
func (w *wanderer) event() {
	w.t.Helper()
	for id, o := range w.hall.in {
		if o.units == 0 && w.dice.IntN(3) > 0 {
			check(w.t, w.DeleteCalendarEvent(w.ctx, w.app.ID, id))
			delete(w.hall.in, id)
			return
		}
	}
	o := w.wish()
	o.units, o.before, o.after, o.sums, o.careless, o.hold = 0, 0, 0, false, false, false
	o.from, o.to = 36+w.dice.IntN(12), 50 // where fewer bookings are
	if o.allDay = w.dice.IntN(2) == 0; o.allDay {
		o.from, o.to = -4+96*w.dice.IntN(2), 92+96*w.dice.IntN(2) // a day of the resource's zone, or two, or the next
		o.to = max(o.to, o.from+96)
	}
	v := w.at("instant", float64(o.from)/4, float64(o.to)/4)
	e := &booking.CalendarEvent{
		ID: o.id, AppID: w.app.ID, Resource: *w.resource, CalendarID: w.calendar.ID, Start: v.Start, End: v.End, AllDay: o.allDay,
		StartDate: monday.AddDate(0, 0, (o.from+4)/96), EndDate: monday.AddDate(0, 0, (o.to+4)/96),
	}
	if !o.allDay {
		e.StartDate, e.EndDate = time.Time{}, time.Time{}
	}
	err := w.CreateCalendarEvent(w.ctx, e)
	if (err == nil) != w.hall.clear(o) || err != nil && fault.CodeOf(err) != fault.SlotTaken {
		w.t.Fatalf("an event %+v among %+v: %v", o, w.hall, err)
	}
	if err != nil {
		w.counts["no event"]++
		return
	}
	w.counts["event"]++
	w.hall.in[o.id] = o
}
