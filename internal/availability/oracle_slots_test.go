package availability

import (
	"maps"
	"slices"
)

// points marks, for each resource, where slots may begin; packed ones are laid into what of returns.
func (o *oracle) points(of func(minutes) []bool) [][]bool {
	var all [][]bool
	for i, m := range o.lanes {
		counts := o.counting(i)
		if o.q.Mode == Mutual && i == 0 {
			counts = o.counting(o.q.inOrder()...)
		}
		switch {
		case o.q.Mode == Mutual && i > 0:
			all = append(all, all[0])
		case o.q.RoundToHour:
			all = append(all, o.wallPoints(m, counts))
		case o.q.Mode == Mutual:
			all = append(all, o.packedPoints(o.everybody(of), m.wall, counts))
		default:
			all = append(all, o.packedPoints(of(m), m.wall, counts))
		}
	}
	return all
}

func (o *oracle) everybody(of func(minutes) []bool) []bool {
	all := slices.Clone(of(o.lanes[0]))
	for _, m := range o.lanes {
		for k, is := range of(m) {
			all[k] = all[k] && is
		}
	}
	return all
}

func freeMinutes(m minutes) []bool    { return m.free }
func allowedMinutes(m minutes) []bool { return m.allowed }

// chosen is the answer of a mode to those that could.
func (o *oracle) chosen(could []int) []int {
	switch {
	case len(could) == 0 || o.q.Mode == Mutual && len(could) < len(o.lanes):
		return nil
	case o.q.Mode == RoundRobinPrioritized:
		return could[:1]
	case o.q.Mode == RoundRobinRandom:
		for _, i := range o.q.precedence() { // that it is a shuffle is tested by itself
			if slices.Contains(could, i) {
				return []int{i}
			}
		}
	}
	return could
}

// groups are the resources that could have a slot at a minute, in groups that make one offer: by their end, unless the mode
// makes a choice of one.
func (o *oracle) groups(could []int, k int) [][]int {
	if len(could) == 0 || o.q.Mode == RoundRobinPrioritized || o.q.Mode == RoundRobinRandom {
		return [][]int{could}
	}
	byEnd := map[int][]int{}
	for _, i := range could {
		byEnd[o.end(i, k)] = append(byEnd[o.end(i, k)], i)
	}
	var groups [][]int
	for _, end := range slices.Sorted(maps.Keys(byEnd)) {
		groups = append(groups, byEnd[end])
	}
	return groups
}

// could are the resources of which a slot at a minute lies in what is marked.
func (o *oracle) could(points [][]bool, marked func(minutes) []bool, k int) (list []int) {
	for i, m := range o.lanes {
		if points[i][k] && !m.closed[k] && o.inWindow(k, o.end(i, k)) && o.fits(marked(m), k, o.end(i, k)) {
			list = append(list, i)
		}
	}
	return list
}

// slots is what Slots should answer to a query with a length.
func (o *oracle) slots() []Slot {
	var slots []Slot
	points := o.points(freeMinutes)
	for k := range o.minutes() {
		for _, could := range o.groups(o.could(points, freeMinutes, k), k) {
			if named := o.chosen(could); named != nil {
				slots = append(slots, Slot{o.time(k), o.time(o.end(named[0], k)), named})
			}
		}
	}
	return slots
}

// taken is what Taken should answer to a query with a length.
func (o *oracle) taken() []Slot {
	var slots []Slot
	points := o.points(allowedMinutes)
	for k := range o.minutes() {
		all, free := o.could(points, allowedMinutes, k), o.could(points, freeMinutes, k)
		if len(all) == 0 || o.q.Mode == Mutual && (len(all) < len(o.lanes) || len(free) == len(all)) || o.q.Mode != Mutual && len(free) > 0 {
			continue
		}
		for _, could := range o.groups(all, k) {
			busy := slices.DeleteFunc(slices.Clone(could), func(i int) bool { return slices.Contains(free, i) })
			slots = append(slots, Slot{o.time(k), o.time(o.end(could[0], k)), busy})
		}
	}
	return slots
}

func (o *oracle) minutes() int {
	if len(o.lanes) == 0 {
		return 0
	}
	return len(o.lanes[0].wall)
}

// stretches is what Slots, or Taken, should answer to a query without a length.
func (o *oracle) stretches(taken bool) []Slot {
	var slots []Slot
	for k := range o.minutes() {
		if t := o.time(k); t.Before(o.q.From) || !t.Before(o.q.To) {
			continue
		}
		named := o.namedAt(k, taken)
		last := len(slots) - 1
		switch {
		case len(named) == 0:
		case last >= 0 && slots[last].End.Equal(o.time(k)) && slices.Equal(slots[last].Resources, named):
			slots[last].End = o.time(k + 1)
		default:
			slots = append(slots, Slot{o.time(k), o.time(k + 1), named})
		}
	}
	return slots
}

func (o *oracle) namedAt(k int, taken bool) []int {
	var could, free, busy []int
	for i, m := range o.lanes {
		if m.allowed[k] && !m.closed[k] {
			could = append(could, i)
			if m.free[k] {
				free = append(free, i)
			} else {
				busy = append(busy, i)
			}
		}
	}
	switch {
	case !taken:
		return o.chosen(free)
	case o.chosen(could) != nil && o.chosen(free) == nil:
		return busy
	}
	return nil
}
