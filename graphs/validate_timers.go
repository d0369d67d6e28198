package graphs

import (
	"slices"
	"time"
)

func (v *validator) checkTimers(s *State) {
	seen := map[string]bool{}
	for _, t := range s.Timers {
		if seen[t.Action] {
			v.fault("state %s: action %q has two timers", s.Name, t.Action)
		}
		seen[t.Action] = true
		if a, ok := s.action(t.Action); !ok {
			v.fault("state %s: timer fires unknown action %q", s.Name, t.Action)
		} else if !a.MayPlay(ActorTimer) {
			v.fault("state %s: action %s has a timer but is not open to timers", s.Name, t.Action)
		}
		if t.From != FromEntered && t.From != FromStart && t.From != FromEnd {
			v.fault("state %s: timer %s counts from unknown moment %q", s.Name, t.Action, string(t.From))
		}
		if t.Switch != "" && !name.MatchString(t.Switch) {
			v.fault("state %s: timer %s: switch %q is malformed", s.Name, t.Action, t.Switch)
		}
		for _, m := range t.NoLaterThan {
			v.checkMoment(s, "timer "+t.Action, m)
		}
		v.checkSpans(s, t)
	}
}

// checkSpans checks a timer's bounds. They are whole seconds, since the JSON of a graph has no fractions of them.
func (v *validator) checkSpans(s *State, t Timer) {
	if t.Min < 0 || t.Min > t.After || t.After > t.Max || t.Max > MaxAfter {
		v.fault("state %s: timer %s must lie within its own bounds, and those between PT0S and %s", s.Name, t.Action, MaxAfter)
	}
	for _, d := range []Duration{t.Min, t.After, t.Max} {
		if time.Duration(d)%time.Second != 0 {
			v.fault("state %s: timer %s must be whole seconds", s.Name, t.Action)
			return
		}
	}
}

// checkSwitches requires one switch for all timers of an action, since a booking overrides timers by action.
func (v *validator) checkSwitches() {
	switches := map[string]string{}
	for _, s := range v.g.States {
		for _, t := range s.Timers {
			if known, ok := switches[t.Action]; ok && known != t.Switch {
				v.fault("state %s: timer %s has switch %q and elsewhere %q", s.Name, t.Action, t.Switch, known)
			}
			switches[t.Action] = t.Switch
		}
	}
}

// checkWindow checks when an action is open. A timer's action has no such bounds: it would be refused, and no timer asks again.
func (v *validator) checkWindow(s *State, a *Action) {
	bounds := slices.Concat(a.NotBefore, a.Until)
	if len(bounds) > 0 && (a.MayPlay(ActorTimer) || a.MayPlay(ActorBooking)) {
		v.fault("state %s: action %s is bound in time, so it is for people only", s.Name, a.Name)
	}
	for _, m := range bounds {
		v.checkMoment(s, "action "+a.Name, m)
	}
}

// checkMoment requires whole seconds within MaxAfter, on one side of a known moment. Nothing is before a state was entered.
func (v *validator) checkMoment(s *State, of string, m Moment) {
	known := m.From == FromEntered || m.From == FromStart || m.From == FromEnd
	if !known || m.After > 0 && m.Before > 0 || m.From == FromEntered && m.Before > 0 {
		v.fault("state %s: %s counts from unknown moment %q, or to both sides of it", s.Name, of, string(m.From))
	}
	for _, d := range []Duration{m.After, m.Before} {
		if d < 0 || d > MaxAfter || time.Duration(d)%time.Second != 0 {
			v.fault("state %s: %s must have whole seconds between PT0S and %s", s.Name, of, MaxAfter)
			return
		}
	}
}

// checkNotices requires a timer of the state for every notice, and names that are no states: both are names of events.
func (v *validator) checkNotices(s *State) {
	seen := map[string]bool{}
	for _, n := range s.Notices {
		if !name.MatchString(n.Name) || seen[n.Name] || v.g.HasState(n.Name) {
			v.fault("state %s: notice name %q is malformed, a state's or used twice", s.Name, n.Name)
		}
		seen[n.Name] = true
		if !slices.ContainsFunc(s.Timers, func(t Timer) bool { return t.Action == n.Timer }) {
			v.fault("state %s: notice %s goes with unknown timer %q", s.Name, n.Name, n.Timer)
		}
		if n.Percent < 1 || n.Percent > 99 {
			v.fault("state %s: notice %s must come after 1 to 99 percent", s.Name, n.Name)
		}
	}
}
