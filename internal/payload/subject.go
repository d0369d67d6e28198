package payload

import (
	"encoding/json"
	"time"

	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/outbox"
)

// Subject is what a change is about, as the holdfast format shows it: the booking as it was then, or the endpoint.
func Subject(c *outbox.Event) (any, error) {
	b, err := booking.OfEvent(c)
	switch {
	case err != nil:
		return nil, fault.Wrap(err, fault.Internal, "the booking of change %s cannot be read", c.ID)
	case b == nil:
		return endpointOf(c)
	}
	return whole(b), nil
}

func endpointOf(c *outbox.Event) (outbox.EndpointData, error) {
	var e outbox.EndpointData
	if err := json.Unmarshal(c.Data, &e); err != nil {
		return e, fault.Wrap(err, fault.Internal, "the endpoint of change %s cannot be read", c.ID)
	}
	if since := e.FailingSince; since != nil {
		*since = since.UTC().Truncate(time.Second)
	}
	return e, nil
}
