package service

import (
	"context"

	"github.com/google/uuid"

	"holdfast/internal/assign"
	"holdfast/internal/catalogue"
)

// place finds the resource and the calendar that the booking is to take time of: those that are named, or those of its session or
// hold. Where the project chooses, that
// is left to the record.
func (s *Service) place(ctx context.Context, d *Draft) error {
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
func (s *Service) findPlace(ctx context.Context, d *Draft) error {
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

func (s *Service) resource(ctx context.Context, d *Draft) (*catalogue.Resource, *catalogue.Calendar, error) {
	if o := d.in.Offer; o != nil && d.in.Calendar == nil && o.calendars != nil {
		if at := o.position(d.in.Resource); at >= 0 {
			return o.Hosts[at], o.calendars[d.in.Resource], nil
		}
	}
	return s.DB.Place(ctx, d.AppID, d.in.Resource, d.in.Calendar)
}
