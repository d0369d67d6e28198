package workflows

import (
	"errors"
	"slices"

	"go.temporal.io/sdk/workflow"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/clock"
	"holdfast/internal/fault"
)

// Booking walks one booking along its graph until a final state. It cannot be cancelled from outside: to end a
// booking, play an action. The record in Postgres is the truth it adopts after every step.
func Booking(ctx workflow.Context, in booking.WorkflowInput) error {
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	w := &bookingRun{
		WorkflowInput: in, ctx: ctx, signals: workflow.GetSignalChannel(ctx, ActionSignal),
		clockSignals: workflow.GetSignalChannel(ctx, ClockSignal),
		fired:        map[string]bool{}, notices: map[string]bool{},
	}
	err := w.UnpackGraph()
	if err == nil {
		err = w.Graph.Validate()
	}
	if err != nil {
		return w.fail("the graph in the booking's input is not valid", err)
	}
	w.Clock = clock.Clock{}
	w.adoptClock(in.Clock)
	return w.run()
}

// bookingRun is the state of one workflow run. WorkflowInput is its input, kept up to date.
type bookingRun struct {
	booking.WorkflowInput
	ctx     workflow.Context
	signals workflow.ReceiveChannel
	timer   timer
	fired   map[string]bool // timers of this stay in the state that have had their turn
	notices map[string]bool // the same for notices
	gone    bool            // the record has no such booking (any more)

	clockSignals workflow.ReceiveChannel
	clocks       int // clocks of the app that have come
	settled      int // the last step of the clock that is settled
}

// timer is the one clock that runs: the earliest deadline of the state, or a notice or reminder that is due before it.
type timer struct {
	due    booking.Due
	future workflow.Future
	cancel workflow.CancelFunc
}

func (w *bookingRun) run() error {
	w.show()
	for {
		for !w.over() {
			if w.stuck() {
				return w.fail("the booking's state cannot be left", errStuck)
			}
			if err := w.step(); err != nil {
				return err
			}
			if w.tooLong() || w.misplaced() {
				return w.continueAsNew()
			}
		}
		if err := w.close(); err != nil || w.over() {
			return err
		}
	}
}

// over reports whether nothing happens by itself any more: a booking that took place may have reminders to come. What people can still
// correct starts another run from the record.
func (w *bookingRun) over() bool {
	return w.gone || (w.Graph.Final(w.State) && w.stay().NextReminder() == nil)
}

var errStuck = errors.New("no timer is left, and nobody has an action there")

// stuck reports whether nothing can happen any more in a state that is not final: its timers have been refused, and it has actions for
// timers alone.
func (w *bookingRun) stuck() bool {
	if _, due := w.stay().NextDue(); due || len(w.Actions) > 0 || w.signals.Len() > 0 {
		return false
	}
	s, ok := w.Graph.State(w.State)
	return ok && !slices.ContainsFunc(s.Actions, func(a graphs.Action) bool {
		return slices.ContainsFunc(a.By, func(by graphs.Actor) bool { return by != graphs.ActorTimer })
	})
}

func (w *bookingRun) step() error {
	next, due, err := w.wait()
	switch {
	case err != nil:
		return err
	case due.Reminder != nil:
		return remind(w.ctx, booking.RemindInput{BookingID: w.BookingID, Number: due.Reminder.Number})
	case due.Notice != "":
		return remind(w.ctx, booking.RemindInput{BookingID: w.BookingID, Seq: w.Seq, Notice: due.Notice})
	}
	return w.apply(next)
}

