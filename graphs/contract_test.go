package graphs

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// contract is the built-in graphs once more, written by hand from part 1.2 of the contract and not from the data: per
// graph its states and what each holds, and per arrow who may play it. What the contract calls (auto) at creation is
// played by the server, so by "api"; what it calls (auto) later is played by a timer too.
//
// Actors: A api, O owner's link, C customer's link, P payment, T timer, B another booking. An arrow that takes time or a seat has "!".
var contract = []struct {
	graph, initial, start string
	states                string   // state=what it holds; finals are marked with a dot
	arrows                []string // from action to actors
	timers                []string // state action, after, from, switch
}{
	{
		graph: "instant", initial: "initialized", start: "confirm",
		states: "initialized=nothing confirmed=slot cancelled. cancelled_by_customer. rescheduled_by_customer. completed. error.",
		arrows: []string{
			"initialized confirm confirmed A !",
			"confirmed cancel cancelled AO",
			"confirmed cancel_by_customer cancelled_by_customer AC",
			"confirmed reschedule_by_customer rescheduled_by_customer AC",
			"confirmed complete completed AOT",
		},
		timers: []string{"confirmed complete 1h0m0s end auto_complete_one_hour_after_booking_ends"},
	},
	{
		graph: "confirm_decline", initial: "initialized", start: "create",
		states: "initialized=nothing tentative=nothing confirmed=slot declined. cancelled. cancelled_by_customer. " +
			"rescheduled_by_customer. completed. error.",
		arrows: []string{
			"initialized create tentative A",
			"tentative confirm confirmed AO !",
			"tentative decline declined AO",
			"confirmed cancel cancelled AO",
			"confirmed cancel_by_customer cancelled_by_customer AC",
			"confirmed reschedule_by_customer rescheduled_by_customer AC",
			"confirmed complete completed AOT",
		},
		timers: []string{"confirmed complete 1h0m0s end auto_complete_one_hour_after_booking_ends"},
	},
	{
		graph: "instant_payment", initial: "initialized", start: "create",
		states: "initialized=nothing tentative=slot paid=slot unpaid. cancelled. completed. error.",
		arrows: []string{
			"initialized create tentative A !",
			"tentative pay paid AP",
			"tentative timeout unpaid AT",
			"paid cancel cancelled AO",
			"paid complete completed AOT",
		},
		timers: []string{
			"tentative timeout 5m0s entered",
			"paid complete 1h0m0s end auto_complete_one_hour_after_booking_ends",
		},
	},
	{
		graph: "group_owner", initial: "initialized", start: "create",
		states: "initialized=nothing tentative=slot cancelled. completed. error.",
		arrows: []string{
			"initialized create tentative A !",
			"tentative cancel cancelled AO",
			"tentative complete completed AOT",
		},
		timers: []string{"tentative complete 1h0m0s end auto_complete_one_hour_after_booking_ends"},
	},
	{
		graph: "group_customer", initial: "initialized", start: "create",
		states: "initialized=nothing confirmed=seat cancelled_by_customer. cancelled_by_owner. completed. error.",
		arrows: []string{
			"initialized create confirmed A !",
			"confirmed cancel_by_customer cancelled_by_customer AC",
			"confirmed cancel_by_owner cancelled_by_owner AO",
			"confirmed complete completed AOT",
		},
		timers: []string{"confirmed complete 1h0m0s end auto_complete_one_hour_after_booking_ends"},
	},
	{
		graph: "group_customer_payment", initial: "initialized", start: "create",
		states: "initialized=nothing tentative=nothing paid=seat unpaid. cancelled_by_owner. cancelled_by_customer. completed. error.",
		arrows: []string{
			"initialized create tentative A",
			"tentative pay paid AP !",
			"tentative timeout unpaid AT",
			"tentative cancel_by_owner cancelled_by_owner AO",
			"paid cancel_by_owner cancelled_by_owner AO",
			"paid cancel_by_customer cancelled_by_customer AC",
			"paid complete completed AOT",
		},
		timers: []string{
			"tentative timeout 5m0s entered",
			"paid complete 1h0m0s end auto_complete_one_hour_after_booking_ends",
		},
	},
	{
		graph: "reservation", initial: "initialized", start: "reserve",
		states: "initialized=nothing reserved=slot booked. released. expired. error.",
		arrows: []string{
			"initialized reserve reserved A !",
			"reserved extend reserved A",
			"reserved book booked B",
			"reserved release released AC",
			"reserved expire expired T",
		},
		timers: []string{"reserved expire 30s entered"},
	},
}

