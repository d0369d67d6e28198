package api

import (
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/postgres"
	"holdfast/internal/timekit"
)

// ownerGraph is the graph of sessions, whose seats other bookings take.
const ownerGraph = "group_owner"

// seat tells whether the draft is of a graph that takes seats.
func (d *draft) seat() bool {
	if d.graph == nil {
		return false
	}
	for _, s := range d.graph.States {
		if s.Holds == graphs.HoldsSeat {
			return true
		}
	}
	return false
}

// attach finds the session or the hold that the body names.
func (s *Server) attach(d *draft) error {
	if d.in.Related.OwnerBookingID != "" || d.seat() {
		return s.attachSession(d)
	}
	if d.in.ReservationID == "" {
		return nil
	}
	id := edge.ParseID(d.in.ReservationID, "reservation_id", d.problems)
	hold, err := s.DB.Booking(d.k, d.AppID, id)
	if edge.IsMissing(err, "reservation_id", d.problems) || err != nil {
		return edge.UnlessNotFound(err)
	}
	if hold.Graph != holdGraph {
		d.problems.Add("reservation_id", "is a booking, not a hold")
	}
	d.source, d.Related.Reservation = hold, &hold.ID
	return nil
}

func (s *Server) attachSession(d *draft) error {
	const field = "related.owner_booking_id"
	if d.graph != nil && !d.seat() {
		d.problems.Add(field, "only goes with a graph of seats, such as group_customer")
		return nil
	}
	if d.in.ReservationID != "" {
		d.problems.Add("reservation_id", "seats of a session cannot be held")
	}
	id := edge.ParseID(d.in.Related.OwnerBookingID, field, d.problems)
	if id == uuid.Nil {
		return nil
	}
	session, err := s.DB.Booking(d.k, d.AppID, id)
	if edge.IsMissing(err, field, d.problems) || err != nil {
		return edge.UnlessNotFound(err)
	}
	if session.Graph != ownerGraph || session.Session == nil {
		d.problems.Add(field, "is not a session")
		return nil
	}
	d.source, d.Related.OwnerBooking, d.Session = session, &session.ID, session.Session
	d.slot.Start, d.slot.End = "", "" // a seat is there when its session is
	return nil
}

// seats reads how many a session has and when they can be had.
func (d *draft) seats() error {
	if d.graph == nil || d.graph.Name != ownerGraph {
		return nil
	}
	if d.k.Kind != booking.ServerKey {
		return booking.Errorf(booking.Forbidden, "A widget key may not make sessions.")
	}
	set := d.Settings
	if set.MaxSeats < 1 || set.MaxSeats > 100_000 {
		d.problems.Add("settings.max_seats", "must be a number from 1 to 100000")
	}
	before := func(text, field string) time.Time {
		if text == "" {
			return time.Time{}
		}
		return span(text, "settings."+field, d.problems).Before(d.Start, d.Resource.Zone())
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

// listGroups shows sessions with their seats. A widget hears of those only that it can book now.
func (s *Server) listGroups(k *call) error {
	page, err := k.ReadPage()
	if err != nil {
		return err
	}
	filter, err := k.filter()
	if err != nil {
		return err
	}
	if filter.Bookable = k.Kind == booking.WidgetKey; filter.Bookable {
		err = publicSearch(filter.Terms)
	}
	if err != nil {
		return err
	}
	filter.Terms = append(filter.Terms, postgres.Term{Key: "graph", Value: ownerGraph})
	if filter.Order == "" {
		filter.Order = "event.start"
	}
	all, total, err := s.DB.ListBookings(k, k.App.ID, filter, page)
	if err != nil {
		return err
	}
	views, err := s.groupViews(k, all)
	if err != nil {
		return err
	}
	return k.AnswerList(views, len(views), total, page)
}

// publicSearch lets a widget search by what it is shown only: who may search for people's details can guess them.
func publicSearch(terms []postgres.Term) error {
	for _, term := range terms {
		switch term.Key {
		case "id", "project.id", "resource.id", "calendar.id", "state", "completed", "graph":
		default:
			return booking.Problems{"search": {"must not name " + strconv.Quote(term.Key) + " with a widget key"}}.Err()
		}
	}
	return nil
}

func (s *Server) getGroup(k *call) error {
	b, err := k.booking(s)
	if err != nil {
		return err
	}
	if b.Graph != ownerGraph {
		return booking.Errorf(booking.NotFound, "The session does not exist.")
	}
	views, err := s.groupViews(k, []*booking.Booking{b})
	if err != nil {
		return err
	}
	k.Header("ETag", etag(b))
	return k.Answer(http.StatusOK, views[0])
}

// groupViews are bookings with what clients expect of a session without asking: when it is, whose, and its seats. A widget
// does not hear of other people's details.
func (s *Server) groupViews(k *call, all []*booking.Booking) ([]timekit.Object, error) {
	if k.Kind == booking.WidgetKey {
		for _, b := range all {
			b.Customers, b.Participants, b.Meta = nil, nil, nil
		}
	}
	return s.views(k, all, "attributes", "resource")
}
