package metrics

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func (m *Metrics) text(t *testing.T) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != 200 {
		t.Fatalf("%d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func wantLines(t *testing.T, text string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("no line %s in\n%s", line, text)
		}
	}
}

// TestSDKMetrics: one name may come with several sets of labels, and the same labels count together.
func TestSDKMetrics(t *testing.T) {
	t.Parallel()
	m := New()
	for range 2 {
		m.SDKCounter("temporal_request", map[string]string{"operation": "Start", "namespace": "ns"}).Inc(2)
	}
	m.SDKCounter("temporal_request", map[string]string{"namespace": "ns"}).Inc(1)
	m.SDKCounter("temporal_request", nil).Inc(-5)
	m.SDKGauge("temporal_slots", map[string]string{"worker_type": "a\"b"}).Update(7.5)
	m.SDKTimer("temporal_latency", map[string]string{"operation": "Start"}).Observe(0.2)
	wantLines(t, m.text(t), `temporal_request{namespace="ns",operation="Start"} 4`, `temporal_request{namespace="ns"} 1`, `temporal_request 0`,
		`temporal_slots{worker_type="a\"b"} 7.5`, `temporal_latency_bucket{operation="Start",le="0.25"} 1`, `temporal_latency_bucket{operation="Start",le="0.1"} 0`)
}

func TestRecordMetrics(t *testing.T) {
	t.Parallel()
	m := New()
	m.WatchPool(func() Pool {
		return Pool{Max: 20, Acquired: 3, Idle: 2, Acquires: 9, Waits: 1, Waited: 1500 * time.Millisecond}
	})
	m.Listening(true)
	m.SetBacklog(Backlog{PendingAction: 90 * time.Second, DueEffect: time.Minute, DueDeliveries: 4, PastRetention: map[string]time.Duration{"events": time.Hour}}, nil)
	m.Swept("actions", 3, nil)
	m.Swept("events", 2, errTest)
	m.Dropped("too_many", 3)
	m.Effect("call", "again")
	m.Effect("call", "done")
	m.Effect("of a later release", "again")
	m.SetBacklog(Backlog{}, errTest)
	wantLines(t, m.text(t), "holdfast_database_connections_max 20", "holdfast_database_connections_acquired 3", "holdfast_database_waits_total 1",
		"holdfast_database_acquire_seconds_total 1.5", "holdfast_outcomes_listening 1", `holdfast_oldest_waiting_seconds{kind="pending_action"} 90`,
		`holdfast_oldest_waiting_seconds{kind="due_effect"} 60`, `holdfast_effect_attempts_total{kind="call",outcome="again"} 1`,
		`holdfast_effect_attempts_total{kind="call",outcome="done"} 1`, `holdfast_effect_attempts_total{kind="unknown",outcome="again"} 1`,
		"holdfast_due_deliveries 4", `holdfast_past_retention_seconds{kind="events"} 3600`, `holdfast_sweep_rows_total{part="actions"} 3`,
		`holdfast_sweep_errors_total{part="actions"} 0`, `holdfast_sweep_errors_total{part="events"} 1`, "holdfast_backlog_errors_total 1",
		`holdfast_webhook_dropped_total{reason="too_many"} 3`, `holdfast_webhook_dropped_total{reason="too_old"} 0`)
	m.Listening(false)
	wantLines(t, m.text(t), "holdfast_outcomes_listening 0")
}

var errTest = errors.New("test")
