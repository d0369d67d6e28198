package postgres_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/outbox"
	"holdfast/internal/postgres"
)

const lease = time.Minute

// attempt is the record of one request for a delivery, status 0 when no answer came.
func attempt(d outbox.ClaimedDelivery, status int) outbox.Attempt {
	a := outbox.Attempt{
		DeliveryID: d.ID, Number: d.Attempt, StartedAt: monday, Duration: 1234 * time.Millisecond, Status: status,
		RequestHeaders: json.RawMessage(`{"Webhook-Id": ["evt"]}`),
	}
	if status == 0 {
		a.ErrorCode = "connection_refused"
		return a
	}
	a.ResponseHeaders, a.ResponseBody = json.RawMessage(`{"Date": ["today"]}`), []byte{0, 0xff, 'x'}
	if status > 299 {
		a.ErrorCode = fmt.Sprintf("http_%d", status)
	}
	return a
}

func (b *bundle) claim(e *outbox.Endpoint) []outbox.ClaimedDelivery {
	b.t.Helper()
	return must(b.ClaimDeliveries(b.ctx, e.ID, postgres.Claim{Limit: 16, Lease: lease, Ordered: true}))
}

func (b *bundle) finish(e *outbox.Endpoint, d outbox.ClaimedDelivery, status int, v postgres.DeliveryUpdate) {
	b.t.Helper()
	must(b.FinishAttempt(b.ctx, e.ID, attempt(d, status), v))
}

// story names what was claimed as "state/seq".
func story(all []outbox.ClaimedDelivery) []string {
	var s []string
	for _, d := range all {
		s = append(s, fmt.Sprintf("%s/%d", d.Event.Type, d.Event.Seq))
	}
	return s
}

func TestClaim(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.endpoint("", "")
	one := b.played(b.booked(b.at("instant_payment", 9, 10)), "pay", "cancel")
	two := b.booked(b.at("instant", 10, 11))
	got := b.claim(e)
	wantSame(t, "the oldest of each booking", story(got), []string{"booking.tentative/1", "booking.confirmed/1"})
	wantEqual(t, "attempt", got[0].Attempt, 1)
	wantEqual(t, "booking", *got[0].Event.BookingID, one.ID)
	var told booking.Booking
	check(t, json.Unmarshal(got[1].Event.Data, &told))
	wantEqual(t, "snapshot", told.ID, two.ID)
	wantEqual(t, "moment", got[1].Event.At.Equal(two.EnteredAt), true)

	wantEqual(t, "while they are on their way", len(b.claim(e)), 0)
	next := must(b.MarkIdle(b.ctx, e.ID))
	if until := time.Until(next); until < lease-10*time.Second || until > lease {
		t.Errorf("the claim falls due in %s", until)
	}
	b.finish(e, got[0], 200, postgres.DeliveryUpdate{Status: postgres.Delivered})
	got = b.claim(e)
	wantSame(t, "then the next", story(got), []string{"booking.paid/2"})
	b.finish(e, got[0], 0, postgres.DeliveryUpdate{Status: postgres.Waiting, Next: time.Now().Add(time.Hour)})
	wantEqual(t, "nothing overtakes a retry", len(b.claim(e)), 0)
	b.exec(`UPDATE webhook_deliveries SET next_at = now() WHERE id = $1`, got[0].ID)
	got = b.claim(e)
	wantSame(t, "again", story(got), []string{"booking.paid/2"})
	wantEqual(t, "attempt", got[0].Attempt, 2)
	b.finish(e, got[0], 500, postgres.DeliveryUpdate{Status: postgres.Exhausted})
	wantSame(t, "after it was given up", story(b.claim(e)), []string{"booking.cancelled/3"})
}

func TestClaimTakesNoMoreThanAsked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e, other := b.endpoint("", ""), b.endpoint("", "")
	for i := range 5 {
		b.booked(b.at("instant", float64(i), float64(i+1)))
	}
	wantEqual(t, "claimed", len(must(b.ClaimDeliveries(b.ctx, e.ID, postgres.Claim{Limit: 3, Lease: lease, Ordered: true}))), 3)
	wantEqual(t, "the rest", len(must(b.ClaimDeliveries(b.ctx, e.ID, postgres.Claim{Limit: 3, Lease: lease, Ordered: true}))), 2)
	wantEqual(t, "the other's", len(b.claim(other)), 5)
}

// TestClaimBehindABacklog claims where more waits than the planner knows of: it has no statistics yet.
func TestClaimBehindABacklog(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.endpoint("", "")
	const bookings = 10_000
	b.exec(`
		WITH told AS (
			INSERT INTO events (id, app_id, booking_id, seq, type, data, at)
			SELECT gen_random_uuid(), $1, ('00000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, seq, 'booking.confirmed', '{}', now()
			FROM generate_series(1, $3) i, generate_series(1, 2) seq RETURNING id, booking_id, seq)
		INSERT INTO webhook_deliveries (id, endpoint_id, event_id, booking_id, seq)
		SELECT gen_random_uuid(), $2, id, booking_id, seq FROM told`, b.app.ID, e.ID, bookings)
	for range 3 {
		wantEqual(t, "claimed", len(b.claim(e)), 16) // or the statement's time-out ends it
	}
	if due := must(b.MarkIdle(b.ctx, e.ID)); due.After(time.Now()) {
		t.Errorf("with a backlog it sleeps until %v", due)
	}
	wantEqual(t, "overdue", len(must(b.OverdueEndpoints(b.ctx, 0, 10))), 1)
}

