package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	"holdfast/internal/booking"
)

// What a sweep calls overdue. Both are far above what a healthy run needs, so that a sweep finds nothing in it.
const (
	overdueAction   = 30 * time.Second
	overdueDelivery = 30 * time.Second
	overdueEffect   = 30 * time.Second
	overduePayment  = 30 * time.Second
	overdueTimer    = time.Minute
	resumeAgain     = 5 * time.Minute // after a booking was handed out to be resumed
	sweepLimit      = 500
	sweepAtOnce     = 8 // calls of Temporal that go at the same time
)

// sweepPart is one job of a sweep. do works until it is done or the budget is used up, and returns how many rows it handled.
type sweepPart struct {
	name   string
	budget time.Duration
	do     func(context.Context) (int, error)
}

// Sweep signals actions whose API process died between accepting and signalling them, starts bookings again whose
// workflow is gone, wakes endpoints whose due deliveries are not being sent and bookings
// whose due effects are not carried out, sets advances of clocks going, and deletes what is past its retention. Each part has a
// budget, and a part that fails does not stop the others. The errors of all parts are returned together.
func (a *Activities) Sweep(ctx context.Context) (booking.SweepResult, error) {
	defer stayAlive(ctx, a.beat)()
	var out booking.SweepResult
	var faults []error
	for _, part := range (sweeper{a}).sweepParts(&out) {
		n, err := sweepOne(ctx, part)
		a.Metrics.Swept(part.name, n, err)
		if err != nil {
			a.Log.Error("a part of the sweep failed", "part", part.name, "error", err)
			faults = append(faults, fmt.Errorf("%s: %w", part.name, retryable(err)))
		}
	}
	return out, errors.Join(faults...)
}

// sweeper is what a sweep does, part by part.
type sweeper struct{ *Activities }

func (s sweeper) sweepParts(out *booking.SweepResult) []sweepPart {
	parts := []sweepPart{
		{"actions", 45 * time.Second, func(ctx context.Context) (n int, err error) {
			out.Actions, err = s.sweepActions(ctx)
			return out.Actions, err
		}},
		{"bookings", 20 * time.Second, func(ctx context.Context) (n int, err error) {
			out.Bookings, err = s.sweepBookings(ctx)
			return out.Bookings, err
		}},
		{"endpoints", 10 * time.Second, func(ctx context.Context) (n int, err error) {
			out.Endpoints, err = s.sweepEndpoints(ctx)
			return out.Endpoints, err
		}},
		{"effects", 10 * time.Second, func(ctx context.Context) (n int, err error) {
			out.Effects, err = performer(s).sweepEffects(ctx)
			return out.Effects, err
		}},
		{"payments", 10 * time.Second, func(ctx context.Context) (n int, err error) {
			out.Payments, err = cashier(s).sweep(ctx)
			return out.Payments, err
		}},
		{"clocks", 10 * time.Second, func(ctx context.Context) (n int, err error) {
			out.Clocks, err = s.sweepClocks(ctx)
			return out.Clocks, err
		}},
	}
	return append(parts, s.cleanups(out)...)
}

func sweepOne(ctx context.Context, part sweepPart) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, part.budget)
	defer cancel()
	return part.do(ctx)
}

// cleanBudget is how long a sweep deletes rows of one kind; the batch under way then has cleanGrace to end in, within its
// statement's time-outs.
const (
	cleanBudget = 5 * time.Second
	cleanGrace  = 10 * time.Second
)

// cleanups delete rows past their retention, each kind in a part of its own.
func (s sweeper) cleanups(out *booking.SweepResult) []sweepPart {
	var parts []sweepPart
	for _, cleanup := range s.Cleaner.Cleanups {
		parts = append(parts, sweepPart{cleanup.Name, cleanBudget + cleanGrace, func(ctx context.Context) (int, error) {
			deadline, _ := ctx.Deadline()
			deleted, err := cleanup.Run(ctx, deadline.Add(-cleanGrace))
			out.Deleted += deleted
			s.logDropped()
			return deleted, err
		}})
	}
	return parts
}

// logDropped counts the deliveries that were dropped because their endpoint is paused, and logs the first ones since it was last
// resumed: they are lost to its receiver.
func (s sweeper) logDropped() {
	for _, d := range s.Cleaner.TakeDropped() {
		s.Metrics.Dropped("too_old", d.TooOld)
		s.Metrics.Dropped("too_many", d.TooMany)
		if d.First {
			s.Log.Error("a paused webhook endpoint loses deliveries: it has been paused for too long, or too many wait for it",
				"endpoint", d.EndpointID, "app", d.AppID, "too_old", d.TooOld, "too_many", d.TooMany)
		}
	}
}
