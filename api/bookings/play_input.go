package bookings

import (
	"encoding/json"

	"holdfast/api/edge"
	"holdfast/graphs"
	"holdfast/internal/fault"
	"holdfast/internal/policy"
	"holdfast/internal/service"
	"holdfast/internal/strictjson"
)

// playFlags are what a body says of an action beside its inputs.
type playFlags struct {
	relayed  bool          // it is played on bookings made together with this one, too
	override policy.Lifted // rules of the policy that it is not held to
	notify   json.RawMessage
}

// readInputs picks the inputs that an action takes in a state from a body such as {"cancel":{"message":"…"}}, by step and field.
// Fields that the action does not have are skipped, as
// Timekit does; another spelling of one that it has is refused.
func readInputs(
	text json.RawMessage, graph *graphs.Graph, wanted []graphs.Input,
) (flags playFlags, inputs map[string]map[string]string, err error) {
	var read struct {
		Relayed  *flag         `json:"apply_to_bulked_bookings"`
		Override policy.Lifted `json:"override"`

		Notify json.RawMessage `json:"notify"`
	}
	steps := make([]string, len(wanted))
	for i, one := range wanted {
		steps[i] = one.Step
	}
	if err := edge.ReadError(strictjson.Rules{Also: steps}.Decode(text, &read), ""); err != nil {
		return flags, nil, err
	}
	var body map[string]json.RawMessage
	_ = json.Unmarshal(text, &body) // an object, or an empty list: it was read before
	problems := fault.Problems{}
	inputs = map[string]map[string]string{}
	for _, one := range wanted {
		if value := readInput(body[one.Step], one, graph, problems); value != nil {
			if inputs[one.Step] == nil {
				inputs[one.Step] = map[string]string{}
			}
			inputs[one.Step][one.Field] = *value
		}
	}
	return playFlags{read.Relayed == nil || bool(*read.Relayed), read.Override, read.Notify}, inputs, problems.Err()
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
