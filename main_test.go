package main

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"go.yaml.in/yaml/v3"

	"holdfast/api"
	"holdfast/api/edge"
	"holdfast/internal/apps"
	"holdfast/internal/dispatch"
	"holdfast/internal/links"
	"holdfast/internal/metrics"
	"holdfast/internal/pgtest"
	"holdfast/internal/postgres"
	"holdfast/internal/tenant"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

func said(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := run(t.Context(), args, &out)
	return out.String(), err
}

// TestEveryCommandHasHelp asks in each way for help with each command that the usage names, and starts nothing.
func TestEveryCommandHasHelp(t *testing.T) {
	t.Parallel()
	for command, want := range about {
		if !strings.Contains(usage, "\n  "+command) {
			t.Errorf("the usage does not name %s", command)
		}
		for _, args := range [][]string{
			{command, "--help"}, {command, "-h"}, {command, "help"}, {"help", command}, {"--help", command}, {command, "x", "--help"},
		} {
			if got, err := said(t, args...); got != want || err != nil {
				t.Errorf("%v: %v, %q", args, err, got)
			}
		}
	}
	for _, args := range [][]string{nil, {"help"}, {"-h"}, {"--help"}, {"help", "me"}} {
		if got, err := said(t, args...); got != usage || err != nil {
			t.Errorf("%v: %v, %q", args, err, got)
		}
	}
}

func TestCommandsRefuse(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		`unknown command "serve"`: {"serve"}, `unknown command "-v"`: {"-v"}, `what is "--port=80"?`: {"api", "--port=80"},
		`what is "now"?`: {"migrate", "now"}, `what is "-v"?`: {"version", "-v"},
	} {
		if got, err := said(t, args...); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "usage: holdfast") || got != "" {
			t.Errorf("%v: %v, %q", args, err, got)
		}
	}
}

