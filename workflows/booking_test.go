package workflows_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	sdkworker "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/clock"
	"holdfast/internal/effect"
	"holdfast/internal/fault"
	"holdfast/internal/outbox"
	"holdfast/internal/payment"
	"holdfast/worker"
	"holdfast/workflows"
)

// record is a record in memory that keeps the fence and idempotency of the real one, and notes what was asked of it.
type record struct {
	sync.Mutex // an attempt that timed out on a slow machine may still run beside the next
	graph      graphs.Graph
	state      string
	before     string // the state before
	seq        int
	entered    time.Time
	decided    map[uuid.UUID]booking.Result
	story      []string
	now        func() time.Time
	taken      bool // somebody else holds the slot
	broken     int  // how many calls still fail
	relays     int  // how many actions for others each move puts on record
	timers     graphs.Overrides
	over       *booking.GraphInput // the version that the booking has gone over to, with its second decision
	clock      clock.Clock         // of the app
}

func (r *record) Commit(_ context.Context, in booking.CommitInput) (booking.Outcome, error) {
	r.Lock()
	defer r.Unlock()
	if r.broken > 0 {
		r.broken--
		return booking.Outcome{}, fmt.Errorf("postgres is away")
	}
	standing := func(result booking.Result, code fault.Code) booking.Outcome {
		out := booking.Outcome{Result: result, Code: code, State: r.state, Seq: r.seq, Entered: r.entered, Clock: r.clock}
		if len(r.decided) > 1 {
			out.Graph = r.over
		}
		return out
	}
	if known, ok := r.decided[in.ActionID]; ok {
		return standing(known, ""), nil
	}
	if in.Seq != r.seq || (in.Refusal == nil && in.Move.From != r.state) {
		return standing(booking.ResultStale, ""), nil
	}
	if in.Refusal != nil {
		r.decided[in.ActionID] = booking.ResultRefused
		r.story = append(r.story, "refused: "+in.Refusal.Message)
		return standing(booking.ResultRefused, in.Refusal.Code), nil
	}
	if in.Move.Takes && r.taken {
		r.decided[in.ActionID] = booking.ResultRefused
		r.story = append(r.story, "taken")
		if r.seq == 0 {
			return standing(booking.ResultGone, fault.SlotTaken), nil
		}
		return standing(booking.ResultRefused, fault.SlotTaken), nil
	}
	if in.Move.To == graphs.Previous {
		in.Move, _ = r.graph.Return(in.Move, r.before)
	}
	r.decided[in.ActionID] = booking.ResultApplied
	r.before, r.state, r.seq, r.entered = r.state, in.Move.To, r.seq+1, r.now()
	r.story = append(r.story, fmt.Sprintf("%s by %s", in.Move.To, in.Actor))
	out := standing(booking.ResultApplied, "")
	out.Relays, out.Timers = r.relays, r.timers
	return out, nil
}

func (r *record) Relay(context.Context, uuid.UUID) error {
	r.Lock()
	defer r.Unlock()
	r.story = append(r.story, "relay")
	return nil
}

func (r *record) Remind(_ context.Context, in booking.RemindInput) error {
	r.Lock()
	defer r.Unlock()
	if in.Notice != "" {
		r.story = append(r.story, fmt.Sprintf("notice %s of %d", in.Notice, in.Seq))
		return nil
	}
	r.story = append(r.story, fmt.Sprintf("remind %d", in.Number))
	return nil
}

func (r *record) Drain(context.Context, outbox.DrainInput) (outbox.DrainResult, error) {
	return outbox.DrainResult{}, nil
}

func (r *record) Perform(context.Context, effect.Input) (effect.Result, error) {
	return effect.Result{}, nil
}

func (r *record) WatchPayment(context.Context, payment.Input) (payment.Watched, error) {
	return payment.Watched{}, nil
}

func (r *record) AdvanceClock(context.Context, clock.Input) (clock.Result, error) {
	return clock.Result{}, nil
}

func (r *record) Settle(_ context.Context, in clock.Settled) error {
	r.Lock()
	defer r.Unlock()
	r.story = append(r.story, fmt.Sprintf("settled %d", in.Revision))
	return nil
}

func (r *record) Sweep(context.Context) (booking.SweepResult, error) {
	return booking.SweepResult{}, nil
}

// bundle is one booking in virtual time. It starts at start; its booked hour begins a day later.
type bundle struct {
	env    *testsuite.TestWorkflowEnvironment
	record *record
	in     booking.WorkflowInput
	start  time.Time
}

