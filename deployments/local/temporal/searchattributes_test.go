package temporal

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
)

// What an operator sees of bookings are search attributes, which the product adds through the operator service. The
// tables of the list have a fixed number of columns per type for them.
func TestSearchAttributes(t *testing.T) {
	t.Parallel()
	store := startPostgres(t, t.TempDir())
	server, c := setup(t, Options{PostgresURL: store.URL, Log: slog.New(slog.DiscardHandler)}) // it warns of repetitions

	room := map[enums.IndexedValueType]int{
		enums.INDEXED_VALUE_TYPE_KEYWORD:  10,
		enums.INDEXED_VALUE_TYPE_DATETIME: 3,
		enums.INDEXED_VALUE_TYPE_INT:      3,
	}
	for kind, columns := range room {
		for i := range columns {
			if err := add(t.Context(), c, server, fmt.Sprintf("Some%s%d", kind, i), kind); err != nil {
				t.Fatalf("%s, number %d: %v", kind, i+1, err)
			}
		}
		if err := add(t.Context(), c, server, "TooMany"+kind.String(), kind); err == nil {
			t.Errorf("%s: there is room for more than %d", kind, columns)
		}
	}
	if err := add(t.Context(), c, server, "SomeInt0", enums.INDEXED_VALUE_TYPE_INT); err != nil {
		t.Errorf("added again: %v", err)
	}

	ends := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	options := client.StartWorkflowOptions{ID: "found", TaskQueue: taskQueue, TypedSearchAttributes: temporal.NewSearchAttributes(
		temporal.NewSearchAttributeKeyKeyword("SomeKeyword0").ValueSet("confirmed"),
		temporal.NewSearchAttributeKeyTime("SomeDatetime2").ValueSet(ends),
		temporal.NewSearchAttributeKeyInt64("SomeInt1").ValueSet(7),
	)}
	err := eventually(t.Context(), func() error { // a new attribute works soon, see settings
		_, err := c.ExecuteWorkflow(t.Context(), options, greet)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	find(t, c, `SomeKeyword0 = 'confirmed' AND SomeDatetime2 < '2030-01-03T00:00:00Z' AND SomeInt1 > 6`, "found")
}

func add(ctx context.Context, c client.Client, s *Server, name string, kind enums.IndexedValueType) error {
	_, err := c.OperatorService().AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{
		Namespace:        s.Namespace(),
		SearchAttributes: map[string]enums.IndexedValueType{name: kind},
	})
	return err
}

// find waits until the list, which follows the executions, has exactly the workflow.
func find(t testing.TB, c client.Client, query, id string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	err := eventually(ctx, func() error {
		found, err := c.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{Query: query})
		if err != nil {
			return err
		}
		if n := len(found.Executions); n != 1 || found.Executions[0].Execution.WorkflowId != id {
			return fmt.Errorf("found %d", n)
		}
		return nil
	})
	if err != nil {
		t.Errorf("%s: %v", query, err)
	}
}
