// Package byhand has what people do to bookings beside their graphs: putting one into a state, and letting it go over to another version of
// its graph. It is pure: the record makes the moves.
package byhand

import "holdfast/graphs"

// Force is the action by which an operator puts a booking into a state. No graph has it.
const Force = "force"

// ActorAdmin plays Force and Migrate. No graph names it.
const ActorAdmin graphs.Actor = "admin"

// ForceInputs are the inputs of Force: the state, and the reason as every action has it.
func ForceInputs(state, reason string) map[string]map[string]string {
	return map[string]map[string]string{Force: {"state": state, "message": reason}}
}

// Forced returns the move that inputs of Force make from a state of a graph. The error is a sentence for people.
func Forced(graph *graphs.Graph, state string, inputs map[string]map[string]any) (graphs.Move, error) {
	target, _ := inputs[Force]["state"].(string)
	return graph.Jump(Force, state, target)
}
