package availability

import "slices"

// taken is what Taken answers: what an empty calendar would offer, less what is offered. Both are walked side by side, so that only
// what is taken is ever in memory.
func (p *plan) taken() []Slot {
	if p.length == 0 {
		return p.takenStretches()
	}
	var taken []Slot
	offers := merger{p: p, lanes: p.starts(freeOf), order: p.inOrder(), choose: p.enough, beside: besideFreeOf}
	all := merger{p: p, lanes: p.starts(allowedOf), order: p.inOrder(), choose: p.enough, beside: besideOf}
	named := 0
	offered, by := offers.next()
	for at, who := all.next(); len(who) > 0 && !p.done(named, p.Most); at, who = all.next() {
		for len(by) > 0 && offered.from < at.from {
			offers.names = offers.names[:0]
			offered, by = offers.next()
		}
		if len(by) == 0 || offered.from != at.from {
			busy := p.busyAmong(at, who)
			taken, named = append(taken, slotOf(at, busy)), named+len(busy)
		}
		all.names = all.names[:0]
	}
	return taken
}

// busyAmong returns those resources of a slot that are busy then.
func (p *plan) busyAmong(at stretch, who []int) (busy []int) {
	for _, i := range who {
		if !covers(p.resourcePlans[i].free, stretch{at.from, p.end(&p.resourcePlans[i], at.from)}) {
			busy = append(busy, i)
		}
	}
	return busy
}

func (p *plan) takenStretches() []Slot {
	missing := subtract(p.joint(allowedOf), p.joint(freeOf))
	lists := make([][]stretch, len(p.resourcePlans))
	for i := range p.resourcePlans {
		lists[i] = intersect(missing, p.resourcePlans[i].open(subtract(p.resourcePlans[i].allowed, p.resourcePlans[i].free)))
	}
	return p.sweep(lists, p.inOrder(), func(have []int) []int { return have }, p.Most)
}

// joint is the time that enough lanes have.
func (p *plan) joint(of func(*resourcePlan) []stretch) []stretch {
	if p.mutual() {
		return p.common(of)
	}
	return join(slices.Concat(p.each(of)...))
}
