package api

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"holdfast/api/edge"
	"holdfast/internal/booking"
)

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
		if known := edge.BodyError(err); booking.CodeOf(known) != booking.Malformed {
			return known
		}
		return booking.Wrap(err, booking.Malformed, "The form could not be read.")
	}
	for name, values := range k.Request.PostForm {
		if !plain(name) || slices.ContainsFunc(values, func(value string) bool { return !plain(value) }) {
			return booking.Errorf(booking.Malformed, "The form holds a byte that is not UTF-8, or a null character.")
		}
	}
	return nil
}

func (s *Server) showForm(k *call, v *linkVisit, c *choice, f *form) error {
	zone, ahead := v.offer.zone, outlookOf(v.project)
	p := &formPage{
		frame: frame{Title: "Your details"}, About: v.link.Title, When: whenText(c.start, c.end, zone), Text: ahead.text(k.App.Name),
		ZoneText: zoneText(zone.String()), With: c.resource.Name, Fields: f.fields, Action: k.Request.URL.Path, Button: ahead.button(),
		Back: k.with(v.keep(), "tz", zone.String(), "from", c.start.In(zone).Format(time.DateOnly)),
		Hidden: map[string]string{
			"visit": v.sealed, "start": wire(c.start), "end": wire(c.end), "resource": c.resource.ID.String(), "tz": zone.String(),
			"operation": f.operation.String(),
		},
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
	return s.showPage(k, http.StatusOK, "form.html", p)
}

// bookSomebody books the picked time; with somebody else who is free then if the picked resource was taken meanwhile and the owner
// lets any of several do it. It returns the page of what the visit has booked already, if it has: a form may be sent twice.
func (s *Server) bookSomebody(k *call, v *linkVisit, c *choice, f *form) (out outcome, page string, err error) {
	for range v.offer.resources {
		if out, err = s.bookForm(k, v, c, f); booking.CodeOf(err) != booking.SlotTaken {
			return out, "", err
		}
		other, lookErr := s.freeFor(k, v.offer, c)
		if page, lookErr = s.bookedWithAnother(k, v, c, lookErr); page != "" {
			return outcome{}, page, nil
		}
		if lookErr != nil || other == nil || other.resource.ID == c.resource.ID {
			return out, "", cmp.Or(lookErr, err)
		}
		c = other
		f.operation, page, lookErr = s.tryOf(k, v, c)
		if lookErr != nil || page != "" {
			return outcome{}, page, lookErr
		}
	}
	return out, "", err
}

// bookedWithAnother finds the page of what the visit has booked of a time already, with any of the resources that could have stood
// in. It passes an earlier error on.
func (s *Server) bookedWithAnother(k *call, v *linkVisit, c *choice, err error) (page string, _ error) {
	if err != nil || !v.offer.roundRobin() {
		return "", err
	}
	for _, r := range v.offer.resources {
		if _, page, err = s.tryOf(k, v, &choice{r, c.start, c.end}); page != "" || err != nil {
			return page, err
		}
	}
	return "", nil
}

// bookForm books as a widget does: the project decides how, the visitor when and for whom.
func (s *Server) bookForm(k *call, v *linkVisit, c *choice, f *form) (outcome, error) {
	request, id := v.visit.request(k.App.ID, f.operation)
	request.PublicLink, request.ProjectID, request.Summary = &v.link.ID, &v.project.ID, v.link.Title
	request.DurationMinutes = int(v.offer.length / time.Minute)
	request.Recipient = booking.Recipient{Email: f.value("email"), DisplayName: f.value("name")}
	k.Operation, k.Repeated = id, true // perhaps: see begun
	in := c.input(v.link.Title)
	in.ProjectID, in.Customer = v.project.ID.String(), f.customer(v.offer.zone)
	return s.bookRequest(k, in, request, v.visit.spends())
}

// input is the slot as a booking that is asked for.
func (c *choice) input(what string) bookingInput {
	slot := slotInput{Start: edge.Stamp(wire(c.start)), End: edge.Stamp(wire(c.end)), What: what}
	return bookingInput{ResourceID: c.resource.ID.String(), slotInput: slot}
}

// bookRequest books the time of a scheduling request. The request is put on record, and the claim token spent, in the
// booking's own transaction.
func (s *Server) bookRequest(
	k *call, in bookingInput, request *booking.SchedulingRequest, claim *booking.Claim,
) (outcome, error) {
	d, err := s.draft(k, k.Operation, in, "")
	if err != nil {
		return outcome{}, err
	}
	d.Request, d.Claim = request, claim
	return s.book(k, d)
}
