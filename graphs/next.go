package graphs

import "fmt"

// Move is an arrow that may be walked: what it leads to and what it does to the calendar on the way.
type Move struct {
	Action string
	From   string
	To     string
	Holds  Holds // what the booking holds after the move
	Takes  bool  // the move has to win time or a seat that the booking does not hold yet
	Frees  bool  // the move gives back what the booking held
	Final  bool  // the move ends the booking
}

// Reason says why an action was refused.
type Reason string

// The reasons for a refusal.
const (
	UnknownState  Reason = "unknown_state"  // the graph has no such state
	UnknownAction Reason = "unknown_action" // no state of the graph has such an action
	NotAvailable  Reason = "not_available"  // the action exists, but not in this state
	NotYours      Reason = "not_yours"      // the action is available, but not to this actor
)

// Refusal is the answer of Next to an action that cannot be played.
type Refusal struct {
	Reason Reason
	State  string
	Action string
	Actor  Actor
}

func (r *Refusal) Error() string {
	if r.Reason == NotYours {
		return fmt.Sprintf("Action '%s' is not open to %s in state '%s'", r.Action, r.Actor, r.State)
	}
	return fmt.Sprintf("Cannot apply action '%s' to current state '%s'", r.Action, r.State)
}

// Next answers every pair of state and action with either the move or a *Refusal; it never panics and depends on its
// arguments alone.
func (g *Graph) Next(state, action string, actor Actor) (Move, error) {
	from, ok := g.State(state)
	if !ok {
		return Move{}, &Refusal{UnknownState, state, action, actor}
	}
	arrow, ok := from.action(action)
	if !ok {
		return Move{}, &Refusal{g.whyNot(action), state, action, actor}
	}
	if !arrow.MayPlay(actor) {
		return Move{}, &Refusal{NotYours, state, action, actor}
	}
	to, ok := g.State(arrow.To)
	if !ok {
		return Move{}, &Refusal{UnknownState, state, action, actor}
	}
	return Move{
		Action: action, From: from.Name, To: to.Name, Holds: to.Holds, Final: to.Final,
		Takes: to.Holds != HoldsNothing && to.Holds != from.Holds,
		Frees: from.Holds != HoldsNothing && to.Holds != from.Holds,
	}, nil
}

func (g *Graph) whyNot(action string) Reason {
	for i := range g.States {
		if _, ok := g.States[i].action(action); ok {
			return NotAvailable
		}
	}
	return UnknownAction
}

// Inputs returns the inputs an action takes in a state; nil when there is no such action.
func (g *Graph) Inputs(state, action string) []Input {
	if s, ok := g.State(state); ok {
		if a, ok := s.action(action); ok {
			return a.Inputs
		}
	}
	return nil
}
