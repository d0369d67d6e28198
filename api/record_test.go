package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.temporal.io/sdk/client"

	"holdfast/api/edge"
	"holdfast/internal/apps"
	"holdfast/internal/booking"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
	"holdfast/internal/links"
	"holdfast/internal/metrics"
	"holdfast/internal/payment/providers"
	"holdfast/internal/pgtest"
	"holdfast/internal/postgres"
	"holdfast/internal/service"
	"holdfast/internal/tenant"
	"holdfast/internal/webhook"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// fixture is an app on a real record behind the whole API, with a second connection that looks at the tables. Temporal is a stub
// that commits each action as soon as it hears of it.
type fixture struct {
	*Server
	t        *testing.T
	handler  http.Handler
	look     *pgxpool.Pool
	temporal *prompt
	app      *tenant.App
	server   string // keys
	widget   string
	from     string // the caller's address
}

const adminKey = "the-admin-key-of-these-tests"

func setup(t *testing.T, change ...func(*tenant.AppSettings, *Server)) *fixture {
	t.Helper()
	db, url := pgtest.New(t)
	look, err := pgxpool.New(t.Context(), url)
	check(t, err)
	t.Cleanup(look.Close)
	vault, err := links.NewVault(make([]byte, 32))
	check(t, err)
	keyring, err := links.NewKeyring(make([]byte, 32))
	check(t, err)
	log := slog.New(slog.DiscardHandler)
	f := &fixture{t: t, look: look, temporal: &prompt{db: db}, from: "192.0.2.1"}
	f.Server = &Server{
		DB: db, Outcomes: postgres.NewOutcomes(db, log), Dispatch: &dispatch.Dispatcher{Client: f.temporal}, Retries: dispatch.NewRetries(log),
		Vault: vault, Keyring: keyring, Links: links.Maker{Keyring: keyring, BaseURL: "https://book.example.com"},
		Webhooks: webhook.Options{RequireHTTPS: true}, AdminKey: adminKey, Limits: edge.NewLimits(0, 0, 0), Admission: service.NewAdmission(20),
		Providers: cashiers{vault, providers.Options{Webhooks: webhook.Options{RequireHTTPS: true}}},
		SignIns:   apps.NewPasswords(1), Passwords: apps.NewPasswords(1), Wait: 20 * time.Second, Metrics: metrics.New(), Log: log,
	}
	f.app = &tenant.App{ID: edge.NewID(), Name: "Acme", Slug: "acme", Settings: tenant.NewAppSettings()}
	for _, one := range change {
		one(&f.app.Settings, f.Server)
	}
	f.server, err = apps.Create(t.Context(), db.Access, vault, f.app)
	check(t, err)
	f.widget = f.key(tenant.WidgetKey)
	f.handler = f.Handler()
	listening, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan struct{})
	go func() { defer close(ended); _ = f.Outcomes.Run(listening) }()
	t.Cleanup(func() { f.Retries.Stop(listening); stop(); <-ended })
	return f
}

// withoutProjects lets widget keys book without a project.
func withoutProjects(a *tenant.AppSettings, _ *Server) { a.WidgetRequiresProject = false }

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// prompt is a Temporal that commits each action at once, in place of the booking's workflow.
type prompt struct {
	client.Client // what is not written here must not be called

	db     *postgres.DB
	before func() // runs before each commit; nil for nothing

	mu    sync.Mutex
	woken []string // ids of workflows that were signalled to look
}

func (p *prompt) SignalWithStartWorkflow(
	_ context.Context, id, _ string, _ any, _ client.StartWorkflowOptions, _ any, _ ...any,
) (client.WorkflowRun, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.woken = append(p.woken, id)
	return nil, nil
}

// wakes returns how often a workflow was signalled to look.
func (p *prompt) wakes(id string) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, one := range p.woken {
		if one == id {
			n++
		}
	}
	return n
}

