package api

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/postgres"
)

// requested is a visitor on the page of a scheduling request.
type requested struct {
	*postgres.Requested
	zone  *time.Location
	offer *offering // of a time, the first or another; nil until asked for
}

// requestPage shows where a request stands, and what can be done about it now.
type requestPage struct {
	frame
	Text       string
	When       string
	ZoneText   string
	Groups     []zoneGroup
	Odd        bool
	Keep       url.Values
	What       string
	With       string
	Where      string
	State      string
	Over       bool
	Calendar   string
	Reschedule string
	Decline    string
	Again      string // where to look again while nothing is decided
	AgainText  string
}

// openRequest answers GET and HEAD: the booking of a request, a picker of times, or a question. Nothing is changed by it.
func (s *Server) openRequest(k *call) error {
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
		return s.showNewTimes(k, r, http.StatusOK, "")
	case k.Query("decline") != "" && r.declineAction() != "":
		return s.askDecline(k, r)
	}
	return s.showRequest(k, r, http.StatusOK)
}

// request finds the request of a page, in the zone the visitor asks for, or said when they booked.
func (s *Server) request(k *call, zone string) (*requested, error) {
	code := k.code()
	found, app, err := s.DB.OpenRequest(k, code)
	if err != nil {
		return nil, err
	}
	k.app = app
	r := &requested{Requested: found}
	names := []string{zone}
	if b := r.Booking; b != nil {
		if len(b.Customers) > 0 {
			names = append(names, b.Customers[0].Timezone)
		}
		r.zone = zoneOf(append(names, b.Resource.Timezone)...)
		return r, nil
	}
	if r.offer, err = s.offeringFor(k, r.Request); err != nil {
		return nil, err
	}
	r.zone = r.offer.zoneFor(zone)
	return r, nil
}

func (r *requested) unpicked() bool { return r.Booking == nil }

// offeringFor is what a request offers: its own words over its project's. With its project gone, or all of its hosts, nothing.
func (s *Server) offeringFor(k *call, r *booking.SchedulingRequest) (*offering, error) {
	var in availabilityInput
	if r.ProjectID != nil {
		project, err := s.DB.Project(k, k.app.ID, *r.ProjectID)
		if err != nil {
			return nil, err
		}
		if in = projectQuestion(project); unfitForPages(project) != "" {
			in.Resources = nil
		}
	}
	if err := json.Unmarshal(r.Offer, &in); err != nil {
		return nil, err
	}
	return s.offering(k, in)
}

// offerTimes finds the times that the request can be given. The time that it has counts as free.
func (s *Server) offerTimes(k *call, r *requested) (err error) {
	if r.offer == nil {
		if r.offer, err = s.offeringFor(k, r.Request); err != nil {
			return err
		}
	}
	length, days := time.Duration(r.Request.DurationMinutes)*time.Minute, 0
	if b := r.Booking; b != nil {
		r.offer.in.ReservationID, length = b.ID.String(), b.End.Sub(b.Start)
	}
	if r.Request.PublicLink != nil {
		link, err := s.DB.PublicLink(k, k.app.ID, *r.Request.PublicLink)
		if unlessMissing(err) != nil {
			return err
		}
		if days = usualHorizon; err == nil {
			days = link.HorizonDays
		}
	}
	k.offer = r.offer
	return r.offer.open(r.zone, length, days)
}

// mayReschedule tells whether the customer may have another time: the graph says so, and the time has not begun.
func (r *requested) mayReschedule() bool {
	return r.open(booking.RescheduleAction) && !r.begun() && !r.orphaned()
}

// orphaned reports whether the project that the request was made through is deleted: then nobody says any more which times are
// offered. A request without a project names its hosts.
func (r *requested) orphaned() bool {
	var in availabilityInput
	return r.Request.ProjectID == nil && (json.Unmarshal(r.Request.Offer, &in) != nil || len(in.Resources) == 0)
}

