package api

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/booking"
)

// bookingInput is the body of POST /bookings. The slot may stand at the root or, as older clients send it, in "event".
type bookingInput struct {
	ResourceID string `json:"resource_id"`
	Graph      string `json:"graph"`
	Action     string `json:"action"`
	slotInput
	Event    *slotInput                 `json:"event"`
	Customer map[string]json.RawMessage `json:"customer"`
	Meta     json.RawMessage            `json:"meta"`
	Settings json.RawMessage            `json:"settings"`
}

type slotInput struct {
	Start        stamp    `json:"start"`
	End          stamp    `json:"end"`
	What         string   `json:"what"`
	Where        string   `json:"where"`
	Description  string   `json:"description"`
	CalendarID   string   `json:"calendar_id"`
	Participants []string `json:"participants"`
}

// createBooking makes a booking and plays its graph's first action: 201, 202 when the outcome is not known yet, 409
// when the slot is taken.
func (s *Server) createBooking(k *call) error {
	var in bookingInput
	var body map[string]json.RawMessage
	if err := k.decode(&in, &body); err != nil {
		return err
	}
	b, graph, err := s.newBooking(k, in, body)
	if err != nil {
		return err
	}
	move, err := graph.Next(b.State, graph.Start, graphs.ActorAPI)
	if err != nil {
		return err
	}
	first := k.newAction(uuid.NewSHA1(b.ID, []byte("first action")), b, graph.Start)
	out, err := s.begin(k, k.app, b, first, move, k.wait(s.Wait))
	if err != nil {
		return err
	}
	return s.answer(k, http.StatusCreated, out)
}

// newBooking checks the whole body and answers with all its faults at once.
func (s *Server) newBooking(
	k *call, in bookingInput, body map[string]json.RawMessage,
) (*booking.Booking, *graphs.Graph, error) {
	problems := booking.Problems{}
	slot := in.slotInput
	if in.Event != nil {
		slot = *in.Event
	}
	b := &booking.Booking{
		ID: k.operation, AppID: k.app.ID, EventID: newID(),
		What: slot.What, Where: slot.Where, Description: slot.Description,
	}
	graph := in.graph(problems)
	slot.times(k, b, problems)
	b.Participants = append([]string{}, slot.Participants...)
	b.Meta = object(in.Meta, "meta", problems)
	b.Customers = customers(in.Customer, problems)
	if graph != nil {
		b.Graph, b.GraphVersion, b.State = graph.Name, graph.Version, graph.Initial
		b.Settings = in.settings(graph, body, problems)
	}
	if err := s.place(k, b, in.ResourceID, slot.CalendarID, problems); err != nil {
		return nil, nil, err
	}
	if err := problems.Err(); err != nil {
		return nil, nil, err
	}
	if graph.Name == "group_owner" || graph.Name == "group_customer" || graph.Name == "group_customer_payment" {
		return nil, nil, booking.Errorf(booking.GraphNotAvailable, "Graph %s is published, but this version cannot book seats yet.", graph.Name)
	}
	if b.Settings.AllowDoubleBookings && k.kind != booking.ServerKey {
		return nil, nil, booking.Errorf(booking.Forbidden, "A widget key may not double-book.")
	}
	return b, graph, nil
}

// graph finds the rule book. An action may be named, as old clients do, but only the one that would be played anyway.
func (in bookingInput) graph(problems booking.Problems) *graphs.Graph {
	if in.Graph == "" {
		problems.Add("graph", "is required")
		return nil
	}
	graph, ok := graphs.Latest(in.Graph)
	if !ok {
		problems.Add("graph", "is not a graph of this server; GET /v2/graphs lists them")
		return nil
	}
	oldName := in.Action == "tentative" && graph.Name == "instant_payment"
	if in.Action != "" && in.Action != graph.Start && !oldName {
		problems.Add("action", "Cannot apply action '%s' to current state '%s'", in.Action, graph.Initial)
	}
	return graph
}

