package api

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/graphs"
	"holdfast/internal/availability"
	"holdfast/internal/booking"
)

// draft is a booking being made of a request, with every fault found on the way.
type draft struct {
	*booking.Booking
	graph    *graphs.Graph
	inputs   json.RawMessage // of its first action
	problems booking.Problems

	k       *call
	in      bookingInput
	slot    slotInput
	fixed   string           // the graph that it has to be; "" = any
	project *booking.Project // nil for none
	source  *booking.Booking // the session it is a seat of, or the hold it comes from; nil for none
}

// draft makes a booking of what is asked for, and tells of all faults at once. What the project says stands in for what the body
// leaves out, as does the session or the hold that the body names. graph, unless "", is the only one it can be.
func (s *Server) draft(k *call, id uuid.UUID, in bookingInput, graph string) (*draft, error) {
	if err := s.enterDoor(k); err != nil {
		return nil, err
	}
	d := &draft{k: k, in: in, fixed: graph, problems: booking.Problems{}}
	d.Booking = &booking.Booking{ID: id, AppID: k.App.ID, EventID: edge.NewID()}
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
	if d.k.Kind != booking.ServerKey {
		if err := d.in.restrict(); err != nil {
			return err
		}
	}
	if d.in.ProjectID == "" {
		return nil
	}
	id := edge.ParseID(d.in.ProjectID, "project_id", d.problems)
	if id == uuid.Nil {
		return nil
	}
	project, err := s.DB.Project(d.k, d.AppID, id)
	if edge.IsMissing(err, "project_id", d.problems) || err != nil {
		return edge.UnlessNotFound(err)
	}
	d.project, d.Related.Project = project, &project.ID
	defaults, err := readDefaults(project)
	if err != nil {
		return err
	}
	if d.k.Kind == booking.ServerKey {
		d.in.layOver(&defaults)
		return nil
	}
	if defaults.Graph == "" {
		defaults.Graph = visitorsGraph(d.in, project)
	}
	defaults.layOver(&d.in)
	d.in = defaults
	return nil
}

// visitorsGraph is the graph of a visitor's booking through a project that may not name one. A visitor does not choose: it is the
// default, or what takes a seat of the session that is named.
func visitorsGraph(in bookingInput, p *booking.Project) string {
	if in.Related.OwnerBookingID != "" && strings.HasPrefix(in.Graph, "group_customer") {
		return in.Graph
	}
	return p.GraphName()
}

// read says which graph it is, and where the slot stands.
func (d *draft) read() error {
	switch {
	case d.fixed != "":
		d.in.hold(d.fixed)
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
	d.Settings = d.in.settings(d.graph, d.problems)
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
		if text == "" || d.k.Kind != booking.ServerKey {
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
		d.Start = d.k.ParseTime(string(d.slot.Start), "start", d.problems)
		d.End = d.k.ParseTime(string(d.slot.End), "end", d.problems)
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
	d.Meta = edge.CheckObject(d.in.Meta, "meta", d.problems)
	d.Customers = customers(d.in.Customer, d.problems)
	d.askCustomer()
	d.check()
	return d.seats()
}

func (d *draft) check() {
	if !d.Start.IsZero() && !d.End.IsZero() && !d.Start.Before(d.End) {
		d.problems.Add("end", "must be after start")
	}
	edge.CheckLength(d.What, "what", 500, d.problems)
	edge.CheckLength(d.Where, "where", 500, d.problems)
	edge.CheckLength(d.Description, "description", 20_000, d.problems)
	checkParticipants(d.Participants, d.problems)
}
