package booking

import (
	"fmt"
	"time"

	"holdfast/graphs"
	"holdfast/internal/fault"
)

// OutsideWindow returns why an action cannot be played at a time: TooEarly or TooLate, with the moment from or until which it can; nil
// when it can. An unknown graph sets no bounds.
func (b *Booking) OutsideWindow(move graphs.Move, now time.Time) *Refusal {
	graph, err := b.LoadGraph()
	if err != nil {
		return nil
	}
	window := graph.Window(b.State, move.Action, b.Times())
	switch {
	case window.Early(now):
		return &Refusal{
			Code: fault.TooEarly, Moment: window.Opens,
			Message: fmt.Sprintf("Action '%s' is possible from %s on.", move.Action, window.Opens.UTC().Format(time.RFC3339)),
		}
	case window.Late(now):
		return &Refusal{
			Code: fault.TooLate, Moment: window.Ends,
			Message: fmt.Sprintf("Action '%s' was possible until %s.", move.Action, window.Ends.UTC().Format(time.RFC3339)),
		}
	}
	return nil
}
