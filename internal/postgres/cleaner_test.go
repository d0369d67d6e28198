package postgres_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/postgres"
)

// aMinute is what a hundred lives a second leave behind in a minute: a minute's sweep must delete at least that.
const aMinute = 60 * 100

// TestCleaningKeepsPace leaves behind twice what a minute of a hundred lives a second does, of every kind, and counts the
// batches that it takes to delete it.
func TestCleaningKeepsPace(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e, stopped := b.endpoint("", ""), b.endpoint("", "")
	b.exec(`UPDATE webhook_endpoints SET status = 'paused', reason = 'by_hand' WHERE id = $1`, stopped.ID)
	const old = `now() - interval '400 days'`
	n := 2 * aMinute
	b.exec(`INSERT INTO idempotency_keys (app_id, key, fingerprint, operation_id, locked_until, created_at)
		SELECT $1, n::text, '', gen_random_uuid(), now(), `+old+` FROM generate_series(1, $2) n`, b.app.ID, n)
	b.exec(`INSERT INTO spent_claims (app_id, jti, booking_id, until)
		SELECT $1, n::text, gen_random_uuid(), `+old+` FROM generate_series(1, $2) n`, b.app.ID, n)
	b.exec(`INSERT INTO kept_forms (id, app_id, sealed, expires_at)
		SELECT gen_random_uuid(), $1, '', `+old+` FROM generate_series(1, $2)`, b.app.ID, n)
	b.exec(`INSERT INTO limit_buckets (app_id, name, first) SELECT $1, n::text, (`+old+`)::date FROM generate_series(1, $2) n`, b.app.ID, n)
	b.exec(`INSERT INTO actions (id, app_id, booking_id, name, actor, channel, status, decided_at)
		SELECT gen_random_uuid(), $1, gen_random_uuid(), 'create', 'api', 'api', 'refused', `+old+` FROM generate_series(1, $2)`, b.app.ID, n)
	b.exec(`INSERT INTO scheduling_requests (id, app_id, name, code, duration_minutes, looked_at)
		SELECT gen_random_uuid(), $1, n::text, n::text, 30, `+old+` FROM generate_series(1, $2) n`, b.app.ID, n)
	// A life has two transitions, so two changes; each goes to two endpoints.
	b.exec(`INSERT INTO events (id, app_id, booking_id, seq, type, data, at)
		SELECT gen_random_uuid(), $1, gen_random_uuid(), 1, 'booking.confirmed', '{}', `+old+` FROM generate_series(1, $2)`, b.app.ID, 2*n)
	b.exec(`INSERT INTO webhook_deliveries (id, endpoint_id, event_id, booking_id, seq, status, created_at, finished_at)
		SELECT gen_random_uuid(), $1, id, booking_id, seq, 'delivered', at, at FROM events`, e.ID)
	b.exec(`INSERT INTO webhook_deliveries (id, endpoint_id, event_id, booking_id, seq, created_at)
		SELECT gen_random_uuid(), $1, id, booking_id, seq, at FROM events`, stopped.ID)
	b.exec(`INSERT INTO webhook_endpoints (id, app_id, url, purpose, secret, updated_at)
		SELECT gen_random_uuid(), $1, n::text, 'reminder', '', `+old+` FROM generate_series(1, $2) n`, b.app.ID, n)
	b.exec(`ANALYZE`)

	c := postgres.NewCleaner(b.DB, postgres.Retention{
		Operations: month, Claims: month, Refusals: month, Changes: month, Paused: month, Requests: month, Backlog: 1_000_000,
	})
	for _, one := range c.Cleanups {
		want := n
		if one.Name == "paused_deliveries" || one.Name == "deliveries" || one.Name == "events" {
			want = 2 * n
		}
		batches := 0
		deleted, err := one.RunBatches(b.ctx, postgres.CleanBatch, func() bool { batches++; return true })
		check(t, err)
		wantEqual(t, one.Name, deleted, want)
		if most := want/postgres.CleanBatch + 2; batches > most {
			t.Errorf("%s took %d batches for %d rows, want at most %d", one.Name, batches, want, most)
		}
	}
	for _, table := range []string{"idempotency_keys", "spent_claims", "kept_forms", "limit_buckets", "actions", "scheduling_requests", "webhook_deliveries", "events"} {
		b.wantCount(0, `SELECT count(*) FROM `+table)
	}
	wantEqual(t, "dropped, as the endpoint says", must(b.Endpoint(b.ctx, b.app.ID, stopped.ID)).Health.Dropped, 2*n)
}

