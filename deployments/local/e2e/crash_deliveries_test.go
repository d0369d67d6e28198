package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// backlog makes up deliveries for an endpoint, each in a lane of its own, as changes of a booking. The endpoint has to be paused: to
// resume it sets all of them going.
func backlog(t *testing.T, database, of, hook string, count int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), database)
	must(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	_, err = conn.Exec(t.Context(), `
		WITH made AS (
			INSERT INTO events (id, app_id, booking_id, seq, type, data, at, graph, state, topics)
			SELECT gen_random_uuid(), e.app_id, e.booking_id, n, e.type, e.data, now(), e.graph, e.state, e.topics
			FROM events e, generate_series(1001, 1000 + $3::int) n WHERE e.booking_id = $1 AND e.seq = 1 RETURNING id, seq)
		INSERT INTO webhook_deliveries (id, endpoint_id, event_id, booking_id, seq)
		SELECT gen_random_uuid(), $2, id, gen_random_uuid(), seq FROM made`, of, hook, count)
	must(t, err)
}

// TestKillNineDuringDeliveries kills everything in the middle of 2,000 deliveries: none is lost, few come twice, all are on record,
// and the rest does not wait for what the dead had claimed.
func TestKillNineDuringDeliveries(t *testing.T) {
	t.Parallel()
	const count = 2000
	dir := t.TempDir()
	p := spawn(t, dir)
	hears := newReceiver(t, ok)
	hook := p.webhook(t, hears.URL, `,"in_flight":16`).str("data.id")
	p.post(t, "/v2/webhooks/"+hook+"/pause", "").want(t, http.StatusOK)
	backlog(t, p.database, p.book(t, p.resource(t), "instant", 9), hook, count-1)
	p.post(t, "/v2/webhooks/"+hook+"/resume", "").want(t, http.StatusOK)
	eventually(t, "a third is delivered", func() bool { return len(hears.all()) > count/3 })
	p.kill(t)
	before := len(hears.all())
	if before >= count {
		t.Fatal("it was over before it was killed")
	}
	p = spawn(t, dir)
	started := time.Now()
	hears.waitFor(t, before+1)
	resumed := time.Since(started)
	eventually(t, "nothing waits", func() bool { return p.get(t, "/v2/webhooks/"+hook).str("data.health.pending") == "0" })
	t.Logf("killed after %d; went on %s after the restart, was done after %s", before, resumed, time.Since(started))
	got := map[string]int{}
	for _, r := range hears.all() {
		got[r.header.Get("webhook-id")]++
	}
	if twice := len(hears.all()) - len(got); len(got) != count || twice >= 20 {
		t.Errorf("%d of %d came, %d of them twice", len(got), count, twice)
	}
	conn, err := pgx.Connect(t.Context(), p.database)
	must(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	var delivered, recorded int
	must(t, conn.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM webhook_deliveries WHERE status = 'delivered' AND endpoint_id = $1),
		(SELECT count(DISTINCT delivery_id) FROM webhook_attempts WHERE status = 200)`, hook).Scan(&delivered, &recorded))
	if delivered != count || recorded != count {
		t.Errorf("%d delivered, %d on record", delivered, recorded)
	}
	eventually(t, "the endpoint is given up", func() bool {
		var reserved int
		must(t, conn.QueryRow(t.Context(), `SELECT count(*) FROM webhook_drains`).Scan(&reserved))
		return reserved == 0
	})
}

// TestSlowReceiversDelayNoBooking: dozens of receivers that take connections and say nothing hold no place that a booking needs.
func TestSlowReceiversDelayNoBooking(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	var asked atomic.Int32
	release := make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		asked.Add(1)
		<-release
	}))
	t.Cleanup(func() { close(release); silent.Close() })
	for i := range 40 {
		b.webhook(t, fmt.Sprintf("%s/%d", silent.URL, i), "")
	}
	resource := b.resource(t)
	b.book(t, resource, "instant", 9)
	eventually(t, "all are being asked", func() bool { return asked.Load() >= 32 })
	for hour := range 10 {
		b.book(t, resource, "confirm_decline", 20+hour) // 201, not 202: each has its outcome within the wait
	}
}
