package conformance

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"holdfast/internal/outbox"
)

// document loads the OpenAPI document that the API embeds.
func document(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("../../../api/openapi.json")
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
	schemas := map[outbox.Format]string{
		outbox.FormatTimekit: "Delivery", outbox.FormatHoldfast: "HoldfastDelivery", outbox.FormatReserveKit: "ReserveKitDelivery",
		outbox.FormatCronofy: "CronofyNotification",
	}
	all := append(slices.Collect(maps.Values(schemas)), "EndpointDelivery", "PaymentDelivery", "MailerDelivery")
	for _, format := range outbox.Formats {
		if schemas[format] == "" {
			t.Errorf("no schema is named for %s", format)
		}
		files, err := filepath.Glob("../../../internal/payload/testdata/" + string(format) + "/*.json")
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
			want := schemas[format]
			switch name, _ := body["type"].(string); {
			case strings.HasPrefix(name, "endpoint."):
				want = "EndpointDelivery"
			case name == outbox.MailFailingEvent:
				want = "MailerDelivery"
			case strings.HasSuffix(file, "payment_of_erased.json"):
				want = "PaymentDelivery"
			case name == outbox.ReminderEvent, name == outbox.MailBouncedEvent, strings.HasPrefix(name, "payment."), strings.HasPrefix(name, "refund."):
				want = "HoldfastDelivery"
			}
			for _, schema := range all {
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
