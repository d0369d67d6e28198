package visitor

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/policy"
	"holdfast/internal/service"
)

// headline says where the booking stands and what comes next. Just after booking it says what has been reached.
func (r *requested) headline(app string, done bool) (title, text string) {
	b := r.Booking
	switch {
	case strings.HasPrefix(b.State, "cancelled"):
		return "Cancelled", "This time has been given up. Nothing more is to be done."
	case b.State == "declined" && r.own:
		return "Withdrawn", "You have withdrawn this request. Nothing is booked."
	case b.State == "declined":
		return "Declined", "This time could not be confirmed. Nothing is booked."
	case b.State == "unpaid" && r.own:
		return "Given up", "You have given this time up. Nothing is booked, and nothing has to be paid."
	case b.State == "unpaid":
		return "Not paid in time", "This time has been given up. Nothing is booked."
	case b.Completed:
		return r.ended()
	case b.State == "tentative", b.State == "requested", b.State == "expiring":
		return r.waitingText(app)
	case r.begun():
		return "Your booking", "It has begun, so it cannot be changed here any more."
	case b.State == balanceDue:
		return "Balance to be paid", "The rest of the price is to be paid now. The time stays yours meanwhile. " + r.balanceText(app)
	case b.State == balanceOverdue:
		return "Balance overdue", "The rest of the price has not been paid in time. The time is still held for you, and " + theApp(app) +
			" decides what becomes of it. " + r.balanceText(app)
	case b.State == settled:
		return "Paid in full", "Deposit and balance are paid. Nothing more has to be paid for this booking."
	case r.alone && done:
		return "Your booking", "This is the time now."
	case done:
		return "You are booked", "Keep the address of this page: your booking can be changed here."
	}
	return "Your booking", ""
}

// The states of a booking whose deposit is paid, and whose balance has been asked for.
const (
	balanceDue     = "balance_due"
	balanceOverdue = "balance_overdue"
	settled        = "settled"
)

// balanceText says where the balance is paid.
func (r *requested) balanceText(app string) string {
	if r.pays {
		return "The button leads to the page where you pay."
	}
	return "Please ask " + theApp(app) + " how to pay it."
}

// ended says how a booking has ended that was neither cancelled nor declined.
func (r *requested) ended() (title, text string) {
	switch r.Booking.State {
	case "withdrawn":
		return "Withdrawn", "You have given this time up. Nothing is booked."
	case "expired":
		return "No answer in time", "This time was not confirmed in time. Nothing is booked."
	case "lapsed":
		return "Not paid in time", "This time has been given up. Nothing is booked."
	case "refunded_late":
		return "Paid too late", "When the payment came, this time was taken by somebody else. Nothing is booked, and the money is given back."
	}
	return "This is over", "There is nothing left to change."
}

// waitingText says what a booking waits for, and what becomes of it otherwise.
func (r *requested) waitingText(app string) (title, text string) {
	ahead, until := r.outlook()
	switch {
	case r.Booking.State == expiringState:
		return "Not paid yet", "The time to pay is over. The time is held for you a moment longer, until it is sure that no payment is under way."
	case ahead.Pays:
		return "Not paid yet", unpaidText(ahead, until, r.zone, app)
	case r.begun():
		return "Not confirmed", "This time has passed, and it was never confirmed. Nothing is booked."
	case ahead.Asks && ahead.Holds && !until.IsZero():
		text = upperFirst(theApp(app)) + " has been asked and has to confirm it. The time is held for you until " +
			momentText(until, r.zone) + ". If no answer has come by then, it is given up. "
		if r.Booking.State == "requested" {
			text += "Your payment is held as well, and taken only when the time is confirmed. "
		}
		return "Not confirmed yet", text + "Keep the address of this page: it shows the answer."
	case ahead.Asks:
		return "Not confirmed yet", upperFirst(theApp(app)) + " has been asked and has to confirm it. Until then the time is not held, and " +
			"somebody else may get it. Keep the address of this page: it shows the answer."
	}
	return "Not confirmed yet", "Keep the address of this page: it shows what becomes of it."
}

// unpaidText says until when a time is held that has to be paid, the zero time for without an end, and where the payment is made.
func unpaidText(ahead service.Outlook, until time.Time, zone *time.Location, app string) string {
	var texts []string
	if !until.IsZero() {
		texts = append(texts, "The time is held for you until "+momentText(until, zone)+". If it is not paid by then, it is given up.")
	}
	if !ahead.Collects {
		texts = append(texts, "The payment is made with "+theApp(app)+", not on this page.")
	}
	return strings.Join(texts, " ")
}

// momentText is a moment as a visitor reads it.
func momentText(at time.Time, zone *time.Location) string {
	at = at.In(zone)
	return clockText(at) + " on " + at.Format("Monday, 2 January")
}

func upperFirst(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}

func (r *requested) stateText() string {
	switch {
	case r.own && r.Booking.State == "declined":
		return "Withdrawn by you"
	case r.own && r.Booking.State == "unpaid":
		return "Given up by you"
	case r.Booking.State == "tentative":
		switch ahead, _ := r.outlook(); {
		case ahead.Pays:
			return "Waiting for payment"
		case r.begun():
			return "Not confirmed"
		}
	}
	return stateText(r.Booking.State)
}

