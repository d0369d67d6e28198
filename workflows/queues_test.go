package workflows_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/workflows"
)

// TestBookingQueues: a level has a task queue of its own, and the names of those that are in use stay.
func TestBookingQueues(t *testing.T) {
	t.Parallel()
	for level, want := range []string{"holdfast", "holdfast-graphs", "holdfast-graphs-2", "holdfast-graphs-3"} {
		if got := workflows.BookingQueue("holdfast", level); got != want {
			t.Errorf("level %d is on %s, want %s", level, got, want)
		}
	}
}

// TestBookingsGoOnWhereTheirGraphIsRead: one that has gone over to a version of a higher level starts anew on the task queue of that level,
// with the actions that it has not played. Whatever else it goes over to, it stays.
func TestBookingsGoOnWhereTheirGraphIsRead(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, runsOn string
		over         string // the graph whose states and actions the new version has
		want         string // "" = it stays
	}{
		{"to a payment", "holdfast-graphs", "paid_booking", "holdfast-graphs-2"},
		{"where the queue's own name ends so, too", "x-graphs-graphs", "paid_booking", "x-graphs-graphs-2"},
		{"where it is read already", "holdfast-graphs-2", "paid_booking", ""},
		{"where a later level is read", "holdfast-graphs-7", "paid_booking", ""},
		{"to another of its level", "holdfast-graphs", "instant_payment", ""},
		{"on the queue of built-in graphs", "holdfast", "paid_booking", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, "instant_payment")
			b.env.SetStartWorkflowOptions(client.StartWorkflowOptions{TaskQueue: c.runsOn})
			over, _ := graphs.Named(c.over, nil)
			b.record.over = &booking.GraphInput{Graph: *over}
			late := uuid.New()
			b.env.RegisterDelayedCallback(func() {
				for _, s := range []booking.Signal{
					{ActionID: uuid.New(), Action: "nonsense", Actor: graphs.ActorAPI}, {ActionID: late, Action: "pay", Actor: graphs.ActorAPI},
				} {
					b.env.SignalWorkflow(workflows.ActionSignal, s)
				}
			}, time.Minute)
			b.env.ExecuteWorkflow(workflows.Booking, b.in)
			again, moved := asContinueAsNew(b.env.GetWorkflowError())
			switch {
			case moved != (c.want != ""):
				t.Errorf("moved %v, %v", moved, b.env.GetWorkflowError())
			case moved && again.TaskQueueName != c.want:
				t.Errorf("goes on on %s, want %s", again.TaskQueueName, c.want)
			}
		})
	}
}
