package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"holdfast/api/edge"
	"holdfast/graphs"
	"holdfast/internal/apps"
	"holdfast/internal/fault"
	"holdfast/internal/tenant"
)

// viewing is a graph of an app's own. more are fields of the action that ends a viewing that has been planned.
func viewing(more string) string {
	return `{"name":"viewing","description":"A visit of a flat.","initial":"asked","start":"create","states":[
		{"name":"asked","holds":"nothing","actions":[{"name":"create","to":"planned","by":["api"],"on_conflict":"refuse"}]},
		{"name":"planned","holds":"slot","actions":[
			{"name":"call_off","to":"off","by":["api","customer_link"]` + more + `},
			{"name":"done","to":"seen","by":["api"]}]},
		{"name":"off","holds":"nothing","final":true},{"name":"seen","holds":"nothing","final":true},{"name":"error","holds":"nothing","final":true}]}`
}

// shownVersions are the published versions of a graph, as an answer has them.
type shownVersions struct {
	Graph    string         `json:"graph"` // that was published
	Weights  map[string]int `json:"weights"`
	Versions []struct {
		Graph string `json:"graph"`
	} `json:"versions"`
}

func (a answer) versions(t *testing.T) (all shownVersions) {
	t.Helper()
	var shown struct{ Data shownVersions }
	if err := json.Unmarshal(a.Body.Bytes(), &shown); err != nil {
		t.Fatal(err)
	}
	return shown.Data
}

// publish publishes a graph and returns the version that it is.
func (f *fixture) publish(definition string) string {
	f.t.Helper()
	f.post(f.server, "/v2/graphs", definition).want(f.t, http.StatusCreated)
	return f.post(f.server, "/v2/graphs/viewing/publish", "").want(f.t, http.StatusCreated).versions(f.t).Graph
}

// walks books by a graph and returns the version that the booking has.
func (f *fixture) walks(graph string, hour float64) string {
	f.t.Helper()
	a := f.post(f.server, "/v2/bookings", fmt.Sprintf(`{"graph":%q,%s}`, graph, slot(f.room(), hour, 1))).want(f.t, http.StatusCreated)
	var shown struct {
		Data struct {
			Graph   string `json:"graph"`
			Version int    `json:"graph_version"`
		} `json:"data"`
	}
	check(f.t, json.Unmarshal(a.Body.Bytes(), &shown))
	return fmt.Sprintf("%s@%d", shown.Data.Graph, shown.Data.Version)
}

func (f *fixture) room() string { return f.resource(`[]`) }

func wantText(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s is %q, want %q", what, got, want)
	}
}

// TestVersionsOfOwnGraphs: what is published never changes, and the same graph is the same version.
func TestVersionsOfOwnGraphs(t *testing.T) {
	t.Parallel()
	f := setup(t)
	wantText(t, "the first", f.publish(viewing("")), "viewing@1")
	wantText(t, "the same, written otherwise", f.publish(strings.ReplaceAll(viewing(""), "\n", " ")), "viewing@1")
	wantText(t, "another", f.publish(viewing(`,"inputs":[{"step":"call_off","field":"message"}]`)), "viewing@2")
	wantText(t, "the first again", f.publish(viewing("")), "viewing@1")
	wantText(t, "a bare name", f.walks("viewing", 0), "viewing@1")
	wantText(t, "a version", f.walks("viewing@2", 0), "viewing@2")
	f.put(f.server, "/v2/graphs/viewing/alias", `{"version":2}`).want(t, http.StatusOK)
	wantText(t, "a bare name", f.walks("viewing", 0), "viewing@2")
	f.post(f.server, "/v2/bookings", `{"graph":"viewing@3",`+slot(f.room(), 0, 1)+`}`).refused(t, fault.Invalid, "graph")
	if all := f.send(f.server, http.MethodGet, "/v2/graphs/viewing/versions", "").want(t, http.StatusOK).versions(t); len(all.Versions) != 2 || all.Weights["2"] == 0 {
		t.Errorf("%+v", all)
	}
}

