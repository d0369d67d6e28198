package postgres

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// KeepCanary puts a sealed text on record under a name, unless there is one, and returns the one that is on record then.
// Processes that start at the same moment get the same.
func (db *Access) KeepCanary(ctx context.Context, name string, sealed []byte) ([]byte, error) {
	const keep = `INSERT INTO canaries (name, sealed) VALUES (@name, @sealed) ON CONFLICT ON CONSTRAINT canaries_pkey DO NOTHING`
	args := namedArgs{"name": name, "sealed": sealed}
	if _, err := db.pool.Exec(ctx, keep, args); err != nil {
		return nil, err
	}
	var kept []byte
	err := db.pool.QueryRow(ctx, `SELECT sealed FROM canaries WHERE name = @name`, args).Scan(&kept)
	return kept, err
}

// SealedApp returns the sealed webhook secret of one app, the oldest, and the app's id; nil when there are no apps.
func (db *Access) SealedApp(ctx context.Context) (app uuid.UUID, sealed []byte, err error) {
	const q = `SELECT id, webhook_secret FROM apps ORDER BY created_at LIMIT 1`
	err = ignore(db.pool.QueryRow(ctx, q).Scan(&app, &sealed), pgx.ErrNoRows)
	return app, sealed, err
}
