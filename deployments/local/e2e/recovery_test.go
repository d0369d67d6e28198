package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/workflows"
)

// sql runs a statement on the record, to make what only a crash makes.
func (b *bundle) sql(t *testing.T, statement string, args ...any) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), b.stack.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if _, err := conn.Exec(t.Context(), statement, args...); err != nil {
		t.Fatal(err)
	}
}

// overdue makes every action and delivery that waits look old enough for the sweep.
func (b *bundle) overdue(t *testing.T) {
	t.Helper()
	b.sql(t, `UPDATE actions SET signalled_at = now() - interval '5 minutes' WHERE status = 'pending'`)
	b.sql(t, `UPDATE webhook_deliveries SET next_at = now() - interval '5 minutes' WHERE status = 'pending'`)
}

// TestTheSweepFinishesWhatACrashLeft makes each half-done thing that a killed process can leave, and waits for it.
func TestTheSweepFinishesWhatACrashLeft(t *testing.T) {
	t.Parallel()
	b := startOwn(t, "HOLDFAST_SWEEP_EVERY=1s")
	ctx, db := t.Context(), b.stack.App.DB
	resource := b.resource(t)
	hears := newReceiver(t, ok)
	b.webhook(t, hears.URL, "")

	// A creation that was put on record and never handed to Temporal.
	app, err := db.AppBySlug(ctx, "demo")
	if err != nil {
		t.Fatal(err)
	}
	made, err := db.Booking(ctx, app.ID, mustUUID(t, b.book(t, resource, "instant", 1)))
	if err != nil {
		t.Fatal(err)
	}
	orphan := *made
	orphan.ID, orphan.State, orphan.Seq, orphan.Customers = uuid.Must(uuid.NewV7()), "initialized", 0, nil
	orphan.Start, orphan.End = made.Start.Add(100*time.Hour), made.End.Add(100*time.Hour)
	first := &booking.Action{ID: uuid.Must(uuid.NewV7()), AppID: app.ID, BookingID: orphan.ID, Name: "confirm", Actor: graphs.ActorAPI, Channel: booking.ChannelAPI}
	if _, err := db.CreateBooking(ctx, &orphan, first, graphs.Move{Takes: true, Holds: graphs.HoldsSlot}); err != nil {
		t.Fatal(err)
	}

	// An action that was put on record and never signalled.
	unsignalled := b.book(t, resource, "instant", 2)
	cancel := &booking.Action{ID: uuid.Must(uuid.NewV7()), AppID: app.ID, BookingID: mustUUID(t, unsignalled), Name: "cancel", Actor: graphs.ActorAPI, Channel: booking.ChannelAPI}
	if _, err := db.InsertAction(ctx, cancel, ""); err != nil {
		t.Fatal(err)
	}

	// A booking whose workflow is gone: terminated, or lost with Temporal's database.
	bereft := b.book(t, resource, "instant", 3)
	if err := b.stack.App.Temporal.TerminateWorkflow(ctx, workflows.BookingID(mustUUID(t, bereft)), "", "test"); err != nil {
		t.Fatal(err)
	}
	b.put(t, "/v2/bookings/"+bereft+"/cancel", "{}").want(t, http.StatusOK) // brought back by the action itself

	// A booking whose workflow is gone, with a timer that nobody watches any more.
	unwatched := b.book(t, resource, "instant_payment", 5)
	if err := b.stack.App.Temporal.TerminateWorkflow(ctx, workflows.BookingID(mustUUID(t, unwatched)), "", "test"); err != nil {
		t.Fatal(err)
	}
	b.sql(t, `UPDATE bookings SET entered_at = entered_at - interval '10 minutes', deadline_at = deadline_at - interval '10 minutes' WHERE id = $1`, unwatched)

	// Deliveries that were written, with nobody woken.
	hears.waitFor(t, 5)
	b.sql(t, `UPDATE webhook_endpoints SET awake = true`)
	silent := b.book(t, resource, "instant", 4)

	// A claim token that has expired, and one that has not.
	for jti, minutes := range map[string]int{"past": -90, "good": 90} {
		b.sql(t, `INSERT INTO spent_claims (app_id, jti, booking_id, until) VALUES ($1, $2, $3, now() + make_interval(mins => $4))`,
			app.ID, jti, made.ID, minutes)
	}

	b.overdue(t)
	eventually(t, "claim tokens are forgotten", func() bool { return b.rows(t, `SELECT count(*) FROM spent_claims`) == 1 })
	eventually(t, "the sweep", func() bool {
		return b.state(t, orphan.ID.String()) == "confirmed" && b.state(t, unsignalled) == "cancelled" && b.state(t, unwatched) == "unpaid"
	})
	b.overdue(t)
	eventually(t, "the silent delivery", func() bool {
		for _, r := range hears.all() {
			if r.at("id") == silent {
				return true
			}
		}
		return false
	})

	// What is past its keeping time.
	eventually(t, "the changes are forgotten", func() bool {
		b.sql(t, `UPDATE webhook_deliveries SET finished_at = now() - interval '31 days' WHERE booking_id = $1 AND status = 'delivered'`, silent)
		b.sql(t, `UPDATE events SET at = now() - interval '31 days' WHERE booking_id = $1`, silent)
		return b.changes(t, "", "&booking_id="+silent).str("data.0.id") == ""
	})
	if b.state(t, silent) != "confirmed" {
		t.Error("the booking has changed")
	}
}

