package e2e_test

import (
	"context"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"holdfast/deployments/local/fakepay"
	"holdfast/deployments/local/stack"
	"holdfast/graphs"
	"holdfast/internal/await"
)

// mortals are the processes of a service that takes payments, which are killed in the middle of calls between them and the provider.
type mortals struct {
	*bundle
	t      *testing.T
	binary production
	fake   *fakepay.Server
	look   *pgxpool.Pool

	mu    sync.Mutex
	cmds  map[string]*exec.Cmd // api and worker
	plans map[string]map[int]int
	seen  map[string]int // requests so far, to the provider (by the worker) and from it (to the API)
	kills int
	over  bool
}

// How a process dies of a request.
const (
	diesBefore = 1 // the other side never gets it
	diesAfter  = 2 // the other side has done it, and the answer is lost
)

// startMortals starts an API and a worker of the production binary, with a database and a provider of their own. Of their requests to and
// from the provider, some kill.
func startMortals(t *testing.T, plans map[string]map[int]int) *mortals {
	t.Helper()
	binary, beside := productBinary(t), start(t)
	beside.sql(t, "CREATE DATABASE killed")
	database, err := pgx.ParseConfig(beside.stack.DatabaseURL)
	must(t, err)
	url := strings.Replace(beside.stack.DatabaseURL, "/"+database.Database+"?", "/killed?", 1)
	address := freeAddress(t)
	const admin, secret = "an-admin-key-for-those-who-die", "whsec_of_the_fake"
	m := &mortals{t: t, cmds: map[string]*exec.Cmd{}, plans: plans, seen: map[string]int{}}
	calls := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { m.pass("worker", w, r, m.fake) }))
	hooks := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.pass("api", w, r, http.HandlerFunc(m.forward))
	}))
	m.fake = fakepay.New(fakepay.Options{WebhookURL: hooks.URL + "/v2/payment_webhooks/stripe/killed", WebhookSecrets: []string{secret}})
	m.binary = production{binary, []string{
		"PATH=" + os.Getenv("PATH"), "HOLDFAST_DATABASE_URL=" + url, "HOLDFAST_TEMPORAL_ADDRESS=" + beside.stack.TemporalAddress(),
		"HOLDFAST_TASK_QUEUE=killed", "HOLDFAST_HTTP_ADDR=" + address, "HOLDFAST_ADMIN_KEY=" + admin, "HOLDFAST_SWEEP_EVERY=1s",
		"HOLDFAST_SECRET_KEY=" + strings.Repeat("ef", 32), "HOLDFAST_PUBLIC_URL=http://" + address, "HOLDFAST_RATE_LIMIT=0",
		"HOLDFAST_STRIPE_URL=" + calls.URL, longestWait,
	}}
	migrate, log := m.binary.command("migrate")
	if err := migrate.Run(); err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	m.bundle = &bundle{api: "http://" + address, key: admin, stack: &stack.Stack{DatabaseURL: url}}
	m.look, err = pgxpool.New(t.Context(), url)
	must(t, err)
	ctx, stop := context.WithCancel(t.Context())
	var sending sync.WaitGroup
	sending.Go(func() { m.fake.Run(ctx) })
	t.Cleanup(func() {
		stop()
		m.end()
		sending.Wait()
		calls.Close()
		hooks.Close()
		m.look.Close()
	})
	m.mu.Lock()
	m.spawn("api")
	m.spawn("worker")
	m.mu.Unlock()
	eventually(t, "an API that is ready", func() bool {
		a, err := m.try(t.Context(), http.MethodGet, "/readyz", "")
		return err == nil && a.status == http.StatusOK
	})
	m.key = m.post(t, "/v2/apps", `{"name":"Barber & Co","slug":"killed"}`).want(t, http.StatusCreated).str("data.api_key")
	m.post(t, "/v2/payment_accounts", `{"name":"main","provider":"stripe","config":{"secret_key":"sk_test_fake","webhook_secrets":["`+
		secret+`"]}}`).want(t, http.StatusCreated)
	return m
}

