package e2e_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// surfaces are the doors by which a visitor comes to a project's time.
type surfaces struct {
	*linkShop
	widget *bundle
}

func newSurfaces(t testing.TB, offer string) *surfaces {
	t.Helper()
	s := newLinkShop(t, offer, "")
	return &surfaces{s, s.bundle.widget(t)}
}

// offered counts the times that each surface shows.
func (s *surfaces) offered(t testing.TB) map[string]int {
	t.Helper()
	question := fmt.Sprintf(`{"project_id":%q}`, s.project)
	count := func(who *bundle) int {
		return who.post(t, "/v2/availability", question).want(t, http.StatusOK).count(t, "data")
	}
	total := map[string]int{"server": count(s.bundle), "widget": count(s.widget)}
	total["widget, echoed"] = s.widget.post(t, "/v2/availability", fmt.Sprintf(`{"project_id":%q,"resources":[%q],"length":"1 hour"}`,
		s.project, s.resource)).want(t, http.StatusOK).count(t, "data")
	total["widget, all"] = s.widget.post(t, "/v2/availability", fmt.Sprintf(`{"project_id":%q,"resources":[]}`, s.project)).want(t, http.StatusOK).count(t, "data")
	total["dates"] = s.widget.post(t, "/v2/availability/dates", question).want(t, http.StatusOK).count(t, "data")
	if text := s.widget.post(t, "/v2/availability/count", question).want(t, http.StatusOK).str("data.total"); text != "0" {
		total["count"] = 1
	} else {
		total["count"] = 0
	}
	total["page"] = len(s.visitor.get(t, s.path).want(t, http.StatusOK).slots(t))
	return total
}

// count is the length of a list.
func (a answer) count(t testing.TB, path string) int {
	t.Helper()
	list, ok := a.at(path).([]any)
	if !ok {
		t.Fatalf("%s is no list: %s", path, a.body)
	}
	return len(list)
}

// ask sends a booking of an hour to a door, as the widget does.
func (s *surfaces) ask(t testing.TB, path string, days int, clock, more string) answer {
	t.Helper()
	return s.widget.post(t, path, inDays(t, s.project, s.resource, days, clock, more))
}

// TestAProjectThatLostItsResourcesOffersNothing, however it lost them, on every surface. Nobody else of the app stands in.
func TestAProjectThatLostItsResourcesOffersNothing(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(*testing.T, *surfaces){
		"the resource is deleted": func(t *testing.T, s *surfaces) {
			t.Helper()
			s.call(t, http.MethodDelete, "/v2/resources/"+s.resource, "").want(t, http.StatusNoContent)
		},
		"it is taken out": func(t *testing.T, s *surfaces) {
			t.Helper()
			s.call(t, http.MethodDelete, "/v2/projects/"+s.project+"/resources/"+s.resource, "").want(t, http.StatusNoContent)
		},
		"the list is emptied": func(t *testing.T, s *surfaces) {
			t.Helper()
			s.put(t, "/v2/projects/"+s.project, `{"resources":[]}`).want(t, http.StatusNoContent)
		},
		"the list is set to none": func(t *testing.T, s *surfaces) {
			t.Helper()
			s.put(t, "/v2/projects/"+s.project+"/resources", `[]`).want(t, http.StatusNoContent)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSurfaces(t, mornings)
			other := s.bundle.resource(t)
			form := s.visitor.get(t, s.visitor.get(t, s.path).first(t).href).want(t, http.StatusOK).form(map[string]string{"name": "Marty", "email": "marty@example.com"})
			for surface, n := range s.offered(t) {
				if n == 0 {
					t.Errorf("%s offers nothing to begin with", surface)
				}
			}
			lose(t, s)
			s.get(t, "/v2/projects/"+s.project).same(t, "data.missing", "[resources]")
			for surface, n := range s.offered(t) {
				if n != 0 {
					t.Errorf("%s offers %d", surface, n)
				}
			}
			for _, path := range []string{"/v2/bookings", "/v2/bookings/reserve"} {
				for _, resource := range []string{other, s.resource} {
					body := inDays(t, s.project, resource, 3, "10:00", "")
					s.widget.post(t, path, body).refused(t, http.StatusUnprocessableEntity, "invalid")
				}
			}
			s.visitor.submit(t, s.path, form)
			form.Set("resource", other)
			s.visitor.submit(t, s.path, form)
			if total := s.get(t, "/v2/bookings").str("total"); total != "0" {
				t.Errorf("%s bookings were made", total)
			}
		})
	}
}

