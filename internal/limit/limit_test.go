package limit

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

// hands is a clock that is set by hand.
type hands struct {
	sync.Mutex
	at time.Time
}

func newHands() *hands { return &hands{at: time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)} }

func (h *hands) now() time.Time {
	h.Lock()
	defer h.Unlock()
	return h.at
}

func (h *hands) forward(d time.Duration) {
	h.Lock()
	defer h.Unlock()
	h.at = h.at.Add(d)
}

// spend takes until it is refused, and tells how many calls that were.
func (l *Limiter) spend(caller string) (calls int, refused Decision) {
	for {
		v := l.Allow(caller)
		if !v.OK || calls > 100_000 {
			return calls, v
		}
		calls++
	}
}

func TestBucketsHoldASixthOfAMinute(t *testing.T) {
	t.Parallel()
	for perMinute, want := range map[int]int{1: 1, 3: 3, 10: 10, 30: 10, 60: 10, 61: 10, 300: 50, 6000: 1000} {
		clock := newHands()
		l := New(perMinute, Burst(perMinute), clock.now)
		if got, v := l.spend("x"); got != want || v.PerMinute != perMinute || v.Remaining != 0 {
			t.Errorf("%d a minute: %d at once, want %d; %+v", perMinute, got, want, v)
		}
		if got, _ := l.spend("y"); got != want {
			t.Errorf("%d a minute: what one spends, another misses: %d", perMinute, got)
		}
		clock.forward(time.Minute)
		if got, _ := l.spend("x"); got != want {
			t.Errorf("%d a minute: %d after a minute, want %d", perMinute, got, want)
		}
	}
}

// TestWaitingHelps waits as long as it is told, at every pace, and no longer than needed.
func TestWaitingHelps(t *testing.T) {
	t.Parallel()
	for perMinute := 1; perMinute <= 700; perMinute++ {
		clock := newHands()
		l := New(perMinute, Burst(perMinute), clock.now)
		for range 3 {
			_, v := l.spend("x")
			if v.Retry < time.Second || v.Retry%time.Second != 0 || v.Retry > time.Minute {
				t.Fatalf("%d a minute: wait %s", perMinute, v.Retry)
			}
			if v.Retry > time.Second {
				clock.forward(v.Retry - time.Second)
				if l.Peek("x").OK {
					t.Fatalf("%d a minute: %s is longer than needed", perMinute, v.Retry)
				}
				clock.forward(time.Second)
			} else {
				clock.forward(v.Retry)
			}
			if !l.Peek("x").OK || !l.Allow("x").OK {
				t.Fatalf("%d a minute: refused after %s", perMinute, v.Retry)
			}
			clock.forward(time.Duration(perMinute) * 17 * time.Millisecond)
		}
	}
}

// TestWaitingIsExact looks every second on the way: the wait gets shorter by that second, and roundings do not count.
func TestWaitingIsExact(t *testing.T) {
	t.Parallel()
	for _, perMinute := range []int{1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60} {
		clock := newHands()
		l := New(perMinute, Burst(perMinute), clock.now)
		for range 50 {
			_, v := l.spend("x")
			for left := v.Retry; left > 0; left -= time.Second {
				if got := l.Allow("x"); got.OK || got.Retry != left {
					t.Fatalf("%d a minute: %+v with %s left", perMinute, got, left)
				}
				clock.forward(time.Second)
			}
			if v := l.Allow("x"); !v.OK || v.Remaining != 0 {
				t.Fatalf("%d a minute: %+v after the wait", perMinute, v)
			}
		}
	}
}

func TestNoMoreInAMinute(t *testing.T) {
	t.Parallel()
	clock := newHands()
	l := New(600, Burst(600), clock.now)
	calls := 0
	for range 600 { // a minute, ten times a second as much as there is
		n, _ := l.spend("x")
		calls += n
		clock.forward(100 * time.Millisecond)
	}
	if calls < 690 || calls > 700 {
		t.Errorf("%d calls in the first minute, want the minute's 600 and the bucket's 100", calls)
	}
}

