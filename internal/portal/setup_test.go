package portal

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/api"
	"holdfast/api/edge"
	"holdfast/internal/apps"
	"holdfast/internal/booking"
	"holdfast/internal/catalogue"
	"holdfast/internal/dispatch"
	"holdfast/internal/links"
	"holdfast/internal/metrics"
	"holdfast/internal/pgtest"
	"holdfast/internal/postgres"
	"holdfast/internal/tenant"
	"holdfast/internal/webhook"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// house is a portal on the real API and a real record. Temporal is away: what needs it is tested with the whole.
type house struct {
	*postgres.DB
	t      *testing.T
	server http.Handler
	portal *Portal
	vault  *links.Vault
	app    *tenant.App
	key    string
	log    *bytes.Buffer
	url    string
}

func build(t *testing.T, change ...func(*Portal, *api.Server)) *house {
	t.Helper()
	db, dsn := pgtest.New(t)
	vault, err := links.NewVault(make([]byte, 32))
	check(t, err)
	keyring, err := links.NewKeyring(make([]byte, 32))
	check(t, err)
	h := &house{DB: db, t: t, vault: vault, log: &bytes.Buffer{}, url: dsn}
	log := slog.New(slog.NewTextHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	h.portal = &Portal{DB: db.Access, Vault: vault, TemporalUI: "https://temporal.example.com", Namespace: "prod/ns", Log: log}
	server := &api.Server{
		DB: db, Outcomes: postgres.NewOutcomes(db, log), Dispatch: &dispatch.Dispatcher{}, Vault: vault, Keyring: keyring,
		Links:    links.Maker{Keyring: keyring, BaseURL: "https://book.example.com"},
		Webhooks: webhook.Options{RequireHTTPS: true}, Limits: edge.NewLimits(0, 0, 0), Metrics: metrics.New(), Log: log,
		AdminKey: "the-admin-key-of-these-tests", PausedBacklog: 4321,
	}
	for _, one := range change {
		one(h.portal, server)
	}
	server.Portal = h.portal.Handler()
	h.server = server.Handler()
	h.portal.API = api.Inner(h.server)
	h.app, h.key = h.tenant("barber")
	return h
}

func (h *house) tenant(slug string) (*tenant.App, string) {
	h.t.Helper()
	app := &tenant.App{ID: uuid.Must(uuid.NewV7()), Name: "App " + slug, Slug: slug}
	key, err := apps.Create(context.Background(), h.DB.Access, h.vault, app)
	check(h.t, err)
	return app, key
}

func (h *house) widgetKey() string {
	h.t.Helper()
	_, key, err := apps.AddKey(context.Background(), h.DB.Access, h.vault, h.app, tenant.WidgetKey, "site", uuid.Must(uuid.NewV7()))
	check(h.t, err)
	return key
}

// book puts a booking on record, by itself.
func (h *house) book(customer string) *booking.Booking {
	h.t.Helper()
	b := h.draft(*pgtest.Resource(h.t, h.DB, h.app.ID, "Chair"), time.Date(2030, 6, 3, 9, 0, 0, 0, time.UTC))
	b.What = "Haircut of " + customer
	b.Customers = []booking.Customer{{ID: uuid.New(), Name: customer, Email: "c@example.com", Meta: json.RawMessage(`{}`)}}
	h.record(b)
	return b
}

// draft is an hour of a resource, not yet on record.
func (h *house) draft(resource catalogue.Resource, start time.Time) *booking.Booking {
	h.t.Helper()
	return pgtest.Booking(h.t, h.DB, &resource, "confirm_decline", start)
}

// record puts a booking on record.
func (h *house) record(b *booking.Booking) {
	h.t.Helper()
	pgtest.Record(h.t, h.DB, b)
}

// sql runs a statement behind the back of the service.
func (h *house) sql(statement string, args ...any) {
	h.t.Helper()
	conn, err := pgx.Connect(context.Background(), h.url)
	check(h.t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	_, err = conn.Exec(context.Background(), statement, args...)
	check(h.t, err)
}

func (h *house) sessions() (n int) {
	h.t.Helper()
	conn, err := pgx.Connect(context.Background(), h.url)
	check(h.t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	check(h.t, conn.QueryRow(context.Background(), `SELECT count(*) FROM portal_sessions`).Scan(&n))
	return n
}

// browser keeps cookies as one does, and says where its requests come from.
type browser struct {
	*house
	cookies map[string]*http.Cookie
	headers map[string]string
	address string
}

func (h *house) browser() *browser {
	return &browser{h, map[string]*http.Cookie{}, map[string]string{"Sec-Fetch-Site": "same-origin"}, "192.0.2.1:1234"}
}

type shown struct {
	*http.Response
	text string
}

func (b *browser) do(method, path string, form url.Values) shown {
	b.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.RemoteAddr = b.address
	for name, value := range b.headers {
		r.Header.Set(name, value)
	}
	for _, cookie := range b.cookies {
		r.AddCookie(cookie)
	}
	w := httptest.NewRecorder()
	b.server.ServeHTTP(w, r)
	answer := w.Result()
	for _, cookie := range answer.Cookies() {
		b.cookies[cookie.Name] = cookie
		if cookie.MaxAge < 0 {
			delete(b.cookies, cookie.Name)
		}
	}
	text, err := io.ReadAll(answer.Body)
	check(b.t, err)
	return shown{answer, string(text)}
}

func (b *browser) get(path string) shown { b.t.Helper(); return b.do(http.MethodGet, path, nil) }

// send posts a form with the token of its page.
func (b *browser) send(path string, fields ...string) shown {
	b.t.Helper()
	form := url.Values{"csrf": {b.token()}}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	return b.do(http.MethodPost, path, form)
}

var tokenField = regexp.MustCompile(`name="csrf" value="([^"]*)"`)

// token is what the forms of the session carry.
func (b *browser) token() string {
	b.t.Helper()
	found := tokenField.FindStringSubmatch(b.get("/portal/keys").text)
	if found == nil {
		b.t.Fatal("no form has a token")
	}
	return found[1]
}

func (b *browser) signIn(key string) shown {
	b.t.Helper()
	return b.do(http.MethodPost, "/portal/sign-in", url.Values{"key": {key}})
}

// member is a browser that has signed in.
func (h *house) member() *browser {
	h.t.Helper()
	b := h.browser()
	b.signIn(h.key).want(h.t, http.StatusSeeOther)
	return b
}

func (s shown) want(t *testing.T, status int) shown {
	t.Helper()
	if s.StatusCode != status {
		t.Fatalf("status %d, want %d: %s", s.StatusCode, status, s.text)
	}
	return s
}

func (s shown) says(t *testing.T, texts ...string) shown {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(s.text, text) {
			t.Errorf("the page does not say %q: %s", text, s.text)
		}
	}
	return s
}

func (s shown) leads(t *testing.T, to string) shown {
	t.Helper()
	if got := s.want(t, http.StatusSeeOther).Header.Get("Location"); got != to {
		t.Errorf("leads to %s, want %s", got, to)
	}
	return s
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