// TestCleaningAfterTimeouts: a batch that is too large for its time-out shrinks, and all is deleted all the same.
func TestCleaningAfterTimeouts(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"57014", "55P03"} {
		b := setup(t)
		b.exec(`INSERT INTO spent_claims (app_id, jti, booking_id, until)
			SELECT $1, n::text, gen_random_uuid(), now() - interval '1 year' FROM generate_series(1, 1000) n`, b.app.ID)
		b.exec(`CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			IF (SELECT count(*) FROM gone) > 200 THEN RAISE EXCEPTION USING ERRCODE = '` + code + `'; END IF; RETURN NULL; END $$`)
		b.exec(`CREATE TRIGGER slow AFTER DELETE ON spent_claims REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION slow()`)
		wantEqual(t, "deleted after "+code, b.cleaned("claim_tokens", postgres.Retention{Claims: month}), 1000)
		b.exec(`CREATE OR REPLACE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION USING ERRCODE = '` + code + `'; END $$`)
		_, err := cleanup(t, postgres.NewCleaner(b.DB, postgres.Retention{}), "claim_tokens").RunBatches(b.ctx, 2000, few(10))
		wantEqual(t, "a time-out of the smallest batch is an error", postgres.IsUnavailable(err), true)
	}
}

// TestBatchesShrinkByTimeoutsOnly: each time-out halves the batch, down to the smallest; after any other error, and after a time-out
// of the smallest, the clean-up ends with what it has deleted.
func TestBatchesShrinkByTimeoutsOnly(t *testing.T) {
	t.Parallel()
	timeout := &pgconn.PgError{Code: "57014"}
	for name, c := range map[string]struct {
		fails func(limit int) error
		want  []int
	}{
		"always too slow": {func(int) error { return timeout }, []int{2000, 1000, 500, 250, 125, 62, 50}},
		"above 300":       {func(limit int) error { return ifSo(limit > 300, timeout, nil) }, []int{2000, 1000, 500, 250, 250, 250}},
		"another error":   {func(int) error { return &pgconn.PgError{Code: "42P01"} }, []int{2000}},
		"then an error":   {func(limit int) error { return ifSo(limit < 2000, errors.New("away"), timeout) }, []int{2000, 1000}},
		"none":            {func(int) error { return nil }, []int{2000, 2000, 2000}},
	} {
		var limits []int
		worked := 0
		one := postgres.NewCleanup(func(_ context.Context, limit int) (int, bool, error) {
			limits = append(limits, limit)
			err := c.fails(limit)
			if err == nil {
				worked++
			}
			return 1, worked == 3, err
		})
		deleted, err := one.RunBatches(t.Context(), postgres.CleanBatch, few(20))
		wantSame(t, name, limits, c.want)
		wantEqual(t, name+": deleted", deleted, len(c.want))
		wantEqual(t, name+": fails", err != nil, worked < 3)
	}
}

// ifSo is one of two errors.
func ifSo(holds bool, then, otherwise error) error {
	if holds {
		return then
	}
	return otherwise
}

// few lets so many batches begin: a clean-up that does not end by itself fails its test, instead of hanging.
func few(batches int) func() bool {
	return func() bool {
		batches--
		return batches >= 0
	}
}

// TestBusyChangesKeepNoneWaiting: changes that wait for a receiver stand before those that can go.
func TestBusyChangesKeepNoneWaiting(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.endpoint("", "")
	for i := range 7 {
		b.booked(b.at("instant", float64(i), float64(i+1)))
	}
	b.exec(`DELETE FROM webhook_deliveries WHERE endpoint_id = $1 AND event_id IN (SELECT id FROM events ORDER BY at DESC LIMIT 2)`, e.ID)
	b.exec(`UPDATE events SET at = at - interval '31 days'`)
	c := postgres.NewCleaner(b.DB, postgres.Retention{Changes: month})
	wantEqual(t, "the first five are needed", b.batches(c, "events", 5, 1), 0)
	wantEqual(t, "the next sweep goes on behind them", b.batches(c, "events", 5, 1), 2)
	b.exec(`DELETE FROM webhook_deliveries`)
	wantEqual(t, "and then begins anew", b.batches(c, "events", 5, 1), 5)
}

