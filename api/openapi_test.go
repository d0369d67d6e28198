package api

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"holdfast/api/edge"
	"holdfast/internal/fault"
	"holdfast/internal/postgres"
)

// document is the part of the OpenAPI document that must agree with the code. deployments/local/conformance holds the document
// against OpenAPI itself, and its examples against their schemas.
type document struct {
	Paths      map[string]map[string]operation `json:"paths"`
	Components struct {
		Parameters map[string]parameter `json:"parameters"`
		Responses  map[string]response  `json:"responses"`
		Schemas    map[string]schema    `json:"schemas"`
	} `json:"components"`
}

type operation struct {
	Access     string              `json:"x-access"`
	Security   *[]any              `json:"security"`
	Parameters []parameter         `json:"parameters"`
	Responses  map[string]response `json:"responses"`
}

type parameter struct {
	Ref    string `json:"$ref"`
	In     string `json:"in"`
	Name   string `json:"name"`
	Schema schema `json:"schema"`
}

type response struct {
	Ref         string         `json:"$ref"`
	Description string         `json:"description"`
	Headers     map[string]any `json:"headers"`
	Content     map[string]struct {
		Examples map[string]any `json:"examples"`
	} `json:"content"`
}

type schema struct {
	Description string         `json:"description"`
	Enum        []string       `json:"enum"`
	Items       *schema        `json:"items"`
	Properties  map[string]any `json:"properties"`
	Required    []string       `json:"required"`
}

// readDocument decodes the document that the API serves, with the references of its operations resolved.
func readDocument(t *testing.T) document {
	t.Helper()
	var doc document
	if err := json.Unmarshal(openAPIText, &doc); err != nil {
		t.Fatal(err)
	}
	for path, item := range doc.Paths {
		for method, op := range item {
			for i, p := range op.Parameters {
				op.Parameters[i] = resolve(t, p, p.Ref, "parameters", doc.Components.Parameters)
			}
			for status, r := range op.Responses {
				op.Responses[status] = resolve(t, r, r.Ref, "responses", doc.Components.Responses)
			}
			delete(item, method)
			item[strings.ToUpper(method)] = op
		}
		doc.Paths[path] = item
	}
	return doc
}

// resolve returns what a reference leads to, or the value itself if it is none.
func resolve[T any](t *testing.T, here T, ref, kind string, shared map[string]T) T {
	t.Helper()
	if ref == "" {
		return here
	}
	name, ok := strings.CutPrefix(ref, "#/components/"+kind+"/")
	there, known := shared[name]
	if !ok || !known {
		t.Fatalf("%s leads nowhere", ref)
	}
	return there
}

func (o operation) has(in, name string) bool {
	return slices.ContainsFunc(o.Parameters, func(p parameter) bool { return p.In == in && p.Name == name })
}

var colon = regexp.MustCompile(`:(\w+)`)

// TestDocumentHasTheRoutes compares both ways. HEAD and OPTIONS of links are left out: they do what GET does, less.
func TestDocumentHasTheRoutes(t *testing.T) {
	t.Parallel()
	doc := readDocument(t)
	names := map[edge.Access]string{edge.RequireNothing: "none", edge.RequireAdmin: "admin", edge.RequireApp: "app", edge.RequireServer: "server", edge.RequireClient: "client", edge.RequireResource: "resource", edge.RequireKey: "key"}
	served := map[string]bool{}
	for _, r := range (&Server{DB: new(postgres.DB)}).routes() {
		if r.Method == http.MethodHead || r.Method == http.MethodOptions {
			continue
		}
		path := colon.ReplaceAllString(r.Path, "{$1}")
		served[r.Method+" "+path] = true
		op, ok := doc.Paths[path][r.Method]
		if !ok {
			t.Errorf("%s %s is not in the document", r.Method, path)
			continue
		}
		if op.Access != names[r.Access] {
			t.Errorf("%s %s: x-access is %q, want %s", r.Method, path, op.Access, names[r.Access])
		}
		if open := op.Security != nil && len(*op.Security) == 0; open != (r.Access == edge.RequireNothing) {
			t.Errorf("%s %s: security does not fit the route", r.Method, path)
		}
		if once := op.has("header", "Idempotency-Key"); once != r.Idempotent {
			t.Errorf("%s %s: Idempotency-Key does not fit the route", r.Method, path)
		}
		for _, name := range colon.FindAllStringSubmatch(r.Path, -1) {
			if !op.has("path", name[1]) {
				t.Errorf("%s %s: parameter %s is missing", r.Method, path, name[1])
			}
		}
	}
	for path, item := range doc.Paths {
		for method := range item {
			if !served[method+" "+path] {
				t.Errorf("%s %s is in the document and not served", method, path)
			}
		}
	}
}

