package postgres_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/outbox"
	"holdfast/internal/postgres"
)

// sent names what a list of deliveries has, as "type/seq status".
func (b *bundle) sent(e *outbox.Endpoint, f postgres.DeliveryFilter) []string {
	b.t.Helper()
	list, _, err := b.Deliveries(b.ctx, e.AppID, e.ID, f, nil, 100)
	check(b.t, err)
	var names []string
	for _, s := range list {
		names = append(names, fmt.Sprintf("%s/%d %s", s.EventType, s.Seq, s.Status))
	}
	return names
}

func (b *bundle) sending(id uuid.UUID) *outbox.Delivery {
	b.t.Helper()
	s, _, err := b.Delivery(b.ctx, b.app.ID, id)
	check(b.t, err)
	return s
}

func TestSendings(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e, other := b.endpoint("", ""), b.endpoint("", "")
	v := b.played(b.booked(b.at("instant_payment", 9, 10)), "pay")
	b.booked(b.at("instant", 10, 11))
	b.booked(b.at("instant", 11, 12))
	due := b.claim(e)
	b.finish(e, due[0], 200, postgres.DeliveryUpdate{Status: postgres.Delivered})
	b.finish(e, due[1], 503, postgres.DeliveryUpdate{Status: postgres.Waiting, Next: time.Now().Add(time.Hour)})
	b.finish(e, due[2], 0, postgres.DeliveryUpdate{Status: postgres.Exhausted})
	for i, d := range column[uuid.UUID](b, `SELECT d.id FROM webhook_deliveries d JOIN events e ON e.id = d.event_id
		WHERE endpoint_id = $1 ORDER BY e.at`, e.ID) { // one a minute
		b.exec(`UPDATE webhook_deliveries SET created_at = now() - make_interval(mins => $2) WHERE id = $1`, d, 10-i)
	}
	all := []string{"booking.confirmed/1 exhausted", "booking.confirmed/1 pending", "booking.paid/2 pending", "booking.tentative/1 delivered"}
	minutes := func(n int) *time.Time { return new(time.Now().Add(time.Duration(n)*time.Minute - 30*time.Second)) }
	for name, c := range map[string]struct {
		filter postgres.DeliveryFilter
		want   []string
	}{
		"all":      {postgres.DeliveryFilter{}, all},
		"status":   {postgres.DeliveryFilter{Status: postgres.Waiting}, all[1:3]},
		"type":     {postgres.DeliveryFilter{Type: "booking.paid"}, all[2:3]},
		"kind":     {postgres.DeliveryFilter{Type: "bookings.update"}, all[2:3]},
		"family":   {postgres.DeliveryFilter{Type: "bookings.*"}, all},
		"booking":  {postgres.DeliveryFilter{Booking: &v.ID}, all[2:]},
		"since":    {postgres.DeliveryFilter{Since: minutes(-8)}, all[:2]},
		"until":    {postgres.DeliveryFilter{Until: minutes(-8)}, all[2:]},
		"tests":    {postgres.DeliveryFilter{Test: new(true)}, nil},
		"no tests": {postgres.DeliveryFilter{Test: new(false)}, all},
	} {
		wantSame(t, name, b.sent(e, c.filter), c.want)
	}
	wantEqual(t, "the other's", len(b.sent(other, postgres.DeliveryFilter{})), 4)
	list, _, err := b.Deliveries(b.ctx, b.app.ID, e.ID, postgres.DeliveryFilter{}, nil, 10)
	check(t, err)
	failed := list[0]
	wantEqual(t, "last attempt", fmt.Sprintf("%d %s %d", failed.LastStatus, failed.LastError, failed.Attempts), "0 connection_refused 1")
	wantEqual(t, "is due", failed.NextAt == nil && failed.FinishedAt != nil, true)
	again := list[1]
	wantEqual(t, "last attempt", fmt.Sprintf("%d %s", again.LastStatus, again.LastError), "503 http_503")
	if wait := time.Until(*again.NextAt); wait < 50*time.Minute || again.FinishedAt != nil {
		t.Errorf("due in %s", wait)
	}
	s, c, err := b.Delivery(b.ctx, b.app.ID, list[2].ID)
	check(t, err)
	wantEqual(t, "one", s.ID, list[2].ID)
	wantEqual(t, "its change", c.ID, s.EventID)
	wantEqual(t, "its booking", *c.BookingID, v.ID)
}

// TestSendingsPage goes through a list whose entries were made at one moment, while new ones come.
func TestSendingsPage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.endpoint("", "")
	for i := range 7 {
		b.booked(b.at("instant", float64(i), float64(i+1)))
	}
	b.exec(`UPDATE webhook_deliveries SET created_at = date_trunc('second', now())`)
	seen := map[uuid.UUID]bool{}
	var spot *postgres.DeliveryCursor
	for more := true; more; {
		var list []outbox.Delivery
		var err error
		list, more, err = b.Deliveries(b.ctx, b.app.ID, e.ID, postgres.DeliveryFilter{}, spot, 3)
		check(t, err)
		for _, s := range list {
			if seen[s.ID] {
				t.Errorf("%s came twice", s.ID)
			}
			seen[s.ID] = true
			spot = &postgres.DeliveryCursor{At: s.CreatedAt, ID: s.ID}
		}
		b.booked(b.at("instant", float64(20+len(seen)), float64(21+len(seen))))
	}
	wantEqual(t, "seen", len(seen), 7)
}

