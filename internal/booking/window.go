package booking

import (
	"fmt"
	"time"

	"holdfast/graphs"
	"holdfast/internal/fault"
)

// OutsideWindow returns why an action cannot be played at a time: TooEarly or TooLate by ActionWindow, which ends when it opens or has
// ended; nil when it can. An unknown graph sets no bounds.
func (b *Booking) OutsideWindow(move graphs.Move, now time.Time) *Refusal {
	graph, err := b.LoadGraph()
	if err != nil {
		return nil
	}
	window := graph.Window(b.State, move.Action, b.Times())
	rule := func(ends time.Time) *fault.Rule {
		return &fault.Rule{Name: fault.ActionWindow, Limit: boundText(window.Opens) + "/" + boundText(window.Ends), Ends: ends}
	}
	switch {
	case window.Early(now):
		return &Refusal{
			Code: fault.TooEarly, Rule: rule(window.Opens),
			Message: fmt.Sprintf("Action '%s' is possible from %s on.", move.Action, window.Opens.UTC().Format(time.RFC3339)),
		}
	case window.Late(now):
		return &Refusal{
			Code: fault.TooLate, Rule: rule(window.Ends),
			Message: fmt.Sprintf("Action '%s' was possible until %s.", move.Action, window.Ends.UTC().Format(time.RFC3339)),
		}
	}
	return nil
}

// boundText is a bound as text; "" for none.
func boundText(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format(time.RFC3339)
}
