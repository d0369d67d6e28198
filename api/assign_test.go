package api

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"holdfast/internal/assign"
	"holdfast/internal/fault"
)

// team is a project whose resources are chosen.
type team struct {
	*fixture
	project   string
	resources []string
}

func newTeam(t *testing.T, how string, n int) *team {
	t.Helper()
	f := setup(t)
	p := &team{fixture: f}
	for range n {
		p.resources = append(p.resources, f.resource(`[]`))
	}
	list, _ := json.Marshal(p.resources)
	p.project = f.post(f.server, "/v2/projects", fmt.Sprintf(`{"name":"Team","resources":%s,"availability":{"length":"1 hour"},"assign":%s}`, list, how)).id(t)
	return p
}

// unnamed is slot without a resource.
func unnamed(hour, hours float64) string {
	_, rest, _ := strings.Cut(slot("x", hour, hours), ",")
	return rest
}

func (p *team) book(key string, hour float64, more string) answer {
	p.t.Helper()
	return p.post(key, "/v2/bookings", fmt.Sprintf(`{"graph":"instant","project_id":%q,"customer":{"name":"Ann","email":"ann@example.com"},%s%s}`,
		p.project, unnamed(hour, 1), more))
}

// place is the position of a booking's resource in the project, from 0.
func (p *team) place(id string) int {
	p.t.Helper()
	return slices.Index(p.resources, value[string](p.fixture, `SELECT resource_id::text FROM bookings WHERE id = $1`, id))
}

func (p *team) assignment(id string) (a *assign.Assignment) {
	p.t.Helper()
	var body struct {
		Data struct{ Assignment *assign.Assignment }
	}
	check(p.t, json.Unmarshal(p.send(p.server, http.MethodGet, "/v2/bookings/"+id+"?include=assignment", "").want(p.t, http.StatusOK).Body.Bytes(), &body))
	return body.Data.Assignment
}

// TestEveryStrategyThroughTheAPI books with every strategy, with a server key, a widget key, as a hold and in bulk.
func TestEveryStrategyThroughTheAPI(t *testing.T) {
	t.Parallel()
	for _, strategy := range assign.Strategies {
		p := newTeam(t, `{"strategy":"`+string(strategy)+`"}`, 3)
		first := p.book(p.server, 0, "").id(t)
		got := []int{p.place(first)}
		seen := p.book(p.widget, 0, "")
		got = append(got, p.place(seen.id(t)))
		hold := p.post(p.widget, "/v2/bookings/reserve", fmt.Sprintf(`{"project_id":%q,%s}`, p.project, unnamed(0, 1))).id(t)
		got = append(got, p.place(hold))
		if slices.Sort(got); !slices.Equal(got, []int{0, 1, 2}) {
			t.Errorf("%s: the same time went to %v", strategy, got)
		}
		p.book(p.server, 0, "").refused(t, fault.SlotTaken, "")
		made := p.book(p.server, 0, `,"reservation_id":"`+hold+`"`).id(t)
		if p.place(made) != p.place(hold) || p.assignment(made).How != assign.Kept {
			t.Errorf("%s: the hold of %d became a booking of %d: %+v", strategy, p.place(hold), p.place(made), p.assignment(made))
		}
		bulk := p.post(p.server, "/v2/bookings/bulk", fmt.Sprintf(`{"bookings":[{"graph":"instant","project_id":%[1]q,%[2]s},{"graph":"instant","project_id":%[1]q,%[2]s}]}`,
			p.project, unnamed(3, 1))).want(t, http.StatusCreated)
		if strings.Contains(bulk.Body.String(), "error") || value[int](p.fixture, `SELECT count(DISTINCT resource_id) FROM bookings WHERE start_at > $1`, noon.Add(2*3600e9)) != 2 {
			t.Errorf("%s: in bulk: %s", strategy, bulk.Body)
		}
		a := p.assignment(first)
		if a.Strategy != strategy || a.Picked != p.resources[p.place(first)] || len(a.Considered) != 3 || a.How != "" {
			t.Errorf("%s: %+v", strategy, a)
		}
		if n := value[int](p.fixture, `SELECT count(*) FROM assignments`); n != 5 {
			t.Errorf("%s: %d are counted, not 5", strategy, n)
		}
	}
}