// graphFile writes a built-in graph into a file, with one text replaced.
func graphFile(t *testing.T, name, old, text string) string {
	t.Helper()
	whole, err := said(t, "graph", name)
	if err != nil || !strings.Contains(whole, old) {
		t.Fatalf("%v, %s", err, whole)
	}
	file := filepath.Join(t.TempDir(), "graph.json")
	if err := os.WriteFile(file, []byte(strings.Replace(whole, old, text, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestGraphs(t *testing.T) {
	t.Parallel()
	same, other := graphFile(t, "instant@2", "{", "{"), graphFile(t, "instant@2", `"PT1H"`, `"PT2H"`)
	for _, c := range []struct {
		args []string
		want string // the beginning
	}{
		{nil, "confirm_decline          version 1  "},
		{[]string{"instant@2"}, "{\n  \"name\": \"instant\",\n  \"version\": 2,"},
		{[]string{"instant", "mmd"}, "stateDiagram-v2"}, {[]string{"instant", "svg"}, "<svg "},
		{[]string{"check", same}, "instant version 2 is a valid graph\nsha256 "},
		{[]string{"draw", same}, "<svg "}, {[]string{"draw", same, "mmd"}, "stateDiagram-v2"}, {[]string{"draw", "instant@2", "svg"}, "<svg "},
		{[]string{"diff", "instant@2", other}, "state confirmed: timer complete: fires 2 hours after end (was: 1 hour after end)\n"},
		{[]string{"diff", "instant@1", "instant@2"}, "graph: is described as "},
	} {
		if got, err := said(t, append([]string{"graph"}, c.args...)...); err != nil || !strings.HasPrefix(got, c.want) {
			t.Errorf("%v: %.200q, %v", c.args, got, err)
		}
	}
	if got, err := said(t, "graph", "diff", same, "instant@2"); got != "" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	first, err := said(t, "graph", "check", same)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := said(t, "graph", "check", graphFile(t, "instant@2", `"version": 2,`, "")); err != nil || again != strings.Replace(first, "version 2", "version 1", 1) {
		t.Errorf("%q and %q, %v", first, again, err)
	}
}

func TestGraphsRefuse(t *testing.T) {
	t.Parallel()
	twice := graphFile(t, "instant@2", `"initial": "initialized"`, `"initial": "nowhere"`)
	misspelt := graphFile(t, "instant@2", `"holds"`, `"hold"`)
	for _, c := range []struct {
		args []string
		want []string
	}{
		{[]string{"check", twice}, []string{"initial: initial state \"nowhere\" does not exist\n", "states[0]: state initialized cannot be reached\n"}},
		{[]string{"check", graphFile(t, "instant@2", `"P30D"`, `"P401D"`)}, []string{"states[1].timers[0].max: must lie between PT0S and P400D"}},
		{[]string{"check", misspelt}, []string{"states[0].hold: is not known; did you mean holds?"}},
		{[]string{"draw", misspelt}, []string{"did you mean holds?"}}, {[]string{"diff", misspelt, "instant"}, []string{"did you mean holds?"}},
		{[]string{"diff", "instant", misspelt}, []string{"did you mean holds?"}}, {[]string{"check", "nowhere.json"}, []string{"nowhere.json"}},
		{[]string{"fly"}, []string{`there is no graph "fly"`, "usage: holdfast graph"}}, {[]string{"draw"}, []string{`there is no graph "draw"`}},
		{[]string{"instant", "png"}, []string{`not "png"`}}, {[]string{"draw", "instant", "json"}, []string{"a drawing is mmd or svg"}},
		{[]string{"instant", "svg", "large"}, []string{`so what is "large"?`}}, {[]string{"diff", "instant"}, []string{`there is no graph "diff"`}},
	} {
		got, err := said(t, append([]string{"graph"}, c.args...)...)
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) || got != "" {
				t.Errorf("%v: %v, %q, want %s", c.args, err, got, want)
			}
		}
	}
}

// runServer runs the API on a record of its own. It returns its address and the server key of an app.
func runServer(t *testing.T) (address, key string) {
	t.Helper()
	db, _ := pgtest.New(t)
	vault, err := links.NewVault(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	s := &api.Server{
		DB: db, Outcomes: postgres.NewOutcomes(db, log), Dispatch: &dispatch.Dispatcher{}, Vault: vault,
		Limits: edge.NewLimits(0, 0, 0), Metrics: metrics.New(), Log: log,
	}
	app := &tenant.App{ID: uuid.Must(uuid.NewV7()), Name: "Acme", Slug: "acme", Settings: tenant.NewAppSettings()}
	if key, err = apps.Create(t.Context(), db.Access, vault, app); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	return server.URL, key
}

// TestGraphsArePublished: the command prints the version that a graph is, and all faults of one that is none.
func TestGraphsArePublished(t *testing.T) {
	address, key := runServer(t)
	t.Setenv("HOLDFAST_API_KEY", key)
	t.Setenv("HOLDFAST_BASE_URL", address+"/")
	named := func(old, text string) string {
		file := graphFile(t, "instant@2", `"name": "instant"`, `"name": "viewing"`)
		whole, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(whole), old) {
			t.Fatal(old, err)
		}
		if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(whole), old, text)), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	first, second := named("PT1H", "PT2H"), named("PT1H", "PT3H")
	for _, c := range []struct{ file, want string }{{first, "viewing@1\n"}, {second, "viewing@2\n"}, {first, "viewing@1\n"}} {
		if got, err := said(t, "graph", "publish", c.file); got != c.want || err != nil {
			t.Errorf("%q, %v, want %q", got, err, c.want)
		}
	}
	t.Setenv("HOLDFAST_BASE_URL", "http://127.0.0.1:1")
	for _, args := range [][]string{{"--url", address, second}, {second, "--url=" + address}} {
		if got, err := said(t, append([]string{"graph", "publish"}, args...)...); got != "viewing@2\n" || err != nil {
			t.Errorf("%v: %q, %v", args, got, err)
		}
	}
	refuses := func(want string, args ...string) {
		t.Helper()
		got, err := said(t, append([]string{"graph", "publish"}, args...)...)
		if err == nil || !strings.Contains(err.Error(), want) || got != "" || strings.Contains(err.Error(), key) {
			t.Errorf("%v: %q, %v, want %s", args, got, err, want)
		}
	}
	at := "--url=" + address
	refuses("states[0].hold: is not known; did you mean holds?\nstates[1].hold: ", at, named(`"holds"`, `"hold"`))
	refuses(`initial: initial state "nowhere" does not exist`, at, named(`"initial": "initialized"`, `"initial": "nowhere"`))
	refuses("name: is that of a built-in graph", at, graphFile(t, "instant@2", "{", "{"))
	refuses("takes one file, not 2", at, first, second)
	refuses("flag provided but not defined: -key", "--key", key, first)
	refuses("nowhere.json", at, "nowhere.json")
	refuses("connection refused", first)
	moved := httptest.NewServer(http.RedirectHandler(address, http.StatusPermanentRedirect))
	t.Cleanup(moved.Close)
	refuses("the server answered 308", "--url", moved.URL, first)
	t.Setenv("HOLDFAST_API_KEY", "live_api_key_of_nobody")
	refuses("401", at, first)
	t.Setenv("HOLDFAST_API_KEY", "")
	refuses("HOLDFAST_API_KEY is missing", at, first)
}

func TestVersion(t *testing.T) {
	t.Parallel()
	got, err := said(t, "version")
	if err != nil || !strings.HasPrefix(got, "holdfast ") || !strings.HasSuffix(got, runtime.Version()+" "+runtime.GOOS+"/"+runtime.GOARCH+"\n") {
		t.Errorf("%q, %v", got, err)
	}
}

// TestComposeCommands runs each command of deployments/compose.yaml without a database: the program knows it, with these arguments, and
// gets as far as its settings, which it says are missing. Any other error, of an unknown command or of arguments, fails.
func TestComposeCommands(t *testing.T) {
	const required = "HOLDFAST_DATABASE_URL"
	t.Setenv(required, "") // as if it were not set
	text, err := os.ReadFile("deployments/compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var composition struct {
		Services map[string]struct {
			Build   any // set: the image is ours
			Command []string
		}
	}
	if err := yaml.Unmarshal(text, &composition); err != nil {
		t.Fatal(err)
	}
	var commands []string
	for name, service := range composition.Services {
		if service.Build == nil {
			continue
		}
		commands = append(commands, service.Command...)
		if _, err := said(t, service.Command...); err == nil || !strings.Contains(err.Error(), required+" is missing") {
			t.Errorf("%s: holdfast %s: %v", name, strings.Join(service.Command, " "), err)
		}
	}
	slices.Sort(commands)
	if want := []string{"api", "migrate", "worker"}; !slices.Equal(commands, want) {
		t.Errorf("compose runs %v, want %v", commands, want)
	}
}
