package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"go.temporal.io/sdk/client"

	"holdfast/deployments/local/stack"
	"holdfast/internal/outbox"
	"holdfast/workflows"
)

// webhookBench measures webhooks: how many get out, how soon, and what those cost that wait.
type webhookBench struct {
	*booked
	conn   *pgx.Conn
	alive  *httptest.Server // answers at once
	silent net.Listener     // takes connections and never answers
	sample string           // a booking whose change is the template of those made up
}

const (
	webhookBacklog = 5_000   // deliveries that wait for one receiver, or for ten together
	bookedSoon     = 200     // bookings made one at a time
	webhookDead    = 10_000  // deliveries of another app that nobody answers,
	webhookSilent  = 20      // over so many endpoints
	webhookWaiting = 100_000 // retries that wait,
	webhookIdle    = 10      // over so many endpoints
)

func newWebhookBench(ctx context.Context, s *stack.Stack) (*webhookBench, error) {
	b, err := newBooked(ctx, s)
	if err != nil {
		return nil, err
	}
	t := &webhookBench{booked: b}
	if t.conn, err = pgx.Connect(ctx, s.DatabaseURL); err != nil {
		return nil, err
	}
	if t.silent, err = new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	t.alive = httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.sample, err = t.book(ctx)
	return t, err
}

func (t *webhookBench) close(ctx context.Context) {
	t.alive.Close()
	_ = t.silent.Close()
	_ = t.conn.Close(context.WithoutCancel(ctx))
}

func (t *webhookBench) book(ctx context.Context) (string, error) {
	start := time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(t.hours.Add(1)) * time.Hour)
	body := fmt.Sprintf(`{"resource_id":%q,"graph":"instant","start":%q,"end":%q,"what":"Haircut"}`,
		t.resource, start.Format(time.RFC3339), start.Add(time.Hour).Format(time.RFC3339))
	return t.call(ctx, http.MethodPost, "/v2/bookings", body, http.StatusCreated)
}

// endpoint receives cancellations only, which do not occur here, or everything.
func (t *webhookBench) endpoint(ctx context.Context, url, state string, inFlight int) (string, error) {
	body := fmt.Sprintf(`{"url":%q,"state":%q,"in_flight":%d}`, url, state, inFlight)
	return t.call(ctx, http.MethodPost, "/v2/webhooks", body, http.StatusCreated)
}

// neighbour is another app on the same server.
func (t *webhookBench) neighbour(ctx context.Context) (*webhookBench, error) {
	key, _, err := newApp(ctx, t.stack, "Neighbour")
	return &webhookBench{booked: &booked{stack: t.stack, http: t.http, key: key, graph: "instant"}, conn: t.conn, sample: t.sample}, err
}

// fill makes up deliveries for endpoints, each in a lane of its own, due after a while.
func (t *webhookBench) fill(ctx context.Context, endpoints []string, count int, after time.Duration) error {
	const q = `
		WITH made AS (
			INSERT INTO events (id, app_id, booking_id, seq, type, data, at, graph, state, topics)
			SELECT gen_random_uuid(), (SELECT app_id FROM webhook_endpoints WHERE id = ($2::uuid[])[1]), e.booking_id,
				nextval('made_up'), e.type, e.data, now(), e.graph, e.state, e.topics
			FROM (SELECT booking_id, type, data, graph, state, topics FROM events WHERE booking_id = $1 AND seq = 1) e,
				generate_series(1, $3) RETURNING id, seq)
		INSERT INTO webhook_deliveries (id, endpoint_id, event_id, booking_id, seq, next_at)
		SELECT gen_random_uuid(), ($2::uuid[])[1 + seq % cardinality($2::uuid[])], id, gen_random_uuid(), seq, now() + $4::interval FROM made`
	for _, statement := range []string{`CREATE SEQUENCE IF NOT EXISTS made_up START 1000`} {
		if _, err := t.conn.Exec(ctx, statement); err != nil {
			return err
		}
	}
	if _, err := t.conn.Exec(ctx, q, t.sample, endpoints, count, after); err != nil {
		return err
	}
	_, err := t.conn.Exec(ctx, `ANALYZE webhook_deliveries, events`)
	return err
}

