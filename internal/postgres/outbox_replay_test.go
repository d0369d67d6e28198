package postgres_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/fault"
	"holdfast/internal/outbox"
	"holdfast/internal/postgres"
)

// past is a replay of everything until now.
func past(all bool) postgres.Replay {
	return postgres.Replay{Since: monday.AddDate(-20, 0, 0), Until: time.Now().Add(time.Minute), All: all, Operation: newID()}
}

// replayed asserts that the dry run counts what the real one does, and returns that.
func (b *bundle) replayed(e *outbox.Endpoint, r postgres.Replay) int {
	b.t.Helper()
	before := b.count(`SELECT count(*) FROM webhook_deliveries WHERE status = 'pending'`)
	dry := must(b.CountReplayed(b.ctx, e.AppID, e.ID, r))
	b.wantCount(before, `SELECT count(*) FROM webhook_deliveries WHERE status = 'pending'`)
	n := must(b.ReplayDeliveries(b.ctx, e.AppID, e.ID, r))
	wantEqual(b.t, "the dry run", dry, n)
	b.wantCount(before+n, `SELECT count(*) FROM webhook_deliveries WHERE status = 'pending'`)
	return n
}

// ended gives all pending deliveries of an endpoint a status.
func (b *bundle) ended(e *outbox.Endpoint, status string) {
	b.t.Helper()
	b.exec(`UPDATE webhook_deliveries SET status = $2, attempts = attempts + 12, finished_at = now() WHERE endpoint_id = $1 AND status = 'pending'`, e.ID, status)
}

func TestReplayOfWhatFailed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e, other := b.endpoint("", ""), b.endpoint("", "")
	first := b.booked(b.at("instant", 1, 2))
	b.ended(e, postgres.Delivered)
	second := b.played(b.booked(b.at("instant_payment", 2, 3)), "pay", "cancel")
	b.ended(e, postgres.Exhausted)
	b.ended(other, postgres.Exhausted)
	b.booked(b.at("instant", 3, 4))
	b.ended(e, postgres.Cancelled)
	b.booked(b.at("instant", 4, 5)) // waits
	ids := column[uuid.UUID](b, `SELECT event_id FROM webhook_deliveries WHERE endpoint_id = $1 AND status IN ('exhausted', 'cancelled') ORDER BY 1`, e.ID)
	r := past(false)
	wantEqual(t, "due", b.replayed(e, r), 4)
	b.wantCount(0, `SELECT count(*) FROM webhook_deliveries WHERE endpoint_id = $1 AND status = 'pending' AND booking_id = $2`, e.ID, first.ID)
	b.wantCount(4, `SELECT count(*) FROM webhook_deliveries WHERE endpoint_id = $1 AND status = 'exhausted'`, other.ID)
	var got []uuid.UUID
	var order []int
	for due := b.claim(e); len(due) > 0; due = b.claim(e) {
		for _, d := range due {
			wantEqual(t, "tries", d.Tries, 1)
			if d.Attempt == 13 {
				got = append(got, d.Event.ID)
			}
			if *d.Event.BookingID == second.ID {
				order = append(order, d.Event.Seq)
			}
			b.finish(e, d, 200, postgres.DeliveryUpdate{Status: postgres.Delivered})
		}
	}
	wantSame(t, "each once, under its old id", sorted(got...), ids)
	wantSame(t, "in order", order, []int{1, 2, 3})
	wantEqual(t, "a repeat counts the same", must(b.ReplayDeliveries(b.ctx, e.AppID, e.ID, r)), 4)
	b.wantCount(0, `SELECT count(*) FROM webhook_deliveries WHERE endpoint_id = $1 AND status = 'pending'`, e.ID)
}

