package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/booking"
	"holdfast/internal/fault"
)

// bookingColumns and bookingFrom select a booking with its resource and calendar; scanBooking reads them.
const (
	bookingColumns = `
		b.id, b.app_id, b.graph, b.graph_version, b.own_graph, ` + definitionOf + `, ` + countsOf + `,
		b.state, b.seq, b.revision, b.completed, b.start_at, b.end_at,
		b.what, b.where_at, b.description, b.participants, b.event_id, b.settings, b.meta,
		b.created_at, b.updated_at, b.entered_at,
		b.project_id, b.owner_booking_id, b.reservation_id, b.rescheduled_from, b.rescheduled_to, b.bulk_id, b.payer_id,
		b.policy, b.payment, b.first_start, b.moves, b.units, b.assigned, b.requires, ` + partsOf + `,
		(SELECT jsonb_build_object('max_seats', s.max_seats, 'current_seats', s.taken, 'open', s.open, 'book_from', s.book_from,
			'book_until', s.book_until, 'cancel_until', s.cancel_until)
			FROM sessions s WHERE s.booking_id = COALESCE(b.owner_booking_id, b.id)),
		(SELECT jsonb_agg(jsonb_build_object('number', m.number, 'at', m.at) ORDER BY m.at, m.number)
			FROM reminders m WHERE m.booking_id = b.id AND m.done_at IS NULL),
		(SELECT ` + requestObject + ` FROM scheduling_requests q WHERE q.id = b.request_id),
		r.id, r.app_id, r.name, r.first_name, r.last_name, r.email, r.timezone, r.image, r.meta, r.created_at, r.updated_at, r.tags,
		r.capacity,
		` + clockOf + `,
		c.id, c.resource_id, c.name, c.description, c.foregroundcolor, c.backgroundcolor, c.created_at, c.updated_at,
		COALESCE((SELECT jsonb_agg(jsonb_build_object('id', p.id, 'name', p.name, 'email', p.email, 'phone', p.phone,
			'voip', p.voip, 'timezone', p.timezone, 'meta', p.meta) ORDER BY p.id) FROM customers p WHERE p.booking_id = b.id), '[]')`
	// definitionOf is the definition of a graph of the app's own; empty for a built-in one, which the program has.
	definitionOf = `CASE WHEN b.own_graph THEN COALESCE((SELECT g.definition FROM graph_versions g
			WHERE (g.app_id, g.name, g.version) = (b.app_id, b.graph, b.graph_version)), '') ELSE '' END`
	// countsOf is how often each action has moved a booking of such a graph, or of a built-in one with guards that count; null for others.
	countsOf = `CASE WHEN b.own_graph OR b.graph IN ('paid_booking', 'paid_seat') THEN COALESCE((SELECT jsonb_object_agg(t.action, t.n)
			FROM (SELECT action, count(*) AS n FROM transitions WHERE booking_id = b.id GROUP BY action) t), '{}') END`
	// clockOf is the clock of the booking's app.
	clockOf       = `(SELECT ` + appClock + ` FROM apps a WHERE a.id = b.app_id)`
	bookingFrom   = ` FROM bookings b` + bookingBeside
	bookingBeside = ` JOIN resources r ON r.id = b.resource_id JOIN calendars c ON c.id = b.calendar_id`
)

func scanBooking(row pgx.Row) (*booking.Booking, error) {
	var b booking.Booking
	r, c, ties := &b.Resource, &b.Calendar, &b.Related
	var participants, settings, customers []byte
	var firstStart *time.Time
	var definition string
	err := row.Scan(
		&b.ID, &b.AppID, &b.Graph, &b.GraphVersion, &b.OwnGraph, &definition, &b.Counts,
		&b.State, &b.Seq, &b.Revision, &b.Completed, &b.Start, &b.End,
		&b.What, &b.Where, &b.Description, &participants, &b.EventID, &settings, &b.Meta,
		&b.CreatedAt, &b.UpdatedAt, &b.EnteredAt,
		&ties.Project, &ties.OwnerBooking, &ties.Reservation, &ties.RescheduledFrom, &ties.RescheduledTo, &ties.Bulk, &ties.Payer,
		&b.Policy, &b.Payment, &firstStart, &b.Moves, &b.Units, &b.Assigned, &b.Requires, &b.Parts, &b.Session,
		&b.Reminders, &b.Request,
		&r.ID, &r.AppID, &r.Name, &r.FirstName, &r.LastName, &r.Email, &r.Timezone, &r.Image, &r.Meta, &r.CreatedAt, &r.UpdatedAt,
		&r.Tags, &r.Capacity, &b.Clock,
		&c.ID, &c.ResourceID, &c.Name, &c.Description, &c.ForegroundColor, &c.BackgroundColor, &c.CreatedAt, &c.UpdatedAt,
		&customers)
	if err != nil {
		return nil, err
	}
	if firstStart != nil {
		b.FirstStart = *firstStart
	}
	for target, text := range map[any][]byte{&b.Participants: participants, &b.Settings: settings, &b.Customers: customers} {
		if err := json.Unmarshal(text, target); err != nil {
			return nil, fmt.Errorf("booking %s: %w", b.ID, err)
		}
	}
	return &b, b.ReadGraph(definition)
}

