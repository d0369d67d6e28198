package calendar

import (
	"net/http"
	"strings"

	"holdfast/api/edge"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/outbox"
	"holdfast/internal/postgres"
	"holdfast/internal/timekit"
)

// eventHandlers answers requests about calendar events.
type eventHandlers struct {
	calendars *postgres.Calendars
	feed      Feed
}

func (h *eventHandlers) routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodGet, "/v2/events", edge.RequireResource, h.listEvents),
		edge.On(http.MethodPost, "/v2/events", edge.RequireResource, h.createEvent).Once(),
		edge.On(http.MethodGet, "/v2/events/:id", edge.RequireResource, h.getEvent),
		edge.On(http.MethodPut, "/v2/events/:id", edge.RequireResource, h.updateEvent),
		edge.On(http.MethodDelete, "/v2/events/:id", edge.RequireResource, h.deleteEvent),
	}
}

// listEvents answers with the calendar events that overlap a window, sorted by start: those made by requests, and bookings that hold time
// now. With a cursor it answers with those made by requests alone, in the order of their changes, with or without a window. With ?after= it
// answers with the feed of webhooks' events instead.
func (h *eventHandlers) listEvents(k *edge.Call) error {
	if _, asked := k.GetQuery("after"); asked {
		return h.feed.ListEvents(k)
	}
	page, err := k.ReadPage()
	if err != nil {
		return err
	}
	filter, err := readEventFilter(k, page.Follows())
	if err != nil {
		return err
	}
	all, found, err := h.calendars.CalendarEvents(k, k.App.ID, filter, page)
	if err != nil {
		return err
	}
	list := []timekit.Object{}
	for _, e := range all {
		list = append(list, timekit.Event(e, k.Clock))
	}
	return k.AnswerList(list, len(list), found, page)
}

// readEventFilter reads window and search. A list that is followed needs no window.
func readEventFilter(k *edge.Call, follows bool) (postgres.CalendarEventFilter, error) {
	problems := fault.Problems{}
	f := postgres.CalendarEventFilter{Terms: k.OwnTerms(problems)}
	from, to := k.QueryTime("start", problems), k.QueryTime("end", problems)
	if follows && from == nil && to == nil {
		return f, problems.Err()
	}
	if from == nil {
		problems.Add("start", "is required")
	}
	if to == nil {
		problems.Add("end", "is required")
	}
	edge.CheckWindow(from, to, "end", problems)
	if err := problems.Err(); err != nil {
		return f, err
	}
	f.From, f.To = *from, *to
	return f, nil
}

func (h *eventHandlers) createEvent(k *edge.Call) error {
	e := &booking.CalendarEvent{ID: k.Operation, AppID: k.App.ID, RSVP: "accepted"}
	if err := h.readEvent(k, e); err != nil {
		return err
	}
	if err := h.calendars.CreateCalendarEvent(k, e); err != nil {
		return err
	}
	k.Header("Location", "/v2/events/"+e.ID.String())
	return k.Answer(http.StatusCreated, timekit.Event(e, k.Clock))
}

func (h *eventHandlers) event(k *edge.Call) (*booking.CalendarEvent, error) {
	id, err := k.ID("id", "The event")
	if err != nil {
		return nil, err
	}
	e, err := h.calendars.CalendarEvent(k, k.App.ID, id)
	if err != nil {
		return nil, err
	}
	return e, k.RequireOwner(e.Resource.ID, "The event")
}

// ownEvent loads an event that a request may change. InUse for a booking's, which only an action changes.
func (h *eventHandlers) ownEvent(k *edge.Call) (*booking.CalendarEvent, error) {
	e, err := h.event(k)
	if err == nil && e.Booking != nil {
		return nil, fault.Errorf(fault.InUse, "This is the calendar entry of booking %s. Play an action on that instead.", e.Booking.ID)
	}
	return e, err
}

func (h *eventHandlers) getEvent(k *edge.Call) error {
	if strings.HasPrefix(k.Param("id"), outbox.EventPrefix) {
		return h.feed.GetEvent(k)
	}
	e, err := h.event(k)
	if err != nil {
		return err
	}
	return k.Answer(http.StatusOK, timekit.Event(e, k.Clock))
}

// updateEvent changes the fields that the body has. If the new time is taken, nothing changes.
func (h *eventHandlers) updateEvent(k *edge.Call) error {
	e, err := h.ownEvent(k)
	if err != nil {
		return err
	}
	if err := h.readEvent(k, e); err != nil {
		return err
	}
	if err := h.calendars.UpdateCalendarEvent(k, e); err != nil {
		return err
	}
	return k.Answer(http.StatusOK, timekit.Event(e, k.Clock))
}

func (h *eventHandlers) deleteEvent(k *edge.Call) error {
	e, err := h.ownEvent(k)
	if err != nil {
		return err
	}
	if err := h.calendars.DeleteCalendarEvent(k, k.App.ID, e.ID); err != nil {
		return err
	}
	return k.NoContent()
}
