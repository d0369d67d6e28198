package graphs

import (
	"slices"
	"time"
)

// At returns the moment for a booking with these times; false if the booking does not have it.
func (m Moment) At(times Times) (time.Time, bool) {
	from, ok := m.From.at(times)
	return from.Add(time.Duration(m.After) - time.Duration(m.Before)), ok
}

// certain reports whether one of some moments is one that every booking has.
func certain(moments []Moment) bool {
	return slices.ContainsFunc(moments, func(m Moment) bool { return m.From.certain() })
}

// earliest returns the first of some moments; false if the booking has none of them.
func earliest(moments []Moment, times Times) (first time.Time, found bool) {
	for _, m := range moments {
		if at, ok := m.At(times); ok && (!found || at.Before(first)) {
			first, found = at, true
		}
	}
	return first, found
}

// Window is when an action is open: from Opens to Ends, both included. A zero time sets no bound.
type Window struct {
	Opens time.Time
	Ends  time.Time
}

// Window returns when an action of a state is open, for a booking with these times. Moments that the booking does not have are no bounds,
// and an action that the state does not have has none. Guards are judged by Blocked.
func (g *Graph) Window(state, action string, times Times) (w Window) {
	a, ok := g.action(state, action)
	if !ok {
		return w
	}
	for _, m := range a.NotBefore {
		if at, ok := m.At(times); ok && at.After(w.Opens) {
			w.Opens = at
		}
	}
	w.Ends, _ = earliest(a.Until, times)
	return w
}

// Early reports whether the window is not open yet.
func (w Window) Early(now time.Time) bool { return !w.Opens.IsZero() && now.Before(w.Opens) }

// Late reports whether the window has ended.
func (w Window) Late(now time.Time) bool { return !w.Ends.IsZero() && now.After(w.Ends) }

// OpenAt returns the actions that an actor can play in a state at a time, in the graph's order; never nil.
func (g *Graph) OpenAt(state string, actor Actor, times Times, now time.Time) []string {
	names := []string{}
	for _, name := range g.OpenTo(state, actor) {
		if w := g.Window(state, name, times); !w.Early(now) && !w.Late(now) {
			names = append(names, name)
		}
	}
	return names
}

// NoticeDeadlines returns when the notices of a state are published, by their names and in the graph's order. A timer that is turned
// off, or was due as the state was entered, has none.
func (g *Graph) NoticeDeadlines(state string, times Times, overrides Overrides) []Deadline {
	s, ok := g.State(state)
	if !ok || len(s.Notices) == 0 {
		return nil
	}
	var all []Deadline
	for _, d := range g.Deadlines(state, times, overrides) {
		length := d.At.Sub(times.Entered)
		for _, n := range s.Notices {
			if n.Timer == d.Action && length > 0 {
				all = append(all, Deadline{n.Name, times.Entered.Add(length / 100 * time.Duration(n.Percent))})
			}
		}
	}
	return all
}