func (r *requested) begun() bool { return r.Booking.Begun(time.Now()) }

func (r *requested) open(action string) bool { return slices.Contains(r.openActions(), action) }

func (r *requested) openActions() []string {
	if r.Booking == nil {
		return nil
	}
	graph, err := r.Booking.RuleBook()
	if err != nil {
		return nil
	}
	return graph.OpenTo(r.Booking.State, graphs.ActorCustomerLink)
}

// declineAction is what a customer plays to give their time up, as the graph names it; "" when that is not open to them.
func (r *requested) declineAction() string {
	if r.Booking == nil || r.begun() {
		return ""
	}
	for _, name := range r.openActions() {
		if name != booking.RescheduleAction && ends(name) {
			return name
		}
	}
	return ""
}

// view is the booking of the request as the page shows it.
func (r *requested) view(k *call) *requestPage {
	b, path := r.Booking, requestPath(r.Request)
	p := &requestPage{
		What: b.What, When: whenText(b.Start, b.End, r.zone), ZoneText: zoneText(r.zone.String()), Where: b.Where, State: stateText(b.State),
		With: b.Resource.Name, Groups: zoneGroups, Odd: !listed(r.zone.String()), Keep: url.Values{},
		Over: b.Completed && b.State != booking.Completed,
	}
	p.Zone = r.zone.String()
	p.Title, p.Text = r.headline(k.Query("done") != "")
	zone := url.QueryEscape(r.zone.String())
	if !b.Completed {
		p.Calendar = path + "/event.ics"
	}
	if r.mayReschedule() {
		p.Reschedule = path + "?reschedule=true&tz=" + zone
	}
	if r.declineAction() != "" {
		p.Decline = path + "?decline=true&tz=" + zone
	}
	return p
}

// headline says where the booking stands. Just after booking it says what has been reached.
func (r *requested) headline(done bool) (title, text string) {
	b := r.Booking
	switch {
	case strings.HasPrefix(b.State, "cancelled"):
		return "Cancelled", "This time has been given up. Nothing more is to be done."
	case b.State == "declined":
		return "Declined", "This time could not be confirmed. Nothing is booked."
	case b.State == "unpaid":
		return "Not paid in time", "This time has been given up. Nothing is booked."
	case b.Completed:
		return "This is over", "There is nothing left to change."
	case b.State == "tentative":
		return "Not confirmed yet", "Your choice has been received. You will hear when it is confirmed."
	case r.begun():
		return "Your booking", "It has begun, so it cannot be changed here any more."
	case done:
		return "You are booked", "Keep the address of this page: your booking can be changed here."
	}
	return "Your booking", ""
}

// stateText is a booking's state as a visitor reads it.
func stateText(state string) string {
	switch state {
	case "cancelled_by_customer":
		return "Cancelled by you"
	case "cancelled_by_owner":
		return "Cancelled"
	case "tentative":
		return "Waiting for confirmation"
	}
	text := words(state)
	return strings.ToUpper(text[:1]) + text[1:]
}

func (s *Server) showRequest(k *call, r *requested, status int) error {
	return s.showPage(k, status, "request.html", r.view(k))
}

// openUnpicked shows a request without a booking: its times; or what became of the try to book it.
func (s *Server) openUnpicked(k *call, r *requested) error {
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
		return s.showPage(k, http.StatusOK, "notice.html", &notice{
			frame: frame{Title: "Not booked"}, Text: "Somebody else was faster: the time you chose was taken. Nothing is booked. " +
				"Please go back to where you found the link, and choose another.",
		})
	}
	return s.showNewTimes(k, r, http.StatusOK, "")
}

func received(r *requested) *notice {
	return &notice{
		frame: frame{Title: "Received"}, Link: requestPath(r.Request), LinkFor: "See how it stands",
		Text: "Your choice has been received and will be carried out in a moment.",
	}
}
