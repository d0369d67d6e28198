package visitor

import (
	"slices"
	"time"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/service"
)

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
