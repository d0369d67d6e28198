package bookings

import (
	"encoding/json"

	"holdfast/api/edge"
	"holdfast/graphs"
	"holdfast/internal/fault"
	"holdfast/internal/service"
	"holdfast/internal/strictjson"
)

// readInputs picks the inputs that an action takes in a state from a body such as {"cancel":{"message":"…"}}, by step and field.
// relayed says that the action is played on bookings made together with this one, too. Fields that the action does not have are skipped, as
// Timekit does; another spelling of one that it has is refused.
func readInputs(
	text json.RawMessage, graph *graphs.Graph, wanted []graphs.Input,
) (relayed bool, inputs map[string]map[string]string, err error) {
	var flags struct {
		Relayed *flag `json:"apply_to_bulked_bookings"`
	}
	steps := make([]string, len(wanted))
	for i, one := range wanted {
		steps[i] = one.Step
	}
	if err := edge.ReadError(strictjson.Rules{Also: steps}.Decode(text, &flags), ""); err != nil {
		return false, nil, err
	}
	var body map[string]json.RawMessage
	_ = json.Unmarshal(text, &body) // an object, or an empty list: it was read before
	problems := fault.Problems{}
	inputs = map[string]map[string]string{}
	for _, one := range wanted {
		if value := readInput(body[one.Step], one, graph, problems); value != nil {
			inputs[one.Step] = map[string]string{one.Field: *value}
		}
	}
	return flags.Relayed == nil || bool(*flags.Relayed), inputs, problems.Err()
}

// readInput picks one input from its step; nil for none.
func readInput(step json.RawMessage, one graphs.Input, graph *graphs.Graph, problems fault.Problems) *string {
	if step == nil {
		return nil
	}
	if err := (strictjson.Rules{Also: []string{one.Field}}).Decode(step, &struct{}{}); err != nil {
		edge.AddFaults(err, one.Step, problems)
		return nil
	}
	var fields map[string]json.RawMessage
	_ = json.Unmarshal(step, &fields)
	var text *string
	name := one.Step + "." + one.Field
	if raw, ok := fields[one.Field]; ok {
		if err := strictjson.Decode(raw, &text); err != nil {
			edge.AddFaults(err, name, problems)
		}
	}
	if text == nil {
		return nil
	}
	edge.CheckLength(*text, name, service.MaxInput, problems)
	if problem := graph.CheckOverrides(graphs.Overrides{one.Timer: *text})[one.Timer]; one.Timer != "" && problem != "" {
		problems.Add(name, "%s", problem)
	}
	return text
}
