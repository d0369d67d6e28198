package bookings

import (
	"net/http"
	"strconv"

	"holdfast/api/edge"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/postgres"
	"holdfast/internal/service"
	"holdfast/internal/tenant"
	"holdfast/internal/timekit"
)

// groupHandlers answers requests about sessions with their seats.
type groupHandlers struct {
	bookings *postgres.Bookings
	renderer *renderer
}

func (h *groupHandlers) routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodGet, "/v2/bookings/groups", edge.RequireKey, with(h.listGroups)),
		edge.On(http.MethodGet, "/v2/bookings/groups/:id", edge.RequireKey, with(h.getGroup)),
	}
}

// listGroups shows sessions with their seats. A widget gets only those that it can book now.
func (h *groupHandlers) listGroups(k *call) error {
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
	all, found, err := h.bookings.ListBookings(k, k.App.ID, filter, page)
	if err != nil {
		return err
	}
	views, err := h.groupViews(k, all)
	if err != nil {
		return err
	}
	return k.AnswerList(views, len(views), found, page)
}

// publicSearch lets a widget search by what it is shown only: who may search for people's details can guess them.
func publicSearch(terms []postgres.Term) error {
	for _, term := range terms {
		switch term.Key {
		case "id", "project.id", "resource.id", "calendar.id", "state", "completed", "graph", "graph_version":
		default:
			return fault.Problems{"search": {"must not name " + strconv.Quote(term.Key) + " with a widget key"}}.Err()
		}
	}
	return nil
}

func (h *groupHandlers) getGroup(k *call) error {
	b, err := k.booking(h.bookings)
	if err != nil {
		return err
	}
	if b.Graph != service.SessionGraph {
		return fault.Errorf(fault.NotFound, "The session does not exist.")
	}
	views, err := h.groupViews(k, []*booking.Booking{b})
	if err != nil {
		return err
	}
	k.Header("ETag", etag(b))
	return k.Answer(http.StatusOK, views[0])
}

// groupViews are bookings with what clients expect of a session without asking: when it is, whose, and its seats. A widget
// gets no details of other people.
func (h *groupHandlers) groupViews(k *call, all []*booking.Booking) ([]timekit.Object, error) {
	if k.Kind == tenant.WidgetKey {
		for _, b := range all {
			b.Customers, b.Participants, b.Meta = nil, nil, nil
		}
	}
	return h.renderer.views(k, all, "attributes", "resource")
}
