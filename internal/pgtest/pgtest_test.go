package pgtest_test

import (
	"context"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"

	"holdfast/internal/pgtest"
	"holdfast/internal/postgres"
	"holdfast/internal/tenant"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

func names(t *testing.T, url string) map[string]bool {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	rows, err := conn.Query(context.Background(), `SELECT datname::text FROM pg_database`)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, name := range all {
		found[name] = true
	}
	return found
}

func nameOf(t *testing.T, url string) string {
	t.Helper()
	config, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	return config.Database
}

func TestEachTestHasItsOwn(t *testing.T) {
	t.Parallel()
	keeper := pgtest.Empty(t)
	var gone []string
	t.Run("a test", func(t *testing.T) {
		db, url := pgtest.New(t)
		other, otherURL := pgtest.New(t)
		app := &tenant.App{ID: [16]byte{1}, Slug: "mine", WebhookSecret: []byte{1}}
		key := postgres.NewKey{Hash: []byte{1}, Sealed: []byte{1}, Key: tenant.Key{ID: [16]byte{2}, AppID: app.ID, Kind: tenant.ServerKey}}
		if err := db.CreateApp(t.Context(), app, key); err != nil {
			t.Fatal(err)
		}
		if apps, err := other.Apps(t.Context()); err != nil || len(apps) != 0 {
			t.Errorf("the other has %v, %v", apps, err)
		}
		for _, one := range []*postgres.DB{db, other} {
			if err := one.CheckMigrated(t.Context()); err != nil {
				t.Error(err)
			}
		}
		gone = []string{nameOf(t, url), nameOf(t, otherURL)}
		for _, name := range gone {
			if !names(t, keeper)[name] {
				t.Errorf("%s does not exist", name)
			}
		}
	})
	for _, name := range gone {
		if names(t, keeper)[name] {
			t.Errorf("%s is still there after its test", name)
		}
	}
}

// TestFilledOnce: statements run once for all who say the same, and what one does to its copy no other sees.
func TestFilledOnce(t *testing.T) {
	t.Parallel()
	const statements = `CREATE TABLE made AS SELECT gen_random_uuid()::text AS id`
	var ids []string
	for range 3 {
		conn, err := pgx.Connect(t.Context(), pgtest.Filled(t, statements))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close(context.Background()) }()
		var id string
		if err := conn.QueryRow(t.Context(), `DELETE FROM made RETURNING id`).Scan(&id); err != nil {
			t.Fatal(err)
		}
		if ids = append(ids, id); id != ids[0] {
			t.Errorf("the statements ran again: %v", ids)
		}
	}
	if name := nameOf(t, pgtest.Filled(t, statements+`, 1 AS other`)); !names(t, pgtest.Empty(t))[name] {
		t.Errorf("no database %s", name)
	}
}
