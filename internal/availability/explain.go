package availability

import (
	"slices"
	"strings"
	"time"

	"holdfast/internal/policy"
)

// Verdict is whether a slot is offered with one resource and, if not, all reasons why not.
type Verdict struct {
	Resource int       // its position in Query.Resources
	End      time.Time // of the slot with this resource; the start if a moment is asked about
	Offered  bool
	Reasons  []Reason // none if it is offered, else at least one
}

// Why is the name of a reason.
type Why string

// Why a slot is not offered. The last two are given only if there is no other reason.
const (
	BeforeWindow Why = "before_window"    // begins before Query.From
	AfterWindow  Why = "after_window"     // ends after Query.To
	Rule         Why = "rule"             // Side, Rules
	OffGrid      Why = "off_grid"         // in allowed (when packed: free) time, but not at a point; see the package's comment
	Booking      Why = Why(KindBooking)   // Busy
	Hold         Why = Why(KindHold)      // Busy
	Event        Why = Why(KindEvent)     // Busy
	Claim        Why = Why(KindClaim)     // Busy
	Buffer       Why = "buffer"           // Busy is a guard in the slot, or a thing in the slot's own buffer
	Policy       Why = "policy"           // Refusal
	UnknownZone  Why = "unknown_zone"     // Resource.UnknownZone; nothing else is said then
	NotChosen    Why = "not_chosen"       // free, but the round went to another resource
	OtherBusy    Why = "another_resource" // free, but in Mutual not all resources are
	PartMissing  Why = "part_missing"     // free, but nobody is for other parts: Missing
)

// Side is whose rules a reason is about: the query's or the resource's.
type Side string

// The sides.
const (
	OfQuery    Side = "query"
	OfResource Side = "resource"
)

// Reason is one reason why a slot is not offered. Which fields are set depends on Why: see there.
type Reason struct {
	Why   Why
	Side  Side
	Rules []int  // positions in the side's list: one block_*, or every allow_* of the dimension in which none allows it
	Text  string // those rules in words, such as "allow_hours 09:00–12:00 or allow_hours 13:00–17:00"
	Busy  Busy   // what keeps the time, as it was given
	Left  int    // of Capacity: how many units are left all through the slot, beside events

	Refusal *policy.Refusal // by the policy
	Missing []string        // the names of needs
}

// Explain returns for every resource, in the query's order, whether the slot that begins at start is offered, and why not. Without a
// Length it is about the free stretch that contains start. What is offered is what Slots returns; the reasons come from the functions
// that compute it.
func (q *Query) Explain(start time.Time) []Verdict {
	p := newPlan(q)
	p.Query.Most = 0 // the slot may be the last one
	p.placePoints(freeOf)
	at := instant(start)
	named := p.namedAt(at)
	verdicts := make([]Verdict, 0, len(p.resourcePlans))
	for i := range p.resourcePlans {
		s := stretch{at, p.end(&p.resourcePlans[i], at)}
		v := Verdict{Resource: i, End: moment(s.to), Offered: slices.Contains(named, i)}
		switch s.to = max(s.to, at+1); {
		case !p.leads(i):
			v.Reasons = p.besideReasons(i, s)
			v.Offered = len(named) > 0 && len(v.Reasons) == 0
		case !v.Offered:
			v.Reasons = p.reasons(i, s)
		}
		verdicts = append(verdicts, v)
	}
	return verdicts
}

// namedAt returns the resources that are offered with the slot or stretch at an instant.
func (p *plan) namedAt(at int64) (named []int) {
	for _, slot := range p.offered() {
		if from := instant(slot.Start); from == at || p.length == 0 && from < at && at < instant(slot.End) {
			named = append(named, slot.Resources...)
		}
	}
	return named
}

