package portal

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/zones"
)

// bookingsPage is a page of the list of bookings.
type bookingsPage struct {
	Filter    url.Values
	Graphs    []string
	States    []string
	Resources []resourceView
	Zone      string // that dates are meant in
	Orders    []choice
	Order     string
	Bookings  []bookingView
	Total     int
	Exact     bool // false: there are more than Total
	From, To  int
	Previous  string // addresses; "" where there is none
	Next      string
	Faults    faultList
}

var bookingFilters = []string{"q", "resource", "when", "from", "to", "graph", "state", "order"}

var bookingOrders = []choice{
	{Value: "made", Label: "last made first"}, {Value: "start", Label: "by time, earliest first"},
	{Value: "latest", Label: "by time, latest first"},
}

const listedResources = "200" // that the filter offers; others are found by their name

func listBookings(v *visit) error {
	all, err := loadGraphs(v)
	if err != nil {
		return err
	}
	resources, err := fetch[[]resourceView](v, at("resources"), url.Values{"limit": {listedResources}})
	if err != nil {
		return err
	}
	given := query(v.r.URL.Query(), append(bookingFilters, "page")...)
	page := bookingsPage{
		Filter: given, Graphs: namesOf(all), States: statesOf(all), Resources: resources, Zone: zoneOf(resources, given.Get("resource")),
		Orders: bookingOrders, Order: orderOf(given),
	}
	if graph := given.Get("graph"); graph != "" && !slices.Contains(page.Graphs, graph) {
		page.Graphs = append(page.Graphs, graph) // a version of one
	}
	var got struct {
		Data    []bookingView `json:"data"`
		Total   int           `json:"total"`
		Exact   bool          `json:"total_is_exact"`
		From    int           `json:"from"`
		To      int           `json:"to"`
		Current int           `json:"current_page"`
		Last    int           `json:"last_page"`
	}
	now, err := appNow(v)
	if err != nil {
		return err
	}
	err = v.get(at("bookings"), search(given, page.Zone, now), &got)
	if faults, is := faultsOf(err); is {
		page.Faults, err = faults, nil
	}
	if err != nil {
		return err
	}
	for i := range got.Data {
		showPart(&got.Data[i], given.Get("resource"), resources)
	}
	page.Bookings, page.Total, page.Exact, page.From, page.To = got.Data, got.Total, got.Exact, got.From, got.To
	page.Previous = pageAddress(given, got.Current-1, got.Current > 1)
	page.Next = pageAddress(given, got.Current+1, got.Current < got.Last)
	return v.show(http.StatusOK, "bookings", "Bookings", page)
}

// showPart shows a booking at the time of the part that a resource has in it, by that one's clocks. For its first resource it stays as it
// is.
func showPart(b *bookingView, id string, resources []resourceView) {
	i := slices.IndexFunc(b.Parts, func(p partView) bool { return p.ID == id })
	j := slices.IndexFunc(resources, func(r resourceView) bool { return r.ID == id })
	if i < 1 || j < 0 {
		return
	}
	b.Part, b.Resource = &b.Parts[i], resources[j]
	b.Event.Start, b.Event.End = b.Part.Start, b.Part.End
}

// With names the resources of the booking, or the one whose part is shown with its role.
func (b *bookingView) With() string {
	if b.Part != nil {
		if b.Part.Role == "" {
			return b.Part.Name
		}
		return b.Part.Name + ", " + b.Part.Role
	}
	var names []string
	for _, part := range b.Parts {
		names = append(names, part.Name)
	}
	if len(names) == 0 {
		return b.Resource.Name
	}
	return strings.Join(names, ", ")
}

// zoneOf is the zone of the resource that the list is about; else the one that all resources share, or UTC.
func zoneOf(all []resourceView, id string) string {
	shared := ""
	for _, one := range all {
		if one.ID == id {
			return one.Timezone
		}
		if shared != "" && shared != one.Timezone {
			shared = "UTC"
			continue
		}
		shared = one.Timezone
	}
	if shared == "" {
		return "UTC"
	}
	return shared
}

func orderOf(given url.Values) string {
	if order := given.Get("order"); order != "" {
		return order
	}
	if given.Get("when") == "upcoming" {
		return "start"
	}
	return "made"
}

func pageAddress(filter url.Values, number int, there bool) string {
	if !there {
		return ""
	}
	q := query(filter, bookingFilters...)
	q.Set("page", plain(number))
	return here("bookings") + "?" + q.Encode()
}

var isTerm = regexp.MustCompile(`^[a-z_]+(\.[A-Za-z0-9_-]+)?:\S`)

