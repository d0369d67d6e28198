package graphs

import "slices"

// The levels of the format. A release that adds words which the one before refuses or passes over adds a level.
const (
	levelPlain    = iota // what built-in graphs had first
	levelOwn             // an app's own graph, or guards, calls, other states on a conflict, timers of several moments
	levelPayments        // effects on payments, the moment of the balance
)

// MaxLevel is the highest level that this release reads.
const MaxLevel = levelPayments

// Level returns how much of the format a graph needs: a release before that level was added refuses it, or reads it by half. So the
// workflows of its bookings run on the task queue of the level. An effect of a kind that this release does not have is of MaxLevel.
func Level(g *Graph) int {
	level := levelPlain
	if g.Own {
		level = levelOwn
	}
	for i := range g.States {
		level = max(level, g.States[i].level())
	}
	return level
}

func (s *State) level() int {
	level := levelPlain
	for i := range s.Timers {
		if len(s.Timers[i].Any) > 0 {
			level = max(level, levelOwn)
		}
		if slices.ContainsFunc(s.Timers[i].Moments(""), ofBalance) {
			level = levelPayments
		}
	}
	for i := range s.Actions {
		a := &s.Actions[i]
		if len(a.When) > 0 || a.Otherwise() != "" {
			level = max(level, levelOwn)
		}
		if slices.ContainsFunc(a.NotBefore, ofBalance) || slices.ContainsFunc(a.Until, ofBalance) {
			level = levelPayments
		}
		for k := range a.Effects {
			level = max(level, a.Effects[k].level())
		}
	}
	return level
}

// ofBalance reports whether a moment is one that only releases with payments have.
func ofBalance(m Moment) bool { return m.From == fromBalanceDue }

func (e *Effect) level() int {
	if kind := effectKindOf(e.Kind); kind != nil {
		return kind.level
	}
	return MaxLevel
}
