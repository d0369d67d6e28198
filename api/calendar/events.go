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

// listEvents answers with the calendar events that overlap a window, sorted by start: those made by requests, and bookings that hold time
// now. With ?after= it answers with the feed of webhooks' events instead.
func (s *Handlers) listEvents(k *edge.Call) error {
	if _, asked := k.GetQuery("after"); asked {
		return s.Feed.ListEvents(k)
	}
	page, err := k.ReadPage()
	if err != nil {
		return err
	}
	filter, err := readEventFilter(k)
	if err != nil {
		return err
	}
	all, found, err := s.DB.CalendarEvents(k, k.App.ID, filter, page)
	if err != nil {
		return err
	}
	list := []timekit.Object{}
	for _, e := range all {
		list = append(list, timekit.Event(e, k.Clock))
	}
	return k.AnswerList(list, len(list), found, page)
}

func readEventFilter(k *edge.Call) (postgres.CalendarEventFilter, error) {
	problems := fault.Problems{}
	f := postgres.CalendarEventFilter{Terms: k.OwnTerms(problems)}
	from, to := k.QueryTime("start", problems), k.QueryTime("end", problems)
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

func (s *Handlers) createEvent(k *edge.Call) error {
	e := &booking.CalendarEvent{ID: k.Operation, AppID: k.App.ID, RSVP: "accepted"}
	if err := s.readEvent(k, e); err != nil {
		return err
	}
	if err := s.DB.CreateCalendarEvent(k, e); err != nil {
		return err
	}
	k.Header("Location", "/v2/events/"+e.ID.String())
	return k.Answer(http.StatusCreated, timekit.Event(e, k.Clock))
}

func (s *Handlers) event(k *edge.Call) (*booking.CalendarEvent, error) {
	id, err := k.ID("id", "The event")
	if err != nil {
		return nil, err
	}
	e, err := s.DB.CalendarEvent(k, k.App.ID, id)
	if err != nil {
		return nil, err
	}
	return e, k.RequireOwner(e.Resource.ID, "The event")
}

// ownEvent loads an event that a request may change. InUse for a booking's, which only an action changes.
func (s *Handlers) ownEvent(k *edge.Call) (*booking.CalendarEvent, error) {
	e, err := s.event(k)
	if err == nil && e.Booking != nil {
		return nil, fault.Errorf(fault.InUse, "This is the calendar entry of booking %s. Play an action on that instead.", e.Booking.ID)
	}
	return e, err
}

func (s *Handlers) getEvent(k *edge.Call) error {
	if strings.HasPrefix(k.Param("id"), outbox.EventPrefix) {
		return s.Feed.GetEvent(k)
	}
	e, err := s.event(k)
	if err != nil {
		return err
	}
	return k.Answer(http.StatusOK, timekit.Event(e, k.Clock))
}

// updateEvent changes the fields that the body has. If the new time is taken, nothing changes.
func (s *Handlers) updateEvent(k *edge.Call) error {
	e, err := s.ownEvent(k)
	if err != nil {
		return err
	}
	if err := s.readEvent(k, e); err != nil {
		return err
	}
	if err := s.DB.UpdateCalendarEvent(k, e); err != nil {
		return err
	}
	return k.Answer(http.StatusOK, timekit.Event(e, k.Clock))
}

func (s *Handlers) deleteEvent(k *edge.Call) error {
	e, err := s.ownEvent(k)
	if err != nil {
		return err
	}
	if err := s.DB.DeleteCalendarEvent(k, k.App.ID, e.ID); err != nil {
		return err
	}
	return k.NoContent()
}
