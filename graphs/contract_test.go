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
// graph its states and what each holds, and per arrow who may play it. A bare name is version 1. What the contract calls (auto) at creation is
// played by the server, so by "api"; what it calls (auto) later is played by a timer too.
//
// Actors: A api, O owner's link, C customer's link, P payment, T timer, B another booking. An arrow that takes time or a seat has "!".
var contract = []struct {
	graph, initial, start string
	states                string   // state=what it holds; finals are marked with a dot; most hold nothing
	arrows                []string // from action to actors
	timers                []string // state action, after, from, switch, or the moments it is no later than
	windows               []string // state action, from when, until when
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
	// What follows is not Timekit's: the second versions, and requests.
	{
		graph: "instant@2", initial: "initialized", start: "confirm",
		states: "initialized=nothing confirmed=slot cancelled. cancelled_by_customer. rescheduled_by_customer. completed. attended=kept. no_show=kept. error.",
		arrows: []string{
			"initialized confirm confirmed A !",
			"confirmed cancel cancelled AO",
			"confirmed cancel_by_customer cancelled_by_customer AC",
			"confirmed reschedule_by_customer rescheduled_by_customer AC",
			"confirmed complete completed AOT",
			"confirmed attended attended AO",
			"confirmed no_show no_show AO",
			"completed attended attended AO",
			"completed no_show no_show AO",
			"attended undo previous AO",
			"no_show undo previous AO",
		},
		timers: []string{
			"confirmed complete 1h0m0s end auto_complete_one_hour_after_booking_ends",
		},
		windows: []string{
			"confirmed attended from 10m0s start until 168h0m0s end",
			"confirmed no_show from 10m0s start until 168h0m0s end",
			"completed attended from 10m0s start until 168h0m0s end",
			"completed no_show from 10m0s start until 168h0m0s end",
			"attended undo until 24h0m0s entered",
			"no_show undo until 24h0m0s entered",
		},
	},
	{
		graph: "confirm_decline@2", initial: "initialized", start: "create",
		states: "initialized=nothing tentative=nothing confirmed=slot declined. withdrawn. expired. cancelled. cancelled_by_customer. rescheduled_by_customer. completed. attended=kept. no_show=kept. error.",
		arrows: []string{
			"initialized create tentative A",
			"tentative confirm confirmed AO !",
			"tentative decline declined AO",
			"tentative withdraw withdrawn AC",
			"tentative expire expired T",
			"confirmed cancel cancelled AO",
			"confirmed cancel_by_customer cancelled_by_customer AC",
			"confirmed reschedule_by_customer rescheduled_by_customer AC",
			"confirmed complete completed AOT",
			"confirmed attended attended AO",
			"confirmed no_show no_show AO",
			"completed attended attended AO",
			"completed no_show no_show AO",
			"attended undo previous AO",
			"no_show undo previous AO",
		},
		timers: []string{
			"tentative expire 48h0m0s entered or -1h0m0s start",
			"confirmed complete 1h0m0s end auto_complete_one_hour_after_booking_ends",
		},
		windows: []string{
			"confirmed attended from 10m0s start until 168h0m0s end",
			"confirmed no_show from 10m0s start until 168h0m0s end",
			"completed attended from 10m0s start until 168h0m0s end",
			"completed no_show from 10m0s start until 168h0m0s end",
			"attended undo until 24h0m0s entered",
			"no_show undo until 24h0m0s entered",
		},
	},
	{
		graph: "request", initial: "initialized", start: "create",
		states: "initialized=nothing tentative=slot confirmed=slot declined. withdrawn. expired. cancelled. cancelled_by_customer. rescheduled_by_customer. completed. attended=kept. no_show=kept. error.",
		arrows: []string{
			"initialized create tentative A !",
			"tentative confirm confirmed AO",
			"tentative decline declined AO",
			"tentative withdraw withdrawn AC",
			"tentative expire expired T",
			"confirmed cancel cancelled AO",
			"confirmed cancel_by_customer cancelled_by_customer AC",
			"confirmed reschedule_by_customer rescheduled_by_customer AC",
			"confirmed complete completed AOT",
			"confirmed attended attended AO",
			"confirmed no_show no_show AO",
			"completed attended attended AO",
			"completed no_show no_show AO",
			"attended undo previous AO",
			"no_show undo previous AO",
		},
		timers: []string{
			"tentative expire 48h0m0s entered or -1h0m0s start",
			"confirmed complete 1h0m0s end auto_complete_one_hour_after_booking_ends",
		},
		windows: []string{
			"confirmed attended from 10m0s start until 168h0m0s end",
			"confirmed no_show from 10m0s start until 168h0m0s end",
			"completed attended from 10m0s start until 168h0m0s end",
			"completed no_show from 10m0s start until 168h0m0s end",
			"attended undo until 24h0m0s entered",
			"no_show undo until 24h0m0s entered",
		},
	},
	{
		graph: "instant_payment@2", initial: "initialized", start: "create",
		states: "initialized=nothing tentative=slot paid=slot unpaid. withdrawn. cancelled. completed. attended=kept. no_show=kept. error.",
		arrows: []string{
			"initialized create tentative A !",
			"tentative pay paid AP",
			"tentative timeout unpaid AT",
			"tentative withdraw withdrawn AC",
			"paid cancel cancelled AO",
			"paid complete completed AOT",
			"paid attended attended AO",
			"paid no_show no_show AO",
			"completed attended attended AO",
			"completed no_show no_show AO",
			"attended undo previous AO",
			"no_show undo previous AO",
		},
		timers: []string{
			"tentative timeout 5m0s entered",
			"paid complete 1h0m0s end auto_complete_one_hour_after_booking_ends",
		},
		windows: []string{
			"paid attended from 10m0s start until 168h0m0s end",
			"paid no_show from 10m0s start until 168h0m0s end",
			"completed attended from 10m0s start until 168h0m0s end",
			"completed no_show from 10m0s start until 168h0m0s end",
			"attended undo until 24h0m0s entered",
			"no_show undo until 24h0m0s entered",
		},
	},
	{
		graph: "group_owner@2", initial: "initialized", start: "create",
		states: "initialized=nothing tentative=slot cancelled. completed. error.",
		arrows: []string{
			"initialized create tentative A !",
			"tentative cancel cancelled AO",
			"tentative complete completed AOT",
			"completed reopen tentative AO !",
		},
		timers: []string{
			"tentative complete 1h0m0s end auto_complete_one_hour_after_booking_ends",
		},
		windows: []string{
			"completed reopen until 24h0m0s entered until 0s end",
		},
	},
	{
		graph: "group_customer@2", initial: "initialized", start: "create",
		states: "initialized=nothing confirmed=seat cancelled_by_customer. cancelled_by_owner. completed. attended=kept. no_show=kept. error.",
		arrows: []string{
			"initialized create confirmed A !",
			"confirmed cancel_by_customer cancelled_by_customer AC",
			"confirmed cancel_by_owner cancelled_by_owner AO",
			"confirmed complete completed AOT",
			"confirmed attended attended AO",
			"confirmed no_show no_show AO",
			"completed attended attended AO",
			"completed no_show no_show AO",
			"attended undo previous AO",
			"no_show undo previous AO",
		},
		timers: []string{
			"confirmed complete 1h0m0s end auto_complete_one_hour_after_booking_ends",
		},
		windows: []string{
			"confirmed attended from 10m0s start until 168h0m0s end",
			"confirmed no_show from 10m0s start until 168h0m0s end",
			"completed attended from 10m0s start until 168h0m0s end",
			"completed no_show from 10m0s start until 168h0m0s end",
			"attended undo until 24h0m0s entered",
			"no_show undo until 24h0m0s entered",
		},
	},
	{
		graph: "group_customer_payment@2", initial: "initialized", start: "create",
		states: "initialized=nothing tentative=nothing paid=seat unpaid. withdrawn. cancelled_by_owner. cancelled_by_customer. completed. attended=kept. no_show=kept. error.",
		arrows: []string{
			"initialized create tentative A",
			"tentative pay paid AP !",
			"tentative timeout unpaid AT",
			"tentative withdraw withdrawn AC",
			"tentative cancel_by_owner cancelled_by_owner AO",
			"paid cancel_by_owner cancelled_by_owner AO",
			"paid cancel_by_customer cancelled_by_customer AC",
			"paid complete completed AOT",
			"paid attended attended AO",
			"paid no_show no_show AO",
			"completed attended attended AO",
			"completed no_show no_show AO",
			"attended undo previous AO",
			"no_show undo previous AO",
		},
		timers: []string{
			"tentative timeout 5m0s entered",
			"paid complete 1h0m0s end auto_complete_one_hour_after_booking_ends",
		},
		windows: []string{
			"paid attended from 10m0s start until 168h0m0s end",
			"paid no_show from 10m0s start until 168h0m0s end",
			"completed attended from 10m0s start until 168h0m0s end",
			"completed no_show from 10m0s start until 168h0m0s end",
			"attended undo until 24h0m0s entered",
			"no_show undo until 24h0m0s entered",
		},
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
			g, ok := Named(c.graph, nil)
			if !ok {
				t.Fatal("missing")
			}
			holds, finals, order := readStates(c.states)
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
						want, refusal := expect(state, action, actor, letter, arrows, known, holds, finals)
						if move != want || !sameRefusal(err, refusal) {
							t.Errorf("Next(%q, %q, %q) = %+v, %v; the contract wants %+v, %v", state, action, actor, move, err, want, refusal)
						}
					}
				}
			}
		})
	}
}

