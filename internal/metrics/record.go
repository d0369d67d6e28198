package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Pool describes the connections of a process to Postgres.
type Pool struct {
	Max, Acquired, Idle int
	Acquires, Waits     int64 // connections handed out, and how many of these had to be waited for
	Waited              time.Duration
}

// Backlog is what waits in the record, as all processes see it.
type Backlog struct {
	PendingAction time.Duration            // age of the oldest action without an outcome
	OverdueTimer  time.Duration            // how long ago the oldest timer was due that has not fired
	DueDeliveries int                      // deliveries that are due and not sent
	DueDelivery   time.Duration            // how long ago the oldest of them was due
	DueEffect     time.Duration            // how long ago the oldest effect was due that is not carried out
	PastRetention map[string]time.Duration // how far the oldest row of each clean-up is past its retention
}

// recordMetrics describe the record and this process's way to it.
type recordMetrics struct {
	backlog       *prometheus.GaugeVec
	due           prometheus.Gauge
	pastRetention *prometheus.GaugeVec
	listening     prometheus.Gauge
	backlogFailed prometheus.Counter
}

func newRecordMetrics() recordMetrics {
	return recordMetrics{
		backlog: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "holdfast_oldest_waiting_seconds", Help: "Age of the oldest pending action, unfired timer, due delivery and due effect; 0 = none.",
		}, []string{"kind"}),
		due: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "holdfast_due_deliveries", Help: "Webhook deliveries of active endpoints that are due and not sent, up to 10000. Once a minute.",
		}),
		pastRetention: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "holdfast_past_retention_seconds", Help: "How far the oldest row is past its retention, by kind; 0 = none. Once a minute.",
		}, []string{"kind"}),
		listening: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "holdfast_outcomes_listening", Help: "1 while the connection stands on which outcomes are announced to this process.",
		}),
		backlogFailed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "holdfast_backlog_errors_total", Help: "Times that the backlog could not be read.",
		}),
	}
}

func (r recordMetrics) all() []prometheus.Collector {
	return []prometheus.Collector{r.backlog, r.due, r.pastRetention, r.listening, r.backlogFailed}
}

// Listening notes whether this process has its LISTEN connection for outcomes.
func (m *Metrics) Listening(up bool) {
	m.record.listening.Set(map[bool]float64{true: 1}[up])
}

// SetBacklog sets the gauges of the backlog. An error is counted and leaves them as they are.
func (m *Metrics) SetBacklog(b Backlog, err error) {
	if err != nil {
		m.record.backlogFailed.Inc()
		return
	}
	m.record.backlog.WithLabelValues("pending_action").Set(b.PendingAction.Seconds())
	m.record.backlog.WithLabelValues("overdue_timer").Set(b.OverdueTimer.Seconds())
	m.record.backlog.WithLabelValues("due_delivery").Set(b.DueDelivery.Seconds())
	m.record.backlog.WithLabelValues("due_effect").Set(b.DueEffect.Seconds())
	m.record.due.Set(float64(b.DueDeliveries))
	for kind, past := range b.PastRetention {
		m.record.pastRetention.WithLabelValues(kind).Set(past.Seconds())
	}
}

// WatchPool shows the connections to Postgres, read at each scrape.
func (m *Metrics) WatchPool(stats func() Pool) {
	gauge := func(name, help string, value func(Pool) float64) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return value(stats()) }))
	}
	counter := func(name, help string, value func(Pool) float64) {
		m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help},
			func() float64 { return value(stats()) }))
	}
	gauge("holdfast_database_connections_max", "Connections to Postgres, at most.", func(p Pool) float64 { return float64(p.Max) })
	gauge("holdfast_database_connections_acquired", "Connections in use.", func(p Pool) float64 { return float64(p.Acquired) })
	gauge("holdfast_database_connections_idle", "Connections that are open and not in use.", func(p Pool) float64 { return float64(p.Idle) })
	counter("holdfast_database_acquires_total", "Connections handed out.", func(p Pool) float64 { return float64(p.Acquires) })
	counter("holdfast_database_waits_total", "Connections that were waited for.", func(p Pool) float64 { return float64(p.Waits) })
	counter("holdfast_database_acquire_seconds_total", "Time spent getting connections.", func(p Pool) float64 { return p.Waited.Seconds() })
}
