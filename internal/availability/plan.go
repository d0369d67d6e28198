package availability

import (
	"slices"
	"time"
)

// plan is a query in instants: a lane for each resource, in the query's order.
type plan struct {
	*Query
	from, to      int64
	early         int64 // before the day before the query's first day, in any zone; everything is computed from here on
	length, step  int64
	days          int64 // of the length, by the calendar; each is 24 hours in length
	stepDays      int64 // of the step, if it is a day or longer; else 0
	resourcePlans []resourcePlan
	turns         int // of the work, to ask now and then whether to stop
}

// lookBack reaches from any moment to before the day before, even over a date that a zone skips.
const lookBack = 3 * day

// resourcePlan is one resource in a plan.
type resourcePlan struct {
	*zoneRules
	free          []stretch  // what is allowed and not kept by busy time
	candidateBase []stretch  // where the points lie
	closed        []stretch  // in which no slot begins
	points        []int64    // where slots may begin, whether or not they fit, in order
	ends          *zoneRules // by whose calendar slots end

	beside, besideFree []stretch // what its own rules allow, and what of it is free; only where the query has needs
}

// zoneRules is what resources with the same zone and the same rules share.
type zoneRules struct {
	zone         *time.Location
	unknown      bool // the zone is not known: nothing is allowed
	rules        Constraints
	segs         []segment
	allowed      []stretch
	points       []int64 // on the wall clock; nil until asked for
	prevDayStart int64   // the first instant of the day before the query's first day
	dayStart     int64   // the first instant of that first day
	anchor       *int64  // the date from which every n-th is counted; nil until asked for
}

func newPlan(q *Query) *plan {
	p := q.inInstants()
	var grounds []*zoneRules
	for i := range q.Resources {
		r := &q.Resources[i]
		g := p.zoneRulesOf(r, &grounds)
		l := resourcePlan{zoneRules: g, free: subtract(g.allowed, q.keptOf(r)), closed: closedOf(r), ends: g}
		if q.mutual() && i > 0 {
			l.ends = p.resourcePlans[0].zoneRules
		}
		if len(q.Needs) > 0 {
			l.beside, l.besideFree = q.beside(r)
		}
		p.resourcePlans = append(p.resourcePlans, l)
	}
	return p
}

// inInstants is the plan without its resources.
func (q *Query) inInstants() *plan {
	p := &plan{Query: q, from: instant(q.From), to: instant(q.To), length: span(q.Length), step: span(q.Step)}
	p.early = p.from - lookBack
	if p.step == 0 {
		p.step = min(p.length, day)
	}
	p.step = max(p.step, minute)
	p.stepDays = p.step / day
	p.days = min(max(int64(q.LengthDays), 0), p.length/day)
	return p
}

// zoneRulesOf returns what a resource shares with those that came before it. What it is the first to have is added to them.
func (p *plan) zoneRulesOf(r *Resource, all *[]*zoneRules) *zoneRules {
	for _, g := range *all {
		if g.zone == zoneOf(r) && g.unknown == r.UnknownZone && slices.Equal(g.rules, r.Rules) {
			return g
		}
	}
	g := p.newZoneRules(r)
	*all = append(*all, g)
	return g
}

func (p *plan) newZoneRules(r *Resource) *zoneRules {
	g := &zoneRules{zone: zoneOf(r), unknown: r.UnknownZone, rules: r.Rules}
	today := dateOf(p.from, g.zone)
	g.prevDayStart, g.dayStart = firstOf(today-1, g.zone), firstOf(today, g.zone)
	g.segs = segments(g.zone, p.early, p.to)
	if !g.unknown {
		g.allowed = intersect(p.Rules.allowed(g.segs), r.Rules.allowed(g.segs))
	}
	return g
}

// zoneOf returns the zone of a resource; UTC if it has none.
func zoneOf(r *Resource) *time.Location {
	if r.Zone == nil {
		return time.UTC
	}
	return r.Zone
}

// keptOf is the time of a resource in which no slot's own range may lie.
func (q *Query) keptOf(r *Resource) []stretch {
	if q.countsUnits(r) {
		return q.full(r, r.Busy)
	}
	return q.kept(r.Busy)
}

// kept is the time in which no slot's own range may lie.
func (q *Query) kept(busy []Busy) []stretch {
	list := make([]stretch, 0, len(busy))
	for i := range busy {
		if s := q.keeps(&busy[i]); s.from < s.to {
			list = append(list, s)
		}
	}
	return join(list)
}

// keeps is the time that a busy range keeps free of slots. That a slot widened by the buffer overlaps the range is the
// same as that the slot itself overlaps the range widened by the buffer. It is empty if the range does not count.
func (q *Query) keeps(b *Busy) stretch {
	s := stretch{instant(b.Start), instant(b.End)}
	switch {
	case s.from >= s.to, b.AllDay && q.IgnoreAllDay:
		return stretch{}
	case b.AllDay, b.Guard && !b.Sums && !q.SumBuffers:
		return s
	}
	return stretch{s.from - span(q.BufferAfter), s.to + span(q.BufferBefore)}
}

// closedOf are the ranges of starts that the resource's policy excludes.
func closedOf(r *Resource) []stretch {
	var list []stretch
	for _, c := range r.Closed {
		s := stretch{-farthest, farthest}
		if !c.From.IsZero() {
			s.from = instant(c.From)
		}
		if !c.To.IsZero() {
			s.to = instant(c.To)
		}
		list = append(list, s)
	}
	return join(list)
}

// open is what is left of a list once the starts that are closed are taken away: for whole free stretches.
func (l *resourcePlan) open(list []stretch) []stretch {
	if len(l.closed) == 0 {
		return list
	}
	return subtract(list, l.closed)
}

func allowedOf(l *resourcePlan) []stretch { return l.allowed }
func freeOf(l *resourcePlan) []stretch    { return l.free }

// each returns what every lane has of something, and common what all of them have.
func (p *plan) each(of func(*resourcePlan) []stretch) [][]stretch {
	lists := make([][]stretch, len(p.resourcePlans))
	for i := range p.resourcePlans {
		lists[i] = of(&p.resourcePlans[i])
		if p.length == 0 {
			lists[i] = p.resourcePlans[i].open(lists[i])
		}
	}
	return lists
}

func (p *plan) common(of func(*resourcePlan) []stretch) []stretch {
	var all []stretch
	for i, list := range p.each(of) {
		if i == 0 {
			all = list
			continue
		}
		all = intersect(all, list)
	}
	return all
}
