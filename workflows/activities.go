package workflows

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"holdfast/internal/booking"
	"holdfast/internal/clock"
	"holdfast/internal/effect"
	"holdfast/internal/outbox"
)

// Activities is what the workflows need done. The worker registers an implementation under these names.
type Activities interface {
	// Commit moves a booking on record, in one transaction, and wakes the endpoints that get its event. It is
	// idempotent by action id.
	Commit(ctx context.Context, in booking.CommitInput) (booking.Outcome, error)
	// Relay signals bookings the actions that a commit of the named booking has put on record for them.
	Relay(ctx context.Context, bookingID uuid.UUID) error
	// Remind puts the event of a reminder on record, if the booking is still on, or of a notice, if it is still in the same stay, and
	// wakes the endpoints that get it. It is idempotent by the reminder's number, or by stay and notice.
	Remind(ctx context.Context, in booking.RemindInput) error
	// Drain sends what is due to a webhook endpoint.
	Drain(ctx context.Context, in outbox.DrainInput) (outbox.DrainResult, error)
	// Perform carries out the oldest pending effect of a booking, if it is due, and returns when to come again.
	Perform(ctx context.Context, in effect.Input) (effect.Result, error)
	// AdvanceClock moves the clock of a test app towards its target, step by step, for half a minute at most.
	AdvanceClock(ctx context.Context, in clock.Input) (clock.Result, error)
	// Settle notes that a booking's workflow has carried out whatever was due by a step of its app's clock.
	Settle(ctx context.Context, in clock.Settled) error
	// Sweep finds actions, deliveries and effects that were left behind, and resumes them.
	Sweep(ctx context.Context) (booking.SweepResult, error)
}

// commitName is Activities.Commit: a local activity is found by its name, a method expression would be called as it is.
const (
	commitName = "Commit"
	remindName = "Remind"
	settleName = "Settle"
)

func commit(ctx workflow.Context, in booking.CommitInput) (booking.Outcome, error) {
	var out booking.Outcome
	return out, localThenPatient(ctx, commitName, in.Move.Action, in, &out)
}

func remind(ctx workflow.Context, in booking.RemindInput) error {
	return localThenPatient(ctx, remindName, cmp.Or(in.Notice, "reminder"), in, nil)
}

// localThenPatient runs as a local activity, which costs a booking half the history and a third of the time. When Postgres is
// away for longer than a workflow task should wait, the server takes over with patient retries: the booking waits, it
// does not fail.
func localThenPatient(ctx workflow.Context, name, summary string, in, out any) error {
	local := workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		StartToCloseTimeout:    3 * time.Second,
		ScheduleToCloseTimeout: 6 * time.Second,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: 50 * time.Millisecond, MaximumInterval: time.Second},
		Summary:                summary,
	})
	err := workflow.ExecuteLocalActivity(local, name, in).Get(ctx, out)
	if err == nil || refusedToRetry(err) {
		return err
	}
	workflow.GetLogger(ctx).Warn("the record cannot be reached; the booking waits for it", "error", err)
	patient := workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 10 * time.Second,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: time.Second, MaximumInterval: 30 * time.Second},
		Summary:             summary,
	})
	return workflow.ExecuteActivity(patient, name, in).Get(ctx, out)
}

// relay may take as long as a session has seats; each try goes on where the last one ended.
func relay(ctx workflow.Context, bookingID uuid.UUID) error {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: time.Minute,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: time.Second, MaximumInterval: 30 * time.Second},
	})
	return workflow.ExecuteActivity(ctx, Activities.Relay, bookingID).Get(ctx, nil)
}

func refusedToRetry(err error) bool {
	var app *temporal.ApplicationError
	return errors.As(err, &app) && app.NonRetryable()
}

// drain may take as long as a batch of slow receivers does; the heartbeat shows a lost worker sooner.
func drain(ctx workflow.Context, in outbox.DrainInput) (outbox.DrainResult, error) {
	var out outbox.DrainResult
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 5 * time.Minute,
		HeartbeatTimeout:    10 * time.Second,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: time.Second, MaximumInterval: time.Minute},
	})
	err := workflow.ExecuteActivity(ctx, Activities.Drain, in).Get(ctx, &out)
	return out, err
}

// SweepTimeout is how long a sweep may take: more than the budgets of its parts together.
const SweepTimeout = 5 * time.Minute

// sweep is tried once: its schedule is its retry.
func sweep(ctx workflow.Context) (booking.SweepResult, error) {
	var out booking.SweepResult
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: SweepTimeout,
		HeartbeatTimeout:    15 * time.Second,
		RetryPolicy:         &temporal.RetryPolicy{MaximumAttempts: 1},
	})
	err := workflow.ExecuteActivity(ctx, Activities.Sweep).Get(ctx, &out)
	return out, err
}
