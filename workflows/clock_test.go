package workflows_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/clock"
	"holdfast/worker"
	"holdfast/workflows"
)

// shows sends what the app's clock shows, a while after the start of real time.
func (b *bundle) shows(after time.Duration, c clock.Clock) {
	b.env.RegisterDelayedCallback(func() {
		b.record.clock = c
		b.env.SignalWorkflow(workflows.ClockSignal, c)
	}, after)
}

// TestBookingsFollowTheClock: what the clock has come to is done at once, what comes later waits while the clock stands, and timers are set
// anew when it runs.
func TestBookingsFollowTheClock(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, graph string
		prepare     func(*bundle)
		story       []string
		lasts       time.Duration // of real time
	}{
		{"a timer whose moment has come", "instant_payment", func(b *bundle) {
			b.shows(time.Minute, clock.Clock{Revision: 1, At: b.start.Add(5 * time.Minute)})
		}, []string{"tentative by api", "unpaid by timer"}, time.Minute},
		{"a chain, moment by moment", "instant_payment", func(b *bundle) {
			b.after(time.Second, "pay")
			b.shows(time.Minute, clock.Clock{Revision: 1, At: b.start.Add(10 * time.Hour)})
			b.shows(2*time.Minute, clock.Clock{Revision: 2, At: b.start.Add(26 * time.Hour)})
		}, []string{"tentative by api", "paid by api", "settled 1", "completed by timer"}, 2 * time.Minute},
		{"while it stands no timer runs", "instant_payment", func(b *bundle) {
			b.shows(time.Minute, clock.Clock{Revision: 1, At: b.start.Add(2 * time.Minute)})
			b.shows(time.Hour, clock.Clock{Revision: 2})
		}, []string{"tentative by api", "settled 1", "unpaid by timer"}, time.Hour},
		{"a clock that runs ahead", "instant_payment", func(b *bundle) {
			b.shows(time.Minute, clock.Clock{Revision: 1, Offset: 2 * time.Minute})
		}, []string{"tentative by api", "unpaid by timer"}, 3 * time.Minute},
		{"an older clock that comes late", "instant_payment", func(b *bundle) {
			b.shows(time.Minute, clock.Clock{Revision: 2, Offset: 2 * time.Minute})
			b.shows(2*time.Minute, clock.Clock{Revision: 1, At: b.start.Add(time.Minute)})
		}, []string{"tentative by api", "unpaid by timer"}, 3 * time.Minute},
		{"a booking that is made while it stands", "instant_payment", func(b *bundle) {
			b.in.Clock = clock.Clock{Revision: 7, At: b.start}
			b.record.clock = b.in.Clock
			b.shows(time.Minute, clock.Clock{Revision: 8, At: b.start.Add(5 * time.Minute)})
		}, []string{"tentative by api", "settled 7", "unpaid by timer"}, time.Minute},
		{"the outcome of a commit has a newer clock than the start", "instant_payment", func(b *bundle) {
			b.record.clock = clock.Clock{Revision: 3, Offset: 4 * time.Minute}
		}, []string{"tentative by api", "unpaid by timer"}, time.Minute},
		{"actions of people while it stands", "instant_payment", func(b *bundle) {
			b.shows(time.Minute, clock.Clock{Revision: 1, At: b.start.Add(2 * time.Minute)})
			b.after(2*time.Minute, "pay")
			b.after(3*time.Minute, "cancel")
		}, []string{"tentative by api", "settled 1", "paid by api", "cancelled by api"}, 3 * time.Minute},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, c.graph)
			c.prepare(b)
			b.run(t, c.story...)
			if got := b.elapsed().Round(time.Second); got != c.lasts {
				t.Errorf("it took %s, want %s", got, c.lasts)
			}
		})
	}
}

// longAdvance is a record on which an advance needs three activities. It keeps their inputs.
type longAdvance struct {
	record

	inputs []clock.Input
}

func (w *longAdvance) AdvanceClock(_ context.Context, in clock.Input) (clock.Result, error) {
	w.inputs = append(w.inputs, in)
	n := len(w.inputs)
	return clock.Result{More: n < 3, Arrival: clock.Arrival{Advance: uuid.UUID{1}, Signalled: uuid.UUID{byte(n)}}}, nil
}

// TestAnAdvanceGoesOnWhereItStopped: each activity of an advance has in its input how far the one before has come.
func TestAnAdvanceGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	env := newEnvironment()
	w := &longAdvance{}
	worker.RegisterClocks(env, w)
	app := uuid.UUID{9}
	env.ExecuteWorkflow(workflows.Clock, clock.Input{AppID: app})
	if err := env.GetWorkflowError(); err != nil {
		t.Fatal(err)
	}
	if len(w.inputs) != 3 {
		t.Fatalf("%d activities", len(w.inputs))
	}
	for n, in := range w.inputs {
		want := clock.Input{AppID: app}
		if n > 0 {
			want.Arrival = clock.Arrival{Advance: uuid.UUID{1}, Signalled: uuid.UUID{byte(n)}}
		}
		if in != want {
			t.Errorf("activity %d has the input %+v", n, in)
		}
	}
}
