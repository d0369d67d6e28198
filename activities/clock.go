package activities

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"holdfast/internal/clock"
	"holdfast/internal/fault"
	"holdfast/internal/postgres"
)

// What bounds the advance of a clock.
const (
	clockBudget   = 30 * time.Second // then the workflow gets its say again
	clockParallel = 32               // bookings that are signalled at the same time
	clockTimed    = 100              // bookings that are looked up at a time, and signalled within the budget
	clockLook     = 5 * time.Millisecond
	clockLookMost = 100 * time.Millisecond
)

// AdvanceClock moves the clock of a test app towards the target of its advance: to the next moment at which something is due, and on when
// all of that is done. Each step is on record before anything is done at it, so an attempt that is lost is gone on with where it was.
func (a *Activities) AdvanceClock(ctx context.Context, in clock.Input) (out clock.Result, err error) {
	defer stayAlive(ctx, a.beat)()
	budget, cancel := context.WithTimeout(ctx, clockBudget)
	defer cancel()
	c := &advance{Activities: a, app: in.AppID, arrival: in.Arrival}
	defer func() { out.Arrival = c.arrival }()
	for out.More = true; out.More; {
		out.At, out.More, err = c.step(budget)
		if fault.CodeOf(err) == fault.NotFound { // deleted meanwhile
			return out, nil
		}
		if budget.Err() != nil && ctx.Err() == nil {
			out.More = true
			return out, nil // the next attempt goes on
		}
		if err != nil {
			return out, retryable(err)
		}
		out.Steps++
	}
	return out, nil
}

// Settle notes that a booking's workflow has carried out whatever was due by a step of its app's clock.
func (a *Activities) Settle(ctx context.Context, in clock.Settled) error {
	return retryable(a.DB.SettleClock(ctx, in))
}

// advance is that of the clock of one app.
type advance struct {
	*Activities

	app     uuid.UUID
	arrival clock.Arrival
}

// step settles the moment where the clock stands, and sets it to the next one; at the target it lets the clock run. more says that the
// clock has not arrived.
func (c *advance) step(ctx context.Context) (at time.Time, more bool, err error) {
	s, err := c.DB.Clock(ctx, c.app)
	if err != nil || !s.Advancing {
		return at, false, err
	}
	if !s.Stands() {
		return s.Shows, false, c.arrive(ctx, s)
	}
	if err := c.settle(ctx, s); err != nil {
		return s.At, true, err
	}
	if !s.At.Before(s.Advance.To) {
		_, err := c.DB.RunClock(ctx, c.app, s)
		return s.At, true, err
	}
	next, err := c.DB.NextMoment(ctx, c.app, s)
	if err != nil {
		return s.At, true, err
	}
	_, due, err := c.DB.StepClock(ctx, c.app, s, next)
	for _, endpoint := range due {
		c.wake(ctx, endpoint)
	}
	return next, true, err
}

// arrive has bookings set their timers by the clock that runs again, and ends the advance. It goes on behind the last page that was
// signalled.
func (c *advance) arrive(ctx context.Context, s *clock.State) error {
	if c.arrival.Advance != s.Advance.ID {
		c.arrival = clock.Arrival{Advance: s.Advance.ID}
	}
	for more := true; more; {
		found, err := c.DB.Timed(ctx, c.app, c.arrival.Signalled, clockTimed)
		if err != nil {
			return err
		}
		if err := c.signal(ctx, s, found.Timers); err != nil {
			return err
		}
		atOnce(found.Effects, func(id uuid.UUID) bool { return performer{c.Activities}.wakeEffects(ctx, id) })
		c.arrival.Signalled, more = found.Last, found.More
	}
	return c.DB.EndAdvance(ctx, c.app, s.Advance.ID)
}

// settle has everything done that is due where the clock stands, and waits for it.
func (c *advance) settle(ctx context.Context, s *clock.State) error {
	var bookings, effects clock.Signals
	for pause := clockLook; ; pause = min(2*pause, clockLookMost) {
		left, err := c.DB.Unsettled(ctx, c.app, s)
		if err != nil || left.Empty() {
			return err
		}
		if err := c.signal(ctx, s, bookings.Next(left.Bookings, time.Now())); err != nil {
			return err
		}
		atOnce(effects.Next(left.Effects, time.Now()), func(id uuid.UUID) bool { return performer{c.Activities}.wakeEffects(ctx, id) })
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// signal sends the clock to the workflows of bookings. One that does not run is started from the record, which has the clock.
func (c *advance) signal(ctx context.Context, s *clock.State, bookings []uuid.UUID) error {
	lost := make([]atomic.Bool, len(bookings))
	group, all := errgroup.WithContext(ctx)
	group.SetLimit(clockParallel)
	for i, id := range bookings {
		group.Go(func() error {
			running, err := c.Dispatch.SignalClock(all, id, s.Clock)
			lost[i].Store(err == nil && !running)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	var ids []uuid.UUID
	for i, id := range bookings {
		if lost[i].Load() {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	found, err := c.DB.BookingsToResume(ctx, ids)
	atOnce(found, func(o postgres.Stuck) bool {
		err := c.Dispatch.EnsureBookingRunning(ctx, o.Booking, o.App)
		if err != nil {
			c.Log.Warn("could not resume a booking", "booking", o.Booking.ID, "error", err)
		}
		return err == nil
	})
	return err
}

// sweepClocks sees to it that advances go on, and starts the workflows of bookings whose timer did not fire by the clock of their app.
func (s sweeper) sweepClocks(ctx context.Context) (int, error) {
	apps, err := s.DB.AdvancingApps(ctx)
	if err != nil {
		return 0, err
	}
	going := atOnce(apps, func(app uuid.UUID) bool {
		err := s.Dispatch.EnsureClockRunning(ctx, app)
		if err != nil {
			s.Log.Warn("could not set the advance of a clock going", "app", app, "error", err)
		}
		return err == nil
	})
	resumed, err := s.sweepLate(ctx, s.DB.BookingsBehindClock)
	return going + resumed, err
}
