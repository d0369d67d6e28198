package api

import (
	"encoding/json"
	"maps"
	"strings"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/availability"
	"holdfast/internal/booking"
)

// bookingInput is the body of POST /bookings. The slot may stand at the root or, as older clients send it, in "event".
type bookingInput struct {
	ProjectID     string `json:"project_id"`
	ResourceID    string `json:"resource_id"`
	ReservationID string `json:"reservation_id"`
	Graph         string `json:"graph"`
	Action        string `json:"action"`
	slotInput
	Event         *slotInput                 `json:"event"`
	Customer      map[string]json.RawMessage `json:"customer"`
	Meta          json.RawMessage            `json:"meta"`
	Settings      json.RawMessage            `json:"settings"`
	Related       relatedInput               `json:"related"`
	Buffer        string                     `json:"buffer"`
	Notifications json.RawMessage            `json:"event_notifications"`
	Reminders     json.RawMessage            `json:"reminders"` // its older name
}

type relatedInput struct {
	OwnerBookingID string `json:"owner_booking_id"`
}

// UnmarshalJSON takes the empty list that PHP clients write for an empty object.
func (r *relatedInput) UnmarshalJSON(raw []byte) error {
	if string(raw) == "[]" {
		return nil
	}
	type plain relatedInput
	return json.Unmarshal(raw, (*plain)(r))
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

// draft is a booking being made of a request, with every fault found on the way.
type draft struct {
	*booking.Booking
	graph    *graphs.Graph
	inputs   json.RawMessage // of its first action
	problems booking.Problems

	k       *call
	in      bookingInput
	slot    slotInput
	body    map[string]json.RawMessage
	fixed   string           // the graph that it has to be; "" = any
	project *booking.Project // nil for none
	source  *booking.Booking // the session it is a seat of, or the hold it comes from; nil for none
}

// draft reads the whole body, so that the caller hears of all its faults at once. What the project says stands in for
// what the body leaves out, as does the session or the hold that the body names. graph, unless "", is the only one it can be.
func (s *Server) draft(k *call, id uuid.UUID, body map[string]json.RawMessage, graph string) (*draft, error) {
	d := &draft{k: k, body: body, fixed: graph, problems: booking.Problems{}}
	d.Booking = &booking.Booking{ID: id, AppID: k.app.ID, EventID: newID()}
	for _, step := range []func(*draft) error{
		s.inherit, (*draft).read, (*draft).rules, s.attach, s.place, (*draft).describe, s.offered, s.notify,
	} {
		if err := step(d); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// inherit lays the project's booking settings under the body's. In a browser they lie above: a visitor may not choose
// another graph or a shorter buffer than the owner did.
func (s *Server) inherit(d *draft) error {
	if d.k.kind != booking.ServerKey { // nor may they have this server call addresses
		d.body = maps.Clone(d.body)
		delete(d.body, "event_notifications")
		delete(d.body, "reminders")
	}
	if raw, named := d.body["project_id"]; !named || string(raw) == "null" {
		return nil
	}
	var text string
	_ = json.Unmarshal(d.body["project_id"], &text) // of another type: no UUID
	id := parseID(text, "project_id", d.problems)
	if id == uuid.Nil {
		return nil
	}
	project, err := s.DB.Project(d.k, d.AppID, id)
	if missing(err, "project_id", d.problems) || err != nil {
		return unlessMissing(err)
	}
	d.project, d.Related.Project = project, &project.ID
	if d.k.kind != booking.ServerKey {
		delete(d.body, "settings")
	}
	var defaults map[string]json.RawMessage
	if err := json.Unmarshal(project.Booking, &defaults); err != nil {
		return err
	}
	d.body = overlay(defaults, d.body, d.k.kind == booking.ServerKey)
	return nil
}

// overlay joins two bodies, and their settings; the second one wins, or else the first.
func overlay(under, over map[string]json.RawMessage, overWins bool) map[string]json.RawMessage {
	if !overWins {
		under, over = over, under
	}
	joined := map[string]json.RawMessage{}
	maps.Copy(joined, under)
	for name, value := range over {
		var one, two map[string]json.RawMessage
		if name == "settings" && json.Unmarshal(joined[name], &one) == nil && json.Unmarshal(value, &two) == nil {
			value, _ = json.Marshal(overlay(one, two, true)) //nolint:errchkjson // read from JSON just now
		}
		joined[name] = value
	}
	return joined
}

func (d *draft) read() error {
	text, err := json.Marshal(d.body)
	if err != nil {
		return err
	}
	if err := fill(text, &d.in); err != nil {
		return err
	}
	switch {
	case d.fixed != "":
		d.in.Graph = d.fixed
	case d.in.Graph == "" && d.project != nil:
		d.in.Graph = booking.DefaultGraph // widgets name no graph: they leave it to the project
	}
	d.slot = d.in.slotInput
	if d.in.Event != nil {
		d.slot = *d.in.Event
	}
	return nil
}

// rules finds the graph and what the booking wants for itself.
func (d *draft) rules() error {
	if d.graph = d.in.graph(d.problems); d.graph == nil {
		return nil
	}
	d.Graph, d.GraphVersion, d.State = d.graph.Name, d.graph.Version, d.graph.Initial
	d.Settings = d.in.settings(d.graph, d.body, d.problems)
	d.buffer()
	return nil
}

// buffer reads the time to keep free around the booking: its own, or the project's.
func (d *draft) buffer() {
	text := d.in.Buffer
	if d.project != nil {
		var rules struct {
			Buffer       string `json:"buffer"`
			IgnoreAllDay bool   `json:"ignore_all_day_events"`
		}
		_ = json.Unmarshal(d.project.Availability, &rules) // checked when it was written
		if text == "" || d.k.kind != booking.ServerKey {
			text = rules.Buffer
		}
		d.Settings.IgnoreAllDayEvents = d.Settings.IgnoreAllDayEvents || rules.IgnoreAllDay
	}
	if text == "" {
		return
	}
	length, fixed := span(text, "buffer", d.problems).Duration()
	if !fixed || length > maxBuffer {
		d.problems.Add("buffer", "must not be longer than 7 days")
	}
	d.Settings.BufferSeconds = int(length / time.Second)
}

func span(text, field string, problems booking.Problems) availability.Span {
	parsed, err := availability.ParseSpan(text)
	if err != nil {
		problems.Add(field, "%s", err)
	}
	return parsed
}

// describe reads when, what and for whom.
func (d *draft) describe() error {
	if d.source != nil && d.slot.Start == "" && d.slot.End == "" {
		d.Start, d.End = d.source.Start, d.source.End
	} else {
		d.Start = d.k.parseTime(string(d.slot.Start), "start", d.problems)
		d.End = d.k.parseTime(string(d.slot.End), "end", d.problems)
	}
	d.What, d.Where, d.Description = d.slot.What, d.slot.Where, d.slot.Description
	d.Participants = append([]string{}, d.slot.Participants...)
	switch {
	case strings.TrimSpace(d.What) != "":
	case d.source != nil:
		d.What = d.source.What
	case d.project != nil:
		d.What = d.project.Name
	}
	d.Meta = object(d.in.Meta, "meta", d.problems)
	d.Customers = customers(d.in.Customer, d.problems)
	d.check()
	return d.seats()
}

func (d *draft) check() {
	if !d.Start.IsZero() && !d.End.IsZero() && !d.Start.Before(d.End) {
		d.problems.Add("end", "must be after start")
	}
	checkLength(d.What, "what", 500, d.problems)
	checkLength(d.Where, "where", 500, d.problems)
	checkLength(d.Description, "description", 20_000, d.problems)
	checkParticipants(d.Participants, d.problems)
}
