package postgres_test

import (
	"encoding/json"
	"strings"
	"testing"

	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/outbox"
	"holdfast/internal/postgres"
)

// canaries stand in everything that a person has given to a booking.
var canaries = []string{"Zadie", "zadie", "5550123", "zinc-canary", "input-canary"}

func (b *bundle) wantErased(want bool) {
	b.t.Helper()
	text := b.tables()
	for _, canary := range canaries {
		if strings.Contains(text, canary) == want {
			b.t.Errorf("%q: erased is not %v", canary, want)
		}
	}
}

func TestDeleteErasesPeople(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.endpoint("", "")
	v := b.booked(b.at("instant", 9, 10))
	b.wantErased(false)
	wantCode(t, b.DeleteBooking(b.ctx, b.app.ID, v.ID), fault.NotFinal)
	v = b.played(v, "cancel")
	for range 2 {
		b.finish(e, b.claim(e)[0], 200, postgres.DeliveryUpdate{Status: postgres.Delivered})
	}
	check(t, b.DeleteBooking(b.ctx, b.app.ID, v.ID))
	b.wantErased(true)
	for _, table := range []string{"bookings", "customers", "actions", "transitions", "events", "occupancies", "webhook_deliveries", "webhook_attempts"} {
		b.wantCount(0, `SELECT count(*) FROM `+table)
	}
	wantCode(t, b.DeleteBooking(b.ctx, b.app.ID, v.ID), fault.NotFound)
}

// TestEventsOutliveTheirBookingUntilTheyAreTold: deleting a booking takes no event from anybody, and keeps none for
// longer than somebody waits for it.
func TestEventsOutliveTheirBookingUntilTheyAreTold(t *testing.T) {
	t.Parallel()
	ends := map[string]func(b *bundle, e *outbox.Endpoint){
		"delivered": func(b *bundle, e *outbox.Endpoint) {
			b.finish(e, b.claim(e)[0], 200, postgres.DeliveryUpdate{Status: postgres.Delivered})
		},
		"given up": func(b *bundle, e *outbox.Endpoint) {
			b.finish(e, b.claim(e)[0], 500, postgres.DeliveryUpdate{Status: postgres.Exhausted})
		},
		"gone": func(b *bundle, e *outbox.Endpoint) {
			b.finish(e, b.claim(e)[0], 410, postgres.DeliveryUpdate{Status: postgres.Cancelled, Disable: true})
		},
		"unsubscribed": func(b *bundle, e *outbox.Endpoint) { check(b.t, b.DeleteEndpoint(b.ctx, e.AppID, e.ID)) },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			one, two := b.endpoint("", "cancelled"), b.endpoint("", "cancelled")
			v := b.played(b.booked(b.at("instant", 9, 10)), "cancel")
			check(t, b.DeleteBooking(b.ctx, b.app.ID, v.ID))
			b.wantCount(1, `SELECT count(*) FROM events`)
			b.wantCount(0, `SELECT count(*) FROM customers`)
			d := b.claim(one)[0]
			var told booking.Booking
			check(t, json.Unmarshal(d.Event.Data, &told))
			wantEqual(t, "customer", told.Customers[0].Name, "Zadie Quill")
			b.finish(one, d, 200, postgres.DeliveryUpdate{Status: postgres.Delivered})
			b.wantCount(1, `SELECT count(*) FROM events`)
			end(b, two)
			b.wantCount(0, `SELECT count(*) FROM events WHERE booking_id IS NOT NULL`)
			b.wantErased(true)
		})
	}
}

// TestMailsOutliveTheirBookingUntilTheyAreSent: one event makes several mails of the same endpoint. Neither the end of the event's own
// delivery nor that of one mail takes the others away.
func TestMailsOutliveTheirBookingUntilTheyAreSent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	mailer := b.mailer()
	end := func(d outbox.ClaimedDelivery) {
		t.Helper()
		must(b.FinishAttempt(b.ctx, mailer, attempt(d, 250), postgres.DeliveryUpdate{Status: postgres.Delivered}))
	}
	v := b.booked(b.at("instant", 9, 10))
	end(b.claimMail(mailer)[0])
	b.play(v, "cancel")
	event := b.claimMail(mailer)[0]
	text := json.RawMessage(`{"kind": "booking_cancelled", "calendar": "cancel"}`)
	check(t, b.WriteMails(b.ctx, mailer, event, map[string]json.RawMessage{"owner": text, v.Customers[0].ID.String(): text}, 0))
	check(t, b.DeleteBooking(b.ctx, b.app.ID, v.ID))
	end(event) // what has become mails is recorded a little later
	due := b.claimMail(mailer)
	wantEqual(t, "mails that are due", len(due), 2)
	end(due[0])
	b.wantCount(1, `SELECT count(*) FROM webhook_deliveries WHERE status = 'pending'`)
	end(due[1])
	b.wantErased(true)
	b.wantCount(0, `SELECT count(*) FROM events`)
}

// TestLastAttemptsMeetTheDelete lets both endpoints finish and the booking be deleted at the same moment.
func TestLastAttemptsMeetTheDelete(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one, two := b.endpoint("", "cancelled"), b.endpoint("", "cancelled")
	for range 20 {
		v := b.played(b.booked(b.at("instant", 9, 10)), "cancel")
		first, second := b.claim(one)[0], b.claim(two)[0]
		errs := make([]error, 3)
		together(len(errs), func(i int) {
			errs[i] = []func() error{
				func() error { return b.DeleteBooking(b.ctx, b.app.ID, v.ID) },
				func() error {
					_, err := b.FinishAttempt(b.ctx, one.ID, attempt(first, 200), postgres.DeliveryUpdate{Status: postgres.Delivered})
					return err
				},
				func() error {
					_, err := b.FinishAttempt(b.ctx, two.ID, attempt(second, 500), postgres.DeliveryUpdate{Status: postgres.Exhausted})
					return err
				},
			}[i]()
		})
		for _, err := range errs {
			check(t, err)
		}
	}
	b.wantErased(true)
}

func TestSetMeta(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.booked(b.at("instant", 9, 10))
	check(t, b.SetMeta(b.ctx, b.app.ID, v.ID, json.RawMessage(`{"a": 1}`), v.Revision))
	got := b.known(v)
	wantEqual(t, "meta", string(got.Meta), `{"a": 1}`)
	wantEqual(t, "revision", got.Revision, v.Revision+1)
	wantEqual(t, "seq", got.Seq, v.Seq)
	wantEqual(t, "changed", got.UpdatedAt.After(v.UpdatedAt), true)
	wantEqual(t, "entered", got.EnteredAt.Equal(v.EnteredAt), true)
	wantCode(t, b.SetMeta(b.ctx, b.app.ID, v.ID, json.RawMessage(`{"b": 2}`), v.Revision), fault.Stale)
	wantEqual(t, "meta", string(b.known(v).Meta), `{"a": 1}`)
	check(t, b.SetMeta(b.ctx, b.app.ID, v.ID, nil, 0))
	wantEqual(t, "meta", string(b.known(v).Meta), `{}`)
	wantCode(t, b.SetMeta(b.ctx, b.app.ID, newID(), nil, 0), fault.NotFound)

	v = b.played(v, "cancel")
	wantEqual(t, "revision of a transition", v.Revision, 4)
	errs := make([]error, 20)
	together(len(errs), func(i int) { errs[i] = b.SetMeta(b.ctx, b.app.ID, v.ID, nil, v.Revision) })
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		wantCode(t, err, fault.Stale)
	}
	wantEqual(t, "writes with one revision", won, 1)
}
