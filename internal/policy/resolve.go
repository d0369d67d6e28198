package policy

import (
	"fmt"
	"slices"
	"time"

	"holdfast/internal/fault"
)

// Layer is a policy with where it was set.
type Layer struct {
	Scope  string  `json:"scope"` // of its limits: "" for the app, "service:ID", "project:ID"
	Policy *Policy `json:"policy"`
}

// Resolve merges layers, the furthest first. Limits get the scope of the layer that sets them.
func Resolve(layers ...Layer) Policy {
	var resolved Policy
	for _, l := range layers {
		if l.Policy == nil {
			continue
		}
		p := *l.Policy
		if p.Limits != nil {
			scoped := make([]Limit, len(*p.Limits))
			for i, limit := range *p.Limits {
				limit.Scope = l.Scope
				scoped[i] = limit
			}
			p.Limits = &scoped
		}
		resolved = Merge(resolved, p)
	}
	return resolved
}

// Check adds a problem for every rule that makes no sense, by its field under the prefix. Of one booking only the limits of others
// can be lifted: limits of its own would count nothing but itself.
func (p Policy) Check(prefix string, one bool, problems fault.Problems) {
	if b := p.Book; b != nil {
		b.check(prefix+".book", problems)
	}
	if c := p.Cancel; c != nil {
		c.Customer.check(prefix+".cancel.customer", problems)
		c.Owner.check(prefix+".cancel.owner", problems)
	}
	if r := p.Reschedule; r != nil && r.Customer != nil {
		r.Customer.Deadline.check(prefix+".reschedule.customer", problems)
		if most := r.Customer.Max; hasBound(most) && *most > MaxMax {
			problems.Add(prefix+".reschedule.customer.max", `must be a number from 0 to %d, or "none"`, MaxMax)
		}
	}
	if b := p.Buffer; b != nil {
		b.check(prefix+".buffer", problems)
	}
	if p.Limits == nil {
		return
	}
	switch {
	case one && len(*p.Limits) > 0:
		problems.Add(prefix+".limits", "must be [] on a booking, which lifts the limits: set them on the app, a service or a project")
	case len(*p.Limits) > MaxLimits:
		problems.Add(prefix+".limits", "must be at most %d", MaxLimits)
	}
	for i, l := range *p.Limits {
		l.check(fmt.Sprintf("%s.limits.%d", prefix, i), problems)
	}
}

func (b *Book) check(prefix string, problems fault.Problems) {
	if hasDay(b.From) && hasDay(b.To) && time.Time(*b.To).Before(time.Time(*b.From)) {
		problems.Add(prefix+".to", "must not be before from")
	}
	if !b.Notice.Exists() || !b.Horizon.Exists() {
		return
	}
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	if !b.Notice.From(now, time.UTC).Before(b.Horizon.Last(now, time.UTC)) {
		problems.Add(prefix+".horizon", "must be longer than notice: otherwise nothing can ever be booked")
	}
}

func (d *Deadline) check(prefix string, problems fault.Problems) {
	if d != nil && d.Anchor != "" && d.Anchor != AnchorCurrent && d.Anchor != AnchorFirstStart {
		problems.Add(prefix+".anchor", "must be current or first_start")
	}
}

func (b *Buffer) check(prefix string, problems fault.Problems) {
	for field, length := range map[string]*Length{"before": b.Before, "after": b.After} {
		if length.Of() > MaxBuffer {
			problems.Add(prefix+"."+field, "must be at most %d hours", int(MaxBuffer.Hours()))
		}
	}
	if b.Rule != "" && b.Rule != BufferMax && b.Rule != BufferSum {
		problems.Add(prefix+".rule", "must be max or sum")
	}
}

func (l Limit) check(prefix string, problems fault.Problems) {
	oneOf(prefix+".per", l.Per, problems, PerResource, PerProject, PerCustomer, PerApp)
	oneOf(prefix+".unit", l.Unit, problems, Day, Week, Month, Year)
	if l.Count != "" {
		oneOf(prefix+".count", l.Count, problems, Bookings, Minutes)
	}
	if l.Max < 0 || l.Max > MaxMax {
		problems.Add(prefix+".max", "must be a number from 0 to %d", MaxMax)
	}
	if l.Scope != "" {
		problems.Add(prefix+".scope", "is filled in: leave it out")
	}
}

func oneOf[T ~string](field string, have T, problems fault.Problems, known ...T) {
	if !slices.Contains(known, have) {
		problems.Add(field, "must be one of %v", known)
	}
}
