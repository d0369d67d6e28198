package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"holdfast/internal/booking"
)

// badForm is what is wrong with a body that is no form.
func (k *call) badForm(err error) error {
	if tooLarge, is := errors.AsType[*http.MaxBytesError](err); is {
		return tooLarge
	}
	return booking.Wrap(err, booking.Malformed, "The form could not be read.")
}

func (s *Server) showForm(k *call, v *linkVisit, c *choice, f *form) error {
	zone, ahead := v.offer.zone, outlookOf(v.project)
	p := &formPage{
		frame: frame{Title: "Your details"}, About: v.link.Title, When: whenText(c.start, c.end, zone), Text: ahead.text(k.app.Name),
		ZoneText: zoneText(zone.String()), With: c.resource.Name, Fields: f.fields, Action: k.Request.URL.Path, Button: ahead.button(),
		Back: k.with(v.keep(), "tz", zone.String(), "from", c.start.In(zone).Format(time.DateOnly)),
		Hidden: map[string]string{
			"visit": v.sealed, "start": wire(c.start), "resource": c.resource.ID.String(), "tz": zone.String(),
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

// bookForm books as a widget does: the project decides how, the visitor when and for whom.
func (s *Server) bookForm(k *call, v *linkVisit, c *choice, f *form) (outcome, error) {
	request, id := v.visit.request(k.app.ID, f.operation)
	request.PublicLink, request.ProjectID, request.Summary = &v.link.ID, &v.project.ID, v.link.Title
	request.DurationMinutes = int(v.offer.length / time.Minute)
	request.Recipient = booking.Recipient{Email: f.value("email"), DisplayName: f.value("name")}
	k.operation, k.repeated = id, true // perhaps: see begun
	body := c.body(v.link.Title)
	body["project_id"], body["customer"] = quoted(v.project.ID.String()), f.customer(v.offer.zone)
	return s.bookRequest(k, body, request, v.visit.spends())
}

// body is the slot as the body of a booking.
func (c *choice) body(what string) map[string]json.RawMessage {
	return map[string]json.RawMessage{
		"resource_id": quoted(c.resource.ID.String()), "what": quoted(what),
		"start": quoted(wire(c.start)), "end": quoted(wire(c.end)),
	}
}

// bookRequest books the time of a scheduling request. The request is put on record, and the claim token spent, in the
// booking's own transaction.
func (s *Server) bookRequest(
	k *call, body map[string]json.RawMessage, request *booking.SchedulingRequest, claim *booking.Claim,
) (outcome, error) {
	d, err := s.draft(k, k.operation, body, "")
	if err != nil {
		return outcome{}, err
	}
	d.Request, d.Claim = request, claim
	return s.book(k, d)
}
