package dispatch

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/api/serviceerror"
)

// Limits of Retries.
const (
	attemptTimeout = 5 * time.Second        // of one call to Temporal
	firstPause     = 100 * time.Millisecond // before the second attempt; it doubles with each
	lastPause      = 10 * time.Second
	maxRetrying    = 1000 // actions that wait for another attempt
	maxParallel    = 16   // attempts after the first that run at once
)

// ErrLeft is the end of a delivery that this process has given up. The action is on record as pending, and the sweep
// delivers it.
var ErrLeft = errors.New("left to the sweep")

// Retries delivers actions to Temporal and repeats failed attempts with growing pauses. It is safe for concurrent use.
// Deliveries are bounded in number and not in time. They outlive the requests that they come from, and end with Stop.
type Retries struct {
	log      *slog.Logger
	ctx      context.Context //nolint:containedctx // of all attempts: they outlive their requests
	cancel   context.CancelFunc
	stopping chan struct{}
	stop     sync.Once
	parallel chan struct{}

	mu       sync.Mutex
	retrying int
	stopped  bool
	running  sync.WaitGroup
}

// NewRetries makes an empty queue. Call Stop in the end.
func NewRetries(log *slog.Logger) *Retries {
	ctx, cancel := context.WithCancel(context.Background())
	return &Retries{
		log: log, ctx: ctx, cancel: cancel, stopping: make(chan struct{}), parallel: make(chan struct{}, maxParallel),
	}
}

// Deliver calls send until it succeeds, beginning at once, without blocking the caller. The channel gets nil when Temporal
// has the action, or ErrLeft. send must be repeatable.
func (r *Retries) Deliver(action uuid.UUID, send func(context.Context) error) <-chan error {
	done := make(chan error, 1)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped {
		done <- ErrLeft
		return done
	}
	r.running.Go(func() { done <- r.deliver(action, send) })
	return done
}

// Retrying is the number of actions that Temporal has not taken and that wait for another attempt.
func (r *Retries) Retrying() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.retrying
}

// Stop ends all deliveries: those that wait get one last attempt, and what Temporal has not taken when ctx ends is left to
// the sweep. Later calls of Deliver leave everything to the sweep.
func (r *Retries) Stop(ctx context.Context) {
	r.mu.Lock()
	r.stopped = true
	r.mu.Unlock()
	r.stop.Do(func() { close(r.stopping) })
	context.AfterFunc(ctx, r.cancel)
	r.running.Wait()
	r.cancel()
}

func (r *Retries) deliver(action uuid.UUID, send func(context.Context) error) error {
	err := r.attempt(send)
	if err == nil {
		return nil
	}
	if !worthRetrying(err) || !r.enqueue() {
		r.log.Warn("Temporal did not take an action; the sweep will deliver it", "action", action, "error", err)
		return ErrLeft
	}
	defer r.dequeue()
	r.log.Warn("Temporal did not take an action; it is tried again", "action", action, "error", err)
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		last := r.pause(pause)
		if err = r.inTurn(send); err == nil {
			return nil
		}
		if last {
			r.log.Warn("an action is left to the sweep at stop", "action", action, "error", err)
			return ErrLeft
		}
	}
}

func (r *Retries) attempt(send func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(r.ctx, attemptTimeout)
	defer cancel()
	return send(ctx)
}

// inTurn makes an attempt once fewer than maxParallel others run.
func (r *Retries) inTurn(send func(context.Context) error) error {
	select {
	case r.parallel <- struct{}{}:
	case <-r.ctx.Done():
		return r.ctx.Err()
	}
	defer func() { <-r.parallel }()
	return r.attempt(send)
}

// pause waits for 0.5 to 1.5 times d, and is cut short by Stop. It returns true when the next attempt is the last one.
func (r *Retries) pause(d time.Duration) (last bool) {
	timer := time.NewTimer(d/2 + rand.N(d)) //nolint:gosec // no secret
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.stopping:
		return true
	}
	return false
}

// enqueue returns false when too many wait already.
func (r *Retries) enqueue() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.retrying++
	if r.retrying > maxRetrying {
		r.retrying--
		return false
	}
	return true
}

func (r *Retries) dequeue() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.retrying--
}

// worthRetrying reports whether a failure can pass with time. Others, Temporal or this build will never accept.
func worthRetrying(err error) bool {
	_, invalid := errors.AsType[*serviceerror.InvalidArgument](err)
	return !invalid && !errors.Is(err, errNoGraph)
}
