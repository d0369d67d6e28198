package e2e_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// TestTheSameTimeMovesNothing: a form of ours that asks for the very time a booking has leads to the booking, by the page of a request
// and by a link, told with an end or without, and also where nobody offers the time any more. By the API it is a move like any other,
// as at Timekit.
func TestTheSameTimeMovesNothing(t *testing.T) {
	t.Parallel()
	s := newLinkShop(t, mornings, "")
	path := s.booked(t)
	link := s.customerLink(t, s.standing(t)[0].str("data.id"), "reschedule_by_customer")
	own := s.standing(t)[0]
	instant := func(field string) string {
		at, err := time.Parse(time.RFC3339, own.str("data.event."+field))
		if err != nil {
			t.Fatal(err)
		}
		return at.UTC().Format(time.RFC3339)
	}
	stays := func(what string) {
		t.Helper()
		for _, end := range []string{instant("end"), ""} {
			form := url.Values{"action": {"reschedule"}, "start": {instant("start")}, "end": {end}, "resource": {s.resource}, "tz": {"Europe/Berlin"}}
			for range 2 {
				for _, address := range []string{path, link} {
					to := s.visitor.submit(t, address, form).want(t, http.StatusSeeOther).header.Get("Location")
					if strings.Contains(to, "said=") {
						t.Errorf("%s leads to %s", what, to)
					}
					s.visitor.get(t, to).want(t, http.StatusOK).says(t, "Your booking")
				}
			}
		}
		now := s.standing(t)
		if len(now) != 1 || now[0].str("data.id") != own.str("data.id") || now[0].str("data.updated_at") != own.str("data.updated_at") {
			t.Fatalf("%s: it was moved: %v", what, now)
		}
		if n := s.rows(t, `SELECT count(*) FROM events WHERE booking_id = $1`, own.str("data.id")); n != 1 {
			t.Errorf("%s: %d events", what, n)
		}
	}
	stays("a form made by hand")
	s.put(t, "/v2/projects/"+s.project, `{"availability_constraints":[{"allow_hours":{"start":15,"end":17}}]}`).want(t, http.StatusNoContent)
	stays("a time that is not offered any more")

	moved := s.post(t, "/v2/bookings/"+own.str("data.id")+"/reschedule", fmt.Sprintf(`{"start":%q,"end":%q}`, instant("start"), instant("end"))).
		want(t, http.StatusCreated)
	if moved.str("data.id") == own.str("data.id") || s.state(t, own.str("data.id")) != "rescheduled_by_customer" {
		t.Errorf("by the API it stays: %s", moved.body)
	}
}
