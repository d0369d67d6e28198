package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/fault"
	"holdfast/internal/tenant"
)

//nolint:gosec // names of columns
const clientSecretColumns = `id, app_id, hint, sealed, created_at, CASE WHEN good_until < 'infinity' THEN good_until END`

// AddClientSecret puts a secret on record; AlreadyExists when as many as an app may have are good. A repeat with the same id replaces a
// secret that was not shown yet; NotFound when the id is another app's. It locks the app's row until the end of its transaction, so that
// two at once cannot exceed the limit.
func (db *Access) AddClientSecret(ctx context.Context, s *tenant.ClientSecret, hash []byte) error {
	return db.inTx(ctx, func(tx pgx.Tx) error {
		var good int
		const lock = `SELECT FROM apps WHERE id = @app FOR NO KEY UPDATE`
		const count = `SELECT count(*) FROM client_secrets WHERE app_id = @app AND good_until > now() AND id <> @id`
		args := namedArgs{"app": s.AppID, "id": s.ID, "hint": s.Hint, "hash": hash, "sealed": s.Sealed}
		if err := tx.QueryRow(ctx, lock, args).Scan(); err != nil {
			return orNotFound(err, "The app")
		}
		if err := tx.QueryRow(ctx, count, args).Scan(&good); err != nil {
			return err
		}
		if good >= tenant.MaxClientSecrets {
			return fault.Errorf(fault.AlreadyExists, "Two client secrets are active; revoke one first.")
		}
		const insert = `
			INSERT INTO client_secrets AS s (id, app_id, hint, hash, sealed) VALUES (@id, @app, @hint, @hash, @sealed)
			ON CONFLICT ON CONSTRAINT client_secrets_pkey DO UPDATE SET hint = excluded.hint, hash = excluded.hash, sealed = excluded.sealed
			WHERE s.app_id = excluded.app_id RETURNING created_at`
		return orNotFound(tx.QueryRow(ctx, insert, args).Scan(&s.CreatedAt), "The client secret")
	})
}

// ClientSecrets returns an app's secrets, those that have ended too, the oldest first.
func (db *Access) ClientSecrets(ctx context.Context, appID uuid.UUID) ([]tenant.ClientSecret, error) {
	const q = `SELECT ` + clientSecretColumns + ` FROM client_secrets WHERE app_id = @app ORDER BY created_at, id`
	rows, err := db.pool.Query(ctx, q, namedArgs{"app": appID})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[tenant.ClientSecret])
}

// EndClientSecret revokes a secret after a while; 0 = now. Again is no fault. NotFound when the app has no such secret.
func (db *Access) EndClientSecret(ctx context.Context, appID, id uuid.UUID, grace time.Duration) error {
	const q = `
		UPDATE client_secrets SET good_until = LEAST(good_until, now() + @grace::interval)
		WHERE id = @id AND app_id = @app RETURNING id`
	return orNotFound(db.pool.QueryRow(ctx, q, namedArgs{"id": id, "app": appID, "grace": grace}).Scan(&id), "The client secret")
}

// ClientSecretHolder finds the app behind the hash of a secret that is good; Unauthorized when there is none.
func (db *Access) ClientSecretHolder(ctx context.Context, hash []byte) (*Holder, error) {
	const q = `SELECT ` + appColumns + `, s.id
		FROM client_secrets s JOIN apps a ON a.id = s.app_id WHERE s.hash = @hash AND s.good_until > now()`
	h := Holder{Kind: tenant.ClientKey}
	app, err := scanApp(withExtra{db.pool.QueryRow(ctx, q, namedArgs{"hash": hash}), []any{&h.KeyID}})
	if fault.CodeOf(orNotFound(err, "")) == fault.NotFound {
		return nil, fault.Errorf(fault.Unauthorized, "The client secret is not known.")
	}
	if err != nil {
		return nil, err
	}
	h.App = app
	return &h, db.loadGraphs(ctx, app)
}
