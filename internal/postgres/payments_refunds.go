package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/fault"
	"holdfast/internal/outbox"
	"holdfast/internal/payment"
)

// AskRefund puts a refund on record, of what is left of a payment at most: the amount of a refund that would be higher is cut, and one
// of which nothing is left is not made. With exact it is PaymentState to ask for more than is left, or of a disputed payment. A refund with
// that id that is there stays as it is. It locks the booking's row, the payment, its refunds, and the gates of the endpoints that get the
// event (shared).
func (db *Payments) AskRefund(ctx context.Context, r *payment.Refund, exact bool) (on *payment.Refund, woken []uuid.UUID, err error) {
	err = db.inTx(ctx, func(tx pgx.Tx) error {
		on, woken = nil, nil
		b, p, refunds, err := lockPayment(ctx, tx, r.PaymentID)
		if err != nil {
			return err
		}
		for _, there := range refunds {
			if there.ID == r.ID {
				on = there
				return nil
			}
		}
		left := p.Left(refunds)
		switch {
		case exact && p.Disputed:
			return fault.Errorf(fault.PaymentState, "The customer's bank disputes the payment: nothing is given back meanwhile.")
		case exact && r.Amount > left:
			return fault.Errorf(fault.PaymentState, "Only %s of the payment is left.", payment.Text(left, p.Currency))
		case min(r.Amount, left) <= 0:
			return nil
		}
		asked := *r
		asked.Amount, asked.Currency, asked.BookingID, asked.AppID = min(r.Amount, left), p.Currency, p.BookingID, p.AppID
		asked.State = payment.RefundPending
		on = &asked
		batch := &pgx.Batch{}
		insertRefund(batch, on)
		publishPayments(batch, b, []paymentEvent{{p, on, outbox.RefundCreatedEvent}}, db.process, &woken)
		return tx.SendBatch(ctx, batch).Close()
	})
	return on, woken, err
}

// ClaimRefund takes one due refund of a payment for one call of its provider; nil when none is due. Should the call be lost, it is due
// again after a minute. It locks the refund.
func (db *Payments) ClaimRefund(ctx context.Context, paymentID uuid.UUID) (*payment.Refund, error) {
	const q = `
		UPDATE refunds f SET attempts = f.attempts + 1, next_at = now() + interval '1 minute', updated_at = now()
		WHERE f.id = (SELECT id FROM refunds WHERE payment_id = @payment AND state = 'pending' AND ref = '' AND next_at <= now()
			ORDER BY created_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
		RETURNING ` + refundColumns
	r, err := scanRefund(db.pool.QueryRow(ctx, q, namedArgs{"payment": paymentID}))
	if err != nil {
		return nil, unlessNone(err)
	}
	return r, nil
}

// PostponeRefund puts on record that a call has failed, and when the next one is due.
func (db *Payments) PostponeRefund(ctx context.Context, r *payment.Refund, next time.Time) error {
	const q = `
		UPDATE refunds SET next_at = @next, error_code = @code, error_message = @text, updated_at = now()
		WHERE id = @id AND state = 'pending' AND attempts = @attempts`
	_, err := db.pool.Exec(ctx, q, namedArgs{
		"id": r.ID, "attempts": r.Attempts, "next": next, "code": r.ErrorCode, "text": r.ErrorText,
	})
	return err
}

// RecordRefund puts on record what the provider has made of a refund, with the event of it. It locks the booking's row, the payment, its
// refunds, and the gates of the endpoints that get the event (shared).
func (db *Payments) RecordRefund(ctx context.Context, paymentID uuid.UUID, seen payment.SeenRefund) ([]uuid.UUID, error) {
	out, err := db.Settle(ctx, paymentID, &payment.Seen{Refunds: []payment.SeenRefund{seen}})
	return out.Woken, err
}

// RetryRefund makes a refund that has failed due again, under another key. One that has not stays as it is. NotFound when the app's payment
// has none of that id.
func (db *Payments) RetryRefund(ctx context.Context, appID, paymentID, id uuid.UUID) (*payment.Refund, error) {
	const q = `
		UPDATE refunds f SET state = 'pending', round = f.round + 1, ref = '', next_at = now(), error_code = '', error_message = '',
			ended_at = NULL, updated_at = now()
		WHERE f.id = @id AND f.payment_id = @payment AND f.app_id = @app AND f.state = 'failed'`
	batch := &pgx.Batch{}
	batch.Queue(q, namedArgs{"id": id, "payment": paymentID, "app": appID})
	return db.changeRefund(ctx, batch, appID, paymentID, id)
}