// Booking returns an app's booking, or NotFound.
func (db *Bookings) Booking(ctx context.Context, appID, id uuid.UUID) (*booking.Booking, error) {
	const q = `SELECT ` + bookingColumns + bookingFrom + ` WHERE b.id = @id AND b.app_id = @app`
	b, err := scanBooking(db.pool.QueryRow(ctx, q, namedArgs{"id": id, "app": appID}))
	return b, orNotFound(err, "The booking")
}

// RelatedBookings returns those of an app's bookings that have one of the ids, or were made together under one of the bulk
// ids, the oldest first.
func (db *Bookings) RelatedBookings(ctx context.Context, appID uuid.UUID, ids, bulks []uuid.UUID) ([]*booking.Booking, error) {
	const q = `
		SELECT ` + bookingColumns + bookingFrom + `
		WHERE b.app_id = @app AND (b.id = ANY(@ids) OR b.bulk_id = ANY(@bulks)) ORDER BY b.created_at, b.id`
	rows, err := db.pool.Query(ctx, q, namedArgs{"app": appID, "ids": ids, "bulks": bulks})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (*booking.Booking, error) { return scanBooking(row) })
}

const selectBookingApp = `SELECT ` + appColumns + ` FROM apps a JOIN bookings b ON b.app_id = a.id WHERE b.id = @id`

// SetMeta replaces a booking's meta. revision > 0 must be the booking's, else Stale.
func (db *Bookings) SetMeta(ctx context.Context, appID, id uuid.UUID, meta json.RawMessage, revision int) error {
	const q = `
		WITH changed AS (
			UPDATE bookings SET meta = @meta, revision = revision + 1, updated_at = holdfast_now(@app)
			WHERE id = @id AND app_id = @app AND (@revision = 0 OR revision = @revision) RETURNING id)
		INSERT INTO booking_texts (booking_id, words, meta) SELECT id, '', lower(@meta::jsonb::text) FROM changed
		ON CONFLICT ON CONSTRAINT booking_texts_pkey DO UPDATE SET meta = EXCLUDED.meta`
	tag, err := db.pool.Exec(ctx, q, namedArgs{"meta": asJSON(meta), "id": id, "app": appID, "revision": revision})
	if err != nil || tag.RowsAffected() == 1 {
		return mapConstraint(err)
	}
	if _, err := db.Booking(ctx, appID, id); err != nil {
		return err
	}
	return fault.Errorf(fault.Stale, "The booking has changed since that version.")
}

// DeleteBooking erases a booking that is over, people and all. Events that still wait for delivery stay until they are delivered. It locks
// the booking's row and then the rows of its events, by id, until the end of its transaction.
func (db *Bookings) DeleteBooking(ctx context.Context, appID, id uuid.UUID) error {
	return db.inTx(ctx, func(tx pgx.Tx) error {
		var completed bool
		const look = `SELECT completed FROM bookings WHERE id = @id AND app_id = @app FOR UPDATE`
		args := namedArgs{"id": id, "app": appID, "booking": id}
		if err := tx.QueryRow(ctx, look, args).Scan(&completed); err != nil {
			return orNotFound(err, "The booking")
		}
		if !completed {
			return fault.Errorf(fault.NotFinal, "Only a booking in a final state can be deleted.")
		}
		batch := &pgx.Batch{}
		batch.Queue(`SELECT FROM events WHERE booking_id = @id ORDER BY id FOR UPDATE`, args) // attempts that end now
		batch.Queue(`DELETE FROM events e WHERE e.booking_id = @id
			AND NOT EXISTS (SELECT FROM webhook_deliveries d WHERE d.event_id = e.id AND d.status = 'pending')`, args)
		batch.Queue(leaveBuckets, args)
		batch.Queue(`DELETE FROM actions WHERE booking_id = @id`, args)
		batch.Queue(eraseRequest, args)
		batch.Queue(`DELETE FROM bookings WHERE id = @id`, args)
		return tx.SendBatch(ctx, batch).Close()
	})
}

// Transitions returns the applied moves of bookings, by booking, in order.
func (db *Bookings) Transitions(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID][]booking.Transition, error) {
	const q = `
		SELECT booking_id, seq, action, from_state, to_state, actor, channel, at, lifted
		FROM transitions WHERE booking_id = ANY(@ids) ORDER BY booking_id, seq`
	rows, err := db.pool.Query(ctx, q, namedArgs{"ids": ids})
	if err != nil {
		return nil, err
	}
	all := map[uuid.UUID][]booking.Transition{}
	var id uuid.UUID
	var t booking.Transition
	_, err = pgx.ForEachRow(rows, []any{&id, &t.Seq, &t.Action, &t.From, &t.To, &t.Actor, &t.Channel, &t.At, &t.Override}, func() error {
		all[id] = append(all[id], t)
		return nil
	})
	return all, err
}

// asJSON renders a value for a jsonb column; an empty raw message is an empty object.
func asJSON(value any) string {
	if raw, ok := value.(json.RawMessage); ok {
		if len(strings.TrimSpace(string(raw))) == 0 {
			return "{}"
		}
		return string(raw)
	}
	text, err := json.Marshal(value)
	if err != nil {
		return "null"
	}
	return string(text)
}
