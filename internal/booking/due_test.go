package booking_test

import (
	"testing"
	"time"

	"holdfast/graphs"
	"holdfast/internal/booking"
)

func TestNextDue(t *testing.T) {
	t.Parallel()
	graph, ok := graphs.Named("confirm_decline", nil)
	if !ok {
		t.Fatal("no graph")
	}
	entered := time.Date(2026, 12, 7, 9, 0, 0, 0, time.UTC)
	times := graphs.Times{Entered: entered, Start: entered.Add(48 * time.Hour), End: entered.Add(49 * time.Hour)}
	held := "confirmed"
	timers := graph.Deadlines(held, times, nil)
	if len(timers) == 0 || !booking.ShouldRemind(graph, held) || booking.ShouldRemind(graph, "declined") {
		t.Fatalf("the graph has become another: timers %v", timers)
	}
	first := timers[0]
	at := func(moments ...time.Time) (all []booking.Reminder) {
		for i, moment := range moments {
			all = append(all, booking.Reminder{Number: i + 1, At: moment})
		}
		return all
	}
	fired := map[string]bool{}
	for _, timer := range timers {
		fired[timer.Action] = true
	}
	for _, c := range []struct {
		name      string
		state     string
		fired     map[string]bool
		reminders []booking.Reminder
		action    string
		reminder  int
		at        time.Time
	}{
		{"a timer", held, nil, nil, first.Action, 0, first.At},
		{"a reminder before it", held, nil, at(first.At.Add(-time.Second)), "", 1, first.At.Add(-time.Second)},
		{"both at once: the timer", held, nil, at(first.At), first.Action, 0, first.At},
		{"a reminder after it", held, nil, at(first.At.Add(time.Second)), first.Action, 0, first.At},
		{"when the timers have fired", held, fired, at(first.At.Add(time.Second)), "", 1, first.At.Add(time.Second)},
		{"nothing", held, fired, nil, "", 0, time.Time{}},
		{"a reminder due before the state was entered", held, fired, at(entered.Add(-time.Second), first.At), "", 2, first.At},
		{"at the moment it was entered", held, nil, at(entered), "", 1, entered},
		{"a state without reminders", "declined", nil, at(first.At), "", 0, time.Time{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			due, ok := booking.Stay{Graph: graph, State: c.state, Times: times, Fired: c.fired, Reminders: c.reminders}.NextDue()
			number := 0
			if due.Reminder != nil {
				number = due.Reminder.Number
			}
			if ok != !c.at.IsZero() || !due.At.Equal(c.at) || due.Action != c.action || number != c.reminder {
				t.Errorf("got %+v, %v", due, ok)
			}
		})
	}
}
