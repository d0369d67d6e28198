package e2e_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestAnUnknownZoneOffersNothing: of a resource whose time zone no database has (older versions let such names pass) no door offers or
// sells time to visitors, explain says why, and its owner can read, book and mend it. Its colleagues are offered as ever.
func TestAnUnknownZoneOffersNothing(t *testing.T) {
	t.Parallel()
	s := newSurfaces(t, mornings)
	colleague := s.bundle.resource(t)
	own := s.post(t, "/v2/bookings", inDays(t, s.project, s.resource, 2, "09:00", "")).want(t, http.StatusCreated).str("data.id")
	moving, move := s.proven(t, own), s.customerLink(t, own, "reschedule_by_customer")
	session := s.bundle.session(t, s.resource, 12, 3)
	project := func() answer { return s.get(t, "/v2/projects/"+s.project).want(t, http.StatusOK) }
	project().same(t, "data.offers", "true")
	form := s.visitor.get(t, s.visitor.get(t, s.path).first(t).href).want(t, http.StatusOK).form(map[string]string{"name": "Marty", "email": "marty@example.com"})
	for surface, n := range s.offered(t) {
		if n == 0 {
			t.Errorf("%s offers nothing to begin with", surface)
		}
	}
	s.sql(t, `UPDATE resources SET timezone = 'localtime' WHERE id = $1`, s.resource)

	project().same(t, "data.offers", "false")
	project().same(t, "data.missing", "[resources.timezone]")
	for surface, n := range s.offered(t) {
		if n != 0 {
			t.Errorf("%s offers %d", surface, n)
		}
	}
	if n := len(s.visitor.get(t, move).want(t, http.StatusOK).slots(t)); n != 0 {
		t.Errorf("the page that reschedules offers %d times", n)
	}
	at := time.Now().Add(48 * time.Hour).Truncate(time.Hour)
	for _, question := range []string{fmt.Sprintf(`{"resources":[%q],"length":"1 hour"}`, s.resource), fmt.Sprintf(`{"project_id":%q}`, s.project)} {
		if offered, reasons := s.verdicts(t, question, at); offered || !slices.Equal(reasons[s.resource], []string{"unknown_zone"}) {
			t.Errorf("%s: %v %v", question, offered, reasons)
		}
	}
	both := fmt.Sprintf(`{"resources":[%q,%q],"length":"1 hour","mode":"exclusive"}`, s.resource, colleague)
	for _, question := range []string{both, `{"length":"1 hour","mode":"exclusive"}`} {
		if all := s.slots(t, "/v2/availability", question); len(all) == 0 || strings.Contains(fmt.Sprint(all), s.resource) {
			t.Errorf("%s: %d slots", question, len(all))
		}
	}

	for _, path := range []string{"/v2/bookings", "/v2/bookings/reserve"} {
		s.ask(t, path, 3, "10:00", "").refused(t, http.StatusUnprocessableEntity, "unknown_zone")
	}
	s.widget.post(t, moving, inDays(t, "", s.resource, 3, "10:00", "")).refused(t, http.StatusUnprocessableEntity, "unknown_zone")
	s.widget.post(t, "/v2/bookings", fmt.Sprintf(`{"graph":"group_customer","related":{"owner_booking_id":%q},"customer":{"name":"Marty"}}`, session)).
		refused(t, http.StatusUnprocessableEntity, "unknown_zone")
	s.visitor.submit(t, s.path, form)
	if total := s.get(t, "/v2/bookings").str("total"); total != "2" {
		t.Errorf("%s bookings", total)
	}

	if zone := s.get(t, "/v2/resources/"+s.resource).want(t, http.StatusOK).str("data.timezone"); zone != "localtime" {
		t.Errorf("the owner reads %q", zone)
	}
	s.get(t, "/v2/resources").want(t, http.StatusOK)
	s.get(t, "/v2/bookings/"+own+"?include=resource").want(t, http.StatusOK)
	s.post(t, "/v2/bookings", inDays(t, s.project, s.resource, 3, "11:00", "")).want(t, http.StatusCreated)
	s.put(t, "/v2/resources/"+s.resource, `{"name":"Anna"}`).want(t, http.StatusOK)
	s.put(t, "/v2/resources/"+s.resource, `{"timezone":"Europe/Berlin"}`).want(t, http.StatusOK)
	s.ask(t, "/v2/bookings", 3, "10:00", "").want(t, http.StatusCreated)
	project().same(t, "data.offers", "true")
}
