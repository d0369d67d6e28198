// Package availability computes free time from rules and busy ranges: which slots may be offered, which are taken, and
// why a slot is not offered. It is pure: it uses no HTTP, no SQL and no clock.
//
// # When a slot is free
//
// Ranges are half-open: what ends at ten leaves ten free. A booking with a buffer keeps its own range and, as a guard, the
// range widened by the buffer on both sides. A slot is free if the slot itself overlaps neither kind, and the slot widened
// by the query's buffer overlaps no range of the first kind but all-day events, whose days a buffer may reach into. Guards
// may overlap each other, so the gap between two things is the larger of their buffers, not the sum.
//
// Of a resource of several units a slot is free if at every moment so many units are left as it needs. What is taken at a moment is what
// things take, and the larger of what buffers before and what buffers after things take. An event takes all units.
//
// # What the rules allow
//
// Without rules all time is allowed. The allow_* of one dimension (days, hours, days with hours, periods) widen each
// other, the dimensions narrow each other, and every block_* takes away. The query's rules and the resource's own must
// both allow the whole slot. Rules are read in the resource's own zone; allowed stretches that touch, as over midnight,
// count as one.
//
// A rule allows or blocks the moments at which a clock on the wall, in the resource's zone, shows a time within the
// rule. So when clocks go forward a window loses the hour that does not exist, and a window that lies wholly within
// that hour is empty for the day; when clocks go back, a window has both passes of the hour that comes twice. A day is
// the moments with its date, whether or not it has a midnight.
//
// # Where slots begin
//
// With RoundToHour slots begin at points on the wall clock of the resource's zone. On every day of an allowed stretch
// the first point is the first full hour, and a Step later by the wall clock follows the next, until the stretch or the
// day ends. After a change of clocks the points stay where they are on the wall; an hour that comes twice has its points
// twice. Neither busy time nor From moves a point. Without RoundToHour slots are packed: from the first full minute of
// every free stretch, one every Step. A stretch that was free already before yesterday counts from the first moment of
// today, where today is the date of From; so From itself does not move a point within the day.
//
// A Step of a day or more counts in dates of the resource's calendar, whole days only. Points lie on every n-th date,
// counted from an anchor that depends on the rules alone: the first date that they allow, any part of it, from Monday,
// 1 January 2024 on or, where there are allow_period rules, from the start of the first period on in which they allow one
// within a week. (A block_period does not move the anchor: a holiday leaves the rhythm as it is.) With Mutual the rules of
// all resources count. On such a date the first point of each allowed stretch remains; packed points have the time of day
// at which their free stretch begins.
//
// # When a slot ends
//
// The days of a length go by the calendar of the resource's zone: a slot of one day that begins at 09:00 ends at 09:00 on
// the next date, be that 23, 24 or 25 hours later; what is left of the length is counted from there by the clock. Of an
// end that comes twice the first is meant; one that does not exist is read with the offset before the gap, as in Span.From.
// So resources of different zones can have slots with one start and two ends: Exclusive offers both, round robin that of
// the resource it names. With Mutual the first resource's zone counts.
package availability

import (
	"slices"
	"time"

	"holdfast/internal/policy"
	"holdfast/internal/zones"
)

// Kind is what makes time busy.
type Kind string

// The kinds.
const (
	KindBooking Kind = "booking"
	KindHold    Kind = "hold"
	KindEvent   Kind = "event"
	KindClaim   Kind = "claim" // for a booking that is not decided yet
)

// Busy is a range of time that is taken. A booking with a buffer is two of them: its own range, and the wider one as
// guard.
type Busy struct {
	Start, End time.Time // half-open; an empty range takes nothing
	Kind       Kind
	ID         string // of the booking, hold or event, for explanations
	Guard      bool   // the buffer around something: keeps slots away, but not their buffers
	Sums       bool   // a guard that keeps their buffers away, too
	AllDay     bool   // an all-day event

	// Of a resource of several units, whose busy ranges are parts: a thing itself, or one side of its buffer.
	Units int        // that it takes; 0 means all
	Side  BufferSide // of a buffer; "" is the thing itself, with a buffer that keeps others' buffers away
}

// Resource is what can be booked. Resources that share the pointer of a zone and have equal rules share the work.
type Resource struct {
	Zone *time.Location // nil is UTC
	// UnknownZone says that the resource's zone is not in the database of zones. The resource has no free time then, and Zone is nil.
	UnknownZone bool
	Rules       Constraints // its own
	Capacity    int         // units of it; 0 means 1. Of more, a slot is free while so many are left as it needs: see Busy.Units
	Busy        []Busy      // what overlaps Query.Reach, in any order; sorted by Start is fastest
	// Closed are ranges of starts that a policy excludes. They move no point, and close no other part of a slot.
	Closed []policy.Closed
}