// wake signals the endpoints' workflows, as a commit does.
func (t *webhookBench) wake(ctx context.Context, endpoints []string) error {
	for _, endpoint := range endpoints {
		id := uuid.MustParse(endpoint)
		options := client.StartWorkflowOptions{ID: workflows.EndpointID(id), TaskQueue: workflows.WebhookQueue(workflows.DefaultTaskQueue)}
		_, err := t.stack.App.Temporal.SignalWithStartWorkflow(ctx, options.ID, workflows.WakeSignal, nil, options,
			workflows.Endpoint, outbox.DrainInput{EndpointID: id, Idle: workflows.EndpointIdle})
		if err != nil {
			return err
		}
	}
	return nil
}

// drained waits until nothing waits for the endpoints, and says how long that took.
func (t *webhookBench) drained(ctx context.Context, endpoints []string) (time.Duration, error) {
	for started := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		var left int
		const q = `SELECT count(*) FROM webhook_deliveries WHERE endpoint_id = ANY($1::uuid[]) AND status = 'pending'`
		err := t.conn.QueryRow(ctx, q, endpoints).Scan(&left)
		switch {
		case err != nil:
			return 0, err
		case left == 0:
			return time.Since(started), nil
		case time.Since(started) > 5*time.Minute:
			return 0, errors.New("the deliveries do not get out")
		}
	}
}

// quickness is how soon first attempts begin, in milliseconds at p50 and p99: after the commit's beginning, and after the booking's
// answer, where less than nothing means that the attempt came first.
type quickness struct{ commit50, commit99, answer50, answer99 float64 }

// soon books and says how soon each booking's first attempt began.
func (t *webhookBench) soon(ctx context.Context, endpoint string) (q quickness, err error) {
	answered := map[string]time.Time{}
	for range bookedSoon {
		id, err := t.book(ctx)
		if err != nil {
			return q, err
		}
		answered[id] = time.Now()
		time.Sleep(20 * time.Millisecond)
	}
	if _, err := t.drained(ctx, []string{endpoint}); err != nil {
		return q, err
	}
	const look = `
		SELECT e.booking_id::text, a.started_at, e.at FROM webhook_attempts a
		JOIN webhook_deliveries d ON d.id = a.delivery_id JOIN events e ON e.id = d.event_id
		WHERE a.number = 1 AND d.endpoint_id = $1 AND e.booking_id = ANY($2::text[]::uuid[])`
	rows, err := t.conn.Query(ctx, look, endpoint, slices.Collect(maps.Keys(answered)))
	if err != nil {
		return q, err
	}
	var id string
	var started, at time.Time
	var sinceCommit, sinceAnswer []float64
	_, err = pgx.ForEachRow(rows, []any{&id, &started, &at}, func() error {
		sinceCommit = append(sinceCommit, started.Sub(at).Seconds()*1000)
		sinceAnswer = append(sinceAnswer, started.Sub(answered[id]).Seconds()*1000)
		return nil
	})
	slices.Sort(sinceCommit)
	slices.Sort(sinceAnswer)
	if err == nil && len(sinceCommit) != bookedSoon {
		err = fmt.Errorf("%d of %d bookings were delivered", len(sinceCommit), bookedSoon)
	}
	if err != nil {
		return q, err
	}
	half, most := bookedSoon/2, bookedSoon*99/100
	return quickness{sinceCommit[half], sinceCommit[most], sinceAnswer[half], sinceAnswer[most]}, nil
}

// memory is what this process holds, in MiB: its heap after a collection, and all of it.
func memory() (heap, all float64) {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return float64(stats.HeapAlloc) / (1 << 20), processMiB("VmRSS:")
}

// processMiB reads a field of this process's status that is an amount of memory; 0 where there is none.
func processMiB(field string) float64 {
	text, _ := os.ReadFile("/proc/self/status")
	_, rest, _ := strings.Cut(string(text), field)
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kib, _ := strconv.ParseFloat(fields[0], 64)
	return kib / 1024
}