// spawn starts a process. The lock is held.
func (m *mortals) spawn(name string) {
	cmd, log := m.binary.command(name)
	if err := cmd.Start(); err != nil {
		m.t.Errorf("%s: %v\n%s", name, err, log)
	}
	m.cmds[name] = cmd
}

// end ends all processes.
func (m *mortals) end() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.over = true
	for _, cmd := range m.cmds {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
}

// pass hands a request on, unless it is one that kills.
func (m *mortals) pass(who string, w http.ResponseWriter, r *http.Request, to http.Handler) {
	m.mu.Lock()
	m.seen[who]++
	how := m.plans[who][m.seen[who]]
	m.mu.Unlock()
	if how != diesBefore {
		answer := httptest.NewRecorder()
		to.ServeHTTP(answer, r)
		if how == 0 {
			maps.Copy(w.Header(), answer.Header())
			w.WriteHeader(answer.Code)
			_, _ = w.Write(answer.Body.Bytes())
			return
		}
	}
	m.kill(who)
	panic(http.ErrAbortHandler)
}

// kill ends a process the hard way, and starts it again.
func (m *mortals) kill(who string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.over {
		return
	}
	_ = m.cmds[who].Process.Kill()
	_ = m.cmds[who].Wait()
	m.kills++
	m.spawn(who)
}

// forward sends a webhook of the provider on to the API.
func (m *mortals) forward(w http.ResponseWriter, r *http.Request) {
	req, err := http.NewRequestWithContext(r.Context(), r.Method, m.api+r.URL.Path, r.Body)
	if err != nil {
		panic(err)
	}
	req.Header = r.Header.Clone()
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	_ = answer.Body.Close()
	w.WriteHeader(answer.StatusCode)
}

