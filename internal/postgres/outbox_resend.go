package postgres

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/fault"
	"holdfast/internal/outbox"
)

// again makes deliveries d pending and due, as if they had never been tried; what was tried stays on record. It notes the
// request for it, so that its repeat does not send once more.
const again = `UPDATE webhook_deliveries d SET status = 'pending', tried_before = attempts, finished_at = NULL, next_at = now(),
	resent_by = @operation`

// sendable passes the gate of an app's endpoint, locks it against being disabled, and lets its breaker send a probe at once.
// InUse when the endpoint is disabled: nothing is sent to it, or kept for it.
func sendable(ctx context.Context, tx pgx.Tx, args namedArgs) error {
	const q = `
		UPDATE webhook_endpoints SET open_until = '-infinity' WHERE id = @endpoint AND app_id = @app AND purpose = 'subscription'
		RETURNING status`
	if _, err := tx.Exec(ctx, shareGate, args); err != nil {
		return err
	}
	return active(tx.QueryRow(ctx, q, args))
}

// active reads a row that ends with an endpoint's status, and refuses a disabled one.
func active(row pgx.Row, before ...any) error {
	var status outbox.EndpointStatus
	if err := row.Scan(append(before, &status)...); err != nil {
		return orNotFound(err, "The webhook")
	}
	if status == outbox.EndpointDisabled {
		return fault.Errorf(fault.InUse, "The webhook is disabled: its receiver answered 410. Resume it first.")
	}
	return nil
}

// Resend makes a delivery of an app due now: one that is over from the start of its schedule, one that waits ahead of its time. What is
// being sent at this moment is left alone. It returns the endpoint, which is to be woken. NotFound when the app has no such delivery,
// InUse when its endpoint is disabled; what only tries an endpoint goes out all the same. A repeat of the same operation changes nothing.
// It locks the endpoint's gate (shared) and the event against deletion until the end of its transaction.
func (db *Outbox) Resend(ctx context.Context, appID, id, operation uuid.UUID) (endpoint uuid.UUID, err error) {
	s, _, err := db.Delivery(ctx, appID, id)
	if err != nil {
		return uuid.Nil, err
	}
	args := namedArgs{"app": appID, "endpoint": s.EndpointID, "event": s.EventID, "delivery": id, "operation": operation}
	return s.EndpointID, db.inTx(ctx, func(tx pgx.Tx) error {
		if !s.Test {
			if err := sendable(ctx, tx, args); err != nil {
				return err
			}
		}
		batch := &pgx.Batch{}
		batch.Queue(`SELECT FROM events WHERE id = @event FOR KEY SHARE`, args)
		batch.Queue(again+` WHERE id = @delivery AND status <> 'pending' AND resent_by IS DISTINCT FROM @operation`, args)
		batch.Queue(`UPDATE webhook_deliveries d SET next_at = now() WHERE id = @delivery AND status = 'pending' AND next_at > now()
			AND (attempts = 0 OR EXISTS (SELECT FROM webhook_attempts a WHERE a.delivery_id = d.id AND a.number = d.attempts))`, args)
		return tx.SendBatch(ctx, batch).Close()
	})
}
