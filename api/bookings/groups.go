package bookings

import (
	"net/http"
	"strconv"

	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/postgres"
	"holdfast/internal/service"
	"holdfast/internal/tenant"
	"holdfast/internal/timekit"
)

// listGroups shows sessions with their seats. A widget gets only those that it can book now.
func (s *Handlers) listGroups(k *call) error {
	page, err := k.ReadPage()
	if err != nil {
		return err
	}
	filter, err := k.filter()
	if err != nil {
		return err
	}
	if filter.Bookable = k.Kind == tenant.WidgetKey; filter.Bookable {
		err = publicSearch(filter.Terms)
	}
	if err != nil {
		return err
	}
	filter.Terms = append(filter.Terms, postgres.Term{Key: "graph", Value: service.SessionGraph})
	if filter.Order == "" {
		filter.Order = "event.start"
	}
	all, found, err := s.DB.ListBookings(k, k.App.ID, filter, page)
	if err != nil {
		return err
	}
	views, err := s.groupViews(k, all)
	if err != nil {
		return err
	}
	return k.AnswerList(views, len(views), found, page)
}

// publicSearch lets a widget search by what it is shown only: who may search for people's details can guess them.
func publicSearch(terms []postgres.Term) error {
	for _, term := range terms {
		switch term.Key {
		case "id", "project.id", "resource.id", "calendar.id", "state", "completed", "graph":
		default:
			return fault.Problems{"search": {"must not name " + strconv.Quote(term.Key) + " with a widget key"}}.Err()
		}
	}
	return nil
}

func (s *Handlers) getGroup(k *call) error {
	b, err := k.booking(s)
	if err != nil {
		return err
	}
	if b.Graph != service.SessionGraph {
		return fault.Errorf(fault.NotFound, "The session does not exist.")
	}
	views, err := s.groupViews(k, []*booking.Booking{b})
	if err != nil {
		return err
	}
	k.Header("ETag", etag(b))
	return k.Answer(http.StatusOK, views[0])
}

// groupViews are bookings with what clients expect of a session without asking: when it is, whose, and its seats. A widget
// gets no details of other people.
func (s *Handlers) groupViews(k *call, all []*booking.Booking) ([]timekit.Object, error) {
	if k.Kind == tenant.WidgetKey {
		for _, b := range all {
			b.Customers, b.Participants, b.Meta = nil, nil, nil
		}
	}
	return s.views(k, all, "attributes", "resource")
}