// TestADraftSaysWhatItLacks, offers nothing until it has it, and offers then.
func TestADraftSaysWhatItLacks(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t)
	made := b.post(t, "/v2/projects", `{"name":"Just begun"}`).want(t, http.StatusCreated)
	made.same(t, "data.offers", "false")
	made.same(t, "data.missing", "[resources availability]")
	path := "/v2/projects/" + made.str("data.id")
	widget := b.widget(t)
	question := fmt.Sprintf(`{"project_id":%q}`, made.str("data.id"))
	free := func() int {
		return widget.post(t, "/v2/availability", question).want(t, http.StatusOK).count(t, "data")
	}
	step := func(change, missing string, offers bool) {
		t.Helper()
		b.put(t, path, change).want(t, http.StatusNoContent)
		now := b.get(t, path).want(t, http.StatusOK)
		now.same(t, "data.missing", missing)
		now.same(t, "data.offers", fmt.Sprint(offers))
		if n := free(); (n > 0) != offers {
			t.Errorf("%s: %d times are offered", change, n)
		}
	}
	step(fmt.Sprintf(`{"resources":[%q]}`, resource), "[availability]", false)
	own := fmt.Sprintf(`{"project_id":%q,"resources":[%q],"length":"1 hour"}`, made.str("data.id"), resource)
	if n := b.post(t, "/v2/availability", own).want(t, http.StatusOK).count(t, "data"); n == 0 { // an owner's own question is whole
		t.Error("the owner is told of nothing")
	}
	step(`{"availability":{"length":"1 hour"}}`, "[]", true)
	step(`{"resources":[]}`, "[resources]", false)
}

// TestPastTimesAreNotSold: for visitors a window begins now, on every surface.
func TestPastTimesAreNotSold(t *testing.T) {
	t.Parallel()
	s := newSurfaces(t, `,"availability":{"length":"1 hour","from":"2020-01-01T00:00:00Z"}`)
	open := fmt.Sprintf(`{"project_id":%q,"from":"-3 days","to":"3 days"}`, s.project)
	for _, question := range []string{open, fmt.Sprintf(`{"project_id":%q,"to":"3 days"}`, s.project)} {
		now := time.Now()
		for _, one := range s.widget.slots(t, "/v2/availability", question) {
			if one.at(t).Before(now) {
				t.Fatalf("%s is offered", one.Start)
			}
		}
	}
	for _, path := range []string{"/v2/bookings", "/v2/bookings/reserve"} {
		for _, days := range []int{-1, -20} {
			s.ask(t, path, days, "10:00", "").refused(t, http.StatusUnprocessableEntity, "invalid").same(t, "errors.start.0", "is in the past")
		}
	}
	id := s.ask(t, "/v2/bookings", 2, "10:00", "").want(t, http.StatusCreated).str("data.id")
	s.ask(t, s.proven(t, id), -1, "10:00", "").refused(t, http.StatusUnprocessableEntity, "invalid")
	s.post(t, "/v2/bookings", inDays(t, s.project, s.resource, -1, "10:00", "")).want(t, http.StatusCreated) // an owner notes what was
}

// TestLengthIsTheOwners: a visitor cannot take more or less than the project gives, whichever way they come.
func TestLengthIsTheOwners(t *testing.T) {
	t.Parallel()
	s := newSurfaces(t, mornings)
	id := s.ask(t, "/v2/bookings", 2, "10:00", "").want(t, http.StatusCreated).str("data.id")
	for _, path := range []string{"/v2/bookings", "/v2/bookings/reserve", s.proven(t, id)} {
		for _, end := range []string{"+2 hours", "+1 second", "+1 minute", "+1 year"} {
			body := inDays(t, s.project, s.resource, 3, "09:00", "")
			s.widget.post(t, path, longer(t, body, end)).refused(t, http.StatusUnprocessableEntity, "invalid")
		}
	}
	hold := s.ask(t, "/v2/bookings/reserve", 3, "09:00", "").want(t, http.StatusCreated).str("data.reservation_id")
	body := strings.Replace(longer(t, inDays(t, s.project, s.resource, 3, "09:00", ""), "+2 hours"), "{", fmt.Sprintf(`{"reservation_id":%q,`, hold), 1)
	s.widget.post(t, "/v2/bookings", body).refused(t, http.StatusUnprocessableEntity, "invalid") // a hold is good for what it holds
}

