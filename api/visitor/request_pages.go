package visitor

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/api/rules"
	"holdfast/internal/booking"
	"holdfast/internal/postgres"
	"holdfast/internal/service"
)

// requestPages shows where a scheduling request stands, and the pages that change it.
type requestPages struct {
	bookings  *postgres.Bookings
	actions   *postgres.Actions
	catalogue *postgres.Catalogue
	offers    *service.Offers
	requests  *requestOffers
	times     *timePages
	payments  *postgres.Payments
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
	Rules        []string // until when it can be changed
	Paid         string   // what has been paid; "" for nothing
	Pay          string   // where to pay
	PayText      string
	Over         bool
	Calendar     string
	CalendarText string
	Reschedule   string
	Decline      string
	DeclineText  string
}

func (h *requestPages) showRequest(k *call, r *requested) error {
	if err := h.findOwn(k, r); err != nil {
		return err
	}
	p := r.view(k)
	err := h.fillMoney(k, r, p)
	if err != nil {
		return err
	}
	if p.Notice, err = h.noticeOf(k); err != nil {
		return err
	}
	asks := k.Query("reschedule") != "" || r.alone && k.Query("done") == ""
	if asks && !r.Booking.Completed && !r.begun() && !r.mayReschedule() {
		p.Notice = "Another time cannot be chosen here as things stand. Nothing was changed."
		if r.unruled {
			p.Notice = "No other times are offered here. Please ask " + theApp(k.App.Name) + " for another time. Nothing was changed."
		}
	}
	return showPage(k, http.StatusOK, "request.html", p)
}

// openUnpicked shows a request without a booking: its times; or what became of the try to book it.
func (h *requestPages) openUnpicked(k *call, r *requested) error {
	if r.Request.CancelledAt != nil {
		return showPage(k, http.StatusOK, "notice.html", &notice{
			frame: frame{Title: "Withdrawn"}, Text: "No time is asked for any more. There is nothing left to do.",
		})
	}
	tried, err := h.requests.RequestTried(k, r.Request.ID)
	switch {
	case err != nil:
		return err
	case tried != nil && tried.Status == booking.Pending:
		return showPage(k, http.StatusAccepted, "notice.html", received(r))
	case tried != nil && r.Request.PublicLink != nil:
		return h.showNotBooked(k, r)
	}
	return h.showNewTimes(k, r, k.Query("said"))
}

// showNotBooked says of a public link's request that its time was lost, and leads back to the link's times.
func (h *requestPages) showNotBooked(k *call, r *requested) error {
	p := &notice{frame: frame{Title: "Not booked"}}
	p.Text = "The time you chose was taken before your booking could be carried out. Nothing is booked."
	link, err := h.catalogue.PublicLink(k, k.App.ID, *r.Request.PublicLink)
	switch {
	case err == nil && link.Enabled && !link.RequireClaimToken:
		p.Link, p.LinkFor = "/pls/"+link.Code+"?"+url.Values{"tz": {r.zone.String()}}.Encode(), "Choose another time"
	case edge.UnlessNotFound(err) != nil:
		return err
	default:
		p.Text += " Please go back to where you found the link, and choose another."
	}
	return showPage(k, http.StatusOK, "notice.html", p)
}

func received(r *requested) *notice {
	return &notice{
		frame: frame{Title: "Received"}, Link: r.address("done", "true"), LinkFor: "See how it stands",
		Text: "Your choice has been received and will be carried out in a moment.",
	}
}

// showNewTimes lets a recipient pick a time, their first or another.
func (h *requestPages) showNewTimes(k *call, r *requested, said string) error {
	if err := h.requests.offerTimes(k, r); err != nil {
		return err
	}
	if r.Booking == nil && len(r.offer.Hosts) == 0 {
		return errNothingOffered
	}
	p := &picker{frame: frame{Title: r.Request.Summary}, Text: "Please choose a time.", Notice: notices[said]}
	keep := url.Values{}
	maps.Copy(keep, r.base)
	if r.Booking != nil {
		keep.Set("reschedule", "true")
		p.Title, p.Back = "Choose another time", r.bookingAddress()
		p.Text = "Yours is " + whenText(r.Booking.Start, r.Booking.End, r.zone) + ". It stays yours until you have chosen another."
	}
	if err := h.times.pickFrom(k, p, r.offer, keep); err != nil {
		return err
	}
	return showPage(k, http.StatusOK, "picker.html", p)
}

