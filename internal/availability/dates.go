package availability

import (
	"slices"
	"sort"
	"time"
)

// epoch is Monday, 1 January 2024, as a count of days since 1970: where dates are counted from if the rules name no period.
const epoch = 19_723

const (
	anchorDays    = 7  // that are looked through for an allowed date
	anchorPeriods = 32 // the earliest ones, that are looked through
)

// end returns when the slot ends that begins at a point of the lane.
func (p *plan) end(l *resourcePlan, at int64) int64 {
	if p.days == 0 {
		return at + p.length
	}
	return l.ends.daysLater(at, p.days) + p.length - p.days*day
}

// daysLater returns the instant at which the wall clock of the zone shows the same time so many dates later: see Span.From.
func (g *zoneRules) daysLater(at, days int64) int64 {
	later := at + days*day
	i := sort.Search(len(g.segs), func(i int) bool { return at < g.segs[i].to })
	if i < len(g.segs) && g.segs[i].from <= at && later < g.segs[i].to && later >= g.segs[i].from+widest {
		return later // no change of clocks is near
	}
	if days == 0 {
		return at
	}
	return instantOf(wallOf(at, g.zone)+days*day, g.zone)
}

// counts reports whether points lie on a date, if they lie on every n-th only.
func (p *plan) counts(date int64, g *zoneRules) bool {
	return p.stepDays <= 1 || (date-*g.anchor)%p.stepDays == 0
}

// setAnchor finds the date from which every n-th is counted, by the rules of all the grounds, in the zone of one.
func (p *plan) setAnchor(of *zoneRules, all []*zoneRules) {
	if of.anchor != nil {
		return
	}
	starts := p.periodStarts(of, all)
	of.anchor = &starts[0]
	for _, start := range starts {
		for date := start; date <= start+anchorDays; date++ {
			if p.allowsDate(date, of, all) {
				of.anchor = &date
				return
			}
		}
	}
}

// periodStarts are the dates on which the periods begin that are allowed, in order; the epoch if there are none.
func (p *plan) periodStarts(of *zoneRules, all []*zoneRules) []int64 {
	dates := p.Rules.periodStarts(of.zone)
	for _, g := range all {
		dates = append(dates, g.rules.periodStarts(of.zone)...)
	}
	if len(dates) == 0 {
		return []int64{epoch}
	}
	slices.Sort(dates)
	dates = slices.Compact(dates)
	return dates[:min(len(dates), anchorPeriods)]
}

func (rules Constraints) periodStarts(zone *time.Location) (dates []int64) {
	for i := range rules {
		switch c := &rules[i]; {
		case c.dim != byPeriod || c.block:
		case c.begin.wall:
			dates = append(dates, floor(c.begin.at, day))
		default:
			dates = append(dates, dateOf(c.begin.at, zone))
		}
	}
	return dates
}

// allowsDate reports whether the rules of all grounds have some of a date in common. Periods that block do not count.
func (p *plan) allowsDate(date int64, of *zoneRules, all []*zoneRules) bool {
	common := []stretch{{firstOf(date, of.zone), firstOf(date+1, of.zone)}}
	for _, g := range all {
		segs := segments(g.zone, common[0].from, common[len(common)-1].to)
		common = intersect(common, p.Rules.lasting().allowed(segs))
		common = intersect(common, g.rules.lasting().allowed(segs))
		if len(common) == 0 {
			return false
		}
	}
	return true
}

// lasting leaves out the periods that block.
func (rules Constraints) lasting() Constraints {
	return slices.DeleteFunc(slices.Clone(rules), func(c Constraint) bool { return c.dim == byPeriod && c.block })
}
