package webhooks

import (
	"encoding/json"
	"slices"
	"strings"

	"holdfast/graphs"
	"holdfast/internal/fault"
	"holdfast/internal/outbox"
	"holdfast/internal/tenant"
)

// maxFilter is how many values a filter may have.
const maxFilter = 100

// webhookFilters is what of a webhook's body says which events it receives. Timekit has a graph and a state; the
// lists mean the same with several values.
type webhookFilters struct {
	Graph      *string         `json:"graph"`
	State      *string         `json:"state"`
	Graphs     []string        `json:"graphs"`
	States     []string        `json:"states"`
	EventTypes []string        `json:"event_types"`
	Projects   json.RawMessage `json:"projects"`
	Services   json.RawMessage `json:"services"`
}

func (in *webhookFilters) apply(e *outbox.Endpoint, known *tenant.Graphs, problems fault.Problems) {
	in.choose("graph", in.Graph, in.Graphs, &e.Graphs, problems)
	in.choose("state", in.State, in.States, &e.States, problems)
	in.choose("event_type", nil, in.EventTypes, &e.EventTypes, problems)
	for _, graph := range e.Graphs {
		if !known.Has(graph) {
			problems.Add(field("graph", in.Graph), "%q is not a graph of this server", graph)
		}
	}
	for _, state := range e.States {
		if !knownState(known, e.Graphs, state) {
			problems.Add(field("state", in.State), "%q is not a state of that graph", state)
		}
	}
	checkEventTypes(e.EventTypes, "event_types", known, problems)
}

// choose writes a filter that the body names, by its one value or by its list. Both are fine where they say the same, as
// they do in every answer of ours.
func (in *webhookFilters) choose(name string, one *string, many []string, target *[]string, problems fault.Problems) {
	value := ""
	if one != nil {
		value = strings.TrimSpace(*one)
	}
	switch {
	case many != nil:
		*target = distinct(many)
		if value != "" && value != single(*target) {
			problems.Add(name, "says something else than %ss", name)
		}
	case value != "":
		*target = []string{value}
	case one != nil:
		*target = nil
	}
	if len(*target) > maxFilter {
		problems.Add(name+"s", "must not be more than %d", maxFilter)
		*target = nil
	}
}

// field is the name under which the body has a filter.
func field(name string, one *string) string {
	if one != nil && *one != "" {
		return name
	}
	return name + "s"
}

// distinct drops repetitions and keeps the order.
func distinct(values []string) []string {
	once := []string{}
	for _, v := range values {
		if v = strings.TrimSpace(v); !slices.Contains(once, v) {
			once = append(once, v)
		}
	}
	return once
}

// single is the value of a filter that has one.
func single(values []string) string {
	if len(values) == 1 {
		return values[0]
	}
	return ""
}

// knownState reports whether one of the graphs, or any when none is named, has such a state.
func knownState(known *tenant.Graphs, names []string, state string) bool {
	return slices.ContainsFunc(known.All(), func(g *graphs.Graph) bool {
		return (len(names) == 0 || slices.Contains(names, g.Name)) && g.HasState(state)
	})
}
