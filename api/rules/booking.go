package rules

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"

	"holdfast/api/edge"
	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/catalogue"
	"holdfast/internal/mail"
	"holdfast/internal/payment"
	"holdfast/internal/policy"
	"holdfast/internal/requires"
	"holdfast/internal/service"
	"holdfast/internal/strictjson"
)

// BookingInput is the body of POST /bookings. The slot may stand at the root or, as older clients send it, in "event".
type BookingInput struct {
	ProjectID     string `json:"project_id"`
	ResourceID    string `json:"resource_id"`
	ReservationID string `json:"reservation_id"`
	Graph         string `json:"graph"`
	Action        string `json:"action"`
	Slot
	Event         *Slot                      `json:"event"`
	Customer      map[string]json.RawMessage `json:"customer"`
	Meta          json.RawMessage            `json:"meta"`
	Settings      json.RawMessage            `json:"settings"`
	Related       Related                    `json:"related"`
	Buffer        string                     `json:"buffer"`
	Units         *int                       `json:"units"`           // of the resource
	MaxUnits      *int                       `json:"max_units"`       // of a project: what its visitors may ask for
	Policy        *policy.Policy             `json:"policy"`          // of its own
	Override      policy.Lifted              `json:"override"`        // rules that it is not held to
	Price         *payment.Price             `json:"price"`           // of its own, instead of the project's
	PaymentPolicy *payment.Policy            `json:"payment_policy"`  // of its own, instead of the project's
	NoShowConsent bool                       `json:"no_show_consent"` // the customer agrees to the no-show fee
	Requires      *requires.Requires         `json:"requires"`        // resources that it takes together, instead of resource_id
	Notify        json.RawMessage            `json:"notify"`          // who gets the mails about it: see ReadNotify
	Notifications json.RawMessage            `json:"event_notifications"`
	Reminders     json.RawMessage            `json:"reminders"` // its older name

	switches map[string]json.RawMessage // of graphs' timers, at the root under the names that graphs give them
}

// Related names other bookings.
type Related struct {
	OwnerBookingID string `json:"owner_booking_id"`
}

// Slot is when a booking is, what and where. Its times are texts in the format of the request.
type Slot struct {
	Start        edge.Stamp `json:"start"`
	End          edge.Stamp `json:"end"`
	What         string     `json:"what"`
	Where        string     `json:"where"`
	Description  string     `json:"description"`
	CalendarID   string     `json:"calendar_id"`
	Participants []string   `json:"participants"`
}

// switchNames are all that graphs call their switches, and the steps that send mails.
func switchNames() (names []string) {
	names = slices.Clone(mail.Steps)
	for _, g := range graphs.Published() {
		names = slices.AppendSeq(names, maps.Values(g.Switches()))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// BookingRules refuse misspelt fields. What else is unknown is skipped: the widget sends all that its project says of bookings.
func BookingRules() strictjson.Rules {
	return strictjson.Rules{Unknown: strictjson.RefuseMisspelt, Also: switchNames()}
}

// ReadBooking reads one booking that is asked for.
func ReadBooking(text []byte) (in BookingInput, err error) {
	if err := edge.ReadError(BookingRules().Decode(text, &in), ""); err != nil {
		return in, err
	}
	in.switches = readSwitches(text)
	return in, nil
}

// KeepSwitches keeps the switches of the body that the input was decoded from by BookingRules.
func (in *BookingInput) KeepSwitches(body []byte) { in.switches = readSwitches(body) }

// readSwitches returns all fields: which of them are switches, the graph says.
func readSwitches(text []byte) map[string]json.RawMessage {
	var all map[string]json.RawMessage
	_ = json.Unmarshal(text, &all) // an object, or null: it was read before
	return all
}

// readDefaults reads what a project says of its bookings.
func readDefaults(p *catalogue.Project) (in BookingInput, err error) {
	if err := edge.ReadError(strictjson.Decode(p.Booking, &in), "project.booking"); err != nil {
		return in, err
	}
	in.switches, in.Requires = readSwitches(p.Booking), nil // see Project.Requires
	in.NoShowConsent, in.Notify = false, nil                // each is of one booking
	return in, nil
}

// restrict drops what only a server key may say: where this server sends reminders, and how bookings behave. It is dropped, not
// refused, since the widget sends what its project says of bookings.
func (in *BookingInput) restrict() error {
	var asked booking.Settings
	if in.ProjectID == "" && json.Unmarshal(in.Settings, &asked) == nil && asked.AllowDoubleBookings {
		return service.ErrNoDoubles
	}
	in.Settings, in.Notifications, in.Reminders, in.switches, in.Buffer = nil, nil, nil, nil, ""
	in.Policy, in.Requires = nil, nil
	in.Price, in.PaymentPolicy = nil, nil
	return nil
}

// hold drops what is about the booking that a hold may become.
func (in *BookingInput) hold(graph string) {
	in.Graph, in.Action, in.ReservationID, in.Related = graph, "", "", Related{}
	in.Notifications, in.Reminders = nil, nil
}

// layOver fills every field that is not set from the input below. Of settings and switches each counts for itself.
func (in *BookingInput) layOver(below *BookingInput) {
	in.Settings = joined(below.Settings, in.Settings)
	switches := map[string]json.RawMessage{}
	maps.Copy(switches, below.switches)
	maps.Copy(switches, in.switches)
	in.switches = switches
	lay(reflect.ValueOf(in).Elem(), reflect.ValueOf(below).Elem())
}

func lay(over, under reflect.Value) {
	for i := range over.NumField() {
		field := over.Field(i)
		switch {
		case field.Kind() == reflect.Struct:
			lay(field, under.Field(i))
		case field.CanSet() && field.IsZero():
			field.Set(under.Field(i))
		}
	}
}

// joined is two JSON objects in one; where both have a name, the second one counts. When one is no object, the second is all.
func joined(under, over json.RawMessage) json.RawMessage {
	var all, more map[string]json.RawMessage
	if json.Unmarshal(under, &all) != nil || json.Unmarshal(over, &more) != nil || all == nil {
		return over
	}
	maps.Copy(all, more)
	text, _ := json.Marshal(all) //nolint:errchkjson // read from JSON just now
	return text
}
