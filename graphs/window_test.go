package graphs_test

import (
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"holdfast/graphs"
	"holdfast/graphs/graphtest"
)

// TestRequestsLapseAtTheEarliest: two days after asking, or an hour before the start, whichever comes first; at once when that is past.
func TestRequestsLapseAtTheEarliest(t *testing.T) {
	t.Parallel()
	g, ok := graphs.Named("request", nil)
	if !ok {
		t.Fatal("no such graph")
	}
	asked := time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name      string
		start     time.Duration // after asking
		overrides graphs.Overrides
		want      time.Duration
		notices   []time.Duration
	}{
		{"far ahead: two days", 30 * 24 * time.Hour, nil, 48 * time.Hour, []time.Duration{24 * time.Hour, 36 * time.Hour}},
		{"both at once", 49 * time.Hour, nil, 48 * time.Hour, []time.Duration{24 * time.Hour, 36 * time.Hour}},
		{"a second sooner", 49*time.Hour - time.Second, nil, 48*time.Hour - time.Second, nil},
		{"near: an hour before", 5 * time.Hour, nil, 4 * time.Hour, []time.Duration{2 * time.Hour, 3 * time.Hour}},
		{"an hour ahead: at once", time.Hour, nil, 0, []time.Duration{}},
		{"less than an hour ahead: past", 30 * time.Minute, nil, -30 * time.Minute, []time.Duration{}},
		{"a shorter time of its own", 5 * time.Hour, graphs.Overrides{"expire": "PT20M"}, 20 * time.Minute, []time.Duration{10 * time.Minute, 15 * time.Minute}},
		{"a longer one", 30 * 24 * time.Hour, graphs.Overrides{"expire": "P10D"}, 240 * time.Hour, nil},
		{"a longer one is bound by the start", 5 * time.Hour, graphs.Overrides{"expire": "P10D"}, 4 * time.Hour, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			times := graphs.Times{Entered: asked, Start: asked.Add(c.start), End: asked.Add(c.start + time.Hour)}
			if wrong := g.CheckOverrides(c.overrides); wrong != nil {
				t.Fatal(wrong)
			}
			if got, want := g.Deadlines("tentative", times, c.overrides), []graphs.Deadline{{Action: "expire", At: asked.Add(c.want)}}; !reflect.DeepEqual(got, want) {
				t.Errorf("%v, want %v", got, want)
			}
			got := g.NoticeDeadlines("tentative", times, c.overrides)
			if c.notices == nil {
				return
			}
			if len(got) != len(c.notices) {
				t.Fatalf("notices %v", got)
			}
			for i, at := range c.notices {
				if name := []string{"approval_due", "approval_escalated"}[i]; got[i].Action != name || !got[i].At.Equal(asked.Add(at)) {
					t.Errorf("notice %v, want %s after %s", got[i], name, at)
				}
			}
		})
	}
	if wrong := g.CheckOverrides(graphs.Overrides{"expire": "P61D"}); wrong["expire"] == "" {
		t.Error("a request may last for ever")
	}
	if wrong := g.CheckOverrides(graphs.Overrides{"expire": graphs.Off}); wrong["expire"] == "" {
		t.Error("a request may be told not to end")
	}
}