// TestOnlyServerKeysSeeAssignments: who was considered is shown to nobody else, and is in no event.
func TestOnlyServerKeysSeeAssignments(t *testing.T) {
	t.Parallel()
	p := newTeam(t, `{"strategy":"fair"}`, 2)
	for _, path := range []string{"/v2/bookings?include=assignment", "/v2/bookings/reserve?include=assignment"} {
		a := p.post(p.widget, path, fmt.Sprintf(`{"project_id":%q,"customer":{"name":"Ann","email":"ann@example.com"},%s}`, p.project, unnamed(0, 1)))
		a.id(t)
		if strings.Contains(a.Body.String(), "assignment") || strings.Contains(a.Body.String(), "considered") {
			t.Errorf("%s: a widget key sees %s", path, a.Body)
		}
	}
	shown := p.book(p.server, 2, "")
	if strings.Contains(shown.Body.String(), "considered") {
		t.Errorf("shown without being asked for: %s", shown.Body)
	}
	if n := value[int](p.fixture, `SELECT count(*) FROM events WHERE data::text LIKE '%considered%' OR data::text LIKE '%assign%'`); n != 0 {
		t.Errorf("%d events have it", n)
	}
	other := p.bookThrough(p.server, p.project, p.resource(`[]`), 5, "").id(t)
	if a := p.assignment(other); a == nil || a.How != assign.Named {
		t.Errorf("named: %+v", a)
	}
	plain := p.fixture.project(p.resources[0], "")
	if a := p.assignment(p.bookThrough(p.server, plain, p.resources[0], 8, "").id(t)); a != nil {
		t.Errorf("a project that does not choose: %+v", a)
	}
}

// TestWhoWorksIsChosen: who is closed is passed by, whoever asks; a rule that closes all is the answer.
func TestWhoWorksIsChosen(t *testing.T) {
	t.Parallel()
	p := newTeam(t, `{"strategy":"priority"}`, 1)
	closed := p.resource(`[{"block_period":{"start":"` + noon.Format("2006-01-02") + `","end":"` + noon.AddDate(0, 0, 2).Format("2006-01-02") + `"}}]`)
	p.resources = append([]string{closed}, p.resources...)
	list, _ := json.Marshal(p.resources)
	p.put(p.server, "/v2/projects/"+p.project, `{"resources":`+string(list)+`}`).want(t, http.StatusNoContent)
	for i, key := range []string{p.server, p.widget} {
		id := p.book(key, float64(i), "").id(t)
		if a := p.assignment(id); p.place(id) != 1 || a.Considered[0].WhyNot != assign.NotOffered {
			t.Errorf("%d was chosen: %+v", p.place(id), a)
		}
	}
	p.put(p.server, "/v2/projects/"+p.project, `{"resources":["`+closed+`"]}`).want(t, http.StatusNoContent)
	for _, key := range []string{p.server, p.widget} {
		p.book(key, 5, "").refused(t, fault.Invalid, "start")
	}
	p.bookThrough(p.server, p.project, closed, 5, "").id(t) // a server key can name it
	p.put(p.server, "/v2/projects/"+p.project, `{"resources":`+string(list)+`,"policy":{"book":{"notice":"P5D"}}}`).want(t, http.StatusNoContent)
	p.book(p.server, 8, "").refused(t, fault.TooLate, "")
	p.put(p.server, "/v2/projects/"+p.project, `{"resources":[]}`).want(t, http.StatusNoContent)
	p.book(p.server, 8, "").refused(t, fault.Invalid, "resource_id")
	p.book(p.server, 8, `,"calendar_id":"`+p.project+`"`).refused(t, fault.Invalid, "calendar_id")
}

// TestAMoveKeepsThePerson: a booking that is moved keeps its resource if free, else another one is chosen; who names one gets that.
func TestAMoveKeepsThePerson(t *testing.T) {
	t.Parallel()
	p := newTeam(t, `{"strategy":"fair"}`, 2)
	id := p.book(p.server, 0, "").id(t)
	at := p.place(id)
	move := func(hour float64, more string) {
		t.Helper()
		id = p.post(p.server, "/v2/bookings/"+id+"/reschedule", fmt.Sprintf(`{%s%s}`, unnamed(hour, 1), more)).id(t)
	}
	move(2, "")
	if a := p.assignment(id); p.place(id) != at || a.How != assign.Kept {
		t.Errorf("%d, not %d: %+v", p.place(id), at, a)
	}
	p.post(p.server, "/v2/bookings", fmt.Sprintf(`{"graph":"instant",%s}`, slot(p.resources[at], 4, 1))).id(t)
	move(4, "")
	if a := p.assignment(id); p.place(id) == at || a.How != "" {
		t.Errorf("%d was busy: %+v", at, a)
	}
	move(6, `,"resource_id":"`+p.resources[at]+`"`)
	if a := p.assignment(id); p.place(id) != at || a.How != assign.Named {
		t.Errorf("%d, not %d: %+v", p.place(id), at, a)
	}
	p.post(p.server, "/v2/bookings/"+id+"/reschedule", fmt.Sprintf(`{%s}`, unnamed(0, -1))).refused(t, fault.Invalid, "end")
}

