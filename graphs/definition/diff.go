package definition

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"holdfast/graphs"
)

// Diff returns what differs between two graphs, one change a line, in words; nil for graphs of the same canonical bytes. What stands in
// both comes in the order of the second graph, and then what only the first one has.
func Diff(before, after *graphs.Graph) ([]string, error) {
	old, err := Canonical(before)
	if err != nil {
		return nil, err
	}
	text, err := Canonical(after)
	if err != nil || bytes.Equal(old, text) {
		return nil, err
	}
	was, is := partsOf(before), partsOf(after)
	var lines []string
	for _, p := range is {
		i := slices.IndexFunc(was, func(other part) bool { return other.name == p.name })
		if i < 0 {
			lines = append(lines, p.name+" is new: "+p.String())
			continue
		}
		lines = append(lines, p.changes(was[i])...)
	}
	for _, p := range was {
		if !slices.ContainsFunc(is, func(other part) bool { return other.name == p.name }) {
			lines = append(lines, p.name+" is gone")
		}
	}
	if lines == nil {
		lines = []string{"only the form has changed, such as the order of states or actions"}
	}
	return lines, nil
}

// part is one thing of a graph that has a name, with what can be said of it.
type part struct {
	name string // such as "state held" or "state held: action lapse"
	says []said
}

// said is one thing that is said of a part, such as "leads to" and "lapsed". An empty text is left out.
type said struct{ what, text string }

// String returns both.
func (s said) String() string { return strings.TrimSpace(s.what + " " + s.text) }

// String returns all that is said of the part.
func (p part) String() string {
	var all []string
	for _, s := range p.says {
		if s.text != "" {
			all = append(all, s.String())
		}
	}
	return strings.Join(all, "; ")
}

// changes returns what is said otherwise than of the same part of another graph. Both say the same things in the same order.
func (p part) changes(was part) (lines []string) {
	for i, now := range p.says {
		old := was.says[i].text
		switch {
		case now.text == old:
		case old == "":
			lines = append(lines, fmt.Sprintf("%s: now %s", p.name, now))
		case now.text == "":
			lines = append(lines, fmt.Sprintf("%s: no longer %s", p.name, was.says[i]))
		default:
			lines = append(lines, fmt.Sprintf("%s: %s (was: %s)", p.name, now, old))
		}
	}
	return lines
}

// partsOf returns the parts of a graph, in its order.
func partsOf(g *graphs.Graph) []part {
	all := []part{{"graph", []said{
		{"is named", g.Name}, {"is described as", g.Description}, {"begins in", g.Initial}, {"begins with", g.Start},
	}}}
	for i := range g.States {
		s := &g.States[i]
		name := "state " + s.Name
		all = append(all, part{name, []said{{"holds", string(s.Holds)}, {"is final", mark(s.Final)}}})
		for k := range s.Actions {
			all = append(all, part{name + ": action " + s.Actions[k].Name, ofAction(&s.Actions[k])})
		}
		for k := range s.Timers {
			t := &s.Timers[k]
			all = append(all, part{name + ": timer " + t.Action, []said{
				{"fires", momentsText(t.Moments(""), " or ")}, {"has a length", boundsText(t)}, {"is turned off by", t.Switch},
			}})
		}
		for _, n := range s.Notices {
			all = append(all, part{name + ": notice " + n.Name, []said{{"comes after", fmt.Sprintf("%d %% of timer %s", n.Percent, n.Timer)}}})
		}
	}
	return all
}

// ofAction returns what is said of an action.
func ofAction(a *graphs.Action) []said {
	var by, inputs, when, effects []string
	for _, actor := range a.By {
		by = append(by, string(actor))
	}
	slices.Sort(by)
	for _, in := range a.Inputs {
		text := in.Step + "." + in.Field
		if in.Timer != "" {
			text += " for timer " + in.Timer
		}
		inputs = append(inputs, text)
	}
	slices.Sort(inputs)
	for i := range a.When {
		when = append(when, a.When[i].String())
	}
	for i := range a.Effects {
		effects = append(effects, effectText(a.Effects[i]))
	}
	return []said{
		{"leads to", a.To}, {"on a conflict", conflictText(a)},
		{"is open to", strings.Join(by, ", ")}, {"has the inputs", strings.Join(inputs, ", ")},
		{"is possible from", momentsText(a.NotBefore, " and ")}, {"is possible until", momentsText(a.Until, " and ")},
		{"is possible only", strings.Join(when, ", and ")}, {"has the effects", strings.Join(effects, ", then ")},
	}
}

func conflictText(a *graphs.Action) string {
	switch other := a.Otherwise(); {
	case other != "":
		return "leads to " + other
	case a.OnConflict != "":
		return "is refused"
	}
	return ""
}

// effectText returns an effect in words, with what it plays.
func effectText(e graphs.Effect) string {
	text := e.String()
	for _, d := range []struct {
		what string
		of   graphs.Duration
	}{{"within", e.Timeout}, {"tried for", e.GiveUpAfter}} {
		if d.of != 0 {
			text += " " + d.what + " " + d.of.Words()
		}
	}
	for _, plays := range []said{{"yes", e.Then}, {"no", e.Else}, {"failure", e.OnFailure}} {
		if plays.text != "" {
			text += " (" + plays.what + ": " + plays.text + ")"
		}
	}
	return text
}

// boundsText returns between which lengths a booking can set a timer; empty if it cannot.
func boundsText(t *graphs.Timer) string {
	if t.Min == t.Max {
		return ""
	}
	return "between " + t.Min.Words() + " and " + t.Max.Words()
}

func momentsText(moments []graphs.Moment, joint string) string {
	all := make([]string, len(moments))
	for i, m := range moments {
		length, side := m.After, " after "
		if m.Before != 0 {
			length, side = m.Before, " before "
		}
		if all[i] = strings.ReplaceAll(string(m.From), "_", " "); length != 0 {
			all[i] = length.Words() + side + all[i]
		}
	}
	return strings.Join(all, joint)
}

// mark returns a text that is empty for false.
func mark(is bool) string {
	if is {
		return " "
	}
	return ""
}
