package service

import (
	"cmp"
	"context"

	"github.com/google/uuid"

	"holdfast/internal/assign"
	"holdfast/internal/catalogue"
)

// place finds the resource and the calendar that the booking is to take time of: those that are named, or those of its session or
// hold. Where the project chooses, that is left to the record.
func (s *drafts) place(ctx context.Context, d *Draft) error {
	if d.required() != nil { // see choose
		return nil
	}
	if d.isSeat() || d.source != nil && d.in.Resource == uuid.Nil && d.in.Calendar == nil && d.problems["resource_id"] == nil {
		if d.source != nil {
			d.Resource, d.Calendar = d.source.Resource, d.source.Calendar
			d.count(assign.Kept)
		}
		return nil
	}
	if d.chooses() {
		return s.openPool(ctx, d)
	}
	err := s.findPlace(ctx, d)
	d.count(assign.Named)
	return err
}

// findPlace loads the named resource and calendar. What the page's offer has of them is not read again.
func (s *drafts) findPlace(ctx context.Context, d *Draft) error {
	if d.required() != nil { // see choose
		return nil
	}
	if d.in.Resource == uuid.Nil {
		if d.problems["resource_id"] == nil {
			d.problems.Add("resource_id", "is required")
		}
		return nil
	}
	resource, calendar, err := s.resource(ctx, d)
	if missing(err, "resource_id", d.problems) || err != nil {
		return unlessNotFound(err)
	}
	d.Resource = *resource
	if calendar == nil {
		if d.problems["calendar_id"] == nil {
			d.problems.Add("calendar_id", "does not exist")
		}
		return nil
	}
	d.Calendar = *calendar
	return nil
}

// setUnits sets how many units of its resource the draft takes: those that are asked for, as many as the booking whose place it takes,
// or what is usual. It adds a problem if the resource never has so many. What is held already may be kept.
func setUnits(_ context.Context, d *Draft) error {
	held := 0
	if d.source != nil && !d.isSeat() {
		held = d.source.Takes()
	}
	d.Units = cmp.Or(d.in.Units, held, d.in.UsualUnits, 1)
	switch most := max(d.Resource.Capacity, 1); {
	case d.isSeat() && d.in.Units > 1:
		d.problems.Add("units", "are not asked for with a seat: seats are booked one by one")
	case d.isSeat():
		d.Units = 1
	case held > 0 && d.Units <= held && d.source.Resource.ID == d.Resource.ID, d.Resource.ID == uuid.Nil:
	case d.Units > most && d.problems["units"] == nil:
		d.problems.Add("units", "must be at most %d, the capacity of the resource", most)
	}
	return nil
}

func (s *drafts) resource(ctx context.Context, d *Draft) (*catalogue.Resource, *catalogue.Calendar, error) {
	if o := d.in.Offer; o != nil && d.in.Calendar == nil && o.calendars != nil {
		if at := o.position(d.in.Resource); at >= 0 {
			return o.Hosts[at], o.calendars[d.in.Resource], nil
		}
	}
	return s.db.Place(ctx, d.AppID, d.in.Resource, d.in.Calendar)
}
