package postgres_test

import (
	"strings"
	"testing"
	"time"

	"holdfast/internal/postgres"
)

// tableCleaned is what a clean-up deletes rows of: those for which where is true, by the age of a column.
type tableCleaned struct {
	table, age, where string

	seed  string // makes a row of the app $1 that is $2 days old
	young int    // days after which a row is to stay
	keep  func(*postgres.Retention)
}

// cleaned is one row for each clean-up there is.
func cleanedTables() map[string]tableCleaned {
	const at = `now() - make_interval(days => $2)`
	const told = `WITH told AS (INSERT INTO events (id, app_id, booking_id, seq, type, data, at)
		SELECT gen_random_uuid(), $1, gen_random_uuid(), 1, 'booking.told', '{}', now() RETURNING id, booking_id) `
	return map[string]tableCleaned{
		"idempotency_keys": {"idempotency_keys", "created_at", `true`, `
			INSERT INTO idempotency_keys (app_id, key, fingerprint, operation_id, locked_until, created_at)
			SELECT $1, gen_random_uuid()::text, '', gen_random_uuid(), now(), ` + at, 20, func(r *postgres.Retention) { r.Operations = month }},
		"claim_tokens": {"spent_claims", "until", `true`, `
			INSERT INTO spent_claims (app_id, jti, booking_id, until)
			SELECT $1, gen_random_uuid()::text, gen_random_uuid(), ` + at, 20, func(r *postgres.Retention) { r.Claims = month }},
		"kept_forms": {"kept_forms", "expires_at", `true`, `
			INSERT INTO kept_forms (id, app_id, sealed, expires_at)
			SELECT gen_random_uuid(), $1, '', ` + at, -1, func(*postgres.Retention) {}},
		"limit_buckets": {"limit_buckets", "(first + (now() - current_date::timestamptz))", `true`, `
			INSERT INTO limit_buckets (app_id, name, first) SELECT $1, gen_random_uuid()::text, (` + at + `)::date`, 20, func(*postgres.Retention) {}},
		"refused_actions": {"actions", "decided_at", `status = 'refused'`, `
			INSERT INTO actions (id, app_id, booking_id, name, actor, channel, status, decided_at)
			SELECT gen_random_uuid(), $1, gen_random_uuid(), 'create', 'api', 'api', unnest('{refused,applied}'::text[]), ` + at,
			20, func(r *postgres.Retention) { r.Refusals = month }},
		"scheduling_requests": {"scheduling_requests", "looked_at", `true`, `
			INSERT INTO scheduling_requests (id, app_id, name, code, duration_minutes, looked_at)
			SELECT gen_random_uuid(), $1, gen_random_uuid()::text, gen_random_uuid()::text, 30, ` + at,
			20, func(r *postgres.Retention) { r.Requests = month }},
		"paused_deliveries": {"webhook_deliveries", "created_at", `status = 'pending'`, told + `
			INSERT INTO webhook_deliveries (id, endpoint_id, event_id, booking_id, seq, created_at)
			SELECT gen_random_uuid(), w.id, told.id, told.booking_id, 1, ` + at + ` FROM told, webhook_endpoints w WHERE w.status = 'paused'`,
			20, func(r *postgres.Retention) { r.Paused = month }},
		"deliveries": {"webhook_deliveries", "finished_at", `status = 'delivered'`, told + `
			INSERT INTO webhook_deliveries (id, endpoint_id, event_id, booking_id, seq, status, finished_at)
			SELECT gen_random_uuid(), w.id, told.id, told.booking_id, 1, 'delivered', ` + at + ` FROM told, webhook_endpoints w WHERE w.status = 'paused'`,
			20, func(r *postgres.Retention) { r.Changes = month }},
		"events": {"events", "at", `type = 'booking.old'`, `
			INSERT INTO events (id, app_id, booking_id, seq, type, data, at)
			SELECT gen_random_uuid(), $1, gen_random_uuid(), 1, 'booking.old', '{}', ` + at, 20, func(r *postgres.Retention) { r.Changes = month }},
		"reminder_targets": {"webhook_endpoints", "updated_at", `purpose = 'reminder'`, `
			INSERT INTO webhook_endpoints (id, app_id, url, purpose, secret, updated_at)
			SELECT gen_random_uuid(), $1, gen_random_uuid()::text, 'reminder', '', ` + at, 0, func(*postgres.Retention) {}},
	}
}

// TestEveryCleanUp deletes what is past its own retention and nothing else: the oldest first, no more at a time than it is to, around
// rows that somebody has locked, and nothing when its time is up.
func TestEveryCleanUp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	stopped := b.endpoint("", "")
	b.exec(`UPDATE webhook_endpoints SET status = 'paused', reason = 'by_hand' WHERE id = $1`, stopped.ID)
	impatient, err := postgres.Open(b.ctx, strings.ReplaceAll(b.url, "lock_timeout=120s", "lock_timeout=50ms"), 2)
	check(t, err)
	defer impatient.Close()
	all := cleanedTables()
	for _, one := range postgres.NewCleaner(b.DB, forever).Cleanups {
		c, known := all[one.Name]
		if !known {
			t.Errorf("%s is not tested", one.Name)
			continue
		}
		t.Run(one.Name, func(t *testing.T) {
			b := *b
			b.t = t
			b.cleansUp(impatient, one.Name, c)
		})
	}
	wantEqual(t, "other endpoints", len(column[string](b, `SELECT status FROM webhook_endpoints WHERE purpose <> 'reminder'`)), 1)
	b.wantCount(5, `SELECT count(*) FROM actions WHERE status = 'applied'`)
}

// cleansUp lives through one clean-up of rows of four ages.
func (b *bundle) cleansUp(impatient *postgres.DB, name string, c tableCleaned) {
	t := b.t
	for _, days := range []int{c.young, 500, 400, 600} {
		b.exec(c.seed, b.app.ID, days)
	}
	keep := forever
	c.keep(&keep)
	cleaner := postgres.NewCleaner(impatient, keep)
	left := func(what, want string) {
		t.Helper()
		got := column[string](b, `SELECT COALESCE(string_agg(round(extract(epoch FROM now() - `+c.age+`) / 86400)::text, ' ' ORDER BY `+c.age+`), '')
			FROM `+c.table+` WHERE `+c.where)[0]
		wantEqual(t, what, got, want)
	}
	young := words(c.young)
	if deleted, err := cleanup(t, cleaner, name).Run(b.ctx, time.Now().Add(-time.Second)); deleted != 0 || err != nil {
		t.Errorf("%d rows are deleted when the time is up: %v", deleted, err)
	}
	wantEqual(t, "one row in a batch", b.batches(cleaner, name, 1, 1), 1)
	left("after a batch of one", "500 400 "+young)
	b.exec(c.seed, b.app.ID, 600)

	holder, err := b.look.Begin(b.ctx)
	check(t, err)
	defer func() { _ = holder.Rollback(b.ctx) }()
	_, err = holder.Exec(b.ctx, `SELECT FROM `+c.table+` WHERE `+c.where+` ORDER BY `+c.age+` LIMIT 1 FOR UPDATE`)
	check(t, err)
	b.batches(cleaner, name, 1, 10)
	for range 3 { // one that looks at a locked row alone is done for now
		b.batches(cleaner, name, 2, 10)
	}
	left("around a lock", "600 "+young)
	check(t, holder.Rollback(b.ctx))
	wantEqual(t, "the last", b.batches(cleaner, name, postgres.CleanBatch, 10), 1)
	left("in the end", young)
}