// TestAssignIsChecked: what makes no sense is refused by its field, what is set is shown to server keys, and {} ends it.
func TestAssignIsChecked(t *testing.T) {
	t.Parallel()
	p := newTeam(t, `{"strategy":"fair","window":"P2W","catch_up":false}`, 1)
	path := "/v2/projects/" + p.project
	if shown := p.send(p.server, http.MethodGet, path, "").Body.String(); !strings.Contains(shown, `"assign":{"strategy":"fair","window":"P2W","catch_up":false}`) {
		t.Errorf("the project says %s", shown)
	}
	if seen := p.send(p.widget, http.MethodGet, "/v2/projects", "").Body.String(); strings.Contains(seen, `"assign"`) {
		t.Errorf("a widget key sees %s", seen)
	}
	for text, field := range map[string]string{
		`{"strategy":"best"}`:                                   "assign.strategy",
		`{"strategy":"fair","window":"P1M"}`:                    "assign.window",
		`{"strategy":"random","count":"minutes"}`:               "assign.count",
		`{"strategy":"fair","weights":{"` + p.project + `":2}}`: "assign.weights",
		`{"strategy":"fair","wait":1}`:                          "assign.wait",
	} {
		p.put(p.server, path, `{"assign":`+text+`}`).refused(t, fault.Invalid, field)
	}
	p.put(p.server, path, `{"assign":{"strategy":"fair","weights":{"`+p.resources[0]+`":2}}}`).want(t, http.StatusNoContent)
	p.book(p.server, 0, "").id(t)
	p.put(p.server, path, `{"assign":{}}`).want(t, http.StatusNoContent)
	p.book(p.server, 2, "").refused(t, fault.Invalid, "resource_id")
	if shown := p.send(p.server, http.MethodGet, path, "").Body.String(); !strings.Contains(shown, `"assign":null`) {
		t.Errorf("the project says %s", shown)
	}
}

var (
	timeLinks = regexp.MustCompile(`href="([^"]*start=[^"]*)"`)
	hidden    = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)"`)
)

// TestPagesNameNobody: on a public link of a project that chooses, nobody is named before the booking, and the strategy decides; a form
// that comes twice books once.
func TestPagesNameNobody(t *testing.T) {
	t.Parallel()
	p := newTeam(t, `{"strategy":"priority"}`, 2)
	var link struct{ Data struct{ Code string } }
	check(t, json.Unmarshal(p.post(p.server, "/v2/public_links", `{"project_id":"`+p.project+`","title":"Visit us"}`).want(t, http.StatusCreated).Body.Bytes(), &link))
	page := func(path string) string {
		t.Helper()
		return p.send("", http.MethodGet, path, "", "Accept", "text/html").want(t, http.StatusOK).Body.String()
	}
	at := timeLinks.FindStringSubmatch(page("/pls/" + link.Data.Code))
	if at == nil {
		t.Fatal("no time is offered")
	}
	form := page(html.UnescapeString(at[1]))
	if strings.Contains(form, "Chair") {
		t.Errorf("somebody is named: %s", form)
	}
	values := url.Values{"name": {"Ann"}, "email": {"ann@example.com"}}
	for _, field := range hidden.FindAllStringSubmatch(form, -1) {
		values.Set(field[1], html.UnescapeString(field[2]))
	}
	values.Set("resource", p.resources[1]) // what the page offered it with does not matter
	for range 2 {
		p.send("", http.MethodPost, "/pls/"+link.Data.Code, values.Encode(), "Accept", "text/html", "Content-Type", "application/x-www-form-urlencoded").
			want(t, http.StatusSeeOther)
	}
	id := value[string](p.fixture, `SELECT id::text FROM bookings`)
	if a := p.assignment(id); p.place(id) != 0 || a.How != "" || a.Considered[0].WhyNot != "" {
		t.Errorf("%d was chosen: %+v", p.place(id), a)
	}
}
