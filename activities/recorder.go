package activities

import (
	"context"
	"sync"

	"holdfast/internal/postgres"
)

// Limits of a recorder. Two transactions at once keep Postgres busy while one of them waits for its disk; what ends meanwhile
// goes into the next one.
const (
	recordsAtOnce  = 2
	attemptsAtOnce = 256 // attempts in a transaction
)

// recorder is a group commit: it puts attempts of many endpoints on record together, as many as have ended while the transactions
// before were under way. Its zero value is ready. It is safe for concurrent use.
type recorder struct {
	mu      sync.Mutex
	waiting []groupToRecord
	running int
}

type groupToRecord struct {
	postgres.EndpointAttempts
	done chan<- error
}

// add returns once a group is on record, by a call of commit that has it and perhaps others. When a call fails that had several,
// each is committed alone, so that none suffers from another: add returns the error of its own group. Calls of commit
// outlive the context of the caller whose attempts began the group.
func (r *recorder) add(
	ctx context.Context, group postgres.EndpointAttempts, commit func(context.Context, []postgres.EndpointAttempts) error,
) error {
	done := make(chan error, 1)
	r.mu.Lock()
	r.waiting = append(r.waiting, groupToRecord{group, done})
	start := r.running < recordsAtOnce
	if start {
		r.running++
	}
	r.mu.Unlock()
	if start {
		go r.run(context.WithoutCancel(ctx), commit)
	}
	return <-done
}

// run commits until nothing waits.
func (r *recorder) run(ctx context.Context, commit func(context.Context, []postgres.EndpointAttempts) error) {
	for groups := r.next(); len(groups) > 0; groups = r.next() {
		all := make([]postgres.EndpointAttempts, len(groups))
		for i, g := range groups {
			all[i] = g.EndpointAttempts
		}
		err := commit(ctx, all)
		for i, g := range groups {
			if err == nil || len(groups) == 1 || postgres.IsUnavailable(err) {
				g.done <- err
			} else {
				g.done <- commit(ctx, all[i:i+1])
			}
		}
	}
}

// next takes what waits, up to attemptsAtOnce and at least one group. The caller's place is given back when there is nothing.
func (r *recorder) next() (groups []groupToRecord) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n, attempts := 0, 0
	for n < len(r.waiting) && (n == 0 || attempts+len(r.waiting[n].Attempts) <= attemptsAtOnce) {
		attempts += len(r.waiting[n].Attempts)
		n++
	}
	groups, r.waiting = r.waiting[:n:n], r.waiting[n:]
	if n == 0 {
		r.running--
	}
	return groups
}
