package activities

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/sdk/activity"
	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"holdfast/internal/booking"
	"holdfast/internal/postgres"
)

// A batch must be over within its lease even when every receiver takes the whole time-out: 4 rounds × 10 s, or 20 s of
// the endpoint's rate and 10 s, are less than 60 s.
const (
	drainRounds = 4                // of requests that go at the same time make a batch
	drainPaced  = 20               // seconds of the endpoint's rate make one at most
	drainLease  = time.Minute      //
	drainBudget = 30 * time.Second // then the workflow gets its say again
	drainBeat   = 3 * time.Second  // a third of the heartbeat time-out, and a bit
)

// Drain sends what is due to an endpoint until nothing is, and says when the next delivery will be. Where the order counts,
// of one booking only one delivery is on its way at a time, the oldest first.
func (a *Activities) Drain(ctx context.Context, in booking.Drain) (booking.Drained, error) {
	defer stayAlive(ctx)()
	out, err := a.drain(ctx, in)
	if booking.CodeOf(err) == booking.NotFound {
		return booking.Drained{Sent: out.Sent, Gone: true}, nil
	}
	if err != nil {
		return out, retryable(err)
	}
	return out, nil
}

// stayAlive beats until it is told to stop, so that the server notices a lost worker long before the time-out of a
// batch of slow receivers.
func stayAlive(ctx context.Context) (stop func()) {
	ctx, stop = context.WithCancel(ctx)
	go func() {
		beat := time.NewTicker(drainBeat)
		defer beat.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-beat.C:
				activity.RecordHeartbeat(ctx)
			}
		}
	}()
	return stop
}

func (a *Activities) drain(ctx context.Context, in booking.Drain) (out booking.Drained, err error) {
	pace := rate.NewLimiter(rate.Inf, 1)
	for until := time.Now().Add(drainBudget); time.Now().Before(until); {
		target, err := a.target(ctx, in) // anew each time: it may have been paused, rotated, or found overloaded
		if err != nil {
			return out, err
		}
		pace.SetLimit(target.limit())
		due, err := a.DB.Claim(ctx, in.EndpointID, target.claim())
		if err != nil {
			return out, err
		}
		if len(due) > 0 {
			err = a.sendAll(ctx, target, due, pace)
			out.Sent += int(target.sent.Load())
		} else if resting, rest := target.resting(); resting {
			rest.Sent = out.Sent
			return rest, nil
		} else if err = pace.Wait(ctx); err == nil { // the next drain knows nothing of what this one has sent
			out.Next, err = a.DB.FallAsleep(ctx, in.EndpointID)
		}
		if err != nil || len(due) == 0 && (out.Next.IsZero() || out.Next.After(time.Now())) {
			return out, err
		}
	}
	out.Next = time.Now()
	return out, pace.Wait(ctx)
}

// limit is how many attempts per second the endpoint allows.
func (t *target) limit() rate.Limit {
	if t.PerSecond > 0 {
		return rate.Limit(t.PerSecond)
	}
	return rate.Inf
}

// atOnce is how many requests may be on their way together: one while it is not known whether the receiver is back.
func (t *target) atOnce() int {
	if t.probing {
		return 1
	}
	return max(1, min(t.InFlight, int(t.pace)))
}

// claim is what to take next. Whoever tries an endpoint wants to hear from it at once, whatever its state.
func (t *target) claim() postgres.Claim {
	c := postgres.Claim{Limit: drainRounds * t.atOnce(), Lease: drainLease, Ordered: t.Ordered}
	if t.PerSecond > 0 {
		c.Limit = min(c.Limit, drainPaced*t.PerSecond)
	}
	if t.probing {
		c.Limit = 1
	}
	c.TestsOnly, _ = t.resting()
	return c
}

// resting tells whether nothing but tests is to be sent now, and what the workflow is to do then: end, or wait until the
// breaker lets a probe through. No commit needs to wake it before.
func (t *target) resting() (bool, booking.Drained) {
	switch {
	case t.Status != booking.EndpointActive:
		return true, booking.Drained{Gone: true}
	case t.Health.OpenUntil != nil:
		return true, booking.Drained{Next: *t.Health.OpenUntil}
	}
	return false, booking.Drained{}
}

// sendAll sends a batch. When its own failures open the breaker, the rest of it goes back unsent.
func (a *Activities) sendAll(ctx context.Context, t *target, due []booking.Delivery, pace *rate.Limiter) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(t.atOnce())
	for _, d := range due {
		group.Go(func() error {
			if err := pace.Wait(ctx); err != nil {
				return err
			}
			if t.failing.Load() && !d.Change.Test {
				if resting, err := a.DB.Resting(ctx, t.ID); err != nil || resting {
					return errors.Join(err, a.DB.Unclaim(ctx, d))
				}
			}
			return a.send(ctx, t, d)
		})
	}
	return group.Wait()
}
