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
	maxNotices     = 8   // per state
	MaxInputs      = 8   // per action
	maxMoments     = 4   // of a timer or an action
	MaxDescription = 500 // characters
	MaxAfter       = Duration(3650 * 24 * time.Hour)
)

// shown is how many bytes of a text a fault repeats.
const shown = 80

var name = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)

// Validate returns all faults of a graph as one joined error; nil for a valid graph. Of a graph that exceeds a size, it returns the
// faults of size only. In a valid graph names are unique, every state but ErrorState can be reached from the initial state, a final
// state can be reached from every state, every timer has its action, timers alone form no cycle, the actions of final states end at some
// moment, and ErrorState has no actions in or out.
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
		if n := len(s.Notices); n > maxNotices {
			v.fault("state %s: has %d notices, at most %d are allowed", s.Name, n, maxNotices)
		}
		v.checkActionSizes(s)
	}
	if arrows > MaxArrows {
		v.fault("graph has %d actions, at most %d are allowed", arrows, MaxArrows)
	}
}

func (v *validator) checkActionSizes(s State) {
	for _, a := range s.Actions {
		if n := len(a.Inputs); n > MaxInputs {
			v.fault("state %s: action %s has %d inputs, at most %d are allowed", s.Name, a.Name, n, MaxInputs)
		}
		if n := max(len(a.NotBefore), len(a.Until)); n > maxMoments {
			v.fault("state %s: action %s has %d moments, at most %d are allowed", s.Name, a.Name, n, maxMoments)
		}
	}
	for _, t := range s.Timers {
		if n := len(t.NoLaterThan); n > maxMoments {
			v.fault("state %s: timer %s has %d moments, at most %d are allowed", s.Name, t.Action, n, maxMoments)
		}
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
	switch s, ok := v.g.State(ErrorState); {
	case !ok:
		v.fault("state %q is missing", ErrorState)
	case !s.Final:
		v.fault("state %s: must be final", ErrorState)
	case len(s.Actions) > 0:
		v.fault("state %s: must not have actions", ErrorState)
	}
}

func (v *validator) checkStates() {
	seen := map[string]bool{}
	for i := range v.g.States {
		s := &v.g.States[i]
		if !name.MatchString(s.Name) || seen[s.Name] || s.Name == Previous {
			v.fault("state name %q is malformed, reserved or used twice", s.Name)
		}
		seen[s.Name] = true
		v.checkHolds(s)
		if len(s.Actions) == 0 && !s.Final {
			v.fault("state %s: a state without actions is final", s.Name)
		}
		v.checkActions(s)
		v.checkTimers(s)
		v.checkNotices(s)
		if s.Final {
			v.checkFinal(s)
		}
	}
}

// checkHolds also keeps states apart that keep what was held: what they hold is known only from the record, so no action may lead from
// one to another state than the one before, nor from one to the next.
func (v *validator) checkHolds(s *State) {
	switch s.Holds {
	case HoldsNothing, HoldsSlot, HoldsSeat:
		return
	case HoldsKept:
	default:
		v.fault("state %s: unknown holds %q", s.Name, string(s.Holds))
		return
	}
	for i := range s.Actions {
		if s.Actions[i].To != Previous {
			v.fault("state %s: action %s must lead to %q, since the state keeps what was held before", s.Name, s.Actions[i].Name, Previous)
		}
	}
}

// checkFinal checks a final state. Nothing happens there by itself, and what people can still do ends.
func (v *validator) checkFinal(s *State) {
	if s.Holds != HoldsNothing && s.Holds != HoldsKept {
		v.fault("state %s: a final state holds nothing, or what was held before", s.Name)
	}
	if len(s.Timers) > 0 || len(s.Notices) > 0 {
		v.fault("state %s: a final state has no timers and no notices", s.Name)
	}
	for i := range s.Actions {
		a := &s.Actions[i]
		if len(a.Until) == 0 || a.MayPlay(ActorTimer) || a.MayPlay(ActorBooking) {
			v.fault("state %s: action %s of a final state must end at some moment, and is for people only", s.Name, a.Name)
		}
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
		v.checkWindow(s, a)
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
	if a.To == Previous {
		v.checkReturn(s, a)
		return
	}
	to, ok := v.g.State(a.To)
	if !ok {
		v.fault("state %s: action %s leads to unknown state %q", s.Name, a.Name, a.To)
		return
	}
	takes := s.takes(to)
	if takes != (a.OnConflict == ConflictRefuse) || (!takes && a.OnConflict != "") {
		v.fault("state %s: action %s needs on_conflict %q exactly when it takes time or a seat", s.Name, a.Name, ConflictRefuse)
	}
}

// checkReturn checks an action that leads to the state before. It is of a state that keeps what was held, since it takes nothing.
func (v *validator) checkReturn(s *State, a *Action) {
	if s.Holds != HoldsKept || a.OnConflict != "" || a.MayPlay(ActorTimer) {
		v.fault("state %s: action %s may lead to %q only from a state that keeps what was held, by nobody but people", s.Name, a.Name, Previous)
	}
}

func knownActor(a Actor) bool {
	switch a {
	case ActorAPI, ActorOwnerLink, ActorCustomerLink, ActorPayment, ActorTimer, ActorBooking:
		return true
	}
	return false
}
