package booking

import (
	"fmt"
	"strconv"
	"strings"

	"holdfast/graphs"
)

// MigrateAction is the action by which a booking goes over to another version of its graph. No graph has it.
const MigrateAction = "migrate"

// MigrateInputs are the inputs of MigrateAction: the version, and the state in it.
func MigrateInputs(to *graphs.Graph, state string) map[string]map[string]string {
	return map[string]map[string]string{MigrateAction: {"graph": to.Ref(), "state": state}}
}

// MigratedTo returns the version and the state that inputs of MigrateAction name; zero for inputs that are not of it.
func MigratedTo(inputs map[string]map[string]any) (version int, state string) {
	ref, _ := inputs[MigrateAction]["graph"].(string)
	_, number, _ := strings.Cut(ref, "@")
	version, _ = strconv.Atoi(number)
	state, _ = inputs[MigrateAction]["state"].(string)
	return version, state
}

// Migration returns the move by which a booking goes from a state of one version of a graph to a state of another. Both hold the same, and
// neither is final, so that nothing is taken, released or ended. The error is a sentence for people.
func Migration(from *graphs.Graph, state string, to *graphs.Graph, target string) (graphs.Move, error) {
	before, ok := from.State(state)
	after, found := to.State(target)
	switch {
	case !ok:
		return graphs.Move{}, fmt.Errorf("graph %s has no state '%s'", from.Ref(), state)
	case !found:
		return graphs.Move{}, fmt.Errorf("graph %s has no state '%s'", to.Ref(), target)
	case before.Final || after.Final:
		return graphs.Move{}, fmt.Errorf("a booking does not go over from '%s' to '%s', since one of them is final", state, target)
	case before.Holds != after.Holds:
		return graphs.Move{}, fmt.Errorf("'%s' holds %s and '%s' holds %s", state, before.Holds, target, after.Holds)
	}
	return graphs.Move{Action: MigrateAction, From: state, To: target, Holds: after.Holds}, nil
}
