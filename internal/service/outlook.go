package service

import (
	"slices"
	"time"

	"holdfast/graphs"
)

// Outlook is what has to happen to a booking of a graph before its time is the visitor's.
type Outlook struct {
	Asks    bool          // somebody has to confirm it
	Holds   bool          // the time is held until then, or until it is paid
	Pays    bool          // it has to be paid,
	PayTime time.Duration // within this time; 0 = without an end

	Collects bool // the graph asks for the money by itself
}

// StartOutlook is the outlook of a new booking.
func StartOutlook(graph *graphs.Graph, timers graphs.Overrides) Outlook {
	move, err := graph.Next(graph.Initial, graph.Start, graphs.ActorAPI)
	if err != nil {
		return Outlook{}
	}
	now := time.Now()
	ahead, until := LookAhead(graph, move.To, graphs.Times{Entered: now, Start: now, End: now}, timers)
	if !until.IsZero() && ahead.Pays {
		ahead.PayTime = until.Sub(now)
	}
	return ahead
}

// LookAhead is the outlook of a state, and the moment when the time to pay or to answer runs out; the zero time for none.
func LookAhead(graph *graphs.Graph, state string, times graphs.Times, timers graphs.Overrides) (ahead Outlook, until time.Time) {
	s, ok := graph.State(state)
	if !ok {
		return Outlook{}, time.Time{}
	}
	ahead.Asks = slices.Contains(graph.OpenTo(state, graphs.ActorOwnerLink), "confirm")
	ahead.Holds, ahead.Collects = s.Holds != graphs.HoldsNothing, graph.OpensPayments()
	if ahead.Pays = len(graph.OpenTo(state, graphs.ActorPayment)) > 0; ahead.Pays || ahead.Asks {
		if deadlines := graph.Deadlines(state, times, timers); len(deadlines) > 0 {
			until = deadlines[0].At
		}
	}
	return ahead, until
}
