package postgres

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestJoinedAnswersAreFresh lets a crowd ask, and what is true change meanwhile: few queries are made, and nobody gets an
// answer that is older than their question.
func TestJoinedAnswersAreFresh(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j joined[string, int64]
		var now, queries atomic.Int64
		ask := func(context.Context) (int64, error) {
			queries.Add(1)
			seen := now.Load()
			time.Sleep(10 * time.Millisecond)
			return seen, nil
		}
		var all sync.WaitGroup
		for range 1000 {
			time.Sleep(100 * time.Microsecond)
			now.Add(1)
			all.Go(func() {
				asked := now.Load()
				if got, err := j.get(t.Context(), "key", ask); err != nil || got < asked {
					t.Errorf("asked at %d, answer of %d, %v", asked, got, err)
				}
			})
		}
		all.Wait()
		if n := queries.Load(); n < 9 || n > 15 {
			t.Errorf("%d queries", n)
		}
	})
}

// TestJoinedAlone asks at once, each time, and other keys do not wait.
func TestJoinedAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j joined[int, int]
		var queries atomic.Int64
		began := time.Now()
		for i := range 10 {
			_, _ = j.get(t.Context(), 1, func(context.Context) (int, error) { queries.Add(1); return i, nil })
		}
		var all sync.WaitGroup
		for key := range 10 {
			all.Go(func() {
				_, _ = j.get(t.Context(), key, func(context.Context) (int, error) { time.Sleep(time.Second); return 0, nil })
			})
		}
		all.Wait()
		if took := time.Since(began); queries.Load() != 10 || took != time.Second {
			t.Errorf("%d queries, %s", queries.Load(), took)
		}
	})
}

// TestJoinedErrors are for those that asked, and a caller that gives up takes the answer from nobody.
func TestJoinedErrors(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j joined[string, int]
		fault := errors.New("away")
		slow := func(ctx context.Context) (int, error) {
			select {
			case <-time.After(time.Second):
				return 7, nil
			case <-ctx.Done():
				return 0, ctx.Err()
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := j.get(ctx, "key", slow); !errors.Is(err, context.Canceled) {
				t.Errorf("gave up: %v", err)
			}
		})
		synctest.Wait()
		all.Go(func() {
			if got, err := j.get(t.Context(), "key", slow); got != 7 || err != nil {
				t.Errorf("%d, %v", got, err)
			}
		})
		synctest.Wait()
		cancel()
		all.Wait()
		if _, err := j.get(t.Context(), "key", func(context.Context) (int, error) { return 0, fault }); !errors.Is(err, fault) {
			t.Error(err)
		}
		if got, err := j.get(t.Context(), "key", func(context.Context) (int, error) { return 1, nil }); got != 1 || err != nil {
			t.Errorf("%d, %v: an error is not kept", got, err)
		}
		if len(j.running)+len(j.next) != 0 {
			t.Error("something is kept")
		}
	})
}
