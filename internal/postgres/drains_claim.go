package postgres

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/outbox"
)

// DrainTarget is what a sender needs of an endpoint.
type DrainTarget struct {
	Endpoint   outbox.Endpoint
	OldSecrets [][]byte // sealed; they still sign
	AppSecret  []byte   // sealed; signs x-timekit-signature
	TestApp    bool     // what it is sent is about nothing real

	ClientSecretIDs []uuid.UUID // of the secrets that sign notifications, the oldest first,
	ClientSecrets   [][]byte    // and themselves, sealed
	Pace            float32     // requests on their way at the same time, at most, as its receiver can bear
	PerMinute       int         // attempts, at most, of an app's own mail server; 0 = no limit
	Probing         bool        // the breaker has opened: one delivery only, to see whether it may close
}

// drainTargetOf selects endpoints w for DrainTarget.scan; a condition follows.
const drainTargetOf = `
	SELECT ` + endpointColumns + `,
		ARRAY(SELECT sealed FROM webhook_old_secrets o WHERE o.endpoint_id = w.id AND until > now() ORDER BY until DESC),
		a.webhook_secret, a.test_mode, w.pace, w.opened > 0,
		COALESCE((SELECT m.rate_per_minute FROM mailers m WHERE m.app_id = w.app_id AND w.purpose = 'mail'), 0),
		ARRAY(SELECT c.id FROM client_secrets c WHERE c.app_id = a.id AND c.good_until > now() ORDER BY c.created_at, c.id),
		ARRAY(SELECT c.sealed FROM client_secrets c WHERE c.app_id = a.id AND c.good_until > now() ORDER BY c.created_at, c.id)
	FROM webhook_endpoints w JOIN apps a ON a.id = w.app_id WHERE `

const drainTarget = drainTargetOf + `w.id = @endpoint`

func (t *DrainTarget) scan(row pgx.Row) error {
	return row.Scan(append(endpointFields(&t.Endpoint),
		&t.OldSecrets, &t.AppSecret, &t.TestApp, &t.Pace, &t.Probing, &t.PerMinute, &t.ClientSecretIDs, &t.ClientSecrets)...)
}

// DrainTarget returns an endpoint, whatever its status, or NotFound when it is deleted.
func (db *drains) DrainTarget(ctx context.Context, endpointID uuid.UUID) (*DrainTarget, error) {
	var t DrainTarget
	err := t.scan(db.pool.QueryRow(ctx, drainTarget, namedArgs{"endpoint": endpointID}))
	return &t, orNotFound(err, "The webhook")
}

// NamedTarget returns an app's endpoint of a name, whatever its status, or NotFound.
func (db *drains) NamedTarget(ctx context.Context, appID uuid.UUID, name string) (*DrainTarget, error) {
	const q = drainTargetOf + `w.app_id = @app AND w.name = @name AND w.name <> '' AND w.purpose = 'subscription'`
	var t DrainTarget
	err := t.scan(db.pool.QueryRow(ctx, q, namedArgs{"app": appID, "name": name}))
	return &t, orNotFound(err, "The webhook")
}

// isNext is true of the deliveries d that may be sent: where the order counts, of one booking only the
// oldest event that waits, so that no event overtakes an older one that is on its way or has to be tried again. A NOT
// EXISTS says the same, but is planned as a join, which without fresh statistics takes seconds behind a backlog of some
// ten thousand.
const isNext = `d.status = 'pending' AND (NOT @ordered OR d.seq = (SELECT min(p.seq) FROM webhook_deliveries p
	WHERE p.endpoint_id = d.endpoint_id AND p.booking_id = d.booking_id AND p.status = 'pending'))`

// ClaimLease is how long a delivery stays claimed when its process is lost.
const ClaimLease = time.Minute

// Claim says how many deliveries to take, for how long, and which.
type Claim struct {
	Limit      int
	Lease      time.Duration
	Ordered    bool // as the endpoint is
	TestsOnly  bool
	EventsOnly bool // those that have no recipient; the others are messages
}

const claimDue = `
	WITH due AS (
		SELECT d.id FROM webhook_deliveries d
		WHERE d.endpoint_id = @endpoint AND d.next_at <= now() AND (d.test OR NOT @tests) AND (d.recipient = '' OR NOT @events) AND ` + isNext + `
		ORDER BY d.next_at LIMIT @limit FOR UPDATE SKIP LOCKED),
	claimed AS (
		UPDATE webhook_deliveries d SET attempts = attempts + 1, next_at = now() + make_interval(secs => @lease), claimed_by = @drainer
		FROM due WHERE d.id = due.id RETURNING d.id, d.event_id, d.attempts, d.tried_before, d.recipient, d.mail)
	SELECT c.id, c.attempts, c.attempts - c.tried_before, c.recipient, c.mail, ` + changeColumns + `
	FROM claimed c JOIN events e ON e.id = c.event_id ORDER BY e.at, e.seq`

func (db *drains) claimArgs(endpointID uuid.UUID, c Claim) namedArgs {
	return namedArgs{
		"endpoint": endpointID, "limit": c.Limit, "lease": c.Lease.Seconds(), "tests": c.TestsOnly, "events": c.EventsOnly,
		"ordered": c.Ordered, "drainer": db.process,
	}
}

// ClaimDeliveries takes due deliveries of an endpoint for one attempt each. A claim that is never finished falls due again after the
// lease. It locks the deliveries that it returns, and skips those that another transaction has locked. lease is how long a claim lasts.
func (db *drains) ClaimDeliveries(ctx context.Context, endpointID uuid.UUID, c Claim) ([]outbox.ClaimedDelivery, error) {
	rows, err := db.pool.Query(ctx, claimDue, db.claimArgs(endpointID, c))
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanDelivery)
}

