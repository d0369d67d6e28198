package postgres

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/booking"
)

// EmbedCallback returns the endpoint that an app's notifications go to; nil when there is none.
func (db *DB) EmbedCallback(ctx context.Context, appID uuid.UUID) (*booking.Endpoint, error) {
	const q = `SELECT ` + viewed + ` FROM webhook_endpoints w WHERE w.app_id = @app AND w.embed_callback`
	e, err := endpoint(db.pool.Query(ctx, q, pgx.NamedArgs{"app": appID}))
	if booking.CodeOf(err) == booking.NotFound {
		return nil, nil //nolint:nilnil // there is none, and that is no fault
	}
	return e, err
}

// SetEmbedCallback says where an app's notifications go from now on. What waits goes there too.
func (db *DB) SetEmbedCallback(ctx context.Context, e *booking.Endpoint) (*booking.Endpoint, error) {
	const q = `
		INSERT INTO webhook_endpoints AS w (id, app_id, url, format, description, secret, embed_callback)
		VALUES (@id, @app, @url, @format, @description, @secret, true)
		ON CONFLICT (app_id) WHERE embed_callback DO UPDATE SET url = excluded.url, updated_at = now(),
			reason = CASE w.status WHEN 'disabled' THEN '' ELSE w.reason END,
			status = CASE w.status WHEN 'disabled' THEN 'active' ELSE w.status END
		RETURNING ` + viewed
	return endpoint(db.pool.Query(ctx, q, endpointArgs(e)))
}
