package workflows_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/worker"
	"holdfast/workflows"
)

const day = 24 * time.Hour

// TestRequestStories lets requests wait for their owner. Where nothing else is said, the booked hour begins a day after asking.
func TestRequestStories(t *testing.T) {
	t.Parallel()
	due, escalated := "notice approval_due of 1", "notice approval_escalated of 1"
	for _, c := range []struct {
		name, graph string
		start       time.Duration // 0 = a day
		prepare     func(*bundle)
		story       []string
		lasts       time.Duration
	}{
		{"nobody answers: it lapses an hour before the start", "request", 0, nil,
			[]string{"tentative by api", due, escalated, "expired by timer"}, 23 * time.Hour},
		{"nobody answers: it lapses after two days", "request", 30 * day, nil,
			[]string{"tentative by api", due, escalated, "expired by timer"}, 2 * day},
		{"an hour ahead: at once, and nobody is reminded", "request", time.Hour, nil,
			[]string{"tentative by api", "expired by timer"}, 0},
		{"half an hour ahead: at once", "request", time.Hour / 2, nil,
			[]string{"tentative by api", "expired by timer"}, 0},
		{"a time of its own", "request", 0, func(b *bundle) { b.in.Timers = graphs.Overrides{"expire": "PT20M"} },
			[]string{"tentative by api", due, escalated, "expired by timer"}, 20 * time.Minute},
		{"a longer time of its own is bound by the start", "request", 0, func(b *bundle) { b.in.Timers = graphs.Overrides{"expire": "P30D"} },
			[]string{"tentative by api", due, escalated, "expired by timer"}, 23 * time.Hour},
		{"confirmed before the reminder", "request", 0, func(b *bundle) { b.after(11*time.Hour, "confirm") },
			[]string{"tentative by api", "confirmed by api", "completed by timer"}, 26 * time.Hour},
		{"declined between reminder and escalation", "request", 0, func(b *bundle) { b.after(12*time.Hour, "decline") },
			[]string{"tentative by api", due, "declined by api"}, 12 * time.Hour},
		{"confirmed after both", "request", 0, func(b *bundle) { b.after(18*time.Hour, "confirm") },
			[]string{"tentative by api", due, escalated, "confirmed by api", "completed by timer"}, 26 * time.Hour},
		{"a second before it lapses", "request", 0, func(b *bundle) { b.after(23*time.Hour-time.Second, "confirm") },
			[]string{"tentative by api", due, escalated, "confirmed by api", "completed by timer"}, 26 * time.Hour},
		{"a second after: it is over", "request", 0, func(b *bundle) { b.after(23*time.Hour+time.Second, "confirm") },
			[]string{"tentative by api", due, escalated, "expired by timer"}, 23 * time.Hour},
		{"withdrawn", "request", 0, func(b *bundle) { b.after(time.Hour, "withdraw") },
			[]string{"tentative by api", "withdrawn by api"}, time.Hour},
		{"what changes nothing sends no reminder twice", "request", 0, func(b *bundle) { b.after(12*time.Hour, "pay"); b.after(13*time.Hour, "pay") },
			[]string{
				"tentative by api", due, "refused: Cannot apply action 'pay' to current state 'tentative'",
				"refused: Cannot apply action 'pay' to current state 'tentative'", escalated, "expired by timer",
			}, 23 * time.Hour},
		{"one that holds nothing lapses as well", "confirm_decline@2", 0, nil,
			[]string{"tentative by api", due, escalated, "expired by timer"}, 23 * time.Hour},
		{"the first version waits for ever", "confirm_decline", 0, func(b *bundle) { b.after(90*day, "decline") },
			[]string{"tentative by api", "declined by api"}, 90 * day},
		{"an unpaid one is given up", "instant_payment@2", 0, func(b *bundle) { b.after(time.Minute, "withdraw") },
			[]string{"tentative by api", "withdrawn by api"}, time.Minute},
		{"reminders and notices do not meet", "request", 0, func(b *bundle) {
			b.in.Reminders = []booking.Reminder{{Number: 0, At: b.start.Add(11*time.Hour + time.Hour/2)}, {Number: 1, At: b.start.Add(20 * time.Hour)}}
		}, []string{"tentative by api", due, "remind 0", escalated, "remind 1", "expired by timer"}, 23 * time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, c.graph)
			if c.start != 0 {
				b.in.Start, b.in.End = b.start.Add(c.start), b.start.Add(c.start+time.Hour)
			}
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

// TestWhoCame: a booking that was marked is over, and so is its workflow; what comes later starts another from the record, which takes
// the mark back to where the booking was.
func TestWhoCame(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, graph, before string
		marked, undone      time.Duration // after the start of the workflow; the booked hour is from 24 to 25 hours
		story               []string
		lasts               time.Duration
	}{
		{"while it goes on: it goes on, and completes", "instant@2", "confirmed", 24*time.Hour + 10*time.Minute, 24*time.Hour + 15*time.Minute,
			[]string{"no_show by api", "confirmed by api", "completed by timer"}, 26 * time.Hour},
		{"after it was completed: it stays so", "instant@2", "completed", 3 * day, 3*day + time.Hour,
			[]string{"no_show by api", "completed by api"}, 3*day + time.Hour},
		{"a paid one", "instant_payment@2", "paid", 25 * time.Hour, 25*time.Hour + time.Minute,
			[]string{"no_show by api", "paid by api", "completed by timer"}, 26 * time.Hour},
		{"a seat", "group_customer@2", "completed", 2 * day, 2*day + time.Minute,
			[]string{"no_show by api", "completed by api"}, 2*day + time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			first := setup(t, c.graph)
			first.record.state, first.record.seq, first.record.before = c.before, 3, "tentative"
			first.resume(c.marked, "no_show")
			first.run(t, c.story[:1]...)
			if got := first.elapsed().Round(time.Second); got != c.marked {
				t.Errorf("the workflow of a booking that is over ran on until %s", got)
			}
			second := &bundle{env: newEnvironment(), record: first.record, in: first.in, start: first.start}
			second.record.now = second.env.Now
			worker.Register(second.env, second.record)
			second.resume(c.undone, "undo")
			second.run(t, c.story...)
			if got := second.elapsed().Round(time.Second); got != c.lasts {
				t.Errorf("it took %s, want %s", got, c.lasts)
			}
		})
	}
}

