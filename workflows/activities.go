package workflows

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"holdfast/internal/booking"
)

// Activities is what the workflows need done. The worker registers an implementation under these names.
type Activities interface {
	// Commit moves a booking on record, in one transaction, and wakes the endpoints that have to hear of it. It is
	// idempotent by action id.
	Commit(ctx context.Context, in booking.Commit) (booking.Outcome, error)
	// Drain sends what is due to a webhook endpoint.
	Drain(ctx context.Context, in booking.Drain) (booking.Drained, error)
	// Sweep finds actions and deliveries that nobody works on and sets them going.
	Sweep(ctx context.Context) (booking.Swept, error)
}

// commitName is Activities.Commit: a local activity is found by its name, a method expression would be called as it is.
const commitName = "Commit"

// commit runs as a local activity, which costs a booking half the history and a third of the time. When Postgres is
// away for longer than a workflow task should wait, the server takes over with patient retries: the booking waits, it
// does not fail.
func commit(ctx workflow.Context, in booking.Commit) (booking.Outcome, error) {
	var out booking.Outcome
	local := workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		StartToCloseTimeout:    3 * time.Second,
		ScheduleToCloseTimeout: 6 * time.Second,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: 50 * time.Millisecond, MaximumInterval: time.Second},
		Summary:                in.Move.Action,
	})
	err := workflow.ExecuteLocalActivity(local, commitName, in).Get(ctx, &out)
	if err == nil || refusedToRetry(err) {
		return out, err
	}
	workflow.GetLogger(ctx).Warn("the record cannot be reached; the booking waits for it", "error", err)
	patient := workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 10 * time.Second,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: time.Second, MaximumInterval: 30 * time.Second},
		Summary:             in.Move.Action,
	})
	err = workflow.ExecuteActivity(patient, Activities.Commit, in).Get(ctx, &out)
	return out, err
}

func refusedToRetry(err error) bool {
	var app *temporal.ApplicationError
	return errors.As(err, &app) && app.NonRetryable()
}

// drain may take as long as a batch of slow receivers does; the heartbeat tells a lost worker sooner.
func drain(ctx workflow.Context, in booking.Drain) (booking.Drained, error) {
	var out booking.Drained
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 5 * time.Minute,
		HeartbeatTimeout:    10 * time.Second,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: time.Second, MaximumInterval: time.Minute},
	})
	err := workflow.ExecuteActivity(ctx, Activities.Drain, in).Get(ctx, &out)
	return out, err
}

func sweep(ctx workflow.Context) (booking.Swept, error) {
	var out booking.Swept
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: time.Minute,
		RetryPolicy:         &temporal.RetryPolicy{MaximumAttempts: 3},
	})
	err := workflow.ExecuteActivity(ctx, Activities.Sweep).Get(ctx, &out)
	return out, err
}
