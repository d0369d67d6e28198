package api

import (
	"encoding/json"
	"net/http"

	"holdfast/graphs"
	"holdfast/internal/booking"
)

// reschedule makes a new booking of an old one at another time, perhaps of another resource. In one transaction the old
// time is given up, the new one taken, and the old booking ends; or none of it. 201 with the new booking, which has an id
// of its own.
func (s *Server) reschedule(k *call) error {
	var in rescheduleInput
	if err := k.decode(&in); err != nil {
		return err
	}
	old, err := k.booking(s)
	if err != nil {
		return err
	}
	if err := s.mayReschedule(k, old); err != nil {
		return err
	}
	d, err := s.moved(k, old, in)
	if err != nil {
		return err
	}
	out, err := s.book(k, d)
	if err != nil {
		return err
	}
	return s.answer(k, http.StatusCreated, out)
}

type rescheduleInput struct {
	slotInput
	ResourceID string  `json:"resource_id"`
	Message    *string `json:"message"`
}

// moved drafts the booking that takes an old one's place.
func (s *Server) moved(k *call, old *booking.Booking, in rescheduleInput) (d *draft, err error) {
	d = &draft{Booking: successor(k, old), k: k, slot: in.slotInput, source: old, problems: booking.Problems{}}
	if in.ResourceID == "" {
		in.ResourceID = old.Resource.ID.String()
	}
	d.Start = k.parseTime(string(in.Start), "start", d.problems)
	d.End = k.parseTime(string(in.End), "end", d.problems)
	d.check()
	if err := s.findPlace(k, d.Booking, in.ResourceID, in.CalendarID, d.problems); err != nil {
		return nil, err
	}
	if d.graph, err = d.RuleBook(); err != nil {
		return nil, err
	}
	if err := s.offeredAnew(d); err != nil {
		return nil, err
	}
	d.inputs = rescheduleInputs(in.Message, d.problems)
	return d, s.remindAnew(d, old)
}

// offeredAnew asks the project that the old booking was made through, if there still is one.
func (s *Server) offeredAnew(d *draft) (err error) {
	if d.Related.Project == nil {
		return nil
	}
	if d.project, err = s.DB.Project(d.k, d.AppID, *d.Related.Project); err != nil {
		return unlessMissing(err)
	}
	return s.offered(d)
}

// mayReschedule asks the old booking's graph. A repeat of a try that got no answer may find the old booking over.
func (s *Server) mayReschedule(k *call, old *booking.Booking) error {
	if begun, err := s.begun(k, firstAction(k.operation)); begun || err != nil {
		return err
	}
	if _, err := k.ifMatch(old); err != nil {
		return err
	}
	graph, err := old.RuleBook()
	if err != nil {
		return err
	}
	if _, err := graph.Next(old.State, booking.RescheduleAction, graphs.ActorAPI); err != nil {
		return notAvailable(graph, old, graphs.ActorAPI, err.Error())
	}
	if k.visitor() {
		return tooLate(old)
	}
	return nil
}

// successor is the booking once more, at the beginning of the newest version of its graph.
func successor(k *call, old *booking.Booking) *booking.Booking {
	b := *old
	b.ID, b.EventID = k.operation, newID()
	if graph, ok := graphs.Latest(b.Graph); ok {
		b.GraphVersion, b.State = graph.Version, graph.Initial
	}
	b.Seq, b.Revision, b.Completed, b.Reminders = 0, 0, false, nil
	b.Related = booking.Related{Project: old.Related.Project, RescheduledFrom: &old.ID}
	b.Customers = append([]booking.Customer{}, old.Customers...)
	for i := range b.Customers {
		b.Customers[i].ID = newID()
	}
	return &b
}

// rescheduleInputs keeps what the customer said, with the new booking's first action.
func rescheduleInputs(message *string, problems booking.Problems) json.RawMessage {
	if message == nil {
		return nil
	}
	checkLength(*message, "message", maxInput, problems)
	text, _ := json.Marshal(map[string]map[string]string{
		booking.RescheduleAction: {"message": *message},
	})
	return text
}
