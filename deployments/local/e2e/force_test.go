package e2e_test

import (
	"net/http"
	"testing"

	"holdfast/workflows"
)

// TestForcedBookingsWalkOn: a booking that was over is put back by hand. Its workflow is started from the record, and completes it.
func TestForcedBookingsWalkOn(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	admin := *b
	admin.key = string(b.stack.App.Config.AdminKey)
	resource := b.resource(t)
	id := b.book(t, resource, "instant", 9)
	admin.post(t, "/v2/bookings/"+id+"/force", `{"state":"cancelled","reason":"by mistake"}`).want(t, http.StatusOK).same(t, "data.state", "cancelled")
	replay(t, b.stack.App.Temporal, "forced", workflows.BookingID(mustUUID(t, id)))
	admin.post(t, "/v2/bookings/"+id+"/force", `{"state":"confirmed","reason":"it was not"}`).want(t, http.StatusOK).same(t, "data.state", "confirmed")
	b.post(t, "/v2/bookings", request(resource, "instant", 9)).refused(t, http.StatusConflict, "slot_taken")
	b.put(t, "/v2/bookings/"+id+"/cancel", "").want(t, http.StatusOK).same(t, "data.state", "cancelled")
	replay(t, b.stack.App.Temporal, "forced-back", workflows.BookingID(mustUUID(t, id)))
}

// force asks for it in the tour.
func (r tour) force(t *testing.T, id string) {
	t.Helper()
	admin := tour{r.bundle, r.seen}
	copied := *r.bundle
	copied.key = string(r.stack.App.Config.AdminKey)
	admin.bundle = &copied
	admin.do(t, http.MethodPost, "/v2/bookings/"+id+"/force"+everything, `{"state":"cancelled","reason":"tour"}`, http.StatusOK)
	admin.do(t, http.MethodPost, "/v2/bookings/"+id+"/force", `{"state":"nowhere","reason":"tour"}`, http.StatusUnprocessableEntity)
	r.do(t, http.MethodPost, "/v2/bookings/"+id+"/force", `{"state":"cancelled","reason":"tour"}`, http.StatusUnauthorized)
}
