package activities

import (
	"context"
	"sync"
	"testing"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/testsuite"

	"holdfast/internal/outbox"
)

// listenFor returns a test environment for activities, and calls heard at the first heartbeat in it.
func listenFor(heard func()) *testsuite.TestActivityEnvironment {
	env := (&testsuite.WorkflowTestSuite{}).NewTestActivityEnvironment()
	env.SetTestTimeout(time.Minute)
	var once sync.Once
	env.SetOnActivityHeartbeatListener(func(*activity.Info, converter.EncodedValues) { once.Do(heard) })
	return env
}

// slowSweep is metrics that keep a sweep waiting after each part, until it is heard of.
type slowSweep struct {
	*sweptParts
	heard, ended <-chan struct{}
}

func (m slowSweep) Swept(part string, rows int, err error) {
	select {
	case <-m.heard:
	case <-m.ended:
	}
	m.sweptParts.Swept(part, rows, err)
}

// TestASweepSendsHeartbeats while a part of it takes long. This one's parts end with the first heartbeat.
func TestASweepSendsHeartbeats(t *testing.T) {
	t.Parallel()
	a, parts, _ := sweeping(t)
	a.beat = time.Millisecond
	patience, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	heard := make(chan struct{})
	a.Metrics = slowSweep{parts, heard, patience.Done()}
	env := listenFor(func() { close(heard) })
	env.RegisterActivity(a.Sweep)
	_, err := env.ExecuteActivity(a.Sweep)
	check(t, err)
	if patience.Err() != nil {
		t.Error("no heartbeat")
	}
}

// TestADrainSendsHeartbeats while a receiver takes its time. This one answers at the first.
func TestADrainSendsHeartbeats(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, true, ok)
	f := setup(t, r.URL, nil)
	f.beat = time.Millisecond
	f.waits(1)
	env := listenFor(func() { close(r.proceed) })
	env.RegisterActivity(f.Drain)
	_, err := env.ExecuteActivity(f.Drain, outbox.DrainInput{EndpointID: f.endpoint.ID})
	check(t, err)
	select {
	case <-r.proceed:
	default:
		close(r.proceed)
		t.Error("no heartbeat")
	}
	f.wantRows(1, delivered)
}
