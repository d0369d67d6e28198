package postgres

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/booking"
)

const endpointColumns = `id, app_id, url, method, graph, state, status, secret, created_at, updated_at,
	purpose, expected_status`

func endpoint(rows pgx.Rows, err error) (*booking.Endpoint, error) {
	if err != nil {
		return nil, err
	}
	e, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByPos[booking.Endpoint])
	return e, one(err, "The webhook")
}

// Endpoint returns an app's webhook endpoint, or NotFound.
func (db *DB) Endpoint(ctx context.Context, appID, id uuid.UUID) (*booking.Endpoint, error) {
	const q = `SELECT ` + endpointColumns + ` FROM webhook_endpoints
		WHERE id = @id AND app_id = @app AND purpose = 'subscription'`
	return endpoint(db.pool.Query(ctx, q, pgx.NamedArgs{"id": id, "app": appID}))
}

// Endpoints returns an app's webhook endpoints, the oldest first.
func (db *DB) Endpoints(ctx context.Context, appID uuid.UUID) ([]*booking.Endpoint, error) {
	const q = `SELECT ` + endpointColumns + ` FROM webhook_endpoints
		WHERE app_id = @app AND purpose = 'subscription' ORDER BY created_at, id`
	rows, err := db.pool.Query(ctx, q, pgx.NamedArgs{"app": appID})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToAddrOfStructByPos[booking.Endpoint])
}

// CreateEndpoint adds a webhook endpoint. A repeat with the same id changes nothing; NotFound when the id is another
// app's.
func (db *DB) CreateEndpoint(ctx context.Context, e *booking.Endpoint) (*booking.Endpoint, error) {
	const q = `
		INSERT INTO webhook_endpoints (id, app_id, url, method, graph, state, secret)
		VALUES (@id, @app, @url, @method, @graph, @state, @secret)
		ON CONFLICT ON CONSTRAINT webhook_endpoints_pkey DO UPDATE SET id = excluded.id
		WHERE webhook_endpoints.app_id = excluded.app_id RETURNING ` + endpointColumns
	return endpoint(db.pool.Query(ctx, q, pgx.NamedArgs{
		"id": e.ID, "app": e.AppID, "url": e.URL, "method": e.Method, "graph": e.Graph, "state": e.State, "secret": e.Secret,
	}))
}

// UpdateEndpoint writes where an endpoint is and what it hears. Changing it makes a disabled one active again.
func (db *DB) UpdateEndpoint(ctx context.Context, e *booking.Endpoint) (*booking.Endpoint, error) {
	const q = `
		UPDATE webhook_endpoints SET url = @url, method = @method, graph = @graph, state = @state, status = 'active',
			updated_at = now()
		WHERE id = @id AND app_id = @app AND purpose = 'subscription' RETURNING ` + endpointColumns
	return endpoint(db.pool.Query(ctx, q, pgx.NamedArgs{
		"id": e.ID, "app": e.AppID, "url": e.URL, "method": e.Method, "graph": e.Graph, "state": e.State,
	}))
}

// DeleteEndpoint removes an endpoint with its deliveries; NotFound when the app has no such endpoint.
func (db *DB) DeleteEndpoint(ctx context.Context, appID, id uuid.UUID) error {
	return db.inTx(ctx, func(tx pgx.Tx) error {
		args := pgx.NamedArgs{"endpoint": id, "app": appID}
		const look = `SELECT FROM webhook_endpoints WHERE id = @endpoint AND app_id = @app AND purpose = 'subscription' FOR UPDATE`
		if err := tx.QueryRow(ctx, look, args).Scan(); err != nil {
			return one(err, "The webhook")
		}
		batch := &pgx.Batch{}
		batch.Queue(eraseTold+`d.endpoint_id = @endpoint`, args)
		batch.Queue(`DELETE FROM webhook_endpoints WHERE id = @endpoint`, args)
		return tx.SendBatch(ctx, batch).Close()
	})
}
