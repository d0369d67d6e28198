package dispatch

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
)

// UnknownNamespaceError says that Temporal answers and does not have the namespace.
type UnknownNamespaceError struct{ Namespace, Address string }

// Error says what to do.
func (e *UnknownNamespaceError) Error() string {
	return fmt.Sprintf("Temporal at %s has no namespace %q: check HOLDFAST_TEMPORAL_NAMESPACE, or make it with: "+
		"temporal operator namespace create --namespace %[2]s", e.Address, e.Namespace)
}

// CheckNamespace returns an *UnknownNamespaceError when Temporal does not have the namespace, and any other error when it
// cannot be reached. A server that does not let us look is taken at its word.
func (d *Dispatcher) CheckNamespace(ctx context.Context, namespace, address string) error {
	_, err := d.Client.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: namespace})
	if _, unknown := errors.AsType[*serviceerror.NamespaceNotFound](err); unknown {
		return &UnknownNamespaceError{namespace, address}
	}
	if unreachable(err) {
		return err
	}
	return nil // Temporal Cloud may refuse to describe a namespace that it lets us use
}
