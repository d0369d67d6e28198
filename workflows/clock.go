package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"holdfast/internal/clock"
)

// Clock advances the clock of a test app until it has reached its target. Where it stands is on record, so an activity that is lost is
// made again and goes on from there.
func Clock(ctx workflow.Context, in clock.Input) error {
	wake := workflow.GetSignalChannel(ctx, WakeSignal)
	for {
		drainWakes(wake) // signals from before this look are served by it
		out, err := advanceClock(ctx, in)
		if err != nil {
			return err
		}
		in.Arrival = out.Arrival
		workflow.SetCurrentDetails(ctx, "- **The clock shows**: "+out.At.UTC().Format(time.RFC3339Nano)+"\n")
		if !out.More && !drainWakes(wake) {
			return nil
		}
		if workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			return workflow.NewContinueAsNewError(ctx, Clock, in)
		}
	}
}

// advanceClock takes up to half a minute; the heartbeat shows a lost worker sooner.
func advanceClock(ctx workflow.Context, in clock.Input) (clock.Result, error) {
	var out clock.Result
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 5 * time.Minute,
		HeartbeatTimeout:    10 * time.Second,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: 100 * time.Millisecond, MaximumInterval: 30 * time.Second},
		Summary:             "step by step",
	})
	err := workflow.ExecuteActivity(ctx, Activities.AdvanceClock, in).Get(ctx, &out)
	return out, err
}

// adoptClock takes over the clock of the app, unless it has a newer one. A run of an older release, which had no clocks, is replayed as it
// was: the version has a name of its own for each clock that comes. Bookings of live apps have no version.
func (w *bookingRun) adoptClock(clock clock.Clock) {
	if clock.Revision <= w.Clock.Revision {
		return
	}
	w.clocks++
	if workflow.GetVersion(w.ctx, fmt.Sprintf("clock-%d", w.clocks), workflow.DefaultVersion, 1) == workflow.DefaultVersion {
		return
	}
	w.Clock = clock
	w.stopTimer()
}

// receiveClocks adopts the newest of the clocks that were signalled.
func (w *bookingRun) receiveClocks() {
	for {
		var clock clock.Clock
		if !w.clockSignals.ReceiveAsync(&clock) {
			return
		}
		w.adoptClock(clock)
	}
}

// hasCome reports whether the clock of the app stands at or behind a moment.
func (w *bookingRun) hasCome(moment time.Time) bool {
	return w.Clock.Stands() && !moment.After(w.Clock.At)
}

// settle puts on record that whatever was due where the clock stands has been carried out, once for each step of the clock.
func (w *bookingRun) settle() error {
	if !w.Clock.Stands() || w.settled == w.Clock.Revision {
		return nil
	}
	w.settled = w.Clock.Revision
	return localThenPatient(w.ctx, settleName, "settle", clock.Settled{BookingID: w.BookingID, Revision: w.Clock.Revision}, nil)
}