// persist asks until somebody answers who is not about to die.
func (m *mortals) persist(ctx context.Context, method, path, body string) (a answer) {
	for {
		var err error
		if a, err = m.insist(ctx, method, path, body); err == nil && a.status < http.StatusInternalServerError {
			return a
		}
		select {
		case <-ctx.Done():
			return a
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// books makes a booking of a time that nobody else asks for, and returns its id. Where that is taken, a request before has booked it, and its
// answer was lost.
func (m *mortals) books(ctx context.Context, body string) (id string) {
	a := m.persist(ctx, http.MethodPost, "/v2/bookings", body)
	if id = a.str("data.id"); id != "" {
		return id
	}
	const q = `SELECT b.id::text FROM bookings b WHERE b.start_at = ($1::jsonb->>'start')::timestamptz`
	if err := m.look.QueryRow(ctx, q, body).Scan(&id); err != nil || a.str("code") != "slot_taken" {
		m.t.Errorf("%d %s: %v", a.status, a.body, err)
	}
	return id
}

// until waits for what a statement says of a booking, for a bounded time: what comes in between may have led elsewhere.
func (m *mortals) until(ctx context.Context, id, condition string) {
	q := `SELECT EXISTS (SELECT FROM bookings b LEFT JOIN payments p ON p.booking_id = b.id WHERE b.id = $1 AND (` + condition + `))`
	for yes := false; !yes && ctx.Err() == nil; {
		if err := m.look.QueryRow(ctx, q, id).Scan(&yes); err != nil {
			return
		}
		if !yes {
			select {
			case <-ctx.Done():
			case <-time.After(50 * time.Millisecond):
			}
		}
	}
}

// press is the customer on the provider's page of a booking, if there is one.
func (m *mortals) press(ctx context.Context, id string) {
	m.until(ctx, id, `p.ref <> '' OR p.state IN ('failed', 'expired') OR b.state NOT IN ('initialized', 'tentative')`)
	var ref string
	if m.look.QueryRow(ctx, `SELECT ref FROM payments WHERE booking_id = $1`, id).Scan(&ref) == nil && ref != "" {
		m.fake.Press(ref, "pay")
	}
}

const halfBack = `,"payment_policy":{"refund":[{"percent":50}]}`

// mortalLives are the ways in which bookings are lived, each with what is asked for as it is booked.
var mortalLives = []struct {
	more  string
	lives func(ctx context.Context, m *mortals, id string)
}{
	{"", func(ctx context.Context, m *mortals, id string) { m.press(ctx, id) }},
	{"", func(ctx context.Context, m *mortals, id string) {
		m.press(ctx, id)
		m.until(ctx, id, `b.state <> 'tentative'`)
		m.persist(ctx, http.MethodPut, "/v2/bookings/"+id+"/cancel", "")
	}},
	{halfBack, func(ctx context.Context, m *mortals, id string) {
		m.press(ctx, id)
		m.until(ctx, id, `b.state <> 'tentative'`)
		m.persist(ctx, http.MethodPut, "/v2/bookings/"+id+"/cancel_by_customer", "")
	}},
	{"", func(ctx context.Context, m *mortals, id string) { // paid and given up at the same time
		var both sync.WaitGroup
		both.Go(func() { m.press(ctx, id) })
		both.Go(func() { m.persist(ctx, http.MethodPut, "/v2/bookings/"+id+"/withdraw", "") })
		both.Wait()
	}},
	{`,"settings":{"timers":{"timeout":"PT1S"}}`, func(ctx context.Context, m *mortals, id string) { // paid as the time runs out
		m.until(ctx, id, `b.state <> 'tentative'`)
		m.press(ctx, id)
	}},
	{`,"payment_policy":{"capture":"on_confirm"}`, func(ctx context.Context, m *mortals, id string) {
		m.press(ctx, id)
		m.until(ctx, id, `b.state <> 'tentative'`)
		m.persist(ctx, http.MethodPut, "/v2/bookings/"+id+"/confirm", "")
	}},
	{`,"payment_policy":{"capture":"on_confirm"}`, func(ctx context.Context, m *mortals, id string) {
		m.press(ctx, id)
		m.until(ctx, id, `b.state <> 'tentative'`)
		m.persist(ctx, http.MethodPut, "/v2/bookings/"+id+"/decline", "")
	}},
}

// TestKillNineAroundPayments kills API and worker in the middle of their requests to and from the provider, while twenty bookings are paid,
// given up, cancelled and confirmed. In the end money is kept exactly where time is held, or a policy keeps a fee, and record and provider
// say the same.
func TestKillNineAroundPayments(t *testing.T) {
	t.Parallel()
	const lives = 20
	seed := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	m := startMortals(t, map[string]map[int]int{
		"worker": {3 + seed.IntN(14): diesAfter, 20 + seed.IntN(20): diesBefore + seed.IntN(2)},
		"api":    {2 + seed.IntN(6): diesBefore, 10 + seed.IntN(6): diesAfter},
	})
	began, resource := time.Now(), m.resource(t)
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	defer stop()
	hurry, rests := context.WithCancel(ctx)
	defer rests()
	go m.hurry(hurry)
	var all sync.WaitGroup
	ids := make([]string, lives)
	for i := range ids {
		all.Go(func() {
			life := mortalLives[i%len(mortalLives)]
			if ids[i] = m.books(ctx, request(resource, "paid_booking", i, life.more, price)); ids[i] == "" {
				return
			}
			life.lives(ctx, m, ids[i])
		})
	}
	all.Wait()
	lived := time.Since(began)
	m.settles(t)
	states := map[string]int{}
	for _, id := range ids {
		states[m.judged(t, id)]++
	}
	t.Log(m.kills, "killed:", m.plans, states, "lived within", lived, "and at rest within", time.Since(began))
	if m.kills < 3 || len(states) < 4 {
		t.Errorf("only %d were killed, and only %v came out", m.kills, states)
	}
	m.closed(t)
	kept, held, _ := m.fake.Totals()
	if sum := int64(m.rows(t, `SELECT COALESCE(sum(captured - refunded), 0)::int FROM payments`)); kept != sum || held != 0 {
		t.Errorf("the provider keeps %d and holds %d, the record keeps %d", kept, held, sum)
	}
}

// hurry has due at once what would be due once the lease of a process that died has ended, and finds it by the sweep. What is in hand is
// carried out twice by that, under the same key.
func (m *mortals) hurry(ctx context.Context) {
	for {
		for _, q := range []string{
			`UPDATE actions SET signalled_at = now() - interval '5 minutes' WHERE status = 'pending'`,
			`UPDATE effects SET next_at = now() - interval '5 minutes' WHERE status = 'pending'`,
			`UPDATE refunds SET next_at = now() - interval '5 minutes' WHERE state = 'pending' AND ref = ''`,
			`UPDATE payments SET next_at = now() - interval '5 minutes' WHERE state NOT IN ('captured', 'failed')
				OR EXISTS (SELECT FROM refunds r WHERE r.payment_id = payments.id AND r.state = 'pending')`,
		} {
			_, _ = m.look.Exec(ctx, q)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Second):
		}
	}
}

// settles waits until nothing is left to do.
func (m *mortals) settles(t *testing.T) {
	t.Helper()
	const left = `SELECT ((SELECT count(*) FROM actions WHERE status = 'pending') + (SELECT count(*) FROM effects WHERE status = 'pending')
		+ (SELECT count(*) FROM refunds WHERE state = 'pending')
		+ (SELECT count(*) FROM payments WHERE state IN ('created', 'open', 'processing', 'authorized'))
		+ (SELECT count(*) FROM bookings WHERE state IN ('initialized', 'tentative', 'expiring', 'requested')))::int`
	await.Within(t, 10*time.Minute, 50*time.Millisecond, "everything at rest", func() bool { return m.rows(t, left) == 0 })
}

// closed asserts that no page on record can still be paid. One that was opened for a process that died may be open, and nobody has it.
func (m *mortals) closed(t *testing.T) {
	t.Helper()
	rows, err := m.look.Query(t.Context(), `SELECT ref FROM payments WHERE ref <> ''`)
	must(t, err)
	refs, err := pgx.CollectRows(rows, pgx.RowTo[string])
	must(t, err)
	for _, ref := range refs {
		if m.fake.Press(ref, "pay") {
			t.Errorf("%s can still be paid", ref)
		}
	}
}

// judged returns how a booking has ended, and asserts that its money and its time agree.
func (m *mortals) judged(t *testing.T, id string) (state string) {
	t.Helper()
	const q = `SELECT b.state, b.seq, (SELECT count(*) FROM transitions WHERE booking_id = b.id)::int,
		COALESCE((SELECT max(seq) FROM transitions WHERE booking_id = b.id), 0),
		EXISTS (SELECT FROM occupancies WHERE booking_id = b.id),
		COALESCE((SELECT sum(captured - refunded) FROM payments WHERE booking_id = b.id), 0)::int FROM bookings b WHERE b.id = $1`
	var seq, moves, last, kept int
	var holds bool
	must(t, m.look.QueryRow(t.Context(), q, id).Scan(&state, &seq, &moves, &last, &holds, &kept))
	if moves != seq || last != seq {
		t.Errorf("%s, transition %d of which %d are on record, the last %d", state, seq, moves, last)
	}
	graph, _ := graphs.Named("paid_booking", nil)
	if s, _ := graph.State(state); holds != (s.Holds == graphs.HoldsSlot) {
		t.Errorf("%s has its time: %v", state, holds)
	}
	if want := map[string]int{"paid": 4500, "cancelled_by_customer": 2250}[state]; kept != want {
		t.Errorf("%s, and %d is kept, not %d", state, kept, want)
	}
	return state
}
