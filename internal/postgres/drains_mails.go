package postgres

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/outbox"
)

// WriteMails ends the delivery of an event to a mailer, and writes one for each mail that the event makes, due after a while: an object for
// each recipient, which is owner or the id of a customer. A repeat changes nothing. It locks the mailer's gate (shared), the event and the
// delivery.
func (db *drains) WriteMails(
	ctx context.Context, mailer uuid.UUID, d outbox.ClaimedDelivery, mails map[string]json.RawMessage, while time.Duration,
) error {
	const lock = `SELECT FROM events WHERE id = @event FOR KEY SHARE`
	const q = `
		WITH ended AS (
			UPDATE webhook_deliveries SET status = 'delivered', finished_at = now(), claimed_by = NULL
			WHERE id = @id AND status = 'pending' RETURNING endpoint_id, event_id, booking_id, seq)
		INSERT INTO webhook_deliveries (id, endpoint_id, event_id, booking_id, seq, recipient, mail, next_at)
		SELECT gen_random_uuid(), e.endpoint_id, e.event_id, e.booking_id, e.seq, w.recipient, w.mail::jsonb,
			now() + make_interval(secs => @while)
		FROM ended e, unnest(@recipients::text[], @mails::text[]) w (recipient, mail)
		ON CONFLICT ON CONSTRAINT webhook_deliveries_once DO NOTHING`
	recipients, texts := []string{}, []string{}
	for _, one := range slices.Sorted(maps.Keys(mails)) {
		recipients, texts = append(recipients, one), append(texts, string(mails[one]))
	}
	args := namedArgs{
		"endpoint": mailer, "event": d.Event.ID, "id": d.ID, "recipients": recipients, "mails": texts, "while": while.Seconds(),
	}
	return db.atOnce(ctx, func(batch *pgx.Batch) {
		batch.Queue(shareGate, args)
		batch.Queue(lock, args)
		batch.Queue(q, args)
	})
}

// mailedTypes are the events that mails are made of.
const mailedTypes = `'{booking.*,payment.*,refund.*}'::text[]`

// EnsureMailers gives every app that has no mailer, or one without a mail server, one that sends by the operator's relay. It has no order:
// a mail that waits keeps no later event from being looked at, which may make the mail needless.
func (db *drains) EnsureMailers(ctx context.Context) error {
	const q = `
		INSERT INTO webhook_endpoints (id, app_id, url, method, format, purpose, ordered, event_types, secret)
		SELECT gen_random_uuid(), a.id, '', '', 'mail', 'mail', false, ` + mailedTypes + `, '' FROM apps a
		WHERE NOT EXISTS (SELECT FROM webhook_endpoints w WHERE w.app_id = a.id AND w.purpose = 'mail' AND w.status <> 'disabled'
			AND w.event_types <> ` + forRemindersAlone + `)
		ON CONFLICT (app_id) WHERE purpose = 'mail' DO UPDATE SET event_types = excluded.event_types,
			status = CASE webhook_endpoints.status WHEN 'disabled' THEN 'active' ELSE webhook_endpoints.status END,
			reason = CASE webhook_endpoints.status WHEN 'disabled' THEN '' ELSE webhook_endpoints.reason END`
	_, err := db.pool.Exec(ctx, q)
	return err
}

// MailThread is what mails of a booking, and of those that took its place, have in common.
type MailThread struct {
	First  uuid.UUID // the first of these bookings
	Moves  int       // how often it was moved so far
	Passed bool      // a later mail to the same recipient is on record, whatever became of it

	Language string // of the booking's project; empty where it says none
}

// MailThread returns the thread of a mail. Without its booking, First is the booking that the event names.
func (db *drains) MailThread(ctx context.Context, mailer uuid.UUID, d outbox.ClaimedDelivery) (t MailThread, err error) {
	const q = takenPlaces + `
		SELECT ` + firstPlace + `,
			EXISTS (SELECT FROM webhook_deliveries d JOIN events e ON e.id = d.event_id
				WHERE d.booking_id = @booking AND d.endpoint_id = @endpoint AND d.recipient = @recipient AND d.seq > @seq
				AND e.action <> ''),
			COALESCE((SELECT p.ui->>'language' FROM bookings b JOIN projects p ON p.id = b.project_id WHERE b.id = @booking), '')`
	err = db.pool.QueryRow(ctx, q, namedArgs{
		"booking": d.Event.BookingID, "endpoint": mailer, "recipient": d.Recipient, "seq": d.Event.Seq,
	}).Scan(&t.First, &t.Moves, &t.Passed, &t.Language)
	return t, err
}

// AdmitMail reports whether a mail may go to an address, by its digest: always, unless only visitors have had to do with its booking so
// far, and another such mail went there less than an hour ago. Another attempt of the same mail is admitted. It locks the row of the
// address.
func (db *drains) AdmitMail(ctx context.Context, app, bookingID uuid.UUID, digest []byte, delivery uuid.UUID) (admitted bool, err error) {
	const forget = `
		DELETE FROM mail_limits WHERE ctid IN (
			SELECT ctid FROM mail_limits WHERE at < now() - interval '1 hour' AND NOT (app_id = @app AND digest = @digest) LIMIT 100
			FOR UPDATE SKIP LOCKED)`
	const q = `
		WITH known AS MATERIALIZED (
			SELECT EXISTS (SELECT FROM actions a LEFT JOIN api_keys k ON k.id = a.key_id WHERE a.booking_id = @booking AND a.status <> 'refused'
				AND (a.key_id IS NOT NULL AND k.kind IS DISTINCT FROM 'widget' OR a.actor = 'owner_link')) AS it),
		put AS (
			INSERT INTO mail_limits AS l (app_id, digest, delivery_id) SELECT @app, @digest, @delivery FROM known WHERE NOT it
			ON CONFLICT ON CONSTRAINT mail_limits_pkey DO UPDATE SET delivery_id = EXCLUDED.delivery_id, at = now()
			WHERE l.delivery_id = EXCLUDED.delivery_id OR l.at < now() - interval '1 hour' RETURNING 1)
		SELECT it OR EXISTS (SELECT FROM put) FROM known`
	args := namedArgs{"app": app, "booking": bookingID, "digest": digest, "delivery": delivery}
	if _, err := db.pool.Exec(ctx, forget, args); err != nil {
		return false, err
	}
	err = db.pool.QueryRow(ctx, q, args).Scan(&admitted)
	return admitted, err
}
