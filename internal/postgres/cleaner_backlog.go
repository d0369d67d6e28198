package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// Backlog is what waits in the record. Ages are 0 when nothing waits.
type Backlog struct {
	PendingAction time.Duration            // the oldest action without an outcome
	OverdueTimer  time.Duration            // since the oldest timer was due that has not fired
	DueDeliveries int                      // deliveries that are due and not sent, up to maxCounted
	DueDelivery   time.Duration            // since the oldest of them was due
	DueEffect     time.Duration            // since the oldest effect was due that is not carried out
	PastRetention map[string]time.Duration // how far the oldest row of each clean-up is past its retention
}

// maxCounted is where counting due deliveries ends.
const maxCounted = 10_000

// dueDeliveries are those of endpoints that are sent to now.
const dueDeliveries = `
	SELECT d.next_at FROM webhook_endpoints w JOIN webhook_deliveries d ON d.endpoint_id = w.id
	WHERE w.status = 'active' AND w.open_until <= now() AND d.status = 'pending' AND d.next_at <= now()`

// dueEffect is when the oldest effect was due of those that are carried out next for their booking.
const dueEffect = `SELECT f.next_at FROM effects f WHERE f.next_at <= now() AND ` + oldestEffect + ` ORDER BY f.next_at LIMIT 1`

// oldest are the times of the oldest rows of each clean-up that it can delete, each by an index. Where it spares some, only rows past
// @keep are looked at: those that are spared then are few.
var oldest = []struct{ name, statement string }{
	{"idempotency_keys", `SELECT min(created_at) FROM idempotency_keys`},
	{"claim_tokens", `SELECT min(until) FROM spent_claims`},
	{"kept_forms", `SELECT min(expires_at) FROM kept_forms`},
	{"limit_buckets", `SELECT min(first) FROM limit_buckets`},
	{"refused_actions", `SELECT min(decided_at) FROM actions WHERE status = 'refused'`},
	{"scheduling_requests", `SELECT min(looked_at) FROM scheduling_requests`},
	{"paused_deliveries", `SELECT min(o.at) FROM webhook_endpoints w CROSS JOIN LATERAL (
		SELECT d.created_at AS at FROM webhook_deliveries d WHERE d.endpoint_id = w.id AND d.status = 'pending' AND NOT d.test
		ORDER BY d.created_at LIMIT 1) o WHERE w.status = 'paused'`},
	{"deliveries", `SELECT min(finished_at) FROM webhook_deliveries WHERE finished_at IS NOT NULL`},
	{"events", `SELECT e.at FROM events e WHERE e.at < now() - make_interval(secs => @keep) AND` + unusedEvent + ` ORDER BY e.at LIMIT 1`},
	{"reminder_targets", `SELECT w.updated_at FROM webhook_endpoints w WHERE` + unusedTarget + ` ORDER BY w.updated_at LIMIT 1`},
}

// Backlog reads what waits, and how far the oldest rows are past their retention, in one round trip.
func (c *Cleaner) Backlog(ctx context.Context) (Backlog, error) {
	out := Backlog{PastRetention: map[string]time.Duration{}}
	batch := &pgx.Batch{}
	age := func(to *time.Duration, statement string, keep time.Duration) {
		q := `SELECT COALESCE(EXTRACT(epoch FROM now() - (` + statement + `)), 0)::float8`
		batch.Queue(q, namedArgs{"keep": keep.Seconds()}).QueryRow(func(row pgx.Row) error {
			var seconds float64
			err := row.Scan(&seconds)
			*to = time.Duration(max(0, seconds) * float64(time.Second))
			return err
		})
	}
	age(&out.PendingAction, `SELECT min(created_at) FROM actions WHERE status = 'pending'`, 0)
	age(&out.OverdueTimer, `SELECT min(deadline_at) FROM bookings WHERE deadline_at IS NOT NULL`, 0)
	age(&out.DueDelivery, `SELECT min(next_at) FROM (`+dueDeliveries+`) due`, 0)
	age(&out.DueEffect, dueEffect, 0)
	batch.Queue(`SELECT count(*) FROM (`+dueDeliveries+` LIMIT @most) due`, namedArgs{"most": maxCounted}).
		QueryRow(func(row pgx.Row) error { return row.Scan(&out.DueDeliveries) })
	ages := make([]time.Duration, len(oldest))
	for i, kind := range oldest {
		age(&ages[i], kind.statement, c.retention(kind.name))
	}
	err := c.db.pool.SendBatch(ctx, batch).Close()
	for i, kind := range oldest {
		out.PastRetention[kind.name] = max(0, ages[i]-c.retention(kind.name))
	}
	return out, err
}

func (c *Cleaner) retention(name string) time.Duration {
	return map[string]time.Duration{
		"idempotency_keys": c.keep.Operations, "claim_tokens": c.keep.Claims, "refused_actions": c.keep.Refusals,
		"scheduling_requests": c.keep.Requests, "paused_deliveries": c.keep.Paused, "deliveries": c.keep.Changes,
		"events": c.keep.Changes, "reminder_targets": keepTargets, "limit_buckets": keepBuckets,
	}[name]
}
