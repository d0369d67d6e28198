package pgserver

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"holdfast/internal/ports"
)

const helperDir = "HOLDFAST_TEST_POSTGRES_DIR"

// TestMain makes the test binary a program that runs a server until it is killed, when the environment says so.
func TestMain(m *testing.M) {
	if dir := os.Getenv(helperDir); dir != "" {
		runUntilKilled(dir)
	}
	os.Exit(m.Run())
}

func runUntilKilled(dir string) {
	server, err := Start(context.Background(), Options{DataDir: dir})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	fmt.Println("ready", server.PID(), server.URL("postgres"))
	select {}
}

// start runs a server for the time of the test.
func start(t testing.TB, o Options) *Server {
	t.Helper()
	o.FastUnsafe, o.Log = true, t.Output()
	server, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, server) })
	return server
}

func stop(t testing.TB, server *Server) {
	t.Helper()
	if err := server.Stop(context.Background()); err != nil {
		t.Error(err)
	}
}

// run executes statements and returns the single text that the last one answers, "" when it answers nothing.
func run(t testing.TB, url string, statements ...string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	var answer string
	for _, statement := range statements {
		err := conn.QueryRow(t.Context(), statement).Scan(&answer)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	return answer
}

func TestKeepsDataAndPortAcrossRestarts(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "not", "there", "yet")

	first := start(t, Options{DataDir: dir})
	for range 2 { // the second time there is nothing to do
		if err := first.CreateDatabase(t.Context(), `odd "name`); err != nil {
			t.Fatal(err)
		}
	}
	if err := first.CreateDatabase(t.Context(), "app"); err != nil {
		t.Fatal(err)
	}
	run(t, first.URL("app"), "CREATE TABLE kept (word text)", "INSERT INTO kept VALUES ('hello')")
	stop(t, first)
	if err := syscall.Kill(first.PID(), 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("process %d after Stop: %v", first.PID(), err)
	}

	second := start(t, Options{DataDir: dir})
	if got := run(t, second.URL("app"), "SELECT word FROM kept"); got != "hello" {
		t.Errorf("kept %q", got)
	}
	if first.URL("app") != second.URL("app") {
		t.Errorf("the address changed from %s to %s", first.URL("app"), second.URL("app"))
	}
	stop(t, second)
	stop(t, second) // harmless
}

// Root's checkouts often lie in a home that only root may enter, where another user's server must work all the same.
// The temporary folder of a test is such a folder.
func TestRunsInOpenAndClosedFolders(t *testing.T) {
	t.Parallel()
	for name, mode := range map[string]os.FileMode{"open": 0o755, "closed": 0o700} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			above, err := os.MkdirTemp("", "holdfast-") //nolint:usetesting // t.TempDir lies in a closed folder itself
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.RemoveAll(above) })
			if err := os.Chmod(above, mode); err != nil {
				t.Fatal(err)
			}
			server := start(t, Options{DataDir: filepath.Join(above, "data")})
			if got := run(t, server.URL("postgres"), "SELECT lower('ÄÉΣ')"); got != "äéσ" {
				t.Errorf("lower case of letters beyond ASCII: %q", got)
			}
			stop(t, server)
		})
	}
}

// startParent runs this test binary as a program that has a server on a folder, and returns it with the server's process
// id and address.
func startParent(t *testing.T, dir string) (parent *exec.Cmd, pid, url string) {
	t.Helper()
	parent = exec.CommandContext(t.Context(), os.Args[0])
	parent.Env = append(os.Environ(), helperDir+"="+dir)
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	words := strings.Fields(line)
	if err != nil || len(words) != 3 || words[0] != "ready" {
		t.Fatalf("the helper said %q (%v)", line, err)
	}
	return parent, words[1], words[2]
}

// TestWaitEnded removes the folder of a killed process as soon as its server has ended: nothing writes into it any more.
func TestWaitEnded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	parent, _, url := startParent(t, dir)
	run(t, url, "CREATE TABLE much AS SELECT repeat('x', 100) FROM generate_series(1, 100000)")
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	if err := WaitEnded(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "cluster", "postmaster.pid")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the server has not ended: %v", err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Error(err)
	}
	if err := WaitEnded(t.Context(), dir); err != nil {
		t.Errorf("no folder, no server: %v", err)
	}
}

func TestParentKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	parent, pid, url := startParent(t, dir)
	run(t, url, "CREATE TABLE kept (word text)", "INSERT INTO kept VALUES ('hello')")

	if err := parent.Process.Kill(); err != nil { // SIGKILL
		t.Fatal(err)
	}
	_ = parent.Wait()
	server := start(t, Options{DataDir: dir}) // at once: the old server may still be ending
	if strconv.Itoa(server.PID()) == pid {
		t.Error("the server is still that of the killed process")
	}
	if got := run(t, server.URL("postgres"), "SELECT word FROM kept"); got != "hello" {
		t.Errorf("kept %q", got)
	}
	if err := (&home{dir: dir}).settle(t.Context()); err != nil { // as on systems where a server outlives its parent
		t.Fatal(err)
	}
	<-server.Done()
}

// What an end that nobody planned leaves behind does not stop the next start.
func TestRecovers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	leftByFirstStart := filepath.Join(dir, "cluster.new", "data", "base")
	if err := os.MkdirAll(leftByFirstStart, 0o700); err != nil {
		t.Fatal(err)
	}
	server := start(t, Options{DataDir: dir})
	run(t, server.URL("postgres"), "CREATE TABLE kept (word text)", "INSERT INTO kept VALUES ('hello')")
	if err := syscall.Kill(server.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-server.Done()

	server = start(t, Options{DataDir: dir})
	if got := run(t, server.URL("postgres"), "SELECT word FROM kept"); got != "hello" {
		t.Errorf("kept %q", got)
	}
	stop(t, server)

	other := leaveProcessID(t, filepath.Join(dir, "cluster"))
	server = start(t, Options{DataDir: dir})
	if err := other.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("the other program did not survive: %v", err)
	}
	stop(t, server)

	if err := os.Remove(filepath.Join(dir, "cluster", "global", "pg_control")); err != nil {
		t.Fatal(err)
	}
	_, err := Start(t.Context(), Options{DataDir: dir})
	if err == nil || !strings.Contains(err.Error(), "pg_control") { // from the server's log
		t.Errorf("started without a control file: got %v", err)
	}
}

// leaveProcessID makes it look as if another program were the server: after a restart of the machine the number in
// postmaster.pid may be that of a program of the same user, which PostgreSQL would believe to be itself.
func leaveProcessID(t testing.TB, cluster string) *os.Process {
	t.Helper()
	as, err := accountFor(cluster)
	if err != nil {
		t.Fatal(err)
	}
	other := exec.CommandContext(t.Context(), "tail", "-f", "/dev/null")
	other.Dir, other.SysProcAttr = "/", &syscall.SysProcAttr{Credential: as.credential}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Wait() })
	file := filepath.Join(cluster, "postmaster.pid")
	err = os.WriteFile(file, fmt.Appendf(nil, "%d\n", other.Process.Pid), 0o600)
	if err := errors.Join(err, as.own(file)); err != nil {
		t.Fatal(err)
	}
	return other.Process
}

func TestKeepsOthersOut(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	port, err := ports.Free(host)
	if err != nil {
		t.Fatal(err)
	}
	server := start(t, Options{DataDir: dir, Port: port})
	if want := fmt.Sprintf("@127.0.0.1:%d/app?", port); !strings.Contains(server.URL("app"), want) {
		t.Errorf("%s lacks %s", server.URL("app"), want)
	}
	wrong := strings.Replace(server.URL("postgres"), server.password, "guess", 1)
	if _, err := pgx.Connect(t.Context(), wrong); !hasCode(err, "28P01") {
		t.Errorf("wrong password: got %v", err)
	}
	if info, err := os.Stat(filepath.Join(dir, "password")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("password file: got %v, %v", info.Mode(), err)
	}
	soon, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = Start(soon, Options{DataDir: dir})
	if err == nil || !strings.Contains(err.Error(), "another process uses the data folder "+dir) {
		t.Errorf("second process: got %v", err)
	}
	_, err = Start(t.Context(), Options{DataDir: t.TempDir(), Port: port})
	if err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("taken port: got %v", err)
	}
	if err := check(t, server.URL("postgres"), "no_such"); !errors.Is(err, errNoContrib) {
		t.Errorf("missing extension: got %v", err)
	}
}

func check(t testing.TB, url, extension string) error {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	return requireExtension(t.Context(), conn, extension)
}
