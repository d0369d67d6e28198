// Package pgtest hands out real databases to tests: one private server per test process, one migrated template, one
// clone per test.
package pgtest

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"holdfast/internal/pgserver"
	"holdfast/internal/postgres"
)

var (
	shared struct {
		sync.Mutex
		server *pgserver.Server
		dir    string
	}
	filled struct {
		sync.Mutex
		names map[string]string // of databases, by the statements that have filled them
	}
	clones atomic.Int64
)

const (
	template = "holdfast_template"
	prefix   = "holdfast-pgtest-"
)

// Run is for TestMain: it runs the tests and stops the server they shared.
func Run(m *testing.M) int {
	defer stop()
	return m.Run()
}

func stop() {
	shared.Lock()
	defer shared.Unlock()
	if cloning.conn != nil {
		_ = cloning.conn.Close(context.Background())
	}
	if shared.server != nil {
		_ = shared.server.Stop(context.Background())
		_ = os.RemoveAll(shared.dir)
	}
}

// New returns a migrated, empty database of the test's own, which is dropped after it, and its URL.
func New(t testing.TB) (*postgres.DB, string) {
	t.Helper()
	url := Clone(t)
	db, err := postgres.Open(t.Context(), url, 20)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db, url
}

// Clone makes a migrated database without connecting to it and returns its URL.
func Clone(t testing.TB) string {
	t.Helper()
	return clone(t, start(t), template)
}

// Filled is Clone of a database that statements have filled. They run once for all tests of the process that say the same.
func Filled(t testing.TB, statements string) string {
	t.Helper()
	server := start(t)
	return clone(t, server, filledBy(t, server, statements))
}

// filledBy is the name of the database that statements have filled. Tests that ask for one meanwhile wait; others go on.
func filledBy(t testing.TB, server *pgserver.Server, statements string) string {
	t.Helper()
	filled.Lock()
	defer filled.Unlock()
	if name, known := filled.names[statements]; known {
		return name
	}
	name := fmt.Sprintf("holdfast_filled_%d", len(filled.names)+1)
	command(t, server, "CREATE DATABASE "+name+" TEMPLATE "+template)
	if err := fill(server.URL(name), statements); err != nil {
		command(t, server, "DROP DATABASE "+name+" WITH (FORCE)")
		t.Fatal(err)
	}
	if filled.names == nil {
		filled.names = map[string]string{}
	}
	filled.names[statements] = name
	return name
}

// fill closes its connection: a database that is copied has none.
func fill(url, statements string) error {
	conn, err := pgx.Connect(context.Background(), url)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.Background()) }()
	for _, q := range []string{"BEGIN; " + statements + "; COMMIT", "VACUUM ANALYZE"} {
		if _, err := conn.Exec(context.Background(), q); err != nil {
			return err
		}
	}
	return nil
}

func clone(t testing.TB, server *pgserver.Server, of string) string {
	t.Helper()
	name := fmt.Sprintf("t%d", clones.Add(1))
	command(t, server, "CREATE DATABASE "+name+" TEMPLATE "+of+asFiles)
	t.Cleanup(func() { command(t, server, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)") })
	return server.URL(name) + patient
}

// patient lets nothing time out on a machine that is busy with other work: a test asks what happens, not how fast. Deadlocks
// are found as soon as ever.
const patient = "&lock_timeout=120s&statement_timeout=120s&idle_in_transaction_session_timeout=120s"

// Empty makes a database that no migration has touched and returns its URL.
func Empty(t testing.TB) string {
	t.Helper()
	server := start(t)
	name := fmt.Sprintf("t%d", clones.Add(1))
	command(t, server, "CREATE DATABASE "+name)
	t.Cleanup(func() { command(t, server, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)") })
	return server.URL(name)
}

func start(t testing.TB) *pgserver.Server {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.server != nil {
		return shared.server
	}
	dir, err := os.MkdirTemp(place(), prefix) //nolint:usetesting // it outlives the test that came first
	if err != nil {
		t.Fatal(err)
	}
	server, err := pgserver.Start(t.Context(), pgserver.Options{DataDir: dir, FastUnsafe: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := prepare(t.Context(), server); err != nil {
		_ = server.Stop(context.Background())
		t.Fatal(err)
	}
	shared.server, shared.dir = server, dir
	return server
}

func prepare(ctx context.Context, server *pgserver.Server) error {
	if err := server.CreateDatabase(ctx, template); err != nil {
		return err
	}
	db, err := postgres.Open(ctx, server.URL(template), 2)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.Migrate(ctx)
	return err
}

// asFiles clones a database in a third of the time, since its pages do not go through the log. PostgreSQL 14 does nothing else, and has no
// word for it.
const asFiles = " STRATEGY FILE_COPY"

// cloning is serial: CREATE DATABASE needs its template for itself. Its connection lasts as long as the server.
var cloning struct {
	sync.Mutex
	conn *pgx.Conn
}

func command(t testing.TB, server *pgserver.Server, sql string) {
	t.Helper()
	cloning.Lock()
	defer cloning.Unlock()
	if cloning.conn == nil || cloning.conn.IsClosed() {
		var err error
		if cloning.conn, err = pgx.Connect(context.Background(), server.URL("postgres")); err != nil {
			t.Fatal(err)
		}
	}
	if strings.HasPrefix(cloning.conn.PgConn().ParameterStatus("server_version"), "14.") {
		sql = strings.TrimSuffix(sql, asFiles)
	}
	if _, err := cloning.conn.Exec(context.Background(), sql); err != nil {
		t.Fatal(err)
	}
}
