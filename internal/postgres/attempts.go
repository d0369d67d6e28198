package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/booking"
)

// Verdict is what becomes of a delivery after an attempt.
type Verdict struct {
	Status     string    // Waiting, Delivered, Exhausted or Cancelled
	Next       time.Time // when it is due again, for pending
	Disable    bool      // the receiver is gone: disable the endpoint and cancel what waits
	Overloaded bool      // the receiver has more than it can bear: send it less at a time
	Test       bool      // of a made-up change, which says nothing about the endpoint's health
}

// eraseTold drops changes of bookings that are deleted, once no other endpoint waits for them; a condition on d follows.
const eraseTold = `
	DELETE FROM events e USING webhook_deliveries d WHERE d.event_id = e.id AND e.booking_id IS NOT NULL AND NOT e.test
	AND NOT EXISTS (SELECT FROM bookings b WHERE b.id = e.booking_id)
	AND NOT EXISTS (SELECT FROM webhook_deliveries p
		WHERE p.event_id = e.id AND p.status = 'pending' AND p.endpoint_id <> d.endpoint_id) AND `

// FinishAttempt puts an attempt on record with what follows from it for the delivery and for the endpoint, and returns
// the endpoints that were asleep and have to hear of it. NotFound when the delivery is deleted. Locks go in one order
// everywhere, endpoint, event, delivery, so that a crowd of receivers that are gone does not deadlock.
func (db *DB) FinishAttempt(ctx context.Context, endpointID uuid.UUID, a booking.Attempt, v Verdict) (woken []uuid.UUID, err error) {
	err = db.inTx(ctx, func(tx pgx.Tx) error {
		tell, err := judge(ctx, tx, endpointID, v)
		if err != nil {
			return err
		}
		batch := &pgx.Batch{}
		if tell != "" {
			wake(batch, []uuid.UUID{publishEndpoint(batch, endpointID, tell)}, &woken)
		}
		finish(batch, endpointID, a, v)
		if v.Test {
			announce(batch, a.DeliveryID)
		}
		return tx.SendBatch(ctx, batch).Close()
	})
	return woken, domain(err)
}

func finish(batch *pgx.Batch, endpointID uuid.UUID, a booking.Attempt, v Verdict) {
	args := namedArgs{"endpoint": endpointID, "delivery": a.DeliveryID}
	if v.Disable {
		batch.Queue(`SELECT FROM events WHERE id IN (SELECT event_id FROM webhook_deliveries
			WHERE endpoint_id = @endpoint AND status = 'pending') ORDER BY id FOR UPDATE`, args)
	} else {
		batch.Queue(`SELECT FROM events WHERE id = (SELECT event_id FROM webhook_deliveries WHERE id = @delivery) FOR UPDATE`, args)
	}
	batch.Queue(`
		INSERT INTO webhook_attempts (delivery_id, number, started_at, duration_ms, status, error_code, url, method, format,
			request_headers, response_headers, response_body)
		VALUES (@delivery, @number, @started, @duration, @status, @error, @url, @method, @format, @request, @response, @body)
		ON CONFLICT ON CONSTRAINT webhook_attempts_pkey DO NOTHING`,
		namedArgs{
			"delivery": a.DeliveryID, "number": a.Number, "started": a.StartedAt, "duration": a.Duration.Milliseconds(),
			"status": a.Status, "error": a.ErrorCode, "url": a.URL, "method": a.Method, "format": a.Format,
			"request": asJSON(a.RequestHeaders), "response": asJSON(a.ResponseHeaders), "body": append([]byte{}, a.ResponseBody...),
		})
	batch.Queue(`
		UPDATE webhook_deliveries SET status = @status, next_at = COALESCE(@next, next_at),
			finished_at = CASE WHEN @status = 'pending' THEN NULL ELSE now() END
		WHERE id = @delivery AND status = 'pending'`,
		namedArgs{"delivery": a.DeliveryID, "status": v.Status, "next": nullTime(v.Next)})
	if v.Disable {
		batch.Queue(`UPDATE webhook_deliveries SET status = 'cancelled', finished_at = now()
			WHERE endpoint_id = @endpoint AND status = 'pending'`, args)
		batch.Queue(eraseTold+`d.endpoint_id = @endpoint`, args)
	} else if v.Status != Waiting {
		batch.Queue(eraseTold+`d.id = @delivery`, args)
	}
}

// Attempts returns what is on record of a delivery's attempts, the first one first.
func (db *DB) Attempts(ctx context.Context, deliveryID uuid.UUID) ([]booking.Attempt, error) {
	const q = `
		SELECT delivery_id, number, started_at, duration_ms * 1000000::bigint, status, error_code, url, method, format,
			request_headers, response_headers, response_body
		FROM webhook_attempts WHERE delivery_id = @delivery ORDER BY number`
	rows, err := db.pool.Query(ctx, q, namedArgs{"delivery": deliveryID})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[booking.Attempt])
}
