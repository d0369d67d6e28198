package postgres_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/outbox"
	"holdfast/internal/postgres"
)

// sample is a made-up change of the bundle's app, of a booking that does not exist.
func sample(b *bundle, eventType string) *outbox.Event {
	v := b.at("instant", 9, 10)
	v.ID = b.resource.ID // the same for all tries
	return &outbox.Event{
		ID: newID(), AppID: b.app.ID, BookingID: &v.ID, Seq: 1, Type: eventType, At: time.Now(), Graph: "instant", State: "confirmed",
		Action: "confirm", Actor: graphs.ActorAPI, Channel: string(booking.ChannelAPI), Inputs: json.RawMessage(`{"create": {"message": "hello"}}`),
		Data: must(json.Marshal(v)), Test: true,
	}
}

// TestTry sends made-up changes to an endpoint that is paused, disabled or resting, and to nobody else.
func TestTry(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e, other := b.endpoint("", ""), b.endpoint("", "")
	b.booked(b.at("instant", 9, 10))
	for i, status := range []string{"active", "paused", "disabled"} {
		b.exec(`UPDATE webhook_endpoints SET status = $2, open_until = now() + interval '1 hour' WHERE id = $1`, e.ID, status)
		c, id := sample(b, "booking.confirmed"), newID()
		sent := must(b.CreateTestDelivery(b.ctx, e.ID, c, id))
		again := must(b.CreateTestDelivery(b.ctx, e.ID, c, id))
		wantEqual(t, "a repeat", again.ID, sent.ID)
		wantEqual(t, status, fmt.Sprint(sent.Status, sent.Test, sent.BookingID, sent.Seq, sent.Attempts), "pendingtrue <nil> 1 0")
		if sent.NextAt.Before(sent.CreatedAt) {
			t.Errorf("due at %s, made at %s", sent.NextAt, sent.CreatedAt)
		}
		wantEqual(t, "somebody looks for it", len(must(b.OverdueEndpoints(b.ctx, time.Minute, 10))), 1)
		due := must(b.ClaimDeliveries(b.ctx, e.ID, postgres.Claim{Limit: 10, Lease: lease, Ordered: true, TestsOnly: true}))
		wantEqual(t, "claimed", len(due), 1)
		got := due[0].Event
		wantEqual(t, "change", fmt.Sprint(got.ID, got.Test, got.Type, *got.BookingID, got.State, got.Action), fmt.Sprint(c.ID, true, c.Type, *c.BookingID, c.State, c.Action))
		wantEqual(t, "its booking", must(booking.OfEvent(&got)).What, "Check-up")
		b.finish(e, due[0], 500, postgres.DeliveryUpdate{Status: postgres.Exhausted, Test: true})
		wantEqual(t, "health", must(b.Endpoint(b.ctx, b.app.ID, e.ID)).Health.Failures, 0)
		b.wantCount(i+1, `SELECT count(*) FROM events WHERE test`)
	}
	wantEqual(t, "the other's", len(b.sent(other, postgres.DeliveryFilter{Test: new(true)})), 0)
	wantEqual(t, "its own", len(b.sent(e, postgres.DeliveryFilter{Test: new(true)})), 3)
	wantEqual(t, "changes", len(b.all(1)), 1)
	_, err := b.CreateTestDelivery(b.ctx, e.ID, &outbox.Event{ID: newID(), AppID: b.newApp("thief").ID, Type: "x"}, newID())
	wantCode(t, err, fault.NotFound)
	b.wantCount(3, `SELECT count(*) FROM events WHERE test`)

	list, _, err := b.Deliveries(b.ctx, b.app.ID, e.ID, postgres.DeliveryFilter{Test: new(true)}, nil, 1)
	check(t, err)
	must(b.Resend(b.ctx, b.app.ID, list[0].ID, newID()))
	wantEqual(t, "sent again to a disabled one", len(must(b.ClaimDeliveries(b.ctx, e.ID, postgres.Claim{Limit: 10, Lease: lease, TestsOnly: true}))), 1)
}

// TestTryGoesBeforeABacklog claims what is made up before what waits.
func TestTryGoesBeforeABacklog(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.endpoint("", "")
	for i := range 5 {
		b.booked(b.at("instant", float64(i), float64(i+1)))
	}
	must(b.CreateTestDelivery(b.ctx, e.ID, sample(b, "booking.confirmed"), newID()))
	due := must(b.ClaimDeliveries(b.ctx, e.ID, postgres.Claim{Limit: 1, Lease: lease, Ordered: true}))
	wantEqual(t, "the first", due[0].Event.Test, true)
}

// TestTryIsAnnounced, to who waits in another process: an attempt that arrived and one that did not.
func TestTryIsAnnounced(t *testing.T) {
	t.Parallel()
	b := setup(t)
	outcomes := b.listening()
	for status, verdict := range map[int]postgres.DeliveryUpdate{
		200: {Status: postgres.Delivered, Test: true},
		410: {Status: postgres.Exhausted, Test: true, Disable: true},
	} {
		e := b.endpoint("", "")
		id := newID()
		ready, done := outcomes.Expect(id)
		defer done()
		must(b.CreateTestDelivery(b.ctx, e.ID, sample(b, "booking.confirmed"), id))
		b.finish(e, b.claim(e)[0], status, verdict)
		heard(t, ready)
	}
}
