package api

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/graphs"
	"holdfast/internal/booking"
)

// reschedule makes a new booking of an old one at another time, perhaps of another resource. In one transaction the old
// time is given up, the new one taken, and the old booking ends; or none of it. 201 with the new booking, which has an id
// of its own.
func (s *Server) reschedule(k *call) error {
	var in rescheduleInput
	if err := k.Decode(&in); err != nil {
		return err
	}
	old, err := s.bookingToMove(k)
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
	k.hidePeople(out)
	return s.answer(k, http.StatusCreated, out)
}

// bookingToMove finds the booking that the path names, by its id or by the proof that the caller may move it: the token of its
// customer's link for reschedule_by_customer, which may also come as the query's signature. With a widget key, which anybody has,
// the id alone is not enough: ids stand in addresses, logs and other systems.
func (s *Server) bookingToMove(k *call) (*booking.Booking, error) {
	token, name := k.Query("signature"), k.Param("id")
	if strings.Count(name, ".") == 2 {
		token, name = name, ""
	}
	if token == "" {
		if k.Kind == booking.WidgetKey && k.App.Settings.WidgetRescheduleRequiresProof {
			return nil, booking.Errorf(booking.Forbidden, "With a widget key the customer's link has to be shown, as signature or in "+
				"place of the id: see the app's setting widget_reschedule_requires_proof.")
		}
		return k.booking(s)
	}
	if len(token) > maxToken {
		return nil, booking.Errorf(booking.LinkInvalid, "This link is not valid.")
	}
	id, err := uuid.Parse(cmp.Or(name, namedBy(token)))
	if err != nil {
		return nil, booking.Errorf(booking.LinkInvalid, "This link is not valid.")
	}
	target, err := s.DB.LinkTarget(k, id)
	if err != nil {
		return nil, err
	}
	if target.App.ID != k.App.ID {
		return nil, booking.Errorf(booking.NotFound, "The booking does not exist.")
	}
	claims, err := s.verify(target, token)
	if err != nil {
		return nil, err
	}
	if err := claims.For(id.String(), booking.RescheduleAction); err != nil {
		return nil, err
	}
	k.proven = true
	return target.Booking, k.RequireOwner(target.Booking.Resource.ID, "The booking")
}

// namedBy is the booking that a token says it is for. Whether it may say so is still to be verified.
func namedBy(token string) string {
	parts := strings.Split(token, ".")
	var claims struct {
		BookingID string `json:"booking_id"`
	}
	if text, err := base64.RawURLEncoding.DecodeString(parts[min(1, len(parts)-1)]); err != nil || edge.DecodeInner(text, &claims) != nil {
		return ""
	}
	return claims.BookingID
}

// hidePeople takes out of an answer to a visitor what it says of people: whoever has a widget key and an id may move or hold, and
// read nothing. Who has shown the customer's link gets the next one.
func (k *call) hidePeople(out outcome) {
	if !k.IsVisitor() || out.booking == nil {
		return
	}
	b := out.booking
	b.Customers, b.Participants, b.Meta = []booking.Customer{}, []string{}, json.RawMessage("{}")
	b.What, b.Where, b.Description = "", "", ""
	k.unlinked = !k.proven
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
	d.Start = k.ParseTime(string(in.Start), "start", d.problems)
	d.End = k.ParseTime(string(in.End), "end", d.problems)
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
		return s.offered(d)
	}
	d.project, err = s.DB.Project(d.k, d.AppID, *d.Related.Project)
	if err := edge.UnlessNotFound(err); err != nil {
		return err
	}
	return s.offered(d)
}

// mayReschedule asks the old booking's graph. A repeat of a try that got no answer may find the old booking over.
func (s *Server) mayReschedule(k *call, old *booking.Booking) error {
	if begun, err := s.begun(k, firstAction(k.Operation)); begun || err != nil {
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
	if k.IsVisitor() {
		return tooLate(old)
	}
	return nil
}

// successor is the booking once more, at the beginning of the newest version of its graph.
func successor(k *call, old *booking.Booking) *booking.Booking {
	b := *old
	b.ID, b.EventID = k.Operation, edge.NewID()
	if graph, ok := graphs.Latest(b.Graph); ok {
		b.GraphVersion, b.State = graph.Version, graph.Initial
	}
	b.Seq, b.Revision, b.Completed, b.Reminders = 0, 0, false, nil
	b.Related = booking.Related{Project: old.Related.Project, RescheduledFrom: &old.ID}
	b.Customers = append([]booking.Customer{}, old.Customers...)
	for i := range b.Customers {
		b.Customers[i].ID = edge.NewID()
	}
	return &b
}

// rescheduleInputs keeps what the customer said, with the new booking's first action.
func rescheduleInputs(message *string, problems booking.Problems) json.RawMessage {
	if message == nil {
		return nil
	}
	edge.CheckLength(*message, "message", maxInput, problems)
	text, _ := json.Marshal(map[string]map[string]string{
		booking.RescheduleAction: {"message": *message},
	})
	return text
}
