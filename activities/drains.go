package activities

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/fault"
)

const (
	localDrains = 64               // that run in one process without their workflow
	localBudget = 10 * time.Second // then the endpoint's workflow goes on
	keepEvery   = time.Second      // a fifth of the reservation
	rescueLimit = 50
	busyWait    = 3 * time.Second // for a drain of the same endpoint to end
	busyAgain   = 2 * time.Second // when another process has the endpoint
)

// drains are the endpoints that this process is sending to. One endpoint has one drain at a time: in a process this sees to
// it, between processes the reservation on record.
type drains struct {
	mu      sync.Mutex
	running map[uuid.UUID]*lease
	local   int
	open    bool          // RenewDrains runs: reservations are renewed
	stop    chan struct{} // closed when local drains are to end
	all     sync.WaitGroup
	once    sync.Once
	conns   chan struct{} // one per connection to Postgres that drains may use together
}

// lease is a drain's hold on its endpoint within the process. While it sends, it has a reservation on record as well.
type lease struct {
	left  chan struct{} // closed when the drain has ended
	yield atomic.Bool   // the workflow's own drain waits for the endpoint
	again bool          // a commit has reserved the endpoint anew while the drain was ending
	// term numbers the drain's reservations on record; 0 while it has none.
	term atomic.Int64
	// ended is the last term that was found to have ended against the drain's will: another process has the endpoint.
	ended atomic.Int64
	terms int64 // of the drain's own goroutine
}

// reserve begins a term: the endpoint is reserved on record.
func (l *lease) reserve() {
	l.terms++
	l.term.Store(l.terms)
}

// unreserve ends the term. Call it before the record does.
func (l *lease) unreserve() { l.term.Store(0) }

// lost returns true when another process has taken the endpoint.
func (l *lease) lost() bool {
	term := l.term.Load()
	return term != 0 && term == l.ended.Load()
}

// enter reserves an endpoint within the process; nil while it has a drain already.
func (d *drains) enter(endpoint uuid.UUID) (mine, other *lease) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if other := d.running[endpoint]; other != nil {
		return nil, other
	}
	if d.running == nil {
		d.running = map[uuid.UUID]*lease{}
	}
	mine = &lease{left: make(chan struct{})}
	d.running[endpoint] = mine
	return mine, nil
}

// enterPatiently asks a drain that has the endpoint to leave, and waits for that; nil when it does not in time.
func (d *drains) enterPatiently(ctx context.Context, endpoint uuid.UUID) *lease {
	ctx, cancel := context.WithTimeout(ctx, busyWait)
	defer cancel()
	for {
		mine, other := d.enter(endpoint)
		if mine != nil {
			return mine
		}
		other.yield.Store(true)
		select {
		case <-other.left:
		case <-ctx.Done():
			return nil
		}
	}
}

// leave ends a hold. It returns false when a commit has reserved the endpoint anew meanwhile: then there is more to do.
func (d *drains) leave(endpoint uuid.UUID, mine *lease) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.running, endpoint)
	close(mine.left)
	return !mine.again
}

// goOn is leave for a drain that does what has come meanwhile itself: then it keeps its hold.
func (d *drains) goOn(endpoint uuid.UUID, mine *lease) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if mine.again {
		mine.again = false
		return true
	}
	delete(d.running, endpoint)
	close(mine.left)
	return false
}

// startLocal runs do as the drain of an endpoint, in this process and without its workflow. It fails when there are too many such
// drains, or the process is about to end. When the endpoint has a drain already, that one looks again.
func (d *drains) startLocal(endpoint uuid.UUID, do func(*lease, <-chan struct{})) bool {
	d.mu.Lock()
	running := d.running[endpoint]
	if !d.open || running == nil && d.local >= localDrains {
		d.mu.Unlock()
		return false
	}
	if running != nil {
		running.again = true
		d.mu.Unlock()
		return true
	}
	mine := &lease{left: make(chan struct{})}
	d.running[endpoint] = mine
	d.local++
	stop := d.stop
	d.all.Add(1)
	d.mu.Unlock()
	go func() {
		defer d.all.Done()
		defer func() {
			d.mu.Lock()
			d.local--
			d.mu.Unlock()
		}()
		do(mine, stop)
	}()
	return true
}

func (d *drains) setOpen(open bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open = open
	if open {
		if d.running == nil {
			d.running = map[uuid.UUID]*lease{}
		}
		d.stop = make(chan struct{})
	} else if d.stop != nil {
		close(d.stop)
		d.stop = nil
	}
}

// endpoints returns the endpoints that have a drain.
func (d *drains) endpoints() map[uuid.UUID]*lease {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.running)
}

// reservation is one term of a lease.
type reservation struct {
	*lease

	term int64
}

// reserved returns the reservations that drains of this process have on record.
func (d *drains) reserved() map[uuid.UUID]reservation {
	all := map[uuid.UUID]reservation{}
	for endpoint, l := range d.endpoints() {
		if term := l.term.Load(); term != 0 {
			all[endpoint] = reservation{l, term}
		}
	}
	return all
}

