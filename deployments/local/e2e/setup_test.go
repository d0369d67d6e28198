package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/deployments/local/stack"
	"holdfast/internal/await"
	"holdfast/internal/config"
)

// childEnv makes this test binary a local run of its own, for tests that kill it.
const childEnv = "HOLDFAST_TEST_CHILD"

// longestWait lets requests wait for their outcome as long as one can: on a busy machine more than the usual ten seconds pass before a 201.
const longestWait = "HOLDFAST_WAIT=25s"

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		os.Exit(child())
	}
	code := m.Run()
	_ = os.RemoveAll(cluster.dir)
	if err := stopRaced(); err != nil {
		fmt.Fprintln(os.Stderr, "the production binary:", err)
		code = max(code, 1)
	}
	if shared.bundle != nil {
		if err := shared.bundle.stack.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "stop:", err)
			code = max(code, 1)
		}
		_ = os.RemoveAll(shared.bundle.dir)
	}
	os.Exit(code)
}

func child() int {
	options, err := stack.FromEnvironment()
	if err == nil {
		options.Config.SweepEvery = 2 * time.Second
		var s *stack.Stack
		if s, err = stack.Start(context.Background(), options, slog.New(slog.NewTextHandler(os.Stderr, nil))); err == nil {
			err = s.Wait(context.Background())
		}
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// bundle is a running service and an app on it.
type bundle struct {
	stack *stack.Stack
	api   string
	admin string
	key   string // server key of the app
	dir   string
	log   *lockedBuffer
}

var shared struct {
	sync.Mutex
	bundle *bundle
}

// start returns the service that all tests of this process share, as the demo app sees it.
func start(t testing.TB) *bundle {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.bundle == nil {
		shared.bundle = launch(t, lasting(t, "holdfast-e2e-"))
	}
	b := *shared.bundle
	return &b
}

// lasting makes a folder that outlives the test. TestMain removes it.
func lasting(t testing.TB, prefix string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", prefix) //nolint:usetesting // that one is removed after the test
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// startOwn returns a service of the test's own.
func startOwn(t testing.TB, settings ...string) *bundle {
	t.Helper()
	b := launch(t, t.TempDir(), settings...)
	t.Cleanup(func() {
		if err := b.stack.Stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return b
}

func launch(t testing.TB, dir string, settings ...string) *bundle {
	t.Helper()
	log := &lockedBuffer{}
	options := stack.Options{DataDir: dir, UIAddr: "127.0.0.1:0", PayAddr: "127.0.0.1:0", Postgres: true, Temporal: true, InMemory: true}
	var err error
	settings = append([]string{longestWait, "HOLDFAST_BAD_KEY_LIMIT=0", "HOLDFAST_WIDGET_RATE_LIMIT=0", "HOLDFAST_MAIL_DELAY=1s"}, settings...) // all tests come from one address
	settings = append(settings, "HOLDFAST_HTTP_ADDR=127.0.0.1:0", "HOLDFAST_LOG_LEVEL=debug")
	for _, one := range settings {
		if at, ok := strings.CutPrefix(one, "HOLDFAST_MAILBOX_ADDR="); ok {
			options.MailAddr = at
		}
	}
	if options.Config, err = config.Read(settings); err != nil {
		t.Fatal(err)
	}
	if err := options.Prepare(); err != nil {
		t.Fatal(err)
	}
	copyCluster(t, dir)
	logger := slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s, err := stack.Start(context.Background(), options, logger)
	if err != nil {
		t.Fatal(err)
	}
	return &bundle{stack: s, api: s.APIURL, admin: string(s.AdminKey()), key: s.Demo.APIKey, dir: dir, log: log}
}

type lockedBuffer struct {
	sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.Lock()
	defer b.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.Lock()
	defer b.Unlock()
	return b.text.String()
}

// tenant makes an app of the test's own on the shared service.
func tenant(t testing.TB, settings string) *bundle {
	t.Helper()
	if isRaced(t) {
		return startRaced(t).tenant(t, settings)
	}
	return start(t).tenant(t, settings)
}

// tenant makes an app on the service of a bundle, whose key becomes the bundle's.
func (b *bundle) tenant(t testing.TB, settings string) *bundle {
	t.Helper()
	slug := strings.ToLower(strings.NewReplacer("/", "-", "_", "-").Replace(t.Name()))
	slug = slug[:min(len(slug), 40)] + fmt.Sprint(time.Now().UnixNano()%1_000_000)
	admin := *b
	admin.key = b.admin
	made := admin.post(t, "/v2/apps", fmt.Sprintf(`{"name":"Barber & Co","slug":%q,"settings":%s}`, slug, settings))
	made.want(t, http.StatusCreated)
	b.key = made.str("data.api_key")
	return b
}

// answer is an HTTP answer, read.
type answer struct {
	status int
	header http.Header
	body   string
}

// call makes a request with the app's key, patiently. Headers come in pairs.
func (b *bundle) call(t testing.TB, method, path, body string, headers ...string) answer {
	t.Helper()
	a, err := b.patiently(t.Context(), method, path, body, headers...)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// patiently is try, and comes again when the service is overloaded by other tests.
func (b *bundle) patiently(ctx context.Context, method, path, body string, headers ...string) (answer, error) {
	for {
		a, err := b.try(ctx, method, path, body, headers...)
		if err != nil || a.status != http.StatusServiceUnavailable || !strings.Contains(a.body, "overloaded") { // in JSON, or on a page
			return a, err
		}
		seconds, err := strconv.Atoi(a.header.Get("Retry-After"))
		if err != nil {
			return a, fmt.Errorf("overloaded without Retry-After: %v", a.header)
		}
		select {
		case <-time.After(time.Duration(seconds) * time.Second):
		case <-ctx.Done():
			return a, ctx.Err()
		}
	}
}

// once makes a request with the app's key.
func (b *bundle) once(t testing.TB, method, path, body string, headers ...string) answer {
	t.Helper()
	a, err := b.try(t.Context(), method, path, body, headers...)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

var noRedirects = &http.Client{
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	Transport:     &http.Transport{MaxIdleConnsPerHost: 256},
	Timeout:       3 * time.Minute,
}

func (b *bundle) try(ctx context.Context, method, path, body string, headers ...string) (answer, error) {
	url := path
	if strings.HasPrefix(path, "/") {
		url = b.api + path
	}
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	if b.key != "" {
		req.SetBasicAuth("", b.key)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := noRedirects.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, string(text)}, err
}

func (b *bundle) get(t testing.TB, path string, headers ...string) answer {
	t.Helper()
	return b.call(t, http.MethodGet, path, "", headers...)
}

func (b *bundle) post(t testing.TB, path, body string, headers ...string) answer {
	t.Helper()
	return b.call(t, http.MethodPost, path, body, headers...)
}

func (b *bundle) put(t testing.TB, path, body string, headers ...string) answer {
	t.Helper()
	return b.call(t, http.MethodPut, path, body, headers...)
}

// want fails the test when the status is another.
func (a answer) want(t testing.TB, status int) answer {
	t.Helper()
	if a.status != status {
		t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	return a
}

// refused fails the test when the answer is not this refusal.
func (a answer) refused(t testing.TB, status int, code string) answer {
	t.Helper()
	a.want(t, status)
	if got := a.str("code"); got != code {
		t.Fatalf("code %q, want %q: %s", got, code, a.body)
	}
	return a
}

// at finds a value by its path, such as data.customers.0.name; nil when there is none.
func (a answer) at(path string) any {
	var value any
	if json.Unmarshal([]byte(a.body), &value) != nil {
		return nil
	}
	for step := range strings.SplitSeq(path, ".") {
		switch v := value.(type) {
		case map[string]any:
			value = v[step]
		case []any:
			var i int
			if _, err := fmt.Sscan(step, &i); err != nil || i >= len(v) {
				return nil
			}
			value = v[i]
		default:
			return nil
		}
	}
	return value
}

func (a answer) str(path string) string {
	if value := a.at(path); value != nil {
		return fmt.Sprint(value)
	}
	return ""
}

// resource makes a resource and returns its id.
func (b *bundle) resource(t testing.TB) string {
	t.Helper()
	return b.post(t, "/v2/resources", `{"name":"Chair one","timezone":"Europe/Berlin"}`).want(t, http.StatusCreated).str("data.id")
}

// request is the body of a booking of one hour, so many hours into the first of December 2030.
func request(resource, graph string, hour int, more ...string) string {
	start := time.Date(2030, 12, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(hour) * time.Hour)
	said := strings.Join(more, "")
	for _, usual := range []string{`"what":"Haircut"`, `"customer":{"name":"Marty McFly","email":"marty@example.com"}`} {
		if name, _, _ := strings.Cut(usual, ":"); !strings.Contains(said, name+":") {
			said += "," + usual
		}
	}
	return fmt.Sprintf(`{"resource_id":%q,"graph":%q,"start":%q,"end":%q%s}`,
		resource, graph, start.Format(time.RFC3339), start.Add(time.Hour).Format(time.RFC3339), said)
}

// book makes a booking and returns its id.
func (b *bundle) book(t testing.TB, resource, graph string, hour int, more ...string) string {
	t.Helper()
	return b.post(t, "/v2/bookings", request(resource, graph, hour, more...)).want(t, http.StatusCreated).str("data.id")
}

func (b *bundle) state(t testing.TB, id string) string {
	t.Helper()
	return b.get(t, "/v2/bookings/"+id).want(t, http.StatusOK).str("data.state")
}

// eventually waits until a condition holds. Each look asks the service, so there are fewer of them than in tests of its parts. It waits for
// so long because nothing here may depend on how fast the machine is.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	await.Within(t, 5*time.Minute, 50*time.Millisecond, what, holds)
}

func mustUUID(t testing.TB, text string) uuid.UUID {
	t.Helper()
	id, err := uuid.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return id
}
