package visitor

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"holdfast/api/edge"
	"holdfast/api/rules"
	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/catalogue"
	"holdfast/internal/postgres"
	"holdfast/internal/service"
)

// requested is a visitor on the page of a scheduling request.
type requested struct {
	*postgres.RequestWithBooking
	zone    *time.Location
	offer   *service.Offer     // of a time, the first or another; nil until asked for
	project *catalogue.Project // whose rules the offer has; nil for none
	own     bool               // what ended the booking was done on this page
	path    string             // of the page
	base    url.Values         // what every address of the page has
	unruled bool               // nobody has said which times are offered
	alone   bool               // the page lets choose another time, and nothing else
}

// requestPage shows where a request stands, and what can be done about it now.
type requestPage struct {
	frame
	Notice       string // what has just happened
	Text         string
	When         string
	ZoneText     string
	Groups       []zoneGroup
	Odd          bool
	Keep         url.Values
	What         string
	With         string
	Where        string
	State        string
	Over         bool
	Calendar     string
	CalendarText string
	Reschedule   string
	Decline      string
	DeclineText  string
}

// openRequest answers GET and HEAD: the booking of a request, a picker of times, or a question. Nothing is changed by it.
func (s *Handlers) openRequest(k *call) error {
	r, err := s.request(k, k.Query("tz"))
	if err != nil {
		return err
	}
	switch {
	case k.Query("start") != "" && (r.unpicked() || k.Query("reschedule") != ""):
		return s.confirmTime(k, r)
	case r.unpicked():
		return s.openUnpicked(k, r)
	case k.Query("reschedule") != "" && r.mayReschedule():
		return s.showNewTimes(k, r, k.Query("said"))
	case k.Query("decline") != "" && r.givesUp().action != "":
		return s.askDecline(k, r)
	}
	return s.showRequest(k, r)
}

// request finds the request of a page, in the zone the visitor asks for, or said when they booked.
func (s *Handlers) request(k *call, zone string) (*requested, error) {
	code := k.code()
	found, app, err := s.DB.SchedulingRequestByCode(k, code)
	if err != nil {
		return nil, err
	}
	k.App = app
	r := &requested{RequestWithBooking: found, path: requestPath(found.Request)}
	names := []string{zone}
	if b := r.Booking; b != nil {
		if len(b.Customers) > 0 {
			names = append(names, b.Customers[0].Timezone)
		}
		r.zone = zoneOf(append(names, b.Resource.Timezone)...)
		return r, nil
	}
	if err = s.offerFor(k, r); err != nil {
		return nil, err
	}
	r.zone = zoneFor(r.offer, zone)
	return r, nil
}

func (r *requested) unpicked() bool { return r.Booking == nil }

// offerFor is what a request offers: its own words over its project's. With its project gone, or all of its hosts, nothing.
func (s *Handlers) offerFor(k *call, r *requested) (err error) {
	if r.Request.ProjectID != nil {
		if r.project, err = s.DB.Project(k, k.App.ID, *r.Request.ProjectID); err != nil {
			return err
		}
	}
	rules, err := rules.OfRequest(r.project, r.Request)
	if err != nil {
		return err
	}
	r.offer, err = s.Service.NewOffer(k, k.App.ID, rules)
	return err
}

// offerTimes finds the times that the request can be given. The time that it has counts as free.
func (s *Handlers) offerTimes(k *call, r *requested) (err error) {
	if r.offer == nil {
		if err = s.offerFor(k, r); err != nil {
			return err
		}
	}
	length, days := time.Duration(r.Request.DurationMinutes)*time.Minute, 0
	if b := r.Booking; b != nil {
		r.offer.Hold, length = b.ID, b.End.Sub(b.Start)
	}
	if r.Request.PublicLink != nil {
		link, err := s.DB.PublicLink(k, k.App.ID, *r.Request.PublicLink)
		if edge.UnlessNotFound(err) != nil {
			return err
		}
		if days = service.UsualHorizon; err == nil {
			days = link.HorizonDays
		}
	}
	if b := r.Booking; b != nil && r.offer.Fits(b) {
		length = 0 // the project's own words: a day stays a day
	}
	return r.offer.Open(r.zone, length, days)
}

// mayReschedule reports whether the customer may have another time: the graph says so, and the time has not begun.
func (r *requested) mayReschedule() bool {
	return r.open(booking.RescheduleAction) && !r.begun() && !r.unruled && !r.orphaned()
}

// orphaned reports whether the project that the request was made through is deleted: then nobody says any more which times are
// offered. A request without a project names its hosts.
func (r *requested) orphaned() bool {
	if r.Request.ProjectID != nil {
		return false
	}
	rules, err := rules.OfRequest(nil, r.Request)
	return err != nil || len(rules.Hosts) == 0
}

