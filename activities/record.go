package activities

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"holdfast/internal/fault"
	"holdfast/internal/postgres"
)

const (
	recordPatience = 20 * time.Second // with a Postgres that is away; then the deliveries fall due again
	recordGrace    = 3 * time.Second  // the same, once the worker stops
	recordPause    = 50 * time.Millisecond
)

// record puts attempts on record and wakes the endpoints that get events of it. What cannot be recorded does not keep the others from
// it: they go on record one by one, and the one without what its receiver has answered. halting is closed when the worker stops.
func (a *Activities) record(ctx context.Context, halting <-chan struct{}, endpoint uuid.UUID, all []postgres.Finished) postgres.Recorded {
	out, err := a.recordPatiently(ctx, halting, endpoint, all)
	if err == nil {
		if out.Failing != nil {
			a.Log.Error("mails cannot be sent", "mailer", endpoint, "status", out.Failing.Status, "code", out.Failing.Code)
		}
		a.serve(ctx, out.Woken...)
		return out
	}
	if len(all) > 1 && !postgres.IsUnavailable(err) {
		for _, f := range all {
			one := a.record(ctx, halting, endpoint, []postgres.Finished{f})
			out.Resting = one.Resting
		}
		return out
	}
	if len(all) == 1 && !postgres.IsUnavailable(err) && fault.CodeOf(err) != fault.NotFound {
		bare := all[0]
		bare.Attempt.RequestHeaders, bare.Attempt.ResponseHeaders, bare.Attempt.ResponseBody = nil, nil, nil
		out, err = a.recordPatiently(ctx, halting, endpoint, []postgres.Finished{bare})
		a.serve(ctx, out.Woken...)
	}
	if err != nil && fault.CodeOf(err) != fault.NotFound { // deleted meanwhile
		a.Log.Error("could not record webhook attempts; they will be sent again",
			"endpoint", endpoint, "count", len(all), "error", retryable(err))
	}
	return out
}

// recordPatiently retries while Postgres is away, for recordPatience. Once halting is closed it retries at once and then for
// recordGrace more: attempts that have ended still go on record when Postgres is only briefly away, and the stop of a worker is
// not held up when it is away for longer.
func (a *Activities) recordPatiently(
	ctx context.Context, halting <-chan struct{}, endpoint uuid.UUID, all []postgres.Finished,
) (postgres.Recorded, error) {
	patience := time.NewTimer(recordPatience)
	defer patience.Stop()
	for pause := recordPause; ; pause = min(2*pause, 2*time.Second) {
		out, err := a.finish(ctx, endpoint, all)
		if err == nil || !postgres.IsUnavailable(err) {
			return out, err
		}
		select {
		case <-patience.C:
			return out, err
		case <-halting:
			halting, pause = nil, recordPause
			patience.Reset(recordGrace)
		case <-time.After(pause):
		}
	}
}

// finish puts attempts on record: successes together with those of other endpoints.
func (a *Activities) finish(ctx context.Context, endpoint uuid.UUID, all []postgres.Finished) (postgres.Recorded, error) {
	if !slices.ContainsFunc(all, postgres.Finished.Fails) {
		return postgres.Recorded{}, a.successes.add(ctx, postgres.EndpointAttempts{Endpoint: endpoint, Attempts: all}, a.finishSuccesses)
	}
	defer a.connection()()
	return a.DB.FinishAttempts(ctx, endpoint, all)
}

func (a *Activities) finishSuccesses(ctx context.Context, groups []postgres.EndpointAttempts) error {
	defer a.connection()()
	return a.DB.FinishSuccesses(ctx, groups)
}

// retryable keeps what Temporal stores of a failure free of data: the details of Postgres contain values, and
// failures are kept in histories. Every fault of a commit is worth a retry: its refusals are outcomes.
func retryable(err error) error {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return errors.New("postgres: " + pg.Code + " " + pg.ConstraintName)
	}
	if known, ok := errors.AsType[*fault.Error](err); ok {
		return errors.New(string(known.Code))
	}
	return err
}

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
