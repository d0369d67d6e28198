package workflows_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/testsuite"

	"holdfast/internal/effect"
	"holdfast/worker"
	"holdfast/workflows"
)

// chores are the effects of a booking as the activity sees them: moments at which one falls due.
type chores struct {
	record
	env       *testsuite.TestWorkflowEnvironment
	start     time.Time
	due       []time.Duration // after the start, in order
	broken    int
	early     int    // how often the record's clock is behind
	meanwhile func() // happens during the first attempt
	tries     []time.Duration
}

func (c *chores) Perform(context.Context, effect.Input) (effect.Result, error) {
	now := c.env.Now().Sub(c.start)
	c.tries = append(c.tries, now.Round(time.Second))
	if do := c.meanwhile; do != nil {
		c.meanwhile = nil
		defer do()
	}
	if c.broken > 0 {
		c.broken--
		return effect.Result{}, errors.New("postgres is away")
	}
	var out effect.Result
	switch {
	case c.early > 0 && len(c.due) > 0:
		c.early--
	case len(c.due) > 0 && c.due[0] <= now:
		c.due = c.due[1:]
		out.Last = &effect.Attempt{
			EffectID: uuid.New(), Seq: 3, Number: 2, Kind: "call", Attempt: 4, Status: effect.Pending, Code: "http_500",
		}
	}
	if len(c.due) > 0 {
		out.Next = c.start.Add(c.due[0])
	}
	return out, nil
}

func newChores(due ...time.Duration) *chores {
	env := newEnvironment()
	c := &chores{env: env, start: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC), due: due}
	env.SetStartTime(c.start)
	worker.RegisterEffects(env, c)
	return c
}

func (c *chores) run(t *testing.T, tries ...time.Duration) {
	t.Helper()
	c.env.ExecuteWorkflow(workflows.Effects, effect.Input{BookingID: uuid.New()})
	if got, want := fmt.Sprint(c.tries), fmt.Sprint(tries); got != want {
		t.Errorf("tried at %s, want %s", got, want)
	}
}

// TestEffectsWaitBetweenAttempts: one attempt at a time, those that are due at once without a wait, and the end with the last one.
func TestEffectsWaitBetweenAttempts(t *testing.T) {
	t.Parallel()
	c := newChores(0, 0, 5*time.Second, 10*time.Minute, 5*24*time.Hour)
	c.run(t, 0, 0, 5*time.Second, 10*time.Minute, 5*24*time.Hour)
	if err := c.env.GetWorkflowError(); err != nil || !c.env.IsWorkflowCompleted() {
		t.Errorf("it must end well: %v", err)
	}
}

func TestEffectsWakeForNewOnes(t *testing.T) {
	t.Parallel()
	c := newChores(10 * time.Hour)
	c.env.RegisterDelayedCallback(func() {
		c.due = append([]time.Duration{time.Hour}, c.due...)
		c.env.SignalWorkflow(workflows.WakeSignal, nil)
	}, time.Hour)
	c.run(t, 0, time.Hour, 10*time.Hour)
}

// TestEffectsOutliveTheRecord: an attempt that cannot be claimed or recorded is tried again.
func TestEffectsOutliveTheRecord(t *testing.T) {
	t.Parallel()
	c := newChores(0, time.Hour)
	c.broken = 3
	c.run(t, 0, time.Second, 3*time.Second, 7*time.Second, time.Hour)
}

// TestEffectsDoNotSpin: where the record says that nothing is due yet, although the time has come, the workflow waits all the same.
func TestEffectsDoNotSpin(t *testing.T) {
	t.Parallel()
	c := newChores(0)
	c.early = 3
	c.run(t, 0, time.Second, 2*time.Second, 3*time.Second)
}

func TestEffectsStartTheirHistoryOver(t *testing.T) {
	t.Parallel()
	c := newChores(time.Minute)
	c.env.RegisterDelayedCallback(func() { c.env.SetContinueAsNewSuggested(true) }, 30*time.Second)
	c.run(t, 0)
	if _, ok := asContinueAsNew(c.env.GetWorkflowError()); !ok {
		t.Errorf("want continue-as-new, got %v", c.env.GetWorkflowError())
	}
}

// TestEffectsMissNoWake: what a commit leaves while an attempt is under way is carried out, although the attempt has found nothing more.
func TestEffectsMissNoWake(t *testing.T) {
	t.Parallel()
	c := newChores(0)
	c.meanwhile = func() {
		c.due = []time.Duration{0}
		c.env.SignalWorkflow(workflows.WakeSignal, nil)
	}
	c.run(t, 0, 0)
}
