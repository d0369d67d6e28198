package service

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/limit"
)

const lookAgain = time.Second // announcements can be missed; the record cannot

// startBooking plays the action that brings a booking to life. The time or seat that it takes is claimed as it is put on record:
// SlotTaken when somebody else has it, and then no workflow is started.
func (s *Service) startBooking(ctx context.Context, d *Draft, turn *Turn) (Outcome, error) {
	b, app := d.Booking, d.caller.App.Slug
	move, err := d.graph.Next(b.State, d.graph.Start, graphs.ActorAPI)
	if err != nil {
		return Outcome{}, err
	}
	place, err := s.admit(ctx, d, move, turn)
	if err != nil {
		return Outcome{}, err
	}
	a := newAction(d.caller, FirstAction(b.ID), b, d.graph.Start)
	a.Inputs, a.Lifted = d.inputs, d.in.Override
	insert := func() (*booking.Action, error) {
		defer turn.Leave()
		return s.createChosen(ctx, d, a, move)
	}
	send := func(ctx context.Context) error { return s.Dispatch.Start(ctx, b, app, signalOf(a)) }
	return s.submit(ctx, a, insert, send, place, d.in.Wait)
}

// submit puts an action on record, delivers it to the booking's workflow and waits for the outcome; a refusal is an error.
// The action is still pending when the wait was too short: it is on record, and its delivery goes on without the request.
func (s *Service) submit(
	ctx context.Context, a *booking.Action, insert func() (*booking.Action, error), send func(context.Context) error,
	place *limit.Place, wait time.Duration,
) (Outcome, error) {
	decided, done := s.Outcomes.Expect(a.ID)
	defer done()
	delivered := false
	defer func() {
		if !delivered { // also after a panic: a place that is not given back is lost
			place.Release()
		}
	}()
	a.Awaited = wait > 0 || place != nil
	known, err := insert()
	if err != nil {
		releaseUnused(place, err)
		return Outcome{}, err
	}
	if delivered = known.Status == booking.Pending; !delivered {
		wait = 0
	} else {
		s.deliver(a.ID, send, place) //nolint:contextcheck // it goes on without the request
	}
	out, err := s.waitOutcome(ctx, known, decided, wait)
	if out.Action != nil && out.Action.Status != booking.Pending {
		place.Finish()
	}
	return out, err
}

// releaseUnused ends the place of a creation that is not on record. Trouble of Postgres lowers the bound, a refusal does not.
func releaseUnused(place *limit.Place, err error) {
	switch code := fault.CodeOf(err); {
	case errors.Is(err, context.Canceled), code != fault.Internal && code != fault.Unavailable:
		place.Release()
	default:
		place.Fail()
	}
}

// waitOutcome returns an action with its outcome and its booking, or as they are when the wait is over.
func (s *Service) waitOutcome(
	ctx context.Context, a *booking.Action, decided <-chan bool, wait time.Duration,
) (Outcome, error) {
	deadline := time.NewTimer(wait)
	defer deadline.Stop()
	again := time.NewTicker(lookAgain)
	defer again.Stop()
	for last := false; ; {
		select {
		case <-decided:
		case <-again.C:
		case <-deadline.C:
			last = true
		case <-ctx.Done():
			return Outcome{}, ctx.Err()
		}
		action, b, err := s.DB.Outcome(ctx, a.ID)
		if err != nil {
			return Outcome{}, err
		}
		if action.Status != booking.Pending || last {
			return Outcome{action, b}, action.Err()
		}
	}
}

// Submitted reports whether an earlier try has put an action on record: then its outcome is the answer, and what it asked for must
// not be checked again. Nothing is looked up unless there may have been one.
func (s *Service) Submitted(ctx context.Context, action uuid.UUID, retried bool) (bool, error) {
	if !retried {
		return false, nil
	}
	_, err := s.DB.Action(ctx, action)
	return err == nil, unlessNotFound(err)
}

// newAction makes an action of the caller.
func newAction(c booking.Caller, id uuid.UUID, b *booking.Booking, name string) *booking.Action {
	a := &booking.Action{
		ID: id, AppID: b.AppID, BookingID: b.ID, Name: name, Actor: graphs.ActorAPI, Channel: booking.ChannelAPI,
		Status: booking.Pending,
	}
	if c.KeyID != uuid.Nil {
		a.KeyID = &c.KeyID
	}
	return a
}

func signalOf(a *booking.Action) booking.Signal {
	return booking.Signal{ActionID: a.ID, Action: a.Name, Actor: a.Actor}
}
