package api

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/availability"
	"holdfast/internal/booking"
)

// grace is how long a visitor may take to book what was offered to them.
const grace = 15 * time.Minute

// fault is what an offering has against a picked time: the field that is wrong, and how.
type fault struct{ field, text string }

var (
	faultResource = &fault{"resource_id", "is not a resource of this project"}
	faultStart    = &fault{"start", "is not a time this project offers"}
	faultRules    = &fault{"start", "is not a time this resource offers"} // without a project
	faultPast     = &fault{"start", "is in the past"}
)

// judge says why an offering does not have a time with a resource; nil when it has. It asks the very rules that make the
// offers, of a calendar in which nothing is busy: that is the record's to judge. A time has to be one that is offered: not past,
// of the length that is told, within the window and the rules, and beginning where slots begin. Without round_to_nearest_hour
// it is busy time that says where they begin, so there any full minute will do. The start of the window is held to with grace,
// since it moves while a visitor looks.
func (o *offering) judge(resource uuid.UUID, start, end, now time.Time) *fault {
	at := slices.IndexFunc(o.resources, func(r *booking.Resource) bool { return r.ID == resource })
	switch {
	case at < 0:
		return faultResource
	case start.Before(now):
		return faultPast
	case start.Before(o.from.Add(-grace)), !o.to.IsZero() && end.After(o.to):
		return faultStart
	}
	if o.query.Length == 0 { // whole free stretches: any part of one
		q := o.query
		q.From, q.To, q.Mode, q.Resources = start, end, availability.Exclusive, o.lanes[at:at+1]
		switch {
		case q.Allowed():
			return nil
		case o.in.ProjectID == "":
			return faultRules
		}
		return faultStart
	}
	switch right, ok := o.slotFrom(at, start); {
	case !ok:
		return faultStart
	case !right.Equal(end):
		return &fault{"end", "must be " + lengthText(right.Sub(start)) + " after start, as long as the times that are offered"}
	}
	return nil
}

// longestShift is more than clocks are ever put back by, so that a length in days fits in.
const longestShift = 25 * time.Hour

// slotFrom says when the slot ends that begins at a moment with the resource at a position, and whether there is one: in a
// calendar in which nothing is busy.
func (o *offering) slotFrom(at int, start time.Time) (end time.Time, ok bool) {
	q := o.query
	q.Resources = o.lanes
	if q.Mode != availability.Mutual {
		q.Mode, q.Resources = availability.Exclusive, o.lanes[at:at+1]
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

// choice is a time that a visitor has picked.
type choice struct {
	resource *booking.Resource
	start    time.Time
	end      time.Time
}

var errNotOffered = booking.Problems{"start": {"is not a time that is offered here"}}.Err()

// choose finds the picked time among what a page offers. A visitor may not pick what no page would have shown.
func (o *offering) choose(start time.Time, resource string) (*choice, error) {
	id, err := uuid.Parse(resource)
	if err != nil {
		return nil, errNotOffered
	}
	at := slices.IndexFunc(o.resources, func(r *booking.Resource) bool { return r.ID == id })
	if at < 0 {
		return nil, errNotOffered
	}
	end, ok := o.slotFrom(at, start)
	if !ok || o.judge(id, start, end, time.Now()) != nil {
		return nil, errNotOffered
	}
	return &choice{o.resources[at], start, end}, nil
}

// freeFor finds out who can take a picked time just now: the picked resource if it is free; else, where the owner lets any of
// several do it (round robin), the first that is and is offered then. It returns nil when nobody is free. Steps of a minute find
// the time wherever it begins.
func (s *Server) freeFor(k *call, o *offering, c *choice) (*choice, error) {
	one := *o
	one.everyone = true
	one.from, one.query.Step = c.start, time.Minute
	if o.query.Mode != availability.Mutual {
		one.query.Mode = availability.Exclusive
		if !o.roundRobin() {
			one.offer([]*booking.Resource{c.resource})
		}
	}
	slots, w, err := s.freeTimes(k, &one, c.start, c.start.Add(time.Minute))
	if err != nil || len(slots) == 0 {
		return nil, err
	}
	var other *choice
	for _, slot := range slots { // of one start, perhaps with several ends
		for _, i := range slot.Resources {
			r := w.resources[i]
			if r.ID == c.resource.ID {
				return c, nil
			}
			if other == nil && o.judge(r.ID, c.start, slot.End, time.Now()) == nil {
				other = &choice{r, c.start, slot.End}
			}
		}
	}
	return other, nil
}

// roundRobin reports whether any one of the resources will do for whoever picks a time.
func (o *offering) roundRobin() bool {
	return o.query.Mode == availability.RoundRobinRandom || o.query.Mode == availability.RoundRobinPrioritized
}

// errNothingOffered is what is left of a page whose project was deleted or changed so that no page can book it, or whose hosts are
// all gone.
var errNothingOffered = booking.Errorf(booking.NoLongerOffered, "Nothing is offered here any more.")
