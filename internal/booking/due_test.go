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
	if len(timers) == 0 || !(booking.Stay{Graph: graph, State: held}).ShouldRemind() || (booking.Stay{Graph: graph, State: "declined"}).ShouldRemind() {
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

// TestNextDueOfNotices: of one moment the timer comes before the notice, and the notice before the reminder.
func TestNextDueOfNotices(t *testing.T) {
	t.Parallel()
	graph, _ := graphs.Named("request", nil)
	asked := time.Date(2026, 12, 7, 9, 0, 0, 0, time.UTC)
	stay := booking.Stay{
		Graph: graph, State: "tentative", Times: graphs.Times{Entered: asked, Start: asked.AddDate(0, 0, 9), End: asked.AddDate(0, 0, 10)},
		Fired: map[string]bool{}, Published: map[string]bool{},
		Reminders: []booking.Reminder{{Number: 1, At: asked.Add(24 * time.Hour)}},
	}
	want := func(what string, due booking.Due) {
		t.Helper()
		got, ok := stay.NextDue()
		if !ok || got.Action != due.Action || got.Notice != due.Notice || !got.At.Equal(due.At) || (got.Reminder != nil) != (due.Action+due.Notice == "") {
			t.Errorf("%s: %+v, %v", what, got, ok)
		}
	}
	want("the first notice, before a reminder of the same moment", booking.Due{Notice: "approval_due", At: asked.Add(24 * time.Hour)})
	stay.Published["approval_due"] = true
	want("the reminder", booking.Due{At: asked.Add(24 * time.Hour)})
	stay.Reminders = nil
	want("the second notice", booking.Due{Notice: "approval_escalated", At: asked.Add(36 * time.Hour)})
	stay.Published["approval_escalated"] = true
	want("the end", booking.Due{Action: "expire", At: asked.Add(48 * time.Hour)})
	stay.Published, stay.Timers = map[string]bool{}, graphs.Overrides{"expire": "PT1S"}
	want("half a second", booking.Due{Notice: "approval_due", At: asked.Add(time.Second / 2)})
	stay.Times.Start = asked
	want("an end that is past has no notices", booking.Due{Action: "expire", At: asked.Add(-time.Hour)})
}
