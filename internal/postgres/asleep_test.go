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
	wantEqual(t, "with nothing to send", must(b.FallAsleep(b.ctx, e.ID)).IsZero(), true)

	v, out := b.book(b.at("instant", 9, 10))
	wantEqual(t, "woken", len(out.Wake), 1)
	if due := must(b.FallAsleep(b.ctx, e.ID)); due.IsZero() || due.After(time.Now()) {
		t.Errorf("something is due, and it says %v", due)
	}
	b.wantCount(1, `SELECT count(*) FROM webhook_endpoints WHERE awake`)

	d := b.claim(e)[0]
	later := time.Now().Add(time.Hour).Truncate(time.Microsecond)
	b.finish(e, d, 500, postgres.Verdict{Status: postgres.Waiting, Next: later})
	wantEqual(t, "until the retry", must(b.FallAsleep(b.ctx, e.ID)).Equal(later), true)
	b.wantCount(0, `SELECT count(*) FROM webhook_endpoints WHERE awake`)

	// What has to wait for the retry is not due, however old it is: else the sender would run in circles.
	_, out = b.play(v, "cancel")
	wantEqual(t, "woken", len(out.Wake), 1)
	wantEqual(t, "claimed", len(b.claim(e)), 0)
	wantEqual(t, "until the retry of the first", must(b.FallAsleep(b.ctx, e.ID)).Equal(later), true)
}

// TestFallAsleepMissesNothing lets a sender fall asleep again and again while 50 commits write deliveries.
func TestFallAsleepMissesNothing(t *testing.T) {
	t.Parallel()
	for range 3 {
		b := setup(t)
		e := b.endpoint("", "")
		const crowd = 50
		ins := make([]booking.Commit, crowd)
		for i := range ins {
			v := b.at("instant", float64(i), float64(i+1))
			ins[i] = commit(v, b.create(v))
		}
		var wakes, slept atomic.Int64
		var done atomic.Bool
		var sender sync.WaitGroup
		sender.Go(func() {
			for !done.Load() {
				next, err := b.FallAsleep(b.ctx, e.ID)
				if err != nil {
					t.Error(err)
					return
				}
				if next.IsZero() {
					slept.Add(1)
					continue
				}
				for _, d := range must(b.Claim(b.ctx, e.ID, 16, lease)) {
					b.finish(e, d, 200, postgres.Verdict{Status: postgres.Delivered})
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
}

// TestDisabledHearsNothing lets a receiver say that it is gone while commits write deliveries for it.
func TestDisabledHearsNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for round := range 10 {
		e := b.endpoint("", "")
		b.booked(b.at("instant", float64(100*round), float64(100*round+1)))
		d := b.claim(e)[0]
		ins := make([]booking.Commit, 8)
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
			errs[i] = b.FinishAttempt(b.ctx, e.ID, attempt(d, 410), postgres.Verdict{Status: postgres.Cancelled, Disable: true})
		})
		for _, err := range errs {
			check(t, err)
		}
		b.wantCount(0, `SELECT count(*) FROM webhook_deliveries d JOIN webhook_endpoints w ON w.id = d.endpoint_id
			WHERE w.status = 'disabled' AND (d.status = 'pending' OR w.awake)`)
	}
	b.sound()
}

func TestOverdueEndpoints(t *testing.T) {
	t.Parallel()
	b := setup(t)
	late, fresh, retrying, gone := b.endpoint("", ""), b.endpoint("", ""), b.endpoint("", ""), b.endpoint("", "")
	b.played(b.booked(b.at("instant", 9, 10)), "cancel")
	overdue := func() []string {
		var names []string
		for _, id := range must(b.OverdueEndpoints(b.ctx, 30*time.Second, 10)) {
			names = append(names, id.String())
		}
		return names
	}
	wantEqual(t, "in a healthy run", len(overdue()), 0)
	b.exec(`UPDATE webhook_deliveries SET next_at = now() - interval '1 minute' WHERE endpoint_id <> $1`, fresh.ID)
	b.exec(`UPDATE webhook_deliveries SET next_at = now() + interval '1 minute' WHERE endpoint_id = $1 AND seq = 1`, retrying.ID)
	b.exec(`UPDATE webhook_endpoints SET status = 'disabled' WHERE id = $1`, gone.ID)
	wantSame(t, "overdue", overdue(), []string{late.ID.String()})
	for _, d := range b.claim(late) {
		b.finish(late, d, 200, postgres.Verdict{Status: postgres.Delivered})
	}
	wantSame(t, "its second", overdue(), []string{late.ID.String()})
	for _, d := range b.claim(late) {
		b.finish(late, d, 200, postgres.Verdict{Status: postgres.Delivered})
	}
	wantEqual(t, "after all is sent", len(overdue()), 0)
}

func TestOverdueActions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.booked(b.at("instant", 9, 10))
	unborn := b.at("instant", 10, 11)
	waits := []*booking.Action{b.create(unborn), must(b.Request(b.ctx, action(v, "cancel"), ""))}
	erased := action(v, "cancel")
	erased.BookingID = newID()
	waits = append(waits, must(b.Request(b.ctx, erased, "")))
	wantEqual(t, "in a healthy run", len(must(b.OverdueActions(b.ctx, 30*time.Second, 10))), 0)
	b.exec(`UPDATE actions SET signalled_at = now() - interval '1 minute'`)

	found := map[string]postgres.Overdue{}
	for range 2 {
		some := must(b.OverdueActions(b.ctx, 30*time.Second, 2))
		for _, o := range some {
			found[o.Action.ID.String()] = o
		}
	}
	wantEqual(t, "found", len(found), len(waits))
	wantEqual(t, "each is handed out once", len(must(b.OverdueActions(b.ctx, 30*time.Second, 10))), 0)
	for i, want := range []*booking.Booking{unborn, v, nil} {
		o := found[waits[i].ID.String()]
		if want == nil {
			wantEqual(t, "booking of an erased one", o.Booking, nil)
			continue
		}
		wantEqual(t, "booking", o.Booking.ID, want.ID)
		wantEqual(t, "state", o.Booking.State, b.known(want).State)
		wantEqual(t, "app", o.App, "acme")
		wantEqual(t, "name", o.Action.Name, waits[i].Name)
	}
	for _, a := range waits[:2] {
		must(b.Commit(b.ctx, commit(b.known(&booking.Booking{ID: a.BookingID, AppID: a.AppID}), a)))
	}
	b.exec(`UPDATE actions SET signalled_at = now() - interval '1 minute'`)
	left := must(b.OverdueActions(b.ctx, 30*time.Second, 10))
	wantEqual(t, "with no outcome", len(left), 1)
	b.wantCount(1, `SELECT count(*) FROM actions WHERE status = 'pending' AND signalled_at > now() - interval '10 seconds'`)
}
