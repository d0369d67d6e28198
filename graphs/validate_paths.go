package graphs

import "slices"

func (v *validator) checkPaths() {
	reached := v.g.reach([]string{v.g.Initial}, v.g.targets)
	for i := range v.g.States {
		s := &v.g.States[i]
		if !reached[s.Name] {
			if s.Name != ErrorState {
				v.fault("state %s cannot be reached", s.Name)
			}
			continue
		}
		if !s.Final && !v.g.canEnd(s) {
			v.fault("state %s: no way leads on to a final state", s.Name)
		}
		if v.g.reach(s.timed(), (*State).timed)[s.Name] {
			v.fault("state %s: timers alone lead back to it, without end", s.Name)
		}
	}
}

// canEnd reports whether a final state can be reached from s.
func (g *Graph) canEnd(s *State) bool {
	reached := g.reach([]string{s.Name}, g.targets)
	return slices.ContainsFunc(g.States, func(on State) bool { return reached[on.Name] && g.Final(on.Name) })
}

// reach returns the names of the states that can be reached from some states by steps. States that exist are reached from themselves.
func (g *Graph) reach(from []string, steps func(*State) []string) map[string]bool {
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

// targets returns the names of the states that actions of s lead to.
func (g *Graph) targets(s *State) []string {
	var names []string
	for i := range s.Actions {
		names = append(names, g.Targets(s, &s.Actions[i])...)
	}
	return names
}

// Targets returns the names of the states that an action of a state can lead to: its target, or all states before where it leads to
// Previous, in the graph's order.
func (g *Graph) Targets(s *State, a *Action) []string {
	if a.To != Previous {
		return []string{a.To}
	}
	var names []string
	for i := range g.States {
		before := &g.States[i]
		if slices.ContainsFunc(before.Actions, func(in Action) bool { return in.To == s.Name }) {
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
		}
	}
	return names
}
