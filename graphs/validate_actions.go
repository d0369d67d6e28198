package graphs

import (
	"reflect"
	"slices"
	"strings"
)

func (v *validator) checkActions(s *State, at string) {
	seen := map[string]bool{}
	for i := range s.Actions {
		a, at := &s.Actions[i], entry(at+".actions", i)
		if !name.MatchString(a.Name) || seen[a.Name] {
			v.fault(at+".name", "state %s: action name %q is malformed or used twice", s.Name, a.Name)
		}
		seen[a.Name] = true
		v.checkActors(s, a, at)
		v.checkInputs(s, a, at)
		v.checkTarget(s, a, at)
		v.checkWindow(s, a, at)
		v.checkGuards(a, at)
		v.checkEffects(s, a, at)
	}
}

func (v *validator) checkActors(s *State, a *Action, at string) {
	if len(a.By) == 0 {
		v.fault(at+".by", "state %s: action %s is open to nobody", s.Name, a.Name)
	}
	seen := map[Actor]bool{}
	for i, by := range a.By {
		if !knownActor(by) || seen[by] {
			v.fault(entry(at+".by", i), "state %s: action %s names unknown actor %q, or names it twice", s.Name, a.Name, string(by))
			return
		}
		seen[by] = true
	}
}

func (v *validator) checkInputs(s *State, a *Action, at string) {
	seen := map[Input]bool{}
	for i, in := range a.Inputs {
		at := entry(at+".inputs", i)
		if !name.MatchString(in.Step) || !name.MatchString(in.Field) || seen[in] {
			v.fault(at, "state %s: action %s: input %q.%q is malformed or used twice", s.Name, a.Name, in.Step, in.Field)
		}
		if in.Timer != "" && !hasLength(v.g, in.Timer) {
			v.fault(at+".timer", "state %s: action %s: input %q sets timer %q, which does not exist, or has no length",
				s.Name, a.Name, in.Step, in.Timer)
		}
		seen[in] = true
	}
}

func (v *validator) checkTarget(s *State, a *Action, at string) {
	if a.To == ErrorState {
		v.fault(at+".to", "state %s: action %s leads to %q, which no action may", s.Name, a.Name, ErrorState)
	}
	if a.To == Previous {
		v.checkReturn(s, a, at)
		return
	}
	to, ok := v.g.State(a.To)
	if !ok {
		v.fault(at+".to", "state %s: action %s leads to unknown state %q", s.Name, a.Name, a.To)
		return
	}
	if takes := s.takes(to); takes != (a.OnConflict != "") {
		v.fault(at+".on_conflict", "state %s: action %s needs on_conflict, %q or a state, exactly when it takes time or a seat",
			s.Name, a.Name, ConflictRefuse)
		return
	}
	if a.Otherwise() != "" {
		v.checkOtherwise(s, a, at+".on_conflict")
	}
}

// checkOtherwise checks the state of a booking that did not get what it was to take. Nothing can be taken for it.
func (v *validator) checkOtherwise(s *State, a *Action, at string) {
	to, ok := v.g.State(a.Otherwise())
	switch {
	case !ok:
		v.fault(at, "state %s: action %s has on_conflict %q, which is neither %q nor a state",
			s.Name, a.Name, a.OnConflict, ConflictRefuse)
	case to.Name == ErrorState:
		v.fault(at, "state %s: action %s leads to %q, which no action may", s.Name, a.Name, ErrorState)
	case s.takes(to):
		v.fault(at, "state %s: action %s has on_conflict %q, which takes time or a seat itself", s.Name, a.Name, a.OnConflict)
	}
}

// checkReturn checks an action that leads to the state before. It is of a state that keeps what was held, since it takes nothing.
func (v *validator) checkReturn(s *State, a *Action, at string) {
	if s.Holds != HoldsKept || a.OnConflict != "" || a.MayPlay(ActorTimer) || a.MayPlay(ActorEffect) {
		v.fault(at+".to", "state %s: action %s may lead to %q only from a state that keeps what was held, by nobody but people",
			s.Name, a.Name, Previous)
	}
}

func (v *validator) checkGuards(a *Action, at string) {
	for i := range a.When {
		guard, at := &a.When[i], entry(at+".when", i)
		if kind := guard.kind(); kind != nil {
			kind.check(v, at+"."+kind.name, a, guard)
		} else {
			v.fault(at, "must have exactly one of %s", strings.Join(guardNames(), ", "))
		}
	}
}

func guardNames() (names []string) {
	for i := range guardKinds {
		names = append(names, guardKinds[i].name)
	}
	return names
}

func (v *validator) checkEffects(s *State, a *Action, at string) {
	for i := range a.Effects {
		e, at := &a.Effects[i], entry(at+".effects", i)
		kind := effectKindOf(e.Kind)
		if kind == nil {
			v.fault(at+".kind", "unknown kind %q of effects", e.Kind)
			continue
		}
		for _, field := range e.fields() {
			if !slices.Contains(kind.fields, field) {
				v.fault(at+"."+field, "is not a field of %s", e.Kind)
			}
		}
		kind.check(v, at, e)
		checkPlays(v, s, a, e, at)
	}
}

// checkPlays requires that the state that an effect follows has the actions that it plays, open to it.
func checkPlays(v *validator, s *State, a *Action, e *Effect, at string) {
	for _, plays := range []struct{ field, action string }{{"then", e.Then}, {"else", e.Else}, {"on_failure", e.OnFailure}} {
		if plays.action == "" {
			continue
		}
		for _, target := range v.g.Targets(s, a) {
			if next, ok := v.g.action(target, plays.action); !ok || !next.MayPlay(ActorEffect) {
				v.fault(at+"."+plays.field, "plays %q, which state %s does not have, or not open to %s", plays.action, target, ActorEffect)
			}
		}
	}
}

// fields returns the fields that an effect has beside its kind, by their names in JSON and in the order of the type.
func (e *Effect) fields() (names []string) {
	value := reflect.ValueOf(*e)
	for i := range value.NumField() {
		name, _, _ := strings.Cut(value.Type().Field(i).Tag.Get("json"), ",")
		if name != "kind" && !value.Field(i).IsZero() {
			names = append(names, name)
		}
	}
	return names
}

// forPeople reports whether nothing but people and payments play the action, so that it may be refused for its moment.
func (a *Action) forPeople() bool {
	return !a.MayPlay(ActorTimer) && !a.MayPlay(ActorBooking) && !a.MayPlay(ActorEffect)
}

func knownActor(a Actor) bool {
	switch a {
	case ActorAPI, ActorOwnerLink, ActorCustomerLink, ActorPayment, ActorTimer, ActorBooking, ActorEffect:
		return true
	}
	return false
}
