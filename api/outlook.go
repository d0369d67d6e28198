package api

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"holdfast/graphs"
	"holdfast/internal/booking"
)

// outlook is what has to happen to a booking of a graph before its time is the visitor's.
type outlook struct {
	asks    bool          // somebody has to confirm it, and nothing is held until then
	pays    bool          // it has to be paid,
	payTime time.Duration // within this time; 0 = without an end
}

// outlookOf is the outlook of what is booked by a project.
func outlookOf(p *booking.Project) outlook {
	var in struct {
		Graph    string `json:"graph"`
		Settings struct {
			Timers graphs.Overrides `json:"timers"`
		} `json:"settings"`
	}
	if len(p.Booking) > 0 {
		_ = json.Unmarshal(p.Booking, &in) // checked when it was written
	}
	if in.Graph == "" {
		in.Graph = booking.DefaultGraph
	}
	graph, ok := graphs.Latest(in.Graph)
	if !ok {
		return outlook{}
	}
	return startOutlook(graph, in.Settings.Timers)
}

// startOutlook is the outlook of a new booking.
func startOutlook(graph *graphs.Graph, timers graphs.Overrides) outlook {
	move, err := graph.Next(graph.Initial, graph.Start, graphs.ActorAPI)
	if err != nil {
		return outlook{}
	}
	now := time.Now()
	ahead, until := lookAhead(graph, move.To, graphs.Times{Entered: now, Start: now, End: now}, timers)
	if !until.IsZero() {
		ahead.payTime = until.Sub(now)
	}
	return ahead
}

// lookAhead is the outlook of a state, and the moment when the time to pay runs out; the zero time for none.
func lookAhead(graph *graphs.Graph, state string, times graphs.Times, timers graphs.Overrides) (ahead outlook, until time.Time) {
	s, ok := graph.State(state)
	if !ok {
		return outlook{}, time.Time{}
	}
	ahead.asks = s.Holds == graphs.HoldsNothing && slices.Contains(graph.OpenTo(state, graphs.ActorOwnerLink), "confirm")
	if ahead.pays = len(graph.OpenTo(state, graphs.ActorPayment)) > 0; ahead.pays {
		if deadlines := graph.Deadlines(state, times, timers); len(deadlines) > 0 {
			until = deadlines[0].At
		}
	}
	return ahead, until
}

// text says before booking what happens afterwards.
func (o outlook) text(app string) string {
	switch {
	case o.asks:
		return "This asks for the time: " + theApp(app) + " has to confirm it. Until then the time is not held, and somebody else may get it."
	case o.pays && o.payTime > 0:
		return "The time is held for " + timeToPay(o.payTime) + " and has to be paid within them. If it is not, it is given up. " +
			"The payment is made with " + theApp(app) + ", not on this page."
	case o.pays:
		return "The time has to be paid. The payment is made with " + theApp(app) + ", not on this page."
	}
	return ""
}

// timeToPay is lengthText for what may be seconds or days.
func timeToPay(length time.Duration) string {
	switch {
	case length < time.Minute:
		return strconv.Itoa(int(length/time.Second)) + " seconds"
	case length >= 48*time.Hour && length%(24*time.Hour) == 0:
		return strconv.Itoa(int(length/(24*time.Hour))) + " days"
	}
	return lengthText(length)
}

func (o outlook) button() string {
	if o.asks {
		return "Ask for this time"
	}
	return "Book this time"
}

// theApp is an app's name in the middle of a sentence.
func theApp(name string) string {
	if name == "" {
		return "the other side"
	}
	return name
}
