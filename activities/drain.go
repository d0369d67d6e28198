package activities

import (
	"cmp"
	"context"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/activity"
	"golang.org/x/time/rate"

	"holdfast/internal/fault"
	"holdfast/internal/outbox"
	"holdfast/internal/postgres"
)

// What is claimed must be over within its lease. A claim that has waited for so long that the slowest receiver could carry it
// beyond is given back.
const (
	drainBudget = 30 * time.Second // then the workflow gets its say again
	heartbeat   = 3 * time.Second  // a third of the heartbeat time-out, and a bit
	drainAhead  = 8                // times as much is claimed as may be on its way, and
	drainLeast  = 32               // so much at least;
	drainFirst  = 8                // at first, while nothing is known of the endpoint: that is what a commit leaves, and a bit
	drainPaced  = 20               // seconds of the endpoint's rate are claimed at most
	claimAge    = postgres.ClaimLease - 20*time.Second
	lookFirst   = 100 * time.Millisecond // while requests are under way: for more that is due,
	lookLast    = 2 * time.Second        // less often while there is none
	// unrecordedLeast is how many attempts may be on their way or not on record yet, together: so many come twice when the
	// process is killed. Above it, as many as may be on their way and a few.
	unrecordedLeast = 16
	unrecordedMore  = 3
)

// Drain sends what is due to an endpoint until nothing is, and says when the next delivery will be. Where the order counts,
// of one booking only one delivery is on its way at a time, the oldest first. When the worker stops, requests under way end
// and the rest is given back.
func (a *Activities) Drain(ctx context.Context, in outbox.DrainInput) (outbox.DrainResult, error) {
	defer stayAlive(ctx, a.beat)()
	mine := a.drains.enterPatiently(ctx, in.EndpointID)
	if mine == nil {
		return outbox.DrainResult{Next: time.Now().Add(busyAgain)}, nil
	}
	d := a.newDrain(in.EndpointID, mine, activity.GetWorkerStopChannel(ctx), drainBudget)
	out, err := d.run(ctx, false)
	if fault.CodeOf(err) == fault.NotFound {
		out, err = outbox.DrainResult{Sent: out.Sent, Gone: true}, nil
	}
	if !a.drains.leave(in.EndpointID, mine) { // a commit has just written more
		out.Gone, out.Next = false, time.Now()
	}
	if err != nil {
		return out, retryable(err)
	}
	return out, nil
}

// stayAlive sends a heartbeat every beat, 0 = as often as the heartbeat time-outs need, until stop is called. So the server notices a lost
// worker long before the time-out of a batch of slow receivers.
func stayAlive(ctx context.Context, beat time.Duration) (stop func()) {
	ctx, stop = context.WithCancel(ctx)
	go func() {
		tick := time.NewTicker(cmp.Or(beat, heartbeat))
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				activity.RecordHeartbeat(ctx)
			}
		}
	}()
	return stop
}

// drain sends what is due to one endpoint. All its fields belong to the goroutine that runs it: what requests, claims and
// records have to say comes to it as events.
type drain struct {
	a      *Activities
	id     uuid.UUID
	mine   *lease
	stop   <-chan struct{}
	until  time.Time
	events chan func()

	halting    <-chan struct{} // closed when the worker stops or the activity is cancelled
	target     *target
	pace       *rate.Limiter
	turn       <-chan time.Time    // the endpoint's rate allows another attempt; nil while nobody waits for that
	waiting    []claimed           // claimed and not sent yet
	ended      []postgres.Finished // sent and not on record yet
	flying     int                 // requests under way; failed ones count until they are on record
	unrecorded int                 // attempts that have ended and are not on record yet
	claiming   bool
	recording  bool
	dry        bool          // the last claim got less than it asked for
	dryEvents  bool          // the last claim of events alone did
	look       time.Duration // until it is worth asking again
	resting    bool          // nothing but tests is sent now
	rested     bool          // the same, as the last record of attempts has it
	judged     int           // records of attempts so far
	halted     bool          // the worker stops
	elsewhere  bool          // another process has the endpoint
	left       bool          // some of what was sent is to be tried again
	sent       int
	err        error
}

type claimed struct {
	outbox.ClaimedDelivery
	at time.Time
}

func (a *Activities) newDrain(endpoint uuid.UUID, mine *lease, stop <-chan struct{}, budget time.Duration) *drain {
	return &drain{
		a: a, id: endpoint, mine: mine, stop: stop, until: time.Now().Add(budget), events: make(chan func()),
		pace: rate.NewLimiter(rate.Inf, 1), look: lookFirst,
	}
}

