package visitor

import (
	"strconv"
	"strings"
	"time"

	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
	"holdfast/internal/payment"
	"holdfast/internal/service"
)

// phrase is what a button that plays an action says.
func phrase(action string) string {
	switch action {
	case "confirm":
		return "Confirm the booking"
	case "decline":
		return "Decline the booking"
	case "cancel", "cancel_by_customer", "cancel_by_owner":
		return "Cancel the booking"
	case "complete":
		return "Mark the booking as completed"
	case "reschedule_by_customer":
		return "Choose another time"
	case "withdraw":
		return "Withdraw the request"
	case "attended":
		return "Note that the customer came"
	case "no_show":
		return "Note that the customer did not come"
	case "undo":
		return "Take the note back"
	case "ask_balance":
		return "Ask the customer for the balance"
	case "reopen":
		return "Open the session again"
	}
	text := words(action)
	return strings.ToUpper(text[:1]) + text[1:]
}

// ends reports whether an action takes something away.
func ends(action string) bool {
	return strings.HasPrefix(action, "cancel") || action == "decline" || action == "withdraw" || action == "reschedule_by_customer"
}

func words(name string) string { return strings.ReplaceAll(name, "_", " ") }

// linkErrorText is what a visitor reads when a link cannot act.
func linkErrorText(err *fault.Error) (title, text string) {
	switch err.Code {
	case fault.LinkUsed:
		return "Already used", "This link works once, and it has been used. Nothing was changed just now."
	case fault.LinkExpired:
		return "Expired", "This link is no longer valid. Nothing was changed."
	case fault.LinkInvalid, fault.Unauthorized:
		return "Not a valid link", "Please check that the whole address was copied. Nothing was changed."
	case fault.NotFound:
		return "No such booking", "This booking does not exist any more. Nothing was changed."
	case fault.ActionNotAvailable:
		return "Not possible any more", "The booking has moved on, so this choice is no longer open. Nothing was changed."
	case fault.TooEarly:
		return "Not yet", err.Message + " Nothing was changed."
	case fault.TooLate:
		return "Too late", err.Message + " Nothing was changed."
	case fault.LimitReached, fault.OutsideWindow:
		return "Not possible now", err.Message + " Nothing was changed."
	case fault.SlotTaken:
		return "The time is taken", "Something else holds this time now. The booking stays as it was."
	case fault.Overloaded, fault.Unavailable, fault.TooManyRequests:
		return "One moment, please", "This server cannot do it just now. Please try again in a few seconds."
	default:
		return "That did not work", err.Message
	}
}

// outlookText says before booking through a project what happens afterwards.
func outlookText(o service.Outlook, p *catalogue.Project, app string) string {
	switch {
	case o.Pays && o.Collects:
		return costText(o, p, app)
	case o.Asks && o.Holds:
		return "This asks for the time: " + theApp(app) + " has to confirm it. It is held for you until then, and given up if no answer comes."
	case o.Asks:
		return "This asks for the time: " + theApp(app) + " has to confirm it. Until then the time is not held, and somebody else may get it."
	case o.Pays && o.PayTime > 0:
		return "The time is held for " + timeToPay(o.PayTime) + " and has to be paid within them. If it is not, it is given up. " +
			"The payment is made with " + theApp(app) + ", not on this page."
	case o.Pays:
		return "The time has to be paid. The payment is made with " + theApp(app) + ", not on this page."
	}
	return ""
}

// timeToPay is service.LengthText for what may be seconds or days.
func timeToPay(length time.Duration) string {
	switch {
	case length < time.Minute:
		return strconv.Itoa(int(length/time.Second)) + " seconds"
	case length >= 48*time.Hour && length%(24*time.Hour) == 0:
		return strconv.Itoa(int(length/(24*time.Hour))) + " days"
	}
	return service.LengthText(length)
}

// bookText is what the button says that books.
func bookText(o service.Outlook, p *catalogue.Project) string {
	switch due := p.Price.Due(); {
	case o.Asks:
		return "Ask for this time"
	case o.Pays && o.Collects && due > 0:
		return "Book and pay " + payment.Text(due, p.Price.Currency)
	}
	return "Book this time"
}

// theApp is an app's name in the middle of a sentence.
func theApp(name string) string {
	if name == "" {
		return "the other side"
	}
	return name
}
