package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// project makes a project of these resources and more JSON fields, and returns the answer.
func (b *bundle) project(t testing.TB, name, more string, resources ...string) answer {
	t.Helper()
	list := ""
	if len(resources) > 0 {
		list = `"` + strings.Join(resources, `","`) + `"`
	}
	body := fmt.Sprintf(`{"name":%q,"resources":[%s]%s}`, name, list, more)
	return b.post(t, "/v2/projects", body).want(t, http.StatusCreated)
}

// unique makes a name that no other test has, since slugs are the server's.
func unique(name string) string { return fmt.Sprintf("%s-%d", name, time.Now().UnixNano()) }

// same fails the test when a value of an answer, printed, is another.
func (a answer) same(t testing.TB, path, want string) {
	t.Helper()
	if got := fmt.Sprint(a.at(path)); got != want {
		t.Errorf("%s is %s, want %s: %s", path, got, want, a.body)
	}
}

func TestProjectFromMakingToDeleting(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	one, two := b.resource(t), b.resource(t)
	made := b.project(t, "Haircut", `,"availability":{"mode":"mutual","length":"1 hour"},"availability_constraints":[{"allow_weekdays":[]}],
		"booking":{"graph":"instant","colour":"red"},"meta":{"tax":19},"allow_conference":true,"ui":{"avatar":"a.png"}`, two, one)
	made.same(t, "data.resources", fmt.Sprint([]string{two, one}))
	made.same(t, "data.booking.colour", "red")
	path := made.header.Get("Location")
	if path != "/v2/projects/"+made.str("data.id") {
		t.Errorf("Location is %s", path)
	}
	if got := b.get(t, path).want(t, http.StatusOK); got.body != made.body {
		t.Errorf("made\n%s\nread\n%s", made.body, got.body)
	}
	changed := b.put(t, path, `{"name":"Shave","resources":["`+one+`","`+two+`","`+one+`"]}`).want(t, http.StatusNoContent)
	if changed.body != "" {
		t.Errorf("a body: %s", changed.body)
	}
	now := b.get(t, path).want(t, http.StatusOK)
	now.same(t, "data.name", "Shave")
	now.same(t, "data.resources", fmt.Sprint([]string{one, two}))
	for _, kept := range []string{"slug", "availability", "availability_constraints", "booking", "meta", "ui", "created_at"} {
		now.same(t, "data."+kept, fmt.Sprint(made.at("data."+kept)))
	}
	b.put(t, path, `{"meta":[],"availability_constraints":{},"resources":[]}`).want(t, http.StatusNoContent)
	now = b.get(t, path).want(t, http.StatusOK)
	now.same(t, "data.meta", "map[]")
	now.same(t, "data.availability_constraints", "[]")
	now.same(t, "data.resources", "[]")
	b.call(t, http.MethodDelete, path, `{"id":"x"}`).want(t, http.StatusNoContent)
	b.get(t, path).refused(t, http.StatusNotFound, "not_found")
	b.call(t, http.MethodDelete, path, "").refused(t, http.StatusNotFound, "not_found")
}

// TestLeanProject makes one as SDKs do, with empty lists where objects are meant.
func TestLeanProject(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	for _, body := range []string{`{"name":"Lean"}`, `{"name":"Lean","availability":[],"booking":[],"ui":[],"customer_fields":[],"meta":[],"reminders":[]}`,
		`{"name":"Lean","availability":null,"booking":null,"resources":null,"slug":null}`} {
		made := b.post(t, "/v2/projects/", body).want(t, http.StatusCreated)
		for field, want := range map[string]string{"availability": "map[]", "booking": "map[]", "ui": "map[]", "customer_fields": "map[]",
			"meta": "map[]", "reminders": "[]", "resources": "[]", "locations": "[]", "services": "[]", "availability_constraints": "[]"} {
			made.same(t, "data."+field, want)
		}
	}
}

// TestProjectFaultsAreToldTogether wants every field told in one answer.
func TestProjectFaultsAreToldTogether(t *testing.T) {
	t.Parallel()
	b, other := tenant(t, plain), tenant(t, plain)
	gone := b.resource(t)
	b.call(t, http.MethodDelete, "/v2/resources/"+gone, "").want(t, http.StatusNoContent)
	long := `{"x":"` + strings.Repeat("ä", 64_000) + `"}`
	faults := fmt.Sprintf(`"name":" ","slug":"Not a slug","resources":[%q,%q,"x"],"locations":[%q],"services":{"a":1},"availability":{"mode":7},
		"availability_constraints":[{"allow_day":{},"block_day":{}},7],"booking":{"graph":"nothing"},"customer_fields":{"name":"Name"},
		"ui":{"localization":{"success_message":7}},"reminders":[{"type":"pigeon"}],"meta":%s`, gone, other.resource(t), gone, long)
	path := b.project(t, "Fine", "").header.Get("Location")
	for _, a := range []answer{b.post(t, "/v2/projects", "{"+faults+"}"), b.put(t, path, "{"+faults+"}")} {
		a.refused(t, http.StatusUnprocessableEntity, "invalid")
		told, _ := a.at("errors").(map[string]any)
		for _, field := range []string{"name", "slug", "resources", "resources.2", "locations", "services", "availability.mode",
			"availability_constraints.0", "availability_constraints.1", "booking.graph", "customer_fields.name",
			"ui.localization.success_message", "reminders.0.type", "meta"} {
			if told[field] == nil {
				t.Errorf("nothing is told of %s: %s", field, a.body[:min(len(a.body), 2000)])
			}
		}
	}
	b.post(t, "/v2/projects", `{}`).refused(t, http.StatusUnprocessableEntity, "invalid").same(t, "errors.name", "[is required]")
	b.post(t, "/v2/projects", `{"name":"Long","meta":{"x":"`+strings.Repeat("ä", 60_000)+`"}}`).want(t, http.StatusCreated)
	if total := b.get(t, "/v2/projects").str("total"); total != "2" {
		t.Errorf("%s projects", total)
	}
}

