package workflows_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"holdfast/internal/booking"
	"holdfast/workflows"
)

const histories = "testdata/histories"

// TestOldHistoriesReplay runs today's code over bookings that were recorded on a real server. A deploy that fails here
// would stop bookings in flight. Recorded histories are never made anew to please a change: put the change behind
// workflow.GetVersion.
func TestOldHistoriesReplay(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(histories, "*.json"))
	if err != nil || len(files) < 15 {
		t.Fatalf("%d recorded histories, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			replayer := newReplayer(t)
			replayer.RegisterWorkflow(workflows.Booking)
			replayer.RegisterWorkflow(workflows.Endpoint)
			replayer.RegisterWorkflow(workflows.Effects)
			replayer.RegisterWorkflow(workflows.Clock)
			replayer.RegisterWorkflow(workflows.Payment)
			logger := log.NewStructuredLogger(slog.New(slog.DiscardHandler))
			if err := replayer.ReplayWorkflowHistoryFromJSONFile(logger, file); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestReplayNoticesAChange makes sure that the test above can fail: a workflow that does something else is refused.
func TestReplayNoticesAChange(t *testing.T) {
	t.Parallel()
	replayer := newReplayer(t)
	replayer.RegisterWorkflowWithOptions(func(ctx workflow.Context, _ booking.WorkflowInput) error {
		return workflow.Sleep(ctx, 1)
	}, workflow.RegisterOptions{Name: "Booking"})
	file := filepath.Join(histories, "instant-cancelled.json")
	if _, err := os.Stat(file); err != nil {
		t.Fatal(err)
	}
	if err := replayer.ReplayWorkflowHistoryFromJSONFile(log.NewStructuredLogger(slog.New(slog.DiscardHandler)), file); err == nil {
		t.Error("another workflow was replayed without a complaint")
	}
}

// newReplayer makes a replayer without the detector of deadlocks, which gives a workflow task one second: a machine may be slow.
func newReplayer(t *testing.T) worker.WorkflowReplayer {
	t.Helper()
	replayer, err := worker.NewWorkflowReplayerWithOptions(worker.WorkflowReplayerOptions{DisableDeadlockDetection: true})
	if err != nil {
		t.Fatal(err)
	}
	return replayer
}
