package api

import (
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"holdfast/api/edge"
	"holdfast/internal/booking"
	"holdfast/internal/postgres"
)

func document(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(openAPIText)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// TestDocumentIsValid checks the document against OpenAPI 3.1, and every example in it against its schema.
func TestDocumentIsValid(t *testing.T) {
	t.Parallel()
	doc := document(t)
	if doc.OpenAPI != "3.1.0" {
		t.Errorf("the document is OpenAPI %s", doc.OpenAPI)
	}
	err := doc.Validate(t.Context(), openapi3.EnableExamplesValidation(), openapi3.EnableSchemaFormatValidation())
	if err != nil {
		t.Fatal(err)
	}
	examples := 0
	eachContent(doc, func(where string, content openapi3.Content) {
		for kind, media := range content {
			all := map[string]any{}
			if media.Example != nil {
				all["the example"] = media.Example
			}
			for name, one := range media.Examples {
				all[name] = one.Value.Value
			}
			for name, value := range all {
				examples++
				err := doc.ValidateSchemaJSON(media.Schema.Value, value, openapi3.EnableFormatValidation())
				if err != nil {
					t.Errorf("%s, %s, %s: %v", where, kind, name, err)
				}
			}
		}
	})
	if examples < 50 {
		t.Errorf("only %d examples were found", examples)
	}
}

// TestExamplesAreReallyChecked makes sure that the test above can fail.
func TestExamplesAreReallyChecked(t *testing.T) {
	t.Parallel()
	doc := document(t)
	schema := doc.Components.Schemas["Problem"].Value
	for _, wrong := range []string{`{}`, `{"type":"x","title":"","status":1,"detail":"","code":"nope","request_id":"","error":""}`} {
		var value any
		if err := json.Unmarshal([]byte(wrong), &value); err != nil {
			t.Fatal(err)
		}
		if doc.ValidateSchemaJSON(schema, value) == nil {
			t.Errorf("%s passes for a problem", wrong)
		}
	}
}

// TestBodiesAreAsTheDocumentSays holds the frozen bodies of every format against its schema, and wants none to pass for
// another's: the document says that a body is one of them.
func TestBodiesAreAsTheDocumentSays(t *testing.T) {
	t.Parallel()
	doc := document(t)
	schemas := map[string]string{"timekit": "Delivery", "holdfast": "HoldfastDelivery", "reservekit": "ReserveKitDelivery"}
	for _, format := range booking.Formats {
		files, err := filepath.Glob("../internal/payload/testdata/" + string(format) + "/*.json")
		if err != nil || len(files) < 15 {
			t.Fatalf("%d bodies of %s, %v", len(files), format, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var body map[string]any
			if err := json.Unmarshal(text, &body); err != nil {
				t.Fatal(err)
			}
			want := schemas[string(format)]
			switch name, _ := body["type"].(string); {
			case strings.HasPrefix(name, "endpoint."):
				want = "EndpointDelivery"
			case name == booking.ReminderEvent:
				want = "HoldfastDelivery"
			}
			for _, schema := range []string{"Delivery", "HoldfastDelivery", "ReserveKitDelivery", "EndpointDelivery"} {
				err := doc.ValidateSchemaJSON(doc.Components.Schemas[schema].Value, body, openapi3.EnableFormatValidation())
				if (err == nil) != (schema == want) {
					t.Errorf("%s as %s: %v", file, schema, err)
				}
			}
		}
	}
}

// eachContent visits every body of the document: requests, answers, shared answers and webhooks.
func eachContent(doc *openapi3.T, visit func(where string, content openapi3.Content)) {
	items := maps.Clone(doc.Paths.Map())
	maps.Copy(items, doc.Webhooks)
	for path, item := range items {
		for method, op := range item.Operations() {
			if op.RequestBody != nil {
				visit(method+" "+path, op.RequestBody.Value.Content)
			}
			for status, response := range op.Responses.Map() {
				visit(method+" "+path+" "+status, response.Value.Content)
			}
		}
	}
	for name, response := range doc.Components.Responses {
		visit(name, response.Value.Content)
	}
}

var colon = regexp.MustCompile(`:(\w+)`)

// TestDocumentHasTheRoutes compares both ways. HEAD and OPTIONS of links are left out: they do what GET does, less.
func TestDocumentHasTheRoutes(t *testing.T) {
	t.Parallel()
	doc := document(t)
	names := map[edge.Access]string{edge.RequireNothing: "none", edge.RequireAdmin: "admin", edge.RequireApp: "app", edge.RequireServer: "server", edge.RequireClient: "client", edge.RequireResource: "resource", edge.RequireKey: "key"}
	served := map[string]bool{}
	for _, r := range (&Server{DB: new(postgres.DB)}).routes() {
		if r.Method == http.MethodHead || r.Method == http.MethodOptions {
			continue
		}
		path := colon.ReplaceAllString(r.Path, "{$1}")
		served[r.Method+" "+path] = true
		item := doc.Paths.Value(path)
		if item == nil || item.GetOperation(r.Method) == nil {
			t.Errorf("%s %s is not in the document", r.Method, path)
			continue
		}
		op := item.GetOperation(r.Method)
		if got := op.Extensions["x-access"]; got != names[r.Access] {
			t.Errorf("%s %s: x-access is %v, want %s", r.Method, path, got, names[r.Access])
		}
		if open := op.Security != nil && len(*op.Security) == 0; open != (r.Access == edge.RequireNothing) {
			t.Errorf("%s %s: security does not fit the route", r.Method, path)
		}
		if once := op.Parameters.GetByInAndName("header", "Idempotency-Key") != nil; once != r.Idempotent {
			t.Errorf("%s %s: Idempotency-Key does not fit the route", r.Method, path)
		}
		for _, name := range colon.FindAllStringSubmatch(r.Path, -1) {
			if op.Parameters.GetByInAndName("path", name[1]) == nil {
				t.Errorf("%s %s: parameter %s is missing", r.Method, path, name[1])
			}
		}
	}
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			if !served[method+" "+path] {
				t.Errorf("%s %s is in the document and not served", method, path)
			}
		}
	}
}

