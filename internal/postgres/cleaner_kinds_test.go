package postgres_test

import (
	"testing"
	"time"

	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/postgres"
)

// TestPausedBacklog: what waits for a paused endpoint has an age limit; what is dropped is counted until the endpoint is resumed.
func TestPausedBacklog(t *testing.T) {
	t.Parallel()
	b := setup(t)
	paused, failing := b.endpoint("", ""), b.endpoint("", "")
	erased := b.played(b.booked(b.at("instant", 9, 10)), "cancel")
	old := b.booked(b.at("instant", 10, 11))
	b.pause(paused)
	young := b.booked(b.at("instant", 11, 12))
	b.exec(`UPDATE webhook_deliveries SET created_at = created_at - interval '31 days' WHERE booking_id <> $1`, young.ID)
	b.exec(`DELETE FROM webhook_deliveries WHERE endpoint_id = $1 AND booking_id = $2`, failing.ID, erased.ID)
	check(t, b.DeleteBooking(b.ctx, b.app.ID, erased.ID))
	b.wantCount(2, `SELECT count(*) FROM events WHERE booking_id = $1`, erased.ID) // they wait
	keep := forever
	keep.Paused = month
	wantEqual(t, "dropped", b.cleaned("paused_deliveries", keep), 3)
	wantEqual(t, "and nothing more", b.cleaned("paused_deliveries", keep), 0)
	b.wantCount(0, `SELECT count(*) FROM events WHERE booking_id = $1`, erased.ID)
	b.wantCount(1, `SELECT count(*) FROM events WHERE booking_id = $1`, old.ID)
	b.wantCount(2, `SELECT count(*) FROM webhook_deliveries WHERE endpoint_id = $1`, failing.ID) // what fails is tried as long as its schedule says
	e := must(b.Endpoint(b.ctx, b.app.ID, paused.ID))
	wantEqual(t, "pending", e.Health.Pending, 1)
	wantEqual(t, "counted", e.Health.Dropped, 3)
	wantEqual(t, "when", e.Health.DroppedAt != nil && time.Since(*e.Health.DroppedAt) < time.Hour, true)
	b.resume(paused)
	e = must(b.Endpoint(b.ctx, b.app.ID, paused.ID))
	wantEqual(t, "counted since it was resumed", e.Health.Dropped, 0)
	wantEqual(t, "when", e.Health.DroppedAt, nil)
	wantEqual(t, "what is young is sent", len(b.claim(paused)), 1)
}

// TestPausedBacklogMeetsResume drops a backlog in small batches while its endpoint is paused and resumed.
func TestPausedBacklogMeetsResume(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.endpoint("", "")
	const all = 300
	b.exec(`INSERT INTO events (id, app_id, booking_id, seq, type, data, at)
		SELECT gen_random_uuid(), $1, gen_random_uuid(), 1, 'booking.confirmed', '{}', now() FROM generate_series(1, $2)`, b.app.ID, all)
	b.exec(`INSERT INTO webhook_deliveries (id, endpoint_id, event_id, booking_id, seq, created_at)
		SELECT gen_random_uuid(), $1, id, booking_id, seq, now() - interval '31 days' FROM events`, e.ID)
	keep := forever
	keep.Paused = month
	dropped := make([]int, 2)
	together(4, func(i int) {
		if i < 2 {
			for range 20 {
				dropped[i] += b.batches(postgres.NewCleaner(b.DB, keep), "paused_deliveries", 7, 3)
			}
			return
		}
		for range 20 {
			_, _, err := b.PauseEndpoint(b.ctx, b.app.ID, e.ID)
			check(t, err)
			_, _, err = b.ResumeEndpoint(b.ctx, b.app.ID, e.ID)
			check(t, err)
		}
	})
	b.wantCount(all-dropped[0]-dropped[1], `SELECT count(*) FROM webhook_deliveries`)
	b.wantNoDeadlock()
}

// TestOldRequestsAreErased: a scheduling request for which no time was picked goes, one that has a booking stays.
func TestOldRequestsAreErased(t *testing.T) {
	t.Parallel()
	b := setup(t)
	old, young, picked := b.createRequest(b.request()), b.createRequest(b.request()), b.createRequest(b.request())
	b.booked(b.picked(picked, 9, 10))
	b.exec(`UPDATE scheduling_requests SET looked_at = looked_at - interval '31 days' WHERE id <> $1`, young.ID)
	keep := forever
	keep.Requests = month
	wantEqual(t, "erased, one row in a batch", b.batches(postgres.NewCleaner(b.DB, keep), "scheduling_requests", 1, 10), 1)
	for r, want := range map[*booking.SchedulingRequest]bool{old: false, young: true, picked: true} {
		found, _ := b.requested(r)
		wantEqual(t, "still there", found != nil, want)
	}
	b.wantCount(0, `SELECT count(*) FROM scheduling_requests WHERE looked_at < now() - interval '1 day'`)
}

// TestErasingMeetsPicking: a request is either erased or picked.
func TestErasingMeetsPicking(t *testing.T) {
	t.Parallel()
	b := setup(t)
	keep := forever
	keep.Requests = month
	for i := range 20 {
		r := b.createRequest(b.request())
		b.exec(`UPDATE scheduling_requests SET looked_at = looked_at - interval '31 days'`)
		errs := make([]error, 3)
		together(3, func(n int) {
			switch n {
			case 0:
				errs[n] = b.tried(b.picked(r, float64(i), float64(i+1)))
			case 1:
				errs[n] = b.EraseSchedulingRequest(b.ctx, b.app.ID, r.Name)
			default:
				b.cleaned("scheduling_requests", keep)
			}
		})
		found, _ := b.requested(r)
		if picked := errs[0] == nil; picked != (found != nil) {
			t.Errorf("picked: %v, erased: %v, still there: %v", errs[0], errs[1], found != nil)
		}
		b.wantCount(0, `SELECT count(*) FROM bookings b WHERE request_id IS NULL`)
	}
}

func TestEraseRequest(t *testing.T) {
	t.Parallel()
	b := setup(t)
	open, picked := b.createRequest(b.request()), b.createRequest(b.request())
	v := b.booked(b.picked(picked, 9, 10))
	wantCode(t, b.EraseSchedulingRequest(b.ctx, newID(), open.Name), fault.NotFound)
	wantCode(t, b.EraseSchedulingRequest(b.ctx, b.app.ID, picked.Name), fault.InUse)
	check(t, b.EraseSchedulingRequest(b.ctx, b.app.ID, open.Name))
	wantCode(t, b.EraseSchedulingRequest(b.ctx, b.app.ID, open.Name), fault.NotFound)
	b.played(v, "cancel")
	check(t, b.DeleteBooking(b.ctx, b.app.ID, v.ID))
	b.wantCount(0, `SELECT count(*) FROM scheduling_requests`)
}
