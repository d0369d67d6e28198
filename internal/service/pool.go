package service

import (
	"context"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/assign"
	"holdfast/internal/availability"
	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
	"holdfast/internal/tenant"
)

// Assigns reports whether a project's own strategy chooses whose time a visitor gets who picks a time of the offer: where any of several
// will do, and all of them are the project's.
func (o *Offer) Assigns(p *catalogue.Project) bool {
	if p == nil || !assign.Chooses(p.Assign) || !o.RoundRobin() {
		return false
	}
	ids := map[uuid.UUID]bool{}
	for _, id := range p.Resources {
		ids[id] = true
	}
	for _, r := range o.Hosts {
		if !ids[r.ID] {
			return false
		}
	}
	return true
}

// assigns reports whether the draft's project chooses resources. Seats take their session's, and what takes several resources has them
// chosen part by part.
func (d *Draft) assigns() bool {
	return d.in.Project != nil && assign.Chooses(d.in.Project.Assign) && !d.isSeat() && d.required() == nil
}

// chooses reports whether the draft's resource is to be chosen: it names none, and takes the place of no hold.
func (d *Draft) chooses() bool {
	return d.assigns() && d.in.Resource == uuid.Nil && d.problems["resource_id"] == nil
}

// count has a resource that the draft has already counted among those of its project.
func (d *Draft) count(how assign.How) {
	if !d.assigns() || d.Resource.ID == uuid.Nil {
		return
	}
	p := &catalogue.Pool{Project: d.in.Project.ID, Assign: *d.in.Project.Assign, How: how}
	for _, id := range d.in.Project.Resources {
		p.Members = append(p.Members, catalogue.Member{Resource: catalogue.Resource{ID: id}})
	}
	d.Pool = p
	d.Assignment = &assign.Assignment{
		Strategy: p.Assign.Strategy, Picked: d.Resource.ID.String(), How: how, Considered: []assign.Considered{},
	}
}

// openPool loads the resources that the draft's is chosen from. The first one stands in until then.
func (s *drafts) openPool(ctx context.Context, d *Draft) error {
	if d.in.Calendar != nil {
		d.problems.Add("calendar_id", "does not go without resource_id where the project chooses the resource")
		return nil
	}
	hosts, calendars, err := s.db.Hosts(ctx, d.AppID, d.in.Project.Resources)
	if err != nil {
		return err
	}
	p := &catalogue.Pool{Project: d.in.Project.ID, Assign: *d.in.Project.Assign}
	for _, r := range hosts {
		if c := calendars[r.ID]; c != nil {
			p.Members = append(p.Members, catalogue.Member{Resource: *r, Calendar: *c})
		}
	}
	d.Pool = p
	if len(p.Members) == 0 {
		d.problems.Add("resource_id", "is required: the project has no resource that could be chosen")
		return nil
	}
	d.Resource, d.Calendar = p.Members[0].Resource, p.Members[0].Calendar
	return nil
}

// judge asks the offer and the policy whether the draft's time can be had. Where its resource is chosen, each that could be is judged as
// if it had been named, and by its hours, for every caller; if none of them will do, the answer is that of the first.
func (s *drafts) judge(ctx context.Context, d *Draft) error {
	if !d.Pool.Chooses() || len(d.problems) > 0 {
		return s.judgeOne(ctx, d)
	}
	if begun, err := s.hasBegun(ctx, d); begun || err != nil {
		return err
	}
	hosts := make([]*catalogue.Resource, 0, len(d.Pool.Members))
	for i := range d.Pool.Members {
		hosts = append(hosts, &d.Pool.Members[i].Resource)
	}
	d.hours = OfferOf(d.in.Project.Rules, hosts, d.Clock.Now())
	d.hours.Rules.Query.Length = 0
	if d.caller.Kind != tenant.ServerKey && d.in.Offer == nil {
		offered, err := s.offers.NewOffer(ctx, d.caller.App, d.in.Project.Rules)
		if err != nil {
			return err
		}
		d.offered = offered
	}
	return s.judgePool(ctx, d)
}

// judgePool judges who keeps the draft, and then each member of its pool.
func (s *drafts) judgePool(ctx context.Context, d *Draft) error {
	var first *memberFault
	if kept := d.Pool.Kept; kept != nil {
		f, err := s.judgeMember(ctx, d, *kept, true)
		if err != nil {
			return err
		}
		if first = f; f != nil {
			d.Pool.Kept = nil
		}
	}
	free := d.Pool.Kept != nil
	for i := range d.Pool.Members {
		m := &d.Pool.Members[i]
		f, err := s.judgeMember(ctx, d, *m, false)
		if err != nil {
			return err
		}
		if f == nil {
			free = true
			continue
		}
		m.WhyNot = f.why
		if first == nil {
			first = f
		}
	}
	if free || first == nil {
		return nil
	}
	for field, texts := range first.problems {
		d.problems[field] = append(d.problems[field], texts...)
	}
	return first.err
}

func (s *drafts) judgeOne(ctx context.Context, d *Draft) error {
	if err := s.checkOffered(ctx, d); err != nil {
		return err
	}
	return s.judgePolicy(ctx, d)
}

// memberFault is why a resource cannot be chosen for a draft: a refusal, or problems of its fields.
type memberFault struct {
	why      string
	err      error
	problems fault.Problems
}

// judgeMember judges a draft as if it had named a resource. One that is chosen is judged by its hours too, by which named ones are not with
// a key that may book at any time. The error is one of the record.
func (s *drafts) judgeMember(ctx context.Context, d *Draft, m catalogue.Member, named bool) (*memberFault, error) {
	one := *d
	one.Booking, one.problems = d.With(m), fault.Problems{}
	err := s.judgeOne(ctx, &one)
	switch code := fault.CodeOf(err); code {
	case "":
	case fault.TooLate, fault.TooEarly, fault.OutsideWindow, fault.LimitReached:
		return &memberFault{string(code), err, nil}, nil
	case fault.UnknownZone:
		return &memberFault{assign.NotOffered, err, nil}, nil
	default:
		return nil, err
	}
	if len(one.problems) > 0 {
		return &memberFault{assign.NotOffered, nil, one.problems}, nil
	}
	free := d.caller.Kind == tenant.ServerKey || d.caller.Is(m.Resource.ID)
	if named || !free || d.hours.works(m.Resource.ID, d.Start, d.End) {
		return nil, nil
	}
	return &memberFault{assign.NotOffered, nil, fault.Problems{
		"start": {"is not a time at which a resource of this project can be chosen; a server key can name one with resource_id all the same"},
	}}, nil
}

// works reports whether the rules of the offer and of a resource leave a stretch of time open, whatever is busy and wherever slots begin.
func (o *Offer) works(resource uuid.UUID, start, end time.Time) bool {
	at := o.position(resource)
	q := o.Rules.Query
	q.From, q.To, q.Mode, q.Resources = start, end, availability.Exclusive, o.plans[at:at+1]
	return q.Allowed()
}
