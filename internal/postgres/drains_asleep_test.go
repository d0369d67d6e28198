package postgres_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/internal/booking"
	"holdfast/internal/postgres"
)

// unwoken are the deliveries that nobody is going to send: they are due, and their endpoint sleeps.
const unwoken = `
	SELECT count(*) FROM webhook_deliveries d JOIN webhook_endpoints w ON w.id = d.endpoint_id
	WHERE d.status = 'pending' AND d.next_at <= now() AND NOT w.awake`

func TestFallAsleep(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.endpoint("", "")
	wantEqual(t, "with nothing to send", must(b.MarkIdle(b.ctx, e.ID)).IsZero(), true)

	v, out := b.book(b.at("instant", 9, 10))
	wantEqual(t, "woken", len(out.Wake), 1)
	if due := must(b.MarkIdle(b.ctx, e.ID)); due.IsZero() || due.After(time.Now()) {
		t.Errorf("something is due, and it says %v", due)
	}
	b.wantCount(1, `SELECT count(*) FROM webhook_endpoints WHERE awake`)

	d := b.claim(e)[0]
	later := time.Now().Add(time.Hour).Truncate(time.Microsecond)
	b.finish(e, d, 500, postgres.DeliveryUpdate{Status: postgres.Waiting, Next: later})
	wantEqual(t, "until the retry", must(b.MarkIdle(b.ctx, e.ID)).Equal(later), true)
	b.wantCount(0, `SELECT count(*) FROM webhook_endpoints WHERE awake`)

	// What has to wait for the retry is not due, however old it is: else the sender would run in circles.
	_, out = b.play(v, "cancel")
	wantEqual(t, "woken", len(out.Wake), 1)
	wantEqual(t, "claimed", len(b.claim(e)), 0)
	wantEqual(t, "until the retry of the first", must(b.MarkIdle(b.ctx, e.ID)).Equal(later), true)
}

// TestFallAsleepMissesNothing lets a sender fall asleep again and again while 50 commits write deliveries.
func TestFallAsleepMissesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.endpoint("", "")
	const crowd = 50
	ins := make([]booking.CommitInput, crowd)
	for i := range ins {
		v := b.at("instant", float64(i), float64(i+1))
		ins[i] = commit(v, b.create(v))
	}
	var wakes, slept atomic.Int64
	var done atomic.Bool
	var sender sync.WaitGroup
	sender.Go(func() {
		for !done.Load() {
			next, err := b.MarkIdle(b.ctx, e.ID)
			if err != nil {
				t.Error(err)
				return
			}
			if next.IsZero() {
				slept.Add(1)
				continue
			}
			for _, d := range must(b.ClaimDeliveries(b.ctx, e.ID, postgres.Claim{Limit: 16, Lease: lease, Ordered: true})) {
				b.finish(e, d, 200, postgres.DeliveryUpdate{Status: postgres.Delivered})
			}
		}
	})
	together(crowd, func(i int) {
		out, err := b.Commit(b.ctx, ins[i])
		if err != nil {
			t.Error(err)
		}
		wakes.Add(int64(len(out.Wake)))
		b.wantCount(0, unwoken)
	})
	done.Store(true)
	sender.Wait()
	b.wantCount(0, unwoken)
	b.wantCount(crowd, `SELECT count(*) FROM webhook_deliveries`)
	if wakes.Load() == 0 {
		t.Errorf("never woken; fell asleep %d times", slept.Load())
	}
}

// TestFallAsleepWaitsForCommits stops a commit at its very end: it found the endpoint awake, and its delivery cannot be
// seen yet. Whoever falls asleep now has to wait for it.
func TestFallAsleepWaitsForCommits(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.endpoint("", "")
	b.booked(b.at("instant", 9, 10))
	b.finish(e, b.claim(e)[0], 200, postgres.DeliveryUpdate{Status: postgres.Delivered})
	b.exec(`CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END'`)
	b.exec(`CREATE CONSTRAINT TRIGGER stop AFTER INSERT ON webhook_deliveries DEFERRABLE INITIALLY DEFERRED
		FOR EACH ROW EXECUTE FUNCTION stop()`)
	gate, err := b.look.Begin(b.ctx)
	check(t, err)
	_, err = gate.Exec(b.ctx, `SELECT pg_advisory_xact_lock(1)`)
	check(t, err)

	v := b.at("instant", 10, 11)
	in := commit(v, b.create(v))
	var both sync.WaitGroup
	var out booking.Outcome
	var next time.Time
	errs := make([]error, 2)
	both.Go(func() { out, errs[0] = b.Commit(b.ctx, in) })
	const waiting = `FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
	b.until(`SELECT count(*) = 1 ` + waiting)
	both.Go(func() { next, errs[1] = b.MarkIdle(b.ctx, e.ID) })
	b.until(`SELECT NOT (SELECT awake FROM webhook_endpoints) OR count(*) = 2 ` + waiting)
	check(t, gate.Rollback(b.ctx))
	both.Wait()
	check(t, errs[0])
	check(t, errs[1])
	wantEqual(t, "the commit wakes nobody", len(out.Wake), 0)
	wantEqual(t, "something is due", next.IsZero(), false)
	b.wantCount(0, unwoken)
}

// TestDisabledHearsNothing lets a receiver say that it is gone while commits write deliveries for it.
func TestDisabledHearsNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for round := range 6 {
		e := b.endpoint("", "")
		b.booked(b.at("instant", float64(100*round), float64(100*round+1)))
		d := b.claim(e)[0]
		ins := make([]booking.CommitInput, 8)
		for i := range ins {
			v := b.at("instant", float64(100*round+i+1), float64(100*round+i+2))
			ins[i] = commit(v, b.create(v))
		}
		errs := make([]error, len(ins)+1)
		together(len(errs), func(i int) {
			if i < len(ins) {
				_, errs[i] = b.Commit(b.ctx, ins[i])
				return
			}
			_, errs[i] = b.FinishAttempt(b.ctx, e.ID, attempt(d, 410), postgres.DeliveryUpdate{Status: postgres.Cancelled, Disable: true})
		})
		for _, err := range errs {
			check(t, err)
		}
		b.wantCount(0, `SELECT count(*) FROM webhook_deliveries d JOIN webhook_endpoints w ON w.id = d.endpoint_id
			WHERE w.status = 'disabled' AND (d.status = 'pending' OR w.awake)`)
	}
	b.sound()
}