var actorLetters = map[byte]Actor{
	'A': ActorAPI, 'O': ActorOwnerLink, 'C': ActorCustomerLink, 'P': ActorPayment, 'T': ActorTimer,
	'B': ActorBooking, '-': "nobody",
}

// promised is one line of contract.arrows, read.
type promised struct {
	to     string
	actors string
	takes  bool
}

// TestEveryPairAgainstTheContract asks every graph about every state, every action of any graph and every actor.
func TestEveryPairAgainstTheContract(t *testing.T) {
	t.Parallel()
	actions := []string{"", "no_such_action"}
	for _, c := range contract {
		for _, line := range c.arrows {
			actions = append(actions, strings.Fields(line)[1])
		}
	}
	slices.Sort(actions)
	actions = slices.Compact(actions)
	for _, c := range contract {
		t.Run(c.graph, func(t *testing.T) {
			t.Parallel()
			g, ok := Latest(c.graph)
			if !ok {
				t.Fatal("missing")
			}
			holds, order := readStates(c.states)
			arrows, known := map[string]promised{}, map[string]bool{}
			for _, line := range c.arrows {
				f := strings.Fields(line)
				arrows[f[0]+" "+f[1]] = promised{f[2], f[3], len(f) == 5}
				known[f[1]] = true
			}
			for _, state := range append(order, "", "no_such_state") {
				for _, action := range actions {
					for letter, actor := range actorLetters {
						move, err := g.Next(state, action, actor)
						want, refusal := expect(state, action, actor, letter, arrows, known, holds)
						if move != want || !sameRefusal(err, refusal) {
							t.Errorf("Next(%q, %q, %q) = %+v, %v; the contract wants %+v, %v", state, action, actor, move, err, want, refusal)
						}
					}
				}
			}
		})
	}
}

func expect(state, action string, actor Actor, letter byte, arrows map[string]promised, known map[string]bool, holds map[string]Holds) (Move, *Refusal) {
	refuse := func(why Reason) (Move, *Refusal) { return Move{}, &Refusal{why, state, action, actor} }
	if _, ok := holds[state]; !ok {
		return refuse(UnknownState)
	}
	arrow, ok := arrows[state+" "+action]
	if !ok && known[action] {
		return refuse(NotAvailable)
	}
	if !ok {
		return refuse(UnknownAction)
	}
	if strings.IndexByte(arrow.actors, letter) < 0 {
		return refuse(NotYours)
	}
	final := holds[arrow.to] == ""
	after := holds[arrow.to]
	if final {
		after = HoldsNothing
	}
	return Move{
		Action: action, From: state, To: arrow.to, Holds: after, Final: final, Takes: arrow.takes,
		Frees: holds[state] != HoldsNothing && after == HoldsNothing,
	}, nil
}

func sameRefusal(err error, want *Refusal) bool {
	var got *Refusal
	if !errors.As(err, &got) {
		return err == nil && want == nil
	}
	return want != nil && *got == *want
}

// readStates reads a line of states; a final one, which holds nothing, maps to the empty text.
func readStates(line string) (holds map[string]Holds, order []string) {
	holds = map[string]Holds{}
	for word := range strings.FieldsSeq(line) {
		state, what, _ := strings.Cut(strings.TrimSuffix(word, "."), "=")
		holds[state] = Holds(what)
		order = append(order, state)
	}
	return holds, order
}

