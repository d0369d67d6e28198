package api

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/limit"
)

const lookAgain = time.Second // announcements can be missed; the record cannot

// outcome is an action as far as it is decided, and its booking as the record has it then.
type outcome struct {
	action  *booking.Action
	booking *booking.Booking
}

// play moves a booking. The time or seat that the action needs is claimed as it is put on record: SlotTaken when somebody else
// has it. spend is the identity of the link the action came by, if any.
func (s *Server) play(
	ctx context.Context, app *booking.App, b *booking.Booking, a *booking.Action, spend string, wait time.Duration,
) (outcome, error) {
	insert := func() (*booking.Action, error) { return s.DB.RequestMove(ctx, b, a, moveOf(b, a), spend) }
	send := func(ctx context.Context) error { return s.Dispatch.Signal(ctx, b, app.Slug, signalOf(a)) }
	return s.submit(ctx, a, insert, send, nil, wait)
}

// startBooking plays the action that brings a booking to life. What it takes is claimed as it is put on record: SlotTaken when
// somebody else has it, and then no workflow is started. place is its place among the creations in flight.
func (s *Server) startBooking(
	k *call, b *booking.Booking, a *booking.Action, move graphs.Move, place *limit.Place, wait time.Duration,
) (outcome, error) {
	app := k.App.Slug
	insert := func() (*booking.Action, error) {
		defer k.leaveDoor()
		return s.DB.Create(k, b, a, move)
	}
	send := func(ctx context.Context) error { return s.Dispatch.Start(ctx, b, app, signalOf(a)) }
	return s.submit(k, a, insert, send, place, wait)
}

// submit puts an action on record, delivers it to the booking's workflow and waits for the outcome; a refusal is an error.
// The action is still pending when the wait was too short: it is on record, and its delivery goes on without the request.
func (s *Server) submit(
	ctx context.Context, a *booking.Action, insert func() (*booking.Action, error), send func(context.Context) error,
	place *limit.Place, wait time.Duration,
) (outcome, error) {
	heard, done := s.Outcomes.Expect(a.ID)
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
		giveBack(place, err)
		return outcome{}, err
	}
	if delivered = known.Status == booking.Pending; !delivered {
		wait = 0
	} else {
		s.deliver(a.ID, send, place) //nolint:contextcheck // it goes on without the request
	}
	out, err := s.waitOutcome(ctx, known, heard, wait)
	if out.action != nil && out.action.Status != booking.Pending {
		place.Finish()
	}
	return out, err
}

// giveBack ends the place of a creation that is not on record. Trouble of Postgres lowers the bound, a refusal does not.
func giveBack(place *limit.Place, err error) {
	switch code := booking.CodeOf(err); {
	case errors.Is(err, context.Canceled), code != booking.Internal && code != booking.Unavailable:
		place.Release()
	default:
		place.Fail()
	}
}

// moveOf is the move that an action makes from where the caller sees a booking; none where the graph refuses it.
func moveOf(b *booking.Booking, a *booking.Action) graphs.Move {
	graph, err := b.RuleBook()
	if err != nil {
		return graphs.Move{}
	}
	move, _ := graph.Next(b.State, a.Name, a.Actor)
	return move
}

func signalOf(a *booking.Action) booking.Signal {
	return booking.Signal{ActionID: a.ID, Action: a.Name, Actor: a.Actor}
}

// waitOutcome returns an action with its outcome and its booking, or as they are when the wait is over.
func (s *Server) waitOutcome(
	ctx context.Context, a *booking.Action, heard <-chan struct{}, wait time.Duration,
) (outcome, error) {
	deadline := time.NewTimer(wait)
	defer deadline.Stop()
	again := time.NewTicker(lookAgain)
	defer again.Stop()
	for last := false; ; {
		select {
		case <-heard:
		case <-again.C:
		case <-deadline.C:
			last = true
		case <-ctx.Done():
			return outcome{}, ctx.Err()
		}
		action, b, err := s.DB.Outcome(ctx, a.ID)
		if err != nil {
			return outcome{}, err
		}
		if action.Status != booking.Pending || last {
			return outcome{action, b}, action.Err()
		}
	}
}

// newAction makes an action of the caller, under the operation's id.
func (k *call) newAction(id uuid.UUID, b *booking.Booking, name string) *booking.Action {
	a := &booking.Action{
		ID: id, AppID: b.AppID, BookingID: b.ID, Name: name, Actor: graphs.ActorAPI, Channel: booking.ChannelAPI,
		Status: booking.Pending,
	}
	if k.KeyID != uuid.Nil {
		a.KeyID = &k.KeyID
	}
	return a
}
