package graphs

import (
	"fmt"
	"maps"
	"slices"
	"sort"
	"time"
)

// Off is the override that turns a timer off.
const Off = "off"

// Overrides maps names of actions to a booking's own values for their timers: an ISO 8601 duration ("PT3S"), or Off.
type Overrides map[string]string

// With returns a copy in which the timer of action is after.
func (o Overrides) With(action, after string) Overrides {
	copied := maps.Clone(o)
	if copied == nil {
		copied = Overrides{}
	}
	copied[action] = after
	return copied
}

// Times are the moments that a booking's timers are counted from.
type Times struct {
	Entered time.Time
	Start   time.Time
	End     time.Time
}

// Deadline is the moment at which a timer plays its action, or at which a notice is published.
type Deadline struct {
	Action string // or the notice's name
	At     time.Time
}

// CheckOverrides returns what is wrong with overrides, by name of the action; nil if nothing is. An override is wrong if the graph has
// no timer for its action, if it is no duration, or if it lies outside the timer's bounds.
func (g *Graph) CheckOverrides(overrides Overrides) map[string]string {
	var wrong map[string]string
	for action, text := range overrides {
		if problem := g.checkOverride(action, text); problem != "" {
			if wrong == nil {
				wrong = map[string]string{}
			}
			wrong[action] = problem
		}
	}
	return wrong
}

// checkOverride returns what is wrong with one override; empty if nothing is.
func (g *Graph) checkOverride(action, text string) string {
	found := false
	for i := range g.States {
		for _, t := range g.States[i].Timers {
			if t.Action != action {
				continue
			}
			found = true
			if text == Off {
				if t.Switch == "" {
					return "cannot be turned off"
				}
				continue
			}
			d, err := ParseDuration(text)
			if err != nil {
				return "must be an ISO 8601 duration such as PT5M"
			}
			if d < t.Min || d > t.Max {
				return fmt.Sprintf("must lie between %s and %s", t.Min, t.Max)
			}
		}
	}
	if !found {
		return fmt.Sprintf("graph %s has no timer for this action", g.Name)
	}
	return ""
}

// Deadlines returns when the timers of a state fire, the earliest first. Timers that fire at one moment keep the graph's order. An
// override that does not parse is ignored, since CheckOverrides refuses it.
func (g *Graph) Deadlines(state string, times Times, overrides Overrides) []Deadline {
	s, ok := g.State(state)
	if !ok {
		return nil
	}
	var deadlines []Deadline
	for _, t := range s.Timers {
		after := t.After
		if text, ok := overrides[t.Action]; ok {
			if text == Off {
				continue
			}
			if d, err := ParseDuration(text); err == nil {
				after = d
			}
		}
		at := t.From.moment(times).Add(time.Duration(after))
		if last, ok := earliest(t.NoLaterThan, times); ok && last.Before(at) {
			at = last
		}
		deadlines = append(deadlines, Deadline{t.Action, at})
	}
	sort.SliceStable(deadlines, func(i, j int) bool { return deadlines[i].At.Before(deadlines[j].At) })
	return deadlines
}

// Switches maps the actions of timers that can be turned off to the booking setting that does it.
func (g *Graph) Switches() map[string]string {
	switches := map[string]string{}
	for i := range g.States {
		for _, t := range g.States[i].Timers {
			if t.Switch != "" {
				switches[t.Action] = t.Switch
			}
		}
	}
	return switches
}

// hasTimer reports whether any state has a timer for the action.
func (g *Graph) hasTimer(action string) bool {
	for i := range g.States {
		if slices.ContainsFunc(g.States[i].Timers, func(t Timer) bool { return t.Action == action }) {
			return true
		}
	}
	return false
}

// moment returns the moment that f stands for.
func (f From) moment(times Times) time.Time {
	switch f {
	case FromStart:
		return times.Start
	case FromEnd:
		return times.End
	default:
		return times.Entered
	}
}
