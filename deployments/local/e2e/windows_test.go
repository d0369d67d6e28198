package e2e_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
)

// windowed is a route that takes a window: what it asks for one from a time to another, as a body or as a path.
type windowed struct {
	method, path string
	ask          func(from, to string) (path, body string)
	field        string // that is named when the window is backward
	list         string // where the answer's list is, which is empty for an empty window; "" = the answer has none
}

// windows are all the routes that take one. TestEveryWindowIsHere holds the table to the document.
func windows(resource, webhook, booking string) []windowed {
	question := func(path string) func(from, to string) (string, string) {
		return func(from, to string) (string, string) {
			return path, fmt.Sprintf(`{"resources":[%q],"length":"1 hour","from":%q,"to":%q,"at":%q}`, resource, from, to, from)
		}
	}
	query := func(path, from, to string) func(a, b string) (string, string) {
		return func(a, b string) (string, string) {
			return path + "?" + from + "=" + a + "&" + to + "=" + b, ""
		}
	}
	return []windowed{
		{http.MethodPost, "/v2/availability", question("/v2/availability"), "to", "data"},
		{http.MethodPost, "/v2/availability/dates", question("/v2/availability/dates"), "to", "data"},
		{http.MethodPost, "/v2/availability/count", question("/v2/availability/count"), "to", ""},
		{http.MethodPost, "/v2/availability/explain", question("/v2/availability/explain"), "to", ""},
		{http.MethodPost, "/v2/unavailable/slots", question("/v2/unavailable/slots"), "to", "data"},
		{http.MethodGet, "/v2/events", query("/v2/events", "start", "end"), "end", "data"},
		{http.MethodGet, "/v2/bookings", query("/v2/bookings", "start", "end"), "end", "data"},
		{http.MethodGet, "/v2/bookings/groups", query("/v2/bookings/groups", "start", "end"), "end", "data"},
		{http.MethodGet, "/v2/deliveries", func(from, to string) (string, string) {
			return "/v2/deliveries?booking_id=" + booking + "&since=" + from + "&until=" + to, ""
		}, "until", "data"},
		{http.MethodGet, "/v2/mails", func(from, to string) (string, string) {
			return "/v2/mails?booking_id=" + booking + "&since=" + from + "&until=" + to, ""
		}, "until", "data"},
		{http.MethodGet, "/v2/webhooks/:id/deliveries", query("/v2/webhooks/"+webhook+"/deliveries", "since", "until"), "until", "data"},
		{http.MethodPost, "/v2/webhooks/:id/replay", func(from, to string) (string, string) {
			return "/v2/webhooks/" + webhook + "/replay", fmt.Sprintf(`{"since":%q,"until":%q,"dry_run":true}`, from, to)
		}, "until", ""},
	}
}

// TestEveryWindowIsHere looks through the API's document for operations that take both ends of a window.
func TestEveryWindowIsHere(t *testing.T) {
	t.Parallel()
	doc, err := document()
	if err != nil {
		t.Fatal(err)
	}
	var told, listed []string
	for _, w := range windows("", "", "") {
		listed = append(listed, w.method+" "+strings.ReplaceAll(w.path, ":id", "{id}"))
	}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			var names []string
			for _, p := range op.Parameters {
				if p.Value.In == "query" {
					names = append(names, p.Value.Name)
				}
			}
			if op.RequestBody != nil && op.RequestBody.Value.Content.Get("application/json") != nil {
				names = append(names, fieldsOf(op.RequestBody.Value.Content.Get("application/json").Schema)...)
			}
			has := func(all ...string) bool {
				return !slices.ContainsFunc(all, func(name string) bool { return !slices.Contains(names, name) })
			}
			if path == "/v2/bookings/migrate" { // from and to are versions of a graph
				continue
			}
			if has("since", "until") || has("from", "to") || method == http.MethodGet && has("start", "end") {
				told = append(told, method+" "+path)
			}
		}
	}
	slices.Sort(told)
	slices.Sort(listed)
	if !slices.Equal(told, listed) {
		t.Errorf("the document has windows in\n%s\nand the table in\n%s", strings.Join(told, "\n"), strings.Join(listed, "\n"))
	}
}

// fieldsOf are the fields that a body may have.
func fieldsOf(schema *openapi3.SchemaRef) (names []string) {
	for name := range schema.Value.Properties {
		names = append(names, name)
	}
	for _, part := range schema.Value.AllOf {
		names = append(names, fieldsOf(part)...)
	}
	return names
}

// TestBackwardWindowsAreRefused by every route that takes one; an empty one is answered with nothing.
func TestBackwardWindowsAreRefused(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t)
	booking := b.book(t, resource, "instant", 9)
	webhook := b.post(t, "/v2/webhooks", `{"url":"https://example.com/hook"}`).want(t, http.StatusCreated).str("data.id")
	const early, late = "2030-12-01T08:00:00Z", "2030-12-01T12:00:00Z"
	for _, w := range windows(resource, webhook, booking) {
		path, body := w.ask(late, early)
		a := b.call(t, w.method, path, body).refused(t, http.StatusUnprocessableEntity, "invalid")
		if a.at("errors."+w.field) == nil || strings.Count(a.body, `["`) != 1 {
			t.Errorf("%s: %s alone should be named: %s", w.path, w.field, a.body)
		}
		for _, end := range []string{early, late} {
			path, body = w.ask(early, end)
			a = b.call(t, w.method, path, body)
			if a.status != http.StatusOK && a.status != http.StatusAccepted {
				t.Errorf("%s to %s: %d %s", w.path, end, a.status, a.body)
			}
			if list, is := a.at(w.list).([]any); w.list != "" && end == early && (!is || len(list) > 0) {
				t.Errorf("%s: an empty window has %s", w.path, a.body)
			}
		}
	}
}

