package dispatch

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc"
)

// server answers questions about search attributes and the namespace as one kind of Temporal does.
type server struct {
	client.Client // what is not written here must not be called

	counts   []error // one after the other; the last one stays
	add      error
	describe error

	queries []string
	added   int
}

func (s *server) CountWorkflow(_ context.Context, r *workflowservice.CountWorkflowExecutionsRequest) (*workflowservice.CountWorkflowExecutionsResponse, error) {
	s.queries = append(s.queries, r.GetQuery())
	err := s.counts[0]
	if len(s.counts) > 1 {
		s.counts = s.counts[1:]
	}
	return nil, err
}

type operator struct {
	operatorservice.OperatorServiceClient
	*server
}

type namespaces struct {
	workflowservice.WorkflowServiceClient
	*server
}

func (s *server) OperatorService() operatorservice.OperatorServiceClient { return operator{server: s} }
func (s *server) WorkflowService() workflowservice.WorkflowServiceClient {
	return namespaces{server: s}
}

func (s operator) AddSearchAttributes(
	context.Context, *operatorservice.AddSearchAttributesRequest, ...grpc.CallOption,
) (*operatorservice.AddSearchAttributesResponse, error) {
	s.server.added++
	return nil, s.server.add
}

func (s namespaces) DescribeNamespace(
	context.Context, *workflowservice.DescribeNamespaceRequest, ...grpc.CallOption,
) (*workflowservice.DescribeNamespaceResponse, error) {
	return nil, s.server.describe
}

func TestAttributes(t *testing.T) {
	t.Parallel()
	unknown := serviceerror.NewInvalidArgument("invalid search attribute: HoldfastApp")
	refused := serviceerror.NewPermissionDenied("no", "")
	away := serviceerror.NewUnavailable("away")
	for _, c := range []struct {
		name    string
		mode    string
		server  server
		indexed bool
		added   int
		fails   bool
	}{
		{"the server knows them, and lets nobody register any", AttributesAuto, server{counts: []error{nil}, add: refused}, true, 0, false},
		{"a new server learns of them, part by part", AttributesAuto, server{counts: []error{unknown, unknown, nil}}, true, 1, false},
		{"another process was quicker", AttributesAuto, server{counts: []error{unknown, nil}, add: serviceerror.NewAlreadyExists("there")}, true, 1, false},
		{"the server refuses them", AttributesAuto, server{counts: []error{unknown}, add: refused}, false, 1, false},
		{"the server may not even be asked", AttributesAuto, server{counts: []error{refused}, add: refused}, false, 1, false},
		{"the server is away", AttributesAuto, server{counts: []error{away}}, false, 0, true},
		{"the server goes away", AttributesAuto, server{counts: []error{unknown}, add: away}, false, 1, true},
		{"on", AttributesOn, server{}, true, 0, false},
		{"off", AttributesOff, server{}, false, 0, false},
	} {
		d := &Dispatcher{Client: &c.server}
		err := d.PrepareAttributes(t.Context(), c.mode, "ns", slog.New(slog.DiscardHandler))
		if d.indexed.Load() != c.indexed || c.server.added != c.added || (err != nil) != c.fails {
			t.Errorf("%s: indexed %v, %d registered, %v", c.name, d.indexed.Load(), c.server.added, err)
		}
		for _, query := range c.server.queries {
			for _, name := range []string{"HoldfastApp", "HoldfastGraph", "HoldfastState", "HoldfastStart"} {
				if !strings.Contains(query, name) {
					t.Errorf("%s: the probe leaves out %s: %s", c.name, name, query)
				}
			}
		}
	}
}

func TestNamespace(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		describe error
		unknown  bool
		fails    bool
	}{
		{"there", nil, false, false},
		{"unknown", serviceerror.NewNamespaceNotFound("prodd"), true, true},
		{"not to be looked at", serviceerror.NewPermissionDenied("no", ""), false, false},
		{"away", serviceerror.NewUnavailable("away"), false, true},
		{"late", context.DeadlineExceeded, false, true},
	} {
		err := (&Dispatcher{Client: &server{describe: c.describe}}).CheckNamespace(t.Context(), "prodd", "temporal:7233")
		_, unknown := errors.AsType[*UnknownNamespaceError](err)
		if unknown != c.unknown || (err != nil) != c.fails {
			t.Errorf("%s: %v", c.name, err)
		}
		if unknown && (!strings.Contains(err.Error(), `no namespace "prodd"`) || !strings.Contains(err.Error(), "HOLDFAST_TEMPORAL_NAMESPACE") ||
			!strings.HasSuffix(err.Error(), "create --namespace prodd")) {
			t.Error(err)
		}
	}
}
