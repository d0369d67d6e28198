package activities

import (
	"context"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/postgres"
)

// actionsParallel is how many overdue actions are set going at once.
const actionsParallel = 16

// sweepActions delivers overdue actions, batch after batch and several at once, until none is left or ctx ends. It
// returns how many it has set going. Actions that cannot be set going are handed out again by a later sweep.
func (s sweeper) sweepActions(ctx context.Context) (int, error) {
	return untilDone(ctx, func(ctx context.Context) (found, done int, err error) {
		actions, err := s.DB.OverdueActions(ctx, overdueAction, sweepLimit)
		return len(actions), s.reviveAll(ctx, actions), err
	})
}

// reviveAll returns how many of the actions it has set going.
func (s sweeper) reviveAll(ctx context.Context, actions []postgres.Stuck) int {
	var done atomic.Int64
	var group errgroup.Group
	group.SetLimit(actionsParallel)
	for _, o := range actions {
		group.Go(func() error {
			if err := s.revive(ctx, o); err != nil {
				s.Log.Warn("could not set an overdue action going", "action", o.Action.ID, "error", err)
				return nil
			}
			done.Add(1)
			return nil
		})
	}
	_ = group.Wait() // what failed is logged
	return int(done.Load())
}

// revive delivers an overdue action to its booking's workflow again; the commit finds an action that is decided. What can only
// be refused gets its refusal here, without a workflow: an action of a booking that is over or gone, and a creation whose
// time is another's.
func (a *Activities) revive(ctx context.Context, o postgres.Stuck) error {
	signal := booking.Signal{ActionID: o.Action.ID, Action: o.Action.Name, Actor: o.Action.Actor}
	switch {
	case o.Action.Status == booking.Applied:
		return a.Dispatch.SignalIfRunning(ctx, o.Action.BookingID, signal)
	case o.Booking == nil:
		_, err := a.DB.Commit(ctx, booking.CommitInput{BookingID: o.Action.BookingID, ActionID: o.Action.ID})
		return err
	case o.Booking.Completed && !correctable(o.Booking):
		_, err := a.DB.Commit(ctx, booking.CommitInput{
			BookingID: o.Booking.ID, Seq: o.Booking.Seq, ActionID: o.Action.ID, Actor: o.Action.Actor,
			Refusal: &booking.Refusal{Code: fault.ActionNotAvailable, Message: "The booking is over."},
		})
		return err
	}
	if decided, err := a.refuseLost(ctx, o); decided || err != nil {
		return err
	}
	return a.Dispatch.Signal(ctx, o.Booking, o.App, signal)
}

// correctable reports whether a booking that is over still takes actions: its graph says so, or is one of another build.
func correctable(b *booking.Booking) bool {
	graph, err := b.LoadGraph()
	return err != nil || len(graph.Open(b.State)) > 0
}

// refuseLost commits a creation that has no room any more, which refuses it. Should the room be free again by then, the
// booking is made, and its workflow is started from the record. What takes another booking's place is left to its workflow.
func (a *Activities) refuseLost(ctx context.Context, o postgres.Stuck) (decided bool, err error) {
	b := o.Booking
	if b.Seq > 0 || b.Related.Succeeds() != nil {
		return false, nil
	}
	graph, err := b.LoadGraph()
	if err != nil {
		return false, nil //nolint:nilerr // a graph of another build: its workers decide
	}
	move, err := graph.Next(b.State, o.Action.Name, o.Action.Actor)
	if err != nil {
		return false, nil //nolint:nilerr // the workflow says so
	}
	err = a.DB.HasRoom(ctx, b, move)
	if code := fault.CodeOf(err); err == nil || code == fault.Internal || code == fault.Unavailable {
		return false, err
	}
	out, err := a.Commit(ctx, booking.CommitInput{BookingID: b.ID, Seq: b.Seq, ActionID: o.Action.ID, Actor: o.Action.Actor, Move: move})
	if err != nil || out.Result != booking.ResultApplied {
		return err == nil, err
	}
	if b, err = a.DB.Booking(ctx, b.AppID, b.ID); err != nil {
		return false, err
	}
	return true, a.Dispatch.EnsureBookingRunning(ctx, b, o.App)
}
