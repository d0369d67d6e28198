package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/outbox"
	"holdfast/internal/payment"
)

// EnsurePayment puts a payment on record before the first call to its provider, with its parts, and returns it as the record has it: a
// repeat finds what the first one has written, so that all calls have the same parameters.
func (db *Payments) EnsurePayment(ctx context.Context, p *payment.Payment, parts ...payment.Part) (on *payment.Payment, err error) {
	const insert = `
		WITH made AS (
			INSERT INTO payments (id, app_id, booking_id, account_id, provider, code, kind, capture, currency, amount, expires_at)
			VALUES (@id, @app, @booking, @account, @provider, @code, @kind, @capture, @currency, @amount, @expires)
			ON CONFLICT (id) DO NOTHING RETURNING id)
		INSERT INTO payment_parts (payment_id, booking_id, amount)
		SELECT made.id, t.booking_id, t.amount FROM made, unnest(@bookings::uuid[], @amounts::bigint[]) t (booking_id, amount)`
	const look = `SELECT ` + paymentColumns + ` FROM payments p WHERE p.id = @id`
	batch, bookings, amounts := &pgx.Batch{}, []uuid.UUID{}, []int64{}
	for _, part := range parts {
		bookings, amounts = append(bookings, part.BookingID), append(amounts, part.Amount)
	}
	batch.Queue(insert, namedArgs{
		"bookings": bookings, "amounts": amounts,
		"id": p.ID, "app": p.AppID, "booking": p.BookingID, "account": p.AccountID, "provider": p.Provider, "code": p.Code, "kind": p.Kind,
		"capture": p.Capture, "currency": p.Currency, "amount": p.Amount, "expires": p.ExpiresAt,
	})
	batch.Queue(look, namedArgs{"id": p.ID}).QueryRow(func(row pgx.Row) (err error) {
		on, err = scanPayment(row)
		return err
	})
	return on, mapConstraint(db.pool.SendBatch(ctx, batch).Close())
}

// RenewPayment gives a payment that was not opened yet another time to be paid until, and another key: the provider does not take the one
// that is on record any more. What a call that was lost has opened has a page that nobody has.
func (db *Payments) RenewPayment(ctx context.Context, id uuid.UUID, expires time.Time) (*payment.Payment, error) {
	const q = `
		UPDATE payments p SET opened_as = p.opened_as + 1, expires_at = @expires, updated_at = now()
		WHERE p.id = @id AND p.state = 'created' AND p.ref = '' RETURNING ` + paymentColumns
	p, err := scanPayment(db.pool.QueryRow(ctx, q, namedArgs{"id": id, "expires": expires}))
	return p, orNotFound(err, "The payment")
}

// RecordOpened puts on record that the customer can pay, with the event of it. What the payment has become meanwhile stays. It locks the
// payment, then the gates of the endpoints that get the event (shared).
func (db *Payments) RecordOpened(
	ctx context.Context, id uuid.UUID, ref, url string, expires, next time.Time,
) (woken []uuid.UUID, err error) {
	const q = `
		UPDATE payments p SET ref = @ref, checkout_url = @url, state = CASE p.state WHEN 'created' THEN 'open' ELSE p.state END,
			expires_at = COALESCE(@expires, p.expires_at), next_at = @next, updated_at = now()
		WHERE p.id = @id AND p.ref IN ('', @ref) RETURNING ` + paymentColumns
	err = db.inTx(ctx, func(tx pgx.Tx) error {
		woken = nil
		b, p, _, err := lockPayment(ctx, tx, id)
		if err != nil {
			return err
		}
		was := p.State
		p, err = scanPayment(tx.QueryRow(ctx, q, namedArgs{
			"id": id, "ref": ref, "url": url, "expires": nullTime(expires), "next": next,
		}))
		if err != nil || p.State == was {
			return unlessNone(err)
		}
		batch := &pgx.Batch{}
		publishPayments(batch, b, []paymentEvent{{p, nil, stateEvents[p.State]}}, db.process, &woken)
		return tx.SendBatch(ctx, batch).Close()
	})
	return woken, err
}

// RecordFailed ends a payment that its provider refuses to open, unless something has become of it. It locks the payment, then the gates of
// the endpoints that get the event (shared).
func (db *Payments) RecordFailed(ctx context.Context, id uuid.UUID, code, text string) (woken []uuid.UUID, err error) {
	const q = `
		UPDATE payments p SET state = 'failed', failure_code = @code, failure_text = @text, next_at = NULL, updated_at = now()
		WHERE p.id = @id AND p.state = 'created' RETURNING ` + paymentColumns
	err = db.inTx(ctx, func(tx pgx.Tx) error {
		woken = nil
		b, _, _, err := lockPayment(ctx, tx, id)
		if err != nil {
			return err
		}
		p, err := scanPayment(tx.QueryRow(ctx, q, namedArgs{"id": id, "code": code, "text": text}))
		if err != nil {
			return unlessNone(err)
		}
		batch := &pgx.Batch{}
		publishPayments(batch, b, []paymentEvent{{p, nil, outbox.PaymentFailedEvent}}, db.process, &woken)
		return tx.SendBatch(ctx, batch).Close()
	})
	return woken, err
}
