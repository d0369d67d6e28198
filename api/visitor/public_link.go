package visitor

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"holdfast/api/edge"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/service"
)

// publicLinkHandlers answers visitors of public links: times to pick from, the form of a time, and the booking.
type publicLinkHandlers struct {
	offers *service.Offers
	page   *pageEdge
	visits *visits
	tries  *tries
	forms  *keptForms
	times  *timePages
	booker *timeBooker
}

func (h *publicLinkHandlers) routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodGet, "/pls/:code", edge.RequireNothing, h.page.serve(h.openPublicLink)),
		edge.On(http.MethodHead, "/pls/:code", edge.RequireNothing, h.page.serve(h.openPublicLink)),
		edge.On(http.MethodPost, "/pls/:code", edge.RequireNothing, h.page.serve(h.bookByLink)),
	}
}

// linkVisit is a visitor on the pages of a public link.
type linkVisit struct {
	*openedVisit
	project *service.Project
	offer   *service.Offer
}

// openPublicLink answers GET and HEAD: the times to pick from, or the form of a time. Nothing is changed by it.
func (h *publicLinkHandlers) openPublicLink(k *call) error {
	a, err := h.visits.findVisit(k, k.Request.URL.Query())
	if err != nil {
		return err
	}
	if a.redeemed {
		return a.redirectToVisit(k)
	}
	if done, err := h.visits.redirectIfSpent(k, a); done || err != nil {
		return err
	}
	v, err := h.visiting(k, a, k.Query("tz"))
	if err != nil {
		return err
	}
	if k.Query("start") == "" {
		return h.showTimes(k, v, k.Query("said"))
	}
	return h.openForm(k, v)
}

// redirectIfSpent leads a visit that has booked already to what it booked: the back button and a reload are no replay.
func (h *visits) redirectIfSpent(k *call, a *openedVisit) (bool, error) {
	b, err := h.spentOn(k, a)
	if err != nil || b == nil {
		return false, err
	}
	k.Redirect(http.StatusSeeOther, requestPath(b.Request)+"?done=true")
	return true, nil
}

func requestPath(r *booking.SchedulingRequest) string { return "/rts/" + r.Code }

// visiting finds what the link offers, in the zone the visitor asks for.
func (h *publicLinkHandlers) visiting(k *call, a *openedVisit, zone string) (*linkVisit, error) {
	project, err := h.offers.Project(k, k.App.ID, a.link.ProjectID)
	if err != nil {
		return nil, err
	}
	if fault := service.UnfitForPages(project.Project); fault != "" {
		return nil, errNothingOffered
	}
	v := &linkVisit{openedVisit: a, project: project}
	if v.offer, err = h.offers.NewOffer(k, k.App, project.Rules); err != nil {
		return nil, err
	}
	var length time.Duration
	if minutes := a.link.DurationMinutes; minutes != nil {
		length = time.Duration(*minutes) * time.Minute
	}
	return v, v.offer.Open(zoneFor(v.offer, zone), length, a.link.HorizonDays)
}

// zoneFor is the visitor's zone where it is known; else the one the rules are written for, or that of the first resource.
func zoneFor(o *service.Offer, asked string) *time.Location {
	names := []string{asked, o.Rules.Zone}
	if zoneOf(names...) == time.UTC && asked != "UTC" && len(o.Hosts) > 0 {
		names = append(names, o.Hosts[0].Timezone)
	}
	return zoneOf(names...)
}

// keep is what every address of the visit has.
func (v *linkVisit) keep() url.Values { return url.Values{"visit": {v.sealed}} }

// showTimes shows the times to pick from. said is a key of notices, or "".
func (h *publicLinkHandlers) showTimes(k *call, v *linkVisit, said string) error {
	p := &picker{frame: frame{Title: v.link.Title}, Text: v.link.Description, Notice: notices[said]}
	if err := h.times.pickFrom(k, p, v.offer, v.keep()); err != nil {
		return err
	}
	return showPage(k, http.StatusOK, "picker.html", p)
}

// notices are what a page can say has just happened. The address names them; it cannot bring a text of its own.
var notices = map[string]string{
	saidTaken: "This time has been taken meanwhile. Please choose another.",
	saidOver:  "This time is not offered any more. Please choose another.",
	saidLong:  "How long a time takes has changed since you chose it. Nothing is booked. Please choose again.",
}

const (
	saidTaken = "taken"
	saidOver  = "over"
	saidLong  = "length"
)

