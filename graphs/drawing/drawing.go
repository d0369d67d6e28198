// Package drawing draws graphs: as SVG for people, and as Mermaid for documents. A drawing depends on the graph alone, so the same
// graph gives the same bytes. Graphs that were never validated are drawn safely, too.
package drawing

import "holdfast/graphs"

// longestText is how many characters of a name the drawings show. Names of valid graphs fit.
const longestText = 63

// drawnStates returns the states that the drawings show. Drawings are also made of graphs that were never validated: a name
// used twice is shown once, and what goes beyond MaxStates is left out, so that a drawing always comes to an end.
func drawnStates(g *graphs.Graph) []*graphs.State {
	var states []*graphs.State
	seen := map[string]bool{}
	for i := range g.States {
		if len(states) == graphs.MaxStates {
			break
		}
		if s := &g.States[i]; !seen[s.Name] {
			seen[s.Name] = true
			states = append(states, s)
		}
	}
	return states
}

// drawnActions returns the actions of a state that the drawings show; the first MaxActions.
func drawnActions(s *graphs.State) []graphs.Action {
	return s.Actions[:min(len(s.Actions), graphs.MaxActions)]
}

// isolated tells whether the state is the error state of a valid graph: final, and shown without arrows.
func isolated(s *graphs.State) bool { return s.Name == graphs.ErrorState && len(s.Actions) == 0 }

// timerText says in words when an action of the state plays itself, such as "after PT5M" or "PT1H after end"; empty when
// only somebody can play it.
func timerText(s *graphs.State, action string) string {
	for _, t := range s.Timers {
		if t.Action != action {
			continue
		}
		switch t.From {
		case graphs.FromStart:
			return t.After.String() + " after start"
		case graphs.FromEnd:
			return t.After.String() + " after end"
		default:
			return "after " + t.After.String()
		}
	}
	return ""
}

// holdsText says in words what a state holds; empty when it is nothing.
func holdsText(s *graphs.State) string {
	switch s.Holds {
	case graphs.HoldsSlot:
		return "holds the slot"
	case graphs.HoldsSeat:
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
