package e2e_test

import (
	"net/http"
	"testing"
)

// TestAcceptedTimeIsKept: whatever was accepted while no worker carries anything out has its time, by every door; who wants the same
// time is refused at once. When a worker comes, all of it is carried out.
func TestAcceptedTimeIsKept(t *testing.T) {
	t.Parallel()
	b := startOwn(t)
	resource := b.resource(t)
	asked, old := b.book(t, resource, "confirm_decline", 12), b.book(t, resource, "instant", 13)
	b.stack.StopWorker()
	accepted := func(a answer) answer { return a.want(t, http.StatusAccepted) }
	async := []string{"Prefer", "respond-async"}
	made := map[string]string{
		accepted(b.post(t, "/v2/bookings", request(resource, "instant", 9), async...)).str("data.id"):                      "confirmed",
		accepted(b.post(t, "/v2/bookings/"+old+"/reschedule", to(14), async...)).str("data.id"):                            "confirmed",
		accepted(b.post(t, "/v2/bookings/reserve", request(resource, "instant", 15), async...)).str("data.reservation_id"): "reserved",
		asked: "confirmed", old: "rescheduled_by_customer",
	}
	several := b.post(t, "/v2/bookings/bulk", bulk("", hours(resource, 10, 11)...), async...)
	made[several.str("data.0.id")], made[several.str("data.1.id")] = "confirmed", "confirmed"
	accepted(b.put(t, "/v2/bookings/"+asked+"/confirm", "{}", async...))
	for hour := 9; hour <= 15; hour++ {
		b.post(t, "/v2/bookings", request(resource, "instant", hour), async...).refused(t, http.StatusConflict, "slot_taken")
	}
	b.stack.StartWorker()
	for id, state := range made {
		eventually(t, id+" is "+state, func() bool { return b.state(t, id) == state })
	}
}
