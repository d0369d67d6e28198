package bookings

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/api/rules"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/links"
	"holdfast/internal/policy"
	"holdfast/internal/postgres"
	"holdfast/internal/service"
	"holdfast/internal/tenant"
)

// rescheduleHandlers answers requests to move a booking to another time.
type rescheduleHandlers struct {
	bookings *postgres.Bookings
	booker   *service.Booker
	tokens   *service.Tokens
	renderer *renderer
	wait     time.Duration // for the outcome of an action, unless the client says otherwise
}

func (h *rescheduleHandlers) routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodPost, "/v2/bookings/:id/reschedule", edge.RequireKey, with(h.reschedule)).Once(),
	}
}

// reschedule makes a new booking of an old one at another time, perhaps of another resource. In one transaction the old
// time is given up, the new one taken, and the old booking ends; or none of it. 201 with the new booking, which has an id
// of its own.
func (h *rescheduleHandlers) reschedule(k *call) error {
	var in rescheduleInput
	if err := k.Decode(&in); err != nil {
		return err
	}
	old, err := h.bookingToMove(k)
	if err != nil {
		return err
	}
	m := h.move(k, old, in)
	if err := in.mover(k, &m); err != nil {
		return err
	}
	out, err := h.booker.Reschedule(k, k.Caller, old, m)
	if err != nil {
		return err
	}
	k.hidePeople(out)
	return h.renderer.answer(k, http.StatusCreated, out)
}

// bookingToMove finds the booking that the path names, by its id or by the proof that the caller may move it: the token of its
// customer's link for reschedule_by_customer, which may also come as the query's signature. With a widget key, which anybody has,
// the id alone is not enough: ids stand in addresses, logs and other systems.
func (h *rescheduleHandlers) bookingToMove(k *call) (*booking.Booking, error) {
	token, name := k.Query("signature"), k.Param("id")
	if strings.Count(name, ".") == 2 {
		token, name = name, ""
	}
	if token == "" {
		if k.Kind == tenant.WidgetKey && k.App.Settings.WidgetRescheduleRequiresProof {
			return nil, fault.Errorf(fault.Forbidden, "With a widget key the customer's link has to be shown, as signature or in "+
				"place of the id: see the app's setting widget_reschedule_requires_proof.")
		}
		return k.booking(h.bookings)
	}
	if len(token) > links.MaxToken {
		return nil, fault.Errorf(fault.LinkInvalid, "This link is not valid.")
	}
	id, err := uuid.Parse(cmp.Or(name, namedBy(token)))
	if err != nil {
		return nil, fault.Errorf(fault.LinkInvalid, "This link is not valid.")
	}
	target, err := h.bookings.LinkTarget(k, id)
	if err != nil {
		return nil, err
	}
	if target.App.ID != k.App.ID {
		return nil, fault.Errorf(fault.NotFound, "The booking does not exist.")
	}
	claims, err := h.tokens.VerifyLink(target, token)
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

// hidePeople takes out of an answer to a visitor what it says of people: a widget key and an id suffice to move or hold, and
// read nothing. Who has shown the customer's link gets the next one.
func (k *call) hidePeople(out service.Outcome) {
	if !k.IsVisitor() || out.Booking == nil {
		return
	}
	b := out.Booking
	b.Customers, b.Participants, b.Meta = []booking.Customer{}, []string{}, json.RawMessage("{}")
	b.What, b.Where, b.Description = "", "", ""
	k.unlinked = !k.proven
}

// move reads where to a booking is to be moved.
func (h *rescheduleHandlers) move(k *call, old *booking.Booking, in rescheduleInput) service.Move {
	m := service.Move{ID: k.Operation, Retried: k.Repeated, Message: in.Message, Wait: k.PreferredWait(h.wait), Problems: fault.Problems{}}
	_, stale := k.ifMatch(old)
	m.Stale = stale != nil
	if in.ResourceID != "" {
		m.Resource = edge.ParseID(in.ResourceID, "resource_id", m.Problems)
	}
	if in.CalendarID != "" {
		m.Calendar = rules.OptionalID(in.CalendarID, "calendar_id", m.Problems)
	}
	m.Start, m.End = in.Times(k.Clock, m.Problems)
	return m
}

// mover reads for whom a booking is moved: a widget key moves it for the customer, others for the owner unless they say otherwise.
func (in rescheduleInput) mover(k *call, m *service.Move) error {
	switch in.By {
	case "":
		m.ByOwner = !k.IsVisitor()
	case "customer":
	case "owner":
		if m.ByOwner = true; k.IsVisitor() {
			return fault.Errorf(fault.Forbidden, "A widget key moves bookings for their customers.")
		}
	default:
		m.Problems.Add("by", "must be customer or owner")
	}
	m.Override = in.Override
	in.units(k, m)
	var err error
	if m.Notify, err = rules.ReadNotify(k.Caller, in.Notify, m.Problems); err != nil {
		return err
	}
	return service.CheckOverride(k.Caller, in.Override, m.Problems)
}

// units reads how many units the booking takes from then on. A visitor's stays as large as it is.
func (in rescheduleInput) units(k *call, m *service.Move) {
	if in.Units == nil {
		return
	}
	if rules.CheckUnits(in.Units, "units", m.Problems); k.IsVisitor() {
		m.Problems.Add("units", "can be changed with a server key only")
	}
	m.Units = *in.Units
}

type rescheduleInput struct {
	rules.Slot
	ResourceID string  `json:"resource_id"`
	Message    *string `json:"message"`
	Units      *int    `json:"units"` // nil for as many as the old one takes

	By       string        `json:"by"`       // customer or owner; "" = who calls
	Override policy.Lifted `json:"override"` // rules that the move is not held to

	Notify json.RawMessage `json:"notify"` // who gets the mails about it: see rules.ReadNotify
}
