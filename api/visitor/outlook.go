package visitor

import (
	"strconv"
	"time"

	"holdfast/internal/service"
)

// outlookText says before booking what happens afterwards.
func outlookText(o service.Outlook, app string) string {
	switch {
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
func bookText(o service.Outlook) string {
	if o.Asks {
		return "Ask for this time"
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
