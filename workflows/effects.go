package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"holdfast/internal/effect"
)

// Effects carries out the effects of one booking, one after the other, and waits between attempts. It ends when none is pending; the next
// commit that leaves one starts it again.
func Effects(ctx workflow.Context, in effect.Input) error {
	wake := workflow.GetSignalChannel(ctx, WakeSignal)
	for {
		drainWakes(wake) // signals from before this attempt are served by it
		out, err := perform(ctx, in)
		if err != nil {
			return err
		}
		workflow.SetCurrentDetails(ctx, effectDetails(out))
		switch {
		case drainWakes(wake):
		case out.Next.IsZero():
			return nil
		default:
			sleepUntilAttempt(ctx, wake, out)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			return workflow.NewContinueAsNewError(ctx, Effects, in)
		}
	}
}

// tooSoon is how long to wait where the clock of the record is behind that of the workflow, and nothing was due yet.
const tooSoon = time.Second

// sleepUntilAttempt waits until an attempt is due, or for a wake signal.
func sleepUntilAttempt(ctx workflow.Context, wake workflow.ReceiveChannel, out effect.Result) {
	wait := out.Next.Sub(workflow.Now(ctx))
	if out.Last == nil {
		wait = max(wait, tooSoon)
	}
	if wait > 0 {
		sleep(ctx, wake, workflow.Now(ctx).Add(wait), 0)
	}
}

// effectDetails is what an operator reads of the last attempt. It has no name of an endpoint.
func effectDetails(out effect.Result) string {
	text := ""
	if last := out.Last; last != nil {
		text = fmt.Sprintf("- **Last attempt**: effect %d of transition %d, %s, attempt %d: %s %s\n",
			last.Number, last.Seq, last.Kind, last.Attempt, last.Status, last.Code)
	}
	if out.Next.IsZero() {
		return text + "- **Pending**: none\n"
	}
	return text + "- **Next attempt**: " + out.Next.UTC().Format(time.RFC3339) + "\n"
}

// perform takes as long as one slow receiver may; the heartbeat shows a lost worker sooner.
func perform(ctx workflow.Context, in effect.Input) (effect.Result, error) {
	var out effect.Result
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 2 * time.Minute,
		HeartbeatTimeout:    10 * time.Second,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: time.Second, MaximumInterval: time.Minute},
		Summary:             "the oldest pending effect",
	})
	err := workflow.ExecuteActivity(ctx, Activities.Perform, in).Get(ctx, &out)
	return out, err
}
