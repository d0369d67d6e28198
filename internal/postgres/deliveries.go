package postgres

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/booking"
)

// DrainTarget is what a sender needs to know of an endpoint.
type DrainTarget struct {
	Endpoint   booking.Endpoint
	OldSecrets [][]byte // sealed; they still sign
	AppSecret  []byte   // sealed; signs x-timekit-signature

	ClientSecretIDs []uuid.UUID // of the secrets that sign notifications, the oldest first,
	ClientSecrets   [][]byte    // and themselves, sealed
	Pace            float32     // requests on their way at the same time, at most, as its receiver can bear
	Probing         bool        // the breaker has opened: one delivery only, to see whether it may close
}

// DrainTarget returns an endpoint, whatever its status, or NotFound when it is deleted.
func (db *DB) DrainTarget(ctx context.Context, endpointID uuid.UUID) (*DrainTarget, error) {
	const q = `
		SELECT ` + endpointColumns + `,
			ARRAY(SELECT sealed FROM webhook_old_secrets o WHERE o.endpoint_id = w.id AND until > now() ORDER BY until DESC),
			a.webhook_secret, w.pace, w.opened > 0,
			ARRAY(SELECT c.id FROM client_secrets c WHERE c.app_id = a.id AND c.good_until > now() ORDER BY c.created_at, c.id),
			ARRAY(SELECT c.sealed FROM client_secrets c WHERE c.app_id = a.id AND c.good_until > now() ORDER BY c.created_at, c.id)
		FROM webhook_endpoints w JOIN apps a ON a.id = w.app_id WHERE w.id = @id`
	var t DrainTarget
	fields := append(endpointFields(&t.Endpoint), &t.OldSecrets, &t.AppSecret, &t.Pace, &t.Probing, &t.ClientSecretIDs, &t.ClientSecrets)
	err := db.pool.QueryRow(ctx, q, namedArgs{"id": endpointID}).Scan(fields...)
	return &t, one(err, "The webhook")
}

// isNext is true of the deliveries d that may be sent: where the order counts, of one booking only the
// oldest event that waits, so that no event overtakes an older one that is on its way or has to be tried again. A NOT
// EXISTS says the same, but is planned as a join, which without fresh statistics takes seconds behind a backlog of some
// ten thousand.
const isNext = `d.status = 'pending' AND (NOT @ordered OR d.seq = (SELECT min(p.seq) FROM webhook_deliveries p
	WHERE p.endpoint_id = d.endpoint_id AND p.booking_id = d.booking_id AND p.status = 'pending'))`

// Claim says how many deliveries to take, for how long, and which.
type Claim struct {
	Limit     int
	Lease     time.Duration
	Ordered   bool // as the endpoint is
	TestsOnly bool
}

// Claim takes due deliveries of an endpoint for one attempt each. A claim that is never finished falls due again after
// the lease.
func (db *DB) Claim(ctx context.Context, endpointID uuid.UUID, c Claim) ([]booking.Delivery, error) {
	const q = `
		WITH due AS (
			SELECT d.id FROM webhook_deliveries d
			WHERE d.endpoint_id = @endpoint AND d.next_at <= now() AND (d.test OR NOT @tests) AND ` + isNext + `
			ORDER BY d.next_at LIMIT @limit FOR UPDATE SKIP LOCKED),
		claimed AS (
			UPDATE webhook_deliveries d SET attempts = attempts + 1, next_at = now() + make_interval(secs => @lease)
			FROM due WHERE d.id = due.id RETURNING d.id, d.event_id, d.attempts, d.tried_before)
		SELECT c.id, c.attempts, c.attempts - c.tried_before, ` + changeColumns + `
		FROM claimed c JOIN events e ON e.id = c.event_id ORDER BY e.at, e.seq`
	rows, err := db.pool.Query(ctx, q, namedArgs{
		"endpoint": endpointID, "limit": c.Limit, "lease": c.Lease.Seconds(), "tests": c.TestsOnly, "ordered": c.Ordered,
	})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanDelivery)
}

// Unclaim gives back a delivery that was claimed and not sent: it is due, and the attempt does not count.
func (db *DB) Unclaim(ctx context.Context, d booking.Delivery) error {
	const q = `
		UPDATE webhook_deliveries SET attempts = attempts - 1, next_at = now()
		WHERE id = @id AND status = 'pending' AND attempts = @attempt`
	_, err := db.pool.Exec(ctx, q, namedArgs{"id": d.ID, "attempt": d.Attempt})
	return err
}

// Resting tells whether nothing but tests is to be sent to an endpoint now; NotFound when it is deleted.
func (db *DB) Resting(ctx context.Context, endpointID uuid.UUID) (resting bool, err error) {
	const q = `SELECT status <> 'active' OR open_until > now() FROM webhook_endpoints WHERE id = @id`
	err = db.pool.QueryRow(ctx, q, namedArgs{"id": endpointID}).Scan(&resting)
	return resting, one(err, "The webhook")
}

// The statuses of a delivery.
const (
	Waiting   = "pending"
	Delivered = "delivered"
	Exhausted = "exhausted" // every attempt of the schedule failed
	Cancelled = "cancelled" // the endpoint said it is gone
)

// FallAsleep notes that nobody drains an endpoint until its next delivery is due, and returns that moment (zero when
// nothing waits). With something due already it changes nothing and returns a moment that is past. The gate makes commits
// that are writing deliveries wait, or makes this wait for them, and the row's lock those who send something anew: no
// delivery is missed.
func (db *DB) FallAsleep(ctx context.Context, endpointID uuid.UUID) (time.Time, error) {
	var next *time.Time
	err := db.inTx(ctx, func(tx pgx.Tx) error {
		args := namedArgs{"endpoint": endpointID}
		const lock = `SELECT ordered FROM webhook_endpoints WHERE id = @endpoint FOR NO KEY UPDATE`
		var ordered, due bool
		batch := &pgx.Batch{}
		batch.Queue(shutGate, args)
		batch.Queue(lock, args).QueryRow(func(row pgx.Row) error { return row.Scan(&ordered) })
		if err := tx.SendBatch(ctx, batch).Close(); err != nil {
			return one(err, "The webhook")
		}
		args["ordered"] = ordered
		const look = `SELECT min(next_at), COALESCE(min(next_at) <= now(), false) FROM webhook_deliveries d
			WHERE endpoint_id = @endpoint AND ` + isNext
		if err := tx.QueryRow(ctx, look, args).Scan(&next, &due); err != nil || due {
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE webhook_endpoints SET awake = false WHERE id = @endpoint`, args)
		return err
	})
	if next == nil {
		return time.Time{}, err
	}
	return *next, err
}

// OverdueEndpoints returns endpoints whose deliveries have been due for longer than a while, though nothing keeps them:
// whoever should have woken them may have died before it could.
func (db *DB) OverdueEndpoints(ctx context.Context, while time.Duration, limit int) ([]uuid.UUID, error) {
	q := `
		SELECT w.id FROM webhook_endpoints w WHERE EXISTS (
			SELECT FROM webhook_deliveries d WHERE d.endpoint_id = w.id
			AND (d.test OR w.status = 'active' AND w.open_until < now() - make_interval(secs => @while))
			AND d.next_at < now() - make_interval(secs => @while) AND ` + strings.ReplaceAll(isNext, "@ordered", "w.ordered") + `)
		ORDER BY w.id LIMIT @limit`
	rows, err := db.pool.Query(ctx, q, namedArgs{"while": while.Seconds(), "limit": limit})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
}

func nullTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
