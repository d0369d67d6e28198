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
// Actors: A api, O owner's link, C customer's link, P payment, T timer, B another booking, E the end of an effect. An arrow that takes time
// or a seat has "!", and behind it the state that a conflict leads to, if it is not refused.
var contract = []struct {
	graph, initial, start string
	states                string   // state=what it holds; finals are marked with a dot; most hold nothing
	arrows                []string // from action to actors
	timers                []string // state action, after, from, switch, or the moments it is no later than
	windows               []string // state action, from when, until when
	guards                []string // state action, when
	effects               []string // state action, what is done, and what it plays
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
	{
		graph: "paid_booking", initial: "initialized", start: "create",
		states: "initialized=nothing tentative=slot expiring=slot requested=slot paid=slot balance_due=slot balance_overdue=slot settled=slot unpaid=nothing lapsed. refunded_late. declined. withdrawn. expired. cancelled. cancelled_by_customer. rescheduled_by_customer. completed. attended=kept. no_show=kept. error.",
		arrows: []string{
			"initialized create tentative A !",
			"tentative authorize requested P",
			"tentative pay paid APE",
			"tentative fail unpaid E",
			"tentative extend tentative AP",
			"tentative timeout expiring AT",
			"tentative withdraw withdrawn AC",
			"tentative cancel cancelled AO",
			"expiring authorize requested P",
			"expiring pay paid AP",
			"expiring expire unpaid PTE",
			"expiring withdraw withdrawn AC",
			"expiring cancel cancelled AO",
			"requested confirm paid AO",
			"requested decline declined AO",
			"requested expire_request expired T",
			"requested withdraw withdrawn AC",
			"paid cancel cancelled AO",
			"paid cancel_by_customer cancelled_by_customer AC",
			"paid reschedule_by_customer rescheduled_by_customer AC",
			"paid ask_balance balance_due AOT",
			"paid pay_balance settled AP",
			"paid capture_failed unpaid E",
			"paid complete completed AOT",
			"paid attended attended AO",
			"paid no_show no_show AO",
			"balance_due pay_balance settled APE",
			"balance_due cancel cancelled AO",
			"balance_due cancel_by_customer cancelled_by_customer AC",
			"balance_due reschedule_by_customer rescheduled_by_customer AC",
			"balance_due capture_failed unpaid E",
			"balance_due overdue balance_overdue AT",
			"balance_due complete completed AOT",
			"balance_overdue ask_balance balance_due AO",
			"balance_overdue pay_balance settled AP",
			"balance_overdue cancel cancelled AO",
			"balance_overdue cancel_by_customer cancelled_by_customer AC",
			"balance_overdue reschedule_by_customer rescheduled_by_customer AC",
			"balance_overdue capture_failed unpaid E",
			"balance_overdue complete completed AOT",
			"settled cancel cancelled AO",
			"settled cancel_by_customer cancelled_by_customer AC",
			"settled reschedule_by_customer rescheduled_by_customer AC",
			"settled complete completed AOT",
			"settled attended attended AO",
			"settled no_show no_show AO",
			"unpaid pay_late paid P ! refunded_late",
			"unpaid lapse lapsed T",
			"unpaid cancel cancelled AO",
			"completed attended attended AO",
			"completed no_show no_show AO",
			"attended undo previous AO",
			"no_show undo previous AO",
		},
		timers: []string{
			"tentative timeout 5m0s entered",
			"expiring expire 2m0s entered",
			"requested expire_request 144h0m0s entered or -1h0m0s start",
			"paid ask_balance 0s balance_due",
			"paid complete 1h0m0s end auto_complete_one_hour_after_booking_ends",
			"balance_due overdue 24h0m0s entered",
			"balance_due complete 1h0m0s end auto_complete_one_hour_after_booking_ends",
			"balance_overdue complete 1h0m0s end auto_complete_one_hour_after_booking_ends",
			"settled complete 1h0m0s end auto_complete_one_hour_after_booking_ends",
			"unpaid lapse 24h0m0s entered",
		},
		windows: []string{
			"paid attended from 10m0s start until 168h0m0s end",
			"paid no_show from 10m0s start until 168h0m0s end",
			"settled attended from 10m0s start until 168h0m0s end",
			"settled no_show from 10m0s start until 168h0m0s end",
			"unpaid pay_late until 0s start",
			"completed attended from 10m0s start until 168h0m0s end",
			"completed no_show from 10m0s start until 168h0m0s end",
			"attended undo until 24h0m0s entered",
			"no_show undo until 24h0m0s entered",
		},
		guards: []string{"tentative extend while extend was played fewer times than 1"},
		effects: []string{
			"initialized create open a payment due 15m0s then pay or fail",
			"tentative timeout end the payment 2m0s then expire or expire",
			"tentative withdraw end the payment 2m0s",
			"tentative cancel end the payment 2m0s",
			"requested confirm capture the payment 72h0m0s or capture_failed",
			"requested decline void the payment 72h0m0s",
			"requested expire_request void the payment 72h0m0s",
			"requested withdraw void the payment 72h0m0s",
			"paid cancel refund everything 72h0m0s",
			"paid cancel_by_customer refund by policy 72h0m0s",
			"paid ask_balance ask for the balance balance 15m0s then pay_balance",
			"paid no_show ask for the fee no_show_fee 15m0s",
			"balance_due cancel refund everything 72h0m0s",
			"balance_due cancel_by_customer refund by policy 72h0m0s",
			"balance_due capture_failed end the payment 2m0s",
			"balance_due complete end the payment 2m0s",
			"balance_overdue ask_balance ask for the balance balance 15m0s then pay_balance",
			"balance_overdue cancel refund everything 72h0m0s",
			"balance_overdue cancel_by_customer refund by policy 72h0m0s",
			"balance_overdue capture_failed end the payment 2m0s",
			"balance_overdue complete end the payment 2m0s",
			"settled cancel refund everything 72h0m0s",
			"settled cancel_by_customer refund by policy 72h0m0s",
			"settled no_show ask for the fee no_show_fee 15m0s",
			"completed no_show ask for the fee no_show_fee 15m0s",
			"no_show undo end the payment 2m0s",
		},
	},
	{
		graph: "paid_seat", initial: "initialized", start: "create",
		states: "initialized=nothing tentative=seat expiring=seat requested=seat paid=seat balance_due=seat balance_overdue=seat settled=seat unpaid=nothing lapsed. refunded_late. declined. withdrawn. expired. cancelled_by_owner. cancelled_by_customer. completed. attended=kept. no_show=kept. error.",
		arrows: []string{
			"initialized create tentative A !",
			"tentative authorize requested P",
			"tentative pay paid APE",
			"tentative fail unpaid E",
			"tentative extend tentative AP",
			"tentative timeout expiring AT",
			"tentative withdraw withdrawn AC",
			"tentative cancel_by_owner cancelled_by_owner AO",
			"expiring authorize requested P",
			"expiring pay paid AP",
			"expiring expire unpaid PTE",
			"expiring withdraw withdrawn AC",
			"expiring cancel_by_owner cancelled_by_owner AO",
			"requested confirm paid AO",
			"requested decline declined AO",
			"requested expire_request expired T",
			"requested withdraw withdrawn AC",
			"requested cancel_by_owner cancelled_by_owner AO",
			"paid cancel_by_owner cancelled_by_owner AO",
			"paid cancel_by_customer cancelled_by_customer AC",
			"paid ask_balance balance_due AOT",
			"paid pay_balance settled AP",
			"paid capture_failed unpaid E",
			"paid complete completed AOT",
			"paid attended attended AO",
			"paid no_show no_show AO",
			"balance_due pay_balance settled APE",
			"balance_due cancel_by_owner cancelled_by_owner AO",
			"balance_due cancel_by_customer cancelled_by_customer AC",
			"balance_due capture_failed unpaid E",
			"balance_due overdue balance_overdue AT",
			"balance_due complete completed AOT",
			"balance_overdue ask_balance balance_due AO",
			"balance_overdue pay_balance settled AP",
			"balance_overdue cancel_by_owner cancelled_by_owner AO",
			"balance_overdue cancel_by_customer cancelled_by_customer AC",
			"balance_overdue capture_failed unpaid E",
			"balance_overdue complete completed AOT",
			"settled cancel_by_owner cancelled_by_owner AO",
			"settled cancel_by_customer cancelled_by_customer AC",
			"settled complete completed AOT",
			"settled attended attended AO",
			"settled no_show no_show AO",
			"unpaid pay_late paid P ! refunded_late",
			"unpaid lapse lapsed T",
			"unpaid cancel_by_owner cancelled_by_owner AO",
			"completed attended attended AO",
			"completed no_show no_show AO",
			"attended undo previous AO",
			"no_show undo previous AO",
		},
		timers: []string{
			"tentative timeout 5m0s entered",
			"expiring expire 2m0s entered",
			"requested expire_request 144h0m0s entered or -1h0m0s start",
			"paid ask_balance 0s balance_due",
			"paid complete 1h0m0s end auto_complete_one_hour_after_booking_ends",
			"balance_due overdue 24h0m0s entered",
			"balance_due complete 1h0m0s end auto_complete_one_hour_after_booking_ends",
			"balance_overdue complete 1h0m0s end auto_complete_one_hour_after_booking_ends",
			"settled complete 1h0m0s end auto_complete_one_hour_after_booking_ends",
			"unpaid lapse 24h0m0s entered",
		},
		windows: []string{
			"paid attended from 10m0s start until 168h0m0s end",
			"paid no_show from 10m0s start until 168h0m0s end",
			"settled attended from 10m0s start until 168h0m0s end",
			"settled no_show from 10m0s start until 168h0m0s end",
			"unpaid pay_late until 0s start",
			"completed attended from 10m0s start until 168h0m0s end",
			"completed no_show from 10m0s start until 168h0m0s end",
			"attended undo until 24h0m0s entered",
			"no_show undo until 24h0m0s entered",
		},
		guards: []string{"tentative extend while extend was played fewer times than 1"},
		effects: []string{
			"initialized create open a payment due 15m0s then pay or fail",
			"tentative timeout end the payment 2m0s then expire or expire",
			"tentative withdraw end the payment 2m0s",
			"tentative cancel_by_owner end the payment 2m0s",
			"requested confirm capture the payment 72h0m0s or capture_failed",
			"requested decline void the payment 72h0m0s",
			"requested expire_request void the payment 72h0m0s",
			"requested withdraw void the payment 72h0m0s",
			"requested cancel_by_owner void the payment 72h0m0s",
			"paid cancel_by_owner refund everything 72h0m0s",
			"paid cancel_by_customer refund by policy 72h0m0s",
			"paid ask_balance ask for the balance balance 15m0s then pay_balance",
			"paid no_show ask for the fee no_show_fee 15m0s",
			"balance_due cancel_by_owner refund everything 72h0m0s",
			"balance_due cancel_by_customer refund by policy 72h0m0s",
			"balance_due capture_failed end the payment 2m0s",
			"balance_due complete end the payment 2m0s",
			"balance_overdue ask_balance ask for the balance balance 15m0s then pay_balance",
			"balance_overdue cancel_by_owner refund everything 72h0m0s",
			"balance_overdue cancel_by_customer refund by policy 72h0m0s",
			"balance_overdue capture_failed end the payment 2m0s",
			"balance_overdue complete end the payment 2m0s",
			"settled cancel_by_owner refund everything 72h0m0s",
			"settled cancel_by_customer refund by policy 72h0m0s",
			"settled no_show ask for the fee no_show_fee 15m0s",
			"completed no_show ask for the fee no_show_fee 15m0s",
			"no_show undo end the payment 2m0s",
		},
	},
}

