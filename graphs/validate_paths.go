package graphs

import "slices"

func (v *validator) checkPaths() {
	reached, cycles := reach(v.g, []string{v.g.Initial}, v.g.targets), false
	for i := range v.g.States {
		s, at := &v.g.States[i], stateAt(i)
		if !reached[s.Name] {
			if s.Name != ErrorState {
				v.fault(at, "state %s cannot be reached", s.Name)
			}
			continue
		}
		if !s.Final && !canEnd(v.g, s) {
			v.fault(at, "state %s: no way leads on to a final state", s.Name)
		}
		if reach(v.g, s.timed(), (*State).timed)[s.Name] {
			v.fault(at, "state %s: timers alone lead back to it, without end", s.Name)
			cycles = true
		}
	}
	if !cycles && hasEffects(v.g) {
		v.checkCycles()
	}
}

// hasEffects reports whether an action of the graph has effects. Without any, a cycle is one of timers alone.
func hasEffects(g *Graph) bool {
	return hasAny(g, func(a *Action) bool { return len(a.Effects) > 0 })
}

// canEnd reports whether a final state can be reached from s.
func canEnd(g *Graph, s *State) bool {
	reached := reach(g, []string{s.Name}, g.targets)
	return slices.ContainsFunc(g.States, func(on State) bool { return reached[on.Name] && g.Final(on.Name) })
}

// reach returns the names of the states that can be reached from some states by steps. States that exist are reached from themselves.
func reach(g *Graph, from []string, steps func(*State) []string) map[string]bool {
	reached := map[string]bool{}
	queue := from
	for len(queue) > 0 {
		s, ok := g.State(queue[0])
		queue = queue[1:]
		if !ok || reached[s.Name] {
			continue
		}
		reached[s.Name] = true
		queue = append(queue, steps(s)...)
	}
	return reached
}

// targets returns the names of the states that actions of s lead to, in any way.
func (g *Graph) targets(s *State) []string {
	var names []string
	for i := range s.Actions {
		names = append(names, g.Targets(s, &s.Actions[i])...)
		if other := s.Actions[i].Otherwise(); other != "" {
			names = append(names, other)
		}
	}
	return names
}

// Targets returns the names of the states that an action of a state can lead to: its target, or all states before where it leads to
// Previous, in the graph's order. Its Otherwise is not among them.
func (g *Graph) Targets(s *State, a *Action) []string {
	if a.To != Previous {
		return []string{a.To}
	}
	var names []string
	for i := range g.States {
		before := &g.States[i]
		if slices.ContainsFunc(before.Actions, func(in Action) bool { return in.To == s.Name || in.OnConflict == s.Name }) {
			names = append(names, before.Name)
		}
	}
	return names
}

// timed returns the names of the states that timers of s lead to.
func (s *State) timed() []string {
	var names []string
	for _, t := range s.Timers {
		if a, ok := s.action(t.Action); ok {
			names = append(names, a.To)
			if other := a.Otherwise(); other != "" {
				names = append(names, other)
			}
		}
	}
	return names
}

// step is one action of a state, by their names.
type step struct{ state, action string }

// checkCycles finds actions that timers and effects alone play again and again. Every cycle has an effect, if timers alone form none.
func (v *validator) checkCycles() {
	const open, closed = 1, 2
	marks, found := map[step]int{}, map[step]bool{}
	var visit func(from step)
	visit = func(from step) {
		marks[from] = open
		for _, next := range following(v.g, from) {
			if marks[next] == 0 {
				visit(next)
			}
			found[next] = found[next] || marks[next] == open
		}
		marks[from] = closed
	}
	for i := range v.g.States {
		for _, a := range v.g.States[i].Actions {
			if from := (step{v.g.States[i].Name, a.Name}); marks[from] == 0 {
				visit(from)
			}
		}
	}
	for i := range v.g.States {
		for k, a := range v.g.States[i].Actions {
			if found[step{v.g.States[i].Name, a.Name}] {
				v.fault(entry(stateAt(i)+".actions", k), "state %s: timers and effects alone lead back to action %s, without end",
					v.g.States[i].Name, a.Name)
			}
		}
	}
}

// following returns what can be played after a step without anybody: by the timers of the states that it leads to, and by its effects.
func following(g *Graph, of step) (steps []step) {
	s, ok := g.State(of.state)
	if !ok {
		return nil
	}
	a, ok := s.action(of.action)
	if !ok {
		return nil
	}
	reached := g.Targets(s, a)
	for i := range a.Effects {
		for _, plays := range a.Effects[i].Plays() {
			for _, target := range reached {
				steps = append(steps, step{target, plays})
			}
		}
	}
	for _, target := range append(reached, a.Otherwise()) {
		if to, ok := g.State(target); ok {
			for _, t := range to.Timers {
				steps = append(steps, step{target, t.Action})
			}
		}
	}
	return steps
}
