package payload

import (
	"encoding/json"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/outbox"
	"holdfast/internal/timekit"
)

// message is the envelope that Standard Webhooks advises.
type message struct {
	Type      string `json:"type"`
	Timestamp string `json:"timestamp"`
	Data      any    `json:"data"`
	Effect    any    `json:"effect,omitempty"` // of calls only
}

// bookingData is a change of a booking. A reminder has no action and nothing that belongs to one, and so have an effect that has failed and
// what is about money.
type bookingData struct {
	ID       string            `json:"id"` // as in the webhook-id header
	Sequence int               `json:"sequence"`
	From     string            `json:"previous_state,omitempty"`
	State    string            `json:"state"`
	Action   string            `json:"action,omitempty"`
	Actor    graphs.Actor      `json:"actor,omitempty"`
	Channel  booking.Channel   `json:"channel,omitempty"`
	Inputs   json.RawMessage   `json:"inputs,omitempty"`
	Lifted   []string          `json:"lifted,omitempty"` // rules of the policy that the action was not held to
	Effect   json.RawMessage   `json:"effect,omitempty"` // that has failed
	Payment  json.RawMessage   `json:"payment,omitempty"`
	Mail     json.RawMessage   `json:"mail,omitempty"` // that has bounced
	Test     bool              `json:"test,omitempty"`
	Booking  timekit.Object    `json:"booking"`
	Links    map[string]string `json:"customer_action_links"`
}

// whole is a booking with all of its parts, and with the units that it takes.
func whole(b *booking.Booking) timekit.Object {
	o := timekit.View{Booking: b}.Whole()
	o["units"] = b.Takes()
	return o
}

func asHoldfast(c *outbox.Event, b *booking.Booking, links Links) ([]byte, error) {
	return json.Marshal(holdfastMessage(c, b, links))
}

// Called is what the body of a call says of its effect.
type Called struct {
	ID      uuid.UUID `json:"id"` // as in the webhook-id header
	Kind    string    `json:"kind"`
	Attempt int       `json:"attempt"` // 1 for the first
}

// CallBody renders what a call sends: the event of the transition in the holdfast format, and the effect.
func CallBody(c *outbox.Event, b *booking.Booking, links Links, effect Called) ([]byte, error) {
	m := holdfastMessage(c, b, links)
	m.Effect = effect
	return json.Marshal(m)
}

func holdfastMessage(c *outbox.Event, b *booking.Booking, links Links) message {
	if links.Actions == nil {
		links.Actions = map[string]string{}
	}
	data := bookingData{
		ID: c.Name(), Sequence: c.Seq, From: c.From, State: b.State, Action: c.Action, Actor: c.Actor, Channel: booking.Channel(c.Channel),
		Test: c.Test, Booking: whole(b), Links: links.Actions, Effect: c.Effect, Payment: c.Payment,
	}
	if c.Action != "" {
		data.Inputs, data.Lifted = orObject(c.Inputs), c.Lifted
	}
	if c.Type == outbox.MailBouncedEvent {
		data.Mail = c.Inputs
	}
	return message{Type: c.Type, Timestamp: utc(c.At), Data: data}
}

// endpointData is a change of an endpoint.
type endpointData struct {
	ID       string              `json:"id"`
	Test     bool                `json:"test,omitempty"`
	Endpoint outbox.EndpointData `json:"endpoint"`
}

func endpointBody(c *outbox.Event) ([]byte, error) {
	e, err := endpointOf(c)
	if err != nil {
		return nil, err
	}
	return json.Marshal(message{Type: c.Type, Timestamp: utc(c.At), Data: endpointData{c.Name(), c.Test, e}})
}

// paymentData is about money of a booking that was erased: the sums are left.
type paymentData struct {
	ID      string          `json:"id"`
	Test    bool            `json:"test,omitempty"`
	Payment json.RawMessage `json:"payment"`
}

func paymentBody(c *outbox.Event) ([]byte, error) {
	return json.Marshal(message{Type: c.Type, Timestamp: utc(c.At), Data: paymentData{c.Name(), c.Test, c.Payment}})
}

// mailerData is about what an app's mails are sent by.
type mailerData struct {
	ID     string          `json:"id"`
	Test   bool            `json:"test,omitempty"`
	Mailer json.RawMessage `json:"mailer"` // an outbox.MailerData
}

func mailerBody(c *outbox.Event) ([]byte, error) {
	return json.Marshal(message{Type: c.Type, Timestamp: utc(c.At), Data: mailerData{c.Name(), c.Test, c.Data}})
}