func TestProjectSlugs(t *testing.T) {
	t.Parallel()
	b, other := tenant(t, plain), tenant(t, plain)
	name := unique("Größe Ümläut")
	slug := "groesse-uemlaeut-" + name[strings.LastIndex(name, "-")+1:]
	first := b.project(t, "  "+name+"!  ", "")
	first.same(t, "data.slug", slug)
	second := other.project(t, name, "")
	if got := second.str("data.slug"); !strings.HasPrefix(got, slug+"-") || len(got) > 63 {
		t.Errorf("the second one is %s", got)
	}
	asked := fmt.Sprintf(`{"name":"x","slug":%q}`, slug)
	other.post(t, "/v2/projects", asked).refused(t, http.StatusConflict, "already_exists")
	other.put(t, second.header.Get("Location"), asked).refused(t, http.StatusConflict, "already_exists")
	b.put(t, first.header.Get("Location"), asked).want(t, http.StatusNoContent) // its own
	b.call(t, http.MethodDelete, first.header.Get("Location"), "").want(t, http.StatusNoContent)
	other.put(t, second.header.Get("Location"), asked).want(t, http.StatusNoContent)
	other.get(t, second.header.Get("Location")).same(t, "data.slug", slug)
	if nameless := b.project(t, "日本", "").str("data.slug"); !strings.HasPrefix(nameless, "project") {
		t.Errorf("nothing is left of the name, and the slug is %q", nameless)
	}
}

func TestProjectResources(t *testing.T) {
	t.Parallel()
	b, other := tenant(t, plain), tenant(t, plain)
	one, two, three := b.resource(t), b.resource(t), b.resource(t)
	foreign := other.resource(t)
	path := b.project(t, "Salon", "").header.Get("Location") + "/resources"
	order := func(want ...string) {
		t.Helper()
		list := b.get(t, path).want(t, http.StatusOK)
		var got []string
		for i := range want {
			got = append(got, list.str(fmt.Sprintf("data.%d.id", i)))
		}
		if fmt.Sprint(got) != fmt.Sprint(want) || list.str("total") != fmt.Sprint(len(want)) {
			t.Errorf("%s resources %v, want %v", list.str("total"), got, want)
		}
	}
	for _, id := range []string{three, one, three, two} {
		b.post(t, path, `{"resource_id":"`+id+`"}`).want(t, http.StatusCreated).same(t, "data.id", id)
	}
	order(three, one, two)
	b.put(t, path, `["`+two+`","`+three+`"]`).want(t, http.StatusNoContent)
	order(two, three)
	b.get(t, path+"?limit=1&page=2").same(t, "data.0.id", three)
	b.post(t, path, `{"resource_id":"`+foreign+`"}`).refused(t, http.StatusUnprocessableEntity, "invalid")
	b.put(t, path, `["`+one+`","`+foreign+`"]`).refused(t, http.StatusUnprocessableEntity, "invalid")
	b.put(t, path, ``).refused(t, http.StatusUnprocessableEntity, "invalid")
	b.put(t, path, `[`).refused(t, http.StatusBadRequest, "malformed")
	order(two, three)
	other.put(t, path, `["`+foreign+`"]`).refused(t, http.StatusNotFound, "not_found")
	other.get(t, path).refused(t, http.StatusNotFound, "not_found")
	other.post(t, path, `{"resource_id":"`+foreign+`"}`).refused(t, http.StatusNotFound, "not_found")
	other.call(t, http.MethodDelete, path+"/"+two, "").refused(t, http.StatusNotFound, "not_found")
	b.call(t, http.MethodDelete, path+"/"+two, "").want(t, http.StatusNoContent)
	b.call(t, http.MethodDelete, path+"/"+two, "").refused(t, http.StatusNotFound, "not_found")
	order(three)
	b.call(t, http.MethodDelete, "/v2/resources/"+three, "").want(t, http.StatusNoContent)
	order()
	b.get(t, strings.TrimSuffix(path, "/resources")).same(t, "data.resources", "[]")
	b.put(t, path, `[]`).want(t, http.StatusNoContent)
}

