package activities

import (
	"context"
	"time"

	"holdfast/internal/booking"
	"holdfast/internal/postgres"
)

// What a sweep calls overdue. Both are far above what a healthy run needs, so that a sweep finds nothing in it.
const (
	overdueAction   = 30 * time.Second
	overdueDelivery = 30 * time.Second
	overdueTimer    = time.Minute
	sweepLimit      = 500
	keepOperations  = 24 * time.Hour
	keepClaims      = time.Hour // beyond their expiry, for clocks that differ
	forgetLimit     = 5000
)

// Sweep signals actions whose API process died between accepting and signalling them, starts bookings again whose
// workflow is gone, wakes endpoints whose deliveries nobody sends, and forgets what is old: Idempotency-Keys, claim tokens,
// changes and deliveries.
func (a *Activities) Sweep(ctx context.Context) (booking.Swept, error) {
	var out booking.Swept
	actions, err := a.DB.OverdueActions(ctx, overdueAction, sweepLimit)
	if err != nil {
		return out, retryable(err)
	}
	for _, o := range actions {
		if err := a.revive(ctx, o); err != nil {
			a.Log.Warn("could not set an overdue action going", "action", o.Action.ID, "error", err)
			continue
		}
		out.Actions++
	}
	unwatched, err := a.DB.Unwatched(ctx, overdueTimer, sweepLimit)
	if err != nil {
		return out, retryable(err)
	}
	for _, o := range unwatched {
		if err := a.Dispatch.Resume(ctx, o.Booking, o.App); err != nil {
			a.Log.Warn("could not resume a booking", "booking", o.Booking.ID, "error", err)
			continue
		}
		out.Bookings++
	}
	endpoints, err := a.DB.OverdueEndpoints(ctx, overdueDelivery, sweepLimit)
	if err != nil {
		return out, retryable(err)
	}
	for _, endpoint := range endpoints {
		if a.wake(ctx, endpoint) {
			out.Endpoints++
		}
	}
	if err := a.forget(ctx); err != nil {
		return out, retryable(err)
	}
	return out, nil
}

// forget drops what nobody can ask for any more.
func (a *Activities) forget(ctx context.Context) error {
	if err := a.DB.ForgetOperations(ctx, keepOperations); err != nil {
		return err
	}
	if err := a.DB.ForgetClaims(ctx, keepClaims); err != nil {
		return err
	}
	if _, err := a.DB.ForgetReminderTargets(ctx, forgetLimit); err != nil {
		return err
	}
	_, _, err := a.DB.ForgetChanges(ctx, a.Keep, forgetLimit)
	return err
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
