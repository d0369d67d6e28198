package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"holdfast/internal/payment"
)

// Payment carries one payment on: it asks the provider when there is a reason to, and gives money back that is to go back. It ends when
// nothing is expected any more; whatever is expected later starts it again.
func Payment(ctx workflow.Context, in payment.Input) error {
	wake := workflow.GetSignalChannel(ctx, WakeSignal)
	for {
		drainWakes(wake) // signals from before this look are served by it
		out, err := watchPayment(ctx, in)
		if err != nil {
			return err
		}
		workflow.SetCurrentDetails(ctx, paymentDetails(out))
		switch {
		case drainWakes(wake):
		case out.Next.IsZero():
			return nil
		default:
			if wait := max(out.Next.Sub(workflow.Now(ctx)), tooSoon); wait > 0 {
				sleep(ctx, wake, workflow.Now(ctx).Add(wait), 0)
			}
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			return workflow.NewContinueAsNewError(ctx, Payment, in)
		}
	}
}

// paymentDetails is what an operator reads of a payment.
func paymentDetails(out payment.Watched) string {
	text := "- **State**: " + string(out.State) + "\n"
	if out.Code != "" {
		text += "- **Last call**: " + out.Code + "\n"
	}
	if out.Next.IsZero() {
		return text + "- **Next look**: none\n"
	}
	return text + "- **Next look**: " + out.Next.UTC().Format(time.RFC3339) + "\n"
}

// watchPayment takes as long as a few calls of a slow provider may; the heartbeat shows a lost worker sooner.
func watchPayment(ctx workflow.Context, in payment.Input) (payment.Watched, error) {
	var out payment.Watched
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 2 * time.Minute,
		HeartbeatTimeout:    10 * time.Second,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: time.Second, MaximumInterval: time.Minute},
		Summary:             "asks the provider",
	})
	err := workflow.ExecuteActivity(ctx, Activities.WatchPayment, in).Get(ctx, &out)
	return out, err
}
