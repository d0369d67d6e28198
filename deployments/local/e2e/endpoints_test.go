package e2e_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// TestWebhookViewHasAllThatWasAsked gives every field, reads it back, and changes one at a time.
func TestWebhookViewHasAllThatWasAsked(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	service := b.post(t, "/v2/location/services", `{"name":"Haircut"}`).want(t, http.StatusCreated).str("data.id")
	project := b.post(t, "/v2/projects", `{"name":"Barber"}`).want(t, http.StatusCreated).str("data.id")
	asked := fmt.Sprintf(`{"url":"https://example.com/hook","method":"put","description":"Tells the till","format":"holdfast",
		"graph":"","state":"confirmed","graphs":["instant","confirm_decline"],"states":["confirmed"],"event_types":["booking.*","endpoint.paused"],
		"projects":[%q],"services":[%q],"headers":{"X-Team":"front desk","X-Pass":"opensesame"},
		"ordered":false,"in_flight":7,"rate_per_second":9}`, project, service)
	made := b.post(t, "/v2/webhooks", asked).want(t, http.StatusCreated)
	path := "/v2/webhooks/" + made.str("data.id")
	var want map[string]any
	must(t, json.Unmarshal([]byte(asked), &want))
	want["headers"] = map[string]any{"X-Team": "(hidden)", "X-Pass": "(hidden)"}
	view := b.get(t, path).want(t, http.StatusOK)
	wantFields(t, view, want)
	wantFields(t, view, map[string]any{"status": "active", "reason": "", "old_secrets_until": []any{}, "health": map[string]any{
		"succeeded_at": nil, "failing_since": nil, "failures": 0.0, "breaker_open_until": nil, "pending": 0.0,
		"pending_limit": 100_000.0, "dropped": 0.0, "dropped_at": nil,
	}})
	if made.header.Get("Cache-Control") != "no-store" || strings.Contains(view.body, "opensesame") || view.at("data.secret") != nil {
		t.Errorf("it tells a secret: %s", view.body)
	}
	whole, err := json.Marshal(view.at("data"))
	must(t, err)
	b.put(t, path, string(whole)).want(t, http.StatusOK) // what was read can be written back
	wantFields(t, b.get(t, path), want)
	none := `{"graph":null,"state":null,"graphs":null,"states":null,"event_types":null,"projects":null,"services":null,"headers":null,
		"ordered":null,"in_flight":null,"rate_per_second":null,"url":null,"method":null,"description":null,"format":null}`
	for _, body := range []string{``, `{}`, none} {
		b.put(t, path, body).want(t, http.StatusOK)
		wantFields(t, b.get(t, path), want)
	}
	for name, value := range map[string]string{
		"url": `"https://example.org/"`, "method": `"post"`, "description": `""`, "format": `"timekit"`, "graphs": `[]`, "states": `[]`,
		"event_types": `[]`, "projects": `[]`, "services": `[]`, "ordered": `true`, "in_flight": `1`, "rate_per_second": `0`, "headers": `{}`,
	} {
		b.put(t, path, fmt.Sprintf(`{%q:%s}`, name, value)).want(t, http.StatusOK)
		var now any
		must(t, json.Unmarshal([]byte(value), &now))
		want[name] = now
		if name == "states" {
			want["state"] = ""
		}
		wantFields(t, b.get(t, path), want)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantFields(t testing.TB, a answer, want map[string]any) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(want)) {
		got, _ := json.Marshal(a.at("data." + name))
		expected, _ := json.Marshal(want[name])
		if string(got) != string(expected) {
			t.Errorf("%s: got %s, want %s", name, got, expected)
		}
	}
}

// TestTimekitsFiltersAndTheListsAgree: graph and state are the lists with one value.
func TestTimekitsFiltersAndTheListsAgree(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	path := "/v2/webhooks/" + b.webhook(t, "https://example.com/", `,"graph":"instant","state":"cancelled"`).str("data.id")
	for _, c := range []struct{ body, graph, graphs string }{
		{`{}`, "instant", `["instant"]`},
		{`{"graph":"confirm_decline"}`, "confirm_decline", `["confirm_decline"]`},
		{`{"graphs":["instant","confirm_decline","instant"]}`, "", `["instant","confirm_decline"]`},
		{`{"graph":"","graphs":["instant"]}`, "instant", `["instant"]`},
		{`{"graph":"instant","graphs":["instant"]}`, "instant", `["instant"]`},
		{`{"graph":""}`, "", `[]`},
	} {
		got := b.put(t, path, c.body).want(t, http.StatusOK)
		list, _ := json.Marshal(got.at("data.graphs"))
		if got.str("data.graph") != c.graph || string(list) != c.graphs || got.str("data.state") != "cancelled" {
			t.Errorf("%s: %q, %s", c.body, got.str("data.graph"), list)
		}
	}
}

