package e2e_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"holdfast/deployments/local/stack"
	"holdfast/internal/app"
)

// racedStories are lived on the production binary, built with the race detector, beside the Temporal and the Postgres of the other
// tests: those in which many things happen at the same time. tenant sees to it.
var racedStories = []string{
	// crowds
	"TestTwoHundredForOneSlot", "TestManyActionsOnOneBooking", "TestAHundredForTenSeats", "TestManyPayForTheLastSeat", "TestManyUseOneHold",
	"TestAHoldBecomesABookingInOneStep", "TestManyReschedulesOfOneBooking", "TestBookingsThatSwapTheirTimes", "TestManyClicksActOnce",
	"TestALinkActsOnceHoweverOftenItsBookingMoves", "TestCrossingPairsThroughTheService",
	// links
	"TestOneClickLinks", "TestConfirmPageLinks", "TestLinksThatMustNotAct", "TestARefusedLinkIsGivenBack", "TestLinksWeMake",
	"TestLinksFollowABooking", "TestOneClickFollowsABooking", "TestLinksExplainWhereABookingWent",
	// webhooks
	"TestWebhooksArriveSigned", "TestFailedDeliveriesAreRetriedUnderTheSameID", "TestADeadEndpointDelaysNobody", "TestGoneDisables",
	"TestEventsOfOneBookingArriveInOrder", "TestGoneIsToldAndMended", "TestTheBreakerSparesTheDeadAndTheirBacklog",
	"TestFiveDaysOfFailingLoseNothing", "TestOrderIsAChoice", "TestADeliveryIsSentAgainByHand", "TestWhatFailedIsSentAnew",
	"TestATestArrivesWhateverTheStatus", "TestSlowReceiversDelayNoBooking",
}

// raced is the production binary, and the service that it runs.
var raced struct {
	sync.Mutex
	dir       string
	binary    string
	bundle    *bundle
	processes []*exec.Cmd
}

// productBinary builds the production binary with the race detector, once.
func productBinary(t testing.TB) string {
	t.Helper()
	raced.Lock()
	defer raced.Unlock()
	if raced.binary != "" {
		return raced.binary
	}
	dir := lasting(t, "holdfast-raced-")
	raced.dir = dir
	binary := filepath.Join(dir, "holdfast")
	build := exec.Command("go", "build", "-race", "-o", binary, "holdfast")
	build.Env = append(os.Environ(), "CGO_ENABLED=1")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	raced.binary = binary
	return binary
}

// startRaced returns the service that the production binary runs: API and worker, a process each.
func startRaced(t testing.TB) *bundle {
	t.Helper()
	binary, beside := productBinary(t), start(t)
	raced.Lock()
	defer raced.Unlock()
	if raced.bundle == nil {
		raced.bundle = launchRaced(t, binary, beside)
	}
	b := *raced.bundle
	return &b
}

func launchRaced(t testing.TB, binary string, beside *bundle) *bundle {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), beside.stack.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	if _, err := conn.Exec(t.Context(), "CREATE DATABASE raced"); err != nil {
		t.Fatal(err)
	}
	const queue, admin = "raced", "an-admin-key-for-the-race-detector"
	url := strings.Replace(beside.stack.DatabaseURL, "/"+conn.Config().Database+"?", "/raced?", 1)
	address := freeAddress(t)
	p := production{binary, []string{
		"PATH=" + os.Getenv("PATH"), "HOLDFAST_DATABASE_URL=" + url, "HOLDFAST_TEMPORAL_ADDRESS=" + beside.stack.TemporalAddress(),
		"HOLDFAST_TASK_QUEUE=" + queue, "HOLDFAST_HTTP_ADDR=" + address, "HOLDFAST_ADMIN_KEY=" + admin, "HOLDFAST_LOG_LEVEL=debug",
		"HOLDFAST_SECRET_KEY=" + strings.Repeat("cd", 32), "HOLDFAST_PUBLIC_URL=http://" + address, "HOLDFAST_RATE_LIMIT=0",
		"HOLDFAST_WEBHOOK_ALLOW_LOOPBACK=true", "HOLDFAST_WEBHOOK_ALLOW_HTTP=true", "HOLDFAST_BAD_KEY_LIMIT=0", "HOLDFAST_WIDGET_RATE_LIMIT=0",
		"GORACE=halt_on_error=0 exitcode=66", longestWait,
	}}
	migrate, log := p.command("migrate")
	if err := migrate.Run(); err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	log = &lockedBuffer{}
	for _, command := range []string{"api", "worker"} {
		cmd, _ := p.command(command)
		cmd.Stdout, cmd.Stderr = log, log
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		raced.processes = append(raced.processes, cmd)
	}
	settings := beside.stack.App.Config
	settings.TaskQueue = queue
	b := &bundle{
		stack: &stack.Stack{APIURL: "http://" + address, DatabaseURL: url, App: &app.App{Config: settings, Temporal: beside.stack.App.Temporal}},
		api:   "http://" + address, admin: admin, key: admin, log: log,
	}
	eventually(t, "an API that is ready: "+log.String(), func() bool {
		a, err := b.try(t.Context(), http.MethodGet, "/readyz", "")
		return err == nil && a.status == http.StatusOK
	})
	return b
}

// isRaced reports whether a test is one of the stories for the race detector.
func isRaced(t testing.TB) bool {
	t.Helper()
	root, _, _ := strings.Cut(t.Name(), "/")
	return slices.Contains(racedStories, root)
}

// stopRaced ends the processes and says what the race detector has found.
func stopRaced() error {
	defer func() { _ = os.RemoveAll(raced.dir) }()
	var failed error
	for _, cmd := range raced.processes {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := waitFor(cmd); err != nil {
			failed = fmt.Errorf("%v: %w", cmd.Args[1:], err)
		}
	}
	if raced.bundle == nil {
		return failed
	}
	_, report, found := strings.Cut(raced.bundle.log.String(), "WARNING: DATA RACE")
	if found {
		return fmt.Errorf("the race detector has found:%s", report[:min(len(report), 6000)])
	}
	return failed
}

// TestRacedStoriesExist: a story that was renamed would silently be told without the race detector.
func TestRacedStoriesExist(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	for _, name := range racedStories {
		_, body, found := strings.Cut(all.String(), "\nfunc "+name+"(t *testing.T) {")
		body, _, _ = strings.Cut(body, "\n}\n")
		if !found || !strings.Contains(body, "tenant(t, ") {
			t.Errorf("there is no %s that lives in an app of its own", name)
		}
	}
}