func TestSendingsAreTheAppsOwn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.endpoint("", "")
	v := b.at("instant", 9, 10)
	v.Reminders = []booking.Reminder{{Number: 1, At: time.Now(), Target: &outbox.Endpoint{ID: newID(), AppID: b.app.ID, URL: "https://example.com", Method: "POST", Secret: []byte{1}}}}
	v = b.booked(v)
	must(b.Remind(b.ctx, booking.RemindInput{BookingID: v.ID, Number: 1}))
	thief := b.newApp("thief")
	_, _, err := b.Deliveries(b.ctx, thief.ID, e.ID, postgres.DeliveryFilter{}, nil, 10)
	wantCode(t, err, fault.NotFound)
	for _, d := range column[uuid.UUID](b, `SELECT id FROM webhook_deliveries`) {
		_, _, err := b.Delivery(b.ctx, thief.ID, d)
		wantCode(t, err, fault.NotFound)
		_, err = b.Resend(b.ctx, thief.ID, d, newID())
		wantCode(t, err, fault.NotFound)
	}
	reminder := first[uuid.UUID](b, `SELECT d.id FROM webhook_deliveries d JOIN events e ON e.id = d.event_id WHERE e.reminder IS NOT NULL`)
	_, _, err = b.Delivery(b.ctx, b.app.ID, reminder)
	wantCode(t, err, fault.NotFound)
}

func TestResend(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.endpoint("", "")
	b.booked(b.at("instant", 9, 10))
	d := b.claim(e)[0]
	b.finish(e, d, 500, postgres.DeliveryUpdate{Status: postgres.Exhausted})
	b.exec(`UPDATE webhook_endpoints SET open_until = now() + interval '1 hour', opened = 3`)
	operation := newID()
	wantEqual(t, "endpoint", must(b.Resend(b.ctx, b.app.ID, d.ID, operation)), e.ID)
	wantEqual(t, "the breaker", must(b.DrainTarget(b.ctx, e.ID)).Endpoint.Health.OpenUntil == nil, true)
	wantEqual(t, "lets one through", must(b.DrainTarget(b.ctx, e.ID)).Probing, true)
	s := b.sending(d.ID)
	wantEqual(t, "again", fmt.Sprint(s.Status, s.Attempts, s.FinishedAt), "pending1 <nil>")
	got := b.claim(e)
	wantEqual(t, "claimed", len(got), 1)
	wantEqual(t, "from the start of the schedule", fmt.Sprint(got[0].Attempt, got[0].Tries), "2 1")
	wantEqual(t, "the same message", got[0].Event.ID, d.Event.ID)

	must(b.Resend(b.ctx, b.app.ID, d.ID, newID()))
	wantEqual(t, "while it is on its way", len(b.claim(e)), 0)
	b.finish(e, got[0], 503, postgres.DeliveryUpdate{Status: postgres.Waiting, Next: time.Now().Add(time.Hour)})
	wantEqual(t, "while it waits", len(b.claim(e)), 0)
	must(b.Resend(b.ctx, b.app.ID, d.ID, newID()))
	got = b.claim(e)
	wantEqual(t, "ahead of its time", fmt.Sprint(got[0].Attempt, got[0].Tries), "3 2")
	b.finish(e, got[0], 200, postgres.DeliveryUpdate{Status: postgres.Delivered})
	wantEqual(t, "attempts", len(must(b.Attempts(b.ctx, d.ID))), 3)

	must(b.Resend(b.ctx, b.app.ID, d.ID, operation)) // a repeat of the first, very late
	wantEqual(t, "after a repeat", b.sending(d.ID).Status, postgres.Delivered)
	must(b.Resend(b.ctx, b.app.ID, d.ID, newID()))
	wantEqual(t, "what was delivered", fmt.Sprint(b.sending(d.ID).Status, len(b.claim(e))), "pending1")
}

// TestResendToThoseWhoAreNotThere keeps it for a paused endpoint and refuses it for a disabled one.
func TestResendToThoseWhoAreNotThere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.endpoint("", "")
	b.booked(b.at("instant", 9, 10))
	d := b.claim(e)[0]
	b.finish(e, d, 500, postgres.DeliveryUpdate{Status: postgres.Exhausted})
	b.exec(`UPDATE webhook_endpoints SET status = 'paused'`)
	must(b.Resend(b.ctx, b.app.ID, d.ID, newID()))
	wantEqual(t, "of a paused one", b.sending(d.ID).Status, postgres.Waiting)
	b.exec(`UPDATE webhook_deliveries SET status = 'cancelled', finished_at = now()`)
	b.exec(`UPDATE webhook_endpoints SET status = 'disabled'`)
	_, err := b.Resend(b.ctx, b.app.ID, d.ID, newID())
	wantCode(t, err, fault.InUse)
	wantEqual(t, "of a disabled one", b.sending(d.ID).Status, postgres.Cancelled)
	_, err = b.Resend(b.ctx, b.app.ID, newID(), newID())
	wantCode(t, err, fault.NotFound)
}
