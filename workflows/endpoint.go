package workflows

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"

	"holdfast/internal/booking"
	"holdfast/internal/outbox"
)

// EndpointIdle is how long an endpoint's workflow stays without anything that waits.
const EndpointIdle = 10 * time.Minute

// Endpoint keeps one webhook endpoint drained: send what is due, sleep until the next retry or a wake signal, start
// over when the history grows. It ends when the endpoint is deleted, paused or disabled, and when nothing has waited for a
// while; the next wake starts it again.
func Endpoint(ctx workflow.Context, in outbox.DrainInput) error {
	wake := workflow.GetSignalChannel(ctx, WakeSignal)
	for round := 0; ; round++ {
		drainWakes(wake) // signals from before this drain are served by it
		if in.Idle == 0 && movesOn(ctx, round) {
			return continueEndpoint(ctx, in)
		}
		out, err := drain(ctx, in)
		if err != nil {
			return err
		}
		woken := drainWakes(wake)
		if out.Gone && !woken {
			return nil
		}
		if !out.Gone && !woken && !sleep(ctx, wake, out.Next, in.Idle) {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			return continueEndpoint(ctx, in)
		}
	}
}

// movesOn reports whether a run that began before endpoints had a task queue of their own, and ended when idle, is to start over as
// they do now. What it did until today is replayed as it was: the version has a name of its own in each round.
func movesOn(ctx workflow.Context, round int) bool {
	return workflow.GetVersion(ctx, fmt.Sprintf("moves-on-%d", round), workflow.DefaultVersion, 1) == 1
}

// continueEndpoint continues with an empty history, on the task queue of webhooks.
func continueEndpoint(ctx workflow.Context, in outbox.DrainInput) error {
	in.Idle = cmp.Or(in.Idle, EndpointIdle)
	queue := workflow.GetInfo(ctx).TaskQueueName
	if !strings.HasSuffix(queue, webhookQueue) {
		ctx = workflow.WithWorkflowTaskQueue(ctx, WebhookQueue(queue))
	}
	return workflow.NewContinueAsNewError(ctx, Endpoint, in)
}

// sleep waits for a wake signal or for the moment the next delivery is due; a zero moment means nothing waits. It returns false
// when nothing has come within the idle time (zero = without end).
func sleep(ctx workflow.Context, wake workflow.ReceiveChannel, next time.Time, idle time.Duration) bool {
	selector := workflow.NewSelector(ctx)
	selector.AddReceive(wake, func(workflow.ReceiveChannel, bool) { drainWakes(wake) })
	selector.AddReceive(ctx.Done(), func(workflow.ReceiveChannel, bool) {})
	goOn := true
	timer := func(after time.Duration, summary string, rung func(workflow.Future)) workflow.CancelFunc {
		timerCtx, cancel := workflow.WithCancel(ctx)
		selector.AddFuture(workflow.NewTimerWithOptions(timerCtx, after, workflow.TimerOptions{Summary: summary}), rung)
		return cancel
	}
	switch {
	case !next.IsZero():
		defer timer(next.Sub(workflow.Now(ctx)), "next attempt", func(workflow.Future) {})()
	case idle > 0:
		defer timer(idle, "idle", func(workflow.Future) { goOn = drainWakes(wake) })()
	}
	selector.Select(ctx)
	return goOn
}

// drainWakes receives every wake signal that waits. One drain serves them all.
func drainWakes(wake workflow.ReceiveChannel) (found bool) {
	for wake.ReceiveAsync(nil) {
		found = true
	}
	return found
}

// Sweep puts right what a crash left half done. A schedule runs it.
func Sweep(ctx workflow.Context) (booking.SweepResult, error) { return sweep(ctx) }