func (slot slotInput) times(k *call, b *booking.Booking, problems booking.Problems) {
	b.Start = k.parseTime(string(slot.Start), "start", problems)
	b.End = k.parseTime(string(slot.End), "end", problems)
	if !b.Start.IsZero() && !b.End.IsZero() && !b.Start.Before(b.End) {
		problems.Add("end", "must be after start")
	}
	checkLength(slot.What, "what", 500, problems)
	checkLength(slot.Where, "where", 500, problems)
	checkLength(slot.Description, "description", 20_000, problems)
	if len(slot.Participants) > 100 {
		problems.Add("participants", "must not be more than 100")
	}
	for _, address := range slot.Participants {
		checkEmail(address, "participants", problems)
	}
}

// settings reads what the booking wants for itself: double bookings, timers, and Timekit's switches at the root of the
// body ({"auto_complete_one_hour_after_booking_ends":{"enabled":false}}).
func (in bookingInput) settings(graph *graphs.Graph, body map[string]json.RawMessage, problems booking.Problems) booking.Settings {
	var settings booking.Settings
	if raw := object(in.Settings, "settings", problems); json.Unmarshal(raw, &settings) != nil {
		problems.Add("settings", "must hold allow_double_bookings (true or false) and timers (ISO 8601 durations by action)")
		return settings
	}
	for action, name := range graph.Switches() {
		var toggle struct {
			Enabled *bool `json:"enabled"`
		}
		raw, ok := body[name]
		if !ok || string(raw) == "[]" {
			continue
		}
		if json.Unmarshal(raw, &toggle) != nil {
			problems.Add(name, "must be an object with enabled: true or false")
			continue
		}
		if toggle.Enabled != nil && !*toggle.Enabled {
			if settings.Timers == nil {
				settings.Timers = graphs.Overrides{}
			}
			settings.Timers[action] = graphs.Off
		}
	}
	for action, problem := range graph.CheckOverrides(settings.Timers) {
		problems.Add("settings.timers."+action, "%s", problem)
	}
	return settings
}

// customers reads the person the booking is for; fields of the app's own go to meta.
func customers(fields map[string]json.RawMessage, problems booking.Problems) []booking.Customer {
	if len(fields) == 0 {
		return []booking.Customer{}
	}
	c := booking.Customer{ID: newID()}
	own := map[string]json.RawMessage{}
	known := map[string]*string{"name": &c.Name, "email": &c.Email, "phone": &c.Phone, "voip": &c.Voip, "timezone": &c.Timezone}
	for name, raw := range fields {
		target, ok := known[name]
		if !ok {
			own[name] = raw
			continue
		}
		if string(raw) != "null" && json.Unmarshal(raw, target) != nil {
			problems.Add("customer."+name, "must be a text")
		}
		*target = strings.TrimSpace(*target)
		checkLength(*target, "customer."+name, 500, problems)
	}
	checkEmail(c.Email, "customer.email", problems)
	if c.Timezone != "" {
		checkZone(c.Timezone, "customer.timezone", problems)
	}
	text, _ := json.Marshal(own) //nolint:errchkjson // read from JSON just now
	c.Meta = object(text, "customer", problems)
	return []booking.Customer{c}
}

// place finds the resource and calendar the booking is to take time of.
func (s *Server) place(k *call, b *booking.Booking, resourceID, calendarID string, problems booking.Problems) error {
	id := parseID(resourceID, "resource_id", problems)
	var calendar *uuid.UUID
	if calendarID != "" {
		named := parseID(calendarID, "calendar_id", problems)
		calendar = &named
	}
	if id == uuid.Nil {
		return nil
	}
	resource, err := s.DB.Resource(k, k.app.ID, id)
	if missing(err, "resource_id", problems) || err != nil {
		return unlessMissing(err)
	}
	b.Resource = *resource
	found, err := s.DB.Calendar(k, id, calendar)
	if missing(err, "calendar_id", problems) || err != nil {
		return unlessMissing(err)
	}
	b.Calendar = *found
	return nil
}

func missing(err error, field string, problems booking.Problems) bool {
	if booking.CodeOf(err) != booking.NotFound {
		return false
	}
	problems.Add(field, "does not exist")
	return true
}

func unlessMissing(err error) error {
	if booking.CodeOf(err) == booking.NotFound {
		return nil
	}
	return err
}
