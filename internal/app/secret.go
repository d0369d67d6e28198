package app

import (
	"bytes"
	"context"
	"errors"

	"holdfast/internal/links"
	"holdfast/internal/postgres"
	"holdfast/internal/tenant"
)

const canaryName, canaryText = "secret_key", "holdfast"

var errOtherKey = errors.New("HOLDFAST_SECRET_KEY is not the key that this database was set up with: with another one no API key, " +
	"no webhook secret and no link can be read. Set the old key again, or check HOLDFAST_DATABASE_URL")

// checkSecretKey returns an error when the database was set up with another secret key. The first start leaves a sealed
// text in the database, which every later one must be able to open. A database from before that is asked for an app's secret.
func checkSecretKey(ctx context.Context, db *postgres.Access, vault *links.Vault) error {
	app, secret, err := db.SealedApp(ctx)
	if err != nil {
		return err
	}
	if secret != nil {
		if _, err := vault.Open(secret, tenant.AppSecret(app)); err != nil {
			return errOtherKey
		}
	}
	sealed, err := vault.Seal([]byte(canaryText), canaryName)
	if err != nil {
		return err
	}
	if sealed, err = db.KeepCanary(ctx, canaryName, sealed); err != nil {
		return err
	}
	if text, err := vault.Open(sealed, canaryName); err != nil || !bytes.Equal(text, []byte(canaryText)) {
		return errOtherKey
	}
	return nil
}
