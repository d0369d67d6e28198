package activities

import (
	"context"

	"holdfast/internal/booking"
	"holdfast/internal/postgres"
)

// sweepActions signals actions that were accepted some time ago and have no outcome.
func (a *Activities) sweepActions(ctx context.Context) (revived int, err error) {
	actions, err := a.DB.OverdueActions(ctx, overdueAction, sweepLimit)
	if err != nil {
		return 0, err
	}
	for _, o := range actions {
		if err := a.revive(ctx, o); err != nil {
			a.Log.Warn("could not set an overdue action going", "action", o.Action.ID, "error", err)
			continue
		}
		revived++
	}
	return revived, nil
}

// revive hands an overdue action to its booking's workflow again; the commit knows an action it has seen. An action of
// a booking that is over, or gone, gets its refusal here.
func (a *Activities) revive(ctx context.Context, o postgres.Overdue) error {
	signal := booking.Signal{ActionID: o.Action.ID, Action: o.Action.Name, Actor: o.Action.Actor}
	switch {
	case o.Action.Status == booking.Applied:
		return a.Dispatch.Tell(ctx, o.Action.BookingID, signal)
	case o.Booking == nil:
		_, err := a.DB.Commit(ctx, booking.Commit{BookingID: o.Action.BookingID, ActionID: o.Action.ID})
		return err
	case o.Booking.Completed:
		_, err := a.DB.Commit(ctx, booking.Commit{
			BookingID: o.Booking.ID, Seq: o.Booking.Seq, ActionID: o.Action.ID, Actor: o.Action.Actor,
			Refusal: &booking.Refusal{Code: booking.ActionNotAvailable, Message: "The booking is over."},
		})
		return err
	}
	return a.Dispatch.Signal(ctx, o.Booking, o.App, signal)
}