// search is what the API is asked for. What was typed is words to look for, or key:value as the API has it.
func search(given url.Values, zone string, now time.Time) url.Values {
	q := url.Values{"include": {"event,customers,resource"}, "limit": {"25"}}
	var terms []string
	if text := given.Get("q"); isTerm.MatchString(text) {
		text, _, _ = strings.Cut(text, ";") // it parts the terms, so that no value can have it
		terms = append(terms, text)
	} else if text != "" {
		q.Set("q", text)
	}
	graph, version, _ := strings.Cut(given.Get("graph"), "@")
	for key, value := range map[string]string{
		"graph": graph, "graph_version": version, "state": given.Get("state"), "resource.id": given.Get("resource"),
	} {
		if value, _, _ = strings.Cut(value, ";"); value != "" {
			terms = append(terms, key+":"+value)
		}
	}
	begin, end := stretch(given, zone)
	switch given.Get("when") {
	case "upcoming":
		terms = append(terms, "completed:false")
		begin = later(begin, now)
	case "past":
		if end.IsZero() || end.After(now) {
			end = now
		}
	}
	if !begin.IsZero() {
		q.Set("start", begin.UTC().Format(time.RFC3339))
	}
	if !end.IsZero() {
		q.Set("end", end.UTC().Format(time.RFC3339))
	}
	slices.Sort(terms)
	if len(terms) > 0 {
		q.Set("search", strings.Join(terms, ";"))
	}
	q.Set("sortedBy", "desc")
	switch orderOf(given) {
	case "start":
		q.Set("orderBy", "event.start")
		q.Set("sortedBy", "asc")
	case "latest":
		q.Set("orderBy", "event.start")
	}
	if number := given.Get("page"); number != "" {
		q.Set("page", number)
	}
	return q
}

// stretch is the time from the beginning of one date to the end of another; zero where there is no date.
func stretch(given url.Values, zone string) (begin, end time.Time) {
	begin = dateIn(given.Get("from"), zone, 0)
	return begin, dateIn(given.Get("to"), zone, 1)
}

// dateIn is the first moment of a date in a zone, or of one some days later; the zero time when it is no date.
func dateIn(text, zone string, days int) time.Time {
	day, kind, ok := zones.Read(text)
	if !ok || kind != zones.Date {
		return time.Time{}
	}
	y, m, d := day.Date()
	return time.Date(y, m, d+days, 0, 0, 0, 0, place(zone))
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// bookingPage is one booking, what can be done with it, and the deliveries of its events.
type bookingPage struct {
	bookingView
	Path       []string
	Drawn      bool
	Open       []openAction
	Moves      bool   // it can be given another time
	Version    string // what the page shows: an action on a booking that has moved on is refused
	Workflow   string // its address in Temporal's UI; "" when that is not known
	Deliveries []bookingDelivery
	Mails      []bookingMail
	Fault      string
	Waiver     *waiver // nil where no rule refused something that can be done anyway
}

// openAction is an action that can be played now, and the texts it takes along.
type openAction struct {
	Name, To string
	Inputs   []graphs.Input
}

// bookingDelivery is a delivery with its webhook.
type bookingDelivery struct {
	delivery
	URL string
}

// bookingMail is a mail with the name and the address of its receiver; the address is empty for the owner.
type bookingMail struct {
	sentMail

	Name, Email string
}

// mailsOfBooking are the mails of a booking, for its page.
func mailsOfBooking(v *visit, b *bookingView) (list []bookingMail, err error) {
	all, err := mailsOf(v, b.ID)
	for _, m := range all {
		one := bookingMail{m, b.Resource.Name, ""}
		for _, c := range b.Customers {
			if c.ID == m.Customer {
				one.Name, one.Email = c.Name, c.Email
			}
		}
		list = append(list, one)
	}
	return list, err
}

func showBooking(v *visit) error { return showBookingPage(v, http.StatusOK, "", nil) }

func showBookingPage(v *visit, status int, fault string, waiver *waiver) error {
	b, err := loadBooking(v)
	if err != nil {
		return err
	}
	page := bookingPage{bookingView: b, Path: walked(b), Version: v.etag, Fault: fault, Waiver: waiver}
	g, err := loadGraph(v, b.graphRef())
	if page.Drawn = err == nil; page.Drawn {
		page.Open, page.Moves = openActions(g, b)
	} else if !isMissing(err) { // a graph that this build does not have is no reason to hide the booking
		return err
	}
	if page.Deliveries, err = deliveriesByEvent(v, b.ID); err != nil {
		return err
	}
	if page.Mails, err = mailsOfBooking(v, &b); err != nil {
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

func loadBooking(v *visit) (bookingView, error) {
	return fetch[bookingView](v, at("bookings", v.id()), url.Values{
		"include": {"event,customers,resource,project,logs,policy,available_actions,effects,payment"},
	})
}

// graphRef names the very version of the booking's graph.
func (b *bookingView) graphRef() string { return b.Graph + "@" + strconv.Itoa(max(1, b.Version)) }

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

// target is the state that an action leads a booking to.
func target(a graphs.Action, b bookingView) string {
	if a.To == graphs.Previous && len(b.Logs) > 0 {
		return b.Logs[len(b.Logs)-1].From
	}
	return a.To
}

// openActions are those of the booking's state that a server key may play, and whether the booking can be moved. The action
// that ends a booking for another to be made is not among them: moving it does both in one step.
func openActions(g *graphs.Graph, b bookingView) (all []openAction, moves bool) {
	state, _ := g.State(b.State)
	for _, name := range g.OpenTo(b.State, graphs.ActorAPI) {
		if name == booking.RescheduleAction {
			moves = slices.Contains(b.Actions, name)
			continue
		}
		for _, one := range state.Actions {
			if one.Name == name && slices.Contains(b.Actions, name) {
				all = append(all, openAction{one.Name, target(one, b), one.Inputs})
			}
		}
	}
	return all, moves
}
