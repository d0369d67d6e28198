// Package metrics counts what the service does, for Prometheus.
package metrics

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are the counters of one process.
type Metrics struct {
	registry    *prometheus.Registry
	requests    *prometheus.HistogramVec
	transitions *prometheus.CounterVec
	attempts    *prometheus.HistogramVec
}

// New makes a set of metrics with a registry of its own.
func New() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "holdfast_http_request_seconds", Help: "Requests by method, route and status.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"method", "route", "status"}),
		transitions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "holdfast_transitions_total", Help: "Applied transitions by action and state reached.",
		}, []string{"action", "state"}),
		attempts: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "holdfast_webhook_attempt_seconds", Help: "Webhook attempts by verdict.",
			Buckets: []float64{.005, .025, .1, .5, 1, 2.5, 5, 10, 20},
		}, []string{"verdict"}),
	}
	m.registry.MustRegister(m.requests, m.transitions, m.attempts,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
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

// Attempt notes one webhook attempt.
func (m *Metrics) Attempt(verdict string, took time.Duration) {
	m.attempts.WithLabelValues(verdict).Observe(took.Seconds())
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
