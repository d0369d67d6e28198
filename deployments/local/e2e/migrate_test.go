package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"holdfast/workflows"
)

// TestMigratedBookingsWalkOn: a workflow that runs goes over to another version with its booking, and its timers are those of that one.
func TestMigratedBookingsWalkOn(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t)
	publish := func(g string) {
		t.Helper()
		b.post(t, "/v2/graphs", g).want(t, http.StatusCreated)
		b.post(t, "/v2/graphs/viewing/publish", "").want(t, http.StatusCreated)
	}
	publish(viewing)
	lapses, called := b.book(t, resource, "viewing@1", 9), b.book(t, resource, "viewing@1", 12)
	publish(strings.NewReplacer(`"planned"`, `"agreed"`, `"after":"P2D"`, `"after":"PT3S"`, `"call_off"`, `"give_up"`).Replace(viewing))
	b.post(t, "/v2/bookings/migrate", `{"from":"viewing@1","to":"viewing@2","map":{"planned":"agreed"}}`).want(t, http.StatusAccepted).same(t, "data.asked", "2")
	eventually(t, "both have gone over", func() bool {
		return b.state(t, called) != "planned" && b.state(t, lapses) != "planned"
	})
	b.put(t, "/v2/bookings/"+called+"/call_off", "").refused(t, http.StatusUnprocessableEntity, "action_not_available")
	b.put(t, "/v2/bookings/"+called+"/give_up", "").want(t, http.StatusOK).same(t, "data.state", "off")
	b.eventuallyState(t, lapses, "lapsed")
	replay(t, b.stack.App.Temporal, "migrated", workflows.BookingID(mustUUID(t, lapses)))
}
