package service

import (
	"context"
	"time"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/tenant"
	"holdfast/internal/zones"
)

// SessionGraph is the graph of sessions, whose seats other bookings take.
const SessionGraph = "group_owner"

// IsSeat reports whether bookings of a graph take seats of a session.
func IsSeat(graph *graphs.Graph) bool {
	if graph == nil {
		return false
	}
	for _, s := range graph.States {
		if s.Holds == graphs.HoldsSeat {
			return true
		}
	}
	return false
}

func (d *Draft) isSeat() bool { return IsSeat(d.graph) }

// attach loads the session or the hold that is named.
func (s *drafts) attach(ctx context.Context, d *Draft) error {
	if d.in.Session != nil || d.isSeat() {
		return s.attachSession(ctx, d)
	}
	if d.in.Reservation == nil {
		return nil
	}
	hold, err := s.db.Booking(ctx, d.AppID, *d.in.Reservation)
	if missing(err, "reservation_id", d.problems) || err != nil {
		return unlessNotFound(err)
	}
	if hold.Graph != HoldGraph {
		d.problems.Add("reservation_id", "is a booking, not a hold")
	}
	d.source, d.Related.Reservation = hold, &hold.ID
	return nil
}

func (s *drafts) attachSession(ctx context.Context, d *Draft) error {
	const field = "related.owner_booking_id"
	if d.graph != nil && !d.isSeat() {
		d.problems.Add(field, "only goes with a graph of seats, such as group_customer")
		return nil
	}
	if d.in.Reservation != nil {
		d.problems.Add("reservation_id", "seats of a session cannot be held")
	}
	if d.in.Session == nil {
		if d.problems[field] == nil {
			d.problems.Add(field, "is required")
		}
		return nil
	}
	session, err := s.db.Booking(ctx, d.AppID, *d.in.Session)
	if missing(err, field, d.problems) || err != nil {
		return unlessNotFound(err)
	}
	if session.Graph != SessionGraph || session.Session == nil {
		d.problems.Add(field, "is not a session")
		return nil
	}
	d.source, d.Related.OwnerBooking, d.Session = session, &session.ID, session.Session
	return nil
}

const maxSeats = 100_000

// seats reads how many seats a session has and when they can be had. Forbidden for all but server keys.
func (d *Draft) seats() error {
	if d.graph == nil || d.graph.Name != SessionGraph {
		return nil
	}
	if d.caller.Kind != tenant.ServerKey {
		return fault.Errorf(fault.Forbidden, "A widget key may not make sessions.")
	}
	set := d.Settings
	if set.MaxSeats < 1 || set.MaxSeats > maxSeats {
		d.problems.Add("settings.max_seats", "must be a number from 1 to %d", maxSeats)
	}
	before := func(text, field string) time.Time {
		if text == "" {
			return time.Time{}
		}
		span, err := zones.ParseSpan(text)
		if err != nil {
			d.problems.Add("settings."+field, "%s", err)
		}
		return span.Before(d.Start, d.Resource.Zone())
	}
	d.Session = &booking.Session{
		MaxSeats:    set.MaxSeats,
		BookFrom:    before(set.MaxBookingTime, "max_booking_time"),
		BookUntil:   before(set.MinBookingTime, "min_booking_time"),
		CancelUntil: before(set.MinCancelTime, "min_cancel_time"),
	}
	if until := d.Session.BookUntil; set.MaxBookingTime != "" && set.MinBookingTime != "" && !d.Session.BookFrom.Before(until) {
		d.problems.Add("settings.max_booking_time", "must be longer than min_booking_time: otherwise no seat can ever be booked")
	}
	return nil
}