// resume prepares a run that is started from the record with an action, a while after the start.
func (b *bundle) resume(after time.Duration, action string) {
	b.env.SetStartTime(b.start.Add(after))
	b.in.State, b.in.Seq, b.in.Entered = b.record.state, b.record.seq, b.start
	if b.record.entered.After(b.start) {
		b.in.Entered = b.record.entered
	}
	b.in.Actions = []booking.Signal{{ActionID: uuid.New(), Action: action, Actor: graphs.ActorAPI}}
}

// TestSessionsAreOpenedAgain as long as they go on.
func TestSessionsAreOpenedAgain(t *testing.T) {
	t.Parallel()
	b := setup(t, "group_owner@2")
	b.after(time.Hour, "complete")
	b.env.RegisterDelayedCallback(func() {
		for _, action := range []string{"reopen", "cancel"} { // they meet the end of the workflow, which answers them
			b.env.SignalWorkflow(workflows.ActionSignal, booking.Signal{ActionID: uuid.New(), Action: action, Actor: graphs.ActorAPI})
		}
	}, time.Hour)
	b.run(t, "tentative by api", "completed by api", "tentative by api", "cancelled by api")
}

// TestALateRunPublishesNothingTwice: a run that is started from the record after the reminder asks for it again, and the record knows.
func TestALateRunPublishesNothingTwice(t *testing.T) {
	t.Parallel()
	b := setup(t, "request")
	b.record.state, b.record.seq = "tentative", 1
	b.resume(20*time.Hour, "pay")
	b.run(t, "refused: Cannot apply action 'pay' to current state 'tentative'",
		"notice approval_due of 1", "notice approval_escalated of 1", "expired by timer")
	if fmt.Sprint(b.elapsed().Round(time.Second)) != "23h0m0s" {
		t.Errorf("it took %s", b.elapsed())
	}
}
