package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/booking"
)

// DrainTarget is what a sender needs to know of an endpoint.
type DrainTarget struct {
	Endpoint  booking.Endpoint
	AppSecret []byte // sealed; signs x-timekit-signature
}

// DrainTarget returns an active endpoint, or NotFound when it is deleted or disabled.
func (db *DB) DrainTarget(ctx context.Context, endpointID uuid.UUID) (*DrainTarget, error) {
	const q = `
		SELECT w.id, w.app_id, w.url, w.method, w.graph, w.state, w.status, w.secret, w.created_at, w.updated_at,
			w.purpose, w.expected_status, a.webhook_secret
		FROM webhook_endpoints w JOIN apps a ON a.id = w.app_id WHERE w.id = @id AND w.status = 'active'`
	var t DrainTarget
	e := &t.Endpoint
	err := db.pool.QueryRow(ctx, q, pgx.NamedArgs{"id": endpointID}).Scan(&e.ID, &e.AppID, &e.URL, &e.Method, &e.Graph,
		&e.State, &e.Status, &e.Secret, &e.CreatedAt, &e.UpdatedAt, &e.Purpose, &e.Expected, &t.AppSecret)
	return &t, one(err, "The webhook")
}

// isNext is true of the deliveries d that may be sent: of one booking only the oldest event that waits, so that no event
// overtakes an older one that is on its way or has to be tried again. A NOT EXISTS says the same, but is planned as a
// join, which without fresh statistics takes seconds behind a backlog of some ten thousand.
const isNext = `d.status = 'pending' AND d.seq = (SELECT min(p.seq) FROM webhook_deliveries p
	WHERE p.endpoint_id = d.endpoint_id AND p.booking_id = d.booking_id AND p.status = 'pending')`

// Claim takes up to limit due deliveries of an endpoint for one attempt each; of one booking only the oldest event. A
// claim that is never finished falls due again after the lease.
func (db *DB) Claim(ctx context.Context, endpointID uuid.UUID, limit int, lease time.Duration) ([]booking.Delivery, error) {
	const q = `
		WITH due AS (
			SELECT id FROM webhook_deliveries d WHERE endpoint_id = @endpoint AND next_at <= now() AND ` + isNext + `
			ORDER BY next_at LIMIT @limit FOR UPDATE SKIP LOCKED),
		claimed AS (
			UPDATE webhook_deliveries d SET attempts = attempts + 1, next_at = now() + make_interval(secs => @lease)
			FROM due WHERE d.id = due.id RETURNING d.id, d.event_id, d.booking_id, d.seq, d.attempts)
		SELECT c.id, c.event_id, c.booking_id, c.seq, e.type, c.attempts, e.data, e.at
		FROM claimed c JOIN events e ON e.id = c.event_id ORDER BY e.at, c.seq`
	rows, err := db.pool.Query(ctx, q, pgx.NamedArgs{"endpoint": endpointID, "limit": limit, "lease": lease.Seconds()})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[booking.Delivery])
}

// The statuses of a delivery.
const (
	Waiting   = "pending"
	Delivered = "delivered"
	Exhausted = "exhausted" // every attempt of the schedule failed
	Cancelled = "cancelled" // the endpoint said it is gone
)

// Verdict is what becomes of a delivery after an attempt.
type Verdict struct {
	Status  string    // Waiting, Delivered, Exhausted or Cancelled
	Next    time.Time // when it is due again, for pending
	Disable bool      // the receiver is gone: disable the endpoint and cancel what waits
}

// eraseTold drops events of bookings that are deleted, once no other endpoint waits for them; a condition on d follows.
const eraseTold = `
	DELETE FROM events e USING webhook_deliveries d WHERE d.event_id = e.id
	AND NOT EXISTS (SELECT FROM bookings b WHERE b.id = e.booking_id)
	AND NOT EXISTS (SELECT FROM webhook_deliveries p
		WHERE p.event_id = e.id AND p.status = 'pending' AND p.endpoint_id <> d.endpoint_id) AND `

