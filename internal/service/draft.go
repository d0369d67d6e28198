package service

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/policy"
	"holdfast/internal/requires"
	"holdfast/internal/tenant"
)

// NewBooking is a booking that is asked for, as it was read. Zero values say nothing, but for ID and Graph.
type NewBooking struct {
	ID      uuid.UUID // of the booking
	Retried bool      // an earlier try may have put it on record: then its outcome is the answer, and nothing is checked again
	Graph   *graphs.Graph
	Project *Project // it is booked through; nil for none

	Resource    uuid.UUID          // whose time it takes; with a requirement, who has the first part
	Preferred   uuid.UUID          // the resource of a booking that is moved, unless another one is named; else the nil UUID
	Requires    *requires.Requires // what it takes together, instead of what its project requires; nil for that
	Calendar    *uuid.UUID         // of the resource; nil for its first
	Reservation *uuid.UUID         // the hold that it takes the place of
	Session     *uuid.UUID         // whose seat it takes
	Start       time.Time
	End         time.Time

	What         string
	Where        string
	Description  string
	Participants []string
	Customers    []booking.Customer
	Meta         json.RawMessage // an object of the app's own
	Settings     booking.Settings
	Units        int // of the resource; 0 for those of the booking whose place it takes, or UsualUnits
	UsualUnits   int // of bookings through the project; 0 means 1
	Reminders    []Reminder
	Policy       *policy.Policy // of its own, over those of the project and the app; nil for none
	Override     policy.Lifted  // rules of the policy that it is not held to
	ByCustomer   bool           // a booking is moved for its customer: the policy holds

	Bulk    *uuid.UUID                 // the request that makes it together with others
	Request *booking.SchedulingRequest // that it answers; put on record with it
	Claim   *booking.Claim             // that it spends
	Offer   *Offer                     // what the page offers that it was picked on; nil for callers with a key

	Wait     time.Duration  // for its outcome
	Problems fault.Problems // found as it was read
}

// Draft is a booking being made, with every fault found on the way. It belongs to one goroutine.
type Draft struct {
	*booking.Booking

	caller   booking.Caller
	in       NewBooking
	graph    *graphs.Graph
	inputs   json.RawMessage  // of its first action
	source   *booking.Booking // the session it is a seat of, or the booking or hold whose place it takes; nil for none
	party    *party           // what its resources are chosen from; nil when it takes one that is named
	begun    *bool            // whether its first action is on record; nil until it was looked up
	problems fault.Problems

	keeps   bool   // it is moved, and keeps its resource if that is free
	offered *Offer // of the project, for all whose time could be chosen; nil where nobody is chosen
	hours   *Offer // by which rules they work
}

// Book makes a booking and plays its graph's first action. The outcome's action is still pending when the wait was too short.
// SlotTaken when somebody else has the time, and then nothing is on record.
func (s *Service) Book(ctx context.Context, c booking.Caller, in NewBooking) (Outcome, error) {
	turn, err := s.Enter(ctx)
	if err != nil {
		return Outcome{}, err
	}
	defer turn.Leave()
	d, err := s.Draft(ctx, c, in)
	if err != nil {
		return Outcome{}, err
	}
	return s.BookDraft(ctx, d, turn)
}

// Draft makes a booking of what is asked for, in memory, and finds all faults at once. What the project says stands in for what is
// not given, as does the session or the hold that is named. Faults of the request are in the draft: see Err. Forbidden for a session
// of a widget key, and UnknownZone, are errors at once.
func (s *Service) Draft(ctx context.Context, c booking.Caller, in NewBooking) (*Draft, error) {
	d := &Draft{caller: c, in: in, graph: in.Graph, problems: in.Problems}
	if d.problems == nil {
		d.problems = fault.Problems{}
	}
	d.Booking = &booking.Booking{
		Clock: d.caller.App.Clock,
		ID:    in.ID, AppID: c.App.ID, EventID: newID(), Settings: in.Settings, Request: in.Request, Claim: in.Claim,
		What: in.What, Where: in.Where, Description: in.Description, Participants: append([]string{}, in.Participants...),
		Customers: in.Customers, Meta: in.Meta,
	}
	d.Related.Bulk = in.Bulk
	if d.graph != nil {
		d.SetGraph(d.graph)
		d.State = d.graph.Initial
	}
	if in.Project != nil {
		d.Related.Project = &in.Project.ID
	}
	steps := []func(context.Context, *Draft) error{
		s.attach, s.place, setUnits, s.describe, setPolicy, s.choose, s.judge, s.remind,
	}
	for _, step := range steps {
		if err := step(ctx, d); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// Err returns all faults of the draft as one error; nil for none.
func (d *Draft) Err() error { return d.problems.Err() }

// BookDraft makes a booking of a draft, unless it has faults: then it returns them. It gives the turn back once the booking is on record.
// ErrNoDoubles for a double booking of a widget key, SlotTaken when somebody else has the time, Overloaded when too many are being made.
func (s *Service) BookDraft(ctx context.Context, d *Draft, turn *Turn) (Outcome, error) {
	if err := d.Err(); err != nil {
		return Outcome{}, err
	}
	if d.Settings.AllowDoubleBookings && d.caller.Kind != tenant.ServerKey {
		return Outcome{}, ErrNoDoubles
	}
	return s.startBooking(ctx, d, turn)
}

// ErrNoDoubles refuses a double booking to all but server keys.
var ErrNoDoubles = fault.Errorf(fault.Forbidden, "A widget key may not double-book.")

// describe completes when, what and for whom.
func (s *Service) describe(_ context.Context, d *Draft) error {
	d.Start, d.End = d.in.Start, d.in.End
	switch unset := d.Start.IsZero() && d.End.IsZero() && d.problems["start"] == nil && d.problems["end"] == nil; {
	case d.source != nil && (unset || d.in.Session != nil):
		d.Start, d.End = d.source.Start, d.source.End
	default:
		d.requireTimes()
	}
	switch {
	case strings.TrimSpace(d.What) != "":
	case d.source != nil:
		d.What = d.source.What
	case d.in.Project != nil:
		d.What = d.in.Project.Name
	}
	d.check()
	return d.seats()
}

func (d *Draft) requireTimes() {
	if d.Start.IsZero() && d.problems["start"] == nil {
		d.problems.Add("start", "is required")
	}
	if d.End.IsZero() && d.problems["end"] == nil {
		d.problems.Add("end", "is required")
	}
}

// MaxDescription is how long a booking's description may be, in characters; MaxText its title and its place.
const (
	MaxText        = 500
	MaxDescription = 20_000
)

func (d *Draft) check() {
	if !d.Start.IsZero() && !d.End.IsZero() && !d.Start.Before(d.End) {
		d.problems.Add("end", "must be after start")
	}
	checkLength(d.What, "what", MaxText, d.problems)
	checkLength(d.Where, "where", MaxText, d.problems)
	checkLength(d.Description, "description", MaxDescription, d.problems)
}

// hasBegun reports whether an earlier try has put the draft's first action on record: then its outcome is the answer, and what is asked
// for must not be checked again. A try that died before that has left nothing.
func (s *Service) hasBegun(ctx context.Context, d *Draft) (bool, error) {
	if d.begun == nil {
		begun, err := s.Submitted(ctx, FirstAction(d.ID), d.in.Retried)
		if err != nil {
			return false, err
		}
		d.begun = &begun
	}
	return *d.begun, nil
}

// FirstAction is the id of the action that brings a booking to life.
func FirstAction(booking uuid.UUID) uuid.UUID { return uuid.NewSHA1(booking, []byte("first action")) }
