package api

import (
	"time"

	"holdfast/api/edge"
	"holdfast/internal/booking"
)

// offered finds fault with a time that a visitor's browser asks for and that is not offered: see judge. A server key may book
// at any time, and a resource its own: see keepOwn for others'. A seat is offered by its session until that begins; a hold's time
// was judged when it was held. A resource whose zone is unknown offers nothing of either.
func (s *Server) offered(d *draft) error {
	if d.keepOwn(); d.k.Kind == booking.ServerKey || d.k.Self != nil && *d.k.Self == d.Resource.ID || len(d.problems) > 0 {
		return nil
	}
	if begun, err := s.begun(d.k, firstAction(d.ID)); begun || err != nil {
		return err
	}
	switch {
	case !d.Resource.KnownZone():
		return errUnknownZone(&d.Resource)
	case d.seat():
		return d.seatOffered(time.Now())
	case d.held():
		return nil
	}
	o, err := s.offeringOf(d)
	if err != nil || o == nil {
		return err
	}
	f := o.judge(d.Resource.ID, d.Start, d.End, time.Now())
	if f != nil && d.keepsLength() {
		f = o.judgeLength(d, f)
	}
	if f != nil {
		d.problems.Add(f.field, "%s", f.text)
	}
	return nil
}

// keepsLength reports whether the draft moves a booking that stays as long as it is. Its owner, or the page it was made on, may
// have given it another length than the project gives.
func (d *draft) keepsLength() bool {
	from := d.Related.RescheduledFrom
	length := d.End.Sub(d.Start)
	return from != nil && d.source != nil && length >= time.Minute && length == d.source.End.Sub(d.source.Start)
}

// judgeLength judges the draft as if the project's times were as long as the draft. It returns the fault f unless that helps.
func (o *offering) judgeLength(d *draft, f *fault) *fault {
	if d.k.offer != nil {
		return f // the page has judged with that length
	}
	own := *o
	own.in.Length = minutesText(d.End.Sub(d.Start))
	if own.widen(d.Resource.Zone()) == nil && own.judge(d.Resource.ID, d.Start, d.End, time.Now()) == nil {
		return nil
	}
	return f
}

// seatOffered refuses a visitor a seat of a session that has begun: nobody looks who is in the room by then.
func (d *draft) seatOffered(now time.Time) error {
	if d.source != nil && !now.Before(d.source.Start) {
		return booking.Errorf(booking.SessionClosed, "The session has begun.")
	}
	return nil
}

// held tells whether the draft takes the time of a hold that was made in the same way: through the same project, or without.
func (d *draft) held() bool {
	from := d.source
	if from == nil || from.Graph != holdGraph || from.Resource.ID != d.Resource.ID {
		return false
	}
	through, wanted := from.Related.Project, d.Related.Project
	if (through == nil) != (wanted == nil) || through != nil && *through != *wanted {
		return false
	}
	return from.Start.Equal(d.Start) && from.End.Equal(d.End)
}

// offeringOf is what the draft's visitor may pick from: what the page offers, or else the project.
func (s *Server) offeringOf(d *draft) (*offering, error) {
	if d.k.offer != nil {
		return d.k.offer, nil
	}
	if d.project == nil {
		return s.offeringWithout(d)
	}
	o, err := s.offering(d.k, projectQuestion(d.project))
	if err != nil {
		return nil, err
	}
	return o, o.widen(d.Resource.Zone())
}

// longestWithout bounds what a visitor may take without a project, which would say how long its times are.
const longestWithout = 24 * time.Hour

// offeringWithout is what a visitor may pick from where no project is named: nothing, unless the app lets its widgets do without
// projects; then what the resource's own rules allow, of a day at most.
func (s *Server) offeringWithout(d *draft) (*offering, error) {
	if d.k.App.Settings.WidgetRequiresProject {
		d.problems.Add("project_id", needsProject)
		return nil, nil
	}
	if d.End.Sub(d.Start) > longestWithout {
		d.problems.Add("end", "must be within %d hours of start without a project", int(longestWithout.Hours()))
		return nil, nil
	}
	r := &d.Resource
	if r.Constraints == nil { // it came with a booking
		var err error
		r, err = s.DB.Resource(d.k, d.AppID, r.ID)
		if edge.IsMissing(err, "resource_id", d.problems) || err != nil {
			return nil, edge.UnlessNotFound(err)
		}
	}
	o := &offering{in: availabilityInput{Resources: []string{r.ID.String()}}, zone: time.UTC}
	o.offer([]*booking.Resource{r})
	return o, o.widen(r.Zone())
}

// needsProject says what a widget key lacks.
const needsProject = "is required with a widget key: see the app's setting widget_requires_project"
