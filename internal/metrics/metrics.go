// Package metrics counts what the service does, for Prometheus.
package metrics

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"holdfast/graphs"
)

// Metrics are the counters of one process.
type Metrics struct {
	registry    *prometheus.Registry
	requests    *prometheus.HistogramVec
	transitions *prometheus.CounterVec
	attempts    *prometheus.HistogramVec
	effects     *prometheus.CounterVec
	mails       *prometheus.CounterVec
	swept       *prometheus.CounterVec
	sweepErrors *prometheus.CounterVec
	dropped     *prometheus.CounterVec
	record      recordMetrics
	sdk         *sdkSeries
}

// New makes a set of metrics with a registry of its own.
func New() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(), record: newRecordMetrics(), sdk: &sdkSeries{series: map[string]prometheus.Metric{}},
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "holdfast_http_request_seconds", Help: "Requests by method, route and status.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"method", "route", "status"}),
		transitions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "holdfast_transitions_total", Help: "Applied transitions by action and state reached.",
		}, []string{"action", "state"}),
		mails: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "holdfast_mail_attempts_total", Help: "Attempts to send a mail, by verdict.",
		}, []string{"verdict"}),
		attempts: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "holdfast_webhook_attempt_seconds", Help: "Webhook attempts by verdict.",
			Buckets: []float64{.005, .025, .1, .5, 1, 2.5, 5, 10, 20},
		}, []string{"verdict"}),
		effects: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "holdfast_effect_attempts_total", Help: "Attempts of effects by kind and outcome: done, again (it is tried again) or failed.",
		}, []string{"kind", "outcome"}),
		swept: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "holdfast_sweep_rows_total", Help: "Rows that the sweep set going, or deleted because they were past their retention, by part.",
		}, []string{"part"}),
		sweepErrors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "holdfast_sweep_errors_total", Help: "Parts of sweeps that failed, by part.",
		}, []string{"part"}),
		dropped: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "holdfast_webhook_dropped_total",
			Help: "Deliveries that were dropped while their webhook was paused: too_old (HOLDFAST_PAUSED_RETENTION) or too_many (…_BACKLOG).",
		}, []string{"reason"}),
	}
	m.registry.MustRegister(m.requests, m.transitions, m.attempts, m.effects, m.mails, m.swept, m.sweepErrors, m.dropped, m.sdk,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.registry.MustRegister(m.record.all()...)
	m.Dropped("too_old", 0) // an alert on the increase needs the counters from the start
	m.Dropped("too_many", 0)
	return m
}

// Request notes one answered HTTP request; route is the template, "" for none.
func (m *Metrics) Request(method, route string, status int, took time.Duration) {
	m.requests.WithLabelValues(known(method), route, strconv.Itoa(status)).Observe(took.Seconds())
}

// Transition notes one applied move.
func (m *Metrics) Transition(action, state string) {
	m.transitions.WithLabelValues(action, state).Inc()
}

// Mail notes one attempt to send a mail, by its verdict.
func (m *Metrics) Mail(verdict string) { m.mails.WithLabelValues(verdict).Inc() }

// Attempt notes one webhook attempt.
func (m *Metrics) Attempt(verdict string, took time.Duration) {
	m.attempts.WithLabelValues(verdict).Observe(took.Seconds())
}

// Effect notes one attempt of an effect, by its outcome: done, again or failed. kind is one of graphs.EffectKinds; any other is counted
// as unknown.
func (m *Metrics) Effect(kind, outcome string) {
	if !slices.Contains(graphs.EffectKinds(), kind) {
		kind = "unknown"
	}
	m.effects.WithLabelValues(kind, outcome).Inc()
}

// Swept notes what one part of a sweep has done: rows it handled, and its error, nil for none.
func (m *Metrics) Swept(part string, rows int, err error) {
	m.swept.WithLabelValues(part).Add(float64(rows))
	failed := m.sweepErrors.WithLabelValues(part) // also without an error: the counter is there from the first sweep on
	if err != nil {
		failed.Inc()
	}
}

// Dropped notes deliveries that were dropped while their endpoint was paused: too_old or too_many.
func (m *Metrics) Dropped(reason string, count int) {
	m.dropped.WithLabelValues(reason).Add(float64(count))
}

// AddGauge adds a gauge that calls value whenever the metrics are read. A second gauge of the same name is not added.
func (m *Metrics) AddGauge(name, help string, value func() float64) {
	_ = m.registry.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
}

// Handler serves the metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// known keeps callers from making up label values.
func known(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}