// TestWeightsOfOwnGraphs: a bare name stands for several versions by their shares.
func TestWeightsOfOwnGraphs(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.publish(viewing(""))
	f.publish(viewing(`,"inputs":[{"step":"call_off","field":"message"}]`))
	for _, bad := range []string{`{}`, `{"version":1,"weights":{"2":1}}`, `{"weights":{"2":0}}`, `{"weights":{"x":1}}`, `{"version":3}`, `{"weights":{"02":1}}`} {
		if a := f.put(f.server, "/v2/graphs/viewing/alias", bad); a.Code != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", bad, a.Code, a.Body)
		}
	}
	f.put(f.server, "/v2/graphs/viewing/alias", `{"weights":{"1":1,"2":1}}`).want(t, http.StatusOK)
	count := map[string]int{}
	for range 40 { // all of one version once in 500 billion
		count[f.walks("viewing", 0)]++
	}
	if count["viewing@1"] == 0 || count["viewing@2"] == 0 || len(count) != 2 {
		t.Errorf("booked by %v", count)
	}
}

// TestFaultsOfOwnGraphs: a draft is kept with its faults, and never becomes a version.
func TestFaultsOfOwnGraphs(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for _, c := range []struct{ faulty, path string }{
		{viewing(`,"wen":1`), "states[1].actions[0].wen"},
		{strings.Replace(viewing(""), `"to":"seen"`, `"to":"nowhere"`, 1), "states[1].actions[1].to"},
	} {
		a := f.post(f.server, "/v2/graphs", c.faulty).want(t, http.StatusCreated).Body.String()
		if !strings.Contains(a, `"path":"`+c.path+`"`) || !strings.Contains(a, `"valid":false`) {
			t.Errorf("no %s in %s", c.path, a)
		}
	}
	f.post(f.server, "/v2/graphs/viewing/publish", "").refused(t, fault.Invalid, "states[1].actions[1].to")
	f.send(f.server, http.MethodGet, "/v2/graphs/viewing/versions", "").refused(t, fault.NotFound, "")
	f.put(f.server, "/v2/graphs/viewing/alias", `{"version":1}`).refused(t, fault.NotFound, "")
	f.post(f.server, "/v2/bookings", `{"graph":"viewing",`+slot(f.room(), 0, 1)+`}`).refused(t, fault.Invalid, "graph")
	if a := f.send(f.server, http.MethodGet, "/v2/graphs/viewing/draft", "").want(t, http.StatusOK); !strings.Contains(a.Body.String(), "nowhere") {
		t.Errorf("the draft is lost: %s", a.Body)
	}
	f.post(f.server, "/v2/graphs", viewing("")).want(t, http.StatusCreated)
	if a := f.post(f.server, "/v2/graphs/viewing/validate", "").want(t, http.StatusOK); !strings.Contains(a.Body.String(), `"valid":true`) || !strings.Contains(a.text(t, "svg"), "<svg") {
		t.Errorf("not valid, or not drawn: %.300s", a.Body)
	}
	f.send(f.server, http.MethodDelete, "/v2/graphs/viewing/draft", "").want(t, http.StatusNoContent)
	f.post(f.server, "/v2/graphs/viewing/publish", "").refused(t, fault.NotFound, "")
	for _, name := range []string{`"instant"`, `"Viewing"`, `""`, `7`, `"a b"`} {
		f.post(f.server, "/v2/graphs", strings.Replace(viewing(""), `"viewing"`, name, 1)).refused(t, fault.Invalid, "name")
	}
	if a := f.post(f.server, "/v2/graphs", `{"name":`); a.Code != http.StatusBadRequest && a.Code != http.StatusUnprocessableEntity {
		t.Errorf("%d %s", a.Code, a.Body)
	}
}

