package postgres

import (
	"context"

	"github.com/google/uuid"

	"holdfast/internal/fault"
	"holdfast/internal/outbox"
)

// CreateTestDelivery puts a made-up change on record with its only delivery, to an endpoint of its app, whatever that one's status. It
// stands in a lane of its own and before all that waits, and is announced like an action's outcome. A repeat with the same
// ids changes nothing. NotFound when the app has no such endpoint.
func (db *Outbox) CreateTestDelivery(
	ctx context.Context, endpointID uuid.UUID, c *outbox.Event, delivery uuid.UUID,
) (*outbox.Delivery, error) {
	const q = `
		WITH inserted AS (
			INSERT INTO events (id, app_id, booking_id, seq, type, data, at, graph, state, from_state, action, actor, channel, inputs, topics,
				test, effect, payment)
			SELECT @event, w.app_id, @booking, @seq, @type, @data, @at, @graph, @state, @from, @action, @actor, @channel, @inputs, @topics, true,
				NULLIF(@effect, '')::jsonb, NULLIF(@payment, '')::jsonb
			FROM webhook_endpoints w WHERE w.id = @endpoint AND w.app_id = @app AND w.purpose = 'subscription'
			ON CONFLICT ON CONSTRAINT events_pkey DO NOTHING RETURNING id)
		INSERT INTO webhook_deliveries (id, endpoint_id, event_id, booking_id, seq, test, next_at)
		SELECT @delivery, @endpoint, id, id AS lane, 0, true, now() - interval '1 day' FROM inserted`
	_, err := db.pool.Exec(ctx, q, namedArgs{
		"event": c.ID, "app": c.AppID, "booking": c.BookingID, "seq": c.Seq, "type": c.Type, "data": asJSON(c.Data), "at": c.At,
		"graph": c.Graph, "state": c.State, "from": c.From, "action": c.Action, "actor": c.Actor, "channel": c.Channel,
		"inputs": asJSON(c.Inputs), "effect": string(c.Effect), "payment": string(c.Payment), "topics": outbox.Topics(c.Type, ""),
		"endpoint": endpointID, "delivery": delivery,
	})
	if err != nil {
		return nil, mapConstraint(err)
	}
	s, _, err := db.Delivery(ctx, c.AppID, delivery)
	if fault.CodeOf(err) == fault.NotFound {
		return nil, fault.Errorf(fault.NotFound, "The webhook does not exist.")
	}
	return s, err
}
