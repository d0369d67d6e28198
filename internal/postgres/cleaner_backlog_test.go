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
	wantEqual(t, "nothing waits", empty.PendingAction+empty.OverdueTimer+empty.DueDelivery+empty.DueEffect+time.Duration(empty.DueDeliveries), 0)
	wantEqual(t, "kinds", len(empty.PastRetention), len(c.Cleanups))
	for _, cleanup := range c.Cleanups {
		if _, ok := empty.PastRetention[cleanup.Name]; !ok {
			t.Errorf("nothing tells how far %s are past their retention", cleanup.Name)
		}
	}
	for kind, past := range empty.PastRetention {
		wantEqual(t, kind, past, 0)
	}
	active, paused, broken := b.endpoint("", ""), b.endpoint("", ""), b.endpoint("", "")
	v := b.booked(b.at("instant_payment", 9, 10))
	must(b.InsertAction(b.ctx, action(v, "cancel"), ""))
	b.createRequest(b.request())
	b.exec(`UPDATE webhook_endpoints SET status = 'paused', reason = 'by_hand' WHERE id = $1`, paused.ID)
	b.exec(`UPDATE webhook_endpoints SET open_until = now() + interval '1 minute' WHERE id = $1`, broken.ID)
	b.exec(`UPDATE webhook_deliveries SET next_at = now() - interval '2 hours', created_at = now() - interval '3 hours'`)
	b.exec(`UPDATE actions SET created_at = now() - interval '4 hours' WHERE status = 'pending'`)
	b.exec(`UPDATE bookings SET deadline_at = now() - interval '5 hours'`)
	b.exec(`INSERT INTO events (id, app_id, seq, type, data, at) VALUES ($1, $2, 0, 'endpoint.paused', '{}', now() - interval '7 hours')`,
		newID(), b.app.ID)
	b.exec(`UPDATE events SET at = now() - interval '9 hours' WHERE booking_id IS NOT NULL`) // their deliveries wait
	b.exec(`INSERT INTO webhook_endpoints (id, app_id, url, purpose, secret, updated_at)
		VALUES ($1, $2, 'http://127.0.0.1', 'reminder', '', now() - interval '32 hours')`, newID(), b.app.ID)
	b.exec(`UPDATE scheduling_requests SET looked_at = now() - interval '6 hours'`)
	for nth, due := range []string{"now() - interval '11 hours'", "now() - interval '12 hours'"} { // the second waits for the first
		b.exec(`INSERT INTO effects (id, app_id, booking_id, seq, nth, kind, parameters, next_at)
			VALUES ($1, $2, $3, 1, $4, 'call', '{}', `+due+`)`, newID(), b.app.ID, v.ID, nth+1)
	}
	found := must(c.Backlog(b.ctx))
	wantEqual(t, "due", found.DueDeliveries, 1)
	for what, ages := range map[string][2]time.Duration{
		"due delivery": {found.DueDelivery, 2 * time.Hour}, "due effect": {found.DueEffect, 11 * time.Hour}, "paused": {found.PastRetention["paused_deliveries"], 2 * time.Hour},
		"pending action": {found.PendingAction, 4 * time.Hour}, "timer": {found.OverdueTimer, 5 * time.Hour},
		"events": {found.PastRetention["events"], 6 * time.Hour}, "targets": {found.PastRetention["reminder_targets"], 8 * time.Hour},
		"request": {found.PastRetention["scheduling_requests"], 5 * time.Hour}, "keys": {found.PastRetention["idempotency_keys"] + time.Hour, time.Hour},
	} {
		wantEqual(t, what, ages[0].Round(time.Hour), ages[1])
	}
	_ = active
}
