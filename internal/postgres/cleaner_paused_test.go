package postgres_test

import (
	"fmt"
	"testing"

	"github.com/google/uuid"

	"holdfast/internal/outbox"
	"holdfast/internal/postgres"
)

// waiting puts so many deliveries on record that wait for an endpoint, a second apart, the last one made just now.
func (b *bundle) waiting(e *outbox.Endpoint, count int) {
	b.t.Helper()
	b.exec(`WITH made AS (
			INSERT INTO events (id, app_id, booking_id, seq, type, data, at)
			SELECT gen_random_uuid(), $1, gen_random_uuid(), 1, 'booking.confirmed', '{}', now() - make_interval(secs => $2::int - n)
			FROM generate_series(1, $2::int) n RETURNING id, booking_id, seq, at)
		INSERT INTO webhook_deliveries (id, endpoint_id, event_id, booking_id, seq, created_at)
		SELECT gen_random_uuid(), $3, id, booking_id, seq, at FROM made`, b.app.ID, count, e.ID)
}

// TestPausedBacklogHasACap: of what waits for paused endpoints the oldest beyond the cap are dropped, in batches, and counted; tests and
// what waits for active endpoints are spared.
func TestPausedBacklogHasACap(t *testing.T) {
	t.Parallel()
	b := setup(t)
	many, few, active := b.endpoint("", ""), b.endpoint("", ""), b.endpoint("", "")
	for e, n := range map[*outbox.Endpoint]int{many: 30, few: 9, active: 20} {
		b.waiting(e, n)
	}
	b.pause(many)
	b.pause(few)
	b.exec(`UPDATE webhook_deliveries SET created_at = created_at - interval '31 days' WHERE id IN (
		SELECT id FROM webhook_deliveries WHERE endpoint_id = $1 ORDER BY created_at LIMIT 5)`, many.ID)
	must(b.CreateTestDelivery(b.ctx, many.ID, sample(b, "booking.confirmed"), newID()))
	newest := column[uuid.UUID](b, `SELECT id FROM webhook_deliveries WHERE endpoint_id = $1 ORDER BY created_at DESC LIMIT 11`, many.ID)

	keep := forever
	keep.Paused, keep.Backlog = month, 10
	c := postgres.NewCleaner(b.DB, keep)
	wantEqual(t, "at most a batch", b.batches(c, "paused_deliveries", 7, 1), 7)
	wantEqual(t, "the rest", b.batches(c, "paused_deliveries", 7, 100), 13)
	wantEqual(t, "and nothing more", b.batches(c, "paused_deliveries", 7, 100), 0)
	wantSame(t, "the newest and the test are left",
		column[uuid.UUID](b, `SELECT id FROM webhook_deliveries WHERE endpoint_id = $1 ORDER BY created_at DESC`, many.ID), newest)
	wantEqual(t, "told", fmt.Sprint(c.TakeDropped()), fmt.Sprint([]postgres.Dropped{{b.app.ID, many.ID, 5, 15, true}}))
	wantEqual(t, "told once", len(c.TakeDropped()), 0)
	for e, want := range map[*outbox.Endpoint][2]int{many: {11, 20}, few: {9, 0}, active: {20, 0}} {
		health := must(b.Endpoint(b.ctx, b.app.ID, e.ID)).Health
		wantEqual(t, "waiting and dropped", [2]int{health.Pending, health.Dropped}, want)
	}

	b.waiting(many, 2)
	b.batches(c, "paused_deliveries", 7, 100)
	wantEqual(t, "not the first ones of this pause", fmt.Sprint(c.TakeDropped()), fmt.Sprint([]postgres.Dropped{{b.app.ID, many.ID, 0, 2, false}}))
	b.resume(many)
	b.pause(many)
	b.waiting(many, 1)
	b.batches(postgres.NewCleaner(b.DB, keep), "paused_deliveries", 7, 100)
	wantEqual(t, "a new pause counts anew", must(b.Endpoint(b.ctx, b.app.ID, many.ID)).Health.Dropped, 1)
}

// TestPausedEndpointsTakeTurns: a run that ends early is gone on with where it ended, so that one large backlog does not keep the
// others from being dropped.
func TestPausedEndpointsTakeTurns(t *testing.T) {
	t.Parallel()
	b := setup(t)
	keep := forever
	keep.Backlog = 1
	for range 4 {
		e := b.endpoint("", "")
		b.pause(e)
		b.waiting(e, 3)
	}
	c := postgres.NewCleaner(b.DB, keep)
	for range 4 {
		wantEqual(t, "one endpoint in a run", b.batches(c, "paused_deliveries", 5, 1), 2)
	}
	wantEqual(t, "all had their turn", len(c.TakeDropped()), 4)
	b.wantCount(4, `SELECT count(*) FROM webhook_deliveries`)
}

// TestPausedBacklogMeetsCommits drops while others write deliveries, pause and resume: what is left is never less than the cap.
func TestPausedBacklogMeetsCommits(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.endpoint("", "")
	b.pause(e)
	keep := forever
	keep.Backlog = 10
	c := postgres.NewCleaner(b.DB, keep)
	const rounds = 40
	dropped := 0
	together(2, func(i int) {
		for n := range rounds {
			if i == 0 {
				b.booked(b.at("instant", float64(n), float64(n+1)))
				continue
			}
			dropped += b.batches(c, "paused_deliveries", 3, 4)
		}
	})
	dropped += b.batches(c, "paused_deliveries", 1000, 5)
	wantEqual(t, "dropped", dropped, rounds-10)
	b.wantCount(10, `SELECT count(*) FROM webhook_deliveries`)
	wantEqual(t, "counted", must(b.Endpoint(b.ctx, b.app.ID, e.ID)).Health.Dropped, rounds-10)
}
