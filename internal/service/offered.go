package service

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/booking"
	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
	"holdfast/internal/tenant"
)

// checkOffered adds a problem where a visitor's browser asks for a time that is not offered: see Offer.Judge. A server key may book
// at any time, and a resource its own: see keepOwn for others'. A seat is offered by its session until that begins; a hold's time
// was judged when it was held. A resource whose zone is unknown offers nothing of either.
func (s *drafts) checkOffered(ctx context.Context, d *Draft) error {
	if d.keepOwn(); d.caller.Kind == tenant.ServerKey || d.caller.Is(d.Resource.ID) || len(d.problems) > 0 {
		return nil
	}
	if begun, err := s.hasBegun(ctx, d); begun || err != nil {
		return err
	}
	switch {
	case !d.Resource.KnownZone():
		return fault.Errorf(fault.UnknownZone,
			"The resource's time zone, %q, is not in the IANA database: nothing is offered until another one is set.", d.Resource.Timezone)
	case d.isSeat():
		return d.checkSession(d.Clock.Now())
	case d.isHeld():
		return nil
	}
	o, err := s.offerFor(ctx, d)
	if err != nil || o == nil {
		return err
	}
	f := o.Judge(d.Resource.ID, d.Start, d.End, d.Clock.Now())
	if f != nil && d.keepsLength() {
		f = o.judgeLength(d, f)
	}
	if f != nil {
		d.problems.Add(f.Field, "%s", f.Text)
	}
	return nil
}

// keepOwn refuses a resource that books, holds, moves or takes over the time of another one. Through a project that both belong to it
// may, within what the project offers. For it, others do not exist.
func (d *Draft) keepOwn() {
	if d.caller.Self == nil {
		return
	}
	reaches := func(resource uuid.UUID) bool {
		p := d.in.Project
		return d.caller.Is(resource) || p != nil && d.caller.SharesProject(p.Project) &&
			(slices.Contains(p.Resources, resource) || slices.Contains(p.Rules.Hosts, resource))
	}
	switch {
	case d.Resource.ID != uuid.Nil && !reaches(d.Resource.ID):
		d.problems.Add("resource_id", "does not exist")
	case d.source != nil && !reaches(d.source.Resource.ID):
		field := "related.owner_booking_id"
		if d.Related.Reservation != nil {
			field = "reservation_id"
		}
		d.problems.Add(field, "does not exist")
	}
}

// keepsLength reports whether the draft moves a booking that stays as long as it is. Its owner, or the page it was made on, may
// have given it another length than the project gives.
func (d *Draft) keepsLength() bool {
	from := d.Related.RescheduledFrom
	length := d.End.Sub(d.Start)
	return from != nil && d.source != nil && length >= time.Minute && length == d.source.End.Sub(d.source.Start)
}

// judgeLength judges the draft as if the project's times were as long as the draft. It returns the fault f unless that helps.
func (o *Offer) judgeLength(d *Draft, f *Fault) *Fault {
	if d.in.Offer != nil {
		return f // the page has judged with that length
	}
	own := *o
	if own.Rules.setLength(d.End.Sub(d.Start)) == nil && own.Judge(d.Resource.ID, d.Start, d.End, d.Clock.Now()) == nil {
		return nil
	}
	return f
}

// checkSession refuses a visitor a seat of a session that has begun: nobody looks who is in the room by then.
func (d *Draft) checkSession(now time.Time) error {
	if d.source != nil && !now.Before(d.source.Start) {
		return fault.Errorf(fault.SessionClosed, "The session has begun.")
	}
	return nil
}

// isHeld reports whether the draft takes the time of a hold that was made in the same way: through the same project, or without.
func (d *Draft) isHeld() bool {
	from := d.source
	if from == nil || from.Graph != HoldGraph || from.Resource.ID != d.Resource.ID {
		return false
	}
	through, wanted := from.Related.Project, d.Related.Project
	if (through == nil) != (wanted == nil) || through != nil && *through != *wanted {
		return false
	}
	return from.Start.Equal(d.Start) && from.End.Equal(d.End)
}

// offerFor is what the draft's visitor may pick from: what the page offers, or else the project.
func (s *drafts) offerFor(ctx context.Context, d *Draft) (*Offer, error) {
	if d.in.Offer != nil {
		return d.in.Offer, nil
	}
	if d.offered != nil {
		own := *d.offered
		return &own, own.OpenAnywhere(d.Resource.Zone())
	}
	if d.in.Project == nil {
		return s.offerWithout(ctx, d)
	}
	o, err := s.offers.NewOffer(ctx, d.caller.App, d.in.Project.Rules)
	if err != nil {
		return nil, err
	}
	return o, o.OpenAnywhere(d.Resource.Zone())
}

// longestWithout bounds what a visitor may take without a project, which would say how long its times are.
const longestWithout = 24 * time.Hour

// offerWithout is what a visitor may pick from where no project is named: nothing, unless the app lets its widgets do without
// projects; then what the resource's own rules allow, of a day at most.
func (s *drafts) offerWithout(ctx context.Context, d *Draft) (*Offer, error) {
	if NeedsProject(d.caller, d.problems) {
		return nil, nil
	}
	if d.End.Sub(d.Start) > longestWithout {
		d.problems.Add("end", "must be within %d hours of start without a project", int(longestWithout.Hours()))
		return nil, nil
	}
	r := &d.Resource
	if r.Constraints == nil { // it came with a booking
		var err error
		r, err = s.db.Resource(ctx, d.AppID, r.ID)
		if missing(err, "resource_id", d.problems) || err != nil {
			return nil, unlessNotFound(err)
		}
	}
	o := OfferOf(unruled(r.ID), []*catalogue.Resource{r}, d.Clock.Now())
	return o, o.OpenAnywhere(r.Zone())
}

// NeedsProject adds a problem when the app requires a project and a visitor names none, be it in a question for free time or in a
// booking. It reports whether it has.
func NeedsProject(c booking.Caller, problems fault.Problems) bool {
	if c.App.Settings.WidgetRequiresProject {
		problems.Add("project_id", "is required with a widget key: see the app's setting widget_requires_project")
	}
	return c.App.Settings.WidgetRequiresProject
}
