package dispatch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/api/serviceerror"
)

func newRetries(t *testing.T) *Retries {
	t.Helper()
	r := NewRetries(slog.New(slog.DiscardHandler))
	t.Cleanup(func() { r.Stop(context.WithoutCancel(t.Context())) })
	return r
}

var errAway = serviceerror.NewUnavailable("connection refused")

// TestDeliverRetries lets Temporal be away for a while: attempts come at growing distances until one succeeds.
func TestDeliverRetries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRetries(t)
		began := time.Now()
		var at []time.Duration
		err := <-r.Deliver(uuid.New(), func(context.Context) error {
			at = append(at, time.Since(began))
			if time.Since(began) < time.Minute {
				return errAway
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(at) < 8 || len(at) > 20 || at[0] != 0 || at[1] > 150*time.Millisecond {
			t.Errorf("attempts at %v", at)
		}
		for i := 1; i < len(at); i++ {
			if pause := at[i] - at[i-1]; pause > lastPause*3/2 || pause < firstPause/2 || i > 9 && pause < lastPause/2 {
				t.Errorf("pause %d is %s", i, pause)
			}
		}
		if n := r.Retrying(); n != 0 {
			t.Errorf("%d still wait", n)
		}
	})
}

// TestDeliverGivesUpOnAHangingCall: an attempt that hangs ends, and the next one succeeds.
func TestDeliverGivesUpOnAHangingCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRetries(t)
		var n int
		began := time.Now()
		err := <-r.Deliver(uuid.New(), func(ctx context.Context) error {
			if n++; n == 1 {
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		})
		if took := time.Since(began); err != nil || took < attemptTimeout || took > attemptTimeout+time.Second {
			t.Errorf("%v after %s", err, took)
		}
	})
}

// TestWhatIsNeverTaken is left to the sweep after one attempt.
func TestWhatIsNeverTaken(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]error{
		"a request that Temporal refuses": serviceerror.NewInvalidArgument("blob too large"),
		"a graph of another build":        fmt.Errorf("%w: flow@9", errNoGraph),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRetries(t)
			var n int
			err := <-r.Deliver(uuid.New(), func(context.Context) error { n++; return fault })
			if !errors.Is(err, ErrLeft) || n != 1 || r.Retrying() != 0 {
				t.Errorf("%v after %d attempts, %d wait", err, n, r.Retrying())
			}
		})
	}
}

// TestRetriesAreBounded takes Temporal away under more actions than are kept: the rest is left to the sweep at once, and
// few attempts run together.
func TestRetriesAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRetries(t)
		var away atomic.Bool
		away.Store(true)
		var together, first atomic.Int32
		var mu sync.Mutex
		var most int32
		send := func(context.Context) error {
			if first.Add(1) > maxRetrying+100 { // the first attempts are their requests' own
				n := together.Add(1)
				defer together.Add(-1)
				mu.Lock()
				most = max(most, n)
				mu.Unlock()
				time.Sleep(10 * time.Millisecond)
			}
			if away.Load() {
				return errAway
			}
			return nil
		}
		var all []<-chan error
		for range maxRetrying + 100 {
			all = append(all, r.Deliver(uuid.New(), send))
		}
		synctest.Wait()
		if n := r.Retrying(); n != maxRetrying {
			t.Errorf("%d wait, want %d", n, maxRetrying)
		}
		time.Sleep(time.Minute)
		away.Store(false)
		var left int
		for _, done := range all {
			if err := <-done; err != nil {
				left++
			}
		}
		if left != 100 || most != maxParallel || r.Retrying() != 0 {
			t.Errorf("%d left to the sweep, %d at once, %d still wait", left, most, r.Retrying())
		}
	})
}

// TestStop gives what waits one last attempt, at once, and ends what hangs.
func TestStop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		r := NewRetries(slog.New(slog.NewTextHandler(&log, nil)))
		var back atomic.Bool
		lucky := r.Deliver(uuid.New(), func(context.Context) error {
			if back.Load() {
				return nil
			}
			return errAway
		})
		unlucky := r.Deliver(uuid.New(), func(context.Context) error { return errAway })
		hangs := r.Deliver(uuid.New(), func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
		time.Sleep(23 * time.Second) // the pauses are long by now
		back.Store(true)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		began := time.Now()
		r.Stop(ctx)
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("stopped after %s", took)
		}
		if err := <-lucky; err != nil {
			t.Errorf("the last attempt succeeded: %v", err)
		}
		for name, done := range map[string]<-chan error{"away": unlucky, "hangs": hangs} {
			if err := <-done; !errors.Is(err, ErrLeft) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := <-r.Deliver(uuid.New(), func(context.Context) error { return nil }); !errors.Is(err, ErrLeft) {
			t.Errorf("after stop: %v", err)
		}
		r.Stop(ctx)
	})
}
