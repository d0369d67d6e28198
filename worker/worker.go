// Package worker runs the workflows and activities: it registers both, asserts that they fit, and keeps the sweep
// scheduled.
package worker

import (
	"context"
	"errors"
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
	for _, a := range []any{acts.Commit, acts.Relay, acts.Remind, acts.Drain, acts.Sweep} {
		r.RegisterActivity(a)
	}
}

// Options say where a worker works.
type Options struct {
	TaskQueue   string
	SweepEvery  time.Duration
	StopTimeout time.Duration // how long running activities may take to end
}

// Run works until the context ends, then lets running activities finish.
func Run(ctx context.Context, c client.Client, acts workflows.Activities, o Options) error {
	if err := scheduleSweep(ctx, c, o); err != nil {
		return err
	}
	polling := worker.NewPollerBehaviorAutoscaling(worker.PollerBehaviorAutoscalingOptions{})
	w := worker.New(c, o.TaskQueue, worker.Options{
		WorkflowTaskPollerBehavior: polling, ActivityTaskPollerBehavior: polling, WorkerStopTimeout: o.StopTimeout,
	})
	Register(w, acts)
	if err := w.Start(); err != nil {
		return err
	}
	defer w.Stop()
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
