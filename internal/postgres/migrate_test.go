package postgres_test

import (
	"io/fs"
	"os"
	"strings"
	"sync"
	"testing"

	"holdfast/internal/booking"
	"holdfast/internal/pgtest"
	"holdfast/internal/postgres"
)

func open(t *testing.T, url string) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), url, 4)
	check(t, err)
	t.Cleanup(db.Close)
	return db
}

func migrationFiles(t *testing.T) int {
	t.Helper()
	files, err := fs.Glob(os.DirFS("migrations"), "*.sql")
	check(t, err)
	return len(files)
}

func TestMigrate(t *testing.T) {
	t.Parallel()
	db := open(t, pgtest.Empty(t))
	n, err := db.Migrate(t.Context())
	check(t, err)
	wantEqual(t, "applied to an empty database", n, migrationFiles(t))
	n, err = db.Migrate(t.Context())
	check(t, err)
	wantEqual(t, "applied again", n, 0)
}

func TestMigrateTwiceAtOnce(t *testing.T) {
	t.Parallel()
	url := pgtest.Empty(t)
	var wg sync.WaitGroup
	applied, errs := make([]int, 2), make([]error, 2)
	for i := range 2 {
		db := open(t, url)
		wg.Go(func() { applied[i], errs[i] = db.Migrate(t.Context()) })
	}
	wg.Wait()
	check(t, errs[0])
	check(t, errs[1])
	wantEqual(t, "applied by both", applied[0]+applied[1], migrationFiles(t))
}

func TestCheckMigrated(t *testing.T) {
	t.Parallel()
	db := open(t, pgtest.Empty(t))
	err := db.CheckMigrated(t.Context())
	wantCode(t, err, booking.Unavailable)
	if err == nil || !strings.Contains(err.Error(), "holdfast migrate") {
		t.Errorf("%v does not say what to do", err)
	}
	_, err = db.Migrate(t.Context())
	check(t, err)
	check(t, db.CheckMigrated(t.Context()))
}

func TestOpen(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"postgres://holdfast:hush-hush@%zz/db", "postgres://holdfast:hush-hush@127.0.0.1:1/db", "port=hush-hush"} {
		_, err := postgres.Open(t.Context(), url, 2)
		if err == nil {
			t.Errorf("%s: opened", url)
		} else if strings.Contains(err.Error(), "hush-hush") {
			t.Errorf("the error repeats the password: %v", err)
		}
	}
}
