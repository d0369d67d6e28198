package postgres

import (
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/booking"
)

// publish writes the transition's event and one delivery per endpoint that wants it. It locks each endpoint against
// falling asleep or being disabled at the same moment, so wake has to come after it.
func publish(batch *pgx.Batch, b *booking.Booking) (event uuid.UUID) {
	const q = `
		WITH event AS (
			INSERT INTO events (id, app_id, booking_id, seq, type, data, at)
			VALUES (@id, @app, @booking, @seq, @type, @data, @at) RETURNING id)
		INSERT INTO webhook_deliveries (id, endpoint_id, event_id, booking_id, seq)
		SELECT gen_random_uuid(), w.id, event.id, @booking, @seq FROM event, webhook_endpoints w
		WHERE w.app_id = @app AND w.status = 'active' AND w.purpose = 'subscription' AND w.graph IN ('', @graph) AND w.state IN ('', @state)
		ORDER BY w.id FOR KEY SHARE OF w`
	event = uuid.Must(uuid.NewV7())
	batch.Queue(q, pgx.NamedArgs{
		"id": event, "app": b.AppID, "booking": b.ID, "seq": b.Seq, "type": booking.EventType(b.State), "data": asJSON(b),
		"at": b.EnteredAt, "graph": b.Graph, "state": b.State,
	})
	return event
}

// wake marks the endpoints of a transaction's events that were asleep, and collects them. One statement for all of them:
// the locks are taken in one order.
func wake(batch *pgx.Batch, events []uuid.UUID, woken *[]uuid.UUID) {
	const q = `
		WITH asleep AS (
			SELECT id FROM webhook_endpoints WHERE id IN (SELECT endpoint_id FROM webhook_deliveries WHERE event_id = ANY(@events))
			AND NOT awake ORDER BY id FOR NO KEY UPDATE)
		UPDATE webhook_endpoints SET awake = true WHERE id IN (SELECT id FROM asleep) AND NOT awake
		RETURNING id`
	batch.Queue(q, pgx.NamedArgs{"events": events}).Query(func(rows pgx.Rows) (err error) {
		*woken, err = pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
		return err
	})
}
