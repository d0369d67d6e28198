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
	Reminders []Reminder      // those that have not been sent, the earliest first
}

// Due is what falls due first: a timer, or a reminder when Reminder is not nil.
type Due struct {
	Action   string // of the timer
	At       time.Time
	Reminder *Reminder
}

// NextDue returns what falls due first in a stay; false when nothing does. Of a timer and a reminder of the same moment it is the
// timer. The workflow of a booking waits for it, and the record has its time as the booking's deadline, by which the sweep finds
// workflows that are lost.
func (s Stay) NextDue() (Due, bool) {
	reminder := s.NextReminder()
	for _, timer := range s.Graph.Deadlines(s.State, s.Times, s.Timers) {
		if s.Fired[timer.Action] {
			continue
		}
		if reminder != nil && reminder.At.Before(timer.At) {
			break
		}
		return Due{Action: timer.Action, At: timer.At}, true
	}
	if reminder == nil {
		return Due{}, false
	}
	return Due{At: reminder.At, Reminder: reminder}, true
}

// NextReminder returns the first reminder that is to be sent in this state; nil when there is none. One that was due before the
// state was entered comes too late.
func (s Stay) NextReminder() *Reminder {
	if !ShouldRemind(s.Graph, s.State) {
		return nil
	}
	for i := range s.Reminders {
		if !s.Reminders[i].At.Before(s.Times.Entered) {
			return &s.Reminders[i]
		}
	}
	return nil
}
