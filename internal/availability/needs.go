package availability

import (
	"slices"
	"time"

	"holdfast/internal/requires"
)

// Need is one resource that a slot takes. The first need of a query has the slot's own time and is had by the resource that the slot is
// offered with; the others are taken beside it, by resources that are not named. No resource has two needs of a slot.
//
// The rules of the query are about the slot's own time. A resource beside is held to its own rules, for the time that is taken of it, and
// to the buffers.
type Need struct {
	Resources []int         // who can have it, as positions in Query.Resources
	Offset    time.Duration // from the slot's start to the need's
	Length    time.Duration // 0 until the slot's end
	Name      string        // for explanations
}

// of is the time of a need in a slot. It may be empty.
func (n *Need) of(slot stretch) stretch {
	s := stretch{slot.from + int64(n.Offset), slot.to}
	if n.Length > 0 {
		s.to = s.from + int64(n.Length)
	}
	return s
}

// reach is how far the needs reach beyond their slots.
func (q *Query) reach() (before, after time.Duration) {
	for i := range q.Needs {
		n := &q.Needs[i]
		before, after = max(before, -n.Offset), max(after, n.Offset+n.Length)
	}
	return before, after
}

// beside is the time of a resource that a need can take, by its own rules: busy or not, and free.
func (q *Query) beside(r *Resource) (allowed, free []stretch) {
	if r.UnknownZone {
		return nil, nil
	}
	before, after := q.reach()
	segs := segments(zoneOf(r), instant(q.From)-int64(before), instant(q.To)+int64(after))
	allowed = r.Rules.allowed(segs)
	return allowed, subtract(allowed, q.keptOf(r))
}

func besideOf(l *resourcePlan) []stretch     { return l.beside }
func besideFreeOf(l *resourcePlan) []stretch { return l.besideFree }

// leads reports whether slots are offered with a resource.
func (q *Query) leads(i int) bool {
	return len(q.Needs) == 0 || slices.Contains(q.Needs[0].Resources, i)
}

// lacking returns the names of the needs of a slot that nobody can have, when it is offered with a resource; none when each has somebody.
// of is what the others have.
func (p *plan) lacking(first int, slot stretch, of func(*resourcePlan) []stretch) (names []string) {
	if len(p.Needs) < 2 {
		return nil
	}
	from := make([][]int, len(p.Needs))
	for i := range p.Needs {
		from[i] = p.Needs[i].Resources
	}
	from[0] = []int{first}
	_, without := requires.Match(from, func(need, i int) bool {
		return need == 0 || p.canHave(&p.Needs[need], i, slot, of)
	})
	for _, i := range without {
		if !slices.Contains(names, p.Needs[i].Name) {
			names = append(names, p.Needs[i].Name)
		}
	}
	return names
}

func (p *plan) canHave(n *Need, i int, slot stretch, of func(*resourcePlan) []stretch) bool {
	l, s := &p.resourcePlans[i], n.of(slot)
	return s.from < s.to && covers(of(l), s) && !within(l.closed, slot.from)
}

func within(list []stretch, at int64) bool { return len(list) > 0 && covers(list, stretch{at, at + 1}) }

// Look says who can have what at one time: see Query.Look.
type Look struct{ plan *plan }

// Look returns a look at the query's resources within its window.
func (q *Query) Look() Look { return Look{newPlan(q)} }

// Allows reports whether the rules of a resource, its own and those of the query, allow all of a time.
func (l Look) Allows(i int, from, to time.Time) bool {
	return covers(l.plan.resourcePlans[i].allowed, stretch{instant(from), instant(to)})
}

// Free reports whether nothing keeps a time of a resource, or as many units of it as the query takes.
func (l Look) Free(i int, from, to time.Time) bool {
	s := stretch{instant(from), instant(to)}
	return !slices.ContainsFunc(l.plan.keptOf(&l.plan.Resources[i]), func(kept stretch) bool {
		return kept.from < s.to && s.from < kept.to
	})
}
