package app

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"holdfast/internal/links"
	"holdfast/internal/pgtest"
	"holdfast/internal/postgres"
	"holdfast/internal/tenant"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

func vaultOf(t *testing.T, key byte) *links.Vault {
	t.Helper()
	vault, err := links.NewVault(bytes.Repeat([]byte{key}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return vault
}

// TestSecretKey: a database takes the key that it was set up with and no other.
func TestSecretKey(t *testing.T) {
	t.Parallel()
	db, _ := pgtest.New(t)
	for i, c := range []struct {
		key  byte
		good bool
	}{{1, true}, {1, true}, {2, false}, {1, true}, {2, false}} {
		err := checkSecretKey(t.Context(), db.Access, vaultOf(t, c.key))
		if (err == nil) != c.good || (err != nil && !strings.HasPrefix(err.Error(), "HOLDFAST_SECRET_KEY is not the key")) {
			t.Errorf("start %d with key %d: %v", i, c.key, err)
		}
	}
}

// TestSecretKeyOfOldDatabase: one that has apps and no sealed text yet is asked for an app's secret.
func TestSecretKeyOfOldDatabase(t *testing.T) {
	t.Parallel()
	db, _ := pgtest.New(t)
	app := &tenant.App{ID: uuid.Must(uuid.NewV7()), Name: "Acme", Slug: "acme"}
	sealed, err := vaultOf(t, 1).Seal([]byte("whsec"), tenant.AppSecret(app.ID))
	if err != nil {
		t.Fatal(err)
	}
	app.WebhookSecret = sealed
	key := postgres.NewKey{Key: tenant.Key{ID: uuid.Must(uuid.NewV7()), AppID: app.ID, Kind: tenant.ServerKey}, Hash: []byte("hash"), Sealed: []byte("x")}
	if err := db.CreateApp(t.Context(), app, key); err != nil {
		t.Fatal(err)
	}
	if err := checkSecretKey(t.Context(), db.Access, vaultOf(t, 2)); !errors.Is(err, errOtherKey) {
		t.Errorf("another key: %v", err)
	}
	if err := checkSecretKey(t.Context(), db.Access, vaultOf(t, 1)); err != nil {
		t.Errorf("its own key, after the other: %v", err)
	}
}

// TestSecretKeyRace: of processes with keys of their own that start at the same moment one wins.
func TestSecretKeyRace(t *testing.T) {
	t.Parallel()
	db, _ := pgtest.New(t)
	errs := make([]error, 8)
	var wg sync.WaitGroup
	for i := range errs {
		vault := vaultOf(t, byte(i))
		wg.Go(func() { errs[i] = checkSecretKey(t.Context(), db.Access, vault) })
	}
	wg.Wait()
	good := 0
	for i, err := range errs {
		again := checkSecretKey(t.Context(), db.Access, vaultOf(t, byte(i)))
		if (err == nil) != (again == nil) || (err != nil && !errors.Is(err, errOtherKey)) {
			t.Errorf("key %d: %v, and then %v", i, err, again)
		}
		if err == nil {
			good++
		}
	}
	if good != 1 {
		t.Errorf("%d keys were taken", good)
	}
}
