package activities

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/testsuite"

	"holdfast/internal/apps"
	"holdfast/internal/booking"
	"holdfast/internal/dispatch"
	"holdfast/internal/links"
	"holdfast/internal/metrics"
	"holdfast/internal/outbox"
	"holdfast/internal/pgtest"
	"holdfast/internal/postgres"
	"holdfast/internal/tenant"
	"holdfast/internal/webhook"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// fixture is an app with one endpoint on a real record, and the activities as a worker has them. Temporal is a stub that
// counts who is woken.
type fixture struct {
	*Activities
	t        testing.TB
	url      string
	look     *pgxpool.Pool
	app      *tenant.App
	endpoint *outbox.Endpoint
	booking  *booking.Booking // whose changes are told: it is on record, else they would be erased once they are
	seq      int
	woken    *wakes
}

// wakes is a Temporal that hears of endpoints to be woken and does nothing.
type wakes struct {
	client.Client
	count atomic.Int32
}

func (w *wakes) SignalWithStartWorkflow(
	context.Context, string, string, any, client.StartWorkflowOptions, any, ...any,
) (client.WorkflowRun, error) {
	w.count.Add(1)
	return nil, nil
}

func setup(t testing.TB, receiver string, shape func(*outbox.Endpoint)) *fixture {
	t.Helper()
	db, url := pgtest.New(t)
	return setupOn(t, db, url, receiver, shape)
}

