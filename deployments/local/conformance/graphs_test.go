package conformance

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"holdfast/graphs"
	"holdfast/graphs/definition"
	"holdfast/graphs/graphtest"
)

// formatSchema compiles the schema of the graph format.
func formatSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(definition.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("graph.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("graph.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// accepts returns why the schema refuses a text; nil if it does not.
func accepts(t *testing.T, schema *jsonschema.Schema, text []byte) error {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return schema.Validate(value)
}

// TestGraphsFitTheSchema: the built-in graphs and the worked examples do.
func TestGraphsFitTheSchema(t *testing.T) {
	t.Parallel()
	schema := formatSchema(t)
	for _, g := range graphs.Published() {
		text, err := json.Marshal(g)
		if err != nil {
			t.Fatal(err)
		}
		if err := accepts(t, schema, text); err != nil {
			t.Errorf("%s: %v", g.Ref(), err)
		}
	}
	for _, example := range definition.Examples() {
		if err := accepts(t, schema, example.Text); err != nil {
			t.Errorf("%s: %v", example.Name, err)
		}
	}
}

// TestTheSchemaRefuses: what a schema can say of a graph, it says as the format does.
func TestTheSchemaRefuses(t *testing.T) {
	t.Parallel()
	schema := formatSchema(t)
	text, err := json.Marshal(graphtest.Sample())
	if err != nil {
		t.Fatal(err)
	}
	const action = `"on_conflict":"refuse"`
	for _, c := range []struct{ old, text string }{
		{`"name":"sample"`, `"name":"Sample"`}, {`"initial":`, `"first":`}, {`"version":1`, `"version":-1`}, {`"holds":"slot"`, `"holds":"room"`},
		{`"by":["api"]`, `"by":[]`}, {`"by":["api"]`, `"by":["boss"]`}, {`"by":["api"]`, `"by":["api","api"]`}, {`"name":"done"`, `"name":"previous"`},
		{`"after":"PT5M"`, `"after":"5 minutes"`}, {`"after":"PT5M"`, `"after":"P"`}, {`"after":"PT5M"`, `"after":"PT"`}, {`"after":"PT5M"`, `"after":"P1M"`},
		{`"from":"end"`, `"from":"birth"`}, {`"after":"PT5M","from":"entered",`, ``}, {`"after":"PT5M"`, `"after":"PT5M","any":[{"from":"end"}]`},
		{`"percent":50`, `"percent":100`}, {action, action + `,"until":[{"from":"end","after":"PT1S","before":"PT1S"}]`},
		{action, action + `,"when":[{}]`}, {action, action + `,"when":[{"has_payment":true,"before_start":"PT1H"}]`},
		{action, action + `,"when":[{"full_moon":true}]`}, {action, action + `,"when":[{"has_payment":"yes"}]`},
		{action, action + `,"when":[{"seats_left":{"at_least":0}}]`}, {action, action + `,"when":[{"count_of":{"action":"hold"}}]`},
		{action, action + `,"when":[{"meta_equals":{"key":"x","value":null}}]`}, {action, action + `,"when":[{"meta_equals":{"key":"","value":1}}]`},
		{action, action + `,"effects":[{"kind":"fly","endpoint":"crm"}]`}, {action, action + `,"effects":[{"kind":"call"}]`},
		{action, action + `,"effects":[{"kind":"call","endpoint":"crm","of":"due"}]`}, {action, action + `,"effects":[{"kind":"end_payment","of":"due"}]`},
		{action, action + `,"effects":[{"kind":"refund_payment","share":"half"}]`}, {action, action + `,"effects":[{"kind":"refund_payment","of":"due"}]`},
		{action, action + `,"effects":[{"kind":"refund_payment","else":"lapse"}]`}, {action, action + `,"effects":[{"kind":"end_payment","timeout":"PT10S"}]`},
		{action, action + `,"effects":[{"kind":"refund_payment","endpoint":"crm"}]`},
	} {
		spoiled := strings.Replace(string(text), c.old, c.text, 1)
		if spoiled == string(text) {
			t.Errorf("the sample has no %s", c.old)
		}
		if err := accepts(t, schema, []byte(spoiled)); err == nil {
			t.Errorf("the schema accepts %s", c.text)
		}
		if _, faults := definition.Parse([]byte(spoiled)); faults == nil {
			t.Errorf("the format accepts %s", c.text)
		}
	}
	if err := accepts(t, schema, text); err != nil {
		t.Errorf("the sample: %v", err)
	}
}
