package postgres_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/outbox"
	"holdfast/internal/postgres"
)

// TestTargetsInUseAreNotLocked: a crowd of bookings that share a target does not queue for its row, which nobody writes to.
func TestTargetsInUseAreNotLocked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.coming("instant", 9, 10)
	e := b.reminder(v, 0, 1, "a")
	b.create(v)
	holder, err := b.look.Begin(b.ctx)
	check(t, err)
	_, err = holder.Exec(b.ctx, `SELECT FROM webhook_endpoints WHERE id = $1 FOR NO KEY UPDATE`, e.ID)
	check(t, err)
	other := b.coming("instant", 11, 12)
	b.reminder(other, 0, 1, "a")
	b.create(other) // or the lock's time-out ends it
	check(t, holder.Rollback(b.ctx))
	wantEqual(t, "shared", b.targets(other)[0], e.ID)
}

// forgetTargets runs the clean-up of reminders' targets.
func (b *bundle) forgetTargets() (int, error) {
	cleaner := postgres.NewCleaner(b.DB, postgres.Retention{})
	i := slices.IndexFunc(cleaner.Cleanups, func(c postgres.Cleanup) bool { return c.Name == "reminder_targets" })
	return cleaner.Cleanups[i].Run(b.ctx, time.Now().Add(time.Minute))
}

// TestForgetReminderTargets: a target goes when nothing of it may still come, and not before; the booking still tells what its
// reminders were. What comes for it anew makes it anew.
func TestForgetReminderTargets(t *testing.T) {
	t.Parallel()
	b := setup(t)
	subscription := b.endpoint("", "")
	v := b.coming("instant", 9, 10)
	for i, path := range []string{"waits", "new", "told", "done", "late"} {
		b.reminder(v, i, 1, path)
	}
	b.create(v)
	e := b.targets(v)
	b.exec(`UPDATE webhook_endpoints SET updated_at = now() - interval '25 hours' WHERE id <> $1`, e[1])
	b.exec(`UPDATE webhook_endpoints SET updated_at = now() - interval '23 hours' WHERE id = $1`, e[1])
	b.exec(`UPDATE reminders SET done_at = now() WHERE number IN (1, 2, 3)`)
	b.exec(`UPDATE reminders SET at = now() - interval '31 days' WHERE number = 4`)
	b.exec(`WITH told AS (INSERT INTO events (id, app_id, booking_id, seq, type, data, at, reminder)
			VALUES (gen_random_uuid(), $1, $2, 1, 'booking.reminder', '{}', now(), 2) RETURNING id)
		INSERT INTO webhook_deliveries (id, endpoint_id, event_id, booking_id, seq) SELECT gen_random_uuid(), $3, id, $2, 1 FROM told`,
		b.app.ID, v.ID, e[2])
	wantEqual(t, "forgotten", must(b.forgetTargets()), 2)
	wantEqual(t, "and no more", must(b.forgetTargets()), 0)
	b.wantCount(3, `SELECT count(*) FROM webhook_endpoints WHERE purpose = 'reminder' AND id IN ($1, $2, $3)`, e[0], e[1], e[2])
	b.wantCount(1, `SELECT count(*) FROM webhook_endpoints WHERE id = $1`, subscription.ID)
	if list := string(must(b.ReminderSettings(b.ctx, v.ID))); strings.Count(list, "number") != 5 {
		t.Errorf("its reminders were %s", list)
	}
	wantEqual(t, "a reminder that is far too late", len(b.remind(v, 4)), 0)
	other := b.coming("instant", 11, 12)
	b.reminder(other, 0, 1, "done")
	b.create(other)
	b.wantCount(1, `SELECT count(*) FROM webhook_endpoints WHERE url = 'https://example.com/done' AND status = 'active'`)
}

// TestAForgottenTargetIsMadeAnew lets bookings be made while targets are forgotten: no reminder is without a target.
func TestAForgottenTargetIsMadeAnew(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for round := range 5 {
		made := make([]*booking.Booking, 6)
		for i := range made {
			made[i] = b.coming("instant", float64(100*round+2*i), float64(100*round+2*i+1))
			b.reminder(made[i], 0, 1, "shared")
		}
		b.exec(`UPDATE webhook_endpoints SET updated_at = now() - interval '25 hours'`)
		b.exec(`UPDATE reminders SET done_at = now()`)
		together(2*len(made), func(i int) {
			if i%2 == 0 {
				b.create(made[i/2])
			} else if _, err := b.forgetTargets(); err != nil {
				t.Error(err)
			}
		})
		b.wantCount(0, `SELECT count(*) FROM reminders WHERE done_at IS NULL AND endpoint_id IS NULL`)
		b.wantCount(len(made), `SELECT count(*) FROM reminders WHERE done_at IS NULL`)
	}
	b.wantNoDeadlock()
}

// TestAttemptsTogether puts a mixed batch on record: each delivery gets its own verdict, and the endpoint is judged as if they had
// come one by one.
func TestAttemptsTogether(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.endpoint("", "")
	for i := range 14 {
		b.booked(b.at("instant", float64(i), float64(i+1)))
	}
	due := b.claim(e)
	wantEqual(t, "claimed", len(due), 14)
	batch := func(from, to int, status int, v postgres.DeliveryUpdate) (all []postgres.Finished) {
		for _, d := range due[from:to] {
			all = append(all, postgres.Finished{Attempt: attempt(d, status), Verdict: v})
		}
		return all
	}
	waiting := postgres.DeliveryUpdate{Status: postgres.Waiting, Next: time.Now().Add(time.Hour)}
	unsent := waiting
	unsent.Unsent = true
	mixed := append(batch(0, 5, 500, waiting), batch(5, 6, 200, postgres.DeliveryUpdate{Status: postgres.Delivered})...)
	mixed = append(mixed, append(batch(6, 8, 500, waiting), batch(8, 9, 0, unsent)...)...)
	out := must(b.FinishAttempts(b.ctx, e.ID, mixed))
	health := must(b.Endpoint(b.ctx, e.AppID, e.ID)).Health
	wantEqual(t, "two failures since the success", fmt.Sprint(health.Failures, out.Resting, health.SucceededAt != nil), "2 false true")
	b.wantCount(9, `SELECT count(*) FROM webhook_attempts`)
	b.wantCount(8, `SELECT count(*) FROM webhook_deliveries WHERE status = 'pending' AND next_at > now() + interval '59 minutes' AND claimed_by IS NULL`)
	b.wantCount(1, `SELECT count(*) FROM webhook_deliveries WHERE status = 'delivered' AND claimed_by IS NULL`)
	b.exec(`UPDATE webhook_endpoints SET failures = 6`)
	out = must(b.FinishAttempts(b.ctx, e.ID, batch(9, 14, 500, waiting)))
	wantEqual(t, "the breaker is open", out.Resting, true)
	_, err := b.FinishAttempts(b.ctx, e.ID, append(batch(0, 1, 200, postgres.DeliveryUpdate{Status: postgres.Delivered}),
		postgres.Finished{Attempt: attempt(outbox.ClaimedDelivery{ID: newID(), Attempt: 1}, 200), Verdict: postgres.DeliveryUpdate{Status: postgres.Delivered}}))
	wantCode(t, err, fault.NotFound)
	b.wantCount(1, `SELECT count(*) FROM webhook_deliveries WHERE status = 'delivered'`) // all or none
}