// TestClaimIsExclusive lets many senders claim at once: no delivery goes to two.
func TestClaimIsExclusive(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.endpoint("", "")
	for i := range 20 {
		b.played(b.booked(b.at("instant", float64(i), float64(i+1))), "cancel")
	}
	claimed, errs := make([][]outbox.ClaimedDelivery, 10), make([]error, 10)
	together(len(claimed), func(i int) {
		claimed[i], errs[i] = b.ClaimDeliveries(b.ctx, e.ID, postgres.Claim{Limit: 4, Lease: lease, Ordered: true})
	})
	seen := map[uuid.UUID]bool{}
	for i, all := range claimed {
		check(t, errs[i])
		for _, d := range all {
			if seen[d.ID] || d.Event.Seq != 1 || d.Attempt != 1 {
				t.Errorf("claimed %+v", d)
			}
			seen[d.ID] = true
		}
	}
	if len(seen) < 4 || len(seen) > 20 {
		t.Errorf("%d claimed", len(seen))
	}
}

func TestLeaseRunsOut(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.endpoint("", "")
	b.played(b.booked(b.at("instant", 9, 10)), "cancel")
	lost := b.claim(e)[0]
	b.exec(`UPDATE webhook_deliveries SET next_at = now() - interval '1 second' WHERE id = $1`, lost.ID)
	again := b.claim(e)
	wantSame(t, "again", story(again), []string{"booking.confirmed/1"})
	wantEqual(t, "event", again[0].Event.ID, lost.Event.ID)
	wantEqual(t, "attempt", again[0].Attempt, 2)
	b.finish(e, again[0], 200, postgres.DeliveryUpdate{Status: postgres.Delivered})
	b.finish(e, lost, 500, postgres.DeliveryUpdate{Status: postgres.Waiting, Next: time.Now()}) // the first sender was only slow
	b.wantCount(1, `SELECT count(*) FROM webhook_deliveries WHERE id = $1 AND status = 'delivered'`, lost.ID)
	wantEqual(t, "attempts", len(must(b.Attempts(b.ctx, lost.ID))), 2)
}

func TestAttemptsAreRecorded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.endpoint("", "")
	b.booked(b.at("instant", 9, 10))
	var d outbox.ClaimedDelivery
	for _, status := range []int{0, 503, 200} {
		d = b.claim(e)[0]
		v := postgres.DeliveryUpdate{Status: postgres.Waiting, Next: time.Now().Add(-time.Second)}
		if status == 200 {
			v = postgres.DeliveryUpdate{Status: postgres.Delivered}
		}
		b.finish(e, d, status, v)
		b.finish(e, d, status, v) // the answer of the first was lost
	}
	all := must(b.Attempts(b.ctx, d.ID))
	wantEqual(t, "attempts", len(all), 3)
	for i, want := range []string{"1 0 connection_refused  1.234s", "2 503 http_503 \x00\xffx 1.234s", "3 200  \x00\xffx 1.234s"} {
		a := all[i]
		wantEqual(t, "attempt", fmt.Sprintf("%d %d %s %s %s", a.Number, a.Status, a.ErrorCode, a.ResponseBody, a.Duration), want)
		wantEqual(t, "start", a.StartedAt.Equal(monday), true)
	}
	wantEqual(t, "headers", string(all[2].RequestHeaders)+string(all[2].ResponseHeaders), `{"Webhook-Id": ["evt"]}{"Date": ["today"]}`)
	b.wantCount(1, `SELECT count(*) FROM webhook_deliveries WHERE status = 'delivered' AND attempts = 3 AND finished_at IS NOT NULL`)
	wantEqual(t, "claimed when all is delivered", len(b.claim(e)), 0)
	wantEqual(t, "next", must(b.MarkIdle(b.ctx, e.ID)).IsZero(), true)
}

func TestGoneReceiver(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e, other := b.endpoint("", ""), b.endpoint("", "")
	for i := range 8 {
		b.played(b.booked(b.at("instant", float64(i), float64(i+1))), "cancel")
	}
	due := b.claim(e)
	wantEqual(t, "claimed", len(due), 8)
	b.finish(e, due[0], 200, postgres.DeliveryUpdate{Status: postgres.Delivered})
	errs := make([]error, len(due))
	together(len(due), func(i int) { // they all answer 410 at the same moment, but one
		v := postgres.DeliveryUpdate{Status: postgres.Cancelled, Disable: true}
		if i == 1 {
			v = postgres.DeliveryUpdate{Status: postgres.Waiting, Next: time.Now()}
		}
		if i > 0 {
			_, errs[i] = b.FinishAttempt(b.ctx, e.ID, attempt(due[i], 410), v)
		}
	})
	for _, err := range errs {
		check(t, err)
	}
	wantEqual(t, "status", must(b.Endpoint(b.ctx, e.AppID, e.ID)).Status, outbox.EndpointDisabled)
	b.wantCount(15, `SELECT count(*) FROM webhook_deliveries WHERE endpoint_id = $1 AND status = 'cancelled' AND finished_at IS NOT NULL`, e.ID)
	b.wantCount(1, `SELECT count(*) FROM webhook_deliveries WHERE endpoint_id = $1 AND status = 'delivered'`, e.ID)
	b.wantCount(8, `SELECT count(*) FROM webhook_attempts`)
	b.wantCount(0, `SELECT count(*) FROM webhook_endpoints WHERE id = $1 AND awake`, e.ID)
	b.wantCount(16, `SELECT count(*) FROM webhook_deliveries WHERE endpoint_id = $1 AND status = 'pending'`, other.ID)
	wantEqual(t, "claimed of a disabled one", len(b.claim(e)), 0)
	b.wantNoDeadlock()
	_, err := b.FinishAttempt(b.ctx, e.ID, attempt(outbox.ClaimedDelivery{ID: newID(), Attempt: 1}, 200), postgres.DeliveryUpdate{Status: postgres.Delivered})
	wantCode(t, err, fault.NotFound)
}