func TestWebhookInputIsChecked(t *testing.T) {
	t.Parallel()
	b, other := tenant(t, plain), tenant(t, plain)
	foreign := other.post(t, "/v2/projects", `{"name":"Theirs"}`).want(t, http.StatusCreated).str("data.id")
	theirs := other.post(t, "/v2/location/services", `{"name":"Theirs"}`).want(t, http.StatusCreated).str("data.id")
	path := "/v2/webhooks/" + b.webhook(t, "https://example.com/", `,"headers":{"X-Team":"front desk"}`).str("data.id")
	before := b.get(t, path).body
	many := func(one string, n int) string { return "[" + strings.TrimSuffix(strings.Repeat(one+",", n), ",") + "]" }
	headers := map[string]string{}
	for i := range 21 {
		headers[fmt.Sprintf("X-%d", i)] = "x"
	}
	tooMany, err := json.Marshal(headers)
	must(t, err)
	for _, c := range [][3]string{ // the field, its value, the field that is told of
		{"url", `"http://10.0.0.1/"`, "url"}, {"method", `"delete"`, "method"}, {"description", fmt.Sprintf("%q", strings.Repeat("ä", 257)), "description"},
		{"format", `"smoke"`, "format"}, {"format", `""`, "format"}, {"graph", `"waltz"`, "graph"}, {"graphs", `["instant","waltz"]`, "graphs"},
		{"state", `"paid for"`, "state"}, {"states", `["confirmed",""]`, "states"}, {"states", `"confirmed"`, "states"},
		{"event_types", `["booking.confirmd"]`, "event_types"}, {"event_types", `["*"]`, "event_types"}, {"event_types", `["booking"]`, "event_types"},
		{"event_types", `["hold.*"]`, "event_types"}, {"projects", fmt.Sprintf("[%q]", foreign), "projects"}, {"projects", `["mine"]`, "projects.0"},
		{"services", fmt.Sprintf("[%q]", theirs), "services"}, {"services", fmt.Sprintf("[%q]", foreign), "services"},
		{"projects", `"` + foreign + `"`, "projects"},
		{"headers", `{"Content-Type":"text/plain"}`, "headers"}, {"headers", `{"webhook-id":"x"}`, "headers"},
		{"headers", `{"X-Timekit-Signature":"x"}`, "headers"}, {"headers", `{"X-Other":"(hidden)"}`, "headers"},
		{"headers", `{"X-Team":"a","x-team":"b"}`, "headers"}, {"headers", `{"X-Team":"ä"}`, "headers"}, {"headers", `{"X Team":"a"}`, "headers"},
		{"headers", `{"X-Team":1}`, "headers"}, {"headers", `{"X-Team":null}`, "headers"}, {"headers", `["X-Team"]`, "headers"},
		{"headers", string(tooMany), "headers"}, {"headers", `{"X-Team":"` + strings.Repeat("x", 1024) + `"}`, "headers"},
		{"in_flight", `0`, "in_flight"}, {"in_flight", `33`, "in_flight"}, {"in_flight", `1.5`, "in_flight"}, {"in_flight", `"4"`, "in_flight"},
		{"rate_per_second", `-1`, "rate_per_second"}, {"rate_per_second", `1001`, "rate_per_second"}, {"ordered", `"yes"`, "ordered"},
		{"states", many(`"a"`, 2) + `,"state":"confirmed"`, "state"}, {"graphs", `[],"graph":"instant"`, "graph"},
	} {
		got := b.put(t, path, fmt.Sprintf(`{%q:%s}`, c[0], c[1])).refused(t, http.StatusUnprocessableEntity, "invalid")
		var problem struct{ Errors map[string][]string }
		must(t, json.Unmarshal([]byte(got.body), &problem))
		if len(problem.Errors[c[2]]) == 0 {
			t.Errorf("%s: %s does not name %s", c[1], got.body, c[2])
		}
	}
	for _, secret := range []string{"opensesame", "whsec_", "whsec_AAAA", "whsec_" + strings.Repeat("A", 88) + "AAAA"} {
		b.post(t, "/v2/webhooks", fmt.Sprintf(`{"url":"https://example.com/","secret":%q}`, secret)).refused(t, http.StatusUnprocessableEntity, "invalid")
	}
	if after := b.get(t, path).body; after != before {
		t.Errorf("something was written:\n%s\n%s", before, after)
	}
}

func TestAnAppHasSoManyWebhooks(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	first := b.webhook(t, "https://example.com/", "").str("data.id")
	for range 48 {
		b.webhook(t, "https://example.com/", "")
	}
	last := `{"url":"https://example.com/","secret":"whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}`
	made := b.post(t, "/v2/webhooks", last, "Idempotency-Key", "the-last").want(t, http.StatusCreated)
	if got := made.str("data.secret"); !strings.HasSuffix(last, got+`"}`) {
		t.Errorf("the secret is %s", got)
	}
	got := b.post(t, "/v2/webhooks", `{"url":"https://example.com/"}`).refused(t, http.StatusUnprocessableEntity, "invalid")
	if !strings.Contains(got.str("detail"), "at most 50 webhooks") {
		t.Error(got.body)
	}
	again := b.post(t, "/v2/webhooks", last, "Idempotency-Key", "the-last").want(t, http.StatusCreated)
	if again.body != made.body || again.header.Get("Cache-Control") != "no-store" {
		t.Errorf("the repeat got %s", again.body)
	}
	b.call(t, http.MethodDelete, "/v2/webhooks/"+first, "").want(t, http.StatusNoContent)
	b.webhook(t, "https://example.com/", "")
}

func TestEventTypesCanAllBeAskedFor(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	var catalogue struct {
		Data []struct{ Name, Description string }
	}
	must(t, json.Unmarshal([]byte(b.get(t, "/v2/webhooks/event_types").want(t, http.StatusOK).body), &catalogue))
	names := []string{}
	for _, e := range catalogue.Data {
		if e.Description == "" {
			t.Errorf("%s says nothing", e.Name)
		}
		names = append(names, e.Name)
	}
	for _, name := range []string{"booking.confirmed", "booking.cancelled", "bookings.create", "bookings.update", "bookings.delete", "endpoint.paused"} {
		if !slices.Contains(names, name) {
			t.Errorf("%s is not among %v", name, names)
		}
	}
	all, err := json.Marshal(append(names, "booking.*", "bookings.*", "endpoint.*"))
	must(t, err)
	b.webhook(t, "https://example.com/", `,"event_types":`+string(all))
}
