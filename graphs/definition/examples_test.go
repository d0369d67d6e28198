package definition_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/graphs"
	"holdfast/graphs/definition"
)

// example returns the worked example of that name.
func example(t *testing.T, name string) *graphs.Graph {
	t.Helper()
	for _, e := range definition.Examples() {
		if e.Name != name {
			continue
		}
		g, faults := definition.CheckOwn(e.Text, nil)
		if faults != nil {
			t.Fatal(faults)
		}
		return g
	}
	t.Fatalf("no example %s", name)
	return nil
}

// TestExamplesAreWalked plays the stories of the worked examples. A step is an action and who plays it; behind "if taken" somebody else has
// the slot or seat.
func TestExamplesAreWalked(t *testing.T) {
	t.Parallel()
	for _, story := range []struct{ graph, steps, states string }{
		{"approval", "request api, confirm effect, complete timer", "checking confirmed completed"},
		{"approval", "request api, decline effect", "checking declined"},
		{"approval", "request api, ask effect, confirm owner_link, cancel_by_customer customer_link", "checking tentative confirmed cancelled"},
		{"approval", "request api, ask timer, expire timer", "checking tentative expired"},
		{"deposit", "reserve api, pay_deposit payment, fall_due timer, remind api, pay_balance payment, complete timer",
			"reserved deposited overdue overdue paid completed"},
		{"deposit", "reserve api, timeout timer, pay_deposit payment, cancel owner_link, refunded payment", "reserved unpaid deposited refund_due closed"},
		{"deposit", "reserve api, timeout timer, pay_deposit payment if taken, refunded api", "reserved unpaid refund_due closed"},
		{"deposit", "reserve api, pay_deposit api, fall_due timer, forfeit timer", "reserved deposited overdue forfeited"},
		{"viewing", "ask api if taken, move_up owner_link if taken, move_up owner_link, confirm customer_link, decide timer, apply customer_link, accept owner_link",
			"waiting waiting invited confirmed deciding applied accepted"},
		{"viewing", "ask api, lapse timer", "invited not_seen"},
		{"viewing", "ask api, confirm api, decide timer, apply api, resend effect, refuse_tenant api", "invited confirmed deciding applied by_hand passed"},
	} {
		g := example(t, story.graph)
		state, states := g.Initial, []string{}
		for step := range strings.SplitSeq(story.steps, ", ") {
			words := strings.Fields(step)
			move, err := g.Next(state, words[0], graphs.Actor(words[1]))
			if err != nil {
				t.Fatalf("%s: %s: %v", story.graph, step, err)
			}
			if len(words) > 2 {
				move = *move.Otherwise
			}
			state = move.To
			states = append(states, state)
		}
		if got := strings.Join(states, " "); got != story.states || !g.Final(state) {
			t.Errorf("%s: %s leads through %s, want %s", story.graph, story.steps, got, story.states)
		}
	}
}

// TestExamplesAskAndWait: what their effects, timers and guards say.
func TestExamplesAskAndWait(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC)
	times := graphs.Times{Entered: start.AddDate(0, 0, -1), Start: start, End: start.Add(time.Hour), CancelUntil: start.Add(-2 * time.Hour)}
	approval, deposit, viewing := example(t, "approval"), example(t, "deposit"), example(t, "viewing")
	effects := approval.EffectsOf("initialized", "request")
	if len(effects) != 1 || !slices.Equal(effects[0].Plays(), []string{"confirm", "decline", "ask"}) || effects[0].Endpoint != "approvals" {
		t.Errorf("%+v", effects)
	}
	if got := approval.Deadlines("tentative", times, nil); len(got) != 1 || got[0].At != times.CancelUntil {
		t.Errorf("a request ends at %v", got)
	}
	for _, c := range []struct {
		g             *graphs.Graph
		state, action string
		facts         graphs.Facts
		want          string
	}{
		{approval, "initialized", "request", graphs.Facts{Now: start.Add(-time.Hour), Times: times}, "before_start"},
		{deposit, "overdue", "remind", graphs.Facts{Counts: map[string]int{"remind": 3}}, "count_of"},
		{deposit, "overdue", "remind", graphs.Facts{Counts: map[string]int{"remind": 2}}, ""},
		{deposit, "reserved", "cancel_by_customer", graphs.Facts{Paid: true}, "has_payment"},
		{viewing, "waiting", "move_up", graphs.Facts{Now: times.Entered, Times: times}, "seats_left"},
		{viewing, "waiting", "move_up", graphs.Facts{Now: times.Entered, Times: times, SeatsLeft: 1}, ""},
		{viewing, "deciding", "apply", graphs.Facts{Offered: true}, "meta_equals"},
		{viewing, "deciding", "apply", graphs.Facts{Meta: map[string]any{"income_checked": true}}, "input_equals"},
		{viewing, "deciding", "apply", graphs.Facts{
			Meta: map[string]any{"income_checked": true}, Inputs: map[string]map[string]any{"apply": {"consent": "yes"}},
		}, ""},
	} {
		got := ""
		if b := c.g.Blocked(c.state, c.action, c.facts); b != nil {
			got = b.Guard
		}
		if got != c.want {
			t.Errorf("%s in %s: blocked by %q, want %q", c.action, c.state, got, c.want)
		}
	}
}
