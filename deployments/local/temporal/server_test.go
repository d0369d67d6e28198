package temporal

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"holdfast/internal/pgserver"
)

const (
	helperDir = "HOLDFAST_TEST_TEMPORAL_DIR"
	taskQueue = "tests"
	goSignal  = "go"
)

// TestMain makes the test binary a program that starts a workflow and runs until it is killed, when the environment
// says so.
func TestMain(m *testing.M) {
	if dir := os.Getenv(helperDir); dir != "" {
		err := runUntilKilled(context.Background(), dir)
		fmt.Println("error", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func runUntilKilled(ctx context.Context, dir string) error {
	store, err := pgserver.Start(ctx, pgserver.Options{DataDir: dir})
	if err != nil {
		return err
	}
	server, err := Start(ctx, Options{PostgresURL: store.URL})
	if err != nil {
		return err
	}
	c, err := client.Dial(client.Options{HostPort: server.Address(), Namespace: server.Namespace(), Logger: quietSDK{}})
	if err != nil {
		return err
	}
	run, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: "greeting", TaskQueue: taskQueue}, greet)
	if err != nil {
		return err
	}
	if err := c.SignalWorkflow(ctx, "greeting", "", goSignal, "world"); err != nil {
		return err
	}
	fmt.Println("ready", run.GetRunID())
	select {}
}

// greet waits for a name and has an activity make a greeting of it.
func greet(ctx workflow.Context) (string, error) {
	var name, greeting string
	workflow.GetSignalChannel(ctx, goSignal).Receive(ctx, &name)
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: 10 * time.Second})
	err := workflow.ExecuteActivity(ctx, say, name).Get(ctx, &greeting)
	return greeting, err
}

func say(ctx context.Context, name string) (string, error) {
	return "hello " + name + " from " + activity.GetInfo(ctx).ActivityType.Name, nil
}

// setup runs a server for the time of the test. Without a log in the options, the test fails when the server has
// anything to complain about.
func setup(t testing.TB, o Options) (*Server, client.Client) {
	t.Helper()
	began := time.Now()
	if o.Log == nil {
		o.Log = slog.New(complaints{slog.NewTextHandler(t.Output(), nil), t})
	}
	server, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("Temporal was ready after %v", time.Since(began))
	t.Cleanup(func() {
		if err := server.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	c, err := client.Dial(client.Options{HostPort: server.Address(), Namespace: server.Namespace(), Logger: quietSDK{}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return server, c
}

// complaints fails a test for every record.
type complaints struct {
	slog.Handler
	t testing.TB
}

func (c complaints) Handle(ctx context.Context, record slog.Record) error {
	c.t.Errorf("the server complains: %s", record.Message)
	return c.Handler.Handle(ctx, record)
}

func startPostgres(t testing.TB, dir string) *pgserver.Server {
	t.Helper()
	server, err := pgserver.Start(t.Context(), pgserver.Options{DataDir: dir, FastUnsafe: true, Log: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return server
}

func work(t testing.TB, c client.Client) {
	t.Helper()
	w := worker.New(c, taskQueue, worker.Options{})
	w.RegisterWorkflow(greet)
	w.RegisterActivity(say)
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Stop)
}

func TestInMemory(t *testing.T) {
	t.Parallel()
	var server *Server
	var c client.Client
	t.Cleanup(func() { // after all that follows has been stopped
		for _, address := range []string{server.Address(), strings.TrimPrefix(server.UIURL(), "http://")} {
			if _, err := resolve(address); err != nil {
				t.Errorf("somebody still listens: %v", err)
			}
		}
	})
	server, c = setup(t, Options{InMemory: true, UIAddr: "127.0.0.1:0", Namespace: "elsewhere", Retention: time.Second})
	work(t, c)

	run, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{TaskQueue: taskQueue}, greet)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.SignalWorkflow(t.Context(), run.GetID(), "", goSignal, "world"); err != nil {
		t.Fatal(err)
	}
	var greeting string
	if err := run.Get(t.Context(), &greeting); err != nil || greeting != "hello world from say" {
		t.Errorf("got %q, %v", greeting, err)
	}
	for path, want := range map[string]string{"/": "<html", "/api/v1/namespaces": `"elsewhere"`} {
		if body := get(t, server.UIURL()+path); !strings.Contains(body, want) {
			t.Errorf("%s lacks %s:\n%.500s", path, want, body)
		}
	}
}

func get(t testing.TB, url string) string {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", url, response.Status, err)
	}
	return string(body)
}

func TestSurvivesKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	runID := killedAfterStarting(t, dir)

	store := startPostgres(t, dir)
	server, c := setup(t, Options{PostgresURL: store.URL, Retention: time.Hour})
	work(t, c)
	run := c.GetWorkflow(t.Context(), "greeting", "")
	var greeting string
	if err := run.Get(t.Context(), &greeting); err != nil || greeting != "hello world from say" {
		t.Errorf("got %q, %v", greeting, err)
	}
	if run.GetRunID() != runID {
		t.Errorf("run %s, was %s", run.GetRunID(), runID)
	}
	if server.UIURL() != "" {
		t.Errorf("an UI at %s, which nobody asked for", server.UIURL())
	}
}

// killedAfterStarting runs both servers and starts a workflow in another process, kills that, and returns the run id.
func killedAfterStarting(t testing.TB, dir string) string {
	t.Helper()
	helper := exec.CommandContext(t.Context(), os.Args[0])
	helper.Env = append(os.Environ(), helperDir+"="+dir)
	helper.Stderr = t.Output()
	out, err := helper.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := helper.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	runID, ready := strings.CutPrefix(strings.TrimSpace(line), "ready ")
	if err != nil || !ready {
		t.Fatalf("the helper said %q (%v)", line, err)
	}
	if err := helper.Process.Kill(); err != nil { // SIGKILL
		t.Fatal(err)
	}
	_ = helper.Wait()
	return runID
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() })

	nowhere := func(string) string { return "postgres://u:p@" + taken.Addr().String() + "/x?connect_timeout=1" }
	cases := map[string]struct {
		options Options
		say     string
	}{
		"no store":         {Options{}, "Options.PostgresURL"},
		"no such store":    {Options{PostgresURL: nowhere}, "database temporal"},
		"taken address":    {Options{InMemory: true, FrontendAddr: taken.Addr().String()}, "address already in use"},
		"taken UI address": {Options{InMemory: true, UIAddr: taken.Addr().String()}, "address already in use"},
		"no host":          {Options{InMemory: true, FrontendAddr: ":7233"}, "host is missing"},
		"wrong retention":  {Options{InMemory: true, Retention: -time.Hour}, "retention"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Start(t.Context(), c.options)
			if err == nil || !strings.Contains(err.Error(), c.say) {
				t.Errorf("got %v", err)
			}
		})
	}
}
