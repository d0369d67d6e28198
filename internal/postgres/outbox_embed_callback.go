package postgres

import (
	"cmp"
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/fault"
	"holdfast/internal/outbox"
)

// EmbedCallback returns the endpoint that an app's notifications go to; nil when there is none.
func (db *Outbox) EmbedCallback(ctx context.Context, appID uuid.UUID) (*outbox.Endpoint, error) {
	const q = `SELECT ` + viewed + ` FROM webhook_endpoints w WHERE w.app_id = @app AND w.embed_callback`
	e, err := endpoint(db.pool.Query(ctx, q, namedArgs{"app": appID}))
	if fault.CodeOf(err) == fault.NotFound {
		return nil, nil //nolint:nilnil // there is none, and that is no fault
	}
	return e, err
}

// SetEmbedCallback says where an app's notifications go from now on. What waits goes there too, and one whose receiver had
// said that it is gone becomes active again. It returns the endpoints that are to be woken.
func (db *Outbox) SetEmbedCallback(ctx context.Context, e *outbox.Endpoint) (*outbox.Endpoint, []uuid.UUID, error) {
	const insert = `
		INSERT INTO webhook_endpoints AS w (id, app_id, url, format, description, secret, embed_callback)
		VALUES (@id, @app, @url, @format, @description, @secret, true)
		ON CONFLICT (app_id) WHERE embed_callback DO NOTHING RETURNING ` + viewed
	made, err := endpoint(db.pool.Query(ctx, insert, endpointArgs(e)))
	if fault.CodeOf(err) != fault.NotFound {
		return made, nil, err
	}
	known, err := db.EmbedCallback(ctx, e.AppID)
	if err != nil || known == nil { // deleted meanwhile
		return nil, nil, cmp.Or(err, orNotFound(pgx.ErrNoRows, "The callback"))
	}
	return db.ChangeEndpoint(ctx, e.AppID, known.ID, func(known *outbox.Endpoint) error {
		known.URL, known.Format, known.Method = e.URL, e.Format, "POST"
		return nil
	})
}