// TestDocumentHasTheEdge wants told what every route with a key does: it is limited, and shows times by the caller's clock.
func TestDocumentHasTheEdge(t *testing.T) {
	t.Parallel()
	doc := readDocument(t)
	for path, item := range doc.Paths {
		for method, op := range item {
			keyed := op.Access != "none"
			page := strings.HasPrefix(path, "/pls/") || strings.HasPrefix(path, "/rts/") || strings.HasPrefix(path, "/pay/") ||
				strings.HasPrefix(path, "/unsubscribe/") // their visitors are counted by address
			if _, limited := op.Responses["429"]; limited != (keyed || page) {
				t.Errorf("%s %s: a 429 does not fit the route", method, path)
			}
			shows := false
			for status, response := range op.Responses {
				if status >= "400" || !keyed {
					continue
				}
				_, json := response.Content["application/json"]
				shows = shows || json
				for _, name := range []string{"RateLimit", "RateLimit-Policy", "X-RateLimit-Limit", "X-RateLimit-Remaining", "Timekit-TestMode"} {
					if op.Access != "admin" && response.Headers[name] == nil {
						t.Errorf("%s %s: %s has no %s", method, path, status, name)
					}
				}
			}
			for _, name := range []string{edge.ZoneHeader, edge.OutHeader} {
				if shows && !op.has("header", name) {
					t.Errorf("%s %s does not tell of %s", method, path, name)
				}
			}
		}
	}
}

// TestDocumentHasTheCodes wants every code told with its status, and an example of each.
func TestDocumentHasTheCodes(t *testing.T) {
	t.Parallel()
	doc := readDocument(t)
	told := slices.Clone(doc.Components.Schemas["Code"].Enum)
	var born []string
	for _, code := range fault.Codes {
		born = append(born, string(code))
	}
	slices.Sort(told)
	slices.Sort(born)
	if !slices.Equal(told, born) {
		t.Errorf("codes in the document\n%v\nin internal/booking/errors.go\n%v", told, born)
	}
	for _, code := range born {
		status := edge.Statuses[fault.Code(code)]
		name := strings.ReplaceAll(http.StatusText(status), " ", "")
		response, ok := doc.Components.Responses[name]
		if !ok {
			t.Errorf("code %s has status %d, and there is no response %s", code, status, name)
			continue
		}
		if !strings.Contains(response.Description, "`"+code+"`") || response.Content["application/problem+json"].Examples[code] == nil {
			t.Errorf("response %s does not tell of %s with an example", name, code)
		}
		want := "`" + code + "` (" + strconv.Itoa(status) + ")"
		if !strings.Contains(doc.Components.Schemas["Code"].Description, want) {
			t.Errorf("the description of the codes lacks %s", want)
		}
	}
}

// TestIncludesShowWhatTheySay compares what can be included with what a booking shows beyond its bare form.
func TestIncludesShowWhatTheySay(t *testing.T) {
	t.Parallel()
	doc := readDocument(t)
	included := doc.Components.Parameters["Include"].Schema.Items.Enum
	shown := doc.Components.Schemas["Booking"]
	bare := len(shown.Required) + 3 // and graph_version, which webhooks leave out for the first one, units, which Timekit's have not, and resources
	if want := len(shown.Properties) - bare; len(included) != want {
		t.Errorf("include has %d names, a booking has %d parts", len(included), want)
	}
	for _, name := range included {
		if shown.Properties[name] == nil {
			t.Errorf("include=%s shows nothing", name)
		}
	}
}
