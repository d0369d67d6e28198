package workflows_test

import (
	"testing"
	"time"

	"holdfast/graphs"
	"holdfast/internal/booking"
)

// TestReminders tells when reminders go out: the booking of these stories is made a day before its start.
func TestReminders(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, graph string
		at          []time.Duration // of the reminders, from the moment the booking is made
		prepare     func(*bundle)
		story       []string
		lasts       time.Duration
	}{
		{"before and after the start, between the timers", "instant", []time.Duration{time.Hour, 23 * time.Hour, 25 * time.Hour}, nil,
			[]string{"confirmed by api", "remind 0", "remind 1", "remind 2", "completed by timer"}, 26 * time.Hour},
		{"a day after the booking took place", "instant", []time.Duration{50 * time.Hour}, nil,
			[]string{"confirmed by api", "completed by timer", "remind 0"}, 50 * time.Hour},
		{"cancelled: gone", "instant", []time.Duration{time.Hour, 23 * time.Hour}, func(b *bundle) { b.after(2*time.Hour, "cancel") },
			[]string{"confirmed by api", "remind 0", "cancelled by api"}, 2 * time.Hour},
		{"not while nothing is promised", "confirm_decline", []time.Duration{time.Hour, 23 * time.Hour},
			func(b *bundle) { b.after(2*time.Hour, "confirm") },
			[]string{"tentative by api", "confirmed by api", "remind 1", "completed by timer"}, 26 * time.Hour},
		{"two at one moment", "instant", []time.Duration{time.Hour, time.Hour}, nil,
			[]string{"confirmed by api", "remind 0", "remind 1", "completed by timer"}, 26 * time.Hour},
		{"an action that changes nothing sends none twice", "instant", []time.Duration{time.Hour},
			func(b *bundle) { b.after(30*time.Minute, "pay"); b.after(90*time.Minute, "pay") },
			[]string{
				"confirmed by api", "refused: Cannot apply action 'pay' to current state 'confirmed'", "remind 0",
				"refused: Cannot apply action 'pay' to current state 'confirmed'", "completed by timer",
			}, 26 * time.Hour},
		{"an action after the end is answered while a reminder waits", "instant", []time.Duration{50 * time.Hour},
			func(b *bundle) { b.after(30*time.Hour, "cancel") },
			[]string{
				"confirmed by api", "completed by timer", "refused: Cannot apply action 'cancel' to current state 'completed'", "remind 0",
			}, 50 * time.Hour},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, c.graph)
			for i, at := range c.at {
				b.in.Reminders = append(b.in.Reminders, booking.Reminder{Number: i, At: b.start.Add(at)})
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

// TestRelaysAreTold lets every move leave something for other bookings.
func TestRelaysAreTold(t *testing.T) {
	t.Parallel()
	b := setup(t, "group_owner")
	b.record.relays = 2
	b.after(time.Hour, "cancel")
	b.run(t, "tentative by api", "relay", "cancelled by api", "relay")
}

// TestAHoldIsExtended starts its clock again, and with the time that was asked for.
func TestAHoldIsExtended(t *testing.T) {
	t.Parallel()
	b := setup(t, "reservation")
	b.env.RegisterDelayedCallback(func() { b.record.timers = graphs.Overrides{"expire": "PT2M"} }, 19*time.Second)
	b.after(20*time.Second, "extend")
	b.run(t, "reserved by api", "reserved by api", "expired by timer")
	if got := b.elapsed().Round(time.Second); got != 140*time.Second {
		t.Errorf("it took %s", got)
	}
}
