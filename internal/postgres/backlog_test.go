package postgres_test

import (
	"testing"
	"time"

	"holdfast/internal/postgres"
)

// TestBacklog: ages are of the oldest, and what nobody is sent to is not due.
func TestBacklog(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := postgres.NewCleaner(b.DB, postgres.Retention{
		Operations: time.Hour, Claims: time.Hour, Refusals: time.Hour, Changes: time.Hour, Paused: time.Hour, Requests: time.Hour,
	})
	empty := must(c.Backlog(b.ctx))
	wantEqual(t, "nothing waits", empty.PendingAction+empty.OverdueTimer+empty.DueDelivery+time.Duration(empty.DueDeliveries), 0)
	wantEqual(t, "kinds", len(empty.PastRetention), 6)
	for kind, past := range empty.PastRetention {
		wantEqual(t, kind, past, 0)
	}
	active, paused, broken := b.endpoint("", ""), b.endpoint("", ""), b.endpoint("", "")
	v := b.booked(b.at("instant_payment", 9, 10))
	must(b.Request(b.ctx, action(v, "cancel"), ""))
	b.createRequest(b.request())
	b.exec(`UPDATE webhook_endpoints SET status = 'paused', reason = 'by_hand' WHERE id = $1`, paused.ID)
	b.exec(`UPDATE webhook_endpoints SET open_until = now() + interval '1 minute' WHERE id = $1`, broken.ID)
	b.exec(`UPDATE webhook_deliveries SET next_at = now() - interval '2 hours', created_at = now() - interval '3 hours'`)
	b.exec(`UPDATE actions SET created_at = now() - interval '4 hours' WHERE status = 'pending'`)
	b.exec(`UPDATE bookings SET deadline_at = now() - interval '5 hours'`)
	b.exec(`UPDATE scheduling_requests SET looked_at = now() - interval '6 hours'`)
	found := must(c.Backlog(b.ctx))
	wantEqual(t, "due", found.DueDeliveries, 1)
	for what, ages := range map[string][2]time.Duration{
		"due delivery": {found.DueDelivery, 2 * time.Hour}, "paused": {found.PastRetention["paused_deliveries"], 2 * time.Hour},
		"pending action": {found.PendingAction, 4 * time.Hour}, "timer": {found.OverdueTimer, 5 * time.Hour},
		"request": {found.PastRetention["scheduling_requests"], 5 * time.Hour}, "keys": {found.PastRetention["idempotency_keys"] + time.Hour, time.Hour},
	} {
		wantEqual(t, what, ages[0].Round(time.Hour), ages[1])
	}
	_ = active
}