// newEnvironment makes an environment that waits as long as a slow machine takes: neither its own time-out nor the detector of
// deadlocks, which gives a workflow task one second, may end a test.
func newEnvironment() *testsuite.TestWorkflowEnvironment {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := suite.NewTestWorkflowEnvironment()
	env.SetTestTimeout(patience)
	env.SetWorkerOptions(sdkworker.Options{DeadlockDetectionTimeout: patience})
	return env
}

const patience = 5 * time.Minute

func setup(t *testing.T, graph string) *bundle {
	t.Helper()
	env := newEnvironment()
	start := time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC)
	env.SetStartTime(start)
	g, ok := graphs.Named(graph, nil)
	if !ok {
		t.Fatalf("no graph %s", graph)
	}
	r := &record{graph: *g, state: g.Initial, entered: start, decided: map[uuid.UUID]booking.Result{}, now: env.Now}
	worker.Register(env, r)
	return &bundle{env: env, record: r, start: start, in: booking.WorkflowInput{
		BookingID: uuid.New(), AppID: uuid.New(), App: "demo", Title: "Haircut", GraphInput: booking.GraphInput{Graph: *g}, State: g.Initial, Entered: start,
		Start: start.Add(24 * time.Hour), End: start.Add(25 * time.Hour),
		Actions: []booking.Signal{{ActionID: uuid.New(), Action: g.Start, Actor: graphs.ActorAPI}},
	}}
}

// after plays an action by the API a while after the start.
func (b *bundle) after(d time.Duration, action string) uuid.UUID {
	id := uuid.New()
	b.env.RegisterDelayedCallback(func() {
		b.env.SignalWorkflow(workflows.ActionSignal, booking.Signal{ActionID: id, Action: action, Actor: graphs.ActorAPI})
	}, d)
	return id
}

func (b *bundle) run(t *testing.T, story ...string) {
	t.Helper()
	b.env.ExecuteWorkflow(workflows.Booking, b.in)
	if !b.env.IsWorkflowCompleted() {
		t.Fatal("the workflow has not ended")
	}
	if err := b.env.GetWorkflowError(); err != nil {
		t.Fatalf("the workflow failed: %v", err)
	}
	if got, want := fmt.Sprint(b.record.story), fmt.Sprint(story); got != want {
		t.Errorf("story\n got %s\nwant %s", got, want)
	}
}

func (b *bundle) elapsed() time.Duration { return b.env.Now().Sub(b.start) }

func TestBookingStories(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, graph string
		prepare     func(*bundle)
		story       []string
		lasts       time.Duration
	}{
		{"instant completes an hour after its end", "instant", nil,
			[]string{"confirmed by api", "completed by timer"}, 26 * time.Hour},
		{"cancel ends it", "instant", func(b *bundle) { b.after(time.Hour, "cancel") },
			[]string{"confirmed by api", "cancelled by api"}, time.Hour},
		{"unpaid after five minutes", "instant_payment", nil,
			[]string{"tentative by api", "unpaid by timer"}, 5 * time.Minute},
		{"paid in time", "instant_payment", func(b *bundle) { b.after(4*time.Minute, "pay") },
			[]string{"tentative by api", "paid by api", "completed by timer"}, 26 * time.Hour},
		{"a refused action does not restart the payment clock", "instant_payment", func(b *bundle) { b.after(4*time.Minute, "confirm") },
			[]string{"tentative by api", "refused: Cannot apply action 'confirm' to current state 'tentative'", "unpaid by timer"},
			5 * time.Minute},
		{"the booking's own time-out", "instant_payment", func(b *bundle) { b.in.Timers = graphs.Overrides{"timeout": "PT3S"} },
			[]string{"tentative by api", "unpaid by timer"}, 3 * time.Second},
		{"auto-complete switched off", "instant", func(b *bundle) {
			b.in.Timers = graphs.Overrides{"complete": graphs.Off}
			b.after(90*24*time.Hour, "complete")
		}, []string{"confirmed by api", "completed by api"}, 90 * 24 * time.Hour},
		{"a request is declined", "confirm_decline", func(b *bundle) { b.after(time.Minute, "decline") },
			[]string{"tentative by api", "declined by api"}, time.Minute},
		{"the slot is gone at confirm: tentative it stays", "confirm_decline", func(b *bundle) {
			b.record.taken = true
			b.after(time.Minute, "confirm")
			b.env.RegisterDelayedCallback(func() { b.record.taken = false }, 2*time.Minute)
			b.after(3*time.Minute, "confirm")
			b.after(4*time.Minute, "cancel")
		}, []string{"tentative by api", "taken", "confirmed by api", "cancelled by api"}, 4 * time.Minute},
		{"the slot is gone at creation: nothing is left", "instant", func(b *bundle) { b.record.taken = true },
			[]string{"taken"}, 0},
		{"postgres away for a while: the booking waits", "instant", func(b *bundle) {
			b.record.broken = 12
			b.after(time.Hour, "cancel")
		}, []string{"confirmed by api", "cancelled by api"}, time.Hour},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, c.graph)
			if c.prepare != nil {
				c.prepare(b)
			}
			b.run(t, c.story...)
			if got := b.elapsed().Round(time.Second); got != c.lasts {
				t.Errorf("it took %s, want %s", got, c.lasts)
			}
		})
	}
}

