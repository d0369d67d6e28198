package drawing

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"holdfast/graphs"
)

// mermaidWord matches the names that Mermaid reads as a state's id, if they are not reserved.
var mermaidWord = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)

// reserved are the words that Mermaid does not read as a state's id.
var reserved = map[string]bool{
	"as": true, "choice": true, "class": true, "classdef": true, "click": true, "default": true, "direction": true,
	"end": true, "fork": true, "hide": true, "href": true, "join": true, "note": true, "scale": true, "state": true,
	"style": true, "accdescr": true, "acctitle": true, "root": true, "root_end": true, "root_start": true,
	"constructor": true, "__proto__": true,
}

// Mermaid returns the graph as a Mermaid state diagram, with states and actions in the graph's order. States that hold a slot or a
// seat have the class "holds". Characters that Mermaid could read as syntax are replaced by question marks.
func Mermaid(g *graphs.Graph) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("stateDiagram-v2")
	line("    accTitle: Booking graph %s@%d", plain(g.Name), g.Version)
	line("    accDescr: %s", plain(clip(g.Description, graphs.MaxDescription)))
	line("    direction LR")
	states := drawnStates(g)
	ids := mermaidIDs(states)
	for _, s := range states {
		if id := ids[s.Name]; id == s.Name {
			line("    %s", id)
		} else {
			line("    %s: %s", id, plain(clip(s.Name, longestText)))
		}
	}
	if id, ok := ids[g.Initial]; ok {
		line("    [*] --> %s", id)
	}
	for _, s := range states {
		for _, a := range drawnActions(s) {
			for _, arrow := range mermaidArrows(g, s, &a, ids) {
				line("    %s", arrow)
			}
		}
	}
	for _, s := range states {
		if s.Final && !isolated(s) {
			line("    %s --> [*]", ids[s.Name])
		}
	}
	line("    classDef holds fill:#d5f0ec,stroke:#0f766e,color:#134e4a,stroke-width:2px")
	for _, s := range states {
		if holdsText(s) != "" {
			line("    class %s holds", ids[s.Name])
		}
	}
	return b.String()
}

// mermaidArrows returns the lines of an action: one for each state that it can lead to.
func mermaidArrows(g *graphs.Graph, s *graphs.State, a *graphs.Action, ids map[string]string) (lines []string) {
	name := clip(a.Name, longestText)
	add := func(target string, words ...string) {
		if to, ok := ids[target]; ok {
			lines = append(lines, fmt.Sprintf("%s --> %s: %s", ids[s.Name], to, strings.TrimSpace(plain(strings.Join(words, " ")))))
		}
	}
	words := slices.Concat([]string{name}, whenText(s, *a), conditionText(*a))
	for _, target := range g.Targets(s, a) {
		add(target, words...)
	}
	if other := a.Otherwise(); other != "" {
		add(other, name, ifTaken)
	}
	return lines
}

// mermaidIDs maps names of states to ids: the name itself if Mermaid reads it as an id, else S and the state's number.
func mermaidIDs(states []*graphs.State) map[string]string {
	ids := map[string]string{}
	for i, s := range states {
		ids[s.Name] = s.Name
		if !mermaidWord.MatchString(s.Name) || reserved[s.Name] {
			ids[s.Name] = fmt.Sprintf("S%d", i)
		}
	}
	return ids
}

// plain replaces all but ASCII letters, digits and harmless marks. An empty text becomes a question mark, since Mermaid refuses an
// empty label.
func plain(text string) string {
	kept := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune(" _.,'@-", r):
			return r
		case r == ':':
			return ','
		default:
			return '?'
		}
	}, text)
	if strings.TrimSpace(kept) == "" {
		return "?"
	}
	return kept
}
