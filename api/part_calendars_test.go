package api

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"time"

	"holdfast/internal/fault"
)

type shownEntry struct {
	ID         string
	BookingID  string `json:"booking_id"`
	ResourceID string `json:"resource_id"`
	Start, End time.Time
}

// TestEachPartSeesItsBooking: a resource with a part finds the booking with its own token: in its list of bookings, and in its calendar at the
// time of its part. It reads it, and does nothing to it. Others find nothing.
func TestEachPartSeesItsBooking(t *testing.T) {
	t.Parallel()
	j := clinic(t, "")
	id := j.book(j.server, 0, "").id(t)
	parts := j.send(j.server, http.MethodGet, "/v2/bookings/"+id, "").want(t, http.StatusOK).parts(t)
	window := "?" + url.Values{"start": {noon.Add(-time.Hour).Format(time.RFC3339)}, "end": {noon.Add(3 * time.Hour).Format(time.RFC3339)}}.Encode()
	taking := map[string]bool{}
	for i, part := range parts {
		taking[part.ID] = true
		as := j.asResource(part.ID)
		var list struct{ Data []struct{ ID string } }
		check(t, json.Unmarshal(as(http.MethodGet, "/v2/bookings", "").want(t, http.StatusOK).Body.Bytes(), &list))
		if len(list.Data) != 1 || list.Data[0].ID != id {
			t.Errorf("%s has the bookings %+v", part.Role, list.Data)
		}
		var events struct{ Data []shownEntry }
		check(t, json.Unmarshal(as(http.MethodGet, "/v2/events"+window, "").want(t, http.StatusOK).Body.Bytes(), &events))
		if len(events.Data) != 1 || events.Data[0].BookingID != id || events.Data[0].ResourceID != part.ID ||
			!events.Data[0].Start.Equal(part.Start) || !events.Data[0].End.Equal(part.End) {
			t.Fatalf("%s has the entries %+v, not from %s to %s", part.Role, events.Data, part.Start, part.End)
		}
		entry := as(http.MethodGet, "/v2/events/"+events.Data[0].ID, "").want(t, http.StatusOK)
		if entry.text(t, "resource_id") != part.ID {
			t.Errorf("the entry of %s is %s", part.Role, entry.Body)
		}
		as(http.MethodDelete, "/v2/events/"+events.Data[0].ID, "").refused(t, fault.InUse, "")
		if got := as(http.MethodGet, "/v2/bookings/"+id, "").want(t, http.StatusOK).parts(t); len(got) != len(parts) {
			t.Errorf("%s sees the parts %+v", part.Role, got)
		}
		if i > 0 {
			as(http.MethodPut, "/v2/bookings/"+id+"/cancel", "").refused(t, fault.NotFound, "")
		}
	}
	for _, other := range append(j.nurses, j.rooms...) {
		if taking[other] {
			continue
		}
		as := j.asResource(other)
		as(http.MethodGet, "/v2/bookings/"+id, "").refused(t, fault.NotFound, "")
		if got := as(http.MethodGet, "/v2/events"+window, "").want(t, http.StatusOK).Body.String(); got == "" || len(got) > 600 || !json.Valid([]byte(got)) {
			t.Errorf("somebody else has %s", got)
		}
	}
}
