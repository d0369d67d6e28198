package activities

import (
	"context"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/booking"
	"holdfast/internal/postgres"
)

const (
	recordPatience = 20 * time.Second // with a Postgres that is away; then the deliveries fall due again
	recordPause    = 50 * time.Millisecond
)

// record puts attempts on record and wakes who has to hear of what follows. What cannot be recorded does not keep the others from
// it: they go on record one by one, and the one without what its receiver has answered.
func (a *Activities) record(ctx context.Context, endpoint uuid.UUID, all []postgres.Finished) postgres.Recorded {
	out, err := a.recordPatiently(ctx, endpoint, all)
	if err == nil {
		a.serve(ctx, out.Woken...)
		return out
	}
	if len(all) > 1 && !postgres.Away(err) {
		for _, f := range all {
			one := a.record(ctx, endpoint, []postgres.Finished{f})
			out.Resting = one.Resting
		}
		return out
	}
	if len(all) == 1 && !postgres.Away(err) && booking.CodeOf(err) != booking.NotFound {
		bare := all[0]
		bare.Attempt.RequestHeaders, bare.Attempt.ResponseHeaders, bare.Attempt.ResponseBody = nil, nil, nil
		out, err = a.recordPatiently(ctx, endpoint, []postgres.Finished{bare})
		a.serve(ctx, out.Woken...)
	}
	if err != nil && booking.CodeOf(err) != booking.NotFound { // deleted meanwhile
		a.Log.Error("could not record webhook attempts; they will be sent again",
			"endpoint", endpoint, "count", len(all), "error", retryable(err))
	}
	return out
}

// recordPatiently waits for a Postgres that is away, for as long as what was sent is claimed.
func (a *Activities) recordPatiently(ctx context.Context, endpoint uuid.UUID, all []postgres.Finished) (postgres.Recorded, error) {
	pause := recordPause
	for until := time.Now().Add(recordPatience); ; pause = min(2*pause, 2*time.Second) {
		out, err := a.finish(ctx, endpoint, all)
		if err == nil || !postgres.Away(err) || time.Now().After(until) {
			return out, err
		}
		time.Sleep(pause)
	}
}

// finish puts attempts on record: successes together with those of other endpoints.
func (a *Activities) finish(ctx context.Context, endpoint uuid.UUID, all []postgres.Finished) (postgres.Recorded, error) {
	if !postgres.AnyFailure(all) {
		return postgres.Recorded{}, a.successes.add(ctx, postgres.EndpointAttempts{Endpoint: endpoint, Attempts: all}, a.finishSuccesses)
	}
	defer a.connection()()
	return a.DB.FinishAttempts(ctx, endpoint, all)
}

func (a *Activities) finishSuccesses(ctx context.Context, groups []postgres.EndpointAttempts) error {
	defer a.connection()()
	return a.DB.FinishSuccesses(ctx, groups)
}
