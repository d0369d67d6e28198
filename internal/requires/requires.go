// Package requires holds which resources one booking takes together: a doctor, two nurses of a list, a room of a pool. It is data, and
// the functions are pure: which resources there are, and which of them are free, are arguments.
package requires

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/fault"
	"holdfast/internal/zones"
)

// Requires lists the parts of a booking. All of them are taken, or none.
type Requires struct {
	AllOf []Part `json:"all_of"`
}

// Part is one part of a booking. Exactly one of Resource, AnyOf and Pool says which resources can have it.
type Part struct {
	Resource string `json:"resource,omitempty"` // the id of one resource
	AnyOf    *AnyOf `json:"any_of,omitempty"`
	Pool     string `json:"pool,omitempty"` // the id of a project: one of its resources
	Role     string `json:"role,omitempty"`
	Offset   *Span  `json:"offset,omitempty"` // from the booking's start to the part's; nil is none
	Length   *Span  `json:"length,omitempty"` // of the part; nil until the booking's end
}

// AnyOf is so many of a list of resources.
type AnyOf struct {
	N    int      `json:"n,omitempty"` // 0 is 1
	From []string `json:"from"`
}

// The bounds. They keep a choice, and what is loaded for it, small.
const (
	MaxParts     = 8  // each of an any_of counted
	MaxResources = 20 // that can have any part, each once
	maxRole      = 60
	maxReach     = 24 * time.Hour // of an offset and a length
)

// Span is a length of time by the clock in whole minutes, as ISO 8601 text. One below zero begins with a minus.
type Span time.Duration //nolint:recvcheck // nil is a span of nothing, and is written by its value

// Of returns the span; 0 for nil.
func (s *Span) Of() time.Duration {
	if s == nil {
		return 0
	}
	return time.Duration(*s)
}

// MarshalJSON writes ISO 8601 in hours and minutes.
func (s Span) MarshalJSON() ([]byte, error) {
	d, text := time.Duration(s), ""
	if d < 0 {
		d, text = -d, "-"
	}
	text += "PT"
	if h := int(d / time.Hour); h > 0 {
		text += fmt.Sprintf("%dH", h)
	}
	if m := int(d % time.Hour / time.Minute); m > 0 || d < time.Hour {
		text += fmt.Sprintf("%dM", m)
	}
	return json.Marshal(text)
}

var errSpan = errors.New(`must be a length of time by the clock, in whole minutes, such as "PT15M" or "-PT15M", of a day at most`)

// UnmarshalJSON reads ISO 8601, with a minus before it for what comes earlier.
func (s *Span) UnmarshalJSON(raw []byte) error {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return errSpan
	}
	plain, negative := strings.CutPrefix(text, "-")
	parsed, err := zones.ParseSpan(plain)
	length, fixed := parsed.Duration()
	if err != nil || !fixed || parsed.Days() > 0 || length%time.Minute != 0 || length > maxReach {
		return errSpan
	}
	if negative {
		length = -length
	}
	*s = Span(length)
	return nil
}

// Check adds what is wrong to the problems, under the name of the field. Ids are those of resources and projects that the app has or
// not: the record says that.
func (r *Requires) Check(field string, problems fault.Problems) {
	if len(r.AllOf) == 0 {
		problems.Add(field+".all_of", "must list the parts of a booking")
		return
	}
	all, places := map[string]bool{}, 0
	for i := range r.AllOf {
		p, name := &r.AllOf[i], fmt.Sprintf("%s.all_of.%d", field, i)
		p.check(name, problems)
		if i == 0 && (p.Offset != nil || p.Length != nil) {
			problems.Add(name, "is the booking's own time: only later parts have an offset or a length")
		}
		places += p.count()
		for _, id := range p.named() {
			all[id] = true
		}
	}
	if places > MaxParts {
		problems.Add(field, "must not have more than %d parts, each of an any_of counted", MaxParts)
	}
	if len(all) > MaxResources {
		problems.Add(field, "must not name more than %d resources", MaxResources)
	}
}

func (p *Part) check(name string, problems fault.Problems) {
	ways := 0
	for _, way := range []bool{p.Resource != "", p.AnyOf != nil, p.Pool != ""} {
		if way {
			ways++
		}
	}
	if ways != 1 {
		problems.Add(name, "must have exactly one of resource, any_of and pool")
	}
	if len([]rune(p.Role)) > maxRole {
		problems.Add(name+".role", "must not be longer than %d characters", maxRole)
	}
	if p.Length != nil && p.Length.Of() <= 0 {
		problems.Add(name+".length", "must be longer than nothing")
	}
	for field, id := range map[string]string{"resource": p.Resource, "pool": p.Pool} {
		if _, err := uuid.Parse(id); id != "" && err != nil {
			problems.Add(name+"."+field, "must be a UUID")
		}
	}
	if p.AnyOf != nil {
		p.AnyOf.check(name+".any_of", problems)
	}
}

func (a *AnyOf) check(name string, problems fault.Problems) {
	seen := map[string]bool{}
	for _, id := range a.From {
		if _, err := uuid.Parse(id); err != nil || seen[strings.ToLower(id)] {
			problems.Add(name+".from", "must be UUIDs, each once")
			break
		}
		seen[strings.ToLower(id)] = true
	}
	if a.N < 0 || a.N > MaxParts || len(a.From) < max(a.N, 1) {
		problems.Add(name, "must choose n from at least as many resources, n from 1 to %d", MaxParts)
	}
}

// count is how many resources the part takes.
func (p *Part) count() int {
	if p.AnyOf != nil {
		return max(p.AnyOf.N, 1)
	}
	return 1
}

// named are the ids of the resources that the part names.
func (p *Part) named() []string {
	switch {
	case p.AnyOf != nil:
		return p.AnyOf.From
	case p.Resource != "":
		return []string{p.Resource}
	}
	return nil
}

// IDs are those of the resources and of the pools that the parts name. Those that are no UUIDs are left out: see Check.
func (r *Requires) IDs() (resources, pools []uuid.UUID) {
	for i := range r.AllOf {
		for _, text := range r.AllOf[i].named() {
			if id, err := uuid.Parse(text); err == nil {
				resources = append(resources, id)
			}
		}
		if id, err := uuid.Parse(r.AllOf[i].Pool); err == nil {
			pools = append(pools, id)
		}
	}
	return resources, pools
}