// TestWhatLostIsErased: a creation that lost its slot can be read for a while, and then leaves nothing behind.
func TestWhatLostIsErased(t *testing.T) {
	t.Parallel()
	b := setup(t)
	late := b.at("instant", 9, 10)
	lost := b.create(late)
	must(b.Commit(b.ctx, booking.CommitInput{
		BookingID: late.ID, ActionID: lost.ID, Actor: lost.Actor,
		Refusal: &booking.Refusal{Code: fault.SlotTaken, Message: "The time slot is already taken."},
	}))
	keep := forever
	keep.Refusals = 24 * time.Hour
	wantEqual(t, "at once", b.cleaned("refused_actions", keep), 0)
	a, _, err := b.Outcome(b.ctx, lost.ID)
	check(t, err)
	wantEqual(t, "whoever waits reads", a.Code, fault.SlotTaken)
	v := b.booked(b.at("instant", 11, 12))
	b.exec(`UPDATE actions SET decided_at = decided_at - interval '25 hours'`)
	waits := must(b.InsertAction(b.ctx, action(v, "cancel"), ""))
	wantEqual(t, "a day later", b.cleaned("refused_actions", keep), 1)
	wantSame(t, "left", column[string](b, `SELECT status FROM actions ORDER BY created_at`), []string{"applied", "pending"})
	wantEqual(t, "what is pending", must(b.Action(b.ctx, waits.ID)).Status, booking.Pending)
}

// TestUnwatchedTakeTurns: bookings that cannot be resumed do not keep others from their turn.
func TestUnwatchedTakeTurns(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for i := range 5 {
		b.booked(b.at("instant_payment", float64(i), float64(i+1)))
	}
	b.exec(`UPDATE bookings SET deadline_at = now() - interval '7 minutes'`)
	seen := map[string]int{}
	take := func(lease time.Duration) (n int) {
		for _, o := range must(b.BookingsWithOverdueTimer(b.ctx, time.Minute, lease, 2)) {
			seen[o.Booking.ID.String()]++
			n++
		}
		return n
	}
	for _, want := range []int{2, 2, 1, 0} {
		wantEqual(t, "handed out", take(time.Minute), want)
	}
	wantEqual(t, "all had their turn", len(seen), 5)
	for range 5 {
		take(0)
	}
	for id, n := range seen { // of bookings that are handed out together, any comes first the next time
		if n < 2 || n > 4 {
			t.Errorf("%s had %d turns of 15", id, n)
		}
	}
}

// TestUnwatchedAreHandedOutOnce: what one sweep is claiming is left to it by another, which does not wait either. So it is with many
// at once.
func TestUnwatchedAreHandedOutOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for i := range 24 {
		b.booked(b.at("instant_payment", float64(i), float64(i+1)))
	}
	b.exec(`UPDATE bookings SET deadline_at = now() - interval '7 minutes'`)
	impatient, err := postgres.Open(b.ctx, strings.ReplaceAll(b.url, "lock_timeout=120s", "lock_timeout=50ms"), 8)
	check(t, err)
	defer impatient.Close()
	other, err := b.look.Begin(b.ctx)
	check(t, err)
	defer func() { _ = other.Rollback(b.ctx) }()
	_, err = other.Exec(b.ctx, `UPDATE bookings SET resumed_at = now() WHERE id IN (SELECT id FROM bookings ORDER BY id LIMIT 4)`)
	check(t, err)
	wantEqual(t, "beside another sweep", len(must(impatient.BookingsWithOverdueTimer(b.ctx, time.Minute, time.Minute, 3))), 3)
	var mu sync.Mutex
	seen := map[string]int{}
	together(8, func(int) {
		for range 4 {
			for _, o := range must(impatient.BookingsWithOverdueTimer(b.ctx, time.Minute, time.Minute, 3)) {
				mu.Lock()
				seen[o.Booking.ID.String()]++
				mu.Unlock()
			}
		}
	})
	check(t, other.Commit(b.ctx))
	wantEqual(t, "handed out to somebody", len(seen), 24-4-3)
	for id, n := range seen {
		wantEqual(t, "turns of "+id, n, 1)
	}
	wantEqual(t, "and nothing more", len(must(b.BookingsWithOverdueTimer(b.ctx, time.Minute, time.Minute, 30))), 0)
}
