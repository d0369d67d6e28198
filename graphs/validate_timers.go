package graphs

import "time"

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
