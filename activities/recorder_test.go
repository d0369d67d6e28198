package activities

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/uuid"

	"holdfast/internal/postgres"
)

// attemptsOf makes a group of so many attempts.
func attemptsOf(n int) postgres.EndpointAttempts {
	return postgres.EndpointAttempts{Endpoint: uuid.New(), Attempts: make([]postgres.Finished, n)}
}

// TestRecorderCommitsTogether what comes while transactions are under way, each group once.
func TestRecorderCommitsTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		var mu sync.Mutex
		var commits [][]postgres.EndpointAttempts
		under, most := 0, 0
		proceed := make(chan struct{})
		commit := func(_ context.Context, groups []postgres.EndpointAttempts) error {
			mu.Lock()
			commits = append(commits, groups)
			under++
			most = max(most, under)
			mu.Unlock()
			<-proceed
			mu.Lock()
			under--
			mu.Unlock()
			return nil
		}
		var all sync.WaitGroup
		add := func(n int) {
			all.Go(func() {
				if err := r.add(t.Context(), attemptsOf(n), commit); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		for range recordsAtOnce {
			add(1)
		}
		for range 10 {
			add(20)
		}
		add(100) // does not fit into the same transaction
		add(400) // more than one transaction has, and yet not cut
		close(proceed)
		all.Wait()
		synctest.Wait()
		if most != recordsAtOnce || r.running != 0 || len(r.waiting) != 0 {
			t.Errorf("%d at once, %d running, %d waiting", most, r.running, len(r.waiting))
		}
		sizes := map[int]int{}
		for _, groups := range commits {
			n := 0
			for _, g := range groups {
				n += len(g.Attempts)
			}
			sizes[n]++
		}
		if len(commits) != recordsAtOnce+3 || sizes[1] != recordsAtOnce || sizes[200] != 1 || sizes[100] != 1 || sizes[400] != 1 {
			t.Errorf("%d transactions of %v attempts", len(commits), sizes)
		}
	})
}

// TestRecorderKeepsFaultsApart: a group that cannot be recorded fails alone.
func TestRecorderKeepsFaultsApart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		bad := attemptsOf(1)
		refused := errors.New("refused")
		proceed := make(chan struct{})
		commit := func(_ context.Context, groups []postgres.EndpointAttempts) error {
			<-proceed
			for _, g := range groups {
				if g.Endpoint == bad.Endpoint {
					return refused
				}
			}
			return nil
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // what has been sent goes on record, whoever brought it
		var all sync.WaitGroup
		for i := range recordsAtOnce + 5 {
			group, want := attemptsOf(1), error(nil)
			if i == recordsAtOnce+2 {
				group, want = bad, refused
			}
			all.Go(func() {
				if err := r.add(ctx, group, commit); !errors.Is(err, want) {
					t.Errorf("group %d: %v", i, err)
				}
			})
			synctest.Wait()
		}
		close(proceed)
		all.Wait()
	})
}
