package graphs

import "time"

// At returns the moment for a booking with these times.
func (m Moment) At(times Times) time.Time {
	return m.From.moment(times).Add(time.Duration(m.After) - time.Duration(m.Before))
}

// earliest returns the first of some moments; false for none.
func earliest(moments []Moment, times Times) (first time.Time, ok bool) {
	for i, m := range moments {
		if at := m.At(times); i == 0 || at.Before(first) {
			first = at
		}
	}
	return first, len(moments) > 0
}

// Window is when an action is open: from Opens to Ends, both included. A zero time sets no bound.
type Window struct {
	Opens time.Time
	Ends  time.Time
}

// Window returns when an action of a state is open, for a booking with these times. An action that the state does not have has no
// bounds.
func (g *Graph) Window(state, action string, times Times) (w Window) {
	s, ok := g.State(state)
	if !ok {
		return w
	}
	a, ok := s.action(action)
	if !ok {
		return w
	}
	for _, m := range a.NotBefore {
		if at := m.At(times); at.After(w.Opens) {
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
