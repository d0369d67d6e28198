package postgres

import (
	"cmp"
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/booking"
)

// endpointColumns are those of an endpoint w. A filter with one value stands in a column of its own, as Timekit has it.
const endpointColumns = `w.id, w.app_id, w.url, w.method, w.description, w.format,
	CASE WHEN w.graph = '' THEN w.graphs ELSE ARRAY[w.graph] END, CASE WHEN w.state = '' THEN w.states ELSE ARRAY[w.state] END,
	w.event_types, w.projects, w.services, w.headers, w.ordered, w.in_flight, w.per_second, w.status, w.reason, w.secret,
	w.created_at, w.updated_at, w.purpose, w.expected_status, w.succeeded_at, w.failing_since, w.failures,
	CASE WHEN w.open_until > now() THEN w.open_until END`

func endpointFields(e *booking.Endpoint) []any {
	return []any{
		&e.ID, &e.AppID, &e.URL, &e.Method, &e.Description, &e.Format, &e.Graphs, &e.States,
		&e.EventTypes, &e.Projects, &e.Services, &e.Headers, &e.Ordered, &e.InFlight, &e.PerSecond, &e.Status, &e.Reason, &e.Secret,
		&e.CreatedAt, &e.UpdatedAt, &e.Purpose, &e.Expected, &e.Health.SucceededAt, &e.Health.FailingSince, &e.Health.Failures,
		&e.Health.OpenUntil,
	}
}

// viewed adds what only a view needs.
const viewed = endpointColumns + `,
	ARRAY(SELECT until FROM webhook_old_secrets o WHERE o.endpoint_id = w.id AND until > now() ORDER BY until),
	(SELECT count(*) FROM webhook_deliveries d WHERE d.endpoint_id = w.id AND d.status = 'pending')`

func scanViewed(row pgx.CollectableRow) (*booking.Endpoint, error) {
	var e booking.Endpoint
	return &e, row.Scan(append(endpointFields(&e), &e.OldSecretsUntil, &e.Health.Pending)...)
}

func endpoint(rows pgx.Rows, err error) (*booking.Endpoint, error) {
	if err != nil {
		return nil, err
	}
	e, err := pgx.CollectExactlyOneRow(rows, scanViewed)
	return e, one(err, "The webhook")
}

// Endpoint returns an app's webhook endpoint, or NotFound.
func (db *DB) Endpoint(ctx context.Context, appID, id uuid.UUID) (*booking.Endpoint, error) {
	const q = `SELECT ` + viewed + ` FROM webhook_endpoints w WHERE w.id = @id AND w.app_id = @app AND w.purpose = 'subscription'`
	return endpoint(db.pool.Query(ctx, q, pgx.NamedArgs{"id": id, "app": appID}))
}

// Endpoints returns an app's webhook endpoints, the oldest first.
func (db *DB) Endpoints(ctx context.Context, appID uuid.UUID) ([]*booking.Endpoint, error) {
	const q = `SELECT ` + viewed + ` FROM webhook_endpoints w
		WHERE w.app_id = @app AND w.purpose = 'subscription' ORDER BY w.created_at, w.id`
	rows, err := db.pool.Query(ctx, q, pgx.NamedArgs{"app": appID})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanViewed)
}

// CreateEndpoint adds a webhook endpoint. A repeat with the same id changes nothing; NotFound when the id is another
// app's.
func (db *DB) CreateEndpoint(ctx context.Context, e *booking.Endpoint) (*booking.Endpoint, error) {
	const q = `
		INSERT INTO webhook_endpoints AS w (id, app_id, url, method, description, format, graph, graphs, state, states, event_types,
			projects, services, headers, ordered, in_flight, per_second, secret)
		VALUES (@id, @app, @url, @method, @description, @format, @graph, @graphs, @state, @states, @types,
			@projects, @services, @headers, @ordered, @in_flight, @per_second, @secret)
		ON CONFLICT ON CONSTRAINT webhook_endpoints_pkey DO UPDATE SET id = excluded.id
		WHERE w.app_id = excluded.app_id RETURNING ` + viewed
	return endpoint(db.pool.Query(ctx, q, endpointArgs(e)))
}

// UpdateEndpoint writes where an endpoint is and what it hears, except for its status and secrets. Changing it makes a
// disabled one active again.
func (db *DB) UpdateEndpoint(ctx context.Context, e *booking.Endpoint) (*booking.Endpoint, error) {
	const q = `
		UPDATE webhook_endpoints w SET url = @url, method = @method, description = @description, format = @format,
			graph = @graph, graphs = @graphs, state = @state, states = @states, event_types = @types, projects = @projects,
			services = @services, headers = @headers, ordered = @ordered, in_flight = @in_flight, per_second = @per_second,
			reason = CASE status WHEN 'disabled' THEN '' ELSE reason END,
			status = CASE status WHEN 'disabled' THEN 'active' ELSE status END, updated_at = now()
		WHERE w.id = @id AND w.app_id = @app AND w.purpose = 'subscription' RETURNING ` + viewed
	return endpoint(db.pool.Query(ctx, q, endpointArgs(e)))
}

func endpointArgs(e *booking.Endpoint) pgx.NamedArgs {
	graph, graphs := oneOrMany(e.Graphs)
	state, states := oneOrMany(e.States)
	return pgx.NamedArgs{
		"id": e.ID, "app": e.AppID, "url": e.URL, "method": e.Method, "description": e.Description,
		"format": cmp.Or(e.Format, booking.FormatTimekit),
		"graph":  graph, "graphs": graphs, "state": state, "states": states, "types": list(e.EventTypes),
		"projects": list(e.Projects), "services": list(e.Services), "headers": append([]byte{}, e.Headers...),
		"ordered": e.Ordered, "in_flight": cmp.Or(e.InFlight, booking.DefaultInFlight), "per_second": e.PerSecond, "secret": e.Secret,
	}
}

func oneOrMany(values []string) (one string, many []string) {
	if len(values) == 1 {
		return values[0], []string{}
	}
	return "", list(values)
}

// list is what the driver writes as an empty array where there is nothing.
func list[T any](values []T) []T { return append([]T{}, values...) }

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
