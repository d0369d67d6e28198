package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"holdfast/internal/booking"
)

// Endpoint keeps one webhook endpoint drained, for as long as the endpoint exists: send what is due, sleep until the
// next retry or until a commit wakes it, start over when the history grows. It ends when the endpoint is deleted or
// disabled; the next wake starts it again.
func Endpoint(ctx workflow.Context, in booking.Drain) error {
	wake := workflow.GetSignalChannel(ctx, WakeSignal)
	for {
		takeAll(wake) // whoever called before this drain is served by it
		out, err := drain(ctx, in)
		if err != nil {
			return err
		}
		woken := takeAll(wake)
		if out.Gone && !woken {
			return nil
		}
		if !out.Gone && !woken {
			sleep(ctx, wake, out.Next)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			return workflow.NewContinueAsNewError(ctx, Endpoint, in)
		}
	}
}

// sleep waits for a wake signal or for the moment the next delivery is due; a zero moment means nothing waits.
func sleep(ctx workflow.Context, wake workflow.ReceiveChannel, next time.Time) {
	selector := workflow.NewSelector(ctx)
	selector.AddReceive(wake, func(workflow.ReceiveChannel, bool) { takeAll(wake) })
	selector.AddReceive(ctx.Done(), func(workflow.ReceiveChannel, bool) {})
	if !next.IsZero() {
		timerCtx, cancel := workflow.WithCancel(ctx)
		defer cancel()
		options := workflow.TimerOptions{Summary: "next attempt"}
		selector.AddFuture(workflow.NewTimerWithOptions(timerCtx, next.Sub(workflow.Now(ctx)), options), func(workflow.Future) {})
	}
	selector.Select(ctx)
}

// takeAll takes every wake signal that waits: one drain answers them all.
func takeAll(wake workflow.ReceiveChannel) (found bool) {
	for wake.ReceiveAsync(nil) {
		found = true
	}
	return found
}

// Sweep puts right what a crash left half done. A schedule runs it.
func Sweep(ctx workflow.Context) (booking.Swept, error) { return sweep(ctx) }
