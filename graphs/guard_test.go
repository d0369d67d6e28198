package graphs_test

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"holdfast/graphs"
	"holdfast/graphs/graphtest"
)

// guarded returns the sample with guards, as JSON has them, on the action that lapses held bookings.
func guarded(t *testing.T, when string) *graphs.Graph {
	t.Helper()
	g := graphtest.Sample()
	if err := json.Unmarshal([]byte(when), &lapse(g).When); err != nil {
		t.Fatal(err)
	}
	if err := g.Validate(); err != nil {
		t.Fatal(err)
	}
	return g
}

var (
	guardStart = time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC)
	guardEnd   = guardStart.Add(time.Hour)
)

// TestGuards goes to each bound and a nanosecond past it, and to each value and past it.
func TestGuards(t *testing.T) {
	t.Parallel()
	at := func(now time.Time) graphs.Facts {
		return graphs.Facts{Now: now, Times: graphs.Times{Start: guardStart, End: guardEnd}}
	}
	meta := func(value any) graphs.Facts { return graphs.Facts{Meta: map[string]any{"tier": value}} }
	count := func(n int) graphs.Facts { return graphs.Facts{Counts: map[string]int{"hold": n}} }
	for _, c := range []struct {
		name, when string
		facts      graphs.Facts
		want       *graphs.Blocked
	}{
		{"none", `[]`, graphs.Facts{}, nil},
		{"two hours before", `[{"before_start":"PT2H"}]`, at(guardStart.Add(-2 * time.Hour)), nil},
		{"later", `[{"before_start":"PT2H"}]`, at(guardStart.Add(-2*time.Hour + 1)),
			&graphs.Blocked{"before_start", guardStart.Add(-2 * time.Hour), "Action 'lapse' is possible only until 2 hours before the start"}},
		{"at the start", `[{"before_start":"PT0S"}]`, at(guardStart), nil},
		{"after it", `[{"before_start":"PT0S"}]`, at(guardStart.Add(1)),
			&graphs.Blocked{"before_start", guardStart, "Action 'lapse' is possible only until the start"}},
		{"half an hour after the end", `[{"after_end":"PT30M"}]`, at(guardEnd.Add(30 * time.Minute)), nil},
		{"before that", `[{"after_end":"PT30M"}]`, at(guardEnd.Add(30*time.Minute - 1)),
			&graphs.Blocked{"after_end", guardEnd.Add(30 * time.Minute), "Action 'lapse' is possible only from 30 minutes after the end"}},
		{"paid", `[{"has_payment":true}]`, graphs.Facts{Paid: true}, nil},
		{"not paid", `[{"has_payment":true}]`, graphs.Facts{}, &graphs.Blocked{Guard: "has_payment", Text: "Action 'lapse' is possible only if it is paid"}},
		{"not to be paid", `[{"has_payment":false}]`, graphs.Facts{}, nil},
		{"paid all the same", `[{"has_payment":false}]`, graphs.Facts{Paid: true},
			&graphs.Blocked{Guard: "has_payment", Text: "Action 'lapse' is possible only if it is not paid"}},
		{"meta text", `[{"meta_equals":{"key":"tier","value":"gold"}}]`, meta("gold"), nil},
		{"meta other text", `[{"meta_equals":{"key":"tier","value":"gold"}}]`, meta("tin"),
			&graphs.Blocked{Guard: "meta_equals", Text: "Action 'lapse' is possible only if meta tier is gold"}},
		{"meta missing", `[{"meta_equals":{"key":"tier","value":"gold"}}]`, graphs.Facts{}, &graphs.Blocked{Guard: "meta_equals", Text: "Action 'lapse' is possible only if meta tier is gold"}},
		{"meta list", `[{"meta_equals":{"key":"tier","value":"gold"}}]`, meta([]any{"gold"}), &graphs.Blocked{Guard: "meta_equals", Text: "Action 'lapse' is possible only if meta tier is gold"}},
		{"meta number", `[{"meta_equals":{"key":"tier","value":3}}]`, meta(3.0), nil},
		{"meta whole number", `[{"meta_equals":{"key":"tier","value":3}}]`, meta(3), nil},
		{"meta number as text of JSON", `[{"meta_equals":{"key":"tier","value":3}}]`, meta(json.Number("3.0")), nil},
		{"meta number in a text", `[{"meta_equals":{"key":"tier","value":3}}]`, meta("3"), &graphs.Blocked{Guard: "meta_equals", Text: "Action 'lapse' is possible only if meta tier is 3"}},
		{"meta true", `[{"meta_equals":{"key":"tier","value":true}}]`, meta(true), nil},
		{"meta not true", `[{"meta_equals":{"key":"tier","value":true}}]`, meta("true"), &graphs.Blocked{Guard: "meta_equals", Text: "Action 'lapse' is possible only if meta tier is true"}},
		{"meta null", `[{"meta_equals":{"key":"tier","value":false}}]`, meta(nil), &graphs.Blocked{Guard: "meta_equals", Text: "Action 'lapse' is possible only if meta tier is false"}},
		{"seats", `[{"seats_left":{"at_least":2}}]`, graphs.Facts{SeatsLeft: 2}, nil},
		{"too few seats", `[{"seats_left":{"at_least":2}}]`, graphs.Facts{SeatsLeft: 1},
			&graphs.Blocked{Guard: "seats_left", Text: "Action 'lapse' is possible only while at least 2 seats are left"}},
		{"no seat", `[{"seats_left":{"at_least":1}}]`, graphs.Facts{}, &graphs.Blocked{Guard: "seats_left", Text: "Action 'lapse' is possible only while at least 1 seat is left"}},
		{"counted", `[{"count_of":{"action":"hold","less_than":2}}]`, count(1), nil},
		{"counted up", `[{"count_of":{"action":"hold","less_than":2}}]`, count(2),
			&graphs.Blocked{Guard: "count_of", Text: "Action 'lapse' is possible only while hold was played fewer times than 2"}},
		{"the first that forbids", `[{"has_payment":false},{"has_payment":true},{"seats_left":{"at_least":1}}]`, graphs.Facts{},
			&graphs.Blocked{Guard: "has_payment", Text: "Action 'lapse' is possible only if it is paid"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := guarded(t, c.when).Blocked("held", "lapse", c.facts); !reflect.DeepEqual(got, c.want) {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}

// TestGuardsOnInputs: while an action is only offered nobody has given an input.
func TestGuardsOnInputs(t *testing.T) {
	t.Parallel()
	g := graphtest.Sample()
	finish(g).By, held(g).Timers = []graphs.Actor{graphs.ActorAPI}, held(g).Timers[:1]
	finish(g).When = []graphs.Guard{{InputEquals: &graphs.InputEquals{Step: "finish", Field: "message", Value: "yes"}}}
	if err := g.Validate(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		facts graphs.Facts
		open  bool
	}{
		"offered":      {graphs.Facts{Offered: true}, true},
		"without":      {graphs.Facts{}, false},
		"the value":    {graphs.Facts{Inputs: map[string]map[string]any{"finish": {"message": "yes"}}}, true},
		"another":      {graphs.Facts{Inputs: map[string]map[string]any{"finish": {"message": "no"}}}, false},
		"another step": {graphs.Facts{Inputs: map[string]map[string]any{"hold": {"message": "yes"}}}, false},
		"no text":      {graphs.Facts{Inputs: map[string]map[string]any{"finish": {"message": []any{"yes"}}}}, false},
	} {
		if b := g.Blocked("held", "finish", c.facts); (b == nil) != c.open {
			t.Errorf("%s: %+v", name, b)
		}
	}
}

func TestNeeds(t *testing.T) {
	t.Parallel()
	for when, want := range map[string]graphs.FactSet{
		`[]`: {}, `[{"before_start":"PT2H"},{"after_end":"PT2H"}]`: {}, `[{"has_payment":true}]`: {Paid: true},
		`[{"meta_equals":{"key":"tier","value":3}},{"seats_left":{"at_least":2}}]`:                     {Meta: true, SeatsLeft: true},
		`[{"count_of":{"action":"hold","less_than":2}},{"count_of":{"action":"lapse","less_than":1}}]`: {Counts: []string{"hold", "lapse"}},
	} {
		got := guarded(t, when).Needs("held", "lapse")
		if !reflect.DeepEqual(got, want) || got.OfRecord() == reflect.DeepEqual(want, graphs.FactSet{}) {
			t.Errorf("%s: %+v, want %+v", when, got, want)
		}
	}
	g := graphtest.Sample()
	if n := g.Needs("held", "fly"); n.OfRecord() || g.Blocked("held", "fly", graphs.Facts{}) != nil || g.Blocked("nowhere", "fly", graphs.Facts{}) != nil {
		t.Errorf("an unknown action needs %+v", n)
	}
}

// TestUnknownGuardsForbid: a graph of a later release may have a guard that this one does not have.
func TestUnknownGuardsForbid(t *testing.T) {
	t.Parallel()
	g := graphtest.Sample()
	if err := json.Unmarshal([]byte(`[{"full_moon":true}]`), &lapse(g).When); err != nil {
		t.Fatal(err)
	}
	if b := g.Blocked("held", "lapse", graphs.Facts{}); b == nil || b.Guard != "" || b.Text == "" || lapse(g).When[0].Name() != "" {
		t.Errorf("%+v", b)
	}
}