// FinishAttempt puts an attempt on record with what follows from it. NotFound when the delivery is deleted. Locks go in
// one order everywhere, endpoint, event, delivery, so that a crowd of receivers that are gone does not deadlock.
func (db *DB) FinishAttempt(ctx context.Context, endpointID uuid.UUID, a booking.Attempt, v Verdict) error {
	batch := &pgx.Batch{}
	args := pgx.NamedArgs{"endpoint": endpointID, "delivery": a.DeliveryID}
	if v.Disable {
		batch.Queue(`SELECT FROM webhook_endpoints WHERE id = @endpoint FOR UPDATE`, args)
		batch.Queue(`SELECT FROM events WHERE id IN (SELECT event_id FROM webhook_deliveries
			WHERE endpoint_id = @endpoint AND status = 'pending') ORDER BY id FOR UPDATE`, args)
	} else {
		batch.Queue(`SELECT FROM events WHERE id = (SELECT event_id FROM webhook_deliveries WHERE id = @delivery) FOR UPDATE`, args)
	}
	batch.Queue(`
		INSERT INTO webhook_attempts (delivery_id, number, started_at, duration_ms, status, error_code, request_headers,
			response_headers, response_body)
		VALUES (@delivery, @number, @started, @duration, @status, @error, @request, @response, @body)
		ON CONFLICT ON CONSTRAINT webhook_attempts_pkey DO NOTHING`,
		pgx.NamedArgs{
			"delivery": a.DeliveryID, "number": a.Number, "started": a.StartedAt, "duration": a.Duration.Milliseconds(),
			"status": a.Status, "error": a.ErrorCode, "request": asJSON(a.RequestHeaders),
			"response": asJSON(a.ResponseHeaders), "body": append([]byte{}, a.ResponseBody...),
		})
	batch.Queue(`
		UPDATE webhook_deliveries SET status = @status, next_at = COALESCE(@next, next_at),
			finished_at = CASE WHEN @status = 'pending' THEN NULL ELSE now() END
		WHERE id = @delivery AND status = 'pending'`,
		pgx.NamedArgs{"delivery": a.DeliveryID, "status": v.Status, "next": nullTime(v.Next)})
	if v.Disable {
		batch.Queue(`UPDATE webhook_endpoints SET status = 'disabled', awake = false, updated_at = now() WHERE id = @endpoint`, args)
		batch.Queue(`UPDATE webhook_deliveries SET status = 'cancelled', finished_at = now()
			WHERE endpoint_id = @endpoint AND status = 'pending'`, args)
		batch.Queue(eraseTold+`d.endpoint_id = @endpoint`, args)
	} else if v.Status != Waiting {
		batch.Queue(eraseTold+`d.id = @delivery`, args)
	}
	return domain(db.inTx(ctx, func(tx pgx.Tx) error { return tx.SendBatch(ctx, batch).Close() }))
}

// FallAsleep notes that nobody drains an endpoint until its next delivery is due, and returns that moment (zero when
// nothing waits). With something due already it changes nothing and returns a moment that is past. The row lock makes
// commits that are writing deliveries wait, or makes this wait for them: no delivery is missed.
func (db *DB) FallAsleep(ctx context.Context, endpointID uuid.UUID) (time.Time, error) {
	var next *time.Time
	err := db.inTx(ctx, func(tx pgx.Tx) error {
		args := pgx.NamedArgs{"id": endpointID}
		const lock = `SELECT FROM webhook_endpoints WHERE id = @id FOR UPDATE`
		if err := tx.QueryRow(ctx, lock, args).Scan(); err != nil {
			return one(err, "The webhook")
		}
		var due bool
		const look = `SELECT min(next_at), COALESCE(min(next_at) <= now(), false) FROM webhook_deliveries d
			WHERE endpoint_id = @id AND ` + isNext
		if err := tx.QueryRow(ctx, look, args).Scan(&next, &due); err != nil || due {
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE webhook_endpoints SET awake = false WHERE id = @id`, args)
		return err
	})
	if next == nil {
		return time.Time{}, err
	}
	return *next, err
}

// OverdueEndpoints returns active endpoints whose deliveries have been due for longer than a while: whoever should
// have woken them may have died before it could.
func (db *DB) OverdueEndpoints(ctx context.Context, while time.Duration, limit int) ([]uuid.UUID, error) {
	const q = `
		SELECT w.id FROM webhook_endpoints w WHERE w.status = 'active' AND EXISTS (
			SELECT FROM webhook_deliveries d WHERE d.endpoint_id = w.id
			AND d.next_at < now() - make_interval(secs => @while) AND ` + isNext + `)
		ORDER BY w.id LIMIT @limit`
	rows, err := db.pool.Query(ctx, q, pgx.NamedArgs{"while": while.Seconds(), "limit": limit})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
}

// Attempts returns what is on record of a delivery's attempts, the first one first.
func (db *DB) Attempts(ctx context.Context, deliveryID uuid.UUID) ([]booking.Attempt, error) {
	const q = `
		SELECT delivery_id, number, started_at, duration_ms * 1000000::bigint, status, error_code, request_headers,
			response_headers, response_body
		FROM webhook_attempts WHERE delivery_id = @delivery ORDER BY number`
	rows, err := db.pool.Query(ctx, q, pgx.NamedArgs{"delivery": deliveryID})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[booking.Attempt])
}

func nullTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
