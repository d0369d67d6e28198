package availability

import "slices"

// taken is what Taken answers: what an empty calendar would offer, less what is offered.
func (p *plan) taken() []Slot {
	if p.length == 0 {
		return p.takenStretches()
	}
	var taken []Slot
	offered := p.merge(p.starts(freeOf), p.inOrder(), p.enough, 0)
	for _, slot := range p.merge(p.starts(allowedOf), p.inOrder(), p.enough, 0) {
		for len(offered) > 0 && offered[0].Start.Before(slot.Start) {
			offered = offered[1:]
		}
		if len(offered) == 0 || !offered[0].Start.Equal(slot.Start) {
			slot.Resources = p.busyAmong(slot)
			taken = append(taken, slot)
		}
	}
	return taken
}

// busyAmong leaves those resources of a slot that are busy then.
func (p *plan) busyAmong(slot Slot) []int {
	at := instant(slot.Start)
	return slices.DeleteFunc(slot.Resources, func(i int) bool {
		return covers(p.lanes[i].free, stretch{at, p.end(&p.lanes[i], at)})
	})
}

func (p *plan) takenStretches() []Slot {
	missing := subtract(p.joint(allowedOf), p.joint(freeOf))
	lists := make([][]stretch, len(p.lanes))
	for i := range p.lanes {
		lists[i] = intersect(missing, subtract(p.lanes[i].allowed, p.lanes[i].free))
	}
	return p.sweep(lists, p.inOrder(), func(have []int) []int { return have }, p.Most)
}

// joint is the time that enough lanes have.
func (p *plan) joint(of func(*lane) []stretch) []stretch {
	if p.Mode == Mutual {
		return p.common(of)
	}
	return join(slices.Concat(p.each(of)...))
}
