package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// sweptAlong is how many expired forms one KeepForm deletes, so that the table stays small without a sweep.
const sweptAlong = 20

// KeepForm stores what a visitor has typed, sealed, in the place of what was stored under this id before. It expires after life. It
// deletes some expired ones, and skips those that another transaction has locked..
func (db *Requests) KeepForm(ctx context.Context, appID, id uuid.UUID, sealed []byte, life time.Duration) error {
	const q = `
		WITH expired AS (DELETE FROM kept_forms WHERE id IN (
			SELECT id FROM kept_forms WHERE expires_at <= now() AND id <> @id LIMIT @along FOR UPDATE SKIP LOCKED))
		INSERT INTO kept_forms (id, app_id, sealed, expires_at) VALUES (@id, @app, @sealed, now() + @life::interval)
		ON CONFLICT ON CONSTRAINT kept_forms_pkey DO UPDATE SET sealed = EXCLUDED.sealed, expires_at = EXCLUDED.expires_at
		WHERE kept_forms.app_id = EXCLUDED.app_id`
	_, err := db.pool.Exec(ctx, q, namedArgs{"id": id, "app": appID, "sealed": sealed, "life": life, "along": sweptAlong})
	return mapConstraint(err)
}

// KeptForm returns what KeepForm stored; nil when there is nothing, or it has expired.
func (db *Requests) KeptForm(ctx context.Context, appID, id uuid.UUID) (sealed []byte, err error) {
	const q = `SELECT sealed FROM kept_forms WHERE id = @id AND app_id = @app AND expires_at > now()`
	err = db.pool.QueryRow(ctx, q, namedArgs{"id": id, "app": appID}).Scan(&sealed)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return sealed, err
}

// DropForm deletes what KeepForm stored. Nothing to delete is no error.
func (db *Requests) DropForm(ctx context.Context, appID, id uuid.UUID) error {
	_, err := db.pool.Exec(ctx, `DELETE FROM kept_forms WHERE id = @id AND app_id = @app`, namedArgs{"id": id, "app": appID})
	return err
}
