package graphs

import (
	"encoding/json"
	"fmt"
	"maps"
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
	// CancelUntil and MoveUntil are the deadlines of the booking's policy for its customer; zero for none.
	CancelUntil time.Time
	MoveUntil   time.Time
	// BalanceDue is when the rest of the price is to be asked for; zero where there is none, or nothing says when.
	BalanceDue time.Time
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
		if problem := checkOverride(g, action, text); problem != "" {
			if wrong == nil {
				wrong = map[string]string{}
			}
			wrong[action] = problem
		}
	}
	return wrong
}

// checkOverride returns what is wrong with one override; empty if nothing is.
func checkOverride(g *Graph, action, text string) string {
	found, settable := false, text == Off
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
			if len(t.Any) > 0 {
				continue
			}
			settable = true
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
	if !settable {
		return "has no length that a booking can set"
	}
	return ""
}

// Moments returns the moments of which the timer fires at the earliest, for a booking with an override of it; empty for none. One that
// does not parse is ignored, since CheckOverrides refuses it, and so is one of a timer of Any.
func (t Timer) Moments(override string) []Moment {
	if len(t.Any) > 0 {
		return t.Any
	}
	after := t.After
	if d, err := ParseDuration(override); err == nil {
		after = d
	}
	return append([]Moment{{From: t.From, After: after}}, t.NoLaterThan...)
}

// MarshalJSON writes the fields of the timer's form.
func (t Timer) MarshalJSON() ([]byte, error) {
	type fields Timer
	if len(t.Any) == 0 {
		return json.Marshal(fields(t))
	}
	return json.Marshal(struct {
		Action string   `json:"action"`
		Any    []Moment `json:"any"`
		Switch string   `json:"switch,omitempty"`
	}{t.Action, t.Any, t.Switch})
}

// Deadlines returns when the timers of a state fire, the earliest first. Timers that fire at one moment keep the graph's order. A timer
// without any moment that the booking has is left out.
func (g *Graph) Deadlines(state string, times Times, overrides Overrides) []Deadline {
	s, ok := g.State(state)
	if !ok {
		return nil
	}
	var deadlines []Deadline
	for i := range s.Timers {
		t := &s.Timers[i]
		override := overrides[t.Action]
		if override == Off {
			continue
		}
		if at, ok := earliest(t.Moments(override), times); ok {
			deadlines = append(deadlines, Deadline{t.Action, at})
		}
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

// at returns the moment that f stands for; false if a booking with these times does not have it.
func (f From) at(times Times) (time.Time, bool) {
	switch f {
	case FromStart:
		return times.Start, true
	case FromEnd:
		return times.End, true
	case FromCancelUntil:
		return times.CancelUntil, !times.CancelUntil.IsZero()
	case FromMoveUntil:
		return times.MoveUntil, !times.MoveUntil.IsZero()
	case fromBalanceDue:
		return times.BalanceDue, !times.BalanceDue.IsZero()
	default:
		return times.Entered, true
	}
}

// certain reports whether every booking has the moment.
func (f From) certain() bool { return f == FromEntered || f == FromStart || f == FromEnd }

// exists reports whether the format has the moment.
func (f From) exists() bool {
	return f.certain() || f == FromCancelUntil || f == FromMoveUntil || f == fromBalanceDue
}
