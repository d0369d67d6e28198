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
	"holdfast/internal/fault"
	"holdfast/internal/links"
	"holdfast/internal/postgres"
	"holdfast/internal/service"
)

// requestHandlers answers visitors of a scheduling request.
type requestHandlers struct {
	page     *pageEdge
	requests *requestOffers
	pages    *requestPages
	actions  *requestActions
	links    links.Maker
}

func (h *requestHandlers) routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodGet, "/rts/:code", edge.RequireNothing, h.page.serve(h.openRequest)),
		edge.On(http.MethodHead, "/rts/:code", edge.RequireNothing, h.page.serve(h.openRequest)),
		edge.On(http.MethodPost, "/rts/:code", edge.RequireNothing, h.page.serve(h.followRequest)),
		edge.On(http.MethodGet, "/rts/:code/event.ics", edge.RequireNothing, h.page.serve(h.eventFile)),
		edge.On(http.MethodHead, "/rts/:code/event.ics", edge.RequireNothing, h.page.serve(h.eventFile)),
	}
}

// requestOffers finds scheduling requests and the times that they can be given.
type requestOffers struct {
	*postgres.Requests

	catalogue *postgres.Catalogue
	offers    *service.Offers
}

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
	pays    bool               // the page leads to the payment of the balance
}

// openRequest answers GET and HEAD: the booking of a request, a picker of times, or a question. Nothing is changed by it.
func (h *requestHandlers) openRequest(k *call) error {
	r, err := h.requests.request(k, k.Query("tz"))
	if err != nil {
		return err
	}
	switch {
	case k.Query("pay") != "":
		return h.pages.leadToPayment(k, r)
	case k.Query("start") != "" && (r.unpicked() || k.Query("reschedule") != ""):
		return h.pages.confirmTime(k, r)
	case r.unpicked():
		return h.pages.openUnpicked(k, r)
	case k.Query("reschedule") != "" && r.mayReschedule():
		return h.pages.showNewTimes(k, r, k.Query("said"))
	case k.Query("decline") != "" && r.wayToGiveUp().action != "":
		return h.pages.askDecline(k, r)
	}
	return h.pages.showRequest(k, r)
}

// request finds the request of a page, in the zone the visitor asks for, or said when they booked.
func (h *requestOffers) request(k *call, zone string) (*requested, error) {
	code := k.code()
	found, app, err := h.SchedulingRequestByCode(k, code)
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
	if err = h.offerFor(k, r); err != nil {
		return nil, err
	}
	r.zone = zoneFor(r.offer, zone)
	return r, nil
}

func (r *requested) unpicked() bool { return r.Booking == nil }

// offerFor is what a request offers: its own words over its project's. With its project gone, or all of its hosts, nothing.
func (h *requestOffers) offerFor(k *call, r *requested) (err error) {
	if r.Request.ProjectID != nil {
		if r.project, err = h.catalogue.Project(k, k.App.ID, *r.Request.ProjectID); err != nil {
			return err
		}
	}
	rules, err := rules.OfRequest(r.project, r.Request)
	if err != nil {
		return err
	}
	r.offer, err = h.offers.NewOffer(k, k.App, rules)
	return err
}

// offerTimes finds the times that the request can be given. The time that it has counts as free.
func (h *requestOffers) offerTimes(k *call, r *requested) (err error) {
	if r.offer == nil {
		if err = h.offerFor(k, r); err != nil {
			return err
		}
	}
	length, days := time.Duration(r.Request.DurationMinutes)*time.Minute, 0
	if b := r.Booking; b != nil {
		r.offer.Hold, length = b.ID, b.End.Sub(b.Start)
		r.offer.Rules.Query.Units = b.Takes()
	}
	if r.Request.PublicLink != nil {
		link, err := h.catalogue.PublicLink(k, k.App.ID, *r.Request.PublicLink)
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

// mayReschedule reports whether the customer may have another time: the graph and the policy say so, and the time has not begun.
func (r *requested) mayReschedule() bool {
	return r.open(booking.RescheduleAction) && mayMove(r.Booking, r.Booking.Clock.Now()) && !r.begun() && !r.unruled && !r.orphaned()
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

func (r *requested) begun() bool { return r.Booking.Begun(r.Booking.Clock.Now()) }

func (r *requested) open(action string) bool { return slices.Contains(r.openActions(), action) }

func (r *requested) openActions() []string {
	if r.Booking == nil {
		return nil
	}
	return r.Booking.OpenTo(graphs.ActorCustomerLink, r.Booking.Clock.Now())
}

// view is the booking of the request as the page shows it.
func (r *requested) view(k *call) *requestPage {
	b := r.Booking
	p := &requestPage{
		What: b.What, When: whenText(b.Start, b.End, r.zone), ZoneText: zoneText(r.zone.String()), Where: b.Where, State: r.stateText(),
		With: b.Resource.Name, Groups: zoneGroups, Odd: !isListed(r.zone.String()), Keep: r.base,
		Over: b.Dropped(),
	}
	p.Zone = r.zone.String()
	p.Title, p.Text = r.headline(k.App.Name, k.Query("done") != "")
	if r.mayReschedule() {
		p.Reschedule = r.address("reschedule", "true")
	}
	if !b.Completed && !r.begun() {
		cancels := slices.Contains(r.openActions(), booking.CancelByCustomerAction)
		p.Rules = deadlineTexts(b, cancels, r.open(booking.RescheduleAction), r.Booking.Clock.Now(), r.zone, k.App.Name)
	}
	if r.alone {
		return p
	}
	p.Calendar, p.CalendarText = r.path+"/event.ics", "Add to my calendar"
	if p.Over {
		p.CalendarText = "Strike it from my calendar"
	}
	if way := r.wayToGiveUp(); way.action != "" {
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

// bookingAddress is the address that shows the booking.
func (r *requested) bookingAddress() string {
	if r.alone {
		return r.address("done", "true")
	}
	return r.address()
}

// formAddress is where the forms of the page are sent.
func (r *requested) formAddress() string {
	if len(r.base) == 0 {
		return r.path
	}
	return r.path + "?" + r.base.Encode()
}

// followRequest answers POST: it picks, changes or gives up the time. A repeat shows what has become of it.
func (h *requestHandlers) followRequest(k *call) error {
	if err := k.fromHere(); err != nil {
		return err
	}
	if err := k.readForm(); err != nil {
		return err
	}
	r, err := h.requests.request(k, k.formValue("tz"))
	if err != nil {
		return err
	}
	switch k.formValue("action") {
	case "decline":
		return h.actions.declineTime(k, r)
	case "reschedule", "pick":
		return h.actions.takeTime(k, r)
	}
	return fault.Errorf(fault.Malformed, "The form does not say what to do.")
}
