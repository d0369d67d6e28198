package workflows_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/testsuite"

	"holdfast/internal/outbox"
	"holdfast/worker"
	"holdfast/workflows"
)

// mailbox is an endpoint's deliveries as a drain sees them: moments at which something falls due.
type mailbox struct {
	record
	env    *testsuite.TestWorkflowEnvironment
	start  time.Time
	due    []time.Duration // after the start, in order
	gone   bool
	broken int
	idle   time.Duration
	drains []time.Duration // when drains ran
}

func (m *mailbox) Drain(context.Context, outbox.DrainInput) (outbox.DrainResult, error) {
	now := m.env.Now().Sub(m.start)
	m.drains = append(m.drains, now.Round(time.Second))
	if m.broken > 0 {
		m.broken--
		return outbox.DrainResult{}, errors.New("postgres is away")
	}
	if m.gone {
		return outbox.DrainResult{Gone: true}, nil
	}
	for len(m.due) > 0 && m.due[0] <= now {
		m.due = m.due[1:]
	}
	if len(m.due) == 0 {
		return outbox.DrainResult{}, nil
	}
	return outbox.DrainResult{Next: m.start.Add(m.due[0])}, nil
}

func (m *mailbox) after(d time.Duration, do func()) {
	m.env.RegisterDelayedCallback(func() {
		do()
		m.env.SignalWorkflow(workflows.WakeSignal, nil)
	}, d)
}

func newMailbox(due ...time.Duration) *mailbox {
	env := newEnvironment()
	m := &mailbox{env: env, start: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC), due: due, idle: 1000 * time.Hour}
	env.SetStartTime(m.start)
	worker.Register(env, m)
	return m
}

func (m *mailbox) run(t *testing.T, drains ...time.Duration) {
	t.Helper()
	m.env.ExecuteWorkflow(workflows.Endpoint, outbox.DrainInput{EndpointID: uuid.New(), Idle: m.idle})
	if got, want := fmt.Sprint(m.drains), fmt.Sprint(drains); got != want {
		t.Errorf("drained at %s, want %s", got, want)
	}
}

func TestEndpointSleepsUntilTheNextRetry(t *testing.T) {
	t.Parallel()
	m := newMailbox(0, 5*time.Second, 10*time.Minute, 75*time.Hour)
	m.after(80*time.Hour, func() { m.gone = true })
	m.run(t, 0, 5*time.Second, 10*time.Minute, 75*time.Hour, 80*time.Hour)
	if err := m.env.GetWorkflowError(); err != nil || !m.env.IsWorkflowCompleted() {
		t.Errorf("a deleted endpoint's workflow must end well: %v", err)
	}
}

func TestEndpointWakesForNewDeliveries(t *testing.T) {
	t.Parallel()
	m := newMailbox(10 * time.Hour)
	m.after(time.Hour, func() { m.due = append([]time.Duration{time.Hour}, m.due...) })
	m.after(12*time.Hour, func() { m.gone = true })
	m.run(t, 0, time.Hour, 10*time.Hour, 12*time.Hour)
}

// TestEndpointOutlivesPostgres: a drain that fails is tried again, for as long as it takes.
func TestEndpointOutlivesPostgres(t *testing.T) {
	t.Parallel()
	m := newMailbox()
	m.broken = 3
	m.after(time.Hour, func() { m.gone = true })
	m.run(t, 0, time.Second, 3*time.Second, 7*time.Second, time.Hour)
}

func TestEndpointStartsItsHistoryOver(t *testing.T) {
	t.Parallel()
	m := newMailbox(time.Minute)
	m.env.RegisterDelayedCallback(func() { m.env.SetContinueAsNewSuggested(true) }, 30*time.Second)
	m.run(t, 0)
	if _, ok := asContinueAsNew(m.env.GetWorkflowError()); !ok {
		t.Errorf("want continue-as-new, got %v", m.env.GetWorkflowError())
	}
}

// TestEndpointEndsWhenIdle: nothing has come for the idle time. Whoever wakes it in between starts that time anew, and what waits
// for a retry is no idleness.
func TestEndpointEndsWhenIdle(t *testing.T) {
	t.Parallel()
	m := newMailbox(0, time.Hour)
	m.idle = 10 * time.Minute
	m.after(time.Hour+9*time.Minute, func() {})
	m.run(t, 0, time.Hour, time.Hour+9*time.Minute)
	if err := m.env.GetWorkflowError(); err != nil || !m.env.IsWorkflowCompleted() {
		t.Errorf("an idle endpoint's workflow must end well: %v", err)
	}
	if ended := m.env.Now().Sub(m.start); ended != time.Hour+19*time.Minute {
		t.Errorf("it ended after %s", ended)
	}
}

// TestOldEndpointMovesOn: a run that knows no idle time goes on, before it drains, in one that does, on the queue of webhooks.
func TestOldEndpointMovesOn(t *testing.T) {
	t.Parallel()
	m := newMailbox(0)
	m.idle = 0
	m.run(t)
	next, ok := asContinueAsNew(m.env.GetWorkflowError())
	if !ok {
		t.Fatalf("want continue-as-new, got %v", m.env.GetWorkflowError())
	}
	if want := workflows.WebhookQueue("default-test-taskqueue"); next.TaskQueueName != want {
		t.Errorf("it goes on at %q, want %q", next.TaskQueueName, want)
	}
}
