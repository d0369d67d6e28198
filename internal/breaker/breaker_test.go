package breaker_test

import (
	"testing"
	"time"

	"holdfast/internal/breaker"
)

var start = time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC)

func healthy() breaker.Health {
	return breaker.Health{InFlight: 4, MayPause: true, Pace: breaker.MaxPace, WindowAt: start}
}

// TestOpening checks that the breaker opens after ten failures, for twice as long each time, up to a quarter of an hour.
func TestOpening(t *testing.T) {
	t.Parallel()
	h, now := healthy(), start
	for n := 1; n <= 9; n++ {
		if h.Fail(now, false); h.OpenUntil.After(now) {
			t.Fatalf("open after %d failures", n)
		}
	}
	for _, minutes := range []int{1, 2, 4, 8, 15, 15} {
		h.Fail(now, false)
		if got := h.OpenUntil.Sub(now); got != time.Duration(minutes)*time.Minute {
			t.Errorf("open for %v, want %d minutes", got, minutes)
		}
		until := h.OpenUntil
		if h.Fail(now.Add(time.Second), false); !h.OpenUntil.Equal(until) {
			t.Error("a failure under an open breaker opened it again")
		}
		now = until
	}
	if h.Succeed(now); h.OpenUntil.After(now) || h.Failures != 0 || h.Opened != 0 {
		t.Errorf("after a success: %+v", h)
	}
}

// TestOpeningByShare checks that seven failures of ten open the breaker, though successes come between them.
func TestOpeningByShare(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		failed int // of ten
		open   bool
	}{{6, false}, {7, true}} {
		h, opened := healthy(), false
		for n := range 40 {
			if n%10 < 10-c.failed {
				h.Succeed(start)
			} else {
				h.Fail(start, false)
			}
			opened = opened || h.OpenUntil.After(start)
		}
		if opened != c.open {
			t.Errorf("%d of ten failed: opened %v", c.failed, opened)
		}
	}
}

// TestNotices checks that a receiver which fails for days leads to one warning and then to one pause.
func TestNotices(t *testing.T) {
	t.Parallel()
	for _, mayPause := range []bool{true, false} {
		h := healthy()
		h.MayPause = mayPause
		var warned, paused []time.Duration
		for since := time.Duration(0); since < 6*24*time.Hour; since += time.Hour {
			switch h.Fail(start.Add(since), false) {
			case breaker.Warn:
				warned = append(warned, since)
			case breaker.Pause:
				paused = append(paused, since)
			case breaker.None:
			}
		}
		if len(warned) != 1 || warned[0] != 25*time.Hour {
			t.Errorf("warned after %v", warned)
		}
		if mayPause != (len(paused) == 1 && paused[0] == 121*time.Hour) || !mayPause && len(paused) > 0 {
			t.Errorf("may pause %v: paused after %v", mayPause, paused)
		}
	}
	h := healthy()
	h.FailingSince = &start
	for n := 1; n < 5; n++ {
		if got := h.Fail(start.Add(48*time.Hour), false); got != breaker.None {
			t.Errorf("notice %d after %d failures in two days", got, n)
		}
	}
}

// TestPace checks that overload halves what the receiver gets at a time, and that successes give it back.
func TestPace(t *testing.T) {
	t.Parallel()
	h := healthy()
	for _, want := range []float32{2, 1, 1} {
		if h.Fail(start, true); h.Pace != want {
			t.Errorf("pace %v, want %v", h.Pace, want)
		}
	}
	if h.Fail(start, false); h.Pace != 1 {
		t.Errorf("a failure that is no overload changed the pace to %v", h.Pace)
	}
	for range 1000 {
		h.Succeed(start)
	}
	if h.Pace != breaker.MaxPace {
		t.Errorf("pace %v after a thousand successes", h.Pace)
	}
}

// TestRelays: a mail server that lets nobody send rests at once, one that fails otherwise after ten times; for four minutes at most, with one
// warning until it takes a mail again.
func TestRelays(t *testing.T) {
	t.Parallel()
	h, now := healthy(), start
	h.MayPause = false
	if h.FailRelay(now, true) != breaker.Warn || !h.OpenUntil.Equal(now.Add(4*time.Minute)) || h.Opened != 1 {
		t.Errorf("down: %+v", h)
	}
	for range 2000 { // more than five days
		now = h.OpenUntil
		if notice := h.FailRelay(now, true); notice != breaker.None || h.OpenUntil.After(now.Add(4*time.Minute)) {
			t.Fatalf("after %v: notice %v, open for %v", now.Sub(start), notice, h.OpenUntil.Sub(now))
		}
	}
	h.Succeed(now)
	for n := range 200 {
		notice, want := h.FailRelay(now, false), breaker.None
		if n == 9 {
			want = breaker.Warn
		}
		if notice != want || h.OpenUntil.After(now) != (n >= 9) || h.OpenUntil.After(now.Add(4*time.Minute)) {
			t.Fatalf("failure %d: notice %v, open for %v", n+1, notice, h.OpenUntil.Sub(now))
		}
		now = now.Add(max(time.Second, h.OpenUntil.Sub(now)))
	}
}
