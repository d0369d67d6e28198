package postgres

import (
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/booking"
)

// wants is true of an endpoint w and a change e that its filters let through. Without event types an endpoint hears of
// bookings, and of nothing else; the other filters ask about bookings only.
const wants = `(w.event_types && e.topics OR w.event_types = '{}' AND e.booking_id IS NOT NULL)
	AND (e.booking_id IS NULL OR w.graph IN ('', e.graph) AND (w.graphs = '{}' OR e.graph = ANY(w.graphs))
		AND w.state IN ('', e.state) AND (w.states = '{}' OR e.state = ANY(w.states))
		AND (w.projects = '{}' OR e.project_id = ANY(w.projects))
		AND (w.services = '{}' OR EXISTS (
			SELECT FROM project_services s WHERE s.project_id = e.project_id AND s.service_id = ANY(w.services))))`

// tell publishes the transitions that bookings have just made, and collects the endpoints that are to be woken for them.
func tell(batch *pgx.Batch, woken *[]uuid.UUID, changed ...*booking.Booking) {
	var events []uuid.UUID
	passGates(batch, changed...)
	for _, b := range changed {
		events = append(events, publish(batch, b))
	}
	wake(batch, events, woken)
}

// publish writes the change that a transition is, and one delivery per endpoint that wants it; a paused one keeps it for
// later. It reads the transition, so it has to come after it; passGates has to come before it and keeps the endpoints from
// falling asleep or being disabled at the same moment, wake after it. A transaction that had begun to write before it got the
// booking may be older than the one that wrote the booking's last change; its own still comes behind that.
func publish(batch *pgx.Batch, b *booking.Booking) (event uuid.UUID) {
	const q = `
		WITH e AS (
			INSERT INTO events (id, app_id, booking_id, seq, type, data, at, graph, state, project_id, topics,
				from_state, action, actor, channel, inputs, written_by)
			SELECT @id, @app, t.booking_id, t.seq, @type, @data, t.at, @graph, t.to_state, @project, @topics,
				t.from_state, t.action, t.actor, t.channel, COALESCE(a.inputs, '{}'), GREATEST(pg_current_xact_id(), (
					SELECT p.written_by FROM events p
					WHERE p.booking_id = @booking AND p.seq = @seq - 1 AND p.reminder IS NULL AND NOT p.test))
			FROM transitions t LEFT JOIN actions a ON a.id = t.action_id WHERE t.booking_id = @booking AND t.seq = @seq RETURNING *)
		INSERT INTO webhook_deliveries (id, endpoint_id, event_id, booking_id, seq)
		SELECT gen_random_uuid(), w.id, e.id, e.booking_id, e.seq FROM e, webhook_endpoints w
		WHERE w.app_id = @app AND w.status <> 'disabled' AND w.purpose = 'subscription' AND ` + wants
	event = uuid.Must(uuid.NewV7())
	kind := booking.EventType(b.State)
	batch.Queue(q, pgx.NamedArgs{
		"id": event, "app": b.AppID, "booking": b.ID, "seq": b.Seq, "type": kind, "data": asJSON(b), "graph": b.Graph,
		"project": b.Related.Project, "topics": booking.Topics(kind, b.Kind()),
	})
	return event
}

// wake marks the active endpoints of a transaction's events that were asleep, and collects them. One statement for all of them:
// the locks are taken in one order.
func wake(batch *pgx.Batch, events []uuid.UUID, woken *[]uuid.UUID) {
	const q = `
		WITH asleep AS (
			SELECT id FROM webhook_endpoints WHERE id IN (SELECT endpoint_id FROM webhook_deliveries WHERE event_id = ANY(@events))
			AND NOT awake AND status = 'active' ORDER BY id FOR NO KEY UPDATE)
		UPDATE webhook_endpoints SET awake = true WHERE id IN (SELECT id FROM asleep) AND NOT awake
		RETURNING id`
	batch.Queue(q, pgx.NamedArgs{"events": events}).Query(func(rows pgx.Rows) (err error) {
		*woken, err = pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
		return err
	})
}