var actorLetters = map[byte]Actor{
	'A': ActorAPI, 'O': ActorOwnerLink, 'C': ActorCustomerLink, 'P': ActorPayment, 'T': ActorTimer,
	'B': ActorBooking, 'E': ActorEffect, '-': "nobody",
}

// promised is one line of contract.arrows, read.
type promised struct {
	to     string
	actors string
	takes  bool
	other  string
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
				arrow := promised{to: f[2], actors: f[3], takes: len(f) > 4}
				if len(f) > 5 {
					arrow.other = f[5]
				}
				arrows[f[0]+" "+f[1]] = arrow
				known[f[1]] = true
			}
			for _, state := range append(order, "", "no_such_state") {
				for _, action := range actions {
					for letter, actor := range actorLetters {
						move, err := g.Next(state, action, actor)
						want, refusal := expect(state, action, actor, letter, arrows, known, holds, finals)
						if !reflect.DeepEqual(move, want) || !sameRefusal(err, refusal) {
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
	move := func(to string, takes bool) Move {
		return Move{
			Action: action, From: state, To: to, Holds: holds[to], Final: finals[to], Takes: takes,
			Frees: holds[state] != HoldsNothing && holds[to] == HoldsNothing,
		}
	}
	want := move(arrow.to, arrow.takes)
	if arrow.other != "" {
		otherwise := move(arrow.other, false)
		want.Otherwise = &otherwise
	}
	return want, nil
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
			var names, timers, windows, guards, effects []string
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
				guards = append(guards, guardLines(s)...)
				effects = append(effects, effectLines(g, s)...)
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
			if !slices.Equal(guards, c.guards) {
				t.Errorf("guards %q, want %q", guards, c.guards)
			}
			if !slices.Equal(effects, c.effects) {
				t.Errorf("effects %q, want %q", effects, c.effects)
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

func guardLines(s State) (lines []string) {
	for _, a := range s.Actions {
		for i := range a.When {
			lines = append(lines, s.Name+" "+a.Name+" "+a.When[i].String())
		}
	}
	return lines
}

func effectLines(g *Graph, s State) (lines []string) {
	for _, a := range s.Actions {
		for _, e := range g.EffectsOf(s.Name, a.Name) {
			line := strings.Join(strings.Fields(fmt.Sprintf("%s %s %s %s %s", s.Name, a.Name, e.String(), e.Of, time.Duration(e.GiveUpAfter))), " ")
			for _, plays := range []struct{ word, action string }{{"then", e.Then}, {"else", e.Else}, {"or", e.OnFailure}} {
				if plays.action != "" {
					line += " " + plays.word + " " + plays.action
				}
			}
			lines = append(lines, line)
		}
	}
	return lines
}

// TestNoticesOfRequests: the owner is reminded at half of the time, and somebody else at three quarters.
func TestNoticesOfRequests(t *testing.T) {
	t.Parallel()
	asking := map[string]string{
		"request@1 tentative": "expire", "confirm_decline@2 tentative": "expire",
		"paid_booking@1 requested": "expire_request", "paid_seat@1 requested": "expire_request",
	}
	for _, g := range Published() {
		for _, s := range g.States {
			if s.Name == "balance_due" { // TestBalances
				continue
			}
			var want []Notice
			if timer := asking[g.Ref()+" "+s.Name]; timer != "" {
				want = []Notice{{"approval_due", timer, 50}, {"approval_escalated", timer, 75}}
			}
			if !slices.Equal(s.Notices, want) {
				t.Errorf("%s in %s: %v, want %v", g.Ref(), s.Name, s.Notices, want)
			}
		}
	}
}

// TestBalances: the rest of a price is asked for at its moment, which only a booking with a balance has, and the customer is reminded at
// half of the time.
func TestBalances(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for _, name := range []string{"paid_booking", "paid_seat"} {
		g, _ := Version(name, 1)
		state, _ := g.State("balance_due")
		if want := []Notice{{"balance_reminder", "overdue", 50}}; !slices.Equal(state.Notices, want) {
			t.Errorf("%s: %v, want %v", name, state.Notices, want)
		}
		times := Times{Entered: now, Start: now.Add(9 * time.Hour), End: now.Add(10 * time.Hour)}
		if due := g.Deadlines("paid", times, nil); len(due) != 1 || due[0].Action != "complete" {
			t.Errorf("%s without a balance: %v", name, due)
		}
		times.BalanceDue = now.Add(time.Hour)
		if due := g.Deadlines("paid", times, nil); len(due) != 2 || due[0] != (Deadline{"ask_balance", times.BalanceDue}) {
			t.Errorf("%s with a balance: %v", name, due)
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
		"reservation extend": {{Step: "extend", Field: "reservation_time", Timer: "expire"}},
		"authorize":          {{Step: "authorize", Field: "payment_id"}},
		"pay_late":           {{Step: "pay_late", Field: "payment_id"}},
		"pay_balance":        {{Step: "pay_balance", Field: "payment_id"}},
	}
	for _, g := range Published() {
		for _, s := range g.States {
			for _, a := range s.Actions {
				expected, own := want[g.Name+" "+a.Name]
				if !own {
					expected = want[a.Name]
				}
				if got := g.Inputs(s.Name, a.Name); !reflect.DeepEqual(got, expected) {
					t.Errorf("%s: %s in %s takes %v, want %v", g.Name, a.Name, s.Name, got, expected)
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
