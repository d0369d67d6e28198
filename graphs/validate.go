package graphs

import (
	"regexp"
	"slices"
	"time"
	"unicode/utf8"
)

// Upper bounds on the size of a graph. Every booking's workflow carries its graph, and every request reads it.
const (
	MaxStates      = 64
	MaxActions     = 32  // per state
	MaxArrows      = 256 // actions of all states together
	MaxTimers      = 8   // per state
	maxNotices     = 8   // per state
	MaxInputs      = 8   // per action
	maxMoments     = 4   // of a timer or an action
	maxGuards      = 8   // per action
	MaxDescription = 500 // characters
	MaxAfter       = Duration(3650 * 24 * time.Hour)
)

var name = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)

func (v *validator) checkSizes() {
	if n := utf8.RuneCountInString(v.g.Description); n > MaxDescription {
		v.fault("description", "description has %d characters, at most %d are allowed", n, MaxDescription)
	}
	if n := len(v.g.States); n > MaxStates {
		v.fault("states", "graph has %d states, at most %d are allowed", n, MaxStates)
		return
	}
	arrows := 0
	for i := range v.g.States {
		s, at := &v.g.States[i], stateAt(i)
		arrows += len(s.Actions)
		if n := len(s.Actions); n > MaxActions {
			v.fault(at+".actions", "state %s: has %d actions, at most %d are allowed", s.Name, n, MaxActions)
			continue
		}
		if n := len(s.Timers); n > MaxTimers {
			v.fault(at+".timers", "state %s: has %d timers, at most %d are allowed", s.Name, n, MaxTimers)
		}
		if n := len(s.Notices); n > maxNotices {
			v.fault(at+".notices", "state %s: has %d notices, at most %d are allowed", s.Name, n, maxNotices)
		}
		v.checkActionSizes(s, at)
	}
	if arrows > MaxArrows {
		v.fault("states", "graph has %d actions, at most %d are allowed", arrows, MaxArrows)
	}
}

func (v *validator) checkActionSizes(s *State, at string) {
	for i := range s.Actions {
		a, at := &s.Actions[i], entry(at+".actions", i)
		for _, list := range []struct {
			field, what string
			n, most     int
		}{
			{"inputs", "inputs", len(a.Inputs), MaxInputs},
			{"not_before", "moments", len(a.NotBefore), maxMoments},
			{"until", "moments", len(a.Until), maxMoments},
			{"when", "guards", len(a.When), maxGuards},
			{"effects", "effects", len(a.Effects), MaxEffects},
		} {
			if list.n > list.most {
				v.fault(at+"."+list.field, "state %s: action %s has %d %s, at most %d are allowed", s.Name, a.Name, list.n, list.what, list.most)
			}
		}
	}
	for i, t := range s.Timers {
		at := entry(at+".timers", i)
		for _, list := range []struct {
			field string
			n     int
		}{{"no_later_than", len(t.NoLaterThan)}, {"any", len(t.Any)}} {
			if list.n > maxMoments {
				v.fault(at+"."+list.field, "state %s: timer %s has %d moments, at most %d are allowed", s.Name, t.Action, list.n, maxMoments)
			}
		}
	}
}

func (v *validator) checkHead() {
	if !name.MatchString(v.g.Name) {
		v.fault("name", "graph name %q must be lower-case letters, digits and underscores", v.g.Name)
	}
	if v.g.Version < 1 {
		v.fault("version", "graph %s: version must be at least 1", v.g.Name)
	}
	initial, ok := v.g.State(v.g.Initial)
	if !ok {
		v.fault("initial", "initial state %q does not exist", v.g.Initial)
		return
	}
	if start, ok := initial.action(v.g.Start); !ok {
		v.fault("start", "start action %q is not an action of the initial state", v.g.Start)
	} else if !start.MayPlay(ActorAPI) {
		v.fault("start", "start action %q is not open to %s, which plays it", v.g.Start, ActorAPI)
	}
	if initial.Holds != HoldsNothing || initial.Final {
		v.fault("initial", "initial state %q must hold nothing and not be final", v.g.Initial)
	}
}

func (v *validator) checkError() {
	i := slices.IndexFunc(v.g.States, func(s State) bool { return s.Name == ErrorState })
	if i < 0 {
		v.fault("states", "state %q is missing", ErrorState)
		return
	}
	if s := v.g.States[i]; !s.Final {
		v.fault(stateAt(i)+".final", "state %s: must be final", ErrorState)
	} else if len(s.Actions) > 0 {
		v.fault(stateAt(i)+".actions", "state %s: must not have actions", ErrorState)
	}
}

func (v *validator) checkStates() {
	seen := map[string]bool{}
	for i := range v.g.States {
		s, at := &v.g.States[i], stateAt(i)
		if !name.MatchString(s.Name) || seen[s.Name] || s.Name == Previous || s.Name == ConflictRefuse {
			v.fault(at+".name", "state name %q is malformed, reserved or used twice", s.Name)
		}
		seen[s.Name] = true
		v.checkHolds(s, at)
		if len(s.Actions) == 0 && !s.Final {
			v.fault(at, "state %s: a state without actions is final", s.Name)
		}
		v.checkActions(s, at)
		v.checkTimers(s, at)
		v.checkNotices(s, at)
		if s.Final {
			v.checkFinal(s, at)
		}
	}
}

// checkHolds also keeps states apart that keep what was held: what they hold is known only from the record, so no action may lead from
// one to another state than the one before, nor from one to the next.
func (v *validator) checkHolds(s *State, at string) {
	switch s.Holds {
	case HoldsNothing, HoldsSlot, HoldsSeat:
		return
	case HoldsKept:
	default:
		v.fault(at+".holds", "state %s: unknown holds %q", s.Name, string(s.Holds))
		return
	}
	for i := range s.Actions {
		if s.Actions[i].To != Previous {
			v.fault(entry(at+".actions", i)+".to", "state %s: action %s must lead to %q, since the state keeps what was held before",
				s.Name, s.Actions[i].Name, Previous)
		}
	}
}

// checkFinal checks a final state. Nothing happens there by itself, and what people can still do ends.
func (v *validator) checkFinal(s *State, at string) {
	if s.Holds != HoldsNothing && s.Holds != HoldsKept {
		v.fault(at+".holds", "state %s: a final state holds nothing, or what was held before", s.Name)
	}
	if len(s.Timers) > 0 || len(s.Notices) > 0 {
		v.fault(at, "state %s: a final state has no timers and no notices", s.Name)
	}
	for i := range s.Actions {
		a := &s.Actions[i]
		if !certain(a.Until) || !a.forPeople() {
			v.fault(entry(at+".actions", i), "state %s: action %s of a final state must end at some moment, and is for people only", s.Name, a.Name)
		}
	}
}