func (p *prompt) ExecuteWorkflow(ctx context.Context, _ client.StartWorkflowOptions, _ any, args ...any) (client.WorkflowRun, error) {
	for _, one := range args[0].(booking.WorkflowInput).Actions {
		if err := p.commit(ctx, one); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func (p *prompt) SignalWorkflow(ctx context.Context, _, _, _ string, signal any) error {
	return p.commit(ctx, signal.(booking.Signal))
}

func (p *prompt) commit(ctx context.Context, s booking.Signal) error {
	if p.before != nil {
		p.before()
	}
	a, err := p.db.Action(ctx, s.ActionID)
	if err != nil {
		return err
	}
	b, err := p.db.Booking(ctx, a.AppID, a.BookingID)
	if err != nil {
		return err
	}
	graph, err := b.LoadGraph()
	if err != nil {
		return err
	}
	in := booking.CommitInput{BookingID: b.ID, Seq: b.Seq, ActionID: a.ID, Actor: a.Actor}
	if in.Move, err = graph.Next(b.State, a.Name, a.Actor); err != nil {
		in.Refusal = &booking.Refusal{Code: fault.ActionNotAvailable, Message: err.Error()}
	}
	_, err = p.db.Commit(ctx, in)
	return err
}

func (p *prompt) CheckHealth(context.Context, *client.CheckHealthRequest) (*client.CheckHealthResponse, error) {
	return &client.CheckHealthResponse{}, nil
}

// key makes another key of the app.
func (f *fixture) key(kind tenant.KeyKind) string {
	f.t.Helper()
	_, key, err := apps.AddKey(f.t.Context(), f.DB.Access, f.Vault, f.app, kind, "another", edge.NewID())
	check(f.t, err)
	return key
}

// answer is what a request got.
type answer struct {
	*httptest.ResponseRecorder
	what string
}

// send makes a request with a key, "" for none, from the fixture's address.
func (f *fixture) send(key, method, path, body string, headers ...string) answer {
	f.t.Helper()
	r := httptest.NewRequestWithContext(f.t.Context(), method, path, strings.NewReader(body))
	r.RemoteAddr = f.from + ":1234"
	r.Header.Set("Accept", "application/json")
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, r)
	return answer{w, fmt.Sprintf("%s %s %.300s", method, path, body)}
}

func (f *fixture) post(key, path, body string) answer {
	f.t.Helper()
	return f.send(key, http.MethodPost, path, body)
}

func (f *fixture) put(key, path, body string) answer {
	f.t.Helper()
	return f.send(key, http.MethodPut, path, body)
}

// want fails the test unless the answer has the status.
func (a answer) want(t *testing.T, status int) answer {
	t.Helper()
	if a.Code != status {
		t.Fatalf("%s: %d, want %d: %s", a.what, a.Code, status, a.Body)
	}
	return a
}

// refused fails the test unless the answer is an error with a code, about a field unless that is "".
func (a answer) refused(t *testing.T, code fault.Code, field string) {
	t.Helper()
	var p edge.Problem
	if err := json.Unmarshal(a.Body.Bytes(), &p); err != nil || p.Code != code || field != "" && len(p.Errors[field]) == 0 {
		t.Errorf("%s: %d, want %s about %q: %s", a.what, a.Code, code, field, a.Body)
	}
}

// text is a text of the answer's data.
func (a answer) text(t *testing.T, name string) string {
	t.Helper()
	var body struct{ Data map[string]any }
	check(t, json.NewDecoder(bytes.NewReader(a.Body.Bytes())).Decode(&body))
	text, _ := body.Data[name].(string)
	return text
}

// id is the id of what was made.
func (a answer) id(t *testing.T) string {
	t.Helper()
	return a.want(t, http.StatusCreated).text(t, "id")
}

// resource makes one that keeps rules.
func (f *fixture) resource(rules string) string {
	f.t.Helper()
	return f.post(f.server, "/v2/resources", `{"name":"Chair","timezone":"UTC","availability_constraints":`+rules+`}`).id(f.t)
}

// project makes one of a resource.
func (f *fixture) project(resource, more string) string {
	f.t.Helper()
	return f.post(f.server, "/v2/projects", fmt.Sprintf(`{"name":"Haircut","resources":[%q]%s}`, resource, more)).id(f.t)
}

// noon is in three days: bookings of the tests begin some hours after it.
var noon = time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 3).Add(12 * time.Hour)

// slot is the inside of a body that asks for time of a resource, from some hours after noon on.
func slot(resource string, hour, hours float64) string {
	start := noon.Add(time.Duration(hour * float64(time.Hour)))
	return fmt.Sprintf(`"resource_id":%q,"start":%q,"end":%q`, resource, start.Format(time.RFC3339),
		start.Add(time.Duration(hours*float64(time.Hour))).Format(time.RFC3339))
}

// sql runs a statement behind the back of the service.
func (f *fixture) sql(statement string, args ...any) {
	f.t.Helper()
	_, err := f.look.Exec(f.t.Context(), statement, args...)
	check(f.t, err)
}

// value is the only value of a query's only row.
func value[T any](f *fixture, query string, args ...any) (v T) {
	f.t.Helper()
	check(f.t, f.look.QueryRow(f.t.Context(), query, args...).Scan(&v))
	return v
}

// token signs what proves that the caller may play a customer's action.
func (f *fixture) token(id, action string) string {
	f.t.Helper()
	now := time.Now()
	token, err := f.Keyring.Sign(f.app.ID.String(), links.Claims{
		BookingID: id, Action: action, IssuedAt: now, ExpiresAt: now.Add(time.Hour), ID: uuid.NewString(),
	})
	check(f.t, err)
	return token
}