// confirmTime asks before a picked time is booked: following a link changes nothing.
func (h *requestPages) confirmTime(k *call, r *requested) error {
	if r.isFinal() {
		return h.openRequestAsItIs(k, r)
	}
	if err := h.requests.offerTimes(k, r); err != nil {
		return err
	}
	c, said, err := k.choose(r.offer, k.Query("start"), k.Query("end"), k.Query("resource"))
	if said != "" {
		return h.showNewTimes(k, r, said)
	}
	if err != nil {
		return err
	}
	if r.has(c) { // the visitor has come back to the page
		return redirectToRequest(k, r)
	}
	if c, err = h.offers.FreeFor(k, k.App.ID, r.offer, c); err != nil {
		return err
	}
	if c == nil {
		return h.showNewTimes(k, r, saidTaken)
	}
	p := &formPage{
		frame: frame{Title: "Book this time?"}, About: r.Request.Summary, When: whenText(c.Start, c.End, r.zone),
		ZoneText: zoneText(r.zone.String()), With: c.Host.Name, Action: r.formAddress(), Button: "Book this time",
		Hidden: r.hiddenFields("pick"), Back: r.bookingAddress(),
	}
	p.Hidden["start"], p.Hidden["end"], p.Hidden["resource"] = wire(c.Start), wire(c.End), c.Host.ID.String()
	if r.offer.Assigns(r.project) {
		p.With = "" // nobody is chosen yet
	}
	r.fillOutlook(k.App, p)
	if box := r.consentBox(); box != nil {
		if k.Query("said") == saidConsent {
			box.read("")
			p.Faults = 1
		}
		p.Fields = append(p.Fields, box)
	}
	if r.Booking != nil {
		p.Title, p.Button, p.Hidden["action"] = "Change to this time?", "Change to this time", "reschedule"
		p.Back = r.address("reschedule", "true", "from", c.Start.In(r.zone).Format(time.DateOnly))
	}
	return showPage(k, http.StatusOK, "form.html", p)
}

func (h *requestPages) openRequestAsItIs(k *call, r *requested) error {
	if r.unpicked() {
		return h.openUnpicked(k, r)
	}
	return h.showRequest(k, r)
}

// askDecline asks before a time is given up, and for a word about it.
func (h *requestPages) askDecline(k *call, r *requested) error {
	b, way := r.Booking, r.wayToGiveUp()
	ending, err := endingOf(k, h.payments, b, way.action, way.as)
	if err != nil {
		return err
	}
	p := &formPage{
		frame: frame{Title: way.title}, About: b.What, When: whenText(b.Start, b.End, r.zone), ZoneText: zoneText(r.zone.String()),
		With: b.Resource.Name, Text: strings.TrimSpace(way.text + " " + moneyBackText(ending, true, r.zone)),
		Action: r.formAddress(), Button: way.button, Hidden: r.hiddenFields("decline"),
		Back: r.address(), BackText: way.back,
	}
	if way.word {
		p.Fields = []*formField{{Field: rules.Field{Name: "message", Label: "A word to " + theApp(k.App.Name), Type: "textarea"}}}
	}
	return showPage(k, http.StatusOK, "decline.html", p)
}

// noticeOf says what has become of the action that the address names.
func (h *requestPages) noticeOf(k *call) (string, error) {
	id, ok := parsedID(k.Query("action"))
	if !ok {
		return "", nil
	}
	a, err := h.actions.Action(k, id)
	switch {
	case err != nil || a.AppID != k.App.ID:
		return "", edge.UnlessNotFound(err)
	case a.Status == booking.Pending:
		return "Your choice has been received and is being carried out. Load this page again in a moment to see how it stands.", nil
	case a.Status == booking.Refused:
		return "Your choice could not be carried out. Nothing was changed.", nil
	}
	return "", nil
}

// findOwn finds out whether a booking that was declined or not paid was ended by its visitor, on this page.
func (h *requestPages) findOwn(k *call, r *requested) error {
	b := r.Booking
	if !b.Completed || b.State != "declined" && b.State != "unpaid" {
		return nil
	}
	moves, err := h.bookings.Transitions(k, []uuid.UUID{b.ID})
	if all := moves[b.ID]; len(all) > 0 {
		last := all[len(all)-1]
		r.own = booking.ByVisitor(last.Actor, last.Channel)
	}
	return err
}
