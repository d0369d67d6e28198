package temporal

import (
	"time"

	"go.temporal.io/server/chasm/lib/activity"
	"go.temporal.io/server/common/dynamicconfig"
)

// settings tune the server for one process with few cores. Its defaults are for clusters.
var settings = dynamicconfig.StaticClient{
	// A shard reads its queues at most 20 times per second by default. A workflow needs about four reads, so that five
	// workflows per second would fill a shard, and each waits for its turn.
	dynamicconfig.TransferProcessorMaxPollRPS.Key(): 1000,
	dynamicconfig.TimerProcessorMaxPollRPS.Key():    1000,

	// By default no timer and no retry is shorter than one second, a margin for clocks that differ between machines.
	dynamicconfig.TimerProcessorMaxTimeShift.Key(): time.Millisecond,

	// Partitions spread a task queue over machines; on one machine they only make tasks look for their worker.
	dynamicconfig.MatchingNumTaskqueueReadPartitions.Key():  1,
	dynamicconfig.MatchingNumTaskqueueWritePartitions.Key(): 1,

	// Without it a small tenant waits behind everything that a big one has queued, fairness keys or not.
	dynamicconfig.MatchingEnableFairness.Key(): true,

	// Pause and resume of standalone activities.
	activity.EnableStandaloneActivityOperatorCommands.Key(): true,

	// The services learn of a change to a namespace, such as a new search attribute, when they look next: after two
	// seconds by default, in which a workflow that uses the attribute cannot be started.
	dynamicconfig.NamespaceCacheRefreshInterval.Key(): 250 * time.Millisecond,

	// Short retentions are for tests of what happens when Temporal has forgotten a workflow.
	dynamicconfig.NamespaceMinRetentionLocal.Key():   time.Second,
	dynamicconfig.RetentionTimerJitterDuration.Key(): time.Second,

	// Nothing on this machine asks the internet for anything.
	dynamicconfig.EnableServerVersionCheck.Key(): false,
}
