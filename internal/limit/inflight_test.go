package limit

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func creations() InFlightOptions {
	return InFlightOptions{Start: 32, Floor: 4, Ceiling: 256, Target: time.Second, Wait: 250 * time.Millisecond, Queue: 64}
}

// serve is a service that carries out so many operations a second, one after the other.
type serve struct {
	mu     sync.Mutex
	every  time.Duration
	freeAt time.Time
}

func (s *serve) do() {
	s.mu.Lock()
	now := time.Now()
	if s.freeAt.Before(now) {
		s.freeAt = now
	}
	s.freeAt = s.freeAt.Add(s.every)
	wait := s.freeAt.Sub(now)
	s.mu.Unlock()
	time.Sleep(wait)
}

// TestBoundFollowsTheService offers more than a service can carry out: what is accepted ends about as fast as the target,
// nothing waits long, and the service is never idle. A faster one gets a larger bound.
func TestBoundFollowsTheService(t *testing.T) {
	t.Parallel()
	for _, perSecond := range []int{10, 50, 200} {
		synctest.Test(t, func(t *testing.T) {
			f, s := NewInFlight(creations()), &serve{every: time.Second / time.Duration(perSecond)}
			var mu sync.Mutex
			var done, refused int
			var slowest time.Duration
			var all sync.WaitGroup
			began := time.Now()
			for time.Since(began) < 2*time.Minute {
				time.Sleep(time.Second / time.Duration(3*perSecond))
				all.Go(func() {
					asked := time.Now()
					place := f.Enter(t.Context())
					mu.Lock()
					if waited := time.Since(asked); waited > creations().Wait {
						t.Errorf("waited for %s", waited)
					}
					if place == nil {
						refused++
						mu.Unlock()
						return
					}
					mu.Unlock()
					begun := time.Now()
					place.Begin()
					s.do()
					place.Finish()
					mu.Lock()
					defer mu.Unlock()
					if done++; time.Since(began) > time.Minute { // it has settled
						slowest = max(slowest, time.Since(begun))
					}
				})
			}
			all.Wait()
			running, bound := f.Load()
			if running != 0 || bound < perSecond/2 || bound > 2*perSecond {
				t.Errorf("%d/s: %d run, bound %d", perSecond, running, bound)
			}
			if slowest > 3*time.Second/2 {
				t.Errorf("%d/s: the slowest took %s", perSecond, slowest)
			}
			if want := 115 * perSecond; done < want || refused == 0 {
				t.Errorf("%d/s: carried out %d, want %d; refused %d", perSecond, done, want, refused)
			}
		})
	}
}

// TestBoundRests: what does not use the bound does not raise it.
func TestBoundRests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := NewInFlight(creations())
		for range 10_000 {
			place := f.TryEnter()
			time.Sleep(time.Millisecond)
			place.Finish()
		}
		if _, bound := f.Load(); bound != 32 {
			t.Errorf("bound %d", bound)
		}
	})
}

// TestBoundIsCutOnce: operations that suffer together lower the bound once, down to the floor and no further.
func TestBoundIsCutOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := NewInFlight(creations())
		for _, want := range []int{16, 8, 4, 4} {
			var all []*Place
			for p := f.TryEnter(); p != nil; p = f.TryEnter() {
				all = append(all, p)
			}
			time.Sleep(time.Millisecond)
			all[0].Late()
			for _, p := range all {
				p.Fail()
			}
			time.Sleep(time.Millisecond)
			if running, bound := f.Load(); running != 0 || bound != want {
				t.Errorf("%d run, bound %d, want %d", running, bound, want)
			}
		}
	})
}

// TestPlaces gives places out in the order of arrival, never more than there are, and none twice.
func TestPlaces(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := InFlightOptions{Start: 2, Floor: 2, Ceiling: 2, Target: time.Hour, Wait: time.Second, Queue: 3}
		f := NewInFlight(o)
		one, two := f.TryEnter(), f.Enter(t.Context())
		if one == nil || two == nil || f.TryEnter() != nil {
			t.Fatal("there are two places")
		}
		got := make(chan int, 8)
		ask := func(ctx context.Context, n int) {
			go func() {
				if f.Enter(ctx) == nil {
					n = -n
				}
				got <- n
			}()
			synctest.Wait()
		}
		canceled, cancel := context.WithCancel(t.Context())
		ask(t.Context(), 1)
		ask(canceled, 2)
		ask(t.Context(), 3)
		ask(t.Context(), 4) // the queue is full
		if n := <-got; n != -4 {
			t.Errorf("%d, want the fourth refused at once", n)
		}
		cancel()
		if n := <-got; n != -2 {
			t.Errorf("%d, want the second gone", n)
		}
		one.Release()
		one.Finish()
		one.Fail()
		if n := <-got; n != 1 {
			t.Errorf("%d, want the first to be next", n)
		}
		began := time.Now()
		if n := <-got; n != -3 || time.Since(began) != o.Wait {
			t.Errorf("%d after %s, want the third to give up", n, time.Since(began))
		}
		if running, bound := f.Load(); running != 2 || bound != 2 {
			t.Errorf("%d of %d", running, bound)
		}
		forced := f.Force()
		two.Finish()
		if f.TryEnter() != nil {
			t.Error("what is forced counts")
		}
		forced.Finish()
		if f.TryEnter() == nil {
			t.Error("a place is free again")
		}
	})
}

// TestRetry tells the refused to come again after as long as those before them take.
func TestRetry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := NewInFlight(InFlightOptions{Start: 1, Floor: 1, Ceiling: 1, Target: time.Hour, Queue: 0})
		if n := f.Retry(); n != 1 {
			t.Errorf("at rest %d s", n)
		}
		for range 10 {
			f.TryEnter().Finish()
		}
		held := f.TryEnter()
		for range 55 {
			if f.Enter(t.Context()) != nil {
				t.Fatal("there is no place")
			}
		}
		if n := f.Retry(); n != 6 {
			t.Errorf("%d s for 55 at 10 a second", n)
		}
		time.Sleep(time.Second)
		if n := f.Retry(); n != 6 {
			t.Errorf("a second later %d s", n)
		}
		time.Sleep(2 * time.Second)
		if n := f.Retry(); n != 1 {
			t.Errorf("long after %d s", n)
		}
		held.Release()
	})
}

// TestNoPlace: a nil place can be used like any other.
func TestNoPlace(t *testing.T) {
	t.Parallel()
	var p *Place
	p.Begin()
	p.Late()
	p.Finish()
	p.Fail()
	p.Release()
}
