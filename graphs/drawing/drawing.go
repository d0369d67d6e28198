// Package drawing renders graphs as SVG images and as Mermaid diagrams. The same graph gives the same bytes. A graph that was never
// validated is safe to draw: its texts are escaped, and what exceeds the sizes of package graphs is left out.
package drawing

import (
	"strings"

	"holdfast/graphs"
)

// mostLines is how many lines an arrow's label has beside its name for its moments, and again for its guards and effects. Arrows of
// valid graphs have no more.
const (
	mostLines      = 12
	mostConditions = 24
)

// ifTaken stands at an arrow that is taken when the slot or seat of the action's own target is.
const ifTaken = "if taken"

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

// whenText returns when a timer of the state plays the action, or when it is open, in lines such as "after PT5M" or "PT1H after end";
// none without a timer and bounds.
func whenText(s *graphs.State, a graphs.Action) []string {
	var lines []string
	for i := range s.Timers {
		if s.Timers[i].Action != a.Name {
			continue
		}
		for k, m := range s.Timers[i].Moments("") {
			if text := momentText(m); k == 0 {
				lines = append(lines, text)
			} else {
				lines = append(lines, "or "+text)
			}
		}
		break
	}
	for _, m := range a.NotBefore {
		lines = append(lines, "from "+momentText(m))
	}
	for _, m := range a.Until {
		lines = append(lines, untilText(m))
	}
	return lines[:min(len(lines), mostLines)]
}

// conditionText returns the guards and effects of an action, in lines such as "until 2 hours before the start" and "then call crm".
func conditionText(a graphs.Action) []string {
	var lines []string
	for i := range a.When {
		lines = append(lines, clip(a.When[i].String(), longestText))
	}
	for i := range a.Effects {
		lines = append(lines, clip("then "+a.Effects[i].String(), longestText))
		if text := playsText(a.Effects[i]); text != "" {
			lines = append(lines, clip(text, longestText))
		}
	}
	return lines[:min(len(lines), mostConditions)]
}

// playsText returns what an effect plays when it has ended, in words; empty for nothing.
func playsText(e graphs.Effect) string {
	var plays []string
	for _, one := range []struct{ when, action string }{{"if yes ", e.Then}, {"if no ", e.Else}, {"on failure ", e.OnFailure}} {
		if one.action != "" {
			plays = append(plays, one.when+one.action)
		}
	}
	return strings.Join(plays, ", ")
}

// momentText returns a moment in words, such as "PT1H before start". Of a state that was entered only the length is named.
func momentText(m graphs.Moment) string {
	length, side := m.After, " after "
	if m.Before != 0 {
		length, side = m.Before, " before "
	}
	from := strings.ReplaceAll(string(m.From), "_", " ")
	switch {
	case m.From == graphs.FromEntered:
		return "after " + length.String()
	case length == 0:
		return from
	}
	return length.String() + side + from
}

// untilText returns a moment that ends something, in words.
func untilText(m graphs.Moment) string {
	if m.From == graphs.FromEntered {
		return "for " + m.After.String()
	}
	return "until " + momentText(m)
}

// backText returns the actions of a state that lead to the state before, in words; empty for none.
func backText(s *graphs.State) string {
	var names []string
	for _, a := range drawnActions(s) {
		if a.To == graphs.Previous {
			names = append(names, clip(a.Name, longestText))
		}
	}
	if len(names) == 0 {
		return ""
	}
	return clip(strings.Join(names, ", "), wordMax) + " leads back"
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
