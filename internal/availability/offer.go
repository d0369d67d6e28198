package availability

import "slices"

// offered returns the slots of Query.Slots.
func (p *plan) offered() []Slot {
	if p.length == 0 {
		return p.sweep(p.each(freeOf), p.precedence(), p.choose, p.Most)
	}
	return p.merge(p.starts(freeOf), p.precedence(), p.choose, p.Most)
}

// cursor walks over the slots of a lane that lie within the query and within what the lane has, in order.
type cursor struct {
	p      *plan
	l      *resourcePlan
	points []int64
	has    []stretch
	closed []stretch
	slot   stretch // the one it stands at
	more   bool    // there is one
}

// starts returns, for each lane, a cursor at its first slot in what the lane has.
func (p *plan) starts(of func(*resourcePlan) []stretch) []cursor {
	all := make([]cursor, len(p.resourcePlans))
	for i := range p.resourcePlans {
		l := &p.resourcePlans[i]
		if !p.leads(i) {
			continue
		}
		first, _ := slices.BinarySearch(l.points, p.from)
		last, _ := slices.BinarySearch(l.points, p.to)
		all[i] = cursor{p: p, l: l, points: l.points[first:max(first, last)], has: of(l), closed: l.closed}
		all[i].next()
	}
	return all
}

func (c *cursor) next() {
	for c.more = false; len(c.points) > 0; {
		at := c.points[0]
		c.points = c.points[1:]
		for len(c.has) > 0 && c.has[0].to <= at {
			c.has = c.has[1:]
		}
		if len(c.has) == 0 {
			return
		}
		for len(c.closed) > 0 && c.closed[0].to <= at {
			c.closed = c.closed[1:]
		}
		if len(c.closed) > 0 && c.closed[0].from <= at {
			continue
		}
		if end := c.p.end(c.l, at); c.has[0].from <= at && end <= min(c.has[0].to, c.p.to) {
			c.slot, c.more = stretch{at, end}, true
			return
		}
	}
}

// merge returns what a merger finds. More than most names end it; 0 is no end.
func (p *plan) merge(lanes []cursor, order []int, choose func([]int) []int, most int) []Slot {
	var slots []Slot
	m := merger{p: p, lanes: lanes, order: order, choose: choose, most: most, beside: besideFreeOf}
	for at, chosen := m.next(); len(chosen) > 0; at, chosen = m.next() {
		slots = append(slots, slotOf(at, chosen))
	}
	return slots
}

// merger makes one slot of each start that enough lanes have, with one end unless a choice of one is made; it uses the cursors
// up. The names of all slots are in one list, which is emptied when a slot is not needed any more.
type merger struct {
	p      *plan
	lanes  []cursor
	order  []int
	choose func([]int) []int
	most   int
	names  []int
	beside func(*resourcePlan) []stretch // what the others of the query's needs have
}

// next returns the next slot and the resources that it names; none at the end.
func (m *merger) next() (at stretch, chosen []int) {
	for at, more := earliest(m.lanes); more && !m.p.done(len(m.names), m.most); at, more = earliest(m.lanes) {
		before := len(m.names)
		for _, i := range m.order {
			c := &m.lanes[i]
			if !c.more || c.slot.from != at.from || c.slot.to != at.to && !m.p.roundRobin() {
				continue
			}
			slot := c.slot
			c.next()
			if len(m.p.lacking(i, slot, m.beside)) > 0 {
				continue
			}
			if len(m.names) == before {
				at.to = slot.to
			}
			m.names = append(m.names, i)
		}
		chosen := m.choose(m.names[before:])
		m.names = m.names[:before+len(chosen)]
		if len(chosen) > 0 {
			return at, slices.Clip(chosen)
		}
	}
	return stretch{}, nil
}

// done reports whether more resources are named than Query.Most, or Query.Stop is true, which is checked once in a while.
func (p *plan) done(names, most int) bool {
	if p.turns++; p.turns%256 == 0 && p.Stop != nil && p.Stop() {
		return true
	}
	return most > 0 && names > most
}

// earliest is the first slot of all, by its start and then by its end.
func earliest(lanes []cursor) (first stretch, some bool) {
	for i := range lanes {
		if c := &lanes[i]; c.more && (!some || c.slot.before(first)) {
			first, some = c.slot, true
		}
	}
	return first, some
}

func (s stretch) before(other stretch) bool {
	return s.from < other.from || s.from == other.from && s.to < other.to
}

// sweep cuts what enough lanes have within the query where the choice changes; it uses the lists up.
func (p *plan) sweep(lists [][]stretch, order []int, choose func([]int) []int, most int) []Slot {
	var slots []Slot
	names := 0
	for from := p.from; from < p.to && !p.done(names, most); {
		have, to := p.haveAt(from, lists, order)
		before := len(slots)
		if slots = addStretch(slots, stretch{from, to}, choose(have)); len(slots) > before {
			names += len(slots[before].Resources)
		}
		from = to
	}
	return slots
}

// haveAt returns the lanes that have an instant, and until when just they do. It drops what is over by then.
func (p *plan) haveAt(at int64, lists [][]stretch, order []int) (have []int, until int64) {
	until = p.to
	for _, i := range order {
		for len(lists[i]) > 0 && lists[i][0].to <= at {
			lists[i] = lists[i][1:]
		}
		switch {
		case len(lists[i]) == 0:
		case lists[i][0].from > at:
			until = min(until, lists[i][0].from)
		default:
			until = min(until, lists[i][0].to)
			have = append(have, i)
		}
	}
	return have, until
}

func addStretch(slots []Slot, s stretch, named []int) []Slot {
	slot := slotOf(s, named)
	switch last := len(slots) - 1; {
	case len(named) == 0:
		return slots
	case last >= 0 && slots[last].End.Equal(slot.Start) && slices.Equal(slots[last].Resources, named):
		slots[last].End = slot.End
		return slots
	}
	return append(slots, slot)
}

func slotOf(s stretch, named []int) Slot {
	return Slot{Start: moment(s.from), End: moment(s.to), Resources: named}
}
