package graphs

import "fmt"

// Jump returns the move from one state to another by no action of the graph, for people who put right by hand what went wrong. It takes
// and releases as the states say. What a state that keeps what was held before holds is not in the graph, so no jump leads from or to it.
// The error is a sentence for people.
func (g *Graph) Jump(action, from, to string) (Move, error) {
	source, ok := g.State(from)
	target, found := g.State(to)
	switch {
	case !ok || !found:
		return Move{}, fmt.Errorf("graph %s has no state '%s'", g.Ref(), to)
	case from == to:
		return Move{}, fmt.Errorf("the booking is in state '%s' already", to)
	case source.Holds == HoldsKept || target.Holds == HoldsKept:
		return Move{}, fmt.Errorf("a booking cannot be put from '%s' into '%s', since one of them keeps what was held before", from, to)
	}
	return between(source, target, action), nil
}