// TestDocumentHasTheEdge wants told what every route with a key does: it is limited, and shows times by the caller's clock.
func TestDocumentHasTheEdge(t *testing.T) {
	t.Parallel()
	doc := document(t)
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			keyed := op.Extensions["x-access"] != "none"
			page := strings.HasPrefix(path, "/pls/") || strings.HasPrefix(path, "/rts/") // their visitors are counted by address
			if limited := op.Responses.Value("429") != nil; limited != (keyed || page) {
				t.Errorf("%s %s: a 429 does not fit the route", method, path)
			}
			shows := false
			for status, response := range op.Responses.Map() {
				if status >= "400" || !keyed {
					continue
				}
				shows = shows || response.Value.Content["application/json"] != nil
				for _, name := range []string{"RateLimit", "RateLimit-Policy", "X-RateLimit-Limit", "X-RateLimit-Remaining", "Timekit-TestMode"} {
					if op.Extensions["x-access"] != "admin" && response.Value.Headers[name] == nil {
						t.Errorf("%s %s: %s has no %s", method, path, status, name)
					}
				}
			}
			for _, name := range []string{edge.ZoneHeader, edge.OutHeader} {
				if shows && op.Parameters.GetByInAndName("header", name) == nil {
					t.Errorf("%s %s does not tell of %s", method, path, name)
				}
			}
		}
	}
}

// TestDocumentHasTheCodes wants every code told with its status, and an example of each.
func TestDocumentHasTheCodes(t *testing.T) {
	t.Parallel()
	doc := document(t)
	var told []string
	for _, code := range doc.Components.Schemas["Code"].Value.Enum {
		told = append(told, code.(string))
	}
	var born []string
	for _, code := range booking.Codes {
		born = append(born, string(code))
	}
	slices.Sort(told)
	slices.Sort(born)
	if !slices.Equal(told, born) {
		t.Errorf("codes in the document\n%v\nin internal/booking/errors.go\n%v", told, born)
	}
	for _, code := range born {
		status := edge.Statuses[booking.Code(code)]
		name := strings.ReplaceAll(http.StatusText(status), " ", "")
		response := doc.Components.Responses[name]
		if response == nil {
			t.Errorf("code %s has status %d, and there is no response %s", code, status, name)
			continue
		}
		if !strings.Contains(*response.Value.Description, "`"+code+"`") || response.Value.Content["application/problem+json"].Examples[code] == nil {
			t.Errorf("response %s does not tell of %s with an example", name, code)
		}
		want := "`" + code + "` (" + strconv.Itoa(status) + ")"
		if !strings.Contains(doc.Components.Schemas["Code"].Value.Description, want) {
			t.Errorf("the description of the codes lacks %s", want)
		}
	}
}

// TestIncludesShowWhatTheySay compares what can be included with what a booking shows beyond its bare form.
func TestIncludesShowWhatTheySay(t *testing.T) {
	t.Parallel()
	doc := document(t)
	included := doc.Components.Parameters["Include"].Value.Schema.Value.Items.Value.Enum
	shown := doc.Components.Schemas["Booking"].Value
	if want := len(shown.Properties) - len(shown.Required); len(included) != want {
		t.Errorf("include has %d names, a booking has %d parts", len(included), want)
	}
	for _, name := range included {
		if shown.Properties[name.(string)] == nil {
			t.Errorf("include=%s shows nothing", name)
		}
	}
}
