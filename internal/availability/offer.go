package availability

import (
	"cmp"
	"slices"
)

// offered is what Slots answers.
func (p *plan) offered() []Slot {
	if p.length == 0 {
		return p.sweep(p.each(freeOf), p.precedence(), p.choose)
	}
	return p.merge(p.starts(freeOf), p.precedence(), p.choose)
}

// starts returns, for each lane, the slots within the query that lie in what the lane has.
func (p *plan) starts(of func(*lane) []stretch) [][]stretch {
	lists := make([][]stretch, len(p.lanes))
	for i := range p.lanes {
		lists[i] = p.fitting(&p.lanes[i], of(&p.lanes[i]))
	}
	return lists
}

// fitting returns the slots from the lane's points that lie within the query and within a list.
func (p *plan) fitting(l *lane, list []stretch) []stretch {
	first, _ := slices.BinarySearch(l.points, p.from)
	last, _ := slices.BinarySearch(l.points, p.to)
	var fit []stretch
	for _, at := range l.points[first:max(first, last)] {
		for len(list) > 0 && list[0].to <= at {
			list = list[1:]
		}
		if len(list) == 0 {
			break
		}
		if end := p.end(l, at); list[0].from <= at && end <= min(list[0].to, p.to) {
			fit = append(fit, stretch{at, end})
		}
	}
	return fit
}

// merge makes one slot of each start that enough lanes have, with one end unless a choice of one is made; it uses the lists
// up.
func (p *plan) merge(lists [][]stretch, order []int, choose func([]int) []int) []Slot {
	most, sum := 0, 0
	for _, list := range lists {
		most, sum = max(most, len(list)), sum+len(list)
	}
	slots, names := make([]Slot, 0, most), make([]int, 0, sum)
	for at, more := earliest(lists); more; at, more = earliest(lists) {
		before := len(names)
		for _, i := range order {
			if len(lists[i]) == 0 || lists[i][0].from != at.from || lists[i][0].to != at.to && !p.roundRobin() {
				continue
			}
			if len(names) == before {
				at.to = lists[i][0].to
			}
			lists[i] = lists[i][1:]
			names = append(names, i)
		}
		if chosen := choose(names[before:]); len(chosen) > 0 {
			slots = append(slots, slotOf(at, slices.Clip(chosen)))
		}
	}
	return slots
}

// earliest is the first slot of all, by its start and then by its end.
func earliest(lists [][]stretch) (first stretch, some bool) {
	for _, list := range lists {
		if len(list) > 0 && (!some || compare(list[0], first) < 0) {
			first, some = list[0], true
		}
	}
	return first, some
}

func compare(a, b stretch) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) }

// sweep cuts what enough lanes have within the query where the choice changes; it uses the lists up.
func (p *plan) sweep(lists [][]stretch, order []int, choose func([]int) []int) []Slot {
	var slots []Slot
	for from := p.from; from < p.to; {
		have, to := p.haveAt(from, lists, order)
		slots = addStretch(slots, stretch{from, to}, choose(have))
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
