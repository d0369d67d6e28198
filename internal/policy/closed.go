package policy

import (
	"time"

	"holdfast/internal/zones"
)

// reach is how far around the start that a lead means now others can be that the clocks or the calendar exchange with it: where clocks
// are changed, and with months, of which several days can mean the last one.
const (
	reach       = 27 * time.Hour
	reachMonths = 5 * 24 * time.Hour
	// fine is a length of which every change of the clocks is a whole number of.
	fine = 15 * time.Minute
)

// closed returns the ranges of starts that a lead excludes at a moment, in order: those whose moment, the lead before the start, has
// passed (late), or has not come yet. It is most often one range. Around a change of the clocks it can be several, since a later start
// can have an earlier moment there.
func (l *Lead) closed(now time.Time, zone *time.Location, late bool) (all []Closed) {
	if l.dayBefore { // the moment is the same for all starts of a day
		if late {
			return []Closed{{To: l.From(now, zone)}}
		}
		return []Closed{{From: l.Last(now, zone)}}
	}
	_, clock := l.span.Parts()
	around, wide := l.span.From(now, zone), reach
	if _, ok := l.span.Duration(); !ok {
		wide = reachMonths
	}
	from, to := around.Add(-wide).Truncate(fine), around.Add(wide).Truncate(fine)
	step := to.Sub(from)
	if wide == reachMonths || !steady(from, to, zone) || !steady(now.Add(-wide), now.Add(clock+wide), zone) {
		step = fine
	}
	if late {
		all = []Closed{{To: from}}
	}
	for at := from; at.Before(to); at = at.Add(step) {
		edge, end := at.Add(now.Sub(l.Before(at, zone))), at.Add(step) // at the edge the moment is now
		switch {
		case late && edge.After(at):
			all = join(all, at, earlier(edge, end))
		case !late && edge.Before(end):
			all = join(all, laterOf(at, edge.Add(time.Second)), end)
		}
	}
	if !late {
		all = join(all, to, time.Time{})
	}
	return all
}

// join adds a range behind others: to the last one where they touch, and as a range of its own where it is not empty.
func join(all []Closed, from, to time.Time) []Closed {
	if n := len(all); n > 0 && all[n-1].To.Equal(from) {
		all[n-1].To = to
		return all
	}
	if !to.IsZero() && !from.Before(to) {
		return all
	}
	return append(all, Closed{From: from, To: to})
}

// steady reports whether a zone's clocks are not changed within a range.
func steady(from, to time.Time, zone *time.Location) bool {
	end := zones.OffsetUntil(from, zone)
	return end.IsZero() || end.After(to)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func laterOf(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// beyond returns the starts that a horizon excludes at a moment.
func (l *Lead) beyond(now time.Time, zone *time.Location) []Closed {
	if l.goesByDays() {
		return l.closedDays(now, zone)
	}
	return l.closed(now, zone, false)
}

// closedDays returns the starts that a horizon of days excludes at a moment: it opens a day at the midnight of the day that is the lead
// before it.
func (l *Lead) closedDays(now time.Time, zone *time.Location) []Closed {
	date := zones.DateOf(l.Last(now, zone), zone)
	for !l.opens(zones.StartOf(date, zone), zone).After(now) { // with months several days can open on the last one
		date = date.AddDate(0, 0, 1)
	}
	return []Closed{{From: zones.StartOf(date, zone)}}
}

// goesByDays reports whether a horizon lasts until the end of its last day. One of nothing is of today.
func (l *Lead) goesByDays() bool {
	_, clock := l.span.Parts()
	return !l.dayBefore && !l.exact && clock == 0
}