// TestWithoutTemporalActionsAreKept takes Temporal away: what the API accepts is on record, and it says so.
func TestWithoutTemporalActionsAreKept(t *testing.T) {
	t.Parallel()
	b := startOwn(t)
	resource := b.resource(t)
	id := b.book(t, resource, "instant", 1)
	b.stack.StopWorker()
	if err := b.stack.StopTemporal(); err != nil {
		t.Fatal(err)
	}
	b.get(t, "/readyz").want(t, http.StatusOK).same(t, "temporal", "unreachable")
	b.get(t, "/healthz").want(t, http.StatusOK)
	b.put(t, "/v2/bookings/"+id+"/cancel", "{}", "Prefer", "wait=1").want(t, http.StatusAccepted)
	kept := b.post(t, "/v2/bookings", request(resource, "instant", 2), "Prefer", "wait=1").want(t, http.StatusAccepted)
	if got := b.state(t, kept.str("data.id")); got != "initialized" {
		t.Errorf("state %s", got)
	}
	waiting, err := b.stack.App.DB.OverdueActions(t.Context(), 0, 10)
	if err != nil || len(waiting) != 2 {
		t.Errorf("%d actions wait on record, want 2: %v", len(waiting), err)
	}
}

// TestWithoutTemporalTimeIsKept takes Temporal away: who is told 202 has the time, and everybody else is told at once that it is
// gone. With a Temporal that knows nothing of it, all that was accepted is carried out.
func TestWithoutTemporalTimeIsKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := launch(t, dir)
	resource := b.resource(t)
	instant := func(hour int) string { return request(resource, "instant", hour) }
	one, two := b.book(t, resource, "confirm_decline", 11), b.book(t, resource, "confirm_decline", 11)
	old := b.book(t, resource, "instant", 13)
	hold := b.hold(t, resource, 15, 3600)
	b.stack.StopWorker()
	if err := b.stack.StopTemporal(); err != nil {
		t.Fatal(err)
	}

	accepted := make([]answer, 5)
	var all sync.WaitGroup
	for i, ask := range []func() answer{
		func() answer { return b.post(t, "/v2/bookings", instant(9)) },
		func() answer { return b.put(t, "/v2/bookings/"+one+"/confirm", "{}") },
		func() answer { return b.post(t, "/v2/bookings/"+old+"/reschedule", to(13.5)) },
		func() answer { return b.post(t, "/v2/bookings", fmt.Sprintf(fromHold, hold, "")) },
		func() answer { return b.post(t, "/v2/bookings/reserve", instant(17)) },
	} {
		all.Go(func() { accepted[i] = ask() })
	}
	all.Wait()
	for _, a := range accepted {
		a.want(t, http.StatusAccepted)
	}
	for _, hour := range []int{9, 11, 13, 14, 15, 17} {
		b.post(t, "/v2/bookings", instant(hour)).refused(t, http.StatusConflict, "slot_taken")
		b.post(t, "/v2/bookings/reserve", instant(hour)).refused(t, http.StatusConflict, "slot_taken")
		if b.shows(t, resource, hour) {
			t.Errorf("hour %d is offered", hour)
		}
	}
	b.put(t, "/v2/bookings/"+two+"/confirm", "{}").refused(t, http.StatusConflict, "slot_taken")
	b.post(t, "/v2/bookings", fmt.Sprintf(fromHold, hold, "")).refused(t, http.StatusConflict, "hold_expired")
	lost := b.post(t, "/v2/bookings/bulk", bulk(`,"delete_all_on_error":true`, instant(19), instant(9)))
	lost.refused(t, http.StatusConflict, "slot_taken") // and the hour of its first entry is given back
	if !b.shows(t, resource, 19) {
		t.Error("a bulk request that failed keeps an hour")
	}
	if err := b.stack.Stop(); err != nil {
		t.Fatal(err)
	}

	b = launch(t, dir, "HOLDFAST_SWEEP_EVERY=1s")
	t.Cleanup(func() { _ = b.stack.Stop() })
	b.overdue(t)
	for i, state := range []string{"confirmed", "confirmed", "confirmed", "confirmed", "reserved"} {
		b.eventuallyState(t, accepted[i].str("data.id"), state)
	}
	if got := b.state(t, old) + " " + b.state(t, hold) + " " + b.state(t, two); got != "rescheduled_by_customer booked tentative" {
		t.Errorf("the others are %s", got)
	}
	b.book(t, resource, "instant", 19)
}
