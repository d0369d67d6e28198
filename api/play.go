package api

import (
	"context"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/booking"
)

const (
	maxWait   = 25 * time.Second // longest "Prefer: wait"
	handOver  = 5 * time.Second  // how long Temporal may take to accept a signal
	lookAgain = time.Second      // announcements can be missed; the record cannot
)

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
	put := func() (*booking.Action, error) { return s.DB.RequestMove(ctx, b, a, moveOf(b, a), spend) }
	give := func(ctx context.Context) error { return s.Dispatch.Signal(ctx, b, app.Slug, signalOf(a)) }
	return s.carryOut(ctx, a, put, give, wait)
}

// begin plays the action that brings a booking to life. What it takes is claimed as it is put on record: SlotTaken when somebody
// else has it, and then no workflow is started.
func (s *Server) begin(
	ctx context.Context, app *booking.App, b *booking.Booking, a *booking.Action, move graphs.Move, wait time.Duration,
) (outcome, error) {
	put := func() (*booking.Action, error) { return s.DB.Create(ctx, b, a, move) }
	give := func(ctx context.Context) error { return s.Dispatch.Start(ctx, b, app.Slug, signalOf(a)) }
	return s.carryOut(ctx, a, put, give, wait)
}

// carryOut puts an action on record, gives it to the booking's workflow and waits for the outcome; a refusal is an error.
// The action is still pending when the wait was too short or Temporal is away: it is on record and will be played.
func (s *Server) carryOut(
	ctx context.Context, a *booking.Action, put func() (*booking.Action, error), give func(context.Context) error,
	wait time.Duration,
) (outcome, error) {
	heard, done := s.Outcomes.Expect(a.ID)
	defer done()
	a.Awaited = wait > 0
	known, err := put()
	if err != nil {
		return outcome{}, err
	}
	if known.Status != booking.Pending || !s.handOver(ctx, a, give) {
		wait = 0
	}
	return s.await(ctx, known, heard, wait)
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

// handOver tells whether Temporal has the action. When it does not, the sweep hands it over later; a client that hangs
// up does not stop it.
func (s *Server) handOver(ctx context.Context, a *booking.Action, give func(context.Context) error) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), handOver)
	defer cancel()
	err := give(ctx)
	if err != nil {
		s.Log.Warn("Temporal did not take an action; the sweep will hand it over", "action", a.ID, "error", err)
	}
	return err == nil
}

// await waits until an action has its outcome, or for no longer than wait.
func (s *Server) await(
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
	if k.keyID != uuid.Nil {
		a.KeyID = &k.keyID
	}
	return a
}
