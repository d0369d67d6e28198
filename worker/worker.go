// Package worker runs the workflows and activities: it registers both, asserts that they fit, and keeps the sweep
// scheduled.
package worker

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"

	"holdfast/activities"
	"holdfast/workflows"
)

var _ workflows.Activities = (*activities.Activities)(nil)

// Register names everything a worker can do. Tests register on a test environment the same way.
func Register(r worker.Registry, acts workflows.Activities) {
	for _, w := range []any{workflows.Booking, workflows.Endpoint, workflows.Sweep} {
		r.RegisterWorkflow(w)
	}
	for _, a := range []any{acts.Commit, acts.Relay, acts.Remind, acts.Settle, acts.Drain, acts.Sweep} {
		r.RegisterActivity(a)
	}
}

// RegisterBookings names what walks bookings of an app's own graphs, which have a task queue of their own.
func RegisterBookings(r worker.Registry, acts workflows.Activities) {
	r.RegisterWorkflow(workflows.Booking)
	for _, a := range []any{acts.Commit, acts.Relay, acts.Remind, acts.Settle} {
		r.RegisterActivity(a)
	}
}

// RegisterWebhooks names what sends webhooks, which has a task queue of its own.
func RegisterWebhooks(r worker.Registry, acts workflows.Activities) {
	r.RegisterWorkflow(workflows.Endpoint)
	r.RegisterActivity(acts.Drain)
}

// RegisterEffects names what carries out effects, which has a task queue of its own.
func RegisterEffects(r worker.Registry, acts workflows.Activities) {
	r.RegisterWorkflow(workflows.Effects)
	r.RegisterActivity(acts.Perform)
}

// RegisterClocks names what advances the clocks of test apps, which has a task queue of its own.
func RegisterClocks(r worker.Registry, acts workflows.Activities) {
	r.RegisterWorkflow(workflows.Clock)
	r.RegisterActivity(acts.AdvanceClock)
}

// Options say where a worker works.
type Options struct {
	TaskQueue   string
	SweepEvery  time.Duration
	StopTimeout time.Duration // how long running activities may take to end
	Commits     int           // commits at the same time, at most: about as many as there are connections to Postgres
}

// maxDrains is how many endpoints one process sends to at the same time for their workflows. What a drain costs while its receiver is
// slow is some memory.
const maxDrains = 256

// maxEffects is how many effects one process carries out at the same time, each of another booking.
const maxEffects = 256

// Run works until the context ends, then lets running activities finish. Bookings, webhooks and effects have a worker each, so that no
// number of slow receivers takes a place that a booking waits for. The workflows of endpoints that began on the bookings' queue
// are served there until they move on.
func Run(ctx context.Context, c client.Client, acts workflows.Activities, o Options) error {
	if err := scheduleSweep(ctx, c, o); err != nil {
		return err
	}
	polling := worker.NewPollerBehaviorAutoscaling(worker.PollerBehaviorAutoscalingOptions{})
	bookings := worker.New(c, o.TaskQueue, worker.Options{
		WorkflowTaskPollerBehavior: polling, ActivityTaskPollerBehavior: polling, WorkerStopTimeout: o.StopTimeout,
		MaxConcurrentLocalActivityExecutionSize: o.Commits,
	})
	Register(bookings, acts)
	extended := worker.New(c, workflows.GraphQueue(o.TaskQueue), worker.Options{
		WorkflowTaskPollerBehavior: polling, ActivityTaskPollerBehavior: polling, WorkerStopTimeout: o.StopTimeout,
		MaxConcurrentLocalActivityExecutionSize: o.Commits,
	})
	RegisterBookings(extended, acts)
	webhooks := worker.New(c, workflows.WebhookQueue(o.TaskQueue), worker.Options{
		WorkflowTaskPollerBehavior: polling, ActivityTaskPollerBehavior: polling, WorkerStopTimeout: o.StopTimeout,
		MaxConcurrentActivityExecutionSize: maxDrains,
	})
	RegisterWebhooks(webhooks, acts)
	effects := worker.New(c, workflows.EffectQueue(o.TaskQueue), worker.Options{
		WorkflowTaskPollerBehavior: polling, ActivityTaskPollerBehavior: polling, WorkerStopTimeout: o.StopTimeout,
		MaxConcurrentActivityExecutionSize: maxEffects,
	})
	RegisterEffects(effects, acts)
	clocks := worker.New(c, workflows.ClockQueue(o.TaskQueue), worker.Options{
		WorkflowTaskPollerBehavior: polling, ActivityTaskPollerBehavior: polling, WorkerStopTimeout: o.StopTimeout,
	})
	RegisterClocks(clocks, acts)
	var stopping sync.WaitGroup
	defer stopping.Wait()
	for _, w := range []worker.Worker{bookings, extended, webhooks, effects, clocks} {
		if err := w.Start(); err != nil {
			return err
		}
		defer stopping.Go(w.Stop)
	}
	<-ctx.Done()
	return nil
}

// scheduleSweep makes the schedule, or brings an older one up to date. Two workers that start at once agree.
func scheduleSweep(ctx context.Context, c client.Client, o Options) error {
	spec := client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{Every: o.SweepEvery}}}
	action := &client.ScheduleWorkflowAction{
		ID: workflows.SweepID(o.TaskQueue), Workflow: workflows.Sweep, TaskQueue: o.TaskQueue,
		StaticSummary: "sets going what a crash left half done",
	}
	_, err := c.ScheduleClient().Create(ctx, client.ScheduleOptions{
		ID: workflows.SweepID(o.TaskQueue), Spec: spec, Action: action, Overlap: enums.SCHEDULE_OVERLAP_POLICY_SKIP,
	})
	if !errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
		return err
	}
	return c.ScheduleClient().GetHandle(ctx, workflows.SweepID(o.TaskQueue)).Update(ctx, client.ScheduleUpdateOptions{
		DoUpdate: func(in client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
			schedule := in.Description.Schedule
			schedule.Spec, schedule.Action = &spec, action
			return &client.ScheduleUpdate{Schedule: &schedule}, nil
		},
	})
}