// TestWindows goes to each bound and a nanosecond past it.
func TestWindows(t *testing.T) {
	t.Parallel()
	g, _ := graphs.Named("instant@2", nil)
	start := time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC)
	end, marked := start.Add(time.Hour), start.Add(26*time.Hour)
	times := graphs.Times{Entered: marked, Start: start, End: end}
	opens, ends := start.Add(10*time.Minute), end.Add(7*24*time.Hour)
	for _, c := range []struct {
		state, action string
		opens, ends   time.Time
	}{
		{"confirmed", "no_show", opens, ends},
		{"confirmed", "attended", opens, ends},
		{"completed", "no_show", opens, ends},
		{"completed", "attended", opens, ends},
		{"attended", "undo", time.Time{}, marked.Add(24 * time.Hour)},
		{"no_show", "undo", time.Time{}, marked.Add(24 * time.Hour)},
		{"confirmed", "cancel", time.Time{}, time.Time{}},
		{"confirmed", "fly", time.Time{}, time.Time{}},
		{"nowhere", "cancel", time.Time{}, time.Time{}},
	} {
		w := g.Window(c.state, c.action, times)
		if w != (graphs.Window{Opens: c.opens, Ends: c.ends}) {
			t.Errorf("%s in %s: %v", c.action, c.state, w)
		}
		if !c.opens.IsZero() && (w.Early(opens) || !w.Early(opens.Add(-1)) || w.Late(opens)) {
			t.Errorf("%s in %s opens elsewhere than said", c.action, c.state)
		}
		if !c.ends.IsZero() && (w.Late(c.ends) || !w.Late(c.ends.Add(1)) || w.Early(c.ends)) {
			t.Errorf("%s in %s ends elsewhere than said", c.action, c.state)
		}
		if c.opens.IsZero() && w.Early(time.Time{}) || c.ends.IsZero() && w.Late(ends.AddDate(99, 0, 0)) {
			t.Errorf("%s in %s is bound", c.action, c.state)
		}
	}
	for at, want := range map[time.Time][]string{
		opens.Add(-1): {"cancel", "complete"}, opens: {"cancel", "complete", "attended", "no_show"},
		ends: {"cancel", "complete", "attended", "no_show"}, ends.Add(1): {"cancel", "complete"},
	} {
		if got := g.OpenAt("confirmed", graphs.ActorOwnerLink, times, at); !reflect.DeepEqual(got, want) {
			t.Errorf("open at %s: %v, want %v", at, got, want)
		}
	}
}

// TestWindowsWithoutDeadlines: a deadline that the booking does not have is no bound.
func TestWindowsWithoutDeadlines(t *testing.T) {
	t.Parallel()
	g := graphtest.Sample()
	*hold(g) = graphs.Action{
		Name: "hold", To: "held", By: []graphs.Actor{graphs.ActorAPI}, OnConflict: graphs.ConflictRefuse,
		NotBefore: []graphs.Moment{{From: graphs.FromCancelUntil, After: graphtest.Minutes(1)}}, Until: []graphs.Moment{{From: graphs.FromMoveUntil}},
	}
	at := time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC)
	if w := g.Window("requested", "hold", graphs.Times{Start: at}); w != (graphs.Window{}) {
		t.Errorf("%+v", w)
	}
	want := graphs.Window{Opens: at.Add(time.Minute), Ends: at.Add(time.Hour)}
	if w := g.Window("requested", "hold", graphs.Times{CancelUntil: at, MoveUntil: at.Add(time.Hour)}); w != want {
		t.Errorf("%+v", w)
	}
}

// TestWindowsAreTheNarrowest: an action is open from the latest of its beginnings to the earliest of its ends.
func TestWindowsAreTheNarrowest(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		g := graphtest.ValidGraph(t)
		base := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
		moment := rapid.Map(rapid.IntRange(0, 200_000), func(n int) time.Time { return base.Add(time.Duration(n) * time.Second) })
		times := graphs.Times{Entered: moment.Draw(t, "entered"), Start: moment.Draw(t, "start"), End: moment.Draw(t, "end")}
		if rapid.Bool().Draw(t, "deadline") {
			times.CancelUntil = moment.Draw(t, "cancel until")
		}
		now := moment.Draw(t, "now")
		for _, s := range g.States {
			for _, a := range s.Actions {
				early, late := false, false
				for _, m := range a.NotBefore {
					at, ok := m.At(times)
					early = early || ok && now.Before(at)
				}
				for _, m := range a.Until {
					at, ok := m.At(times)
					late = late || ok && now.After(at)
				}
				if w := g.Window(s.Name, a.Name, times); w.Early(now) != early || w.Late(now) != late {
					t.Fatalf("%s in %s: %v at %s, want early %v, late %v", a.Name, s.Name, w, now, early, late)
				}
			}
		}
	})
}

// TestOnlyOwnersSayWhoCame: in no graph may a customer, a payment or a timer.
func TestOnlyOwnersSayWhoCame(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, g := range graphs.Published() {
		for _, s := range g.States {
			for _, action := range []string{"attended", "no_show", "undo", "reopen"} {
				for _, actor := range graphtest.AllActors {
					_, err := g.Next(s.Name, action, actor)
					owner := actor == graphs.ActorAPI || actor == graphs.ActorOwnerLink
					if err == nil && !owner {
						t.Errorf("%s: %s may play %s in %s", g.Ref(), actor, action, s.Name)
					}
					if err == nil {
						seen++
					}
				}
			}
		}
	}
	if seen == 0 {
		t.Error("nobody may")
	}
}