// openForm asks who books the picked time. One that this visit has booked leads to its page; one that is gone meanwhile is
// not asked for.
func (h *publicLinkHandlers) openForm(k *call, v *linkVisit) error {
	c, said, err := k.choose(v.offer, k.Query("start"), k.Query("end"), k.Query("resource"))
	if said != "" {
		return h.showTimes(k, v, said)
	}
	if err != nil {
		return err
	}
	operation, page, err := h.tries.tryOf(k, v, c)
	if err != nil {
		return err
	}
	if page != "" {
		k.Redirect(http.StatusSeeOther, page+"?done=true")
		return nil
	}
	picked := c.Host.ID
	if c, err = h.offers.FreeFor(k, k.App.ID, v.offer, c); err != nil {
		return err
	}
	if c == nil {
		return h.showTimes(k, v, saidTaken)
	}
	if c.Host.ID != picked { // another one takes its place
		if operation, _, err = h.tries.tryOf(k, v, c); err != nil {
			return err
		}
	}
	kept, err := h.forms.loadKeptForm(k, v.visit.ID)
	if err != nil {
		return err
	}
	f := newForm(v)
	f.operation, f.kept = operation, len(kept.Values) > 0
	f.fillIn(kept, k.Query("again") != "")
	return showForm(k, v, c, f)
}

// choose finds the picked time among what a page offers; said is a key of notices when it is not there any more. end is what the page
// showed, "" if it showed none: nobody is to get more or less than they have seen.
func (k *call) choose(o *service.Offer, start, end, resource string) (c *service.Choice, said string, err error) {
	problems := fault.Problems{}
	at, host := k.ParseTime(start, "start", problems), edge.ParseID(resource, "resource", problems)
	if len(problems) > 0 {
		return nil, saidOver, nil
	}
	c, err = o.Choose(at, host)
	switch {
	case fault.CodeOf(err) == fault.Invalid:
		return nil, saidOver, nil
	case err != nil:
		return nil, "", err
	case end != "" && end != wire(c.End):
		return nil, saidLong, nil
	}
	return c, "", nil
}

// bookByLink answers POST: it books, once for one form and once for one claim token. Whatever the outcome, the visitor is
// redirected, so that Back and Reload never ask to send the form again.
func (h *publicLinkHandlers) bookByLink(k *call) error {
	v, c, said, err := h.submitted(k)
	if err != nil || v == nil {
		return err
	}
	form := readAnswers(k, v)
	if said != "" {
		return h.backToTimes(k, v, form, said)
	}
	if form.faulty() {
		return h.backToForm(k, v, c, form)
	}
	out, page, err := h.bookSomebody(k, v, c, form)
	if page != "" {
		k.Redirect(http.StatusSeeOther, page+"?done=true")
		return nil
	}
	switch code := fault.CodeOf(err); {
	case code == fault.SlotTaken || code == fault.SoldOut || code == fault.SessionClosed:
		return h.backToTimes(k, v, form, saidTaken)
	case code == fault.ClaimReplayed:
		return h.visits.redirectOrRefuse(k, v.openedVisit, err)
	case code == fault.Invalid && form.takeFaults(err):
		return h.backToForm(k, v, c, form)
	case refusesTime(err):
		return h.backToTimes(k, v, form, saidOver)
	case err != nil:
		return err
	}
	if k.Query("kept") != "" {
		h.forms.dropForm(k, v.visit.ID)
	}
	return redirectToBooking(k, out)
}

// refusesTime reports whether a refusal is about the time that was picked.
func refusesTime(err error) bool {
	known, ok := errors.AsType[*fault.Error](err)
	return ok && (known.Code == fault.TooEarly || known.Code == fault.TooLate || known.Code == fault.OutsideWindow ||
		known.Code == fault.Invalid && (known.Fields["start"] != nil || known.Fields["resource_id"] != nil))
}

// submitted reads where a form comes from and what it asks for: said instead of a choice when that is not offered any more, no
// visit when the visitor has been sent on.
func (h *publicLinkHandlers) submitted(k *call) (v *linkVisit, c *service.Choice, said string, err error) {
	if err := k.fromHere(); err != nil {
		return nil, nil, "", err
	}
	if err := k.readForm(); err != nil {
		return nil, nil, "", err
	}
	a, err := h.visits.findVisit(k, k.Request.PostForm)
	if err != nil {
		return nil, nil, "", err
	}
	if done, err := h.visits.redirectIfSpent(k, a); done || err != nil {
		return nil, nil, "", err
	}
	if v, err = h.visiting(k, a, k.formValue("tz")); err != nil {
		return nil, nil, "", err
	}
	c, said, err = k.choose(v.offer, k.formValue("start"), k.formValue("end"), k.formValue("resource"))
	return v, c, said, err
}

// redirectOrRefuse is the end for all but the visit that spent the token, perhaps just now from another tab.
func (h *visits) redirectOrRefuse(k *call, a *openedVisit, err error) error {
	if done, used := h.redirectIfSpent(k, a); done || used != nil {
		return used
	}
	return err
}

// redirectToBooking leads to the page of the request, which also says that something is not decided yet, or on to the payment.
func redirectToBooking(k *call, out service.Outcome) error {
	if out.Booking == nil || out.Booking.Request == nil {
		return fault.Errorf(fault.NotFound, "The booking does not exist any more.")
	}
	next := "?done=true"
	if collects(out.Booking) {
		next = "?pay=1"
	}
	k.Redirect(http.StatusSeeOther, requestPath(out.Booking.Request)+next)
	return nil
}