func TestVerdictsCountDown(t *testing.T) {
	t.Parallel()
	clock := newHands()
	l := New(60, Burst(60), clock.now)
	if v := l.Peek("x"); !v.OK || v.Remaining != 10 || v.Full != 0 || v.Retry != 0 {
		t.Errorf("%+v", v)
	}
	for left := 9; left >= 0; left-- {
		if v := l.Allow("x"); !v.OK || v.Remaining != left || v.Full != time.Duration(10-left)*time.Second {
			t.Errorf("%d left: %+v", left, v)
		}
	}
	for range 5 {
		if v := l.Allow("x"); v.OK || v.Remaining != 0 || v.Retry != time.Second || v.Full != 10*time.Second {
			t.Errorf("refused, and it costs: %+v", v)
		}
	}
	clock.forward(2500 * time.Millisecond)
	for range 2 {
		if v := l.Peek("x"); !v.OK || v.Remaining != 2 {
			t.Errorf("looking costs: %+v", v)
		}
	}
}

// TestGivenBack: what is given back can be taken again, and never makes more than a full bucket.
func TestGivenBack(t *testing.T) {
	t.Parallel()
	clock := newHands()
	l := New(60, Burst(60), clock.now)
	l.Return("x")
	for range 100 {
		if v := l.Allow("x"); !v.OK || v.Remaining != 9 {
			t.Fatalf("%+v", v)
		}
		l.Return("x")
	}
	l.Return("x")
	clock.forward(time.Millisecond)
	if calls, _ := l.spend("x"); calls != 10 {
		t.Errorf("%d at once", calls)
	}
	(*Limiter)(nil).Return("x")
}

func TestNoLimit(t *testing.T) {
	t.Parallel()
	l := New(0, Burst(0), nil)
	if v := l.Allow("x"); !v.OK || v.PerMinute != 0 {
		t.Errorf("%+v", v)
	}
	if v := l.Peek("x"); !v.OK || v.PerMinute != 0 {
		t.Errorf("%+v", v)
	}
}

// TestMemoryIsBounded calls from more addresses than are remembered.
func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	clock := newHands()
	const most = 1000
	l := New(60, 60, clock.now)
	l.callers.most = most
	l.spend("first")
	for i := range most - 1 {
		l.Allow(fmt.Sprint(i))
	}
	if l.Allow("first").OK {
		t.Error("forgotten before there were too many")
	}
	for i := range most - 1 {
		l.Allow(fmt.Sprint("other", i))
	}
	if l.Allow("first").OK {
		t.Error("forgotten, although it is not the one that called longest ago")
	}
	for i := range most + 10 {
		l.Allow(fmt.Sprint("more", i))
	}
	if len(l.callers.entries) != most || l.callers.order.Len() != most {
		t.Errorf("%d callers are remembered", len(l.callers.entries))
	}
	if !l.Allow("first").OK {
		t.Error("the one that called longest ago is remembered")
	}
	clock.forward(30 * time.Second)
	l.Allow("late")
	clock.forward(30 * time.Second)
	l.Peek("nobody")
	if len(l.callers.entries) != 1 || l.callers.order.Len() != 1 {
		t.Errorf("%d callers are remembered after a minute, want the late one", len(l.callers.entries))
	}
}

func TestTogether(t *testing.T) {
	t.Parallel()
	l := New(600, Burst(600), newHands().now)
	var group sync.WaitGroup
	var calls [8]int
	for i := range calls {
		group.Go(func() { calls[i], _ = l.spend("x") })
	}
	group.Wait()
	sum := 0
	for _, n := range calls {
		sum += n
	}
	if sum != 100 {
		t.Errorf("%d calls at once, want 100", sum)
	}
}

func TestKnownForAnHour(t *testing.T) {
	t.Parallel()
	clock := newHands()
	k := NewRecentlyGood(clock.now)
	if k.Has("key") {
		t.Error("known from the start")
	}
	k.Note("key")
	clock.forward(59 * time.Minute)
	if !k.Has("key") || k.Has("other") {
		t.Error("not known within the hour")
	}
	clock.forward(time.Minute)
	if k.Has("key") {
		t.Error("known after an hour: asking is no proof")
	}
}
