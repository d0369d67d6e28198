package activities

import (
	"context"
	"time"

	"holdfast/internal/booking"
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
	var err error
	if out.Actions, err = a.sweepActions(ctx); err != nil {
		return out, retryable(err)
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
	_, _, err := a.DB.ForgetChanges(ctx, a.Keep, forgetLimit)
	return err
}
