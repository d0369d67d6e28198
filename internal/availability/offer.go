package availability

import (
	"math"
	"slices"
)

// offered is what Slots answers.
func (p *plan) offered() []Slot {
	if p.length == 0 {
		return p.sweep(p.each(freeOf), p.precedence(), p.choose)
	}
	return p.merge(p.starts(freeOf), p.precedence(), p.choose)
}

// starts returns, for each lane, the points within the query from which a slot lies in what the lane has.
func (p *plan) starts(of func(*lane) []stretch) [][]int64 {
	lists := make([][]int64, len(p.lanes))
	for i := range p.lanes {
		points := p.lanes[i].points
		first, _ := slices.BinarySearch(points, p.from)
		last, _ := slices.BinarySearch(points, p.to-p.length+1)
		lists[i] = fitting(points[first:max(first, last)], of(&p.lanes[i]), p.length)
	}
	return lists
}

// merge makes one slot of each start that enough lanes have; it uses the lists up.
func (p *plan) merge(lists [][]int64, order []int, choose func([]int) []int) []Slot {
	most, sum := 0, 0
	for _, list := range lists {
		most, sum = max(most, len(list)), sum+len(list)
	}
	slots, names := make([]Slot, 0, most), make([]int, 0, sum)
	for at, more := earliest(lists); more; at, more = earliest(lists) {
		before := len(names)
		for _, i := range order {
			if len(lists[i]) > 0 && lists[i][0] == at {
				lists[i] = lists[i][1:]
				names = append(names, i)
			}
		}
		if chosen := choose(names[before:]); len(chosen) > 0 {
			slots = append(slots, slotOf(stretch{at, at + p.length}, slices.Clip(chosen)))
		}
	}
	return slots
}

func earliest(lists [][]int64) (at int64, some bool) {
	at = math.MaxInt64
	for _, list := range lists {
		if len(list) > 0 {
			at, some = min(at, list[0]), true
		}
	}
	return at, some
}

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
