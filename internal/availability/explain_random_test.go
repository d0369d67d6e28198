package availability

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// explains holds every verdict about a minute to what Slots says and, reason by reason, to what the minutes show.
func (s story) explains(t *testing.T, o *oracle, points [][]bool, slots []Slot, k int) {
	t.Helper()
	start := o.time(k)
	named := []int{}
	for _, slot := range slots {
		if slot.Start.Equal(start) || s.Length == 0 && slot.Start.Before(start) && start.Before(slot.End) {
			named = append(named, slot.Resources...)
		}
	}
	for i, v := range s.Explain(start) {
		if want := o.time(o.end(i, k)); !v.End.Equal(want) {
			t.Fatalf("at %s: with %d it ends at %s, want %s: %s", start, i, v.End, want, s)
		}
		if v.Resource != i || v.Offered != slices.Contains(named, i) {
			t.Fatalf("at %s: %+v, but it is offered with %v: %s", start, v, named, s)
		}
		got, want := whys(v.Reasons), []Why(nil)
		if !v.Offered {
			want = o.whys(i, k, points)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("at %s resource %d: %v, want %v: %s", start, i, v.Reasons, want, s)
		}
	}
}

// whys are the different kinds of reasons, in order of the alphabet.
func whys(reasons []Reason) []Why {
	var list []Why
	for _, r := range reasons {
		list = append(list, r.Why)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// whys says what a minute by minute look finds against a slot that is not offered.
func (o *oracle) whys(i, k int, points [][]bool) []Why {
	m, end := o.lanes[i], max(o.end(i, k), k+1)
	var list []Why
	if o.time(k).Before(o.q.From) {
		list = append(list, BeforeWindow)
	}
	if o.length > 0 && o.time(end).After(o.q.To) || !o.time(k).Before(o.q.To) {
		list = append(list, AfterWindow)
	}
	if slices.Contains(m.allowed[k:end], false) {
		list = append(list, Rule)
	}
	if m.closed[k] {
		list = append(list, Policy)
	}
	list = append(list, o.busyWhys(i, k)...)
	laid := o.lanes[0].allowed
	switch {
	case o.q.RoundToHour && o.q.Mode != Mutual:
		laid = m.allowed
	case !o.q.RoundToHour && o.q.Mode == Mutual:
		laid = o.everybody(freeMinutes)
	case !o.q.RoundToHour:
		laid = m.free
	}
	if o.length > 0 && !slices.Contains(list, BeforeWindow) && o.time(k).Before(o.q.To) && laid[k] && !points[i][k] {
		list = append(list, OffGrid)
	}
	switch {
	case len(list) == 0 && o.q.Mode == Mutual:
		return []Why{OtherBusy}
	case len(list) == 0:
		return []Why{NotChosen}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func (o *oracle) busyWhys(i, k int) []Why {
	var list []Why
	r := &o.q.Resources[i]
	things := r.Busy
	if o.counts(r) {
		things = slices.DeleteFunc(slices.Clone(r.Busy), func(b Busy) bool { return b.Units > 0 })
		free := slices.Repeat([]bool{true}, len(o.lanes[i].wall))
		o.markFull(free, r, slices.DeleteFunc(slices.Clone(r.Busy), func(b Busy) bool { return b.Units == 0 }))
		if slices.Contains(free[k:max(o.end(i, k), k+1)], false) {
			list = append(list, Capacity)
		}
	}
	for _, b := range things {
		// Without a length the package asks for a moment, which is not longer than a minute of the oracle.
		start, end := o.time(k), o.time(max(o.end(i, k), k+1))
		inside := b.Start.Before(end) && start.Before(b.End)
		near := b.Start.Before(end.Add(o.q.BufferAfter)) && start.Add(-o.q.BufferBefore).Before(b.End)
		switch {
		case b.AllDay && o.q.IgnoreAllDay || !b.Start.Before(b.End):
		case inside && !b.Guard:
			list = append(list, Why(b.Kind))
		case inside || near && !b.AllDay && (!b.Guard || b.Sums || o.q.SumBuffers):
			list = append(list, Buffer)
		}
	}
	return list
}

func TestExplainAgreesWithSlots(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(8, 9))
	offered := 0
	for range rounds(120) {
		zones := []*time.Location{zoneNamed(t, pick(r, oddZones...)), zoneNamed(t, pick(r, oddZones...))}
		from := time.Date(2026, 1, 1, 0, r.IntN(525_600), 0, 0, time.UTC)
		s := someStory(t, r, from, zones[:1+r.IntN(2)]...)
		o := newOracle(t, s.Query, s.common, s.own)
		points, slots := s.pointsOrNone(o), s.Slots()
		for _, slot := range slots[:min(len(slots), 5)] {
			s.explains(t, o, points, slots, o.index(slot.Start))
			offered++
		}
		for range 12 {
			k := o.index(s.From) - 120 + r.IntN(int(s.To.Sub(s.From)/time.Minute)+240)
			s.explains(t, o, points, slots, k)
		}
		for k := range points[0] { // points that are not offered
			if points[0][k] && r.IntN(40) == 0 && o.inWindow(k, o.end(0, k)) {
				s.explains(t, o, points, slots, k)
			}
		}
	}
	if offered < rounds(100) {
		t.Fatalf("only %d of the slots were offered", offered)
	}
}

func (s story) pointsOrNone(o *oracle) [][]bool {
	if s.Length == 0 {
		return make([][]bool, len(o.lanes))
	}
	return o.points(freeMinutes)
}