// ClaimReservedDeliveries is ClaimDeliveries for the process that has reserved the endpoint, and returns the endpoint as it is
// now: both in one round trip. A process that has lost the endpoint claims nothing; reserved is false then. NotFound when the
// endpoint is deleted.
func (db *drains) ClaimReservedDeliveries(
	ctx context.Context, endpointID uuid.UUID, c Claim,
) (t *DrainTarget, due []outbox.ClaimedDelivery, reserved bool, err error) {
	const fence = `SELECT EXISTS (SELECT FROM webhook_drains WHERE endpoint_id = @endpoint AND drainer = @drainer)`
	args := db.claimArgs(endpointID, c)
	t = &DrainTarget{}
	batch := &pgx.Batch{}
	batch.Queue(drainTarget, args).QueryRow(t.scan)
	batch.Queue(fence, args).QueryRow(func(row pgx.Row) error { return row.Scan(&reserved) })
	batch.Queue(claimFenced, args).Query(func(rows pgx.Rows) (err error) {
		due, err = pgx.CollectRows(rows, scanDelivery)
		return err
	})
	if err := db.pool.SendBatch(ctx, batch).Close(); err != nil {
		return nil, nil, false, orNotFound(err, "The webhook")
	}
	return t, due, reserved, nil
}

// claimFenced claims nothing for a process that has lost the endpoint.
var claimFenced = strings.Replace(claimDue, "d.next_at <= now()",
	"d.next_at <= now() AND EXISTS (SELECT FROM webhook_drains WHERE endpoint_id = @endpoint AND drainer = @drainer)", 1)

// ReleaseDeliveries gives back deliveries that were claimed and not sent: they are due, and the attempt does not count.
func (db *drains) ReleaseDeliveries(ctx context.Context, all ...outbox.ClaimedDelivery) error {
	const q = `
		UPDATE webhook_deliveries d SET attempts = attempts - 1, next_at = now(), claimed_by = NULL
		FROM unnest(@ids::uuid[], @attempts::integer[]) AS c (id, attempt)
		WHERE d.id = c.id AND d.status = 'pending' AND d.attempts = c.attempt`
	ids, attempts := make([]uuid.UUID, len(all)), make([]int, len(all))
	for i, d := range all {
		ids[i], attempts[i] = d.ID, d.Attempt
	}
	_, err := db.pool.Exec(ctx, q, namedArgs{"ids": ids, "attempts": attempts})
	return err
}

// The statuses of a delivery.
const (
	Waiting   = "pending"
	Delivered = "delivered"
	Exhausted = "exhausted" // every attempt of the schedule failed
	Cancelled = "cancelled" // the endpoint said it is gone
)

// MarkIdle notes that nobody drains an endpoint until its next delivery is due, ends this process's reservation of it, and
// returns that moment: zero when nothing waits. With something due already, or while another process has the endpoint, it
// changes nothing; a moment that is past says so. The gate makes commits that are writing deliveries wait, or makes this wait
// for them, and the row's lock those who send something anew: no delivery is missed. All is one round trip, and so one
// transaction; each statement has a snapshot of its own.
func (db *drains) MarkIdle(ctx context.Context, endpointID uuid.UUID) (time.Time, error) {
	const lock = `SELECT FROM webhook_endpoints WHERE id = @endpoint FOR NO KEY UPDATE`
	args := namedArgs{"endpoint": endpointID, "drainer": db.process}
	var next *time.Time
	err := retried(ctx, func() error {
		batch := &pgx.Batch{}
		batch.Queue(lockGate, args)
		batch.Queue(lock, args).QueryRow(func(row pgx.Row) error { return row.Scan() })
		batch.Queue(fallAsleep, args).QueryRow(func(row pgx.Row) error { return row.Scan(&next) })
		return db.pool.SendBatch(ctx, batch).Close()
	})
	if err != nil {
		return time.Time{}, orNotFound(err, "The webhook")
	}
	if next == nil {
		return time.Time{}, nil
	}
	return *next, nil
}

// fallAsleep goes by the time at which it begins, when the locks are there, and not by that of the transaction.
var fallAsleep = `
	WITH first AS MATERIALIZED (
		SELECT min(d.next_at) AS at FROM webhook_deliveries d WHERE d.endpoint_id = @endpoint AND ` +
	strings.ReplaceAll(isNext, "@ordered", "(SELECT ordered FROM webhook_endpoints WHERE id = @endpoint)") + `),
	asleep AS (
		UPDATE webhook_endpoints SET awake = false WHERE id = @endpoint
		AND NOT COALESCE((SELECT at FROM first) <= statement_timestamp(), false)
		AND NOT EXISTS (SELECT FROM webhook_drains WHERE endpoint_id = @endpoint AND drainer <> @drainer AND until >= now())
		RETURNING id),
	done AS (DELETE FROM webhook_drains d USING asleep WHERE d.endpoint_id = asleep.id)
	SELECT CASE WHEN EXISTS (SELECT FROM asleep) THEN at ELSE 'epoch' END FROM first`

// OverdueEndpoints returns endpoints whose deliveries have been due for longer than a while, though nothing keeps them:
// the process that should have woken them may have ended before it could.
func (db *drains) OverdueEndpoints(ctx context.Context, while time.Duration, limit int) ([]uuid.UUID, error) {
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
