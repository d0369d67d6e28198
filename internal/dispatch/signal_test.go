package dispatch

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"holdfast/graphs"
	"holdfast/graphs/graphtest"
	"holdfast/internal/booking"
)

// races answers signals and starts of one booking's workflow, one after the other; the last answer stays.
type races struct {
	client.Client // what is not written here must not be called

	signals, starts []error

	signalled int
	started   [][]booking.Signal // the actions of each attempted start
	queues    []string           // and its task queue
}

func (r *races) SignalWorkflow(context.Context, string, string, string, any) error {
	err := r.signals[min(r.signalled, len(r.signals)-1)]
	r.signalled++
	return err
}

func (r *races) ExecuteWorkflow(_ context.Context, o client.StartWorkflowOptions, _ any, args ...any) (client.WorkflowRun, error) {
	err := r.starts[min(len(r.started), len(r.starts)-1)]
	r.queues = append(r.queues, o.TaskQueue)
	r.started = append(r.started, args[0].(booking.WorkflowInput).Actions)
	return nil, err
}

// TestSignalIsHandedOver: nil means that a workflow has the action, whoever starts and ends workflows of the booking meanwhile.
func TestSignalIsHandedOver(t *testing.T) {
	t.Parallel()
	gone := serviceerror.NewNotFound("workflow execution already completed")
	running := serviceerror.NewWorkflowExecutionAlreadyStarted("", "", "")
	away := serviceerror.NewUnavailable("away")
	for _, c := range []struct {
		name               string
		signals, starts    []error
		signalled, started int
		err                error
	}{
		{"it runs", []error{nil}, nil, 1, 0, nil},
		{"Temporal is away", []error{away}, nil, 1, 0, away},
		{"it does not run", []error{gone}, []error{nil}, 1, 1, nil},
		{"Temporal goes away in between", []error{gone}, []error{away}, 1, 1, away},
		{"another caller starts it", []error{gone, nil}, []error{running}, 2, 1, nil},
		{"another caller's run ends at once", []error{gone}, []error{running, running, nil}, 3, 3, nil},
		{"it is never there and never gone", []error{gone}, []error{running}, signalRounds, signalRounds, errRunning},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			temporal := &races{signals: c.signals, starts: c.starts}
			action := booking.Signal{ActionID: uuid.New(), Action: "cancel"}
			err := (&Dispatcher{Client: temporal}).Signal(t.Context(), confirmed(t), "app", action)
			if !errors.Is(err, c.err) || temporal.signalled != c.signalled || len(temporal.started) != c.started {
				t.Errorf("%v after %d signals and %d starts, want %v, %d, %d",
					err, temporal.signalled, len(temporal.started), c.err, c.signalled, c.started)
			}
			for _, brought := range temporal.started {
				if len(brought) != 1 || brought[0].ActionID != action.ActionID {
					t.Errorf("a start brought %v", brought)
				}
			}
		})
	}
}

// TestStartsOfWhatRuns: a run that is there already has a booking's first action, and a resumed booking lacks none.
func TestStartsOfWhatRuns(t *testing.T) {
	t.Parallel()
	temporal := &races{starts: []error{serviceerror.NewWorkflowExecutionAlreadyStarted("", "", "")}}
	d := &Dispatcher{Client: temporal}
	if err := d.Start(t.Context(), confirmed(t), "app", booking.Signal{Action: "create"}); err != nil {
		t.Error(err)
	}
	if err := d.EnsureBookingRunning(t.Context(), confirmed(t), "app"); err != nil {
		t.Error(err)
	}
	if len(temporal.started) != 2 {
		t.Errorf("%d starts", len(temporal.started))
	}
}

// TestBookingsStartOnTheQueueOfTheirLevel: workers of a release that cannot read the graph do not serve it.
func TestBookingsStartOnTheQueueOfTheirLevel(t *testing.T) {
	t.Parallel()
	own := func(name string) *graphs.Graph {
		g, _ := graphs.Named(name, nil)
		copied := *g
		copied.Own = true
		return &copied
	}
	plain, _ := graphs.Named("instant@2", nil)
	paid, _ := graphs.Named("paid_seat", nil)
	calling, large := graphtest.Calling(graphtest.Call("crm")), own("instant@2")
	calling.Own, calling.States[0].Name, calling.Initial = true, "confirmed", "confirmed"
	large.Description = strings.Repeat("long ", 2000)
	for _, c := range []struct {
		graph *graphs.Graph
		want  string
	}{
		{plain, "holdfast"}, {own("instant@2"), "holdfast-graphs"}, {paid, "holdfast-graphs-2"}, {own("paid_booking"), "holdfast-graphs-2"},
		{calling, "holdfast-graphs-2"}, {large, "holdfast-graphs-2"},
	} {
		b := confirmed(t)
		b.SetGraph(c.graph)
		temporal := &races{starts: []error{nil}}
		if err := (&Dispatcher{Client: temporal, TaskQueue: "holdfast"}).EnsureBookingRunning(t.Context(), b, "app"); err != nil {
			t.Error(err)
		}
		if len(temporal.queues) != 1 || temporal.queues[0] != c.want {
			t.Errorf("%s (own: %v) on %v, want %s", c.graph.Ref(), c.graph.Own, temporal.queues, c.want)
		}
	}
}

func confirmed(t *testing.T) *booking.Booking {
	t.Helper()
	graph, ok := graphs.Named("instant", nil)
	if !ok {
		t.Fatal("there is no such graph")
	}
	return &booking.Booking{ID: uuid.New(), Graph: graph.Name, GraphVersion: graph.Version, State: "confirmed"}
}
