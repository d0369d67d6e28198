package availability

import "slices"

// layPoints gives every lane the points where its slots may begin; packed ones lie in what each lane has. A query
// without a length needs none.
func (p *plan) layPoints(of func(*lane) []stretch) {
	switch {
	case p.length == 0 || len(p.lanes) == 0:
	case p.Mode == Mutual:
		p.layCommonPoints(of)
	default:
		for i := range p.lanes {
			if g := p.lanes[i].ground; p.stepDays > 1 {
				p.setAnchor(g, []*ground{g})
			}
			p.lanes[i].lay(p, of(&p.lanes[i]))
		}
	}
}

func (p *plan) layCommonPoints(of func(*lane) []stretch) {
	first := &p.lanes[0]
	if p.stepDays > 1 {
		var all []*ground
		for i := range p.lanes {
			if g := p.lanes[i].ground; !slices.Contains(all, g) {
				all = append(all, g)
			}
		}
		p.setAnchor(first.ground, all)
	}
	first.lay(p, p.common(of))
	for i := range p.lanes {
		p.lanes[i].laid, p.lanes[i].points = first.laid, first.points
	}
}

func (l *lane) lay(p *plan, free []stretch) {
	if p.RoundToHour {
		l.laid, l.points = l.allowed, p.wallPoints(l.ground)
		return
	}
	l.laid, l.points = free, p.packed(free, l.ground)
}

// wallPoints lays the points of whole hours and steps on the wall clock over what is allowed.
func (p *plan) wallPoints(g *ground) []int64 {
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
func (p *plan) pointsOf(g *ground, s stretch, segs []segment, points []int64) []int64 {
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
func (p *plan) packed(free []stretch, g *ground) []int64 {
	points := []int64{}
	for _, s := range free {
		from := s.from
		if from < g.dawn {
			from = g.morning
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
func (p *plan) packedDays(s stretch, g *ground, points []int64) []int64 {
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
