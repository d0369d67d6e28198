// Package timekit renders bookings in the shapes of Timekit's v2 contract: the answers of the API and the bodies of
// webhooks. It decides nothing.
package timekit

import (
	"encoding/json"
	"slices"
	"time"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/catalogue"
	"holdfast/internal/policy"
	"holdfast/internal/tenant"
)

// Object is a JSON object on its way out.
type Object = map[string]any

// View renders the parts of one booking.
type View struct {
	Booking *booking.Booking
	Clock   Clock
}

func (v View) time(t time.Time) string { return v.Clock.Show(t, v.Booking.Resource.Zone()) }

// Bare is a booking without includes.
func (v View) Bare() Object {
	b := v.Booking
	bare := Object{
		"id": b.ID, "state": b.State, "graph": b.Graph, "graph_version": b.GraphVersion, "completed": b.Completed,
		"created_at": v.time(b.CreatedAt), "updated_at": v.time(b.UpdatedAt), "related": b.Related, "units": b.Takes(),
	}
	if len(b.Parts) > 0 {
		bare["resources"] = v.parts()
	}
	return bare
}

// parts are the resources of a booking that takes several, with their times by the clock of the first one.
func (v View) parts() []Object {
	all := []Object{}
	for _, p := range v.Booking.Parts {
		all = append(all, Object{"id": p.Resource, "name": p.Name, "role": p.Role, "start": v.time(p.Start), "end": v.time(p.End)})
	}
	return all
}

// Policy is the policy that rules a booking, with what follows from it for its customer; nil for none.
func (v View) Policy() Object {
	b := v.Booking
	if b.Policy == nil {
		return nil
	}
	rules, zone := b.Rules(), b.Resource.Zone()
	o := Object{"version": b.Policy.Version, "hash": b.Policy.Hash, "resolved": b.Policy.Resolved}
	if until, ok := rules.CancelUntil(policy.Customer, b.Held(), zone); ok {
		o["cancel_until"] = v.time(until)
	}
	if until, ok := rules.MoveUntil(b.Held(), zone); ok {
		o["reschedule_until"] = v.time(until)
	}
	if left, ok := rules.MovesLeft(b.Held()); ok {
		o["reschedules_left"] = left
	}
	return o
}

// Event is the calendar entry of a booking. rsvp says whether its time is really taken.
func (v View) Event() Object {
	b := v.Booking
	return Object{
		"id": b.EventID, "what": b.What, "where": b.Where, "description": b.Description, "rsvp": v.rsvp(), "allDay": false,
		"start": v.time(b.Start), "end": v.time(b.End), "created_at": v.time(b.CreatedAt), "updated_at": v.time(b.UpdatedAt),
	}
}

func (v View) rsvp() string {
	b := v.Booking
	graph, err := b.LoadGraph()
	if err != nil { // of a newer build, as in the middle of a deploy: the names of its states say enough
		graph = &graphs.Graph{States: []graphs.State{{Name: b.State, Final: b.Completed}}}
		if !b.Completed && b.State != "tentative" && b.State != "reserved" && b.State != "confirmed" {
			return "needsAction"
		}
	}
	state, ok := graph.State(b.State)
	switch {
	case !ok || b.State == graph.Initial:
		return "needsAction"
	case slices.Contains([]string{"tentative", "reserved", "expiring", "requested"}, b.State):
		return "tentative"
	case state.Final && !booking.TookPlace(b.State), b.State == "unpaid":
		return "declined"
	}
	return "accepted"
}

// Customers are the people a booking is for. Their meta is JSON in a string, as Timekit sends it.
func (v View) Customers() []Object {
	all := []Object{}
	for _, c := range v.Booking.Customers {
		all = append(all, Object{
			"id": c.ID, "name": c.Name, "email": c.Email, "phone": c.Phone, "voip": c.Voip, "timezone": c.Timezone,
			"meta": string(orObject(c.Meta)),
		})
	}
	return all
}

// Calendar is the calendar a booking shows in.
func (v View) Calendar() Object { return calendar(&v.Booking.Calendar, v.time) }

// Attributes is what the booking was made with.
func (v View) Attributes() Object {
	b := v.Booking
	var customer Object
	if len(b.Customers) > 0 {
		customer = person(b.Customers[0])
	}
	all := Object{
		"event_info": Object{
			"start": v.time(b.Start), "end": v.time(b.End), "what": b.What, "where": b.Where, "description": b.Description,
			"calendar_id": b.Calendar.ID, "participants": append([]string{}, b.Participants...),
		},
		"customer": customer,
		"event":    v.Event(),
		"settings": b.Settings,
	}
	if b.Session != nil {
		all["group_booking"] = Object{"max_seats": b.Session.MaxSeats, "current_seats": b.Session.Taken}
	}
	return all
}