// run drains until nothing is due, or until it has to end. reserved says that the endpoint is this process's already.
func (d *drain) run(ctx context.Context, reserved bool) (outbox.DrainResult, error) {
	stopping, halt := context.WithCancel(ctx)
	defer halt()
	d.halting = stopping.Done()
	if reserved {
		d.mine.reserve()
	} else {
		if ok, out, err := d.take(ctx); !ok || err != nil {
			return out, err
		}
	}
	ctx = context.WithoutCancel(ctx) // what is claimed is sent and put on record, or given back, whatever else ends
	look, stop, cancelled := time.NewTimer(d.look), d.stop, stopping.Done()
	defer look.Stop()
	for {
		d.sendMore(ctx)
		d.claimMore(ctx)
		if d.idle() && d.mayRest() {
			if done, out, err := d.rest(ctx); done {
				return out, err
			}
			continue
		}
		select {
		case event := <-d.events:
			event()
		case <-look.C:
			d.dry, d.dryEvents, d.look = false, false, min(lookLast, 2*d.look)
			look.Reset(d.look)
		case <-d.turn:
			d.turn = nil
		case <-stop:
			stop = nil
			halt()
		case <-cancelled:
			d.halted, cancelled = true, nil
		}
	}
}

// take reserves the endpoint and learns what to claim of it.
func (d *drain) take(ctx context.Context) (ok bool, out outbox.DrainResult, err error) {
	ok, err = d.a.DB.ReserveDrain(ctx, d.id)
	if err != nil {
		return false, out, err
	}
	if ok {
		d.mine.reserve()
	}
	found, err := d.a.DB.DrainTarget(ctx, d.id)
	if err == nil && ok {
		err = d.aim(found)
	}
	if err == nil && !ok {
		d.elsewhere = true
		out.Next = time.Now().Add(busyAgain)
	}
	return ok, out, err
}

// aim takes in what the endpoint is like now: it may have been paused, rotated, or found overloaded.
func (d *drain) aim(found *postgres.DrainTarget) error {
	t, err := d.a.open(found)
	if err != nil {
		return err
	}
	d.target = t
	if limit := t.limit(); limit != d.pace.Limit() {
		d.pace.SetLimit(limit)
		d.turn = nil
	}
	d.resting, _ = t.resting()
	return nil
}

// idle reports whether nothing is under way.
func (d *drain) idle() bool {
	return !d.claiming && !d.recording && d.flying == 0 && len(d.waiting) == 0
}

// ending reports whether no new request may be begun. A drain that waits for the endpoint's rate goes on until that allows an attempt:
// events become messages meanwhile.
func (d *drain) ending() bool {
	return d.broken() || d.turn == nil && (d.mine.yield.Load() || time.Now().After(d.until))
}

// broken reports whether the drain has to end as it is.
func (d *drain) broken() bool {
	return d.err != nil || d.halted || d.elsewhere || d.mine.lost()
}

// mayRest reports whether the endpoint's rate allows another attempt, so that the next drain need not count what this one has sent.
func (d *drain) mayRest() bool { return d.broken() || d.mayAttempt() }

// mayAttempt takes one of the attempts that the endpoint's rate allows. While it allows none, it returns false, and the drain goes on as
// soon as it does.
func (d *drain) mayAttempt() bool {
	if d.turn != nil {
		return false
	}
	next := d.pace.Reserve()
	wait := next.Delay()
	if wait > 0 {
		next.Cancel()
		d.turn = time.After(wait)
	}
	return wait == 0
}

// rest is what a drain does once nothing is under way: it notes that the endpoint sleeps, unless there is more to do.
func (d *drain) rest(ctx context.Context) (done bool, out outbox.DrainResult, err error) {
	out.Sent = d.sent
	switch {
	case d.err != nil || d.ending():
		out.Next = time.Now()
		return true, out, d.leave(ctx)
	case d.resting:
		found, err := d.a.DB.DrainTarget(ctx, d.id)
		if err == nil {
			err = d.aim(found)
		}
		if err == nil && !d.resting { // a success has closed the breaker meanwhile
			d.dry = false
			return false, out, nil
		}
		if err == nil {
			_, out = d.target.resting()
			out.Sent = d.sent
		}
		d.err = err
		return true, out, d.leave(ctx)
	}
	d.mine.unreserve()
	out.Next, err = d.a.DB.MarkIdle(ctx, d.id)
	if err == nil && !out.Next.IsZero() && !out.Next.After(time.Unix(0, 0)) { // something is due
		d.mine.reserve()
		d.dry = false
		return false, out, nil
	}
	return true, out, err
}

// leave ends the reservation.
func (d *drain) leave(ctx context.Context) error {
	if d.elsewhere || d.mine.lost() {
		return d.err
	}
	d.mine.unreserve()
	if err := d.a.DB.ReleaseDrain(ctx, d.id); d.err == nil {
		return err
	}
	return d.err
}
