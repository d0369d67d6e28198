package booking

import (
	"time"

	"holdfast/graphs"
)

// Stay is a booking's stay in one state, with what can fall due during it.
type Stay struct {
	Graph     *graphs.Graph
	State     string
	Times     graphs.Times
	Timers    graphs.Overrides
	Fired     map[string]bool // actions of the timers that have fired during this stay
	Published map[string]bool // names of the notices that were published during it
	Reminders []Reminder      // those that have not been sent, the earliest first
}

// Due is what falls due first: a timer, a notice when Notice is not empty, or a reminder when Reminder is not nil.
type Due struct {
	Action   string // of the timer
	Notice   string
	At       time.Time
	Reminder *Reminder
}

// NextDue returns what falls due first in a stay; false when nothing does. Of one moment the timer comes first, then the notice, then
// the reminder. The workflow of a booking waits for it, and the record has its time as the booking's deadline, by which the sweep
// finds workflows that are lost.
func (s Stay) NextDue() (due Due, ok bool) {
	first := func(other Due) {
		if !ok || other.At.Before(due.At) {
			due, ok = other, true
		}
	}
	for _, timer := range s.Graph.Deadlines(s.State, s.Times, s.Timers) {
		if !s.Fired[timer.Action] {
			first(Due{Action: timer.Action, At: timer.At})
		}
	}
	for _, notice := range s.Graph.NoticeDeadlines(s.State, s.Times, s.Timers) {
		if !s.Published[notice.Action] {
			first(Due{Notice: notice.Action, At: notice.At})
		}
	}
	if reminder := s.NextReminder(); reminder != nil {
		first(Due{At: reminder.At, Reminder: reminder})
	}
	return due, ok
}

// NextReminder returns the first reminder that is to be sent in this state; nil when there is none. One that was due before the
// state was entered comes too late.
func (s Stay) NextReminder() *Reminder {
	if !s.ShouldRemind() {
		return nil
	}
	for i := range s.Reminders {
		if !s.Reminders[i].At.Before(s.Times.Entered) {
			return &s.Reminders[i]
		}
	}
	return nil
}
