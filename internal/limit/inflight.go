package limit

import (
	"context"
	"slices"
	"sync"
	"time"
)

// InFlight bounds how many operations run at once, and adapts the bound to what it measures: additive increase while the
// operations that use it end in time, multiplicative decrease when they are slow or fail. A caller that finds it full waits for
// a short time, in order of arrival. It is safe for concurrent use.
type InFlight struct {
	o       InFlightOptions
	mu      sync.Mutex
	bound   float64
	running int
	waiting []chan struct{}
	cutAt   time.Time // operations that began before say nothing about the bound that holds since

	since     time.Time // when the latest second began
	now, last second    // what happened in it, and in the one before
}

// second is what happened in one second.
type second struct{ finished, refused int }

// InFlightOptions are the limits of the bound: where it starts, its least and its most, in operations that run at once. With
// Floor = Ceiling it is fixed.
type InFlightOptions struct {
	Start, Floor, Ceiling int
	Target                time.Duration // an operation that takes longer is slow
	Wait                  time.Duration // how long Enter waits for a place
	Queue                 int           // how many callers may wait at once
}

// How the bound moves.
const (
	raiseBy   = 2.0 // by so many for each bound's worth of operations in time
	cutSlow   = 0.8
	cutFailed = 0.5
)

// NewInFlight makes an empty bound.
func NewInFlight(o InFlightOptions) *InFlight { return &InFlight{o: o, bound: float64(o.Start)} }

// Place is the right to run one operation. It ends with one call of Finish, Fail or Release; later ones do nothing. A nil
// Place is none.
type Place struct {
	of    *InFlight
	begun time.Time
	ended chan struct{}
}

// TryEnter returns a place, or nil when the bound is reached or others wait.
func (f *InFlight) TryEnter() *Place {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.waiting) > 0 || !f.free() {
		return nil
	}
	f.running++
	return f.place()
}

// Enter returns a place, and waits for one no longer than Wait. It returns nil when there was none, too many wait, or ctx
// ended.
func (f *InFlight) Enter(ctx context.Context) *Place { return f.EnterWithin(ctx, f.o.Wait) }

// EnterWithin is Enter with a wait of its own.
func (f *InFlight) EnterWithin(ctx context.Context, wait time.Duration) *Place {
	if place := f.TryEnter(); place != nil {
		return place
	}
	turn, ok := f.enqueue()
	if !ok {
		return f.refuse()
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-turn:
		return f.place()
	case <-timer.C:
	case <-ctx.Done():
	}
	return f.dequeue(turn)
}

// Force returns a place beyond the bound. It counts, so that others find less room.
func (f *InFlight) Force() *Place {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.running++
	return f.place()
}

// Load is how many operations run, and the bound as it stands.
func (f *InFlight) Load() (running, bound int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.running, int(f.bound)
}

func (f *InFlight) free() bool { return f.running < int(f.bound) }

func (f *InFlight) place() *Place {
	return &Place{of: f, begun: time.Now(), ended: make(chan struct{})}
}

func (f *InFlight) enqueue() (chan struct{}, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.waiting) >= f.o.Queue {
		return nil, false
	}
	turn := make(chan struct{})
	f.waiting = append(f.waiting, turn)
	return turn, true
}

// dequeue gives up waiting. A turn that has come in the same moment is taken.
func (f *InFlight) dequeue(turn chan struct{}) *Place {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.Index(f.waiting, turn)
	if i < 0 {
		return f.place()
	}
	f.waiting = slices.Delete(f.waiting, i, i+1)
	f.tick().refused++
	return nil
}

func (f *InFlight) refuse() *Place {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tick().refused++
	return nil
}

// Retry is how many seconds it takes, at the pace of the last one or two, until there have been places for those that were
// refused meanwhile; at least one.
func (f *InFlight) Retry() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tick()
	return 1 + (f.now.refused+f.last.refused)/max(1, f.now.finished+f.last.finished)
}

// tick returns the second that runs. The caller holds the lock.
func (f *InFlight) tick() *second {
	if passed := time.Since(f.since); passed >= time.Second {
		f.last, f.now = f.now, second{}
		if passed >= 2*time.Second {
			f.last = second{}
		}
		f.since = time.Now()
	}
	return &f.now
}

// admit hands free places to those that wait. The caller holds the lock.
func (f *InFlight) admit() {
	for len(f.waiting) > 0 && f.free() {
		f.running++
		close(f.waiting[0])
		f.waiting = slices.Delete(f.waiting, 0, 1)
	}
}

// Begin starts the measurement anew: what came before was not the operation's fault.
func (p *Place) Begin() {
	if p == nil {
		return
	}
	p.of.mu.Lock()
	defer p.of.mu.Unlock()
	p.begun = time.Now()
}

// Ended is closed once the place is given back.
func (p *Place) Ended() <-chan struct{} { return p.ended }

// Finish ends an operation that was carried out.
func (p *Place) Finish() {
	p.end(func(f *InFlight) {
		f.tick().finished++
		if time.Since(p.begun) > f.o.Target {
			f.cut(p.begun, cutSlow)
			return
		}
		if 2*f.running >= int(f.bound) { // else the bound has not been tried
			f.bound = min(float64(f.o.Ceiling), f.bound+raiseBy/f.bound)
		}
	})
}

// Fail ends an operation that could not be carried out.
func (p *Place) Fail() {
	p.end(func(f *InFlight) { f.cut(p.begun, cutFailed) })
}

// Release ends an operation that says nothing about the load: it was refused, or given up by its caller.
func (p *Place) Release() { p.end(func(*InFlight) {}) }

// Late lowers the bound for an operation that goes on, and keeps its place.
func (p *Place) Late() {
	if p == nil {
		return
	}
	p.of.mu.Lock()
	defer p.of.mu.Unlock()
	p.of.cut(p.begun, cutFailed)
}

func (p *Place) end(learn func(*InFlight)) {
	if p == nil {
		return
	}
	f := p.of
	f.mu.Lock()
	defer f.mu.Unlock()
	select {
	case <-p.ended:
		return
	default:
	}
	close(p.ended)
	learn(f)
	f.running--
	f.admit()
}

// cut lowers the bound, once for all operations that were under way together.
func (f *InFlight) cut(begun time.Time, factor float64) {
	if begun.Before(f.cutAt) {
		return
	}
	f.bound = max(float64(f.o.Floor), f.bound*factor)
	f.cutAt = time.Now()
}