func expect(
	state, action string, actor Actor, letter byte, arrows map[string]promised, known map[string]bool, holds map[string]Holds, finals map[string]bool,
) (Move, *Refusal) {
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
	if arrow.to == Previous {
		return Move{Action: action, From: state, To: Previous, Holds: holds[state]}, nil
	}
	after := holds[arrow.to]
	return Move{
		Action: action, From: state, To: arrow.to, Holds: after, Final: finals[arrow.to], Takes: arrow.takes,
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

// readStates reads a line of states.
func readStates(line string) (holds map[string]Holds, finals map[string]bool, order []string) {
	holds, finals = map[string]Holds{}, map[string]bool{}
	for word := range strings.FieldsSeq(line) {
		state, what, told := strings.Cut(strings.TrimSuffix(word, "."), "=")
		if !told {
			what = string(HoldsNothing)
		}
		holds[state], finals[state] = Holds(what), strings.HasSuffix(word, ".")
		order = append(order, state)
	}
	return holds, finals, order
}

func TestStatesAndTimersAgainstTheContract(t *testing.T) {
	t.Parallel()
	for _, c := range contract {
		t.Run(c.graph, func(t *testing.T) {
			t.Parallel()
			g, _ := Named(c.graph, nil)
			if g.Initial != c.initial || g.Start != c.start {
				t.Errorf("starts with %s in %s, want %s in %s", g.Start, g.Initial, c.start, c.initial)
			}
			holds, finals, order := readStates(c.states)
			var names, timers, windows []string
			for _, s := range g.States {
				names = append(names, s.Name)
				if s.Final != finals[s.Name] || s.Holds != holds[s.Name] {
					t.Errorf("state %s: final %v, holds %q, want %v, %q", s.Name, s.Final, s.Holds, finals[s.Name], holds[s.Name])
				}
				for _, timer := range s.Timers {
					line := fmt.Sprintf("%s %s %s %s %s", s.Name, timer.Action, time.Duration(timer.After), timer.From, timer.Switch)
					for _, m := range timer.NoLaterThan {
						line = strings.TrimSpace(line) + " or " + momentLine(m)
					}
					timers = append(timers, strings.TrimSpace(line))
				}
				windows = append(windows, windowLines(s)...)
			}
			slices.Sort(names)
			slices.Sort(order)
			if !slices.Equal(names, order) {
				t.Errorf("states %v, want %v", names, order)
			}
			if !slices.Equal(timers, c.timers) {
				t.Errorf("timers %q, want %q", timers, c.timers)
			}
			if !slices.Equal(windows, c.windows) {
				t.Errorf("windows %q, want %q", windows, c.windows)
			}
		})
	}
	if len(contract) != len(Published()) {
		t.Errorf("the contract has %d graphs, the package %d", len(contract), len(Published()))
	}
}

func momentLine(m Moment) string {
	return fmt.Sprintf("%s %s", time.Duration(m.After)-time.Duration(m.Before), m.From)
}

func windowLines(s State) (lines []string) {
	for _, a := range s.Actions {
		line := s.Name + " " + a.Name
		for _, m := range a.NotBefore {
			line += " from " + momentLine(m)
		}
		for _, m := range a.Until {
			line += " until " + momentLine(m)
		}
		if len(a.NotBefore)+len(a.Until) > 0 {
			lines = append(lines, line)
		}
	}
	return lines
}

// TestNoticesOfRequests: the owner is reminded at half of the time, and somebody else at three quarters.
func TestNoticesOfRequests(t *testing.T) {
	t.Parallel()
	want := []Notice{{"approval_due", "expire", 50}, {"approval_escalated", "expire", 75}}
	for _, g := range Published() {
		for _, s := range g.States {
			asks := s.Name == "tentative" && (g.Ref() == "request@1" || g.Ref() == "confirm_decline@2")
			if asks != slices.Equal(s.Notices, want) || !asks && len(s.Notices) > 0 {
				t.Errorf("%s in %s: %v", g.Ref(), s.Name, s.Notices)
			}
		}
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
		"withdraw":           {{Step: "withdraw", Field: "message"}},
		"extend":             {{Step: "extend", Field: "reservation_time", Timer: "expire"}},
	}
	for _, g := range Published() {
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
	g, _ := Named("instant", nil)
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
	g, _ := Named("instant", nil)
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
