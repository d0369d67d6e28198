package api

import (
	"bufio"
	"encoding/json"
	"net/http"
	"time"

	"holdfast/internal/availability"
	"holdfast/internal/booking"
)

// What the answer to one question for free time may hold: slots, each counted once for every resource that it names.
const (
	maxNames       = 20_000
	maxWidgetNames = 5_000
)

const (
	// large is how many candidates, slots of every resource, make a question a large one.
	large = 20_000
	// maxLarge is how many large questions a process answers at once. Each can take some tens of megabytes.
	maxLarge = 4
	// largeWait is how long a large question waits for its turn.
	largeWait = 2 * time.Second
)

// turns are taken by large questions.
var turns = make(chan struct{}, maxLarge)

var errBusyAnswering = booking.Errorf(booking.Overloaded,
	"Too many large questions for free time are being answered. Ask again in a second, or for fewer days or resources.")

var errHungUp = booking.Errorf(booking.RequestTimeout, "The caller hung up before the answer was there.")

// turn waits until a large question may be answered; small ones may at once. done gives the turn back.
func (w *wanted) turn(k *call) (done func(), err error) {
	if w.candidates() <= large {
		return func() {}, nil
	}
	patience := time.NewTimer(largeWait)
	defer patience.Stop()
	select {
	case turns <- struct{}{}:
		return func() { <-turns }, nil
	case <-k.Request.Context().Done():
		return nil, errHungUp
	case <-patience.C:
		return nil, errBusyAnswering
	}
}

// most is how much an answer may hold.
func (k *call) most() int {
	if k.Kind == booking.ServerKey {
		return maxNames
	}
	return maxWidgetNames
}

// compute finds slots of a question within its bounds. It stops when the caller hangs up.
func (k *call) compute(w *wanted, find func() []availability.Slot) ([]availability.Slot, error) {
	w.Most, w.Stop = k.most(), func() bool { return k.Request.Context().Err() != nil }
	slots := find()
	if k.Request.Context().Err() != nil {
		return nil, errHungUp
	}
	if availability.Named(slots) > w.Most {
		return nil, errTooMuch(w.Most)
	}
	return slots, nil
}

func errTooMuch(most int) error {
	problems := booking.Problems{}
	problems.Add("to", "more than %d slots, each counted for every resource it names: ask for fewer days, fewer resources, "+
		"or larger timeslot_increments", most)
	return problems.Err()
}

// slots writes slots as they are rendered, so that a long answer is never whole in memory.
func (k *call) slots(w *wanted, slots []availability.Slot) error {
	views := make([][]byte, len(w.views))
	for i := range w.views {
		views[i], _ = json.Marshal(w.views[i]) //nolint:errchkjson // texts only
	}
	k.Header("Content-Type", "application/json; charset=utf-8")
	k.Status(http.StatusOK)
	out := bufio.NewWriterSize(k.Writer, 32<<10)
	text := func(s string) { _, _ = out.WriteString(s) } // the first error stays, and Flush returns it
	text(`{"data":[`)
	for i, slot := range slots {
		if i > 0 {
			text(",")
		}
		start, _ := json.Marshal(k.Clock.Show(slot.Start, w.zone))
		end, _ := json.Marshal(k.Clock.Show(slot.End, w.zone))
		text(`{"start":` + string(start) + `,"end":` + string(end) + `,"resources":[`)
		for j, r := range slot.Resources {
			if j > 0 {
				text(",")
			}
			_, _ = out.Write(views[r])
		}
		text("]}")
	}
	text("]}")
	_ = out.Flush() // who hung up hears nothing more
	return nil
}
