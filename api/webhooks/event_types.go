package webhooks

import (
	"net/http"
	"slices"
	"strings"

	"holdfast/api/edge"
	"holdfast/internal/fault"
	"holdfast/internal/payload"
	"holdfast/internal/tenant"
)

func listEventTypes(k *edge.Call) error {
	return k.Answer(http.StatusOK, payload.EventTypes(k.App.Graphs))
}

// checkEventTypes requires each name to be in the catalogue, or a family of it with a "*" behind the dot.
func checkEventTypes(names []string, field string, own *tenant.Graphs, problems fault.Problems) {
	known := payload.EventTypes(own)
	for _, name := range names {
		if !slices.ContainsFunc(known, func(e payload.EventType) bool {
			family, _, _ := strings.Cut(e.Name, ".")
			return name == e.Name || name == family+".*"
		}) {
			problems.Add(field, "has %q, which is none of GET /v2/webhooks/event_types", name)
		}
	}
}