// MarkRefundByHand puts on record that somebody has paid a refund back outside. Conflict unless it has failed.
func (db *Payments) MarkRefundByHand(ctx context.Context, appID, paymentID, id uuid.UUID, note string) (*payment.Refund, error) {
	const q = `
		UPDATE refunds f SET state = 'by_hand', note = @note, next_at = NULL, ended_at = now(), updated_at = now()
		WHERE f.id = @id AND f.payment_id = @payment AND f.app_id = @app AND f.state = 'failed'`
	batch := &pgx.Batch{}
	batch.Queue(q, namedArgs{"id": id, "payment": paymentID, "app": appID, "note": note})
	r, err := db.changeRefund(ctx, batch, appID, paymentID, id)
	if err == nil && r.State != payment.RefundByHand {
		err = fault.Errorf(fault.PaymentState, "The refund has not failed: it is %s.", r.State)
	}
	return r, err
}

// changeRefund sends the change of a refund that is queued, has its payment looked at, and returns the refund.
func (db *Payments) changeRefund(
	ctx context.Context, batch *pgx.Batch, appID, paymentID, id uuid.UUID,
) (r *payment.Refund, err error) {
	const wake = `UPDATE payments SET next_at = now(), updated_at = now() WHERE id = @payment`
	const look = `SELECT ` + refundColumns + ` FROM refunds f WHERE f.id = @id AND f.payment_id = @payment AND f.app_id = @app`
	batch.Queue(wake, namedArgs{"payment": paymentID})
	batch.Queue(look, namedArgs{"id": id, "payment": paymentID, "app": appID}).QueryRow(func(row pgx.Row) (err error) {
		r, err = scanRefund(row)
		return err
	})
	return r, orNotFound(db.pool.SendBatch(ctx, batch).Close(), "The refund")
}

// SetNextLook puts on record when a payment is to be looked at again; the zero time when nothing is expected any more. A refund that has
// come to be due meanwhile is looked at as well.
func (db *Payments) SetNextLook(ctx context.Context, id uuid.UUID, next time.Time) (time.Time, error) {
	const q = `
		UPDATE payments p SET next_at = LEAST(@next::timestamptz, (SELECT min(f.next_at) FROM refunds f
			WHERE f.payment_id = p.id AND f.state = 'pending' AND f.ref = ''))
		WHERE p.id = @id RETURNING p.next_at`
	var at *time.Time
	err := db.pool.QueryRow(ctx, q, namedArgs{"id": id, "next": nullTime(next)}).Scan(&at)
	if err != nil || at == nil {
		return time.Time{}, unlessNone(err)
	}
	return *at, nil
}

// NoteProviderEvents puts the webhook requests of a provider on record, and returns the payments that those are about that were not seen
// before. ids and types are those of the events; a payment is named by its id, else by its reference at the provider.
func (db *Payments) NoteProviderEvents(ctx context.Context, accountID uuid.UUID, events []ProviderEvent) (about []uuid.UUID, err error) {
	const q = `
		WITH found AS (
			SELECT (SELECT p.id FROM payments p WHERE p.account_id = @account
				AND (p.id = @payment OR p.ref <> '' AND p.ref = @ref) LIMIT 1) AS id),
		noted AS (
			INSERT INTO provider_events (account_id, event_id, type, payment_id) SELECT @account, @event, @type, id FROM found
			ON CONFLICT (account_id, event_id) DO NOTHING RETURNING payment_id)
		SELECT payment_id FROM noted WHERE payment_id IS NOT NULL`
	batch := &pgx.Batch{}
	for _, e := range events {
		batch.Queue(q, namedArgs{
			"account": accountID, "event": e.ID, "type": e.Type, "payment": nullID(e.PaymentID), "ref": e.Ref,
		}).QueryRow(func(row pgx.Row) error {
			var id uuid.UUID
			err := row.Scan(&id)
			if err == nil {
				about = append(about, id)
			}
			return unlessNone(err)
		})
	}
	return about, db.pool.SendBatch(ctx, batch).Close()
}

// ProviderEvent is one event of a provider's webhook request.
type ProviderEvent struct {
	ID        string
	Type      string
	PaymentID uuid.UUID // nil id: it does not say
	Ref       string
}
