package e2e_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// production is the production binary with its settings: an outside Postgres and an outside Temporal.
type production struct {
	binary string
	env    []string
}

func (p production) command(args ...string) (*exec.Cmd, *lockedBuffer) {
	cmd := exec.Command(p.binary, args...)
	cmd.Env = p.env
	log := &lockedBuffer{}
	cmd.Stdout, cmd.Stderr = log, log
	return cmd, log
}

// TestProductionBinary runs migrate, api and worker as an operator would, each a process of its own.
func TestProductionBinary(t *testing.T) {
	t.Parallel()
	shared := start(t)
	binary := productBinary(t)
	shared.sql(t, "CREATE DATABASE production")
	database, err := pgx.ParseConfig(shared.stack.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	url := strings.Replace(shared.stack.DatabaseURL, "/"+database.Database+"?", "/production?", 1)
	address := freeAddress(t)
	p := production{binary, []string{
		"PATH=" + os.Getenv("PATH"), "HOLDFAST_DATABASE_URL=" + url, "HOLDFAST_TEMPORAL_ADDRESS=" + shared.stack.TemporalAddress(),
		"HOLDFAST_TASK_QUEUE=production", "HOLDFAST_HTTP_ADDR=" + address, "HOLDFAST_ADMIN_KEY=an-admin-key-for-the-test",
		"HOLDFAST_SECRET_KEY=" + strings.Repeat("ab", 32), "HOLDFAST_PUBLIC_URL=https://book.example.com", longestWait,
	}}
	early, log := p.command("api")
	if err := early.Run(); err == nil || !strings.Contains(log.String(), "holdfast migrate") {
		t.Fatalf("api must refuse a database that lacks migrations: %v\n%s", err, log)
	}
	bare, log := production{binary, []string{"HOLDFAST_SECRET_KEY=short", "HOLDFAST_TYPO=1"}}.command("worker")
	if err := bare.Run(); err == nil || !strings.Contains(log.String(), "HOLDFAST_TYPO") {
		t.Fatalf("a misspelt setting must stop the start: %v\n%s", err, log)
	}
	migrate, log := p.command("migrate")
	if err := migrate.Run(); err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	for command, settings := range map[string]string{"api": "TEMPORAL_NAMESPACE=prodd", "worker": "TEMPORAL_NAMESPACE=prodd"} {
		p.refuses(t, command, `no namespace "prodd"`, "HOLDFAST_"+settings)
	}
	api, apiLog := p.command("api")
	worker, workerLog := p.command("worker")
	for _, cmd := range []*exec.Cmd{api, worker} {
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	}
	b := &bundle{api: "http://" + address, key: "an-admin-key-for-the-test"}
	eventually(t, "an API that is ready", func() bool {
		a, err := b.try(t.Context(), http.MethodGet, "/readyz", "")
		return err == nil && a.status == http.StatusOK
	})
	for _, command := range []string{"api", "worker"} {
		p.refuses(t, command, "HOLDFAST_SECRET_KEY is not the key that this database was set up with", "HOLDFAST_SECRET_KEY="+strings.Repeat("cd", 32))
	}
	b.key = b.post(t, "/v2/apps", `{"name":"Clinic","slug":"clinic"}`).want(t, http.StatusCreated).str("data.api_key")
	if !strings.HasPrefix(b.key, "live_api_key_") {
		t.Errorf("key %q", b.key)
	}
	resource := b.resource(t)
	made := b.post(t, "/v2/bookings?include=customer_action_links", request(resource, "instant", 9), "Prefer", "wait=25").want(t, http.StatusCreated)
	if link := made.str("data.customer_action_links.cancel_by_customer"); !strings.HasPrefix(link, "https://book.example.com/v2/bookings/") {
		t.Error(link)
	}
	for _, target := range []string{"http://127.0.0.1:9/", "http://example.com/", "https://localhost/"} {
		b.post(t, "/v2/webhooks", `{"url":"`+target+`"}`).refused(t, http.StatusUnprocessableEntity, "invalid")
	}
	for cmd, log := range map[*exec.Cmd]*lockedBuffer{api: apiLog, worker: workerLog} {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if err := waitFor(cmd); err != nil {
			t.Errorf("%v did not stop well: %v\n%s", cmd.Args, err, log)
		}
		for _, secret := range []string{strings.Repeat("ab", 32), "an-admin-key-for-the-test", database.Password} {
			if strings.Contains(log.String(), secret) {
				t.Errorf("%v logs a secret", cmd.Args)
			}
		}
	}
}

// refuses starts a command with a setting that is wrong: it ends by itself, and says why.
func (p production) refuses(t *testing.T, command, why, setting string) {
	t.Helper()
	wrong := production{p.binary, append(append([]string{}, p.env...), "HOLDFAST_HTTP_ADDR="+freeAddress(t), setting)}
	cmd, log := wrong.command(command)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := waitFor(cmd); err == nil || !strings.Contains(log.String(), why) {
		t.Errorf("%s with %s: %v\n%s", command, setting, err, log)
	}
}

// TestProductionWithoutTemporal starts an API where nothing answers for Temporal: it is ready, accepts, and shows its metrics
// on an address of their own. Once Temporal answers, it connects without being started again.
func TestProductionWithoutTemporal(t *testing.T) {
	t.Parallel()
	shared := start(t)
	binary := productBinary(t)
	shared.sql(t, "CREATE DATABASE without_temporal")
	database, err := pgx.ParseConfig(shared.stack.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	url := strings.Replace(shared.stack.DatabaseURL, "/"+database.Database+"?", "/without_temporal?", 1)
	address, metrics, temporal := freeAddress(t), freeAddress(t), freeAddress(t)
	p := production{binary, []string{
		"PATH=" + os.Getenv("PATH"), "HOLDFAST_DATABASE_URL=" + url, "HOLDFAST_TEMPORAL_ADDRESS=" + temporal,
		"HOLDFAST_TASK_QUEUE=without-temporal", "HOLDFAST_HTTP_ADDR=" + address, "HOLDFAST_METRICS_ADDR=" + metrics,
		"HOLDFAST_ADMIN_KEY=an-admin-key-for-the-test", "HOLDFAST_SECRET_KEY=" + strings.Repeat("ab", 32),
	}}
	migrate, log := p.command("migrate")
	if err := migrate.Run(); err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	api, _ := p.command("api")
	if err := api.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = api.Process.Kill(); _ = api.Wait() })
	b := &bundle{api: "http://" + address, key: "an-admin-key-for-the-test"}
	temporalIs := func(state string) func() bool {
		return func() bool {
			a, err := b.try(t.Context(), http.MethodGet, "/readyz", "")
			return err == nil && a.status == http.StatusOK && a.str("temporal") == state
		}
	}
	eventually(t, "an API that is ready without Temporal", temporalIs("unreachable"))
	b.key = b.post(t, "/v2/apps", `{"name":"Clinic","slug":"clinic"}`).want(t, http.StatusCreated).str("data.api_key")
	b.post(t, "/v2/bookings", request(b.resource(t), "instant", 9), "Prefer", "wait=1").want(t, http.StatusAccepted)
	open := &bundle{api: "http://" + metrics}
	if text := open.get(t, "/metrics").want(t, http.StatusOK).body; !strings.Contains(text, "holdfast_outcomes_listening 1") {
		t.Errorf("the metrics' own address shows\n%s", text)
	}
	listener, err := net.Listen("tcp", temporal)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go passOn(listener, shared.stack.TemporalAddress())
	eventually(t, "an API that has found Temporal", temporalIs("ok"))
}

// passOn hands every connection of a listener to another address, until the listener is closed.
func passOn(listener net.Listener, to string) {
	for {
		in, err := listener.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", to)
		if err != nil {
			_ = in.Close()
			continue
		}
		go func() { _, _ = io.Copy(out, in); _ = out.Close() }()
		go func() { _, _ = io.Copy(in, out); _ = in.Close() }()
	}
}

func waitFor(cmd *exec.Cmd) error {
	ctx, cancel := context.WithTimeout(context.Background(), 40*time.Second)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })
	defer stop()
	return cmd.Wait()
}

func freeAddress(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}
