package visitor

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/api/rules"
	"holdfast/internal/booking"
	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
	"holdfast/internal/service"
)

// timeBooker books a picked time.
type timeBooker struct {
	*service.Booker

	rules rules.Reader
	wait  time.Duration // for the outcome of an action, unless the client says otherwise
}

// readForm reads the body of a form; Malformed when it is none, or holds what cannot be kept. It is the only reader of forms. Asked
// again it says the same.
func (k *call) readForm() error {
	if k.form != nil {
		return *k.form
	}
	err := k.parseForm()
	k.form = &err
	return err
}

func (k *call) parseForm() error {
	if err := k.Request.ParseForm(); err != nil {
		if known := edge.BodyError(err); fault.CodeOf(known) != fault.Malformed {
			return known
		}
		return fault.Wrap(err, fault.Malformed, "The form could not be read.")
	}
	for name, values := range k.Request.PostForm {
		if !edge.Plain(name) || slices.ContainsFunc(values, func(value string) bool { return !edge.Plain(value) }) {
			return fault.Errorf(fault.Malformed, "The form holds a byte that is not UTF-8, or a null character.")
		}
	}
	return nil
}

func showForm(k *call, v *linkVisit, c *service.Choice, f *form) error {
	zone, ahead := v.offer.Zone, rules.OutlookOf(k.App, v.project.Project)
	p := &formPage{
		frame: frame{Title: "Your details"}, About: v.link.Title, When: whenText(c.Start, c.End, zone),
		Text:     outlookText(ahead, v.project.Project, k.App.Name),
		ZoneText: zoneText(zone.String()), With: c.Host.Name, Fields: f.fields, Action: k.Request.URL.Path,
		Button: bookText(ahead, v.project.Project),
		Back:   k.pageAddress(v.keep(), "tz", zone.String(), "from", c.Start.In(zone).Format(time.DateOnly)),
		Hidden: map[string]string{
			"visit": v.sealed, "start": wire(c.Start), "end": wire(c.End), "resource": c.Host.ID.String(), "tz": zone.String(),
			"operation": f.operation.String(),
		},
	}
	if v.offer.Assigns(v.project.Project) {
		p.With = "" // nobody is chosen yet
	}
	if f.kept {
		p.Action += "?kept=true"
	}
	for _, one := range f.fields {
		if one.Fault != "" {
			p.Faults++
		}
	}
	if p.Faults > 0 {
		p.Title = "Please look again"
	}
	return showPage(k, http.StatusOK, "form.html", p)
}

// bookSomebody books the picked time; with somebody else who is free then if the picked resource was taken meanwhile and the owner
// lets any of several do it. It returns the page of what the visit has booked already, if it has: a form may be sent twice.
func (h *publicLinkHandlers) bookSomebody(k *call, v *linkVisit, c *service.Choice, f *form) (out service.Outcome, page string, err error) {
	for range v.offer.Hosts {
		if out, err = h.bookForm(k, v, c, f); fault.CodeOf(err) != fault.SlotTaken {
			return out, "", err
		}
		other, lookErr := h.offers.FreeFor(k, k.App.ID, v.offer, c)
		if page, lookErr = h.tries.bookedWithAnother(k, v, c, lookErr); page != "" {
			return service.Outcome{}, page, nil
		}
		if lookErr != nil || other == nil || other.Host.ID == c.Host.ID {
			return out, "", cmp.Or(lookErr, err)
		}
		c = other
		f.operation, page, lookErr = h.tries.tryOf(k, v, c)
		if lookErr != nil || page != "" {
			return service.Outcome{}, page, lookErr
		}
	}
	return out, "", err
}

// bookedWithAnother finds the page of what the visit has booked of a time already, with any of the resources that could have stood
// in. It passes an earlier error on.
func (h *tries) bookedWithAnother(k *call, v *linkVisit, c *service.Choice, err error) (page string, _ error) {
	if err != nil || !v.offer.RoundRobin() {
		return "", err
	}
	for _, r := range v.offer.Hosts {
		if _, page, err = h.tryOf(k, v, &service.Choice{Host: r, Start: c.Start, End: c.End}); page != "" || err != nil {
			return page, err
		}
	}
	return "", nil
}

// bookForm books as a widget does: the project decides how, the visitor when and for whom.
func (h *publicLinkHandlers) bookForm(k *call, v *linkVisit, c *service.Choice, f *form) (service.Outcome, error) {
	request, id := v.visit.request(k.App.ID, f.operation)
	request.PublicLink, request.ProjectID, request.Summary = &v.link.ID, &v.project.ID, v.link.Title
	request.DurationMinutes = int(v.offer.Length() / time.Minute)
	request.Recipient = booking.Recipient{Email: f.value("email"), DisplayName: f.value("name")}
	return h.booker.bookPick(k, pick{
		id: id, title: v.link.Title, project: v.project, offer: v.offer, choice: c, customer: f.customer(v.offer.Zone),
		request: request, claim: v.visit.claimToSpend(), consent: f.value(consentField) != "",
	})
}

// pick is a picked time, to be booked for its visitor.
type pick struct {
	id       uuid.UUID // of the booking
	title    string
	project  *service.Project // nil for none
	offer    *service.Offer
	choice   *service.Choice
	customer booking.Customer
	request  *booking.SchedulingRequest
	claim    *booking.Claim // that is spent; nil for none
	consent  bool           // to the fee for a no-show
}

// bookPick books a picked time as a widget does: the project decides how, the visitor when and for whom. The request is put on record,
// and the claim token spent, in the booking's own transaction.
func (h *timeBooker) bookPick(k *call, p pick) (service.Outcome, error) {
	in := rules.BookingInput{}
	if p.project == nil {
		in.Graph = catalogue.DefaultGraph
	}
	problems := fault.Problems{}
	n, err := h.rules.NewBooking(k.Caller, k.Clock, in, p.project, false, problems)
	if err != nil {
		return service.Outcome{}, err
	}
	n.ID, n.Retried, n.Wait = p.id, true, k.PreferredWait(h.wait) // a form may be sent twice
	n.Resource, n.Calendar, n.Start, n.End, n.Offer = p.choice.Host.ID, nil, p.choice.Start, p.choice.End, p.offer
	if p.project != nil && p.offer.Assigns(p.project.Project) {
		n.Resource = uuid.Nil // the project chooses
	}
	n.What, n.Customers = cmp.Or(n.What, p.title), []booking.Customer{p.customer}
	n.Request, n.Claim, n.NoShowConsent = p.request, p.claim, p.consent
	rules.Speaks(&n.Customers[0], k.Request.Header.Get("Accept-Language"))
	rules.CheckCustomer(&n.Customers[0], problems)
	rules.ReadSMSConsent(&n.Customers[0], p.project, k.App.Clock.Now(), problems)
	return h.Book(k, k.Caller, n)
}