func TestSignalsThatCrossTheEndGetAnOutcome(t *testing.T) {
	t.Parallel()
	b := setup(t, "instant")
	var ids []uuid.UUID
	b.env.RegisterDelayedCallback(func() {
		for _, action := range []string{"cancel", "cancel", "complete", "nonsense"} {
			id := uuid.New()
			ids = append(ids, id)
			b.env.SignalWorkflow(workflows.ActionSignal, booking.Signal{ActionID: id, Action: action, Actor: graphs.ActorAPI})
		}
	}, time.Minute)
	b.run(t, "confirmed by api", "cancelled by api",
		"refused: Cannot apply action 'cancel' to current state 'cancelled'",
		"refused: Cannot apply action 'complete' to current state 'cancelled'",
		"refused: Cannot apply action 'nonsense' to current state 'cancelled'")
	for i, id := range ids {
		if _, ok := b.record.decided[id]; !ok {
			t.Errorf("signal %d was lost", i)
		}
	}
}

func TestARepeatedSignalActsOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, "confirm_decline")
	id := uuid.New()
	for i := range 3 {
		b.env.RegisterDelayedCallback(func() {
			b.env.SignalWorkflow(workflows.ActionSignal, booking.Signal{ActionID: id, Action: "confirm", Actor: graphs.ActorAPI})
		}, time.Duration(i+1)*time.Minute)
	}
	b.after(time.Hour, "cancel")
	b.run(t, "tentative by api", "confirmed by api", "cancelled by api")
}

func TestTheRecordIsTheTruth(t *testing.T) {
	t.Parallel()
	b := setup(t, "instant_payment")
	b.env.RegisterDelayedCallback(func() { // an earlier, lost try of this workflow has committed the payment
		b.record.state, b.record.seq, b.record.entered = "paid", 2, b.env.Now()
	}, 4*time.Minute)
	b.run(t, "tentative by api", "completed by timer")
}

func TestContinueAsNewLosesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, "confirm_decline")
	late := uuid.New()
	b.env.RegisterDelayedCallback(func() {
		b.env.SetContinueAsNewSuggested(true)
		for _, s := range []booking.Signal{
			{ActionID: uuid.New(), Action: "nonsense", Actor: graphs.ActorAPI},
			{ActionID: late, Action: "confirm", Actor: graphs.ActorAPI},
		} {
			b.env.SignalWorkflow(workflows.ActionSignal, s)
		}
	}, time.Minute)
	b.env.ExecuteWorkflow(workflows.Booking, b.in)
	again, ok := asContinueAsNew(b.env.GetWorkflowError())
	if !ok {
		t.Fatalf("want continue-as-new, got %v", b.env.GetWorkflowError())
	}
	var next booking.WorkflowInput
	if err := converter.GetDefaultDataConverter().FromPayloads(again.Input, &next); err != nil {
		t.Fatal(err)
	}
	if next.State != "tentative" || next.Seq != 1 || next.CarriedOn != 1 || len(next.Actions) != 1 || next.Actions[0].ActionID != late {
		t.Errorf("carried on with %+v", next)
	}
	second := newEnvironment()
	b.record.now = second.Now
	worker.Register(second, b.record)
	second.SetStartTime(b.env.Now())
	second.ExecuteWorkflow(workflows.Booking, next)
	if err := second.GetWorkflowError(); err != nil || b.record.state != "completed" {
		t.Errorf("the second run ended in %s, %v", b.record.state, err)
	}
}

func asContinueAsNew(err error) (*workflow.ContinueAsNewError, bool) {
	for err != nil {
		if again, ok := err.(*workflow.ContinueAsNewError); ok { //nolint:errorlint // walked by hand
			return again, true
		}
		wrapped, ok := err.(interface{ Unwrap() error })
		if !ok {
			return nil, false
		}
		err = wrapped.Unwrap()
	}
	return nil, false
}

func TestAnUnreadableGraphEndsInTheErrorState(t *testing.T) {
	t.Parallel()
	b := setup(t, "instant")
	b.in.Graph.States = b.in.Graph.States[:2]
	b.run(t, "error by timer", "refused: Cannot apply action 'confirm' to current state 'error'")
}