func TestProjectsAreFoundAndForeignOnesAreNot(t *testing.T) {
	t.Parallel()
	b, other := tenant(t, plain), tenant(t, plain)
	resource := b.resource(t)
	cut, shave := b.project(t, unique("Haircut"), "", resource), b.project(t, unique("Shave 100%"), "")
	for search, want := range map[string]answer{
		"name:hair*": cut, "name:*100%25*": shave, "name:SHAVE*;slug:shave*": shave, "name:SHAVE*%3Bslug:shave*": shave,
		"resources.uuid:" + resource: cut, "id:" + shave.str("data.id"): shave,
	} {
		found := b.get(t, "/v2/projects?search="+search).want(t, http.StatusOK)
		if found.str("total") != "1" || found.str("data.0.id") != want.str("data.id") {
			t.Errorf("%s finds %s", search, found.body)
		}
	}
	for _, search := range []string{"name:hair", "name:hair*;slug:shave*", "name:hair*%3Bslug:shave*", "locations.uuid:" + resource} {
		b.get(t, "/v2/projects?search="+search).want(t, http.StatusOK).same(t, "total", "0")
	}
	b.get(t, "/v2/projects?search=colour:red").refused(t, http.StatusUnprocessableEntity, "invalid")
	b.get(t, "/v2/projects?limit=1&page=2").same(t, "data.0.id", shave.str("data.id"))
	other.get(t, "/v2/projects").same(t, "total", "0")
	path := cut.header.Get("Location")
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete} {
		other.call(t, method, path, `{"name":"stolen"}`).refused(t, http.StatusNotFound, "not_found")
	}
	other.get(t, "/v2/projects/embed/"+cut.str("data.id")).refused(t, http.StatusNotFound, "not_found")
	b.get(t, path).want(t, http.StatusOK).same(t, "data.name", cut.str("data.name"))
}

func TestProjectIsMadeOnce(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	for range 2 {
		a := b.post(t, "/v2/projects", `{"name":"Once"}`, "Idempotency-Key", "project").want(t, http.StatusCreated)
		b.get(t, "/v2/projects").same(t, "data.0.id", a.str("data.id"))
	}
	b.get(t, "/v2/projects").same(t, "total", "1")
	b.post(t, "/v2/projects", `{"name":"Other"}`, "Idempotency-Key", "project").refused(t, http.StatusUnprocessableEntity, "idempotency_key_reused")
}

// TestStrangeJSON sends what is JSON and still cannot be kept.
func TestStrangeJSON(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	for _, value := range []string{`"\ud800"`, `"\udc00x"`, `1e999999`, strings.Repeat("[", 9000) + strings.Repeat("]", 9000)} {
		for _, field := range []string{"meta", "ui", "booking"} {
			a := b.post(t, "/v2/projects", `{"name":"Strange","`+field+`":{"x":`+value+`}}`)
			if a.status != http.StatusCreated && a.status != http.StatusBadRequest && a.status != http.StatusUnprocessableEntity {
				t.Errorf("%.20s: %d %.300s", value, a.status, a.body)
			}
		}
	}
}

// TestProjectOfABooking shows a booking with the project it was made through, to a widget without what is the owner's own.
func TestProjectOfABooking(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t)
	project := b.project(t, "Haircut", `,"meta":{"tax":19},"availability":{"length":"1 hour"}`, resource).str("data.id")
	through := fmt.Sprintf(`,"project_id":%q`, project)
	made := b.post(t, "/v2/bookings?include=project", request(resource, "instant", 9, through)).want(t, http.StatusCreated)
	made.same(t, "data.project.id", project)
	made.same(t, "data.project.meta.tax", "19")
	for _, at := range []string{"meta", "created_at"} {
		seen := b.widget(t).post(t, "/v2/bookings?include=project", request(resource, "instant", 11+len(at), through)).want(t, http.StatusCreated)
		seen.same(t, "data.project.name", "Haircut")
		seen.same(t, "data.project."+at, "<nil>")
	}
	b.get(t, "/v2/bookings/"+b.book(t, resource, "instant", 10)+"?include=project").want(t, http.StatusOK).same(t, "data.project", "<nil>")
	b.call(t, http.MethodDelete, "/v2/projects/"+project, "").want(t, http.StatusNoContent)
	b.get(t, "/v2/bookings/"+made.str("data.id")+"?include=project").want(t, http.StatusOK).same(t, "data.project", "<nil>")
}

// TestProjectWithoutAGraph books as widgets do, which leave the graph to the project.
func TestProjectWithoutAGraph(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t)
	project := b.project(t, "Haircut", `,"availability":{"length":"1 hour"}`, resource).str("data.id")
	body := fmt.Sprintf(`{"project_id":%q,"resource_id":%q,"start":"2030-12-02T09:00:00Z","end":"2030-12-02T10:00:00Z"}`, project, resource)
	made := b.widget(t).post(t, "/v2/bookings", body).want(t, http.StatusCreated)
	made.same(t, "data.graph", "instant")
	made.same(t, "data.state", "confirmed")
}