func (p *plan) reasons(i int, s stretch) []Reason {
	if p.resourcePlans[i].unknown {
		return []Reason{{Why: UnknownZone}}
	}
	list := p.outside(s)
	segs := segments(p.resourcePlans[i].zone, s.from, s.to)
	list = append(list, p.Rules.against(s, segs, OfQuery)...)
	list = append(list, p.Resources[i].Rules.against(s, segs, OfResource)...)
	list = append(list, p.closedAgainst(i, s)...)
	list = append(list, busyAgainst(p, i, s)...)
	if s.from >= p.from && p.resourcePlans[i].missesPoint(s.from) {
		list = append(list, Reason{Why: OffGrid})
	}
	switch names := p.lacking(i, s, besideFreeOf); {
	case len(list) > 0:
		return list
	case len(names) > 0:
		return []Reason{{Why: PartMissing, Missing: names}}
	case p.mutual():
		return []Reason{{Why: OtherBusy}}
	}
	return []Reason{{Why: NotChosen}}
}

// besideReasons says why a resource cannot have the first need that names it, in a slot that is offered with others; none when it can.
func (p *plan) besideReasons(i int, slot stretch) (list []Reason) {
	if p.resourcePlans[i].unknown {
		return []Reason{{Why: UnknownZone}}
	}
	at := slices.IndexFunc(p.Needs, func(n Need) bool { return slices.Contains(n.Resources, i) })
	if at < 0 {
		return nil
	}
	s := p.Needs[at].of(slot)
	list = append(list, p.Resources[i].Rules.against(s, segments(p.resourcePlans[i].zone, s.from, s.to), OfResource)...)
	list = append(list, p.closedAgainst(i, slot)...)
	return append(list, busyAgainst(p, i, s)...)
}

// closedAgainst names each rule of the policy that excludes a start.
func (p *plan) closedAgainst(i int, s stretch) (list []Reason) {
	for _, c := range p.Resources[i].Closed {
		if c.Has(moment(s.from)) {
			list = append(list, Reason{Why: Policy, Refusal: &c.Why})
		}
	}
	return list
}

func (p *plan) outside(s stretch) (list []Reason) {
	if s.from < p.from {
		list = append(list, Reason{Why: BeforeWindow})
	}
	if s.to > p.to {
		list = append(list, Reason{Why: AfterWindow})
	}
	return list
}

// missesPoint reports whether there are points around an instant, but none at it.
func (l *resourcePlan) missesPoint(at int64) bool {
	_, found := slices.BinarySearch(l.points, at)
	return !found && covers(l.candidateBase, stretch{at, at + 1})
}

// against checks for each dimension whether its allow_* contain all of a slot, and for each block_* whether it overlaps the slot.
func (rules Constraints) against(s stretch, segs []segment, side Side) []Reason {
	var list []Reason
	for dim := range dimensions {
		var ask []int
		for i := range rules {
			if rules[i].dim == dim && !rules[i].block {
				ask = append(ask, i)
			}
		}
		list = rules.ask(ask, s, segs, side, list)
	}
	for i := range rules {
		if rules[i].block {
			list = rules.ask([]int{i}, s, segs, side, list)
		}
	}
	return list
}

// ask adds a reason if some of the rules, alone, do not allow the slot.
func (rules Constraints) ask(some []int, s stretch, segs []segment, side Side, list []Reason) []Reason {
	var alone Constraints
	var words []string
	for _, i := range some {
		alone = append(alone, rules[i])
		words = append(words, rules[i].String())
	}
	if covers(alone.allowed(segs), s) {
		return list
	}
	return append(list, Reason{Why: Rule, Side: side, Rules: some, Text: strings.Join(words, " or ")})
}

// thingsAgainst names each thing once: as itself if it is in the slot, else as a buffer.
func (p *plan) thingsAgainst(busy []Busy, s stretch) []Reason {
	var things, buffers []Reason
	for _, b := range busy {
		switch kept := p.keeps(&b); {
		case kept.from >= s.to || kept.to <= s.from:
		case b.Guard || instant(b.Start) >= s.to || instant(b.End) <= s.from:
			buffers = append(buffers, Reason{Why: Buffer, Busy: b})
		default:
			things = append(things, Reason{Why: Why(b.Kind), Busy: b})
		}
	}
	for _, r := range buffers {
		if !slices.ContainsFunc(things, func(t Reason) bool { return t.Busy.Kind == r.Busy.Kind && t.Busy.ID == r.Busy.ID }) {
			things = append(things, r)
		}
	}
	return things
}