// TestBackwardQuestionsAreRefused however they are told, also from a browser.
func TestBackwardQuestionsAreRefused(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t)
	project := b.project(t, "Haircut", `,"availability":{"length":"1 hour"},"availability_constraints":[{"allow_hours":{"start":9,"end":12}}]`, resource).str("data.id")
	for _, window := range []string{
		`"from":"2027-03-26","to":"2027-03-25"`, `"from":"2 days","to":"1 day"`, `"to":"-1 day"`, `"from":"tomorrow","to":"today"`,
		`"from":"2027-03-26T10:00:00Z","to":"2027-03-26T10:00:00+01:00"`, `"to":"2026-01-01"`, `"from":"5 weeks"`,
	} {
		for _, of := range []string{`"resources":["` + resource + `"]`, `"project_id":"` + project + `"`} {
			if strings.HasPrefix(of, `"project`) && window == `"from":"5 weeks"` {
				continue
			}
			for _, path := range []string{"/v2/availability", "/v2/availability/dates", "/v2/availability/count", "/v2/unavailable/slots", "/v2/availability/explain"} {
				body := fmt.Sprintf(`{%s,%s,"length":"1 hour","at":"2027-03-26T10:00:00Z"}`, of, window)
				if a := b.post(t, path, body).refused(t, http.StatusUnprocessableEntity, "invalid"); a.at("errors.to") == nil {
					t.Errorf("%s %s: %s", path, body, a.body)
				}
				if path != "/v2/availability/explain" {
					if a := b.widget(t).post(t, path, body).refused(t, http.StatusUnprocessableEntity, "invalid"); a.at("errors.to") == nil {
						t.Errorf("a widget's %s %s: %s", path, body, a.body)
					}
				}
			}
		}
	}
}

// TestASeasonThatIsOverHasNothing, on every surface of its project; nor has one that has not begun by the end of what is asked.
func TestASeasonThatIsOverHasNothing(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource, visitor := b.resource(t), b.widget(t)
	for season, more := range map[string]string{
		`"to":"2026-01-01"`: "", `"from":"2025-08-01","to":"2026-01-01"`: "", `"from":"2031-06-01","to":"2031-09-01"`: `,"to":"2031-05-01"`,
		`"to":"2026-01-02"`: `,"from":"2031-05-01"`,
	} {
		project := b.project(t, "Season", `,"availability":{"length":"1 hour",`+season+`},"availability_constraints":[{"allow_hours":{"start":9,"end":12}}]`, resource).str("data.id")
		body := fmt.Sprintf(`{"project_id":%q%s,"at":"2031-03-26T10:00:00Z"}`, project, more)
		for _, who := range []*bundle{b, visitor} {
			if season == `"from":"2025-08-01","to":"2026-01-01"` && who == b {
				continue // the owner may look at what was
			}
			for _, path := range []string{"/v2/availability", "/v2/availability/dates", "/v2/unavailable/slots"} {
				if a := who.post(t, path, body).want(t, http.StatusOK); !strings.Contains(a.body, `"data":[]`) {
					t.Errorf("%s %s: %s", path, season, a.body)
				}
			}
			if a := who.post(t, "/v2/availability/count", body).want(t, http.StatusOK); a.str("data.total") != "0" {
				t.Errorf("%s: %s", season, a.body)
			}
		}
		if a := b.post(t, "/v2/availability/explain", body).want(t, http.StatusOK); a.str("data.offered") != "false" {
			t.Errorf("%s: %s", season, a.body)
		}
		link := b.post(t, "/v2/public_links", fmt.Sprintf(`{"project_id":%q,"title":"Season"}`, project)).want(t, http.StatusCreated)
		page := b.get(t, link.str("data.url")).want(t, http.StatusOK)
		if strings.Contains(page.body, "start=") {
			t.Errorf("%s: the page offers times: %s", season, page.body)
		}
	}
	soon, now := time.Now().AddDate(0, 1, 0).Format(time.DateOnly), time.Now().Format(time.DateOnly)
	for _, season := range []string{
		fmt.Sprintf(`"from":%q,"to":%q`, soon, now), fmt.Sprintf(`"from":%q,"to":%q`, now, now), `"from":"2 days","to":"1 day"`, `"to":"-1 day"`, `"to":"now"`,
	} {
		a := b.post(t, "/v2/projects", `{"name":"Never","availability":{`+season+`}}`).refused(t, http.StatusUnprocessableEntity, "invalid")
		if !strings.Contains(a.body, "availability.to") {
			t.Errorf("%s: %s", season, a.body)
		}
	}
}