func setupOn(t testing.TB, db *postgres.DB, url, receiver string, shape func(*outbox.Endpoint)) *fixture {
	t.Helper()
	look, err := pgxpool.New(t.Context(), url)
	check(t, err)
	t.Cleanup(look.Close)
	master := make([]byte, 32)
	vault, err := links.NewVault(master)
	check(t, err)
	keyring, err := links.NewKeyring(master)
	check(t, err)
	f := &fixture{t: t, url: url, look: look, woken: &wakes{}, app: &tenant.App{ID: uuid.Must(uuid.NewV7()), Name: "Acme", Slug: "acme"}}
	sender := webhook.NewSender(webhook.Options{AllowLoopback: true, Timeout: 20 * time.Second})
	t.Cleanup(sender.Close)
	f.Activities = &Activities{
		DB: db, Sender: sender, Vault: vault, Links: links.Maker{Keyring: keyring, BaseURL: "https://book.example.com"},
		Dispatch: &dispatch.Dispatcher{Client: f.woken, TaskQueue: "test"},
		Log:      slog.New(slog.DiscardHandler), Metrics: metrics.New(),
	}
	_, err = apps.Create(t.Context(), db.Access, vault, f.app)
	check(t, err)
	id := uuid.Must(uuid.NewV7())
	secret, err := vault.Seal([]byte("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), tenant.EndpointSecret(id))
	check(t, err)
	e := &outbox.Endpoint{
		ID: id, AppID: f.app.ID, URL: receiver, Method: http.MethodPost, Format: outbox.FormatHoldfast, Ordered: true, InFlight: 4, Secret: secret,
	}
	if shape != nil {
		shape(e)
	}
	f.book()
	f.endpoint, err = db.CreateEndpoint(t.Context(), e)
	check(t, err)
	return f
}

func (f *fixture) book() {
	f.t.Helper()
	r := pgtest.Resource(f.t, f.DB, f.app.ID, "Dr. Grau")
	f.booking = pgtest.Booking(f.t, f.DB, r, "instant", time.Now().Add(time.Hour).Truncate(time.Second))
	f.booking.What = "Check-up"
	pgtest.Record(f.t, f.DB, f.booking)
	f.booking.State, f.booking.Seq, f.booking.EnteredAt = "confirmed", 1, time.Now()
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// waits puts changes on record, each of a booking of its own, with a delivery that is due, the first one first. data may spoil them.
func (f *fixture) waits(count int, data ...string) (deliveries []uuid.UUID) {
	f.t.Helper()
	whole, err := json.Marshal(f.booking)
	check(f.t, err)
	for i := range count {
		text := whole
		f.seq++
		if i < len(data) && data[i] != "" {
			text = []byte(data[i])
		}
		delivery := uuid.New()
		f.sql(`
			WITH made AS (
				INSERT INTO events (id, app_id, booking_id, seq, type, data, at, graph, state, topics)
				VALUES ($1, $2, $3, $4, 'booking.confirmed', $5, now(), 'instant', 'confirmed', '{}') RETURNING id)
			INSERT INTO webhook_deliveries (id, endpoint_id, event_id, booking_id, seq, next_at)
			SELECT $6, $7, id, gen_random_uuid(), 1, now() - interval '1 hour' + $4 * interval '1 millisecond' FROM made`,
			uuid.New(), f.app.ID, f.booking.ID, f.seq, text, delivery, f.endpoint.ID)
		deliveries = append(deliveries, delivery)
	}
	return deliveries
}

func (f *fixture) sql(q string, args ...any) {
	f.t.Helper()
	_, err := f.look.Exec(context.Background(), q, args...)
	check(f.t, err)
}

// rows counts.
func (f *fixture) rows(q string, args ...any) (n int) {
	f.t.Helper()
	check(f.t, f.look.QueryRow(context.Background(), `SELECT count(*) `+q, args...).Scan(&n))
	return n
}

// wantRows asserts a count.
func (f *fixture) wantRows(want int, q string, args ...any) {
	f.t.Helper()
	if got := f.rows(q, args...); got != want {
		f.t.Errorf("%d rows, want %d: %s", got, want, q)
	}
}

// drainOnce runs the activity as a worker does.
func (f *fixture) drainOnce(stop chan struct{}) outbox.DrainResult {
	f.t.Helper()
	env := (&testsuite.WorkflowTestSuite{}).NewTestActivityEnvironment()
	env.SetTestTimeout(5 * time.Minute)
	if stop != nil {
		env.SetWorkerStopChannel(stop)
	}
	env.RegisterActivity(f.Drain)
	value, err := env.ExecuteActivity(f.Drain, outbox.DrainInput{EndpointID: f.endpoint.ID})
	check(f.t, err)
	var out outbox.DrainResult
	check(f.t, value.Get(&out))
	return out
}

// wantDue asserts that a moment was set, since began, to come so long after that, however slow the machine is.
func wantDue(t testing.TB, at, began time.Time, least, most time.Duration) {
	t.Helper()
	if at.Before(began.Add(least)) || at.After(time.Now().Add(most)) {
		t.Errorf("due at %s, which was set since %s; want %s to %s later", at, began, least, most)
	}
}

// receiver answers what it is told to, and remembers the webhook-ids.
type receiver struct {
	*httptest.Server
	mu      sync.Mutex
	ids     []string
	now     int // requests under way
	most    int // and the most there ever were
	proceed chan struct{}
}

// newReceiver answers with the status that the number of the request gets. With hold, it first waits until proceed is closed.
func newReceiver(t testing.TB, hold bool, status func(n int) int) *receiver {
	t.Helper()
	r := &receiver{proceed: make(chan struct{})}
	if !hold {
		close(r.proceed)
	}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		n := len(r.ids)
		r.ids = append(r.ids, req.Header.Get("webhook-id"))
		r.now++
		r.most = max(r.most, r.now)
		r.mu.Unlock()
		<-r.proceed
		r.mu.Lock()
		r.now--
		r.mu.Unlock()
		w.WriteHeader(status(n))
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) got() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.ids)
}

func ok(int) int { return http.StatusOK }

const (
	delivered = `FROM webhook_deliveries WHERE status = 'delivered' AND claimed_by IS NULL`
	untouched = `FROM webhook_deliveries WHERE status = 'pending' AND attempts = 0 AND next_at <= now() AND claimed_by IS NULL`
)
