package booking

import "holdfast/graphs"

// ForceAction is the action by which an operator puts a booking into a state by hand. No graph has it.
const ForceAction = "force"

// ActorAdmin plays what is done by hand, beside the graph: ForceAction and MigrateAction. No graph names it.
const ActorAdmin graphs.Actor = "admin"

// ForceInputs are the inputs of ForceAction: the state, and the reason as every action has it.
func ForceInputs(state, reason string) map[string]map[string]string {
	return map[string]map[string]string{ForceAction: {"state": state, "message": reason}}
}

// Forced returns the move that an action on record makes by force; a refusal when the booking cannot be put there from where it is. The
// action is ForceAction.
func Forced(b *Booking, inputs map[string]map[string]any) (graphs.Move, error) {
	graph, err := b.LoadGraph()
	if err != nil {
		return graphs.Move{}, err
	}
	state, _ := inputs[ForceAction]["state"].(string)
	return graph.Jump(ForceAction, b.State, state)
}
