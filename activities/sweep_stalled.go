package activities

import (
	"context"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"holdfast/internal/postgres"
)

// sweepBookings starts the workflows of bookings whose timer did not fire, batch after batch. A booking that cannot be
// resumed is tried again after resumeAgain, so it does not keep the others from their turn.
func (s sweeper) sweepBookings(ctx context.Context) (int, error) {
	return s.sweepLate(ctx, s.DB.BookingsWithOverdueTimer)
}

func (s sweeper) sweepLate(
	ctx context.Context, late func(ctx context.Context, while, lease time.Duration, limit int) ([]postgres.Stuck, error),
) (int, error) {
	return untilDone(ctx, func(ctx context.Context) (found, resumed int, err error) {
		overdue, err := late(ctx, overdueTimer, resumeAgain, sweepLimit)
		return len(overdue), atOnce(overdue, func(o postgres.Stuck) bool {
			err := s.Dispatch.EnsureBookingRunning(ctx, o.Booking, o.App)
			if err != nil {
				s.Log.Warn("could not resume a booking", "booking", o.Booking.ID, "error", err)
			}
			return err == nil
		}), err
	})
}

// sweepEndpoints wakes endpoints whose deliveries have been due for some time.
func (s sweeper) sweepEndpoints(ctx context.Context) (int, error) {
	endpoints, err := s.DB.OverdueEndpoints(ctx, overdueDelivery, sweepLimit)
	woken := 0
	for _, endpoint := range endpoints {
		if ctx.Err() == nil && s.wake(ctx, endpoint) {
			woken++
		}
	}
	if ctx.Err() != nil {
		return woken, nil //nolint:nilerr // the next sweep goes on where this one stopped
	}
	return woken, err
}

// untilDone repeats a batch until it finds less than sweepLimit, handles none, or the context ends, which is no error: the next
// sweep goes on. It returns how many rows were handled.
func untilDone(ctx context.Context, batch func(context.Context) (found, done int, err error)) (total int, err error) {
	for {
		found, done, err := batch(ctx)
		total += done
		switch {
		case ctx.Err() != nil:
			return total, nil //nolint:nilerr // the budget is used up
		case err != nil || found < sweepLimit || done == 0:
			return total, err
		}
	}
}

// atOnce calls do for each of all, sweepAtOnce of them at the same time, and counts those it is true for.
func atOnce[T any](all []T, do func(T) bool) int {
	var done atomic.Int64
	var group errgroup.Group
	group.SetLimit(sweepAtOnce)
	for _, one := range all {
		group.Go(func() error {
			if do(one) {
				done.Add(1)
			}
			return nil
		})
	}
	_ = group.Wait() // no call of do returns an error
	return int(done.Load())
}
