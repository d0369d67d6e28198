package byhand

import (
	"fmt"
	"strconv"
	"strings"

	"holdfast/graphs"
)

// Migrate is the action by which a booking goes over to another version of its graph. No graph has it.
const Migrate = "migrate"

// MigrateInputs are the inputs of Migrate: the version, and the state in it.
func MigrateInputs(to *graphs.Graph, state string) map[string]map[string]string {
	return map[string]map[string]string{Migrate: {"graph": to.Ref(), "state": state}}
}

// Target returns the version and the state that inputs of Migrate name; zero for inputs that are not of it.
func Target(inputs map[string]map[string]any) (version int, state string) {
	ref, _ := inputs[Migrate]["graph"].(string)
	_, number, _ := strings.Cut(ref, "@")
	version, _ = strconv.Atoi(number)
	state, _ = inputs[Migrate]["state"].(string)
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
	return graphs.Move{Action: Migrate, From: state, To: target, Holds: after.Holds}, nil
}
