package postgres

import (
	"context"
	"sync"
	"time"
)

// Retention says how long rows are kept that nobody asks for any more.
type Retention struct {
	Operations time.Duration // Idempotency-Keys, since the request
	Claims     time.Duration // spent claim tokens, beyond their expiry
	Refusals   time.Duration // refused actions, since they were decided
	Changes    time.Duration // changes, since they happened, and deliveries, since they ended
	Paused     time.Duration // deliveries that wait for a paused endpoint, since they were made
	Backlog    int           // how many deliveries wait for a paused endpoint at most; the oldest go first
	Requests   time.Duration // scheduling requests for which no time was picked, since they were made
}

// Batches of a clean-up: the first one's size, and the least that time-outs shrink it to.
const (
	cleanBatch    = 2000
	cleanBatchMin = 50
)

// Cleaner deletes what is past its retention, in batches. It is safe for concurrent use.
type Cleaner struct {
	Cleanups []Cleanup

	db   *store
	keep Retention

	mu     sync.Mutex
	after  eventMark // where the last batch of changes ended
	paused pausedMark
}

// Cleanup is one kind of rows that are deleted when they are past their retention.
type Cleanup struct {
	Name string
	// batch handles up to limit rows, oldest first. done is true when no row past its retention is left but those that
	// another transaction has locked, or that something else still needs.
	batch func(ctx context.Context, limit int) (deleted int, done bool, err error)
}

// NewCleaner makes a cleaner. The order counts: deliveries go before the changes that they belong to.
func NewCleaner(db *DB, keep Retention) *Cleaner {
	c := &Cleaner{db: db.store, keep: keep}
	c.Cleanups = []Cleanup{
		{"idempotency_keys", c.single(deleteOperations, keep.Operations)},
		{"claim_tokens", c.single(deleteClaims, keep.Claims)},
		{"kept_forms", c.single(deleteForms, 0)},
		{"limit_buckets", c.single(deleteBuckets, keepBuckets)},
		{"refused_actions", c.single(deleteRefusals, keep.Refusals)},
		{"scheduling_requests", c.requests},
		{"paused_deliveries", c.dropPaused},
		{"deliveries", c.single(deleteDeliveries, keep.Changes)},
		{"events", c.events},
		{"reminder_targets", c.single(deleteReminderTargets, keepTargets)},
	}
	return c
}

// Run deletes batch after batch until nothing is left or until is past; the batch under way then ends. After a time-out
// of a statement or of a lock it goes on with half the batch. It returns how many rows it deleted.
func (c Cleanup) Run(ctx context.Context, until time.Time) (deleted int, err error) {
	return c.run(ctx, cleanBatch, func() bool { return time.Now().Before(until) })
}

func (c Cleanup) run(ctx context.Context, limit int, goOn func() bool) (deleted int, err error) {
	for goOn() {
		n, done, err := c.batch(ctx, limit)
		deleted += n
		switch {
		case timedOut(err) && limit > cleanBatchMin:
			limit = max(limit/2, cleanBatchMin)
		case err != nil || done:
			return deleted, err
		}
	}
	return deleted, nil
}

// Each of these deletes up to @limit rows past @keep. Rows that somebody else has locked are left to the next sweep.
const (
	deleteOperations = `
		DELETE FROM idempotency_keys WHERE (app_id, key) IN (
			SELECT app_id, key FROM idempotency_keys WHERE created_at < now() - make_interval(secs => @keep)
			ORDER BY created_at LIMIT @limit FOR UPDATE SKIP LOCKED)`
	deleteClaims = `
		DELETE FROM spent_claims WHERE (app_id, jti) IN (
			SELECT app_id, jti FROM spent_claims WHERE until < now() - make_interval(secs => @keep)
			ORDER BY until LIMIT @limit FOR UPDATE SKIP LOCKED)`
	deleteForms = `
		DELETE FROM kept_forms WHERE id IN (
			SELECT id FROM kept_forms WHERE expires_at <= now() - make_interval(secs => @keep)
			ORDER BY expires_at LIMIT @limit FOR UPDATE SKIP LOCKED)`
	deleteBuckets = `
		DELETE FROM limit_buckets WHERE (app_id, name, first) IN (
			SELECT app_id, name, first FROM limit_buckets WHERE first < (now() - make_interval(secs => @keep))::date
			ORDER BY first LIMIT @limit FOR UPDATE SKIP LOCKED)`
	deleteRefusals = `
		DELETE FROM actions WHERE id IN (
			SELECT id FROM actions WHERE status = 'refused' AND decided_at < now() - make_interval(secs => @keep)
			ORDER BY decided_at LIMIT @limit FOR UPDATE SKIP LOCKED)`
	deleteDeliveries = `
		DELETE FROM webhook_deliveries WHERE id IN (
			SELECT id FROM webhook_deliveries WHERE finished_at < now() - make_interval(secs => @keep)
			ORDER BY finished_at LIMIT @limit FOR UPDATE SKIP LOCKED)`
	// unusedTarget is true of a reminder's target w past @keep without a delivery, and without a reminder that may still come: one that is
	// a month late comes no more.
	unusedTarget = ` w.purpose = 'reminder' AND w.updated_at < now() - make_interval(secs => @keep)
			AND NOT EXISTS (SELECT FROM reminders r WHERE r.endpoint_id = w.id AND r.done_at IS NULL AND r.at > now() - interval '30 days')
			AND NOT EXISTS (SELECT FROM webhook_deliveries d WHERE d.endpoint_id = w.id)`
	deleteReminderTargets = `
		DELETE FROM webhook_endpoints WHERE id IN (
			SELECT w.id FROM webhook_endpoints w WHERE` + unusedTarget + `
			ORDER BY w.updated_at LIMIT @limit FOR UPDATE SKIP LOCKED)`
)

// keepTargets is how long a reminder's target stays after a booking has named it. It is far above the hour after which a target in use
// is noted as such, so that none is deleted while a booking names it.
const keepTargets = 24 * time.Hour

// keepBuckets is how long the count of a limit stays after its period has begun: longer than the longest period, a year.
const keepBuckets = 380 * 24 * time.Hour

// single is a batch of one statement.
func (c *Cleaner) single(statement string, keep time.Duration) func(context.Context, int) (int, bool, error) {
	return func(ctx context.Context, limit int) (int, bool, error) {
		done, err := c.db.pool.Exec(ctx, statement, namedArgs{"keep": keep.Seconds(), "limit": limit})
		return int(done.RowsAffected()), int(done.RowsAffected()) < limit, err
	}
}
