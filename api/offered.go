package api

import (
	"time"

	"holdfast/internal/booking"
)

// offered finds fault with a time that a visitor's browser asks for and that is not offered: see judge. A server key may book
// at any time, and a resource its own. A seat is offered by its session until that begins; a hold's time was judged when it was
// held.
func (s *Server) offered(d *draft) error {
	if d.k.kind == booking.ServerKey || d.k.self != nil && *d.k.self == d.Resource.ID || len(d.problems) > 0 {
		return nil
	}
	if begun, err := s.begun(d.k, firstAction(d.ID)); begun || err != nil {
		return err
	}
	switch {
	case d.seat():
		return d.seatOffered(time.Now())
	case d.held():
		return nil
	}
	o, err := s.offeringOf(d)
	if err != nil || o == nil {
		return err
	}
	if f := o.judge(d.Resource.ID, d.Start, d.End, time.Now()); f != nil {
		d.problems.Add(f.field, "%s", f.text)
	}
	return nil
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
		return nil, nil
	}
	o, err := s.offering(d.k, projectQuestion(d.project))
	if err != nil {
		return nil, err
	}
	return o, o.widen(d.Resource.Zone())
}
