package catalogue

import (
	"bytes"
	"cmp"
	"encoding/json"
	"strings"
)

// DefaultGraph is the graph of a project's bookings when the project names none.
const DefaultGraph = "instant"

// GraphName returns the graph that bookings through the project walk.
func (p *Project) GraphName() string {
	var defaults struct {
		Graph string `json:"graph"`
	}
	_ = json.Unmarshal(p.Booking, &defaults) // checked when it was written
	return cmp.Or(defaults.Graph, DefaultGraph)
}

// Missing returns the fields a project still lacks before any of its times can be offered, in the order in which an owner
// fills them in: "resources" (it has none, or none is left) and "availability" (neither availability nor
// availability_constraints says anything). It is empty when the project offers. A project of a group graph needs neither:
// its sessions say when they are, and with whom.
func (p *Project) Missing() []string {
	missing := []string{}
	if strings.HasPrefix(p.GraphName(), "group_") {
		return missing
	}
	if len(p.Resources) == 0 {
		missing = append(missing, "resources")
	}
	if emptyJSON(p.Availability) && emptyJSON(p.Constraints) {
		missing = append(missing, "availability")
	}
	return missing
}

// emptyJSON reports whether a list or an object has nothing in it.
func emptyJSON(raw json.RawMessage) bool {
	text := bytes.TrimSpace(raw)
	if len(text) < 2 {
		return true
	}
	return string(text) == "null" || len(bytes.TrimSpace(text[1:len(text)-1])) == 0
}
