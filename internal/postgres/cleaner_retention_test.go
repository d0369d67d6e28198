package postgres_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/outbox"
	"holdfast/internal/postgres"
)

const month = 30 * 24 * time.Hour

// forever keeps everything; a test shortens what it is about.
var forever = postgres.Retention{
	Operations: 100 * month, Claims: 100 * month, Refusals: 100 * month, Changes: 100 * month, Paused: 100 * month, Requests: 100 * month,
	Backlog: 1_000_000,
}

// cleanup is one clean-up of a cleaner, by its name.
func cleanup(t testing.TB, c *postgres.Cleaner, name string) postgres.Cleanup {
	t.Helper()
	for _, one := range c.Cleanups {
		if one.Name == name {
			return one
		}
	}
	t.Fatalf("no clean-up is called %s", name)
	return postgres.Cleanup{}
}

// batches lets a clean-up do so many batches of limit rows, and counts what is deleted.
func (b *bundle) batches(c *postgres.Cleaner, name string, limit, n int) int {
	b.t.Helper()
	deleted, err := cleanup(b.t, c, name).RunBatches(b.ctx, limit, func() bool { n--; return n >= 0 })
	check(b.t, err)
	return deleted
}

// cleaned runs one clean-up to its end.
func (b *bundle) cleaned(name string, keep postgres.Retention) int {
	b.t.Helper()
	return b.batches(postgres.NewCleaner(b.DB, keep), name, postgres.CleanBatch, 1000)
}

// forgotten lets deliveries and changes of a month ago go, one batch of each.
func (b *bundle) forgotten(limit int) string {
	b.t.Helper()
	c := postgres.NewCleaner(b.DB, postgres.Retention{Changes: month})
	deliveries := b.batches(c, "deliveries", limit, 1)
	return fmt.Sprintf("%d %d", deliveries, b.batches(c, "events", limit, 1))
}

func TestForgetChanges(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e, slow := b.endpoint("", ""), b.endpoint("", "")
	var told []uuid.UUID
	for i := range 5 {
		told = append(told, b.booked(b.at("instant", float64(i), float64(i+1))).ID)
	}
	b.exec(`DELETE FROM webhook_deliveries WHERE endpoint_id = $1 AND booking_id <> $2`, slow.ID, told[1])
	for _, d := range b.claim(e) {
		b.finish(e, d, 200, postgres.DeliveryUpdate{Status: postgres.Delivered})
	}
	must(b.CreateTestDelivery(b.ctx, e.ID, sample(b, "booking.confirmed"), newID()))
	b.exec(`UPDATE webhook_deliveries SET status = 'exhausted', finished_at = now() WHERE test`)
	b.exec(`INSERT INTO events (id, app_id, seq, type, data, at) VALUES ($1, $2, 0, 'endpoint.paused', '{}', now())`, newID(), b.app.ID)
	wantEqual(t, "when nothing is old", b.forgotten(100), "0 0")
	b.exec(`UPDATE events SET at = at - interval '31 days' WHERE booking_id IS DISTINCT FROM $1`, told[0])
	b.exec(`UPDATE webhook_deliveries SET created_at = created_at - interval '31 days', next_at = next_at - interval '31 days'`)
	b.exec(`UPDATE webhook_deliveries SET finished_at = finished_at - interval '31 days' WHERE booking_id IS DISTINCT FROM $1`, told[2])
	b.exec(`UPDATE webhook_deliveries SET finished_at = now() - interval '29 days' WHERE booking_id = $1`, told[0])
	// The first is young; the second's delivery to the other waits; the third's has ended just now.
	wantEqual(t, "at most two of each", b.forgotten(2), "2 0") // of the two oldest changes, both are needed
	wantEqual(t, "and the rest", b.forgotten(100), "2 4")
	wantEqual(t, "and nothing more", b.forgotten(100), "0 0")
	left := column[uuid.UUID](b, `SELECT booking_id FROM events ORDER BY booking_id`)
	wantSame(t, "left", left, sorted(told[:3]...))
	b.wantCount(1, `SELECT count(*) FROM webhook_deliveries WHERE status = 'pending'`)
	b.wantCount(3, `SELECT count(*) FROM webhook_deliveries`)
	b.wantCount(2, `SELECT count(*) FROM webhook_attempts`)
	b.wantCount(5, `SELECT count(*) FROM bookings`)
	wantSame(t, "the one that waits is sent", story(b.claim(slow)), []string{"booking.confirmed/1"})
}

// TestForgettingMeetsReplays deletes old changes while an endpoint asks for them: each is either gone or on its way.
func TestForgettingMeetsReplays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for i := range 40 {
		b.booked(b.at("instant", float64(i), float64(i+1)))
	}
	b.exec(`UPDATE events SET at = at - interval '31 days'`)
	endpoints := []*outbox.Endpoint{b.endpoint("", ""), b.endpoint("", "")}
	errs := make([]error, 4)
	together(len(errs), func(i int) {
		if i < 2 {
			_, errs[i] = b.ReplayDeliveries(b.ctx, b.app.ID, endpoints[i].ID, past(true))
			return
		}
		c := postgres.NewCleaner(b.DB, postgres.Retention{Changes: month})
		for range 8 {
			once := true
			_, err := cleanup(t, c, "events").RunBatches(b.ctx, 7, func() bool { defer func() { once = false }(); return once })
			errs[i] = errors.Join(errs[i], err)
		}
	})
	for _, err := range errs {
		check(t, err)
	}
	b.wantCount(b.count(`SELECT count(*) FROM events`), `SELECT count(DISTINCT event_id) FROM webhook_deliveries WHERE status = 'pending'`)
	b.wantNoDeadlock()
}
