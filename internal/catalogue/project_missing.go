package catalogue

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/google/uuid"

	"holdfast/internal/requires"
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
// fills them in: "resources" (it has none, or none is left), or "requires" (too few are left for what its bookings take
// together, or there are too many), and "availability" (neither availability nor
// availability_constraints says anything). It is empty when the project offers. A project of a group graph needs neither:
// its sessions say when they are, and with whom.
func (p *Project) Missing() []string {
	missing := []string{}
	if strings.HasPrefix(p.GraphName(), "group_") {
		return missing
	}
	switch {
	case p.Requires != nil && !p.CanBeMet(func(requires.Choice) bool { return true }):
		missing = append(missing, "requires")
	case p.Requires == nil && len(p.Resources) == 0:
		missing = append(missing, "resources")
	}
	if emptyJSON(p.Availability) && emptyJSON(p.Constraints) {
		missing = append(missing, "availability")
	}
	return missing
}

// CanBeMet reports whether those choices that count are enough for all that a booking through the project requires.
func (p *Project) CanBeMet(counts func(requires.Choice) bool) bool {
	some := slices.DeleteFunc(slices.Clone(p.Choices), func(c requires.Choice) bool { return !counts(c) })
	places := p.Requires.Places(some)
	_, missing := requires.Choose(places, func(int, uuid.UUID) bool { return true })
	return len(missing) == 0 && len(requires.Resources(places)) <= requires.MaxResources
}

// Hosts returns the resources that times of the project are offered with, in order of priority: its own, or those that can have the first
// part of what it requires.
func (p *Project) Hosts() []uuid.UUID {
	if p.Requires == nil {
		return p.Resources
	}
	return p.Requires.Places(p.Choices)[0].From
}

// emptyJSON reports whether a list or an object has nothing in it.
func emptyJSON(raw json.RawMessage) bool {
	text := bytes.TrimSpace(raw)
	if len(text) < 2 {
		return true
	}
	return string(text) == "null" || len(bytes.TrimSpace(text[1:len(text)-1])) == 0
}