// person is a customer as the form sent it, its own fields beside the known ones.
func person(c booking.Customer) Object {
	all := Object{}
	_ = json.Unmarshal(orObject(c.Meta), &all)
	all["name"], all["email"], all["phone"], all["voip"], all["timezone"] = c.Name, c.Email, c.Phone, c.Voip, c.Timezone
	return all
}

// OpenActions are the names of the actions that can be played now.
func (v View) OpenActions() []string {
	graph, err := v.Booking.LoadGraph()
	if err != nil {
		return []string{}
	}
	return graph.Open(v.Booking.State)
}

// OpenActionsAt are the names of the actions that can be played at a time.
func (v View) OpenActionsAt(now time.Time) []string {
	open, windows := v.OpenActions(), v.windows()
	return slices.DeleteFunc(open, func(action string) bool {
		return windows[action].Early(now) || windows[action].Late(now) || v.Booking.GuardedAgainst(action, now, nil) != nil
	})
}

// ActionWindows are the open actions that are possible for a time only, with both ends; null for one that is not bound.
func (v View) ActionWindows() Object {
	all := Object{}
	for action, window := range v.windows() {
		ends := Object{"opens_at": nil, "ends_at": nil}
		if !window.Opens.IsZero() {
			ends["opens_at"] = v.time(window.Opens)
		}
		if !window.Ends.IsZero() {
			ends["ends_at"] = v.time(window.Ends)
		}
		all[action] = ends
	}
	return all
}

func (v View) windows() map[string]graphs.Window {
	all := map[string]graphs.Window{}
	graph, err := v.Booking.LoadGraph()
	if err != nil {
		return all
	}
	for _, action := range graph.Open(v.Booking.State) {
		if window := graph.Window(v.Booking.State, action, v.Booking.Times()); window != (graphs.Window{}) {
			all[action] = window
		}
	}
	return all
}

// Resource renders a resource; its own zone is the clock's.
func Resource(r *catalogue.Resource, c Clock) Object {
	at := func(t time.Time) string { return c.Show(t, r.Zone()) }
	return Object{
		"id": r.ID, "name": r.Name, "first_name": r.FirstName, "last_name": r.LastName, "email": r.Email,
		"timezone": r.Timezone, "image": r.Image, "meta": orObject(r.Meta),
		"created_at": at(r.CreatedAt), "updated_at": at(r.UpdatedAt), "tags": OrList(r.Tags),
	}
}

// ResourceFor renders a resource for a caller with a kind of key: for a browser without what is its owner's own.
func ResourceFor(kind tenant.KeyKind, r *catalogue.Resource, c Clock) Object {
	view := Resource(r, c)
	if kind == tenant.WidgetKey {
		delete(view, "email")
		delete(view, "meta")
		delete(view, "tags")
	} else {
		view["capacity"] = max(r.Capacity, 1)
	}
	return view
}

// OrList is a raw list, an empty one when there is none.
func OrList(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 || string(raw) == "null" { // of a booking that was kept before there were any
		return json.RawMessage("[]")
	}
	return raw
}

// Whole is a booking with every part that needs nothing but the booking, as webhooks have it: without what Timekit's contract does not
// name, the version of its graphs and the units.
func (v View) Whole() Object {
	b := v.Booking
	all := v.Bare()
	if b.GraphVersion == 1 {
		delete(all, "graph_version")
	}
	delete(all, "units")
	all["customers"] = v.Customers()
	all["event"] = v.Event()
	all["calendar"] = v.Calendar()
	all["attributes"] = v.Attributes()
	all["resource"] = Resource(&b.Resource, v.Clock)
	all["user"] = all["resource"]
	all["meta"] = orObject(b.Meta)
	all["available_actions"] = v.OpenActions()
	return all
}

// WebhookBody is a booking as a webhook contains it: the booking itself, no envelope. links are the customer's action
// links by action.
func WebhookBody(b *booking.Booking, links map[string]string) ([]byte, error) {
	if links == nil {
		links = map[string]string{}
	}
	body := View{b, Clock{Out: Compact}}.Whole()
	body["customer_action_links"] = links
	return json.Marshal(body)
}

func orObject(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 || string(raw) == "null" {
		return json.RawMessage("{}")
	}
	return raw
}

// Logs are the transitions of a booking.
func (v View) Logs(all []booking.Transition) []Object {
	list := []Object{}
	for _, t := range all {
		one := Object{
			"seq": t.Seq, "action": t.Action, "from": t.From, "state": t.To, "actor": t.Actor, "channel": t.Channel,
			"created_at": v.time(t.At),
		}
		if len(t.Override) > 0 {
			one["override"] = t.Override
		}
		list = append(list, one)
	}
	return list
}
