package byhand_test

import (
	"strings"
	"testing"

	"holdfast/graphs"
	"holdfast/internal/byhand"
)

func graph(version int, states ...graphs.State) *graphs.Graph {
	return &graphs.Graph{Name: "viewing", Version: version, States: states}
}

// TestMigrations: a booking goes over between states that hold the same, and neither from nor to one that is final.
func TestMigrations(t *testing.T) {
	t.Parallel()
	from := graph(1,
		graphs.State{Name: "wish", Holds: graphs.HoldsNothing}, graphs.State{Name: "planned", Holds: graphs.HoldsSlot},
		graphs.State{Name: "off", Holds: graphs.HoldsNothing, Final: true})
	to := graph(2,
		graphs.State{Name: "asked", Holds: graphs.HoldsNothing}, graphs.State{Name: "agreed", Holds: graphs.HoldsSlot},
		graphs.State{Name: "seated", Holds: graphs.HoldsSeat}, graphs.State{Name: "off", Holds: graphs.HoldsNothing, Final: true})
	for _, c := range []struct{ state, target, why string }{
		{"wish", "asked", ""}, {"planned", "agreed", ""}, {"wish", "agreed", "holds"}, {"planned", "asked", "holds"}, {"planned", "seated", "holds"},
		{"wish", "off", "final"}, {"off", "asked", "final"}, {"off", "off", "final"}, {"wish", "nowhere", "no state"}, {"nowhere", "asked", "no state"},
	} {
		move, err := byhand.Migration(from, c.state, to, c.target)
		if (err == nil) != (c.why == "") || err != nil && !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s to %s: %v, want %q", c.state, c.target, err, c.why)
		}
		if err == nil && (move.Takes || move.Frees || move.Final || move.From != c.state || move.To != c.target || move.Action != byhand.Migrate) {
			t.Errorf("%s to %s: %+v", c.state, c.target, move)
		}
	}
}

// TestTargets: the inputs of the action on record name version and state; what is not of them names nothing.
func TestTargets(t *testing.T) {
	t.Parallel()
	inputs := map[string]map[string]any{}
	for step, fields := range byhand.MigrateInputs(graph(7), "agreed") {
		inputs[step] = map[string]any{}
		for field, text := range fields {
			inputs[step][field] = text
		}
	}
	if version, state := byhand.Target(inputs); version != 7 || state != "agreed" {
		t.Errorf("version %d, state %q", version, state)
	}
	for _, bad := range []map[string]map[string]any{nil, {"migrate": {"graph": 7}}, {"migrate": {"graph": "viewing"}}, {"other": {"graph": "viewing@7"}}} {
		if version, state := byhand.Target(bad); version != 0 || state != "" {
			t.Errorf("%v names version %d, state %q", bad, version, state)
		}
	}
}
