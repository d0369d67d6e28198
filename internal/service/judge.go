package service

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/availability"
	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
)

// grace is how long a visitor may take to book what was offered to them.
const grace = 15 * time.Minute

// Fault is what an offer has against a picked time: the field that is wrong, and how.
type Fault struct{ Field, Text string }

var (
	faultResource = &Fault{"resource_id", "is not a resource of this project"}
	faultStart    = &Fault{"start", "is not a time this project offers"}
	faultRules    = &Fault{"start", "is not a time this resource offers"} // without a project
	faultPast     = &Fault{"start", "is in the past"}
)

// Judge says why an offer does not have a time with a resource; nil when it has. It asks the very rules that make the
// offer's times, of a calendar in which nothing is busy: that is the record's to judge. A time has to be one that is offered: not
// past, of the length that is given, within the window and the rules, and beginning where slots begin. Without round_to_nearest_hour
// it is busy time that says where they begin, so there any full minute will do. The start of the window is held to with grace,
// since it moves while a visitor looks.
func (o *Offer) Judge(resource uuid.UUID, start, end, now time.Time) *Fault {
	at := o.position(resource)
	switch {
	case at < 0:
		return faultResource
	case start.Before(now):
		return faultPast
	case start.Before(o.From.Add(-grace)), !o.To.IsZero() && end.After(o.To):
		return faultStart
	}
	if o.Rules.Query.Length == 0 { // whole free stretches: any part of one
		q := o.Rules.Query
		q.From, q.To, q.Mode, q.Resources = start, end, availability.Exclusive, o.plans[at:at+1]
		switch {
		case q.Allowed():
			return nil
		case o.Rules.Project == uuid.Nil:
			return faultRules
		}
		return faultStart
	}
	switch right, ok := o.slotFrom(at, start); {
	case !ok:
		return faultStart
	case !right.Equal(end):
		return &Fault{"end", "must be " + LengthText(right.Sub(start)) + " after start, as long as the times that are offered"}
	}
	return nil
}

func (o *Offer) position(resource uuid.UUID) int {
	return slices.IndexFunc(o.Hosts, func(r *catalogue.Resource) bool { return r.ID == resource })
}

// longestShift is more than clocks are ever put back by, so that a length in days fits in.
const longestShift = 25 * time.Hour

// slotFrom says when the slot ends that begins at a moment with the resource at a position, and whether there is one: in a
// calendar in which nothing is busy.
func (o *Offer) slotFrom(at int, start time.Time) (end time.Time, ok bool) {
	q := o.Rules.Query
	q.Resources = o.plans
	if !o.Rules.mutual() {
		q.Mode, q.Resources = availability.Exclusive, o.plans[at:at+1]
	}
	if !q.RoundToHour {
		q.Step = time.Minute
	}
	q.From, q.To = start, start.Add(q.Length).Add(longestShift)
	slots := q.Slots()
	if len(slots) == 0 || !slots[0].Start.Equal(start) {
		return time.Time{}, false
	}
	return slots[0].End, true
}

// Choice is a time that a visitor has picked.
type Choice struct {
	Host  *catalogue.Resource
	Start time.Time
	End   time.Time
}

// errNotOffered refuses a picked time that no page would have shown.
var errNotOffered = fault.Problems{"start": {"is not a time that is offered here"}}.Err()

// Choose finds the picked time among what a page offers. errNotOffered for what no page would have shown.
func (o *Offer) Choose(start time.Time, resource uuid.UUID) (*Choice, error) {
	at := o.position(resource)
	if at < 0 {
		return nil, errNotOffered
	}
	end, ok := o.slotFrom(at, start)
	if !ok || o.Judge(resource, start, end, o.now) != nil {
		return nil, errNotOffered
	}
	return &Choice{o.Hosts[at], start, end}, nil
}

// FreeFor finds out who can take a picked time just now: the picked resource if it is free; else, where the owner lets any of
// several do it (round robin), the first that is and is offered then. It returns nil when nobody is free. Steps of a minute find
// the time wherever it begins.
func (s *Offers) FreeFor(ctx context.Context, app uuid.UUID, o *Offer, c *Choice) (*Choice, error) {
	one := *o
	one.everyone = true
	one.From, one.Rules.Query.Step = c.Start, time.Minute
	if !o.Rules.mutual() {
		one.Rules.Query.Mode = availability.Exclusive
		if !o.RoundRobin() {
			one.setHosts([]*catalogue.Resource{c.Host})
		}
	}
	slots, err := s.firstTimes(ctx, app, &one, c.Start, c.Start.Add(time.Minute), maxShown)
	if err != nil || len(slots) == 0 {
		return nil, err
	}
	var other *Choice
	for _, slot := range slots { // of one start, perhaps with several ends
		for _, i := range slot.Resources {
			r := one.Hosts[i]
			if r.ID == c.Host.ID {
				return c, nil
			}
			if other == nil && o.Judge(r.ID, c.Start, slot.End, o.now) == nil {
				other = &Choice{r, c.Start, slot.End}
			}
		}
	}
	return other, nil
}
