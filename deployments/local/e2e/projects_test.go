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
