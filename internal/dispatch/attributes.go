package dispatch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"holdfast/workflows"
)

// The modes of search attributes.
const (
	AttributesAuto = "auto" // used when the server has them, or lets us register them
	AttributesOn   = "on"   // used without a look: the operator has registered them
	AttributesOff  = "off"  // not used
)

// PrepareAttributes decides whether bookings are indexed by our search attributes. In mode auto it asks the server with a
// query first, since a server may let us use attributes but neither list nor register them (Temporal Cloud); if they are
// unknown, it registers them. A server that refuses leaves bookings unindexed, which is no error. An error means that the
// server cannot be reached: try again.
func (d *Dispatcher) PrepareAttributes(ctx context.Context, mode, namespace string, log *slog.Logger) error {
	if mode == AttributesOn || mode == AttributesOff {
		d.indexed.Store(mode == AttributesOn)
		return nil
	}
	err := probe(ctx, d.Client)
	if unreachable(err) {
		return err
	}
	if err != nil {
		err = register(ctx, d.Client, namespace)
	}
	if unreachable(err) {
		return err
	}
	if err != nil {
		log.Warn("search attributes could not be registered; the Temporal UI shows bookings without them", "error", err)
	}
	d.indexed.Store(err == nil)
	return nil
}

// probe queries bookings by all of our attributes. The answer does not matter: a server that has not got one, or has it
// under another type, refuses the query.
func probe(ctx context.Context, c client.Client) error {
	query := fmt.Sprintf("%s = 'none' AND %s = 'none' AND %s = 'none' AND %s < '2000-01-01T00:00:00Z'",
		workflows.AppAttribute.GetName(), workflows.GraphAttribute.GetName(), workflows.StateAttribute.GetName(),
		workflows.StartAttribute.GetName())
	_, err := c.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Query: query})
	return err
}

func register(ctx context.Context, c client.Client, namespace string) error {
	_, err := c.OperatorService().AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{
		Namespace: namespace, SearchAttributes: map[string]enums.IndexedValueType{
			workflows.AppAttribute.GetName():   workflows.AppAttribute.GetValueType(),
			workflows.GraphAttribute.GetName(): workflows.GraphAttribute.GetValueType(),
			workflows.StateAttribute.GetName(): workflows.StateAttribute.GetValueType(),
			workflows.StartAttribute.GetName(): workflows.StartAttribute.GetValueType(),
		},
	})
	if _, exists := errors.AsType[*serviceerror.AlreadyExists](err); err != nil && !exists {
		return err
	}
	return waitForAttributes(ctx, c)
}

// waitForAttributes waits until search attributes that were just registered can be used. The server's services load them one by one.
func waitForAttributes(ctx context.Context, c client.Client) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for {
		err := probe(ctx, c)
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

// unreachable is true of errors that say nothing about what was asked: the server is away, or took too long.
func unreachable(err error) bool {
	_, away := errors.AsType[*serviceerror.Unavailable](err)
	_, late := errors.AsType[*serviceerror.DeadlineExceeded](err)
	_, ended := errors.AsType[*serviceerror.Canceled](err)
	return away || late || ended || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}
