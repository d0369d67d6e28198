package app

import (
	"maps"
	"time"

	"go.temporal.io/sdk/client"

	"holdfast/internal/metrics"
)

// sdkMetrics hands the metrics of Temporal's SDK to ours, under their own names. It is safe for concurrent use.
type sdkMetrics struct {
	to     *metrics.Metrics
	labels map[string]string
}

// WithTags returns a handler whose metrics bear these labels too.
func (h sdkMetrics) WithTags(tags map[string]string) client.MetricsHandler {
	labels := maps.Clone(h.labels)
	if labels == nil {
		labels = map[string]string{}
	}
	maps.Copy(labels, tags)
	return sdkMetrics{h.to, labels}
}

// Counter returns the counter of a name, with the handler's labels.
func (h sdkMetrics) Counter(name string) client.MetricsCounter {
	return h.to.SDKCounter(name, h.labels)
}

// Gauge returns the gauge of a name, with the handler's labels.
func (h sdkMetrics) Gauge(name string) client.MetricsGauge { return h.to.SDKGauge(name, h.labels) }

// Timer returns the histogram of a name, with the handler's labels.
func (h sdkMetrics) Timer(name string) client.MetricsTimer {
	return sdkTimer{h.to.SDKTimer(name, h.labels)}
}

type sdkTimer struct {
	to interface{ Observe(seconds float64) }
}

// Record notes a duration.
func (t sdkTimer) Record(d time.Duration) { t.to.Observe(d.Seconds()) }