// TestDraftsAreListed: those of the app, by name, with their faults.
func TestDraftsAreListed(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.post(f.server, "/v2/graphs", viewing("")).want(t, http.StatusCreated)
	f.post(f.server, "/v2/graphs", strings.NewReplacer(`"viewing"`, `"tour"`, `"to":"seen"`, `"to":"nowhere"`).Replace(viewing(""))).want(t, http.StatusCreated)
	other, err := apps.Create(t.Context(), f.DB.Access, f.Vault, &tenant.App{ID: edge.NewID(), Name: "Other", Slug: "other", Settings: tenant.NewAppSettings()})
	check(t, err)
	list := func(key string) (all []struct {
		Name   string `json:"name"`
		Valid  bool   `json:"valid"`
		Faults []any  `json:"faults"`
	}) {
		answered := struct{ Data any }{&all}
		check(t, json.Unmarshal(f.send(key, http.MethodGet, "/v2/graph_drafts", "").want(t, http.StatusOK).Body.Bytes(), &answered))
		return all
	}
	all := list(f.server)
	if len(all) != 2 || all[0].Name != "tour" || all[0].Valid || len(all[0].Faults) == 0 || all[1].Name != "viewing" || !all[1].Valid || len(all[1].Faults) > 0 {
		t.Errorf("%+v", all)
	}
	if theirs := list(other); len(theirs) > 0 {
		t.Errorf("another app sees %+v", theirs)
	}
}

// TestBookingsOfAVersion: the list of bookings is searched by graph and version.
func TestBookingsOfAVersion(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.publish(viewing(""))
	f.publish(viewing(`,"inputs":[{"step":"call_off","field":"message"}]`))
	for _, graph := range []string{"viewing@1", "viewing@2", "viewing@2", "instant@2"} {
		f.walks(graph, 0)
	}
	for search, want := range map[string]int{
		"graph:viewing": 3, "graph:viewing;graph_version:1": 1, "graph:viewing;graph_version:2": 2, "graph_version:2": 3, "graph_version:3": 0,
	} {
		var shown struct{ Total int }
		check(t, json.Unmarshal(f.send(f.server, http.MethodGet, "/v2/bookings?search="+url.QueryEscape(search), "").want(t, http.StatusOK).Body.Bytes(), &shown))
		if shown.Total != want {
			t.Errorf("%s finds %d, want %d", search, shown.Total, want)
		}
	}
}

// TestOwnGraphsAreTheApps: another app, a widget key and a caller without a key do not see them. A visitor books by them through a project.
func TestOwnGraphsAreTheApps(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.publish(viewing(""))
	other, err := apps.Create(t.Context(), f.DB.Access, f.Vault, &tenant.App{ID: edge.NewID(), Name: "Other", Slug: "other", Settings: tenant.NewAppSettings()})
	check(t, err)
	f.send(other, http.MethodGet, "/v2/graphs/viewing", "").refused(t, fault.NotFound, "")
	f.send(other, http.MethodGet, "/v2/graphs/viewing/versions", "").refused(t, fault.NotFound, "")
	f.send("", http.MethodGet, "/v2/graphs/viewing", "").refused(t, fault.NotFound, "")
	f.send(adminKey, http.MethodGet, "/v2/graphs/instant", "").want(t, http.StatusOK)
	f.send(adminKey, http.MethodGet, "/v2/graphs/viewing", "").refused(t, fault.NotFound, "")
	f.send("live_api_key_nonsense", http.MethodGet, "/v2/graphs", "").refused(t, fault.Unauthorized, "")
	f.post(f.widget, "/v2/graphs", viewing("")).refused(t, fault.Forbidden, "")
	f.send(f.server, http.MethodGet, "/v2/graphs/viewing.svg", "").want(t, http.StatusOK)
	listed := f.send(f.server, http.MethodGet, "/v2/graphs", "").want(t, http.StatusOK).Body.String()
	if !strings.Contains(listed, `"viewing"`) || strings.Contains(f.send("", http.MethodGet, "/v2/graphs", "").Body.String(), `"viewing"`) {
		t.Error("the list shows own graphs to the wrong callers")
	}

	room := f.room()
	f.post(f.server, "/v2/projects", `{"name":"P","booking":{"graph":"viewing@9"}}`).refused(t, fault.Invalid, "booking.graph")
	project := f.project(room, `,"availability":{"length":"1 hour"},"booking":{"graph":"viewing"}`)
	booked := f.post(f.widget, "/v2/bookings", fmt.Sprintf(`{"project_id":%q,"customer":{"name":"Ann","email":"ann@example.com"},%s}`,
		project, slot(room, 24, 1))).want(t, http.StatusCreated)
	f.put(f.server, "/v2/bookings/"+booked.id(t)+"/call_off", "{}").want(t, http.StatusOK)
	if a := f.send(f.server, http.MethodGet, "/v2/bookings/"+booked.id(t), "").want(t, http.StatusOK); !strings.Contains(a.Body.String(), `"state":"off"`) {
		t.Errorf("not called off: %s", a.Body)
	}
}