// Query asks for slots within [From, To). A Length, LengthDays, Step or buffer below zero counts as zero. The work grows
// with To - From and with 1/Step, so bounding both is up to the caller; a Step below a minute counts as a minute.
type Query struct {
	Resources    []Resource // in order of priority
	Needs        []Need     // what a slot takes; nil for the time of one resource
	Mode         Mode       // with Needs, Mutual is Exclusive
	From, To     time.Time
	Units        int           // that a slot takes; 0 means 1
	Length       time.Duration // of a slot; 0 asks for whole free stretches
	LengthDays   int           // how many 24 hours of Length are days of the calendar
	Step         time.Duration // from one slot's start to the next; above a day in whole days. 0 is Length, a day at most
	BufferBefore time.Duration // kept free before a slot, of everything but guards and all-day events
	BufferAfter  time.Duration // and after it
	SumBuffers   bool          // the buffers are kept free of guards, too
	RoundToHour  bool          // see the package's comment
	IgnoreAllDay bool          // all-day events keep no time
	Rules        Constraints   // for every resource, in its own zone, besides its own rules
	Seed         uint64        // of RoundRobinRandom: the same seed, the same order

	// Most ends the work when more resources than that were named, in all slots together; 0 is no end. Named counts them.
	Most int
	// Stop ends the work soon after it has become true; nil never does. The answer is then not whole.
	Stop func() bool
}

// Named counts the resources that slots name, all together: how large an answer is.
func Named(slots []Slot) (n int) {
	for i := range slots {
		n += len(slots[i].Resources)
	}
	return n
}

// End returns when a slot ends that begins at a moment, by the calendar of a zone.
func (q *Query) End(start time.Time, zone *time.Location) time.Time {
	days := min(max(int64(q.LengthDays), 0), int64(max(q.Length, 0))/day)
	rest := max(q.Length, 0) - time.Duration(days*day)
	return zones.NewSpan(int(days), rest).From(start, zone)
}

// Slot is a range of time with those resources, as positions in Query.Resources and in that order, that have it.
type Slot struct {
	Start, End time.Time // in UTC
	Resources  []int
}

// Slots returns what can be offered, in order of time. With a Length these are slots of that length, one for each
// start. Without, they are the free stretches, cut where the resources to be named change; see Mode.
func (q *Query) Slots() []Slot {
	p := newPlan(q)
	p.placePoints(freeOf)
	return p.offered()
}

// Taken returns what the rules allow and busy time keeps from being offered, in order of time, with the resources that
// are busy then. A start that Slots offers with any resource is not taken. Without RoundToHour, where the points depend
// on busy time, those of an empty calendar are asked.
func (q *Query) Taken() []Slot {
	p := newPlan(q)
	p.placePoints(allowedOf)
	return p.taken()
}

// Allowed reports whether the rules allow all of [From, To) with every resource, busy or not.
func (q *Query) Allowed() bool {
	p := newPlan(q)
	for i := range p.resourcePlans {
		if !covers(p.resourcePlans[i].allowed, stretch{p.from, p.to}) {
			return false
		}
	}
	return true
}

// Reach is the range of time in which busy ranges, guards too, can matter to the query.
func (q *Query) Reach() (from, to time.Time) {
	from, to = q.From.Add(-max(q.BufferBefore, 0)), q.To.Add(max(q.BufferAfter, 0))
	if !q.RoundToHour {
		from = from.Add(-time.Duration(lookBack))
	}
	before, after := q.reach()
	return from.Add(-before), to.Add(after)
}

// maxMatters is how many ranges of time Matters returns at most.
const maxMatters = 500

// Matters returns those ranges of Reach in which busy ranges can matter to Slots and Taken, in order and apart: what the rules of any
// resource allow, with the buffers. To a question for office hours it does not matter what is taken at night. With Needs it is all of
// Reach. Of many ranges, neighbors are returned as one.
func (q *Query) Matters() [][2]time.Time {
	from, to := q.Reach()
	if len(q.Needs) > 0 { // resources beside are held to rules of their own
		return [][2]time.Time{{from, to}}
	}
	p := q.inInstants()
	var grounds []*zoneRules
	var list []stretch
	for i := range q.Resources {
		p.zoneRulesOf(&q.Resources[i], &grounds)
	}
	for _, g := range grounds {
		for _, s := range g.allowed {
			list = append(list, stretch{s.from - span(q.BufferBefore), s.to + span(q.BufferAfter)})
		}
	}
	list = intersect(join(list), []stretch{{instant(from), instant(to)}})
	all := [][2]time.Time{}
	for several := range slices.Chunk(list, 1+len(list)/maxMatters) {
		all = append(all, [2]time.Time{moment(several[0].from), moment(several[len(several)-1].to)})
	}
	return all
}
