package api

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// asked is the page of a scheduling request for time of the project, without the server's address.
func (p *team) asked() string {
	p.t.Helper()
	made := p.post(p.server, "/v1/scheduling_requests", fmt.Sprintf(`{"project_id":%q,"event":{"summary":"Interview"},"duration":{"minutes":60},
		"recipients":[{"email":"eb@example.com","display_name":"Dr Brown"}]}`, p.project)).want(p.t, http.StatusCreated)
	var body struct {
		Request struct {
			URL string `json:"primary_select_url"`
		} `json:"scheduling_request"`
	}
	check(p.t, json.Unmarshal(made.Body.Bytes(), &body))
	_, code, _ := strings.Cut(body.Request.URL, "/rts/")
	return "/rts/" + code
}

// page is what a visitor sees.
func (p *team) page(path string) string {
	p.t.Helper()
	return p.send("", http.MethodGet, path, "", "Accept", "text/html").want(p.t, http.StatusOK).Body.String()
}

// times are the addresses of the times that a page offers.
func (p *team) times(page string) (all []string) {
	p.t.Helper()
	for _, found := range timeLinks.FindAllStringSubmatch(page, -1) {
		all = append(all, html.UnescapeString(found[1]))
	}
	if len(all) < 3 {
		p.t.Fatalf("%d times are offered: %s", len(all), page)
	}
	return all
}

// form is the form of a page, as its button sends it.
func (p *team) form(page string) url.Values {
	values := url.Values{}
	for _, field := range hidden.FindAllStringSubmatch(page, -1) {
		values.Set(field[1], html.UnescapeString(field[2]))
	}
	return values
}

func (p *team) submit(path string, form url.Values) string {
	p.t.Helper()
	return p.send("", http.MethodPost, path, form.Encode(), "Accept", "text/html", "Content-Type", "application/x-www-form-urlencoded").
		want(p.t, http.StatusSeeOther).Header().Get("Location")
}

// standing is the booking of the app that has not ended.
func (p *team) standing() string {
	p.t.Helper()
	return value[string](p.fixture, `SELECT id::text FROM bookings WHERE NOT completed AND request_id IS NOT NULL`)
}

// block takes the time of a form of one of the resources.
func (p *team) block(form url.Values, place int) {
	p.t.Helper()
	p.post(p.server, "/v2/bookings", fmt.Sprintf(`{"graph":"instant","resource_id":%q,"start":%q,"end":%q}`,
		p.resources[place], form.Get("start"), form.Get("end"))).id(p.t)
}

// TestRequestPagesAssign: the page of a request names nobody before the choice. Whom the strategy chooses is booked, whatever the form says;
// taken meanwhile, the next one is; a form that comes twice books once; a move keeps the person if free, else the next one is chosen.
func TestRequestPagesAssign(t *testing.T) {
	t.Parallel()
	p := newTeam(t, `{"strategy":"priority"}`, 3)
	path := p.asked()
	ask := p.page(p.times(p.page(path))[0])
	if strings.Contains(ask, "Chair") {
		t.Errorf("somebody is named: %s", ask)
	}
	form := p.form(ask)
	form.Set("resource", p.resources[2])
	p.block(form, 0)
	for range 2 {
		p.submit(path, form)
	}
	id := p.standing()
	if a := p.assignment(id); p.place(id) != 1 || a == nil || a.How != "" || a.Considered[0].WhyNot != "busy" {
		t.Fatalf("%d was chosen: %+v", p.place(id), a)
	}
	if shown := p.page(path); !strings.Contains(shown, "Chair") {
		t.Errorf("who was chosen is not named: %s", shown)
	}

	move := func(n int) url.Values { return p.form(p.page(p.times(p.page(path + "?reschedule=true"))[n])) }
	to := move(5)
	p.submit(path, to)
	moved := p.standing()
	if a := p.assignment(moved); moved == id || p.place(moved) != 1 || a.How != "kept" {
		t.Errorf("the booking moved to %d: %+v", p.place(moved), a)
	}
	to = move(8)
	p.block(to, 1)
	p.block(to, 0)
	p.submit(path, to)
	if last := p.standing(); last == moved || p.place(last) != 2 || p.assignment(last).How != "" {
		t.Errorf("with both others taken the booking went to %d: %+v", p.place(last), p.assignment(last))
	}
	p.submit(path, to) // a repeat
	to.Set("operation", "")
	to.Set("resource", p.resources[0])
	p.submit(path, to) // the very time that it has
	if n := value[int](p.fixture, `SELECT count(*) FROM bookings WHERE request_id IS NOT NULL`); n != 3 {
		t.Errorf("%d bookings were made, not 3", n)
	}
}

// TestRequestPagesWhenNobodyIsLeft: with all taken meanwhile nothing is booked or moved, and the page offers other times.
func TestRequestPagesWhenNobodyIsLeft(t *testing.T) {
	t.Parallel()
	p := newTeam(t, `{"strategy":"fair"}`, 2)
	path := p.asked()
	form := p.form(p.page(p.times(p.page(path))[2]))
	p.block(form, 0)
	p.block(form, 1)
	if to := p.submit(path, form); !strings.Contains(to, "said=taken") {
		t.Errorf("leads to %s", to)
	}
	if n := value[int](p.fixture, `SELECT count(*) FROM bookings WHERE request_id IS NOT NULL`); n != 0 {
		t.Errorf("%d bookings were made", n)
	}
	if again := p.times(p.page(path)); slices.ContainsFunc(again, func(at string) bool {
		return strings.Contains(at, url.QueryEscape(form.Get("start")))
	}) {
		t.Error("the time is offered still")
	}
	p.submit(path, p.form(p.page(p.times(p.page(path))[0])))
	id := p.standing()
	to := p.form(p.page(p.times(p.page(path + "?reschedule=true"))[6]))
	p.block(to, 0)
	p.block(to, 1)
	if lead := p.submit(path, to); !strings.Contains(lead, "said=taken") || !strings.Contains(lead, "reschedule=true") {
		t.Errorf("leads to %s", lead)
	}
	if p.standing() != id {
		t.Error("the booking was moved")
	}
}

// TestRequestPagesShareFairly: requests that take one time after another go to everybody in turn.
func TestRequestPagesShareFairly(t *testing.T) {
	t.Parallel()
	p := newTeam(t, `{"strategy":"fair"}`, 3)
	for range 6 {
		path := p.asked()
		p.submit(path, p.form(p.page(p.times(p.page(path))[0])))
	}
	for place, r := range p.resources {
		if n := value[int](p.fixture, `SELECT count(*) FROM bookings WHERE resource_id = $1`, r); n != 2 {
			t.Errorf("%d has %d bookings, not 2", place, n)
		}
	}
}
