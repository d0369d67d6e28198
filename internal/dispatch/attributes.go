package dispatch

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"holdfast/workflows"
)

// RegisterAttributes sees to it that the server knows our search attributes and tells whether it does. A server that
// does not let us (Temporal Cloud wants them made in its console) leaves bookings unindexed, which is no fault.
func RegisterAttributes(ctx context.Context, c client.Client, namespace string, log *slog.Logger) bool {
	wanted := map[string]enums.IndexedValueType{
		workflows.AppAttribute.GetName():   workflows.AppAttribute.GetValueType(),
		workflows.GraphAttribute.GetName(): workflows.GraphAttribute.GetValueType(),
		workflows.StateAttribute.GetName(): workflows.StateAttribute.GetValueType(),
		workflows.StartAttribute.GetName(): workflows.StartAttribute.GetValueType(),
	}
	operator := c.OperatorService()
	known, err := operator.ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if err == nil && missing(wanted, known.GetCustomAttributes()) {
		_, err = operator.AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{
			Namespace: namespace, SearchAttributes: wanted,
		})
		if _, exists := errors.AsType[*serviceerror.AlreadyExists](err); exists {
			err = nil
		}
		if err == nil {
			err = settled(ctx, c)
		}
	}
	if err != nil {
		log.Warn("search attributes could not be registered; the Temporal UI shows bookings without them", "error", err)
	}
	return err == nil
}

// settled waits until new attributes can be used: the server's parts learn of them one by one.
func settled(ctx context.Context, c client.Client) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	query := &workflowservice.CountWorkflowExecutionsRequest{Query: workflows.StateAttribute.GetName() + " = 'none'"}
	for {
		_, err := c.CountWorkflow(ctx, query)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func missing(wanted, known map[string]enums.IndexedValueType) bool {
	for name := range wanted {
		if _, ok := known[name]; !ok {
			return true
		}
	}
	return false
}
