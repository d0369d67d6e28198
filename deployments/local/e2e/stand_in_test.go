package e2e_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// TestAColleagueStandsIn: where any of several will do, a time that was taken from one is booked with another who is free, with
// what was typed; only when nobody is free it is taken. A form that is sent twice books once all the same.
func TestAColleagueStandsIn(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"roundrobin_random", "roundrobin_prioritized", "exclusive"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			b := tenant(t, plain)
			chairs := []string{b.resource(t), b.resource(t), b.resource(t)}
			s := b.linkShop(t, chairs[0], strings.Replace(mornings, `{"length"`, fmt.Sprintf(`{"mode":%q,"length"`, mode), 1), "")
			for _, other := range chairs[1:] {
				b.post(t, "/v2/projects/"+s.project+"/resources", fmt.Sprintf(`{"resource_id":%q}`, other)).want(t, http.StatusCreated)
			}
			shown := s.visitor.get(t, s.path).want(t, http.StatusOK).first(t)
			form := s.visitor.get(t, shown.href).want(t, http.StatusOK).form(map[string]string{"name": "Marty", "email": "marty@example.com"})
			take := func(resource string) {
				b.post(t, "/v2/bookings", fmt.Sprintf(`{"resource_id":%q,"graph":"instant","what":"Shave","start":%q,"end":%q}`, resource,
					shown.at.Format(time.RFC3339), shown.at.Add(time.Hour).Format(time.RFC3339))).want(t, http.StatusCreated)
			}
			take(form.Get("resource"))
			address := s.visitor.get(t, shown.href).want(t, http.StatusOK)
			if asks := strings.Contains(address.body, `name="email"`); asks != (mode != "exclusive") {
				t.Errorf("the address of the old time asks who books: %t: %s", asks, address.words())
			}
			sent := s.visitor.submit(t, s.path, form).want(t, http.StatusSeeOther)
			again := s.visitor.submit(t, s.path, form).want(t, http.StatusSeeOther)
			booked := b.get(t, "/v2/bookings?include=resource,customers&search=project.id:"+s.project).want(t, http.StatusOK)
			if mode == "exclusive" { // there the visitor has chosen whom
				booked.same(t, "total", "0")
				return
			}
			booked.same(t, "total", "1")
			booked.same(t, "data.0.customers.0.name", "Marty")
			if one, two := sent.header.Get("Location"), again.header.Get("Location"); one != two || !strings.HasPrefix(one, "/rts/") {
				t.Errorf("led to %s, and then to %s", one, two)
			}
			with := booked.str("data.0.resource.id")
			if with == form.Get("resource") {
				t.Error("it was booked with whoever is taken")
			}
			for _, chair := range chairs {
				if chair != with && chair != form.Get("resource") {
					take(chair)
				}
			}
			late := url.Values{"visit": {form.Get("visit")}, "name": {"Doc"}, "email": {"doc@example.com"}}
			for _, name := range []string{"start", "end", "resource", "tz"} {
				late.Set(name, form.Get(name))
			}
			fresh := s.visitor.get(t, s.path).want(t, http.StatusOK)
			if fresh.first(t).at.Equal(shown.at) {
				t.Error("a time that nobody has is offered")
			}
			stranger := s.visitor.get(t, fresh.first(t).href).want(t, http.StatusOK).form(nil)
			late.Set("visit", stranger.Get("visit"))
			late.Set("operation", stranger.Get("operation"))
			back := s.visitor.submit(t, s.path, late).want(t, http.StatusSeeOther).header.Get("Location")
			if !strings.Contains(back, "said=taken") {
				t.Errorf("led to %s", back)
			}
			b.get(t, "/v2/bookings?search=project.id:"+s.project).same(t, "total", "1")
		})
	}
}

// TestAnotherHostStandsIn: the same for a scheduling request.
func TestAnotherHostStandsIn(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	anna, bob := b.resource(t), b.resource(t)
	made := b.post(t, "/v1/scheduling_requests", fmt.Sprintf(`{"host_group":{"members":[{"sub":%q},{"sub":%q}]},"recipients":[{"email":"marty@example.com"}],
		"event":{"summary":"A talk"},"duration":{"minutes":60}}`, anna, bob)).want(t, http.StatusCreated)
	address, err := url.Parse(made.header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	visitor := b.anonymous()
	shown := visitor.get(t, address.Path).want(t, http.StatusOK).opening(t)
	form := visitor.get(t, shown.href).want(t, http.StatusOK).form(nil)
	b.post(t, "/v2/bookings", fmt.Sprintf(`{"resource_id":%q,"graph":"instant","what":"Shave","start":%q,"end":%q}`, form.Get("resource"),
		shown.at.Format(time.RFC3339), shown.at.Add(time.Hour).Format(time.RFC3339))).want(t, http.StatusCreated)
	visitor.submit(t, address.Path, form).want(t, http.StatusSeeOther)
	visitor.submit(t, address.Path, form).want(t, http.StatusSeeOther)
	booked := b.get(t, "/v2/bookings?include=resource,event&orderBy=created_at&sortedBy=desc").want(t, http.StatusOK)
	booked.same(t, "total", "2")
	if booked.str("data.0.resource.id") == form.Get("resource") || booked.str("data.0.event.what") != "A talk" {
		t.Errorf("booked is %s", booked.body)
	}
}

// TestAFormBooksWhatItShowed: when its owner gives a time another length meanwhile, the visitor chooses again, and has lost nothing.
func TestAFormBooksWhatItShowed(t *testing.T) {
	t.Parallel()
	s := newLinkShop(t, mornings, "")
	typed := map[string]string{"name": "Marty", "email": "marty@example.com"}
	form := s.visitor.get(t, s.visitor.get(t, s.path).first(t).href).want(t, http.StatusOK).form(typed)
	s.put(t, "/v2/projects/"+s.project, `{"availability":{"length":"2 hours"}}`).want(t, http.StatusNoContent)
	back := s.visitor.submit(t, s.path, form).want(t, http.StatusSeeOther).header.Get("Location")
	times := s.visitor.get(t, back).want(t, http.StatusOK)
	times.says(t, "has changed since you chose it", "2 hours")
	next := s.visitor.get(t, times.first(t).href).want(t, http.StatusOK)
	if kept := next.body; !strings.Contains(kept, `value="Marty"`) || !strings.Contains(kept, `value="marty@example.com"`) {
		t.Errorf("what was typed is lost: %s", next.words())
	}
	s.get(t, "/v2/bookings").same(t, "total", "0")
	s.visitor.submit(t, s.path, next.form(map[string]string{"name": "Marty", "email": "marty@example.com"})).want(t, http.StatusSeeOther)
	s.get(t, "/v2/bookings").same(t, "total", "1")
}
