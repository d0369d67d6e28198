package api

import (
	"testing"

	"holdfast/api/edge"
	"holdfast/internal/fault"
)

// TestSizesOfNumbers: what is bounded is what the record prints: numbers count as they are written out.
func TestSizesOfNumbers(t *testing.T) {
	t.Parallel()
	text := []byte(`{"a":[1e300`)
	for range 300 {
		text = append(text, `,1e300`...)
	}
	text = append(text, `]}`...)
	problems := fault.Problems{}
	edge.CheckObject(text, "object", problems)
	edge.JSONObject(text, "json", problems)
	if len(problems["object"]) != 1 || len(problems["json"]) != 1 {
		t.Errorf("%d bytes that become 90,000: %v", len(text), problems)
	}
}
