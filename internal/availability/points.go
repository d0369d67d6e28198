package availability

import "slices"

// placePoints gives every lane the points where its slots may begin; packed ones lie in what each lane has. A query
// without a length needs none.
func (p *plan) placePoints(of func(*resourcePlan) []stretch) {
	switch {
	case p.length == 0 || len(p.resourcePlans) == 0:
	case p.mutual():
		p.placeCommonPoints(of)
	default:
		for i := range p.resourcePlans {
			if g := p.resourcePlans[i].zoneRules; p.stepDays > 1 {
				p.setAnchor(g, []*zoneRules{g})
			}
			p.resourcePlans[i].placePoints(p, of(&p.resourcePlans[i]))
		}
	}
}

func (p *plan) placeCommonPoints(of func(*resourcePlan) []stretch) {
	first := &p.resourcePlans[0]
	if p.stepDays > 1 {
		var all []*zoneRules
		for i := range p.resourcePlans {
			if g := p.resourcePlans[i].zoneRules; !slices.Contains(all, g) {
				all = append(all, g)
			}
		}
		p.setAnchor(first.zoneRules, all)
	}
	first.placePoints(p, p.common(of))
	for i := range p.resourcePlans {
		p.resourcePlans[i].candidateBase, p.resourcePlans[i].points = first.candidateBase, first.points
	}
}

func (l *resourcePlan) placePoints(p *plan, free []stretch) {
	if p.RoundToHour {
		l.candidateBase, l.points = l.allowed, p.wallPoints(l.zoneRules)
		return
	}
	l.candidateBase, l.points = free, p.packed(free, l.zoneRules)
}

// wallPoints lays the points of whole hours and steps on the wall clock over what is allowed.
func (p *plan) wallPoints(g *zoneRules) []int64 {
	if g.points != nil {
		return g.points
	}
	points, segs := []int64{}, g.segs
	for _, s := range g.allowed {
		for segs[0].to <= s.from {
			segs = segs[1:]
		}
		points = p.pointsOf(g, s, segs, points)
	}
	g.points = points
	return points
}

// pointsOf walks one allowed stretch, segment by segment and in each day by day. The anchor is the day's first full
// hour in the stretch; it outlives a segment, so that points stay on the wall clock when clocks change within a day.
func (p *plan) pointsOf(g *zoneRules, s stretch, segs []segment, points []int64) []int64 {
	today, anchor := -farthest, int64(0)
	for _, seg := range segs {
		from, to := max(s.from, seg.from)+seg.offset, min(s.to, seg.to)+seg.offset
		for from < to {
			date := floor(from, day)
			if date != today {
				today, anchor = date, ceil(from, hour)*hour
			}
			evening := min(to, (date+1)*day)
			if !p.counts(date, g) {
				from = evening
				continue
			}
			for at := anchor + max(0, ceil(from-anchor, p.step))*p.step; at < evening; at += p.step {
				points = append(points, at-seg.offset)
			}
			from = evening
		}
	}
	return points
}

// packed lays points from the start of each free stretch; one that began earlier than the day before the query's first
// day counts from the first moment of that first day, because its true start may be anywhere.
func (p *plan) packed(free []stretch, g *zoneRules) []int64 {
	points := []int64{}
	for _, s := range free {
		from := s.from
		if from < g.prevDayStart {
			from = g.dayStart
		}
		from = ceil(from, minute) * minute
		if p.stepDays > 0 {
			points = p.packedDays(stretch{from, s.to}, g, points)
			continue
		}
		for at := from; at < s.to; at += p.step {
			points = append(points, at)
		}
	}
	return points
}

// packedDays keeps the time of day at which a stretch begins, on the dates that count.
func (p *plan) packedDays(s stretch, g *zoneRules, points []int64) []int64 {
	for n := int64(0); ; n++ {
		at := g.daysLater(s.from, n)
		if at >= s.to {
			return points
		}
		if p.counts(dateOf(at, g.zone), g) && (len(points) == 0 || points[len(points)-1] < at) {
			points = append(points, at)
		}
	}
}
