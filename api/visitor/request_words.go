package visitor

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
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
	case r.alone && done:
		return "Your booking", "This is the time now."
	case done:
		return "You are booked", "Keep the address of this page: your booking can be changed here."
	}
	return "Your booking", ""
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
	case r.Booking.State == "expiring":
		return "Not paid yet", "The time to pay is over. The time is held for you a moment longer, until it is sure that no payment is under way."
	case ahead.Pays && !until.IsZero():
		return "Not paid yet", "The time is held for you until " + momentText(until, r.zone) + ". If it is not paid by then, it is given up. " +
			"The payment is made with " + theApp(app) + ", not on this page."
	case ahead.Pays:
		return "Not paid yet", "The payment is made with " + theApp(app) + ", not on this page."
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
	}
	text := words(state)
	return strings.ToUpper(text[:1]) + text[1:]
}
