package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestResourceExtras(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	bare := b.post(t, "/v2/resources", `{"name":"Bare","timezone":"UTC"}`).want(t, http.StatusCreated)
	bare.same(t, "data.tags", "[]")
	if bare.at("data.availability_constraints") != nil || bare.at("data.calendars") != nil {
		t.Errorf("parts that nobody asked for: %s", bare.body)
	}
	made := b.post(t, "/v2/resources/?include=calendars,accounts,credentials,availability_constraints,nothing",
		`{"name":"Rich","timezone":"Europe/Berlin","tags":["vip","late"],"availability_constraints":[{"allow_hours":{"start":9,"end":17}}]}`).
		want(t, http.StatusCreated)
	made.same(t, "data.tags", "[vip late]")
	made.same(t, "data.availability_constraints", "[map[allow_hours:map[end:17 start:9]]]")
	made.same(t, "data.accounts", "[]")
	made.same(t, "data.credentials", "[]")
	made.same(t, "data.calendars.0.name", "Rich")
	path := "/v2/resources/" + made.str("data.id")
	b.put(t, path, `{"name":"Richer"}`).want(t, http.StatusOK).same(t, "data.tags", "[vip late]")
	read := b.get(t, path+"?include=availability_constraints").want(t, http.StatusOK)
	read.same(t, "data.availability_constraints", fmt.Sprint(made.at("data.availability_constraints")))
	b.put(t, path+"?include=availability_constraints", `{"tags":{},"availability_constraints":null}`).want(t, http.StatusOK).
		same(t, "data.availability_constraints", "[]")
	b.get(t, path).same(t, "data.tags", "[]")
	list := b.get(t, "/v2/resources?include=calendars").want(t, http.StatusOK)
	list.same(t, "data.0.calendars.0.name", "Bare")
	list.same(t, "data.1.calendars.0.id", made.str("data.calendars.0.id"))
	told := b.put(t, path, `{"tags":[7],"availability_constraints":[{}],"timezone":"Mars"}`).refused(t, http.StatusUnprocessableEntity, "invalid")
	for _, field := range []string{"tags", "availability_constraints.0", "timezone"} {
		if told.at("errors") == nil || !strings.Contains(told.body, `"`+field+`"`) {
			t.Errorf("nothing is told of %s: %s", field, told.body)
		}
	}
}

func TestResourcesAreFound(t *testing.T) {
	t.Parallel()
	b, other := tenant(t, plain), tenant(t, plain)
	person := func(name, email string) string {
		body := fmt.Sprintf(`{"name":%q,"email":%q,"timezone":"UTC"}`, name, email)
		return b.post(t, "/v2/resources", body).want(t, http.StatusCreated).str("data.id")
	}
	ann, bob := person("Ann Lee", "ann@example.com"), person("Bob_Lee", "bob@example.org")
	for search, want := range map[string]string{
		"name:ann*": ann, "email:*.ORG": bob, "name:*lee;email:*example.com": ann, "name:*lee%3Bemail:*example.com": ann, "id:" + bob: bob,
		"name:*b_l*": bob,
	} {
		found := b.get(t, "/v2/resources?search="+search).want(t, http.StatusOK)
		if found.str("total") != "1" || found.str("data.0.id") != want {
			t.Errorf("%s finds %s", search, found.body)
		}
	}
	b.get(t, "/v2/resources?search=name:*lee&limit=1&page=2").same(t, "data.0.id", bob)
	b.get(t, "/v2/resources?search=name:lee").same(t, "total", "0")
	b.get(t, "/v2/resources?search=meta.a:x").refused(t, http.StatusUnprocessableEntity, "invalid")
	other.get(t, "/v2/resources?search=name:*lee").same(t, "total", "0")
}

func TestTimezoneByEmail(t *testing.T) {
	t.Parallel()
	b, other := tenant(t, plain), tenant(t, plain)
	b.resource(t) // it has no address, and is not found by none
	id := b.post(t, "/v2/resources", `{"name":"Ann","email":"ann+1@example.com","timezone":"Asia/Kolkata"}`).want(t, http.StatusCreated).str("data.id")
	for _, address := range []string{"ann+1@example.com", "ann%2B1%40example.com", "ANN+1@Example.com/"} {
		b.get(t, "/v2/resources/timezone/"+address).want(t, http.StatusOK).wants(t, `{"timezone":"Asia/Kolkata","utc_offset":5.5}`)
	}
	b.put(t, "/v2/resources/"+id, `{"timezone":"Europe/Berlin"}`).want(t, http.StatusOK)
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	_, seconds := time.Now().In(zone).Zone()
	b.get(t, "/v2/resources/timezone/ann+1@example.com").same(t, "data.utc_offset", fmt.Sprint(seconds/3600))
	for _, address := range []string{"%00", "%ff"} {
		b.get(t, "/v2/resources/timezone/"+address).refused(t, http.StatusBadRequest, "malformed")
	}
	for _, address := range []string{"nobody@example.com", "%25", "%20"} {
		b.get(t, "/v2/resources/timezone/"+address).refused(t, http.StatusNotFound, "not_found")
	}
	other.get(t, "/v2/resources/timezone/ann+1@example.com").refused(t, http.StatusNotFound, "not_found")
	b.call(t, http.MethodDelete, "/v2/resources/"+id, "").want(t, http.StatusNoContent)
	b.get(t, "/v2/resources/timezone/ann+1@example.com").refused(t, http.StatusNotFound, "not_found")
}

// TestWidgetsSeeLittleOfAResource wherever one is shown to a browser.
func TestWidgetsSeeLittleOfAResource(t *testing.T) {
	t.Parallel()
	b := tenant(t, `{"widget_requires_project":false}`)
	resource := b.post(t, "/v2/resources", `{"name":"Ann","timezone":"UTC","email":"secret@example.com","meta":{"a":"secret"},"tags":["secret"]}`).
		want(t, http.StatusCreated).str("data.id")
	widget := b.widget(t)
	session := b.book(t, resource, "group_owner", 1, `,"settings":{"max_seats":3}`)
	asked := "?include=attributes,event,resource,user"
	for what, shown := range map[string]answer{
		"data.resource":   widget.post(t, "/v2/bookings"+asked, request(resource, "instant", 9)).want(t, http.StatusCreated),
		"data.user":       widget.post(t, "/v2/bookings"+asked, request(resource, "instant", 10)).want(t, http.StatusCreated),
		"data.0.resource": widget.get(t, "/v2/bookings/groups").want(t, http.StatusOK),
		"data.0.user":     widget.get(t, "/v2/bookings/groups"+asked).want(t, http.StatusOK),
	} {
		shown.same(t, what+".id", resource)
		shown.same(t, what+".name", "Ann")
		if strings.Contains(shown.body, "secret") {
			t.Errorf("%s tells a browser: %s", what, shown.body)
		}
	}
	shown := b.get(t, "/v2/bookings/"+session+asked).want(t, http.StatusOK)
	shown.same(t, "data.resource.email", "secret@example.com")
	shown.same(t, "data.user.tags", "[secret]")
}
