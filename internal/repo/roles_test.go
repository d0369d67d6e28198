package repo

import (
	"context"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"holdfast/internal/pgserver"
	"holdfast/internal/postgres"
)

// passwords are those that compose asks for, as roles.sql names them.
var passwords = map[string]string{"holdfast_password": "hold'fast", "temporal_password": "temporal", "postgres_password": "super"}

// newPostgres starts a server of the test's own, since roles are the server's, with the superuser that compose has. It returns its address.
func newPostgres(t *testing.T) string {
	t.Helper()
	server, err := pgserver.Start(t.Context(), pgserver.Options{DataDir: t.TempDir(), FastUnsafe: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop(context.Background()) })
	address := server.URL("postgres")
	if _, err := open(t, address).Exec(t.Context(), `CREATE ROLE postgres SUPERUSER LOGIN PASSWORD 'super'`); err != nil {
		t.Fatal(err)
	}
	return address
}

// makeRoles runs deployments/roles.sql as psql does, statement by statement, as the superuser.
func makeRoles(t *testing.T, super *pgx.Conn) {
	t.Helper()
	filled := regexp.MustCompile(`:'([a-z_]+)'`).ReplaceAllStringFunc(read(t, "deployments/roles.sql"), func(name string) string {
		return "'" + strings.ReplaceAll(passwords[strings.Trim(name, ":'")], "'", "''") + "'"
	})
	filled = regexp.MustCompile(`(?m)^--.*$`).ReplaceAllString(filled, "")
	for statement := range strings.SplitSeq(filled, ";\n") {
		if strings.TrimSpace(statement) == "" {
			continue
		}
		if _, err := super.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// as is the address of a database for one of the roles.
func as(t *testing.T, server, role, database string) string {
	t.Helper()
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	u.User, u.Path = url.UserPassword(role, passwords[role+"_password"]), "/"+database
	return u.String()
}

func open(t *testing.T, address string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// migrate does what "holdfast migrate" does, and returns how many migrations it applied.
func migrate(t *testing.T, address string) int {
	t.Helper()
	db, err := postgres.Open(t.Context(), address, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	n, err := db.Migrate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestRolesOfCompose: with the roles that compose makes, "holdfast migrate" works from an empty database although its role is no
// superuser, and neither role reaches what is the other's.
func TestRolesOfCompose(t *testing.T) {
	t.Parallel()
	server := newPostgres(t)
	super := open(t, as(t, server, "postgres", "postgres"))
	if _, err := super.Exec(t.Context(), `ALTER ROLE holdfast RENAME TO made_the_cluster`); err != nil {
		t.Fatal(err)
	}
	makeRoles(t, super)
	var mighty int
	const q = `SELECT count(*) FROM pg_roles WHERE rolname IN ('holdfast', 'temporal') AND rolname <> current_user
		AND (rolsuper OR rolcreatedb OR rolcreaterole OR rolbypassrls OR rolreplication)`
	if err := super.QueryRow(t.Context(), q).Scan(&mighty); err != nil || mighty > 0 {
		t.Errorf("%d roles may too much (%v)", mighty, err)
	}

	first, second := migrate(t, as(t, server, "holdfast", "holdfast")), migrate(t, as(t, server, "holdfast", "holdfast"))
	if first == 0 || second != 0 {
		t.Errorf("%d migrations applied, then %d", first, second)
	}
	owner := open(t, as(t, server, "holdfast", "holdfast"))
	var foreign int
	if err := owner.QueryRow(t.Context(), `SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tableowner <> current_user`).Scan(&foreign); err != nil || foreign > 0 {
		t.Errorf("%d tables are somebody else's (%v)", foreign, err)
	}

	// Temporal's tables for search need btree_gin, which is trusted as well.
	var trusted bool
	if err := super.QueryRow(t.Context(), `SELECT COALESCE(bool_and(trusted), true) FROM pg_available_extension_versions WHERE name = 'btree_gin'`).Scan(&trusted); err != nil || !trusted {
		t.Errorf("an owner may not create btree_gin (%v)", err)
	}
	for _, own := range []string{"temporal", "temporal_visibility"} {
		if _, err := open(t, as(t, server, "temporal", own)).Exec(t.Context(), `CREATE TABLE of_temporal (id int)`); err != nil {
			t.Error(err)
		}
	}
	for _, foreign := range [][2]string{
		{"holdfast", "temporal"}, {"holdfast", "temporal_visibility"}, {"holdfast", "postgres"}, {"temporal", "holdfast"}, {"temporal", "postgres"},
	} {
		conn, err := pgx.Connect(t.Context(), as(t, server, foreign[0], foreign[1]))
		if err == nil {
			_ = conn.Close(t.Context())
			t.Errorf("%s may connect to %s", foreign[0], foreign[1])
		}
	}
	for _, forbidden := range []string{`CREATE DATABASE more`, `CREATE ROLE more`, `ALTER ROLE holdfast SUPERUSER`} {
		if _, err := owner.Exec(t.Context(), forbidden); err == nil {
			t.Errorf("holdfast may %s", forbidden)
		}
	}
}
