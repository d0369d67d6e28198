package postgres_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"holdfast/internal/fault"
	"holdfast/internal/outbox"
	"holdfast/internal/postgres"
)

// TestTroubleWithoutDeadlocks does to endpoints that all hear of each other whatever can be done, while bookings are made,
// moved and ended: each of it locks several endpoints.
func TestTroubleWithoutDeadlocks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	all := []*outbox.Endpoint{b.endpoint("", ""), b.endpoint("", "rescheduled_by_customer"), b.endpoint("", "confirmed"), b.endpoint("", "")}
	for _, e := range all {
		e.EventTypes = []string{"booking.*", "endpoint.*"}
		b.changed(e)
	}
	hour := 0.0
	for round := range 12 {
		var does []func() error
		for i := range 6 {
			hour += 2
			made := b.at("instant", hour, hour+1)
			in := commit(made, b.create(made))
			old := b.booked(b.at("instant", 1000+hour, 1001+hour))
			moved := b.instead(old, 2000+hour, 2001+hour)
			then := commit(moved, b.create(moved))
			e := all[i%len(all)]
			does = append(does,
				func() error { _, err := b.Commit(b.ctx, in); return err },
				func() error { _, err := b.Commit(b.ctx, then); return err },
				func() error { _, _, err := b.PauseEndpoint(b.ctx, e.AppID, e.ID); return err },
				func() error { _, _, err := b.ResumeEndpoint(b.ctx, e.AppID, e.ID); return err },
				func() error {
					_, _, err := b.ChangeEndpoint(b.ctx, e.AppID, e.ID, func(e *outbox.Endpoint) error { e.Description = "x"; return nil })
					return err
				},
				func() error {
					_, err := b.RotateSecret(b.ctx, e.AppID, e.ID, newID(), []byte("x"), time.Hour)
					return err
				},
				func() error { _, err := b.MarkIdle(b.ctx, e.ID); return err },
				func() error {
					_, err := b.ReplayDeliveries(b.ctx, e.AppID, e.ID, postgres.Replay{Until: time.Now(), All: i%2 == 0, Operation: newID()})
					return unless(err, fault.InUse)
				},
			)
		}
		for i, e := range all {
			b.exec(`UPDATE webhook_endpoints SET failing_since = now() - interval '6 days', failures = 20, warned = $2 WHERE id = $1`, e.ID, round%2 == 0)
			for j, d := range b.claim(e) {
				v := postgres.DeliveryUpdate{Status: []string{postgres.Waiting, postgres.Exhausted, postgres.Delivered}[(i+j)%3], Next: time.Now()}
				if round%4 == i && j%2 == 0 {
					v = postgres.DeliveryUpdate{Status: postgres.Cancelled, Disable: true}
				}
				does = append(does, func() error { _, err := b.FinishAttempt(b.ctx, e.ID, attempt(d, 500), v); return err },
					func() error { _, err := b.Resend(b.ctx, e.AppID, d.ID, newID()); return unless(err, fault.InUse) })
			}
		}
		b.exec(`UPDATE webhook_endpoints SET awake = false WHERE random() < 0.5`)
		rand.Shuffle(len(does), func(i, j int) { does[i], does[j] = does[j], does[i] })
		errs := make([]error, len(does))
		together(len(does), func(i int) { errs[i] = does[i]() })
		for _, err := range errs {
			if err != nil {
				t.Errorf("round %d: %v", round, err)
			}
		}
		b.wantCount(0, `SELECT count(*) FROM webhook_deliveries d JOIN webhook_endpoints w ON w.id = d.endpoint_id
			WHERE w.status = 'disabled' AND (d.status = 'pending' OR w.awake)`)
		if t.Failed() {
			break
		}
	}
	b.wantNoDeadlock()
	b.sound()
}

// unless lets an error of a code pass.
func unless(err error, code fault.Code) error {
	if fault.CodeOf(err) == code {
		return nil
	}
	return err
}
