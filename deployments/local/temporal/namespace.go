package temporal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/namespace/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	servercommon "go.temporal.io/server/common"
	"google.golang.org/protobuf/types/known/durationpb"
)

const defaultRetention = 3 * 24 * time.Hour

// prepareNamespace makes the namespace with its retention, and waits until every shard serves it.
func (s *Server) prepareNamespace(ctx context.Context, retention time.Duration, shards int32) error {
	c, err := client.NewLazyClient(client.Options{HostPort: s.address, Namespace: s.namespace, Logger: quietSDK{}})
	if err != nil {
		return err
	}
	defer c.Close()
	service := c.WorkflowService()

	var id string
	err = eventually(ctx, func() error {
		id, err = s.ensureNamespace(ctx, service, retention)
		return err
	})
	if err != nil {
		return err
	}
	for _, workflowID := range oneOfEachShard(id, shards) {
		if err := eventually(ctx, func() error { return s.probe(ctx, service, workflowID) }); err != nil {
			return err
		}
	}
	return nil
}

var errJustMade = errors.New("made, but not seen yet")

// ensureNamespace returns the id of the namespace when it is there and as it should be.
func (s *Server) ensureNamespace(
	ctx context.Context, service workflowservice.WorkflowServiceClient, retention time.Duration,
) (string, error) {
	found, err := service.DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: s.namespace})
	if _, missing := errors.AsType[*serviceerror.NamespaceNotFound](err); missing {
		_, err := service.RegisterNamespace(ctx, &workflowservice.RegisterNamespaceRequest{
			Namespace:                        s.namespace,
			WorkflowExecutionRetentionPeriod: durationpb.New(cmp.Or(retention, defaultRetention)),
		})
		return "", cmp.Or(refusal(err), errJustMade)
	}
	if err != nil {
		return "", err
	}
	kept := found.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration()
	if retention != 0 && retention != kept {
		_, err = service.UpdateNamespace(ctx, &workflowservice.UpdateNamespaceRequest{
			Namespace: s.namespace,
			Config:    &namespace.NamespaceConfig{WorkflowExecutionRetentionTtl: durationpb.New(retention)},
		})
	}
	return found.GetNamespaceInfo().GetId(), refusal(err)
}

// refusal distinguishes a wrong request from one that came too early.
func refusal(err error) error {
	if _, wrong := errors.AsType[*serviceerror.InvalidArgument](err); wrong {
		return final{err}
	}
	return err
}

// oneOfEachShard makes up workflow ids, one for each shard. A shard starts to work on its own, later than the service.
func oneOfEachShard(namespaceID string, shards int32) []string {
	var ids []string
	seen := map[int32]bool{}
	for i := 0; len(ids) < int(shards); i++ {
		id := fmt.Sprint("holdfast-ready-", i)
		shard := servercommon.WorkflowIDToHistoryShard(namespaceID, id, shards)
		if !seen[shard] {
			seen[shard] = true
			ids = append(ids, id)
		}
	}
	return ids
}

// probe asks for a workflow that is not there. The answer comes from the shard that would start it.
func (s *Server) probe(ctx context.Context, service workflowservice.WorkflowServiceClient, workflowID string) error {
	_, err := service.DescribeWorkflowExecution(ctx, &workflowservice.DescribeWorkflowExecutionRequest{
		Namespace: s.namespace,
		Execution: &common.WorkflowExecution{WorkflowId: workflowID},
	})
	if _, missing := errors.AsType[*serviceerror.NotFound](err); missing {
		return nil
	}
	return err
}

// quietSDK is for a client whose errors all come back as errors.
type quietSDK struct{}

func (quietSDK) Debug(string, ...any) {}
func (quietSDK) Info(string, ...any)  {}
func (quietSDK) Warn(string, ...any)  {}
func (quietSDK) Error(string, ...any) {}
