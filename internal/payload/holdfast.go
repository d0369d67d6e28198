package payload

import (
	"encoding/json"

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
}

// bookingData is a change of a booking. A reminder has no action and nothing that belongs to one.
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
	if links.Actions == nil {
		links.Actions = map[string]string{}
	}
	data := bookingData{
		ID: c.Name(), Sequence: c.Seq, From: c.From, State: b.State, Action: c.Action, Actor: c.Actor, Channel: booking.Channel(c.Channel),
		Test: c.Test, Booking: whole(b), Links: links.Actions,
	}
	if c.Action != "" {
		data.Inputs, data.Lifted = orObject(c.Inputs), c.Lifted
	}
	return json.Marshal(message{c.Type, utc(c.At), data})
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
	return json.Marshal(message{c.Type, utc(c.At), endpointData{c.Name(), c.Test, e}})
}