// TestReplayOfEverything also sends what was delivered, and what was never queued.
func TestReplayOfEverything(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.played(b.booked(b.at("instant_payment", 1, 2)), "pay", "cancel")
	b.booked(b.at("instant", 2, 3))
	gone := b.played(b.booked(b.at("instant", 3, 4)), "cancel")
	keeper := b.endpoint("", "completed")
	b.exec(`INSERT INTO webhook_deliveries (id, endpoint_id, event_id, booking_id, seq)
		SELECT gen_random_uuid(), $2, id, booking_id, seq FROM events WHERE booking_id = $1`, gone.ID, keeper.ID)
	check(t, b.DeleteBooking(b.ctx, b.app.ID, gone.ID)) // its changes are kept for the other
	b.exec(`INSERT INTO events (id, app_id, seq, type, data, at, topics) VALUES ($1, $2, 0, 'endpoint.paused', '{}', now(), '{endpoint.paused}')`, newID(), b.app.ID)
	e := b.endpoint("instant_payment", "")
	wantEqual(t, "what failed", b.replayed(e, past(false)), 0)
	wantEqual(t, "what the filters let through", b.replayed(e, past(true)), 3)
	b.ended(e, postgres.Delivered)
	b.exec(`UPDATE webhook_endpoints SET graph = 'instant' WHERE id = $1`, e.ID)
	wantEqual(t, "what was delivered, and what they let through now", b.replayed(e, past(true)), 4)
	wantEqual(t, "what waits comes anyway", b.replayed(e, past(true)), 0)
	b.wantCount(4, `SELECT count(*) FROM webhook_deliveries d JOIN events e ON e.id = d.event_id
		WHERE d.endpoint_id = $1 AND d.seq = e.seq AND d.booking_id = e.booking_id`, e.ID)

	c := sample(b, "booking.confirmed")
	must(b.CreateTestDelivery(b.ctx, e.ID, c, newID()))
	must(b.CreateTestDelivery(b.ctx, e.ID, &outbox.Event{ID: newID(), AppID: b.app.ID, Type: "endpoint.paused", At: time.Now(), Test: true}, newID()))
	b.ended(e, postgres.Delivered)
	wantEqual(t, "all but the tests", b.replayed(e, past(true)), 4)
}

func TestReplayOfAStretch(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.endpoint("", "")
	for i := range 6 {
		b.booked(b.at("instant", float64(i), float64(i+1)))
	}
	b.exec(`UPDATE events e SET at = $1::timestamptz + make_interval(hours => n::int) FROM (SELECT id, row_number() OVER (ORDER BY at) AS n FROM events) o WHERE o.id = e.id`, monday)
	b.ended(e, postgres.Exhausted)
	hour := func(n int) time.Time { return monday.Add(time.Duration(n) * time.Hour) }
	for _, c := range []struct{ since, until, want int }{{2, 4, 2}, {4, 4, 0}, {5, 9, 2}, {1, 2, 1}, {4, 5, 1}} {
		r := past(false)
		r.Since, r.Until = hour(c.since), hour(c.until)
		wantEqual(t, fmt.Sprint(c), b.replayed(e, r), c.want)
	}
}

// TestReplayIsRepeatable repeats a request after some of what it has sent is over again, and asks from many sides at once.
func TestReplayIsRepeatable(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.endpoint("", "")
	for i := range 10 {
		b.booked(b.at("instant", float64(i), float64(i+1)))
	}
	b.ended(e, postgres.Delivered)
	b.booked(b.at("instant", 10, 11)) // is on its way at first
	r := past(true)
	wantEqual(t, "first", b.replayed(e, r), 10)
	r.Asked = first[time.Time](b, `SELECT now()`)
	b.ended(e, postgres.Delivered)
	wantEqual(t, "again", must(b.ReplayDeliveries(b.ctx, e.AppID, e.ID, r)), 10)
	b.wantCount(0, `SELECT count(*) FROM webhook_deliveries WHERE status = 'pending'`)

	r = past(true)
	counts, errs := make([]int, 8), make([]error, 8)
	together(len(counts), func(i int) { counts[i], errs[i] = b.ReplayDeliveries(b.ctx, e.AppID, e.ID, r) })
	for i := range counts {
		check(t, errs[i])
		wantEqual(t, "from one side", counts[i], 11)
	}
	b.wantCount(11, `SELECT count(*) FROM webhook_deliveries WHERE status = 'pending' AND tried_before = attempts`)
	b.wantNoDeadlock()
}

