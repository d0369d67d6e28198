package portal

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"holdfast/graphs"
)

// bookingsPage is a page of the list of bookings.
type bookingsPage struct {
	Filter   url.Values
	Graphs   []string
	States   []string
	Bookings []bookingView
	Total    int
	From, To int
	Previous string // addresses; "" where there is none
	Next     string
	Faults   faultList
}

func listBookings(v *visit) error {
	all, err := v.graphs()
	if err != nil {
		return err
	}
	given := query(v.r.URL.Query(), "q", "graph", "state", "order", "page")
	page := bookingsPage{Filter: given, Graphs: namesOf(all), States: statesOf(all)}
	var got struct {
		Data    []bookingView `json:"data"`
		Total   int           `json:"total"`
		From    int           `json:"from"`
		To      int           `json:"to"`
		Current int           `json:"current_page"`
		Last    int           `json:"last_page"`
	}
	err = v.get(at("bookings"), search(given), &got)
	if faults, is := faultsOf(err); is {
		page.Faults, err = faults, nil
	}
	if err != nil {
		return err
	}
	page.Bookings, page.Total, page.From, page.To = got.Data, got.Total, got.From, got.To
	page.Previous = pageAddress(given, got.Current-1, got.Current > 1)
	page.Next = pageAddress(given, got.Current+1, got.Current < got.Last)
	return v.show(http.StatusOK, "bookings", "Bookings", page)
}

func pageAddress(filter url.Values, number int, there bool) string {
	if !there {
		return ""
	}
	q := query(filter, "q", "graph", "state", "order")
	q.Set("page", plain(number))
	return here("bookings") + "?" + q.Encode()
}

var isID = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// search is what the API is asked for: what was typed is an id, an e-mail address, key:value, or a part of a name.
func search(given url.Values) url.Values {
	q := url.Values{"include": {"event,customers,resource"}, "limit": {"25"}, "sortedBy": {"desc"}}
	var terms []string
	text, _, _ := strings.Cut(given.Get("q"), ";") // it parts the terms, so that no value can have it
	switch {
	case text == "":
	case isID.MatchString(text):
		terms = append(terms, "id:"+text)
	case strings.Contains(text, ":"):
		terms = append(terms, text)
	case strings.Contains(text, "@"):
		terms = append(terms, "customer.email:*"+text+"*")
	default:
		terms = append(terms, "customer.name:*"+text+"*")
	}
	for _, name := range []string{"graph", "state"} {
		if value := given.Get(name); value != "" {
			terms = append(terms, name+":"+value)
		}
	}
	if len(terms) > 0 {
		q.Set("search", strings.Join(terms, ";"))
	}
	if given.Get("order") == "start" {
		q.Set("orderBy", "event.start")
	}
	if number := given.Get("page"); number != "" {
		q.Set("page", number)
	}
	return q
}

// bookingPage is one booking, what can be done with it, and what was told of it.
type bookingPage struct {
	bookingView
	Path       []string
	Drawn      bool
	Open       []openAction
	Version    string // what the page shows: an action on a booking that has moved on is refused
	Workflow   string // its address in Temporal's UI; "" when that is not known
	Deliveries []told
	Fault      string
}

// openAction is an action that can be played now, and the texts it takes along.
type openAction struct {
	Name, To string
	Inputs   []graphs.Input
}

// told is a delivery with the webhook it is for.
type told struct {
	delivery
	URL string
}

func showBooking(v *visit) error { return v.bookingPage(http.StatusOK, "") }

func (v *visit) bookingPage(status int, fault string) error {
	b, err := v.booking()
	if err != nil {
		return err
	}
	page := bookingPage{bookingView: b, Path: walked(b), Version: v.etag, Fault: fault}
	g, err := v.graph(b.Graph)
	if page.Drawn = err == nil; page.Drawn {
		page.Open = openActions(g, b)
	} else if !isMissing(err) { // a graph that this build does not know is no reason to hide the booking
		return err
	}
	if page.Deliveries, err = v.told(b.ID); err != nil {
		return err
	}
	if v.TemporalUI != "" {
		page.Workflow = v.TemporalUI + "/namespaces/" + url.PathEscape(v.Namespace) + "/workflows/booking-" + url.PathEscape(b.ID)
	}
	title := b.Event.What
	if title == "" {
		title = "Booking"
	}
	return v.show(status, "booking", title, page)
}

func (v *visit) booking() (bookingView, error) {
	return fetch[bookingView](v, at("bookings", v.id()), url.Values{
		"include": {"event,customers,resource,project,logs,available_actions"},
	})
}

// walked are the states that a booking went through, in order.
func walked(b bookingView) []string {
	var path []string
	for i, step := range b.Logs {
		if i == 0 {
			path = append(path, step.From)
		}
		path = append(path, step.State)
	}
	return path
}

// openActions are those of the booking's state that a server key may play.
func openActions(g *graphs.Graph, b bookingView) []openAction {
	var all []openAction
	state, _ := g.State(b.State)
	for _, name := range g.OpenTo(b.State, graphs.ActorAPI) {
		for _, one := range state.Actions {
			if one.Name == name && slices.Contains(b.Actions, name) {
				all = append(all, openAction{one.Name, one.To, one.Inputs})
			}
		}
	}
	return all
}