func (r *requested) begun() bool { return r.Booking.Begun(time.Now()) }

func (r *requested) open(action string) bool { return slices.Contains(r.openActions(), action) }

func (r *requested) openActions() []string {
	if r.Booking == nil {
		return nil
	}
	graph, err := r.Booking.LoadGraph()
	if err != nil {
		return nil
	}
	return graph.OpenTo(r.Booking.State, graphs.ActorCustomerLink)
}

// view is the booking of the request as the page shows it.
func (r *requested) view(k *call) *requestPage {
	b := r.Booking
	p := &requestPage{
		What: b.What, When: whenText(b.Start, b.End, r.zone), ZoneText: zoneText(r.zone.String()), Where: b.Where, State: r.stateText(),
		With: b.Resource.Name, Groups: zoneGroups, Odd: !listed(r.zone.String()), Keep: r.base,
		Over: b.Dropped(),
	}
	p.Zone = r.zone.String()
	p.Title, p.Text = r.headline(k.App.Name, k.Query("done") != "")
	if r.mayReschedule() {
		p.Reschedule = r.address("reschedule", "true")
	}
	if r.alone {
		return p
	}
	p.Calendar, p.CalendarText = r.path+"/event.ics", "Add to my calendar"
	if p.Over {
		p.CalendarText = "Strike it from my calendar"
	}
	if way := r.givesUp(); way.action != "" {
		p.Decline, p.DeclineText = r.address("decline", "true"), way.link
	}
	return p
}

// address is that of the request's page, in the zone it is shown in, with these values.
func (r *requested) address(pairs ...string) string {
	query := url.Values{}
	maps.Copy(query, r.base)
	query.Set("tz", r.zone.String())
	for i := 0; i+1 < len(pairs); i += 2 {
		query.Set(pairs[i], pairs[i+1])
	}
	return r.path + "?" + query.Encode()
}

// home is the address that shows the booking.
func (r *requested) home() string {
	if r.alone {
		return r.address("done", "true")
	}
	return r.address()
}

// action is where the forms of the page are sent.
func (r *requested) action() string {
	if len(r.base) == 0 {
		return r.path
	}
	return r.path + "?" + r.base.Encode()
}

func (s *Handlers) showRequest(k *call, r *requested) error {
	if err := s.findOwn(k, r); err != nil {
		return err
	}
	p := r.view(k)
	var err error
	if p.Notice, err = s.noticeOf(k); err != nil {
		return err
	}
	wants := k.Query("reschedule") != "" || r.alone && k.Query("done") == ""
	if wants && !r.Booking.Completed && !r.begun() && !r.mayReschedule() {
		p.Notice = "Another time cannot be chosen here as things stand. Nothing was changed."
		if r.unruled {
			p.Notice = "No other times are offered here. Please ask " + theApp(k.App.Name) + " for another time. Nothing was changed."
		}
	}
	return s.showPage(k, http.StatusOK, "request.html", p)
}

// openUnpicked shows a request without a booking: its times; or what became of the try to book it.
func (s *Handlers) openUnpicked(k *call, r *requested) error {
	if r.Request.CancelledAt != nil {
		return s.showPage(k, http.StatusOK, "notice.html", &notice{
			frame: frame{Title: "Withdrawn"}, Text: "No time is asked for any more. There is nothing left to do.",
		})
	}
	tried, err := s.DB.RequestTried(k, r.Request.ID)
	switch {
	case err != nil:
		return err
	case tried != nil && tried.Status == booking.Pending:
		return s.showPage(k, http.StatusAccepted, "notice.html", received(r))
	case tried != nil && r.Request.PublicLink != nil:
		return s.showNotBooked(k, r)
	}
	return s.showNewTimes(k, r, k.Query("said"))
}

// showNotBooked says of a public link's request that its time was lost, and leads back to the link's times.
func (s *Handlers) showNotBooked(k *call, r *requested) error {
	p := &notice{frame: frame{Title: "Not booked"}}
	p.Text = "The time you chose was taken before your booking could be carried out. Nothing is booked."
	link, err := s.DB.PublicLink(k, k.App.ID, *r.Request.PublicLink)
	switch {
	case err == nil && link.Enabled && !link.RequireClaimToken:
		p.Link, p.LinkFor = "/pls/"+link.Code+"?"+url.Values{"tz": {r.zone.String()}}.Encode(), "Choose another time"
	case edge.UnlessNotFound(err) != nil:
		return err
	default:
		p.Text += " Please go back to where you found the link, and choose another."
	}
	return s.showPage(k, http.StatusOK, "notice.html", p)
}

func received(r *requested) *notice {
	return &notice{
		frame: frame{Title: "Received"}, Link: r.address("done", "true"), LinkFor: "See how it stands",
		Text: "Your choice has been received and will be carried out in a moment.",
	}
}