// stateText is a booking's state as a visitor reads it.
func stateText(state string) string {
	switch state {
	case "cancelled_by_customer":
		return "Cancelled by you"
	case "cancelled_by_owner":
		return "Cancelled"
	case "tentative", "requested":
		return "Waiting for confirmation"
	case "expiring":
		return "Waiting for payment"
	case "unpaid", "lapsed":
		return "Not paid in time"
	case "refunded_late":
		return "Paid too late"
	case "withdrawn":
		return "Withdrawn by you"
	case "expired":
		return "Not answered in time"
	case "no_show":
		return "Not attended"
	case balanceDue:
		return "Balance to be paid"
	case balanceOverdue:
		return "Balance overdue"
	case settled:
		return "Paid in full"
	}
	text := words(state)
	return strings.ToUpper(text[:1]) + text[1:]
}

// outlook is what has to happen before the time is the visitor's, and until when it can be paid.
func (r *requested) outlook() (service.Outlook, time.Time) {
	graph, err := r.Booking.LoadGraph()
	if err != nil {
		return service.Outlook{}, time.Time{}
	}
	return service.LookAhead(graph, r.Booking.State, r.Booking.Times(), r.Booking.Settings.Timers)
}

// surrender is how a visitor gives their time up: an action, as whom it is played, and the words for it.
type surrender struct {
	action string // "" = not possible
	as     graphs.Actor
	link   string
	title  string
	text   string
	button string
	back   string
	word   bool // it takes a word to the other side along
}

// wayToGiveUp finds the action by which the visitor can give their time up. Where the graph has one for customers it is that
// one. A request that nobody has confirmed is withdrawn, and a time that is not paid given up, by the action that ends such a
// state, in the name of the link's app: Timekit's graphs have none for customers there.
func (r *requested) wayToGiveUp() surrender {
	if r.Booking == nil || r.begun() {
		return surrender{}
	}
	if r.open(withdrawAction) {
		return r.withdraws()
	}
	for _, name := range r.openActions() {
		if name != booking.RescheduleAction && ends(name) && mayCancel(r.Booking, name, r.Booking.Clock.Now()) {
			return surrender{
				name, graphs.ActorCustomerLink, "Cancel the booking", "Cancel this booking?",
				"Nothing has happened yet. The time is given up when you press the button.", "Cancel the booking", "Keep the booking", true,
			}
		}
	}
	var way surrender
	switch ahead, _ := r.outlook(); {
	case ahead.Asks:
		way = surrender{
			"decline", graphs.ActorAPI, "Withdraw the request", "Withdraw this request?",
			"Nothing has happened yet. The request is withdrawn when you press the button.", "Withdraw the request", "Keep the request", false,
		}
	case ahead.Pays:
		way = surrender{
			"timeout", graphs.ActorAPI, "Give this time up", "Give this time up?",
			"Nothing has happened yet. The time is given up when you press the button; it cannot be paid any more then.",
			"Give this time up", "Keep this time", false,
		}
	}
	if way.action == "" || !slices.Contains(r.Booking.OpenTo(way.as, r.Booking.Clock.Now()), way.action) {
		return surrender{}
	}
	return way
}

// withdrawAction is how customers give up what is not decided or not paid, in graphs that let them.
const withdrawAction = "withdraw"

// withdraws are the words for it.
func (r *requested) withdraws() surrender {
	way := surrender{
		withdrawAction, graphs.ActorCustomerLink, "Withdraw the request", "Withdraw this request?",
		"Nothing has happened yet. The request is withdrawn when you press the button.", "Withdraw the request", "Keep the request", true,
	}
	if ahead, _ := r.outlook(); ahead.Pays {
		way.link, way.title, way.button, way.back = "Give this time up", "Give this time up?", "Give this time up", "Keep this time"
		way.text = "Nothing has happened yet. The time is given up when you press the button; it cannot be paid any more then."
	}
	return way
}

// mayMove reports whether the policy of a booking lets its customer move it.
func mayMove(b *booking.Booking, now time.Time) bool {
	return b.Rules().JudgeMove(b.Held(), now, b.Resource.Zone(), nil) == nil
}

// mayCancel reports whether the policy of a booking lets its customer play an action that ends it.
func mayCancel(b *booking.Booking, action string, now time.Time) bool {
	return b.RefusesAction(action, graphs.ActorCustomerLink, now, nil) == nil
}

// deadlineTexts say until when a booking can be cancelled and moved by its customer, with the moment in a zone, and what to do when it
// cannot any more. cancels and moves say whether the graph has the actions at all.
func deadlineTexts(b *booking.Booking, cancels, moves bool, now time.Time, zone *time.Location, app string) (texts []string) {
	rules, held := b.Rules(), b.Held()
	if until, ok := rules.CancelUntil(policy.Customer, held, b.Resource.Zone()); ok && cancels {
		texts = append(texts, untilText("cancelled", until, now, zone, app))
	}
	if !moves {
		return texts
	}
	until, ends := rules.MoveUntil(held, b.Resource.Zone())
	left, counted := rules.MovesLeft(held)
	switch {
	case counted && left == 0:
		texts = append(texts, "No other time can be chosen here. For another time, please ask "+theApp(app)+".")
	case ends:
		texts = append(texts, untilText("moved to another time", until, now, zone, app))
	}
	if counted && left > 0 && (!ends || !now.After(until)) {
		texts = append(texts, "It can be moved "+timesText(left)+" more.")
	}
	return texts
}

func untilText(what string, until, now time.Time, zone *time.Location, app string) string {
	if now.After(until) {
		return "It could be " + what + " here until " + momentText(until, zone) + ". Now please ask " + theApp(app) + "."
	}
	return "It can be " + what + " until " + momentText(until, zone) + "."
}

func timesText(n int) string {
	if n == 1 {
		return "once"
	}
	return strconv.Itoa(n) + " times"
}
