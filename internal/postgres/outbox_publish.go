package postgres

import (
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/booking"
	"holdfast/internal/outbox"
)

// matches is true of an endpoint w and an event e that its filters let through: outbox.Endpoint.Matches, in SQL.
const matches = `(w.event_types && e.topics OR w.event_types = '{}' AND e.booking_id IS NOT NULL)
	AND (e.booking_id IS NULL OR w.graph IN ('', e.graph) AND (w.graphs = '{}' OR e.graph = ANY(w.graphs))
		AND w.state IN ('', e.state) AND (w.states = '{}' OR e.state = ANY(w.states))
		AND (w.projects = '{}' OR e.project_id = ANY(w.projects))
		AND (w.services = '{}' OR EXISTS (
			SELECT FROM project_services s WHERE s.project_id = e.project_id AND s.service_id = ANY(w.services))))
	AND (w.format <> 'cronofy' OR e.request_id IS NOT NULL)`

// deliveryLane are a delivery's lane, in which the order counts, and its place there, for an endpoint w and a change e: the booking
// and its transition. Of a scheduling request, whose bookings may follow each other, it is the request.
const deliveryLane = `
	CASE w.format WHEN 'cronofy' THEN e.request_id ELSE COALESCE(e.booking_id, e.id) END,
	CASE w.format WHEN 'cronofy' THEN e.request_seq ELSE e.seq END`

// requestSeq is the next place among a request's changes. Its bookings follow each other, and each locks the one before it,
// so no two take the same place.
const requestSeq = `
	CASE WHEN @request::uuid IS NOT NULL THEN
		(SELECT COALESCE(max(p.request_seq), 0) + 1 FROM events p WHERE p.request_id = @request) END`

// publishTransitions publishes the transitions that bookings have just made, and their late reminders, and collects the endpoints that are
// to be woken for them.
func publishTransitions(batch *pgx.Batch, in booking.CommitInput, late []dueOne, woken *[]uuid.UUID, changed ...*booking.Booking) {
	var all []publication
	for _, b := range changed {
		kind := outbox.EventType(b.State)
		if in.Undoes && b.ID == in.BookingID {
			kind = outbox.UndoneEvent
		}
		all = append(all, publication{b, kind, outbox.Topics(kind, b.Kind()), notifiedRequest(b)})
	}
	var events []uuid.UUID
	if slices.ContainsFunc(late, dueOne.byMail) {
		queueMailer(batch, changed[0].AppID)
	}
	shareGates(batch, all...)
	for _, p := range all {
		events = append(events, publish(batch, p))
	}
	for _, b := range changed {
		for _, due := range late {
			if b.ID == due.booking {
				events = append(events, publishReminder(batch, b, due))
			}
		}
	}
	markAwake(batch, in.Drainer, events, woken)
}

// publication is an event of a booking that is to be published.
type publication struct {
	*booking.Booking
	kind    string
	topics  []string
	request *uuid.UUID // see notifiedRequest
}

// publish writes the event of a transition, and one pending delivery per endpoint whose filters let it through, also for paused
// ones. Queue it after the transition, which it reads, after shareGates, and before markAwake. Transaction ids are assigned
// before the booking's row lock is granted, so a later commit may carry a smaller one: GREATEST with the previous event's
// written_by keeps the events of a booking in order.
func publish(batch *pgx.Batch, b publication) (event uuid.UUID) {
	const q = `
		WITH e AS (
			INSERT INTO events (id, app_id, booking_id, seq, type, data, at, graph, state, project_id, topics,
				from_state, action, actor, channel, inputs, lifted, notify, request_id, request_seq, written_by)
			SELECT @id, @app, t.booking_id, t.seq, @type, @data, t.at, @graph, t.to_state, @project, @topics,
				t.from_state, t.action, t.actor, t.channel, COALESCE(a.inputs, '{}'), t.lifted, a.notify, @request, ` + requestSeq + `,
				GREATEST(pg_current_xact_id(), (
					SELECT p.written_by FROM events p
					WHERE p.booking_id = @booking AND p.seq = @seq - 1 AND p.reminder IS NULL AND NOT p.test), (
					SELECT p.written_by FROM events p WHERE p.request_id = @request ORDER BY p.written_by DESC LIMIT 1))
			FROM transitions t LEFT JOIN actions a ON a.id = t.action_id WHERE t.booking_id = @booking AND t.seq = @seq RETURNING *)
		INSERT INTO webhook_deliveries (id, endpoint_id, event_id, booking_id, seq)
		SELECT gen_random_uuid(), w.id, e.id, ` + deliveryLane + ` FROM e, webhook_endpoints w
		WHERE w.app_id = @app AND w.status <> 'disabled' AND w.purpose <> 'reminder' AND ` + matches
	event = uuid.Must(uuid.NewV7())
	batch.Queue(q, namedArgs{
		"id": event, "app": b.AppID, "booking": b.ID, "seq": b.Seq, "type": b.kind, "data": asJSON(b.Booking), "graph": b.Graph,
		"project": b.Related.Project, "topics": b.topics, "request": b.request,
	})
	return event
}

// notifiedRequest is the scheduling request that a booking's event is about: nil when its app is not to be notified, and when it is the
// end of a booking that was moved, for then the first event of the next one covers both.
func notifiedRequest(b *booking.Booking) *uuid.UUID {
	if b.Request == nil || !b.Request.Attributed || b.Related.RescheduledTo != nil {
		return nil
	}
	return &b.Request.ID
}

// markAwake marks the active endpoints of a transaction's events that were asleep, and collects them. One statement for all of them:
// the locks are taken in one order. They are reserved for drainer, the process that is about to send what waits for them; the
// nil id reserves nothing, and then their workflows have to be woken.
func markAwake(batch *pgx.Batch, drainer uuid.UUID, events []uuid.UUID, woken *[]uuid.UUID) {
	const q = `
		WITH asleep AS (
			SELECT id FROM webhook_endpoints WHERE id IN (SELECT endpoint_id FROM webhook_deliveries WHERE event_id = ANY(@events))
			AND NOT awake AND status = 'active' ORDER BY id FOR NO KEY UPDATE),
		woken AS (UPDATE webhook_endpoints SET awake = true WHERE id IN (SELECT id FROM asleep) AND NOT awake RETURNING id),
		reserved AS (
			INSERT INTO webhook_drains (endpoint_id, drainer, until)
			SELECT id, @drainer, now() + make_interval(secs => @lease) FROM woken
			WHERE @drainer <> '00000000-0000-0000-0000-000000000000'::uuid
			ON CONFLICT (endpoint_id) DO NOTHING)
		SELECT id FROM woken`
	args := namedArgs{"events": events, "drainer": drainer, "lease": drainLease.Seconds()}
	batch.Queue(q, args).Query(func(rows pgx.Rows) (err error) {
		*woken, err = pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
		return err
	})
}
