package graphs

// longestText is how many characters of a name the drawings show. Names of valid graphs fit.
const longestText = 63

// drawn returns the states that the drawings show. Drawings are also made of graphs that were never validated: a name
// used twice is shown once, and what goes beyond MaxStates is left out, so that a drawing always comes to an end.
func (g *Graph) drawn() []*State {
	var states []*State
	seen := map[string]bool{}
	for i := range g.States {
		if len(states) == MaxStates {
			break
		}
		if s := &g.States[i]; !seen[s.Name] {
			seen[s.Name] = true
			states = append(states, s)
		}
	}
	return states
}

// drawn returns the actions of a state that the drawings show; the first MaxActions.
func (s *State) drawn() []Action { return s.Actions[:min(len(s.Actions), MaxActions)] }

// isolated tells whether the state is the error state of a valid graph: final, and shown without arrows.
func (s *State) isolated() bool { return s.Name == ErrorState && len(s.Actions) == 0 }

// when says in words when an action of the state plays itself, such as "after PT5M" or "PT1H after end"; empty when
// only somebody can play it.
func (s *State) when(action string) string {
	for _, t := range s.Timers {
		if t.Action != action {
			continue
		}
		switch t.From {
		case FromStart:
			return t.After.String() + " after start"
		case FromEnd:
			return t.After.String() + " after end"
		default:
			return "after " + t.After.String()
		}
	}
	return ""
}

// keeps says in words what a state holds; empty when it is nothing.
func (s *State) keeps() string {
	switch s.Holds {
	case HoldsSlot:
		return "holds the slot"
	case HoldsSeat:
		return "holds the seat"
	default:
		return ""
	}
}

// clip shortens a text to n characters.
func clip(text string, n int) string {
	seen := 0
	for i := range text {
		if seen++; seen > n {
			return text[:i] + "…"
		}
	}
	return text
}