// wait returns the next action: one that is queued, one that comes by signal, or a timer's; or a notice or a reminder that is due.
// It is the only place that waits. An action that changes nothing leaves the running timer alone.
//
// While the clock of the app stands, no timer runs: what has come by it is next, and nothing else comes by itself.
func (w *bookingRun) wait() (next booking.Signal, due booking.Due, err error) {
	if len(w.Actions) > 0 {
		next = w.Actions[0]
		w.Actions = w.Actions[1:]
		return next, due, nil
	}
	for came := false; !came; {
		w.receiveClocks()
		if first, ok := w.stay().NextDue(); ok && w.hasCome(first.At) {
			next, due = w.fire(first)
			return next, due, nil
		}
		if err := w.settle(); err != nil {
			return next, due, err
		}
		w.arm()
		selector := workflow.NewSelector(w.ctx)
		selector.AddReceive(w.signals, func(c workflow.ReceiveChannel, _ bool) {
			came = true
			c.Receive(w.ctx, &next)
		})
		selector.AddReceive(w.clockSignals, func(c workflow.ReceiveChannel, _ bool) {
			var clock clock.Clock
			c.Receive(w.ctx, &clock)
			w.adoptClock(clock)
		})
		if w.timer.future != nil {
			selector.AddFuture(w.timer.future, func(workflow.Future) {
				came = true
				next, due = w.fire(w.timer.due)
			})
		}
		selector.Select(w.ctx)
	}
	return next, due, nil
}

// arm starts the timer of what is due first, unless it runs already.
func (w *bookingRun) arm() {
	if w.timer.future != nil || w.Clock.Stands() {
		return
	}
	due, ok := w.stay().NextDue()
	if !ok {
		return
	}
	summary := due.Action
	switch {
	case due.Reminder != nil:
		summary = "reminder"
	case due.Notice != "":
		summary = due.Notice
	}
	ctx, cancel := workflow.WithCancel(w.ctx)
	options := workflow.TimerOptions{Summary: summary}
	w.timer = timer{due, workflow.NewTimerWithOptions(ctx, w.Clock.Until(due.At, workflow.Now(ctx)), options), cancel}
}

// stay is what can fall due in the present state.
func (w *bookingRun) stay() booking.Stay {
	return booking.Stay{
		Graph: &w.Graph, State: w.State,
		Times: graphs.Times{
			Entered: w.Entered, Start: w.Start, End: w.End, CancelUntil: w.CancelUntil, MoveUntil: w.MoveUntil, BalanceDue: w.BalanceDue,
		},
		Timers: w.Timers, Fired: w.fired, Published: w.notices, Reminders: w.Reminders,
	}
}

// fire returns the action of the timer that is due, or else what is due instead.
func (w *bookingRun) fire(due booking.Due) (booking.Signal, booking.Due) {
	w.timer = timer{}
	switch {
	case due.Reminder != nil:
		sent := *due.Reminder
		w.Reminders = slices.DeleteFunc(slices.Clone(w.Reminders), func(r booking.Reminder) bool { return r.Number == sent.Number })
		due.Reminder = &sent
		return booking.Signal{}, due
	case due.Notice != "":
		w.notices[due.Notice] = true
		return booking.Signal{}, due
	}
	action := due.Action
	w.fired[action] = true
	id := booking.TimerActionID(w.BookingID, w.Seq, action)
	return booking.Signal{ActionID: id, Action: action, Actor: graphs.ActorTimer}, booking.Due{}
}

// apply plays one action: the graph decides, the commit makes it true. It is the only place that changes the state.
// Where the record turns out to be further than this run knew, the graph is asked again from there.
func (w *bookingRun) apply(s booking.Signal) error {
	for {
		in := booking.CommitInput{BookingID: w.BookingID, Seq: w.Seq, ActionID: s.ActionID, Actor: s.Actor, Graph: w.Graph.Ref()}
		move, err := w.Graph.Next(w.State, s.Action, s.Actor)
		if err != nil && s.Actor == graphs.ActorTimer {
			return nil // the state it was for has been left; no caller waits for an answer
		}
		if err != nil {
			in.Refusal = &booking.Refusal{Code: fault.ActionNotAvailable, Message: err.Error()}
		}
		in.Move = move
		out, err := commit(w.ctx, in)
		if err != nil {
			return err
		}
		if err := w.syncFromRecord(out); err != nil {
			return err
		}
		if out.Relays > 0 {
			err = relay(w.ctx, w.BookingID)
		}
		if err != nil || out.Result != booking.ResultStale {
			return err
		}
	}
}

