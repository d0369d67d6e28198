// Package payload writes the bodies of webhooks: one change, in the shape that an endpoint has asked for. It decides
// nothing about who gets what.
package payload

import (
	"encoding/json"
	"time"

	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/outbox"
	"holdfast/internal/timekit"
)

// formats are the shapes of changes of bookings, one for each of outbox.Formats. Those of endpoints, of failed effects
// and of money have one shape, whatever the format.
var formats = map[outbox.Format]func(*outbox.Event, *booking.Booking, Links) ([]byte, error){
	outbox.FormatTimekit:    asTimekit,
	outbox.FormatHoldfast:   asHoldfast,
	outbox.FormatReserveKit: asReserveKit,
	outbox.FormatCronofy:    asCronofy,
}

// Links are where people can go from a body.
type Links struct {
	Base    string            // where the world reaches this server, without a slash at the end
	Actions map[string]string // the customer's action links by action
}

// Body renders a change. The same arguments give the same bytes: every attempt of a delivery, and every later view of it,
// has the body that was signed.
func Body(format outbox.Format, c *outbox.Event, links Links) ([]byte, error) {
	b, err := booking.OfEvent(c)
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "the booking of change %s cannot be read", c.ID)
	}
	return BodyOf(format, c, b, links)
}

// BodyOf is Body for a change whose booking has been read already; nil when the change is not about one.
func BodyOf(format outbox.Format, c *outbox.Event, b *booking.Booking, links Links) ([]byte, error) {
	render, ok := formats[format]
	if !ok {
		return nil, fault.Errorf(fault.Internal, "webhook format %q is not part of this build", format)
	}
	switch {
	case b == nil && c.OfMoney():
		return paymentBody(c)
	case c.Type == outbox.MailFailingEvent:
		return mailerBody(c)
	case b == nil:
		return endpointBody(c)
	case c.Type == outbox.EffectFailedEvent, c.Type == outbox.MailBouncedEvent, c.OfMoney(): // the others have no place for it
		return asHoldfast(c, b, links)
	}
	return render(c, b, links)
}

func asTimekit(_ *outbox.Event, b *booking.Booking, links Links) ([]byte, error) {
	return timekit.WebhookBody(b, links.Actions)
}

// utc shows a time the same everywhere: whole seconds and a Z.
func utc(t time.Time) string { return timekit.Clock{}.Show(t, time.UTC) }

func orObject(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 || string(raw) == "null" {
		return json.RawMessage("{}")
	}
	return raw
}
