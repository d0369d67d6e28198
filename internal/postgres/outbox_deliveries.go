package postgres

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/outbox"
)

// sendingColumns are those of a delivery d of an event e, in the order of outbox.Delivery. One that goes before others is
// due before it was made.
const sendingColumns = `d.id, d.endpoint_id, d.event_id, e.type, CASE WHEN NOT d.test THEN e.booking_id END, e.seq, d.status,
	d.attempts, d.test, CASE WHEN d.status = 'pending' THEN GREATEST(d.next_at, d.created_at) END, d.created_at, d.finished_at,
	COALESCE(a.status, 0), COALESCE(a.error_code, ''), d.mail`

// sendingFrom also finds the last attempt. Reminders have endpoints of their own, which nobody else sees.
const sendingFrom = ` FROM webhook_deliveries d JOIN events e ON e.id = d.event_id
	JOIN webhook_endpoints w ON w.id = d.endpoint_id AND w.purpose = 'subscription'` + lastAttempt

const lastAttempt = `
	LEFT JOIN LATERAL (SELECT status, error_code FROM webhook_attempts WHERE delivery_id = d.id ORDER BY number DESC LIMIT 1) a ON true`

// DeliveryFilter chooses deliveries; what is empty lets everything pass.
type DeliveryFilter struct {
	Status  string
	Type    string // or any of the names that outbox.Topics gives the change
	Booking *uuid.UUID
	Since   *time.Time // made then or later
	Until   *time.Time // made before
	Test    *bool
	Kind    string // of mails: what they are about
}

// DeliveryCursor is a place in the order in which deliveries were made.
type DeliveryCursor struct {
	At time.Time
	ID uuid.UUID
}

// Deliveries returns up to limit deliveries of an endpoint of an app, the newest first, from before a spot on (nil = the
// newest), and whether there are more. NotFound when the app has no such endpoint.
func (db *Outbox) Deliveries(
	ctx context.Context, appID, endpointID uuid.UUID, filter DeliveryFilter, before *DeliveryCursor, limit int,
) (list []outbox.Delivery, more bool, err error) {
	const known = `SELECT FROM webhook_endpoints WHERE id = @endpoint AND app_id = @app AND purpose = 'subscription'`
	args := namedArgs{"app": appID, "endpoint": endpointID, "limit": limit + 1}
	if err := db.pool.QueryRow(ctx, known, args).Scan(); err != nil {
		return nil, false, orNotFound(err, "The webhook")
	}
	return db.listDeliveries(ctx, sendingFrom+` WHERE d.endpoint_id = @endpoint`+filter.and(args)+before.and(args), args, limit)
}

// BookingDeliveries returns deliveries of a booking to all endpoints of its app, as Deliveries does; none of a booking that the app
// does not have.
func (db *Outbox) BookingDeliveries(
	ctx context.Context, appID, bookingID uuid.UUID, filter DeliveryFilter, before *DeliveryCursor, limit int,
) (list []outbox.Delivery, more bool, err error) {
	args := namedArgs{"app": appID, "of": bookingID, "limit": limit + 1}
	const of = sendingFrom + ` WHERE w.app_id = @app AND e.booking_id = @of
		AND (e.reminder IS NULL AND NOT e.test OR e.reminder IS NOT NULL)` // as the two indexes have it: transitions, and all else
	return db.listDeliveries(ctx, of+filter.and(args)+before.and(args), args, limit)
}

func (db *Outbox) listDeliveries(
	ctx context.Context, from string, args namedArgs, limit int,
) (list []outbox.Delivery, more bool, err error) {
	q := `SELECT ` + sendingColumns + from + `
		ORDER BY d.created_at DESC, d.id DESC LIMIT @limit`
	rows, err := db.pool.Query(ctx, q, args)
	if err != nil {
		return nil, false, err
	}
	list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[outbox.Delivery])
	if len(list) > limit {
		return list[:limit], true, err
	}
	return list, false, err
}

func (f DeliveryFilter) and(args namedArgs) string {
	var more strings.Builder
	add := func(wanted bool, condition, name string, value any) {
		if wanted {
			more.WriteString(" AND " + condition)
			args[name] = value
		}
	}
	add(f.Status != "", "d.status = @status", "status", f.Status)
	add(f.Type != "", "(e.type = @type OR @type = ANY(e.topics))", "type", f.Type)
	add(f.Booking != nil, "e.booking_id = @booking", "booking", f.Booking)
	add(f.Since != nil, "d.created_at >= @since", "since", f.Since)
	add(f.Until != nil, "d.created_at < @until", "until", f.Until)
	add(f.Kind != "", "d.mail->>'kind' = @kind", "kind", f.Kind)
	add(f.Test != nil, "d.test = @test", "test", f.Test)
	return more.String()
}

func (s *DeliveryCursor) and(args namedArgs) string {
	if s == nil {
		return ""
	}
	args["before"], args["before_id"] = s.At, s.ID
	return " AND (d.created_at, d.id) < (@before, @before_id)"
}

// Delivery returns one delivery of an app with its change, or NotFound.
func (db *Outbox) Delivery(ctx context.Context, appID, id uuid.UUID) (*outbox.Delivery, *outbox.Event, error) {
	const q = `SELECT ` + sendingColumns + `, ` + changeColumns + sendingFrom + ` WHERE d.id = @id AND w.app_id = @app`
	var s outbox.Delivery
	var c outbox.Event
	fields := []any{
		&s.ID, &s.EndpointID, &s.EventID, &s.EventType, &s.BookingID, &s.Seq, &s.Status, &s.Attempts, &s.Test, &s.NextAt, &s.CreatedAt,
		&s.FinishedAt, &s.LastStatus, &s.LastError, &s.Mail,
	}
	err := db.pool.QueryRow(ctx, q, namedArgs{"id": id, "app": appID}).Scan(append(fields, changeFields(&c)...)...)
	return &s, &c, orNotFound(err, "The delivery")
}

// shiftDeliveries brings the next attempts of an app's deliveries nearer, and returns the endpoints that have some due.
const shiftDeliveries = `
	WITH waiting AS (
		SELECT d.id FROM webhook_endpoints w JOIN webhook_deliveries d ON d.endpoint_id = w.id
		WHERE w.app_id = @app AND w.status = 'active' AND d.status = 'pending' AND d.claimed_by IS NULL AND d.next_at > now()
		ORDER BY d.id FOR NO KEY UPDATE OF d SKIP LOCKED),
	nearer AS (
		UPDATE webhook_deliveries SET next_at = next_at - make_interval(secs => @by) WHERE id IN (SELECT id FROM waiting)
		RETURNING endpoint_id, next_at)
	SELECT DISTINCT endpoint_id FROM nearer WHERE next_at <= now()`

// Attempts returns what is on record of a delivery's attempts, the first one first.
func (db *Outbox) Attempts(ctx context.Context, deliveryID uuid.UUID) ([]outbox.Attempt, error) {
	const q = `
		SELECT delivery_id, number, started_at, duration_ms * 1000000::bigint, status, error_code, url, method, format,
			request_headers, response_headers, response_body
		FROM webhook_attempts WHERE delivery_id = @delivery ORDER BY number`
	rows, err := db.pool.Query(ctx, q, namedArgs{"delivery": deliveryID})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[outbox.Attempt])
}