// longer gives a body another end.
func longer(t testing.TB, body, end string) string {
	t.Helper()
	at := answer{body: body}
	start, err := time.Parse(time.RFC3339, at.str("start"))
	if err != nil {
		t.Fatal(err)
	}
	length := map[string]time.Duration{"+2 hours": 2 * time.Hour, "+1 second": time.Second, "+1 minute": time.Minute, "+1 year": 365 * 24 * time.Hour, "+25 hours": 25 * time.Hour}[end]
	return strings.Replace(body, `"end":"`+at.str("end"), `"end":"`+start.Add(length).Format(time.RFC3339), 1)
}

// TestADeletedProjectOffersNoOtherTime: its customers keep what they have, and can give it up.
func TestADeletedProjectOffersNoOtherTime(t *testing.T) {
	t.Parallel()
	s := newSurfaces(t, mornings)
	form := s.visitor.get(t, s.visitor.get(t, s.path).first(t).href).want(t, http.StatusOK)
	page, _, _ := strings.Cut(s.visitor.submit(t, s.path, form.form(map[string]string{"name": "Marty", "email": "marty@example.com"})).
		want(t, http.StatusSeeOther).header.Get("Location"), "?")
	other := s.visitor.get(t, page+"?reschedule=true").want(t, http.StatusOK).slots(t)[1]
	confirm := s.visitor.get(t, other.href).want(t, http.StatusOK)
	s.call(t, http.MethodDelete, "/v2/projects/"+s.project, "").want(t, http.StatusNoContent)
	for _, address := range []string{page, page + "?reschedule=true", other.href} {
		shown := s.visitor.get(t, address).want(t, http.StatusOK)
		if len(shown.slots(t)) > 0 || strings.Contains(shown.body, "reschedule=true") || strings.Contains(shown.body, `name="start"`) {
			t.Errorf("%s offers another time: %s", address, shown.words())
		}
	}
	s.visitor.submit(t, page, confirm.form(nil)).want(t, http.StatusSeeOther)
	if total := s.get(t, "/v2/bookings").str("total"); total != "1" {
		t.Errorf("%s bookings, want the one that was", total)
	}
	decline := s.visitor.get(t, page+"?decline=true").want(t, http.StatusOK)
	s.visitor.submit(t, page, decline.form(nil)).want(t, http.StatusSeeOther)
	s.get(t, "/v2/bookings").same(t, "data.0.state", "cancelled_by_customer")
}

// TestPagesBookNoHoldsAndNoSessions: neither a public link nor a scheduling request, and not when the project changes later.
func TestPagesBookNoHoldsAndNoSessions(t *testing.T) {
	t.Parallel()
	s := newSurfaces(t, mornings)
	for _, graph := range []string{"reservation", "group_owner", "group_customer", "group_customer_payment"} {
		project := s.bundle.project(t, "Odd", mornings+fmt.Sprintf(`,"booking":{"graph":%q}`, graph), s.resource).str("data.id")
		link := fmt.Sprintf(`{"project_id":%q,"title":"Odd"}`, project)
		s.post(t, "/v2/public_links", link).refused(t, http.StatusUnprocessableEntity, "invalid")
		s.put(t, "/v2/public_links/"+s.link, link).refused(t, http.StatusUnprocessableEntity, "invalid")
		s.post(t, "/v1/scheduling_requests", fmt.Sprintf(`{"project_id":%q,"recipients":[{"email":"marty@example.com"}],"event":{"summary":"Odd"}}`, project)).
			refused(t, http.StatusUnprocessableEntity, "invalid")
		s.put(t, "/v2/projects/"+s.project, fmt.Sprintf(`{"booking":{"graph":%q}}`, graph)).want(t, http.StatusNoContent)
		if page := s.visitor.get(t, s.path).want(t, http.StatusGone); !strings.Contains(page.body, "No longer offered") {
			t.Error(page.words())
		}
		s.put(t, "/v2/projects/"+s.project, `{"booking":{"graph":"instant"}}`).want(t, http.StatusNoContent)
		s.visitor.get(t, s.path).want(t, http.StatusOK)
	}
}

// TestASessionThatHasBegunIsClosedToVisitors: its owner may still let somebody in.
func TestASessionThatHasBegunIsClosedToVisitors(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	visitor, now := b.widget(t), time.Now().UTC().Truncate(time.Second)
	session := func(from, to time.Duration) string {
		return b.post(t, "/v2/bookings", fmt.Sprintf(`{"resource_id":%q,"graph":"group_owner","what":"Yoga","start":%q,"end":%q,"settings":{"max_seats":4}}`, b.resource(t),
			now.Add(from).Format(time.RFC3339), now.Add(to).Format(time.RFC3339))).want(t, http.StatusCreated).str("data.id")
	}
	for _, graph := range []string{"group_customer", "group_customer_payment"} {
		over, running, ahead := session(-100*time.Minute, -40*time.Minute), session(-time.Minute, time.Hour), session(time.Hour, 2*time.Hour)
		for _, begun := range []string{over, running} {
			visitor.post(t, "/v2/bookings", seat(begun, graph)).refused(t, http.StatusConflict, "session_closed")
			b.post(t, "/v2/bookings", seat(begun, graph)).want(t, http.StatusCreated)
		}
		visitor.post(t, "/v2/bookings", seat(ahead, graph)).want(t, http.StatusCreated)
	}
}

