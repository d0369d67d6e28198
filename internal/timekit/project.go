package timekit

import (
	"bytes"
	"encoding/json"
	"maps"
	"time"

	"holdfast/internal/assign"
	"holdfast/internal/catalogue"
)

// Project renders a project for its owner.
//
// missing names the fields that keep all of its times from being offered; offers says whether there are none. Timekit has neither.
func Project(p *catalogue.Project, missing []string, c Clock) Object {
	return Object{
		"offers": len(missing) == 0, "missing": missing,
		"id": p.ID, "name": p.Name, "slug": p.Slug, "resources": p.Resources, "locations": p.Locations, "services": p.Services,
		"availability": p.Availability, "availability_constraints": p.Constraints, "booking": p.Booking,
		"customer_fields": p.CustomerFields, "ui": p.UI, "reminders": p.Reminders, "meta": p.Meta, "policy": p.Policy, "price": p.Price,
		"payment_policy": p.PaymentPolicy, "requires": p.Requires,
		"assign":     assignOf(p),
		"created_at": c.Show(p.CreatedAt, time.UTC), "updated_at": c.Show(p.UpdatedAt, time.UTC),
	}
}

// assignOf is how a project chooses resources; nil where it does not.
func assignOf(p *catalogue.Project) *assign.Assign {
	if !assign.Chooses(p.Assign) {
		return nil
	}
	return p.Assign
}

// formFields are what a booking form asks for when its project does not say, in this order.
const formFields = `{"name":{"title":"Name","required":true},"email":{"title":"E-mail","required":true,"format":"email"}}`

// texts are what a widget says when its project does not. Without the first one it breaks; %s becomes the e-mail address.
var texts = Object{
	"success_message":           "We have received your booking for %s",
	"submit_button":             "Book it",
	"allocated_resource_prefix": "with",
}

// PublicProject renders what a widget needs of a project, complete enough for it to run: without what is the owner's own.
func PublicProject(p *catalogue.Project) Object {
	form := p.CustomerFields
	if string(bytes.TrimSpace(form)) == "{}" {
		form = json.RawMessage(formFields)
	}
	return Object{
		"id": p.ID, "name": p.Name, "slug": p.Slug, "resources": p.Resources, "availability": p.Availability,
		"availability_constraints": p.Constraints, "booking": inherited(p.Booking), "customer_fields": form, "ui": look(p.UI),
	}
}

// inherited is what bookings inherit, without what a browser does not need: it comes with the booking on the server.
func inherited(raw json.RawMessage) map[string]json.RawMessage {
	all := map[string]json.RawMessage{}
	_ = json.Unmarshal(raw, &all)
	for _, own := range []string{"meta", "event_notifications", "reminders"} {
		delete(all, own)
	}
	return all
}

// look is a project's ui with the texts that it lacks.
func look(raw json.RawMessage) Object {
	ui := Object{}
	_ = json.Unmarshal(raw, &ui)
	said := maps.Clone(texts)
	own, _ := ui["localization"].(Object)
	for name, text := range own {
		if text != nil {
			said[name] = text
		}
	}
	ui["localization"] = said
	return ui
}
