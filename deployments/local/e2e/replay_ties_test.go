package e2e_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"holdfast/workflows"
)

// TestFreshHistoriesOfTiedBookingsReplay does what TestFreshHistoriesReplay does, for bookings that have to do with others,
// and for reminders.
func TestFreshHistoriesOfTiedBookingsReplay(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t)
	lives := map[string]string{}
	play := func(id, action string) { b.put(t, "/v2/bookings/"+id+"/"+action, "{}").want(t, http.StatusOK) }

	extended := b.hold(t, resource, 1, 600)
	b.put(t, "/v2/bookings/reserve/extend", fmt.Sprintf(`{"reservation_id":%q,"reservation_time":1}`, extended)).want(t, http.StatusOK)
	lives["hold-extended-expired"] = extended

	held := b.hold(t, resource, 2, 600)
	kept := b.post(t, "/v2/bookings", fmt.Sprintf(fromHold, held, "")).want(t, http.StatusCreated).str("data.id")
	play(kept, "cancel")
	lives["hold-booked"], lives["instant-from-hold-cancelled"] = held, kept

	old := b.book(t, resource, "instant", 3)
	moved := b.move(t, old, 4)
	play(moved, "cancel")
	lives["instant-rescheduled"], lives["instant-instead-of-another-cancelled"] = old, moved

	session := b.session(t, resource, 5, 3)
	seat, wish := b.sit(t, session, "group_customer"), b.sit(t, session, "group_customer_payment")
	play(session, "cancel")
	lives["session-cancelled"], lives["seat-cancelled-with-its-session"], lives["seat-not-paid-cancelled-with-its-session"] = session, seat, wish

	made := b.post(t, "/v2/bookings/bulk", bulk(`,"relate_bookings":true`, hours(resource, 6, 7)...)).want(t, http.StatusCreated)
	play(made.str("data.0.id"), "cancel")
	lives["bulk-cancelled"], lives["bulk-cancelled-with-another"] = made.str("data.0.id"), made.str("data.1.id")

	hears := newReceiver(t, ok)
	reminded := b.post(t, "/v2/bookings", soon(b.resource(t), "instant", 20*time.Second,
		notified(remind(hears.URL, "before", 3), remind(hears.URL, "after", 3600)))).want(t, http.StatusCreated).str("data.id")
	hears.waitFor(t, 1)
	play(reminded, "complete")
	open := workflows.BookingID(mustUUID(t, reminded)) // waits for its second reminder
	replay(t, b.stack.App.Temporal, "reminded-completed-waits-for-another", open)

	for name, id := range lives {
		workflow := workflows.BookingID(mustUUID(t, id))
		if err := b.stack.App.Temporal.GetWorkflow(t.Context(), workflow, "").Get(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		replay(t, b.stack.App.Temporal, name, workflow)
	}
}