func TestStatesAndTimersAgainstTheContract(t *testing.T) {
	t.Parallel()
	for _, c := range contract {
		t.Run(c.graph, func(t *testing.T) {
			t.Parallel()
			g, _ := Latest(c.graph)
			if g.Initial != c.initial || g.Start != c.start {
				t.Errorf("starts with %s in %s, want %s in %s", g.Start, g.Initial, c.start, c.initial)
			}
			holds, order := readStates(c.states)
			var names, timers []string
			for _, s := range g.States {
				names = append(names, s.Name)
				if want := holds[s.Name]; s.Final != (want == "") || (!s.Final && s.Holds != want) {
					t.Errorf("state %s: final %v, holds %q, want %q", s.Name, s.Final, s.Holds, want)
				}
				for _, timer := range s.Timers {
					line := fmt.Sprintf("%s %s %s %s %s", s.Name, timer.Action, time.Duration(timer.After), timer.From, timer.Switch)
					timers = append(timers, strings.TrimSpace(line))
				}
			}
			slices.Sort(names)
			slices.Sort(order)
			if !slices.Equal(names, order) {
				t.Errorf("states %v, want %v", names, order)
			}
			if !slices.Equal(timers, c.timers) {
				t.Errorf("timers %q, want %q", timers, c.timers)
			}
		})
	}
	if len(contract) != len(All()) {
		t.Errorf("the contract has %d graphs, the package %d", len(contract), len(All()))
	}
}

// TestInputsAgainstTheContract checks the inputs that part 1.3 of the contract names, with its odd key for decline.
// The message that the owner's cancel of a seat takes is ours.
func TestInputsAgainstTheContract(t *testing.T) {
	t.Parallel()
	want := map[string][]Input{
		"cancel":             {{Step: "cancel", Field: "message"}},
		"cancel_by_customer": {{Step: "cancel_by_customer", Field: "message"}},
		"cancel_by_owner":    {{Step: "cancel_by_owner", Field: "message"}},
		"decline":            {{Step: "notify_customer_declined_by_email", Field: "message"}},
		"pay":                {{Step: "pay", Field: "payment_id"}},
		"extend":             {{Step: "extend", Field: "reservation_time", Timer: "expire"}},
	}
	for _, g := range All() {
		for _, s := range g.States {
			for _, a := range s.Actions {
				if got := g.Inputs(s.Name, a.Name); !reflect.DeepEqual(got, want[a.Name]) {
					t.Errorf("%s: %s in %s takes %v, want %v", g.Name, a.Name, s.Name, got, want[a.Name])
				}
			}
		}
		if got := g.Inputs("no_such_state", "cancel"); got != nil {
			t.Errorf("an unknown state takes %v", got)
		}
		if got := g.Inputs(g.Initial, "no_such_action"); got != nil {
			t.Errorf("an unknown action takes %v", got)
		}
	}
}

func TestRefusalsSpeakTheContractsWords(t *testing.T) {
	t.Parallel()
	g, _ := Latest("instant")
	for _, c := range []struct {
		state, action string
		actor         Actor
		want          string
	}{
		{"confirmed", "confirm", ActorAPI, "Cannot apply action 'confirm' to current state 'confirmed'"},
		{"confirmed", "fly", ActorAPI, "Cannot apply action 'fly' to current state 'confirmed'"},
		{"nowhere", "confirm", ActorAPI, "Cannot apply action 'confirm' to current state 'nowhere'"},
		{"confirmed", "cancel", ActorCustomerLink, "Action 'cancel' is not open to customer_link in state 'confirmed'"},
	} {
		if _, err := g.Next(c.state, c.action, c.actor); err == nil || err.Error() != c.want {
			t.Errorf("%s in %s by %s: %v, want %s", c.action, c.state, c.actor, err, c.want)
		}
	}
}

func TestOpenActions(t *testing.T) {
	t.Parallel()
	g, _ := Latest("instant")
	for _, c := range []struct {
		state string
		actor Actor
		want  []string
	}{
		{"confirmed", "", []string{"cancel", "cancel_by_customer", "reschedule_by_customer", "complete"}},
		{"confirmed", ActorOwnerLink, []string{"cancel", "complete"}},
		{"confirmed", ActorCustomerLink, []string{"cancel_by_customer", "reschedule_by_customer"}},
		{"confirmed", ActorTimer, []string{"complete"}},
		{"confirmed", ActorPayment, []string{}},
		{"completed", "", []string{}},
		{"completed", ActorAPI, []string{}},
		{"nowhere", "", []string{}},
		{"nowhere", ActorAPI, []string{}},
	} {
		got := g.Open(c.state)
		if c.actor != "" {
			got = g.OpenTo(c.state, c.actor)
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("open in %s to %q: %#v, want %#v", c.state, c.actor, got, c.want)
		}
	}
	if g.Final("nowhere") || g.Final("confirmed") || !g.Final("error") || g.HasState("nowhere") {
		t.Error("Final or HasState is wrong")
	}
}
