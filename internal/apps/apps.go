// Package apps makes tenants and their keys: the same way for the API, the command line and the local run.
package apps

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"math/big"

	"github.com/google/uuid"

	"holdfast/internal/links"
	"holdfast/internal/postgres"
	"holdfast/internal/tenant"
)

// Create puts an app on record with its first server key, which it returns.
func Create(ctx context.Context, db *postgres.Access, vault *links.Vault, app *tenant.App) (string, error) {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret)
	sealed, err := vault.Seal([]byte(hex.EncodeToString(secret)), tenant.AppSecret(app.ID))
	if err != nil {
		return "", err
	}
	app.WebhookSecret = sealed
	first, key, err := newKey(vault, app, tenant.ServerKey, "first key", uuid.Must(uuid.NewV7()))
	if err != nil {
		return "", err
	}
	return key, db.CreateApp(ctx, app, *first)
}

// AddKey makes another key for an app. The key itself is returned once and never again.
func AddKey(
	ctx context.Context, db *postgres.Access, vault *links.Vault, app *tenant.App, kind tenant.KeyKind, name string, id uuid.UUID,
) (*tenant.Key, string, error) {
	made, key, err := newKey(vault, app, kind, name, id)
	if err != nil {
		return nil, "", err
	}
	return &made.Key, key, db.AddKey(ctx, made)
}

// KeyHash is what a key is looked up by.
func KeyHash(key string) []byte {
	sum := sha256.Sum256([]byte(key))
	return sum[:]
}

// newKey makes a key such as live_api_key_… or test_widget_key_…, with 190 random bits.
func newKey(
	vault *links.Vault, app *tenant.App, kind tenant.KeyKind, name string, id uuid.UUID,
) (*postgres.NewKey, string, error) {
	prefix := "live_"
	if app.TestMode {
		prefix = "test_"
	}
	if kind == tenant.WidgetKey {
		prefix += "widget_key_"
	} else {
		prefix += "api_key_"
	}
	key := prefix + random(32)
	sealed, err := vault.Seal([]byte(key), tenant.KeySecret(id))
	if err != nil {
		return nil, "", err
	}
	made := &postgres.NewKey{Hash: KeyHash(key), Sealed: sealed}
	made.Key = tenant.Key{ID: id, AppID: app.ID, Kind: kind, Name: name, Hint: key[:len(prefix)+4] + "…"}
	return made, key, nil
}

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

func random(n int) string {
	text := make([]byte, n)
	for i := range text {
		drawn, err := rand.Int(rand.Reader, big.NewInt(int64(len(alphabet))))
		if err != nil {
			panic(err) // a machine without randomness must not make keys
		}
		text[i] = alphabet[drawn.Int64()]
	}
	return string(text)
}
