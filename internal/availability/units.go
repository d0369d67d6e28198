package availability

import (
	"cmp"
	"slices"
)

// BufferSide is a part of a buffer.
type BufferSide string

// The parts of a buffer.
const (
	BufferBefore BufferSide = "before"
	BufferAfter  BufferSide = "after"
)

// Capacity is the reason that fewer units are left than the query asks for: Left.
const Capacity Why = "capacity"

// units is how many units a slot takes.
func (q *Query) units() int { return max(q.Units, 1) }

// countsUnits reports whether the units of a resource are counted. Of one unit, any busy range keeps all, unless a slot needs more than
// that one.
func (q *Query) countsUnits(r *Resource) bool { return r.Capacity > 1 || q.units() > 1 }

// capacity is how many units there are of a resource.
func (r *Resource) capacity() int { return max(r.Capacity, 1) }

// load is what is taken of a resource at a moment: by things, by all-day events, and by what lies before and after things.
type load struct{ in, days, before, after int }

// level is a load from a moment on until the next one.
type level struct {
	at int64
	load
}

// taken is how many units a load takes of what a slot needs for itself. What lies before things may lie above what lies after others.
func (l load) taken() int { return l.in + l.days + max(l.before, l.after) }

// levels are the loads of a resource's busy ranges, in order of time: before the first and from the last one on nothing is taken.
func (q *Query) levels(r *Resource, busy []Busy) []level {
	steps := make([]level, 0, 2*len(busy))
	for i := range busy {
		b := &busy[i]
		from, to := instant(b.Start), instant(b.End)
		if from >= to || b.AllDay && q.IgnoreAllDay {
			continue
		}
		n := b.Units
		if n == 0 {
			n = r.capacity()
		}
		plus, minus := level{at: from}, level{at: to}
		switch {
		case b.AllDay:
			plus.days, minus.days = n, -n
		case b.Side == BufferBefore:
			plus.before, minus.before = n, -n
		case b.Side == BufferAfter:
			plus.after, minus.after = n, -n
		default:
			plus.in, minus.in = n, -n
		}
		steps = append(steps, plus, minus)
	}
	slices.SortFunc(steps, func(a, b level) int { return cmp.Compare(a.at, b.at) })
	return summed(steps)
}

// summed adds up changes in order of time, one level for each moment.
func summed(steps []level) []level {
	all := steps[:0]
	var now load
	for _, s := range steps {
		now = load{now.in + s.in, now.days + s.days, now.before + s.before, now.after + s.after}
		if last := len(all) - 1; last >= 0 && all[last].at == s.at {
			all[last].load = now
			continue
		}
		all = append(all, level{s.at, now})
	}
	return all
}

// full is the time in which no slot's own range may lie, since its units, or those of its buffer, are not free all the time.
func (q *Query) full(r *Resource, busy []Busy) []stretch {
	if q.units() > r.capacity() {
		return []stretch{{-farthest, farthest}}
	}
	var list []stretch
	levels := q.levels(r, busy)
	for i := range levels[:max(len(levels)-1, 0)] {
		now, s := levels[i].load, stretch{levels[i].at, levels[i+1].at}
		if now.taken()+q.units() > r.capacity() {
			list = append(list, s)
		}
		now.days = 0 // a buffer may reach into all-day events
		before, after := now, now
		switch {
		case q.SumBuffers:
			before.in, after.in = now.in+q.units(), now.in+q.units()
		default:
			before.before, after.after = now.before+q.units(), now.after+q.units()
		}
		if n := before.taken(); n > r.capacity() && n > now.taken() {
			list = append(list, stretch{s.from, s.to + span(q.BufferBefore)})
		}
		if n := after.taken(); n > r.capacity() && n > now.taken() {
			list = append(list, stretch{s.from - span(q.BufferAfter), s.to})
		}
	}
	return join(list)
}

// UnitsLeft returns how many units of a resource, by its position, are left all through a slot; 0 of an overfull one. It is made once for
// an answer.
func (q *Query) UnitsLeft() func(resource int, slot Slot) int {
	made := make([][]level, len(q.Resources))
	return func(i int, slot Slot) int {
		r := &q.Resources[i]
		if made[i] == nil {
			made[i] = q.levels(r, r.Busy)
		}
		return r.left(made[i], stretch{instant(slot.Start), instant(slot.End)})
	}
}

// left is what is left of a resource all through a stretch.
func (r *Resource) left(levels []level, s stretch) int {
	most := 0
	at, found := slices.BinarySearchFunc(levels, s.from, func(l level, from int64) int { return cmp.Compare(l.at, from) })
	if !found {
		at--
	}
	for i := max(at, 0); i < len(levels) && levels[i].at < s.to; i++ {
		most = max(most, levels[i].taken())
	}
	return max(r.capacity()-most, 0)
}

// busyAgainst says what is in the way of a slot with a resource, by things or by counts of units.
func busyAgainst(p *plan, i int, s stretch) []Reason {
	if r := &p.Resources[i]; !p.countsUnits(r) {
		return p.thingsAgainst(r.Busy, s)
	}
	return unitsAgainst(p, i, s)
}

// unitsAgainst names each thing that takes all units, as itself or as a buffer, and what is left if others leave too few.
func unitsAgainst(p *plan, i int, s stretch) []Reason {
	r := &p.Resources[i]
	rest := slices.DeleteFunc(slices.Clone(r.Busy), func(b Busy) bool { return b.Units == 0 })
	list := p.thingsAgainst(slices.DeleteFunc(slices.Clone(r.Busy), func(b Busy) bool { return b.Units > 0 }), s)
	if len(intersect(p.full(r, rest), []stretch{s})) == 0 {
		return list
	}
	return append(list, Reason{Why: Capacity, Left: r.left(p.levels(r, rest), s)})
}