// KeepDrains lets commits of this process send their webhooks at once, and takes over what other processes were sending when they
// were lost, until the context ends. Then requests under way may end, within the stop time, and the rest is given back. Without
// it, every endpoint is drained by its workflow.
func (a *Activities) KeepDrains(ctx context.Context, stopTime time.Duration) {
	a.drains.setOpen(true)
	tick := time.NewTicker(keepEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-tick.C:
			a.keepDrains(ctx)
			a.rescue(ctx)
		}
	}
	a.drains.setOpen(false)
	ended := make(chan struct{})
	go func() {
		a.drains.all.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(stopTime):
		a.Log.Warn("some webhooks were on their way for longer than the stop time")
	}
}

func (a *Activities) keepDrains(ctx context.Context) {
	all := a.drains.reserved()
	if len(all) == 0 {
		return
	}
	ids := slices.Collect(maps.Keys(all))
	kept, err := a.DB.RenewDrains(ctx, ids)
	if err != nil {
		a.Log.Warn("could not renew the reservations of webhook endpoints", "error", retryable(err))
		return
	}
	for _, id := range kept {
		delete(all, id)
	}
	for _, r := range all {
		r.ended.Store(r.term) // a later term of the same drain is none of this
	}
}

// rescue drains endpoints whose drain was lost with its process.
func (a *Activities) rescue(ctx context.Context) {
	lost, err := a.DB.LostDrains(ctx, rescueLimit)
	if err != nil {
		a.Log.Warn("could not look for webhook endpoints that were left alone", "error", retryable(err))
		return
	}
	running := a.drains.endpoints()
	for _, endpoint := range lost {
		if running[endpoint] != nil {
			continue
		}
		a.Log.Info("a webhook endpoint was left alone; going on with it", "endpoint", endpoint)
		if !a.drains.startLocal(endpoint, func(mine *lease, stop <-chan struct{}) { a.drainHere(ctx, endpoint, mine, stop, false) }) {
			a.wake(ctx, endpoint)
		}
	}
}

// serve sees to it that what a transaction has left for endpoints, which it has reserved for this process, is sent: by the
// process itself, at once, or else by the endpoints' workflows.
func (a *Activities) serve(ctx context.Context, endpoints ...uuid.UUID) {
	var wakes sync.WaitGroup
	for _, endpoint := range endpoints {
		if !a.drains.startLocal(endpoint, func(mine *lease, stop <-chan struct{}) { a.drainHere(ctx, endpoint, mine, stop, true) }) {
			wakes.Go(func() { a.giveUp(ctx, endpoint) })
		}
	}
	wakes.Wait()
}

// giveUp lets the workflow of an endpoint go on with it, which a commit has reserved and no drain of this process serves. A drain that
// has begun meanwhile keeps its reservation: both are this process's, and the record cannot distinguish them.
func (a *Activities) giveUp(ctx context.Context, endpoint uuid.UUID) {
	if mine, _ := a.drains.enter(endpoint); mine != nil {
		leave(ctx, a, endpoint, mine)
	}
	a.wake(ctx, endpoint)
}

// leave ends a hold and the reservation on record, in the other order: the next drain of this process may reserve the endpoint as soon
// as the hold has ended.
func leave(ctx context.Context, a *Activities, endpoint uuid.UUID, mine *lease) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	for more := true; more; more = a.drains.goOn(endpoint, mine) { // a commit has reserved it anew
		if err := a.DB.ReleaseDrain(ctx, endpoint); err != nil { // it runs out by itself
			a.Log.Warn("could not end the reservation of a webhook endpoint", "endpoint", endpoint, "error", retryable(err))
		}
	}
}

// drainHere drains an endpoint without its workflow, for a while. What is left then, a retry or more than that, is the workflow's.
func (a *Activities) drainHere(ctx context.Context, endpoint uuid.UUID, mine *lease, stop <-chan struct{}, reserved bool) {
	ctx = context.WithoutCancel(ctx) // what called it may be over long before
	rescued := !reserved
	for more := true; more; more = a.drains.goOn(endpoint, mine) {
		d := a.newDrain(endpoint, mine, stop, localBudget)
		out, err := d.run(ctx, reserved)
		if d.elsewhere && reserved { // it was not reserved after all
			d = a.newDrain(endpoint, mine, stop, localBudget)
			out, err = d.run(ctx, false)
		}
		reserved = true // by the commit that has added more
		switch {
		case fault.CodeOf(err) == fault.NotFound, out.Gone, d.elsewhere:
		case err != nil || d.ending():
			if err != nil {
				a.Log.Warn("could not send webhooks; the endpoint's workflow will", "endpoint", endpoint, "error", retryable(err))
			}
			leave(ctx, a, endpoint, mine)
			a.wake(ctx, endpoint)
			return
		case !out.Next.IsZero() && (d.left || d.resting || rescued): // else the drain that left the retry has woken it
			a.wake(ctx, endpoint)
		}
	}
}
