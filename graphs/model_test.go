package graphs_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"testing"
	"time"

	"pgregory.net/rapid"

	"holdfast/graphs"
	"holdfast/graphs/graphtest"
)

// model is a second, naive reading of the format. It reads the JSON of a graph, and shares nothing with the package but durations.
type model map[string]any

func modelOf(t *rapid.T, g *graphs.Graph) model {
	text, err := json.Marshal(g)
	if err != nil {
		t.Fatal(err)
	}
	var m model
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func list(of map[string]any, field string) (all []map[string]any) {
	entries, _ := of[field].([]any)
	for _, e := range entries {
		all = append(all, e.(map[string]any))
	}
	return all
}

func (m model) state(name string) map[string]any {
	i := slices.IndexFunc(list(m, "states"), func(s map[string]any) bool { return s["name"] == name })
	return list(m, "states")[i]
}

func length(text any) time.Duration {
	if text == nil {
		return 0
	}
	d, err := graphs.ParseDuration(text.(string))
	if err != nil {
		panic(err)
	}
	return time.Duration(d)
}

// moment returns a moment of the format; the zero time if the booking does not have it.
func moment(m map[string]any, times graphs.Times) time.Time {
	from := map[string]time.Time{
		"entered": times.Entered, "start": times.Start, "end": times.End,
		"cancel_deadline": times.CancelUntil, "reschedule_deadline": times.MoveUntil, "balance_due": times.BalanceDue,
	}[m["from"].(string)]
	if from.IsZero() {
		return from
	}
	return from.Add(length(m["after"])).Add(-length(m["before"]))
}

// deadlines returns the timers of a state and when they fire, as lines.
func (m model) deadlines(state string, times graphs.Times, overrides graphs.Overrides) (lines []string) {
	type due struct {
		action string
		at     time.Time
	}
	var all []due
	for _, timer := range list(m.state(state), "timers") {
		action := timer["action"].(string)
		moments := list(timer, "any")
		if len(moments) == 0 {
			after := timer["after"]
			if own, ok := overrides[action]; ok {
				after = own
			}
			moments = append(list(timer, "no_later_than"), map[string]any{"from": timer["from"], "after": after})
		}
		var first time.Time
		for _, one := range moments {
			if at := moment(one, times); !at.IsZero() && (first.IsZero() || at.Before(first)) {
				first = at
			}
		}
		all = append(all, due{action, first})
	}
	sort.SliceStable(all, func(i, k int) bool { return all[i].at.Before(all[k].at) })
	for _, d := range all {
		lines = append(lines, fmt.Sprintf("%s %s", d.action, d.at))
	}
	return lines
}

// blocked returns the name of the first guard that forbids; empty if none does.
func blocked(a map[string]any, f graphs.Facts) string {
	for _, guard := range list(a, "when") {
		for name, says := range guard {
			of, _ := says.(map[string]any)
			ok := map[string]func() bool{
				"before_start": func() bool { return f.Now.Add(length(says)).Compare(f.Times.Start) <= 0 },
				"after_end":    func() bool { return f.Now.Add(-length(says)).Compare(f.Times.End) >= 0 },
				"has_payment":  func() bool { return says == f.Paid },
				"input_equals": func() bool { return f.Offered || f.Inputs[of["step"].(string)][of["field"].(string)] == of["value"] },
				"meta_equals":  func() bool { return f.Meta[of["key"].(string)] == of["value"] },
				"seats_left":   func() bool { return float64(f.SeatsLeft) >= of["at_least"].(float64) },
				"count_of":     func() bool { return float64(f.Counts[of["action"].(string)]) < of["less_than"].(float64) },
			}[name]()
			if !ok {
				return name
			}
		}
	}
	return ""
}

// holding returns what a booking holds after a move between two states, and whether it takes or frees for it.
func holding(from, to map[string]any) string {
	before, after := from["holds"].(string), to["holds"].(string)
	return fmt.Sprintf("to %v final %v holds %s takes %v frees %v",
		to["name"], to["final"] == true, after, after != before && after != "nothing" && after != "kept",
		after != before && before != "nothing" && after != "kept")
}

func moved(m graphs.Move) string {
	return fmt.Sprintf("to %v final %v holds %s takes %v frees %v", m.To, m.Final, m.Holds, m.Takes, m.Frees)
}

func drawFacts(t *rapid.T) graphs.Facts {
	base := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	at := rapid.Map(rapid.IntRange(0, 200_000), func(n int) time.Time { return base.Add(time.Duration(n) * time.Second) })
	f := graphs.Facts{
		Now: at.Draw(t, "now"), Times: graphs.Times{Entered: at.Draw(t, "entered"), Start: at.Draw(t, "start"), End: at.Draw(t, "end")},
		Offered: rapid.Bool().Draw(t, "offered"), Paid: rapid.Bool().Draw(t, "paid"), SeatsLeft: rapid.IntRange(0, 4).Draw(t, "seats left"),
		Counts: map[string]int{"a0": rapid.IntRange(0, 4).Draw(t, "count")},
		Inputs: map[string]map[string]any{"answer": {"choice": rapid.SampledFrom([]any{"yes", "no", 1.0, nil}).Draw(t, "choice")}},
		Meta:   map[string]any{},
	}
	for _, key := range []string{"vip", "tier"} {
		if rapid.Bool().Draw(t, "has meta") {
			f.Meta[key] = rapid.SampledFrom([]any{"yes", "", 1.0, 2.5, true, false, nil, "1"}).Draw(t, "meta")
		}
	}
	if rapid.Bool().Draw(t, "can be cancelled") {
		f.Times.CancelUntil = at.Draw(t, "cancel until")
	}
	if rapid.Bool().Draw(t, "can be moved") {
		f.Times.MoveUntil = at.Draw(t, "move until")
	}
	if rapid.Bool().Draw(t, "has a balance") {
		f.Times.BalanceDue = at.Draw(t, "balance due")
	}
	return f
}

// TestGraphsAgreeWithTheModel asks Next, Deadlines, Blocked and Needs about every state and action of random graphs.
func TestGraphsAgreeWithTheModel(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	rapid.Check(t, func(t *rapid.T) {
		g := graphtest.ValidGraph(t)
		note(g, seen)
		m, facts := modelOf(t, g), drawFacts(t)
		overrides := graphs.Overrides{}
		if rapid.Bool().Draw(t, "override") {
			overrides["a0"] = "PT7H"
		}
		for _, s := range g.States {
			var lines []string
			for _, d := range g.Deadlines(s.Name, facts.Times, overrides) {
				lines = append(lines, fmt.Sprintf("%s %s", d.Action, d.At))
			}
			if want := m.deadlines(s.Name, facts.Times, overrides); !slices.Equal(lines, want) {
				t.Fatalf("%s: deadlines %v, the model has %v", s.Name, lines, want)
			}
			for k, a := range s.Actions {
				checkAction(t, g, m, s, list(m.state(s.Name), "actions")[k], a, facts)
			}
		}
	})
	for _, word := range []string{
		"any", "otherwise", "effects", "before_start", "after_end", "has_payment", "input_equals", "meta_equals", "seats_left", "count_of",
		"call", "open_payment", "end_payment", "capture_payment", "void_payment", "refund_payment",
	} {
		if !seen[word] {
			t.Errorf("no graph had %s", word)
		}
	}
}

// note marks what the format has that a graph makes use of.
func note(g *graphs.Graph, seen map[string]bool) {
	for _, s := range g.States {
		for _, timer := range s.Timers {
			seen["any"] = seen["any"] || len(timer.Any) > 1
		}
		for _, a := range s.Actions {
			seen["otherwise"] = seen["otherwise"] || a.Otherwise() != ""
			for i := range a.Effects {
				seen["effects"] = seen["effects"] || len(a.Effects[i].Plays()) > 0
				seen[a.Effects[i].Kind] = true
			}
			for i := range a.When {
				seen[a.When[i].Name()] = true
			}
		}
	}
}

func checkAction(t *rapid.T, g *graphs.Graph, m model, s graphs.State, modelled map[string]any, a graphs.Action, facts graphs.Facts) {
	got := ""
	if b := g.Blocked(s.Name, a.Name, facts); b != nil {
		got = b.Guard
		if b.Text == "" || !b.At.IsZero() != (b.Guard == "before_start" || b.Guard == "after_end") {
			t.Fatalf("%s in %s: %+v", a.Name, s.Name, b)
		}
	}
	if want := blocked(modelled, facts); got != want {
		t.Fatalf("%s in %s: blocked by %q, the model says %q", a.Name, s.Name, got, want)
	}
	needs := g.Needs(s.Name, a.Name)
	if less := only(needs, facts); (g.Blocked(s.Name, a.Name, less) != nil) != (got != "") {
		t.Fatalf("%s in %s: with the facts that it needs (%+v) it is judged otherwise", a.Name, s.Name, needs)
	}
	move, err := g.Next(s.Name, a.Name, a.By[0])
	if err != nil {
		t.Fatal(err)
	}
	if want := holding(m.state(s.Name), m.state(a.To)); moved(move) != want {
		t.Fatalf("%s in %s: %s, the model has %s", a.Name, s.Name, moved(move), want)
	}
	other, _ := modelled["on_conflict"].(string)
	switch {
	case (other == "" || other == "refuse") != (move.Otherwise == nil):
		t.Fatalf("%s in %s: on conflict %q: %+v", a.Name, s.Name, other, move.Otherwise)
	case move.Otherwise != nil && (moved(*move.Otherwise) != holding(m.state(s.Name), m.state(other)) || move.Otherwise.Takes):
		t.Fatalf("%s in %s: on conflict %s", a.Name, s.Name, moved(*move.Otherwise))
	}
}

// only returns the facts without those that are not needed.
func only(n graphs.FactSet, f graphs.Facts) graphs.Facts {
	less := graphs.Facts{Now: f.Now, Times: f.Times, Offered: f.Offered}
	if n.Inputs {
		less.Inputs = f.Inputs
	}
	if n.Meta {
		less.Meta = f.Meta
	}
	if n.SeatsLeft {
		less.SeatsLeft = f.SeatsLeft
	}
	if n.Paid {
		less.Paid = f.Paid
	}
	less.Counts = map[string]int{}
	for _, action := range n.Counts {
		less.Counts[action] = f.Counts[action]
	}
	return less
}
