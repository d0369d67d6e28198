package graphs

import "fmt"

// Move is a transition that is allowed: its states, and what it takes and releases.
type Move struct {
	Action string
	From   string
	To     string // Previous until Return has resolved it
	Holds  Holds  // what the booking holds after the move
	Takes  bool   // the move acquires a slot or a seat that the booking does not hold yet
	Frees  bool   // the move releases what the booking holds
	Final  bool   // the move ends the booking
	// Otherwise is the move to make instead when what this one takes is taken; nil when the action is refused then. It takes nothing.
	Otherwise *Move `json:",omitempty"`
}

// Reason is why Next refuses an action.
type Reason string

// The reasons for a refusal.
const (
	UnknownState  Reason = "unknown_state"  // the graph has no such state
	UnknownAction Reason = "unknown_action" // no state of the graph has such an action
	NotAvailable  Reason = "not_available"  // the action exists, but not in this state
	NotYours      Reason = "not_yours"      // the action is available, but not to this actor
)

// Refusal is the error of Next for an action that cannot be played.
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

// Next returns the move that an actor makes by an action in a state, or a *Refusal. It is pure and total: the result depends on the
// arguments alone, and no argument makes it panic.
func (g *Graph) Next(state, action string, actor Actor) (Move, error) {
	from, ok := g.State(state)
	if !ok {
		return Move{}, &Refusal{UnknownState, state, action, actor}
	}
	arrow, ok := from.action(action)
	if !ok {
		return Move{}, &Refusal{whyNot(g, action), state, action, actor}
	}
	if !arrow.MayPlay(actor) {
		return Move{}, &Refusal{NotYours, state, action, actor}
	}
	if arrow.To == Previous {
		return Move{Action: action, From: from.Name, To: Previous, Holds: from.Holds}, nil
	}
	to, ok := g.State(arrow.To)
	if !ok {
		return Move{}, &Refusal{UnknownState, state, action, actor}
	}
	move := between(from, to, action)
	if other, ok := g.State(arrow.Otherwise()); ok && move.Takes {
		instead := between(from, other, action)
		move.Otherwise = &instead
	}
	return move, nil
}

// between returns the move by an action from one state to another.
func between(from, to *State, action string) Move {
	return Move{
		Action: action, From: from.Name, To: to.Name, Holds: to.Holds, Final: to.Final,
		Takes: from.takes(to),
		Frees: from.Holds != HoldsNothing && to.Holds != from.Holds && to.Holds != HoldsKept,
	}
}

// takes reports whether a move from s to another state acquires something.
func (s *State) takes(to *State) bool {
	return to.Holds != HoldsNothing && to.Holds != HoldsKept && to.Holds != s.Holds
}

// Return resolves a move to Previous, for a booking that was in the state before. What it holds has not changed since, so the move
// takes and releases nothing. False when the graph has no such state.
func (g *Graph) Return(m Move, before string) (Move, bool) {
	s, ok := g.State(before)
	if !ok {
		return Move{}, false
	}
	m.To, m.Holds, m.Final = s.Name, s.Holds, s.Final
	return m, true
}

// whyNot returns the reason to refuse an action that the state does not have.
func whyNot(g *Graph, action string) Reason {
	for i := range g.States {
		if _, ok := g.States[i].action(action); ok {
			return NotAvailable
		}
	}
	return UnknownAction
}

// Inputs returns the inputs of an action in a state; nil if the state has no such action.
func (g *Graph) Inputs(state, action string) []Input {
	if a, ok := g.action(state, action); ok {
		return a.Inputs
	}
	return nil
}
