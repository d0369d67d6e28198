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

// EnsureMailers gives every app that has no mailer, or one without a mail server, one that sends by the operator's relay. It has no order: a mail that waits keeps no
// later event from being looked at, which may make the mail needless.
func (db *drains) EnsureMailers(ctx context.Context) error {
	const q = `
		INSERT INTO webhook_endpoints (id, app_id, url, method, format, purpose, ordered, event_types, secret)
		SELECT gen_random_uuid(), a.id, '', '', 'mail', 'mail', false, ` + mailedTypes + `, '' FROM apps a
		WHERE NOT EXISTS (SELECT FROM webhook_endpoints w WHERE w.app_id = a.id AND w.purpose = 'mail' AND w.status <> 'disabled')
		ON CONFLICT (app_id) WHERE purpose = 'mail' DO UPDATE SET status = 'active', reason = ''`
	_, err := db.pool.Exec(ctx, q)
	return err
}

// MailThread is what mails of a booking, and of those that took its place, have in common.
type MailThread struct {
	First  uuid.UUID // the first of these bookings
	Moves  int       // how often it was moved so far
	Passed bool      // a later mail to the same recipient is to be sent, or was
}

// MailThread returns the thread of a mail. Without its booking, First is the booking that the event names.
func (db *drains) MailThread(ctx context.Context, mailer uuid.UUID, d outbox.ClaimedDelivery) (t MailThread, err error) {
	const q = `
		WITH RECURSIVE chain AS (
			SELECT id, rescheduled_from, 0 AS n FROM bookings WHERE id = @booking
			UNION ALL
			SELECT b.id, b.rescheduled_from, c.n + 1 FROM chain c JOIN bookings b ON b.id = c.rescheduled_from WHERE c.n < 1000)
		SELECT COALESCE((SELECT id FROM chain ORDER BY n DESC LIMIT 1), @booking), COALESCE((SELECT max(n) FROM chain), 0),
			EXISTS (SELECT FROM webhook_deliveries d JOIN events e ON e.id = d.event_id
				WHERE d.booking_id = @booking AND d.endpoint_id = @endpoint AND d.recipient = @recipient AND d.seq > @seq
				AND d.status IN ('pending', 'delivered') AND e.action <> '')`
	err = db.pool.QueryRow(ctx, q, namedArgs{
		"booking": d.Event.BookingID, "endpoint": mailer, "recipient": d.Recipient, "seq": d.Event.Seq,
	}).Scan(&t.First, &t.Moves, &t.Passed)
	return t, err
}
