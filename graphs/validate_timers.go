package graphs

import (
	"slices"
	"time"
)

func (v *validator) checkTimers(s *State, at string) {
	seen := map[string]bool{}
	for i := range s.Timers {
		t, at := &s.Timers[i], entry(at+".timers", i)
		if seen[t.Action] {
			v.fault(at+".action", "state %s: action %q has two timers", s.Name, t.Action)
		}
		seen[t.Action] = true
		if a, ok := s.action(t.Action); !ok {
			v.fault(at+".action", "state %s: timer fires unknown action %q", s.Name, t.Action)
		} else if !a.MayPlay(ActorTimer) {
			v.fault(at+".action", "state %s: action %s has a timer but is not open to timers", s.Name, t.Action)
		}
		if t.Switch != "" && !name.MatchString(t.Switch) {
			v.fault(at+".switch", "state %s: timer %s: switch %q is malformed", s.Name, t.Action, t.Switch)
		}
		if len(t.Any) > 0 {
			v.checkAny(s, t, at)
		} else {
			v.checkSpans(s, t, at)
		}
		if moments := t.Moments(""); !certain(moments) && !asksForBalance(moments) {
			v.fault(at, "state %s: timer %s needs a moment that every booking has", s.Name, t.Action)
		}
	}
}

// asksForBalance reports whether a timer is one for bookings with a balance only: the others are meant not to have it.
func asksForBalance(moments []Moment) bool {
	return !slices.ContainsFunc(moments, func(m Moment) bool { return m.From != fromBalanceDue })
}

// checkAny checks a timer of several moments. It has nothing of the other form.
func (v *validator) checkAny(s *State, t *Timer, at string) {
	if t.From != "" || t.After != 0 || t.Min != 0 || t.Max != 0 || len(t.NoLaterThan) > 0 {
		v.fault(at, "state %s: timer %s has any, so it has no after, from, min, max and no_later_than", s.Name, t.Action)
	}
	for i, m := range t.Any {
		v.checkMoment(s, "timer "+t.Action, m, entry(at+".any", i))
	}
}

// checkSpans checks a timer of one moment, and its bounds. They are whole seconds, since the JSON of a graph has no fractions of them.
func (v *validator) checkSpans(s *State, t *Timer, at string) {
	if !t.From.exists() {
		v.fault(at+".from", "state %s: timer %s counts from unknown moment %q", s.Name, t.Action, string(t.From))
	}
	for i, m := range t.NoLaterThan {
		v.checkMoment(s, "timer "+t.Action, m, entry(at+".no_later_than", i))
	}
	if t.Min < 0 || t.Min > t.After || t.After > t.Max || t.Max > MaxAfter {
		v.fault(at, "state %s: timer %s must lie within its own bounds, and those between PT0S and %s", s.Name, t.Action, MaxAfter)
	}
	for _, d := range []Duration{t.Min, t.After, t.Max} {
		if time.Duration(d)%time.Second != 0 {
			v.fault(at, "state %s: timer %s must be whole seconds", s.Name, t.Action)
			return
		}
	}
}

// checkSwitches requires one switch for all timers of an action, since a booking overrides timers by action.
func (v *validator) checkSwitches() {
	switches := map[string]string{}
	for i, s := range v.g.States {
		for k, t := range s.Timers {
			if known, ok := switches[t.Action]; ok && known != t.Switch {
				v.fault(entry(stateAt(i)+".timers", k)+".switch", "state %s: timer %s has switch %q and elsewhere %q",
					s.Name, t.Action, t.Switch, known)
			}
			switches[t.Action] = t.Switch
		}
	}
}

// checkWindow checks when an action is open. A timer's action has no such bounds: it would be refused, and no timer asks again.
func (v *validator) checkWindow(s *State, a *Action, at string) {
	if len(a.NotBefore)+len(a.Until) > 0 && !a.forPeople() {
		v.fault(at, "state %s: action %s is bound in time, so it is for people only", s.Name, a.Name)
	}
	for i, m := range a.NotBefore {
		v.checkMoment(s, "action "+a.Name, m, entry(at+".not_before", i))
	}
	for i, m := range a.Until {
		v.checkMoment(s, "action "+a.Name, m, entry(at+".until", i))
	}
}

// checkMoment requires whole seconds within MaxAfter, on one side of a known moment. Nothing is before a state was entered.
func (v *validator) checkMoment(s *State, of string, m Moment, at string) {
	if !m.From.exists() || m.After > 0 && m.Before > 0 || m.From == FromEntered && m.Before > 0 {
		v.fault(at, "state %s: %s counts from unknown moment %q, or to both sides of it", s.Name, of, string(m.From))
	}
	for _, d := range []Duration{m.After, m.Before} {
		if !d.within(0, MaxAfter) {
			v.fault(at, "state %s: %s must have whole seconds between PT0S and %s", s.Name, of, MaxAfter)
			return
		}
	}
}

// checkLength requires whole seconds within MaxAfter.
func checkLength(v *validator, at string, d Duration) {
	if !d.within(0, MaxAfter) {
		v.fault(at, "must be whole seconds between PT0S and %s", MaxAfter)
	}
}

// checkNotices requires a timer of the state for every notice, and names that are no states: both are names of events.
func (v *validator) checkNotices(s *State, at string) {
	seen := map[string]bool{}
	for i, n := range s.Notices {
		at := entry(at+".notices", i)
		if !name.MatchString(n.Name) || seen[n.Name] || v.g.HasState(n.Name) {
			v.fault(at+".name", "state %s: notice name %q is malformed, a state's or used twice", s.Name, n.Name)
		}
		seen[n.Name] = true
		if !slices.ContainsFunc(s.Timers, func(t Timer) bool { return t.Action == n.Timer }) {
			v.fault(at+".timer", "state %s: notice %s goes with unknown timer %q", s.Name, n.Name, n.Timer)
		}
		if n.Percent < 1 || n.Percent > 99 {
			v.fault(at+".percent", "state %s: notice %s must come after 1 to 99 percent", s.Name, n.Name)
		}
	}
}

// hasLength reports whether a state has a timer for the action, of which a booking can set the length.
func hasLength(g *Graph, action string) bool {
	return slices.ContainsFunc(g.States, func(s State) bool {
		return slices.ContainsFunc(s.Timers, func(t Timer) bool { return t.Action == action && len(t.Any) == 0 })
	})
}

// hasAction reports whether a state has an action of that name.
func hasAction(g *Graph, name string) bool {
	return slices.ContainsFunc(g.States, func(s State) bool { _, ok := s.action(name); return ok })
}
