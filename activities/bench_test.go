package activities

import (
	"testing"
	"time"

	"holdfast/internal/outbox"
)

// BenchmarkDrain drains a backlog to a receiver that answers at once.
func BenchmarkDrain(b *testing.B) {
	r := newReceiver(b, false, ok)
	f := setup(b, r.URL, func(e *outbox.Endpoint) { e.InFlight = 16 })
	f.waits(1)
	f.sql(`
		WITH made AS (
			INSERT INTO events (id, app_id, booking_id, seq, type, data, at, graph, state, topics)
			SELECT gen_random_uuid(), app_id, booking_id, 1000 + n, type, data, at, graph, state, topics
			FROM (SELECT app_id, booking_id, type, data, at, graph, state, topics FROM events LIMIT 1) e, generate_series(2, $1::int) n RETURNING id, seq)
		INSERT INTO webhook_deliveries (id, endpoint_id, event_id, booking_id, seq, next_at)
		SELECT gen_random_uuid(), $2, id, gen_random_uuid(), 1, now() - interval '1 hour' FROM made`, b.N, f.endpoint.ID)
	f.sql(`ANALYZE`)
	mine, _ := f.drains.enter(f.endpoint.ID)
	b.ResetTimer()
	out, err := f.newDrain(f.endpoint.ID, mine, nil, time.Minute).run(b.Context(), false)
	b.StopTimer()
	check(b, err)
	if out.Sent != b.N {
		b.Errorf("%+v", out)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "deliveries/s")
}
