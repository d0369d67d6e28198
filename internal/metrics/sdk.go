package metrics

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	sdkHelp = "Of Temporal's SDK, see its documentation."
	// sdkMost is how many series are kept at most. The SDK makes far fewer: its labels are names of ours.
	sdkMost = 5000
)

// sdkBuckets are seconds.
var sdkBuckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}

// sdkSeries are the metrics of Temporal's SDK, which makes up names and labels as it goes, also different sets of labels
// for one name. It is a collector without descriptions, which Prometheus checks at each scrape instead.
type sdkSeries struct {
	mu     sync.Mutex
	series map[string]prometheus.Metric
}

// Describe implements prometheus.Collector.
func (s *sdkSeries) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (s *sdkSeries) Collect(out chan<- prometheus.Metric) {
	s.mu.Lock()
	all := slices.Collect(maps.Values(s.series))
	s.mu.Unlock()
	for _, one := range all {
		out <- one
	}
}

// find returns the series of a name and its labels, made by build when it is new.
func find[M prometheus.Metric](s *sdkSeries, name string, labels map[string]string, build func() M) M {
	key := strings.Builder{}
	key.WriteString(name)
	for _, label := range slices.Sorted(maps.Keys(labels)) {
		key.WriteString("\x00" + label + "\x00" + labels[label])
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if known, ok := s.series[key.String()].(M); ok {
		return known
	}
	made := build()
	if len(s.series) < sdkMost {
		s.series[key.String()] = made
	}
	return made
}

// Counter is what the SDK counts with.
type Counter struct{ to prometheus.Counter }

// Inc adds to the counter.
func (c Counter) Inc(n int64) { c.to.Add(float64(max(n, 0))) }

// Gauge is a value of the SDK.
type Gauge struct{ to prometheus.Gauge }

// Update sets the gauge.
func (g Gauge) Update(value float64) { g.to.Set(value) }

// SDKCounter returns a counter of Temporal's SDK.
func (m *Metrics) SDKCounter(name string, labels map[string]string) Counter {
	return Counter{find(m.sdk, name, labels, func() prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: sdkHelp, ConstLabels: maps.Clone(labels)})
	})}
}

// SDKGauge returns a gauge of Temporal's SDK.
func (m *Metrics) SDKGauge(name string, labels map[string]string) Gauge {
	return Gauge{find(m.sdk, name, labels, func() prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: sdkHelp, ConstLabels: maps.Clone(labels)})
	})}
}

// SDKTimer returns a histogram of seconds of Temporal's SDK.
func (m *Metrics) SDKTimer(name string, labels map[string]string) prometheus.Histogram {
	return find(m.sdk, name, labels, func() prometheus.Histogram {
		return prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: sdkHelp, Buckets: sdkBuckets, ConstLabels: maps.Clone(labels)})
	})
}
