package service

import (
	"context"
	"log/slog"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
	"holdfast/internal/limit"
	"holdfast/internal/postgres"
	"holdfast/internal/tenant"
)

// Booker makes bookings: new ones, holds, and those that take another one's place. It works drafts out, puts them on record and hands
// them to their workflows. It is safe for concurrent use.
type Booker struct {
	db          *postgres.DB
	dispatch    *dispatch.Dispatcher
	admission   *Admission
	drafts      *drafts
	offers      *Offers
	submissions *submissions
	reader      Reader
	log         *slog.Logger
}

// Book makes a booking and plays its graph's first action. The outcome's action is still pending when the wait was too short.
// SlotTaken when somebody else has the time, and then nothing is on record.
func (s *Booker) Book(ctx context.Context, c booking.Caller, in NewBooking) (Outcome, error) {
	turn, err := s.admission.Enter(ctx)
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
func (s *Booker) Draft(ctx context.Context, c booking.Caller, in NewBooking) (*Draft, error) {
	d := &Draft{caller: c, in: in, graph: in.Graph, problems: in.Problems}
	if d.problems == nil {
		d.problems = fault.Problems{}
	}
	d.Booking = &booking.Booking{
		Clock: c.App.Clock,
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
		s.drafts.attach, s.drafts.place, setUnits, describe, setPolicy, s.drafts.setTerms, s.drafts.choose, s.drafts.judge, s.drafts.remind,
	}
	for _, step := range steps {
		if err := step(ctx, d); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// BookDraft makes a booking of a draft, unless it has faults: then it returns them. It gives the turn back once the booking is on record.
// ErrNoDoubles for a double booking of a widget key, SlotTaken when somebody else has the time, Overloaded when too many are being made.
func (s *Booker) BookDraft(ctx context.Context, d *Draft, turn *Turn) (Outcome, error) {
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

// startBooking plays the action that brings a booking to life. The time or seat that it takes is claimed as it is put on record:
// SlotTaken when somebody else has it, and then no workflow is started.
func (s *Booker) startBooking(ctx context.Context, d *Draft, turn *Turn) (Outcome, error) {
	b, app := d.Booking, d.caller.App.Slug
	move, err := d.graph.Next(b.State, d.graph.Start, graphs.ActorAPI)
	if err != nil {
		return Outcome{}, err
	}
	place, err := s.admit(ctx, d, move, turn)
	if err != nil {
		return Outcome{}, err
	}
	turn.wasAdmitted()
	a := newAction(d.caller, FirstAction(b.ID), b, d.graph.Start)
	a.Inputs, a.Lifted, a.Notify = d.inputs, d.in.Override, d.in.Notify
	insert := func() (*booking.Action, error) {
		defer turn.Leave()
		return s.createChosen(ctx, d, a, move)
	}
	send := func(ctx context.Context) error { return s.dispatch.Start(ctx, b, app, signalOf(a)) }
	return s.submissions.submit(ctx, a, insert, send, place, d.in.Wait)
}

// admit gives a creation a place among those in flight; SlotTaken, or what the session says, if it has lost already when there is none.
// What takes the place of a hold or of another booking is always admitted, and so is the repeat of a request that is on record.
func (s *Booker) admit(ctx context.Context, d *Draft, move graphs.Move, turn *Turn) (*limit.Place, error) {
	begun, err := s.drafts.hasBegun(ctx, d)
	if err != nil {
		return nil, err
	}
	if begun || d.Related.Succeeds() != nil {
		return s.admission.of(d.graph).Force(), nil
	}
	return s.admission.admit(ctx, d.graph, turn, func() error { return looksTaken(ctx, s.db, d, move) })
}

// looksTaken looks whether a creation has lost already. One that takes several resources may have others instead.
func looksTaken(ctx context.Context, db *postgres.DB, d *Draft, move graphs.Move) error {
	if d.party != nil {
		return nil
	}
	return db.HasRoom(ctx, d.Booking, move)
}

// createChosen puts a draft on record with the resources that were chosen for it, all of them or none. When somebody else takes one of
// them in between, another combination is chosen, and so on; SlotTaken names the parts that were missing at last.
func (s *Booker) createChosen(ctx context.Context, d *Draft, first *booking.Action, move graphs.Move) (*booking.Action, error) {
	for try := uint64(1); ; try++ {
		known, err := s.db.CreateBooking(ctx, d.Booking, first, move)
		if d.party == nil || fault.CodeOf(err) != fault.SlotTaken || try == maxCombinations {
			return known, err
		}
		if err := d.party.choose(ctx, try); err != nil {
			return nil, err
		}
	}
}
