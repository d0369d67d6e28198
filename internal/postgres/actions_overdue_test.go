package postgres_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/postgres"
)

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
		b.finish(late, d, 200, postgres.DeliveryUpdate{Status: postgres.Delivered})
	}
	wantSame(t, "its second", overdue(), []string{late.ID.String()})
	for _, d := range b.claim(late) {
		b.finish(late, d, 200, postgres.DeliveryUpdate{Status: postgres.Delivered})
	}
	wantEqual(t, "after all is sent", len(overdue()), 0)
}

func TestOverdueActions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.booked(b.at("instant", 9, 10))
	unborn := b.at("instant", 10, 11)
	waits := []*booking.Action{b.create(unborn), must(b.InsertAction(b.ctx, action(v, "cancel"), ""))}
	erased := action(v, "cancel")
	erased.BookingID = newID()
	waits = append(waits, must(b.InsertAction(b.ctx, erased, "")))
	wantEqual(t, "in a healthy run", len(must(b.OverdueActions(b.ctx, 30*time.Second, 10))), 0)
	b.exec(`UPDATE actions SET signalled_at = now() - interval '1 minute'`)

	found := map[string]postgres.Stuck{}
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

// TestUnwatched: a booking is missed once its first timer should have fired.
func TestUnwatched(t *testing.T) {
	t.Parallel()
	b := setup(t)
	unpaid := b.booked(b.at("instant_payment", 9, 10))
	own := b.at("instant_payment", 10, 11)
	own.Settings.Timers = graphs.Overrides{"timeout": "PT1M", "complete": graphs.Off}
	own = b.booked(own)
	paid := b.played(own, "pay")
	over := b.played(b.booked(b.at("instant", 11, 12)), "cancel")
	waiting := b.booked(b.at("confirm_decline", 9, 10))
	for _, c := range []struct {
		booking *booking.Booking
		want    *time.Time
	}{
		{unpaid, new(unpaid.EnteredAt.Add(5 * time.Minute))},
		{paid, nil}, // its timer is turned off
		{over, nil},
		{waiting, nil},
	} {
		got := first[*time.Time](b, `SELECT deadline_at FROM bookings WHERE id = $1`, c.booking.ID)
		if (got == nil) != (c.want == nil) || got != nil && !got.Equal(*c.want) {
			t.Errorf("%s in %s: deadline %v, want %v", c.booking.Graph, c.booking.State, got, c.want)
		}
	}
	wantEqual(t, "in a healthy run", len(must(b.BookingsWithOverdueTimer(b.ctx, time.Minute, 0, 10))), 0)
	b.exec(`UPDATE bookings SET deadline_at = deadline_at - interval '7 minutes'`)
	missed := must(b.BookingsWithOverdueTimer(b.ctx, time.Minute, 0, 10))
	wantEqual(t, "missed", len(missed), 1)
	wantEqual(t, "booking", missed[0].Booking.ID, unpaid.ID)
	wantEqual(t, "app", missed[0].App, "acme")
	b.played(unpaid, "pay")
	wantEqual(t, "deadline of the next state", first[time.Time](b, `SELECT deadline_at FROM bookings WHERE id = $1`, unpaid.ID).
		Equal(unpaid.End.Add(time.Hour)), true)
	wantEqual(t, "after it moved on", len(must(b.BookingsWithOverdueTimer(b.ctx, time.Minute, 0, 10))), 0)
}

// TestUnwatchedByNeed: what was never handed out comes before what was, and what is only just due is left to its workflow.
func TestUnwatchedByNeed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	again, anew, due := b.booked(b.at("instant_payment", 1, 2)), b.booked(b.at("instant_payment", 2, 3)), b.booked(b.at("instant_payment", 3, 4))
	b.exec(`UPDATE bookings SET deadline_at = now() - interval '7 hours', resumed_at = now() - interval '6 hours' WHERE id = $1`, again.ID)
	b.exec(`UPDATE bookings SET deadline_at = now() - interval '2 hours' WHERE id = $1`, anew.ID)
	b.exec(`UPDATE bookings SET deadline_at = now() - interval '1 minute' WHERE id = $1`, due.ID)
	var order []uuid.UUID
	for range 3 {
		for _, o := range must(b.BookingsWithOverdueTimer(b.ctx, time.Hour, time.Hour, 1)) {
			order = append(order, o.Booking.ID)
		}
	}
	wantSame(t, "handed out", order, []uuid.UUID{anew.ID, again.ID})
}