// syncFromRecord takes over state and sequence number from the record. A new stay in a state begins with fresh timers.
func (w *bookingRun) syncFromRecord(out booking.Outcome) error {
	if out.Result == booking.ResultGone {
		w.gone = true
		w.stopTimer()
		w.show()
		return nil
	}
	w.adoptClock(out.Clock)
	if out.Graph != nil { // the booking has gone over to another version
		w.GraphInput = *out.Graph
		if err := w.UnpackGraph(); err != nil {
			return err
		}
	}
	if out.Seq == w.Seq {
		return nil
	}
	if out.Timers != nil {
		w.Timers = out.Timers
	}
	w.State, w.Seq, w.Entered = out.State, out.Seq, out.Entered
	w.fired, w.notices = map[string]bool{}, map[string]bool{}
	w.stopTimer()
	w.show()
	return nil
}

func (w *bookingRun) stopTimer() {
	if w.timer.future != nil {
		w.timer.cancel()
	}
	w.timer = timer{}
}

// close plays every action that came when the booking was over, so that none is left without an outcome. A correction may have brought
// the booking back.
func (w *bookingRun) close() error {
	for {
		for _, s := range w.drainSignals() {
			if err := w.apply(s); err != nil {
				return err
			}
		}
		if w.signals.Len() == 0 {
			return nil
		}
	}
}

// drainSignals returns the queued actions and those in the signal channel.
func (w *bookingRun) drainSignals() []booking.Signal {
	all := w.Actions
	w.Actions = nil
	var s booking.Signal
	for w.signals.ReceiveAsync(&s) {
		all = append(all, s)
		s = booking.Signal{}
	}
	return all
}

// tooLong reports whether the history should start over, so that a booking with many actions stays far from Temporal's limits.
func (w *bookingRun) tooLong() bool {
	return !w.over() && workflow.GetInfo(w.ctx).GetContinueAsNewSuggested()
}

// misplaced reports whether the booking has gone over to a version of its graph that workers on its task queue may not read.
func (w *bookingRun) misplaced() bool {
	queue := workflow.GetInfo(w.ctx).TaskQueueName
	return !w.over() && raisedQueue(queue, graphs.Level(&w.Graph)) != queue
}

// continueAsNew continues with an empty history and with the actions that were received and not yet played, on the task queue of the
// graph's level.
func (w *bookingRun) continueAsNew() error {
	w.receiveClocks()
	next := w.WorkflowInput
	next.Actions = w.drainSignals()
	next.CarriedOn++
	if len(next.Packed) > 0 {
		next.Graph = graphs.Graph{}
	}
	ctx := workflow.WithWorkflowTaskQueue(w.ctx, raisedQueue(workflow.GetInfo(w.ctx).TaskQueueName, graphs.Level(&w.Graph)))
	return workflow.NewContinueAsNewError(ctx, Booking, next)
}

// fail ends a booking that its graph cannot move: it goes to the error state, where people see it.
func (w *bookingRun) fail(what string, fault error) error {
	workflow.GetLogger(w.ctx).Error(what, "error", fault)
	out, err := commit(w.ctx, booking.CommitInput{
		BookingID: w.BookingID, Seq: w.Seq, Actor: graphs.ActorTimer,
		ActionID: booking.TimerActionID(w.BookingID, w.Seq, graphs.ErrorState),
		Move: graphs.Move{
			Action: graphs.ErrorState, From: w.State, To: graphs.ErrorState, Holds: graphs.HoldsNothing, Frees: true, Final: true,
		},
	})
	return errors.Join(err, w.syncFromRecord(out), w.close())
}