// TestOwnGraphsAreMoved: a booking that takes the place of another has its version, whatever the bare name stands for by then.
func TestOwnGraphsAreMoved(t *testing.T) {
	t.Parallel()
	f := setup(t)
	movable := strings.Replace(viewing(""), `{"name":"done"`, `{"name":"reschedule_by_customer","to":"off","by":["api"]},{"name":"done"`, 1)
	f.publish(movable)
	room := f.room()
	first := f.post(f.server, "/v2/bookings", `{"graph":"viewing",`+slot(room, 0, 1)+`}`).id(t)
	f.publish(viewing(""))
	f.put(f.server, "/v2/graphs/viewing/alias", `{"version":2}`).want(t, http.StatusOK)
	moved := f.post(f.server, "/v2/bookings/"+first+"/reschedule", "{"+slot(room, 0.5, 1)+"}").want(t, http.StatusCreated)
	if !strings.Contains(moved.Body.String(), `"graph_version":1`) || moved.text(t, "state") != "planned" {
		t.Errorf("moved to another version: %s", moved.Body)
	}
	if a := f.send(f.server, http.MethodGet, "/v2/bookings/"+first, "").want(t, http.StatusOK); a.text(t, "state") != "off" {
		t.Errorf("it keeps its place: %s", a.Body)
	}
}

// TestWebhooksOfOwnGraphs: endpoints can ask for their states, and tests of endpoints make one up.
func TestWebhooksOfOwnGraphs(t *testing.T) {
	t.Parallel()
	f := setup(t)
	hook := func(filters string) answer {
		return f.post(f.server, "/v2/webhooks", `{"url":"https://example.com/x",`+filters+`}`)
	}
	for _, filters := range []string{`"graph":"viewing"`, `"states":["seen"]`, `"event_types":["booking.seen"]`} {
		if a := hook(filters); a.Code != http.StatusUnprocessableEntity {
			t.Errorf("%s before it is published: %d", filters, a.Code)
		}
	}
	f.publish(viewing(""))
	for _, filters := range []string{`"graph":"viewing"`, `"states":["seen"]`, `"event_types":["booking.seen"]`} {
		hook(filters).want(t, http.StatusCreated)
	}
	types := f.send(f.server, http.MethodGet, "/v2/webhooks/event_types", "").want(t, http.StatusOK).Body.String()
	if !strings.Contains(types, `"booking.seen"`) {
		t.Errorf("no booking.seen in %s", types)
	}
	f.walks("viewing", 0)
	f.send(f.server, http.MethodGet, "/v2/events?after=2020-01-01T00:00:00Z&types=booking.planned", "").want(t, http.StatusOK)
	f.send(f.server, http.MethodGet, "/v2/events?after=2020-01-01T00:00:00Z&types=booking.unheard", "").refused(t, fault.Invalid, "types")
	if n := value[int](f, `SELECT count(*) FROM events WHERE type = 'booking.planned' AND graph = 'viewing'`); n != 1 {
		t.Errorf("%d events of its own state", n)
	}
}

// TestOwnGraphPrecedesABuiltinOne: a name that becomes built-in later keeps its meaning for the app.
func TestOwnGraphPrecedesABuiltinOne(t *testing.T) {
	t.Parallel()
	own := &graphs.Graph{Name: "instant", Version: 1, Own: true}
	library := tenant.NewGraphs([]*graphs.Graph{own}, map[string]int{"instant": 1})
	for _, name := range []string{"instant", "instant@1"} {
		if g, ok := library.Named(name, nil); !ok || g != own {
			t.Errorf("%s is another graph", name)
		}
	}
	if g, ok := library.Named("instant@2", nil); !ok || g.Own {
		t.Error("a built-in version is not found")
	}
	if !slices.Contains(library.All(), own) || tenant.NewAppSettings().GraphVersions != nil {
		t.Error("the library lacks its own graph")
	}
}