// TestCustomersChangeNothingThatHasBegun: by a link, on a page or with a widget key. The owner's backend can, as with Timekit.
func TestCustomersChangeNothingThatHasBegun(t *testing.T) {
	t.Parallel()
	b := tenant(t, `{"action_links":"one_click"}`)
	visitor, now := b.widget(t), time.Now().UTC().Truncate(time.Second)
	for name, c := range map[string]struct{ from, to time.Duration }{"running": {-30 * time.Minute, 30 * time.Minute}, "over": {-50 * time.Minute, -10 * time.Minute}} {
		id := b.post(t, "/v2/bookings", fmt.Sprintf(`{"resource_id":%q,"graph":"instant","what":"Haircut","start":%q,"end":%q,"customer":{"name":"Marty McFly"}}`,
			b.resource(t), now.Add(c.from).Format(time.RFC3339), now.Add(c.to).Format(time.RFC3339))).want(t, http.StatusCreated).str("data.id")
		seen := b.get(t, "/v2/bookings/"+id+"?include=customer_action_links,available_actions").want(t, http.StatusOK)
		seen.same(t, "data.customer_action_links", "map[]")
		if !strings.Contains(seen.str("data.available_actions"), "cancel_by_customer") {
			t.Errorf("%s: a server key can play %s", name, seen.str("data.available_actions"))
		}
		for _, action := range []string{"cancel_by_customer", "reschedule_by_customer"} {
			own := linkPath(id, action, byHand(payload(id, action, ""), b.key))
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				b.anonymous().call(t, method, own, "", "Accept", "application/json").refused(t, http.StatusUnprocessableEntity, "too_late")
			}
			if page := b.anonymous().get(t, own, "Accept", "text/html"); page.status != http.StatusUnprocessableEntity || !strings.Contains(page.body, "Too late") {
				t.Errorf("%s: %d %s", name, page.status, page.words())
			}
		}
		proof := "?signature=" + byHand(payload(id, "reschedule_by_customer", ""), b.key)
		visitor.post(t, "/v2/bookings/"+id+"/reschedule"+proof, to(12)).refused(t, http.StatusUnprocessableEntity, "too_late")
		if got := b.state(t, id); got != "confirmed" {
			t.Errorf("%s: the booking is %s", name, got)
		}
		if name == "running" {
			b.post(t, "/v2/bookings/"+id+"/reschedule", to(13)).want(t, http.StatusCreated)
		} else {
			b.put(t, "/v2/bookings/"+id+"/cancel_by_customer", "").want(t, http.StatusOK)
		}
	}
}

// TestARequestOutlivesItsHosts: whoever is left is offered, and when nobody is, the page says so.
func TestARequestOutlivesItsHosts(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	anna, bob := b.resource(t), b.resource(t)
	made := b.post(t, "/v1/scheduling_requests", fmt.Sprintf(`{"host_group":{"members":[{"sub":%q},{"sub":%q}]},"recipients":[{"email":"marty@example.com"}],
		"event":{"summary":"A talk"}}`, anna, bob)).want(t, http.StatusCreated)
	address, err := url.Parse(made.header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	visitor, page := b.anonymous(), address.Path
	shown := visitor.get(t, page).want(t, http.StatusOK).opening(t)
	b.call(t, http.MethodDelete, "/v2/resources/"+anna, "").want(t, http.StatusNoContent)
	left := visitor.get(t, page).want(t, http.StatusOK).opening(t)
	if !strings.Contains(left.href, bob) {
		t.Errorf("offered is %s", left.href)
	}
	if other := visitor.get(t, shown.href); other.status >= http.StatusInternalServerError {
		t.Errorf("the time of whoever is gone: %s", other.words())
	}
	b.call(t, http.MethodDelete, "/v2/resources/"+bob, "").want(t, http.StatusNoContent)
	for _, address := range []string{page, left.href} {
		gone := visitor.get(t, address).want(t, http.StatusGone)
		if !strings.Contains(gone.body, "No longer offered") {
			t.Error(gone.words())
		}
	}
}
