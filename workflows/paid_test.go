package workflows_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/workflows"
)

// by plays an action as an actor a while after the start.
func (b *bundle) by(actor graphs.Actor, d time.Duration, action string) {
	b.env.RegisterDelayedCallback(func() {
		b.env.SignalWorkflow(workflows.ActionSignal, booking.Signal{ActionID: uuid.New(), Action: action, Actor: actor})
	}, d)
}

// TestPaidStories lets the graphs of payments run out, in each of their states, with money that comes in time, in the last moment and late.
// The booked hour begins a day after booking.
func TestPaidStories(t *testing.T) {
	t.Parallel()
	const minutes = time.Minute
	due, escalated := "notice approval_due of 2", "notice approval_escalated of 2"
	for _, c := range []struct {
		name  string
		plays func(*bundle)
		story []string
		lasts time.Duration
	}{
		{"never paid, and the provider never answers", nil,
			[]string{"tentative by api", "expiring by timer", "unpaid by timer", "lapsed by timer"}, 7*minutes + day},
		{"never paid, and the payment is ended", func(b *bundle) { b.by(graphs.ActorEffect, 5*minutes+time.Second, "expire") },
			[]string{"tentative by api", "expiring by timer", "unpaid by effect", "lapsed by timer"}, 5*minutes + time.Second + day},
		{"paid in the last moment", func(b *bundle) {
			b.by(graphs.ActorPayment, 6*minutes, "pay")
			b.by(graphs.ActorEffect, 7*minutes, "expire")
		},
			[]string{
				"tentative by api", "expiring by timer", "paid by payment", "refused: Cannot apply action 'expire' to current state 'paid'",
				"completed by timer",
			}, 26 * time.Hour},
		{"nothing to pay", func(b *bundle) { b.by(graphs.ActorEffect, time.Second, "pay") },
			[]string{"tentative by api", "paid by effect", "completed by timer"}, 26 * time.Hour},
		{"no payment can be opened", func(b *bundle) { b.by(graphs.ActorEffect, time.Second, "fail") },
			[]string{"tentative by api", "unpaid by effect", "lapsed by timer"}, time.Second + day},
		{"extended while the customer pays", func(b *bundle) { b.by(graphs.ActorPayment, 4*minutes, "extend") },
			[]string{"tentative by api", "tentative by payment", "expiring by timer", "unpaid by timer", "lapsed by timer"}, 11*minutes + day},
		{"more time of its own", func(b *bundle) { b.in.Timers = graphs.Overrides{"timeout": "PT30M", "expire": "PT1S"} },
			[]string{"tentative by api", "expiring by timer", "unpaid by timer", "lapsed by timer"}, 30*minutes + time.Second + day},
		{"late money", func(b *bundle) { b.by(graphs.ActorPayment, time.Hour, "pay_late") },
			[]string{"tentative by api", "expiring by timer", "unpaid by timer", "paid by payment", "completed by timer"}, 26 * time.Hour},
		{"authorized, and nobody answers", func(b *bundle) { b.by(graphs.ActorPayment, minutes, "authorize") },
			[]string{"tentative by api", "requested by payment", due, escalated, "expired by timer"}, 23 * time.Hour},
		{"authorized in the last moment and confirmed", func(b *bundle) {
			b.by(graphs.ActorPayment, 6*minutes, "authorize")
			b.by(graphs.ActorOwnerLink, time.Hour, "confirm")
		}, []string{"tentative by api", "expiring by timer", "requested by payment", "paid by owner_link", "completed by timer"}, 26 * time.Hour},
		{"confirmed, and nothing can be captured", func(b *bundle) {
			b.by(graphs.ActorPayment, minutes, "authorize")
			b.by(graphs.ActorOwnerLink, time.Hour, "confirm")
			b.by(graphs.ActorEffect, 2*time.Hour, "capture_failed")
		}, []string{"tentative by api", "requested by payment", "paid by owner_link", "unpaid by effect", "lapsed by timer"}, 26 * time.Hour},
		{"a balance that nobody pays", func(b *bundle) {
			b.in.Timers = graphs.Overrides{"overdue": "PT4H"}
			b.in.BalanceDue = b.in.Start.Add(-22 * time.Hour)
			b.by(graphs.ActorPayment, minutes, "pay")
		}, []string{
			"tentative by api", "paid by payment", "balance_due by timer", "notice balance_reminder of 3", "balance_overdue by timer",
			"completed by timer",
		}, 26 * time.Hour},
		{"a balance that is paid late", func(b *bundle) {
			b.in.Timers = graphs.Overrides{"overdue": "PT4H"}
			b.in.BalanceDue = b.in.Start.Add(-30 * time.Hour) // at once
			b.by(graphs.ActorPayment, minutes, "pay")
			b.by(graphs.ActorPayment, 5*time.Hour, "pay_balance")
		}, []string{
			"tentative by api", "paid by payment", "balance_due by timer", "notice balance_reminder of 3", "balance_overdue by timer",
			"settled by payment", "completed by timer",
		}, 26 * time.Hour},
		{"a payment cannot authorize what is paid", func(b *bundle) {
			b.by(graphs.ActorPayment, minutes, "pay")
			b.by(graphs.ActorPayment, 2*minutes, "authorize")
		}, []string{
			"tentative by api", "paid by payment", "refused: Cannot apply action 'authorize' to current state 'paid'", "completed by timer",
		}, 26 * time.Hour},
	} {
		for _, graph := range []string{"paid_booking", "paid_seat"} {
			t.Run(graph+", "+c.name, func(t *testing.T) {
				t.Parallel()
				b := setup(t, graph)
				if c.plays != nil {
					c.plays(b)
				}
				b.run(t, c.story...)
				if got := b.elapsed().Round(time.Second); got != c.lasts {
					t.Errorf("it took %s, want %s", got, c.lasts)
				}
			})
		}
	}
}