// TestReplayOfTenThousand goes step by step, while what it makes due is being sent.
func TestReplayOfTenThousand(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.booked(b.at("instant", 9, 10))
	const bookings, each = 3500, 3
	b.exec(`INSERT INTO bookings SELECT (jsonb_populate_record(b, jsonb_build_object('id', gen_random_uuid()))).* FROM bookings b, generate_series(1, $1)`, bookings)
	b.exec(`
		INSERT INTO events (id, app_id, booking_id, seq, type, data, at, topics)
		SELECT gen_random_uuid(), $1, b.id, n, 'booking.confirmed', '{}', now() - make_interval(hours => 9, mins => -n), '{booking.*}'
		FROM bookings b, generate_series(2, $2) n WHERE b.id NOT IN (SELECT booking_id FROM events)`, b.app.ID, each+1)
	e := b.endpoint("", "")
	r := past(true)
	wantEqual(t, "dry", must(b.CountReplayed(b.ctx, b.app.ID, e.ID, r)), bookings*each+1)
	done := make(chan int)
	go func() {
		n, err := b.ReplayDeliveries(b.ctx, b.app.ID, e.ID, r)
		if err != nil {
			t.Error(err)
		}
		done <- n
	}()
	last, sent, over := map[uuid.UUID]int{}, 0, false
	for sent < bookings*each+1 {
		due := must(b.ClaimDeliveries(b.ctx, e.ID, postgres.Claim{Limit: 1000, Lease: lease, Ordered: true}))
		var ids []uuid.UUID
		for _, d := range due {
			if d.Event.Seq <= last[*d.Event.BookingID] {
				t.Fatalf("%d comes after %d", d.Event.Seq, last[*d.Event.BookingID])
			}
			last[*d.Event.BookingID] = d.Event.Seq
			ids = append(ids, d.ID)
		}
		sent += len(ids)
		b.exec(`UPDATE webhook_deliveries SET status = 'delivered', finished_at = now() WHERE id = ANY($1)`, ids)
		if over && len(due) == 0 {
			break
		}
		select {
		case n := <-done:
			over = true
			wantEqual(t, "due", n, bookings*each+1)
		default:
		}
	}
	wantEqual(t, "sent", sent, bookings*each+1)
	if !over {
		wantEqual(t, "due", <-done, bookings*each+1)
	}
	r.Asked = first[time.Time](b, `SELECT min(finished_at) FROM webhook_deliveries`)
	wantEqual(t, "a repeat", must(b.ReplayDeliveries(b.ctx, b.app.ID, e.ID, r)), bookings*each+1)
	b.wantCount(0, `SELECT count(*) FROM webhook_deliveries WHERE status = 'pending'`)
}

func TestReplayToNobody(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.endpoint("", "")
	b.booked(b.at("instant", 9, 10))
	b.ended(e, postgres.Exhausted)
	thief := b.newApp("thief")
	for _, id := range []uuid.UUID{e.ID, newID()} {
		_, err := b.ReplayDeliveries(b.ctx, thief.ID, id, past(true))
		wantCode(t, err, fault.NotFound)
		_, err = b.CountReplayed(b.ctx, thief.ID, id, past(true))
		wantCode(t, err, fault.NotFound)
	}
	b.exec(`UPDATE webhook_endpoints SET status = 'disabled'`)
	_, err := b.ReplayDeliveries(b.ctx, b.app.ID, e.ID, past(true))
	wantCode(t, err, fault.InUse)
	_, err = b.CountReplayed(b.ctx, b.app.ID, e.ID, past(true))
	wantCode(t, err, fault.InUse)
	b.wantCount(0, `SELECT count(*) FROM webhook_deliveries WHERE status = 'pending'`)
	b.exec(`UPDATE webhook_endpoints SET status = 'paused', open_until = now() + interval '1 hour'`)
	wantEqual(t, "kept for a paused one", b.replayed(e, past(false)), 1)
	wantEqual(t, "the breaker", must(b.Endpoint(b.ctx, b.app.ID, e.ID)).Health.OpenUntil == nil, true)
}
