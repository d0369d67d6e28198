// Package drawing renders graphs as SVG images and as Mermaid diagrams. The same graph gives the same bytes. A graph that was never
// validated is safe to draw: its texts are escaped, and what exceeds the sizes of package graphs is left out.
package drawing

import "holdfast/graphs"

// longestText is how many characters of a name are drawn. Names of valid graphs are not longer.
const longestText = 63

// drawnStates returns the states that are drawn: the first of each name, graphs.MaxStates at most.
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

// drawnActions returns the actions of a state that are drawn: the first graphs.MaxActions.
func drawnActions(s *graphs.State) []graphs.Action {
	return s.Actions[:min(len(s.Actions), graphs.MaxActions)]
}

// isolated reports whether the state is the error state of a valid graph, which has no arrows.
func isolated(s *graphs.State) bool { return s.Name == graphs.ErrorState && len(s.Actions) == 0 }

// timerText returns when a timer of the state plays the action, such as "after PT5M" or "PT1H after end"; empty without a timer.
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

// holdsText returns what a state holds, in words; empty for nothing.
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

// clip truncates a text to n characters and marks that with an ellipsis.
func clip(text string, n int) string {
	seen := 0
	for i := range text {
		if seen++; seen > n {
			return text[:i] + "…"
		}
	}
	return text
}
