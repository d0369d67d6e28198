package graphs

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// Upper bounds on the size of a graph. Every booking's workflow carries its graph, and every request reads it.
const (
	MaxStates      = 64
	MaxActions     = 32  // per state
	MaxArrows      = 256 // actions of all states together
	MaxTimers      = 8   // per state
	MaxInputs      = 8   // per action
	MaxDescription = 500 // characters
	MaxAfter       = Duration(3650 * 24 * time.Hour)
)

// shown is how many bytes of a text a fault repeats.
const shown = 80

var name = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)

// Validate returns all faults of a graph as one joined error; nil for a valid graph. Of a graph that exceeds a size, it returns the
// faults of size only. In a valid graph names are unique, every state but ErrorState can be reached from the initial state, a final
// state can be reached from every state, every timer has its action, timers alone form no cycle, and ErrorState has no actions in or out.
func (g *Graph) Validate() error {
	v := validator{g: g}
	if v.checkSizes(); v.faults == nil {
		v.checkHead()
		v.checkError()
		v.checkStates()
		v.checkSwitches()
		v.checkPaths()
	}
	return errors.Join(v.faults...)
}

type validator struct {
	g      *Graph
	faults []error
}

// fault records one fault. Arguments that are texts are truncated to 80 bytes.
func (v *validator) fault(format string, args ...any) {
	for i, arg := range args {
		if text, ok := arg.(string); ok && len(text) > shown {
			args[i] = strings.ToValidUTF8(text[:shown], "") + "…"
		}
	}
	v.faults = append(v.faults, fmt.Errorf(format, args...))
}

func (v *validator) checkSizes() {
	if n := utf8.RuneCountInString(v.g.Description); n > MaxDescription {
		v.fault("description has %d characters, at most %d are allowed", n, MaxDescription)
	}
	if n := len(v.g.States); n > MaxStates {
		v.fault("graph has %d states, at most %d are allowed", n, MaxStates)
		return
	}
	arrows := 0
	for _, s := range v.g.States {
		arrows += len(s.Actions)
		if n := len(s.Actions); n > MaxActions {
			v.fault("state %s: has %d actions, at most %d are allowed", s.Name, n, MaxActions)
			continue
		}
		if n := len(s.Timers); n > MaxTimers {
			v.fault("state %s: has %d timers, at most %d are allowed", s.Name, n, MaxTimers)
		}
		for _, a := range s.Actions {
			if n := len(a.Inputs); n > MaxInputs {
				v.fault("state %s: action %s has %d inputs, at most %d are allowed", s.Name, a.Name, n, MaxInputs)
			}
		}
	}
	if arrows > MaxArrows {
		v.fault("graph has %d actions, at most %d are allowed", arrows, MaxArrows)
	}
}

func (v *validator) checkHead() {
	if !name.MatchString(v.g.Name) {
		v.fault("graph name %q must be lower-case letters, digits and underscores", v.g.Name)
	}
	if v.g.Version < 1 {
		v.fault("graph %s: version must be at least 1", v.g.Name)
	}
	initial, ok := v.g.State(v.g.Initial)
	if !ok {
		v.fault("initial state %q does not exist", v.g.Initial)
		return
	}
	if start, ok := initial.action(v.g.Start); !ok {
		v.fault("start action %q is not an action of the initial state", v.g.Start)
	} else if !start.MayPlay(ActorAPI) {
		v.fault("start action %q is not open to %s, which plays it", v.g.Start, ActorAPI)
	}
	if initial.Holds != HoldsNothing || initial.Final {
		v.fault("initial state %q must hold nothing and not be final", v.g.Initial)
	}
}

func (v *validator) checkError() {
	s, ok := v.g.State(ErrorState)
	if !ok {
		v.fault("state %q is missing", ErrorState)
	} else if !s.Final {
		v.fault("state %s: must be final", ErrorState)
	}
}

func (v *validator) checkStates() {
	seen := map[string]bool{}
	for i := range v.g.States {
		s := &v.g.States[i]
		if !name.MatchString(s.Name) || seen[s.Name] {
			v.fault("state name %q is malformed or used twice", s.Name)
		}
		seen[s.Name] = true
		if s.Holds != HoldsNothing && s.Holds != HoldsSlot && s.Holds != HoldsSeat {
			v.fault("state %s: unknown holds %q", s.Name, string(s.Holds))
		}
		if s.Final != (len(s.Actions) == 0) {
			v.fault("state %s: a state is final exactly when it has no action", s.Name)
		}
		if s.Final && s.Holds != HoldsNothing {
			v.fault("state %s: a final state holds nothing", s.Name)
		}
		v.checkActions(s)
		v.checkTimers(s)
	}
}

func (v *validator) checkActions(s *State) {
	seen := map[string]bool{}
	for i := range s.Actions {
		a := &s.Actions[i]
		if !name.MatchString(a.Name) || seen[a.Name] {
			v.fault("state %s: action name %q is malformed or used twice", s.Name, a.Name)
		}
		seen[a.Name] = true
		v.checkActors(s, a)
		v.checkInputs(s, a)
		v.checkTarget(s, a)
	}
}

func (v *validator) checkActors(s *State, a *Action) {
	if len(a.By) == 0 {
		v.fault("state %s: action %s is open to nobody", s.Name, a.Name)
	}
	seen := map[Actor]bool{}
	for _, by := range a.By {
		if !knownActor(by) || seen[by] {
			v.fault("state %s: action %s names unknown actor %q, or names it twice", s.Name, a.Name, string(by))
			return
		}
		seen[by] = true
	}
}

func (v *validator) checkInputs(s *State, a *Action) {
	seen := map[Input]bool{}
	for _, in := range a.Inputs {
		if !name.MatchString(in.Step) || !name.MatchString(in.Field) || seen[in] {
			v.fault("state %s: action %s: input %q.%q is malformed or used twice", s.Name, a.Name, in.Step, in.Field)
		}
		if in.Timer != "" && !v.g.hasTimer(in.Timer) {
			v.fault("state %s: action %s: input %q sets timer %q, which does not exist", s.Name, a.Name, in.Step, in.Timer)
		}
		seen[in] = true
	}
}

func (v *validator) checkTarget(s *State, a *Action) {
	if a.To == ErrorState {
		v.fault("state %s: action %s leads to %q, which no action may", s.Name, a.Name, ErrorState)
	}
	to, ok := v.g.State(a.To)
	if !ok {
		v.fault("state %s: action %s leads to unknown state %q", s.Name, a.Name, a.To)
		return
	}
	takes := to.Holds != HoldsNothing && to.Holds != s.Holds
	if takes != (a.OnConflict == ConflictRefuse) || (!takes && a.OnConflict != "") {
		v.fault("state %s: action %s needs on_conflict %q exactly when it takes time or a seat", s.Name, a.Name, ConflictRefuse)
	}
}

func knownActor(a Actor) bool {
	switch a {
	case ActorAPI, ActorOwnerLink, ActorCustomerLink, ActorPayment, ActorTimer, ActorBooking:
		return true
	}
	return false
}
