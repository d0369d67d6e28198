package postgres_test

import (
	"testing"

	"github.com/google/uuid"

	"holdfast/internal/booking"
	"holdfast/internal/outbox"
	"holdfast/internal/postgres"
)

// moved plays a reschedule of a request's booking.
func (b *bundle) moved(old *booking.Booking, from, to float64) *booking.Booking {
	b.t.Helper()
	v := b.instead(old, from, to)
	v.Request = b.known(old).Request
	return b.booked(v)
}

// TestNotifications tells the callback of what an app is to know, in one lane per request; others hear of everything.
func TestNotifications(t *testing.T) {
	t.Parallel()
	b := setup(t)
	callback, _ := b.callback("https://example.com")
	others := b.endpoint("", "")
	first := b.booked(b.asked(9, 10))
	second := b.moved(first, 11, 12)
	b.played(second, "cancel")
	b.booked(b.at("instant", 13, 14)) // of no request
	unattributed := b.asked(15, 16)
	unattributed.Request.Attributed = false
	b.played(b.booked(unattributed), "cancel")

	wantEqual(t, "all that happened", len(b.places(others)), 7)
	wantSame(t, "of which the callback hears", b.places(callback), []eventPosition{
		{first.Request.ID, 1, "booking.confirmed", first.ID}, {first.Request.ID, 2, "booking.confirmed", second.ID},
		{first.Request.ID, 3, "booking.cancelled", second.ID},
	})
	for _, p := range b.places(others) {
		wantEqual(t, "others' lanes are bookings", p.Lane, p.Booking)
	}
}

type eventPosition struct {
	Lane    uuid.UUID
	Seq     int
	Type    string
	Booking uuid.UUID
}

// places are an endpoint's deliveries as they were written.
func (b *bundle) places(e *outbox.Endpoint) (all []eventPosition) {
	b.t.Helper()
	rows, err := b.look.Query(b.ctx, `SELECT d.booking_id, d.seq, e.type, e.booking_id FROM webhook_deliveries d JOIN events e ON e.id = d.event_id
		WHERE d.endpoint_id = $1 ORDER BY e.written_by, e.id`, e.ID)
	check(b.t, err)
	for rows.Next() {
		var p eventPosition
		check(b.t, rows.Scan(&p.Lane, &p.Seq, &p.Type, &p.Booking))
		all = append(all, p)
	}
	return all
}

// TestNotificationsKeepTheirOrder: what fails holds up what comes later of the same request, also of its next booking.
func TestNotificationsKeepTheirOrder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e, _ := b.callback("https://example.com")
	first := b.booked(b.asked(9, 10))
	second := b.moved(first, 11, 12)
	b.booked(b.asked(13, 14))
	all := b.claim(e)
	wantEqual(t, "one of each request", len(all), 2)
	wantEqual(t, "the oldest", *all[0].Event.BookingID, first.ID)
	b.finish(e, all[1], 200, postgres.DeliveryUpdate{Status: postgres.Delivered})
	b.finish(e, all[0], 500, postgres.DeliveryUpdate{Status: postgres.Waiting, Next: monday})
	wantEqual(t, "the later one waits", len(b.claim(e)), 0)

	// The booking before is erased, and with it its events that were told; what comes next stands behind what waits.
	b.exec(`UPDATE webhook_deliveries SET next_at = now() WHERE status = 'pending'`)
	d := b.claim(e)[0]
	wantEqual(t, "again", *d.Event.BookingID, first.ID)
	b.finish(e, d, 200, postgres.DeliveryUpdate{Status: postgres.Delivered})
	check(t, b.DeleteBooking(b.ctx, b.app.ID, first.ID))
	third := b.moved(second, 15, 16)
	for _, want := range []uuid.UUID{second.ID, third.ID} {
		all = b.claim(e)
		wantEqual(t, "one", len(all), 1)
		wantEqual(t, "in order", *all[0].Event.BookingID, want)
		b.finish(e, all[0], 200, postgres.DeliveryUpdate{Status: postgres.Delivered})
	}
}
