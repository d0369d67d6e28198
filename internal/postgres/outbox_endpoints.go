package postgres

import (
	"cmp"
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/fault"
	"holdfast/internal/outbox"
)

// endpointColumns are those of an endpoint w. A filter with one value stands in a column of its own, as Timekit has it.
const endpointColumns = `w.id, w.app_id, w.name, w.url, w.method, w.description, w.format,
	CASE WHEN w.graph = '' THEN w.graphs ELSE ARRAY[w.graph] END, CASE WHEN w.state = '' THEN w.states ELSE ARRAY[w.state] END,
	w.event_types, w.projects, w.services, w.headers, w.ordered, w.in_flight, w.per_second, w.status, w.reason, w.secret,
	w.created_at, w.updated_at, w.purpose, w.expected_status, w.succeeded_at, w.failing_since, w.failures,
	CASE WHEN w.open_until > now() THEN w.open_until END, w.embed_callback`

func endpointFields(e *outbox.Endpoint) []any {
	return []any{
		&e.ID, &e.AppID, &e.Name, &e.URL, &e.Method, &e.Description, &e.Format, &e.Graphs, &e.States,
		&e.EventTypes, &e.Projects, &e.Services, &e.Headers, &e.Ordered, &e.InFlight, &e.PerSecond, &e.Status, &e.Reason, &e.Secret,
		&e.CreatedAt, &e.UpdatedAt, &e.Purpose, &e.Expected, &e.Health.SucceededAt, &e.Health.FailingSince, &e.Health.Failures,
		&e.Health.OpenUntil, &e.EmbedCallback,
	}
}

// viewed adds what only a view needs.
const viewed = endpointColumns + `,
	ARRAY(SELECT until FROM webhook_old_secrets o WHERE o.endpoint_id = w.id AND until > now() ORDER BY until),
	(SELECT count(*) FROM webhook_deliveries d WHERE d.endpoint_id = w.id AND d.status = 'pending'), w.dropped, w.dropped_at`

func scanViewed(row pgx.CollectableRow) (*outbox.Endpoint, error) {
	var e outbox.Endpoint
	return &e, row.Scan(append(endpointFields(&e), &e.OldSecretsUntil, &e.Health.Pending, &e.Health.Dropped, &e.Health.DroppedAt)...)
}

func endpoint(rows pgx.Rows, err error) (*outbox.Endpoint, error) {
	if err != nil {
		return nil, err
	}
	e, err := pgx.CollectExactlyOneRow(rows, scanViewed)
	return e, orNotFound(err, "The webhook")
}

// Endpoint returns an app's webhook endpoint, or NotFound.
func (db *Outbox) Endpoint(ctx context.Context, appID, id uuid.UUID) (*outbox.Endpoint, error) {
	const q = `SELECT ` + viewed + ` FROM webhook_endpoints w WHERE w.id = @id AND w.app_id = @app AND w.purpose = 'subscription'`
	return endpoint(db.pool.Query(ctx, q, namedArgs{"id": id, "app": appID}))
}

// Endpoints returns an app's webhook endpoints, the oldest first.
func (db *Outbox) Endpoints(ctx context.Context, appID uuid.UUID) ([]*outbox.Endpoint, error) {
	const q = `SELECT ` + viewed + ` FROM webhook_endpoints w
		WHERE w.app_id = @app AND w.purpose = 'subscription' ORDER BY w.created_at, w.id`
	rows, err := db.pool.Query(ctx, q, namedArgs{"app": appID})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanViewed)
}

// CreateEndpoint adds a webhook endpoint. A repeat with the same id changes nothing; NotFound when the id is another app's, Invalid when
// the app has as many as it may. It locks the app's row until the end of its transaction, so that two at once cannot exceed the limit.
func (db *Outbox) CreateEndpoint(ctx context.Context, e *outbox.Endpoint) (made *outbox.Endpoint, err error) {
	const lock = `SELECT FROM apps WHERE id = @app FOR NO KEY UPDATE` // or two at once would both find room
	const count = `SELECT count(*) FROM webhook_endpoints WHERE app_id = @app AND purpose = 'subscription' AND id <> @id`
	const q = `
		INSERT INTO webhook_endpoints AS w (id, app_id, name, url, method, description, format, graph, graphs, state, states, event_types,
			projects, services, headers, ordered, in_flight, per_second, secret)
		VALUES (@id, @app, @name, @url, @method, @description, @format, @graph, @graphs, @state, @states, @types,
			@projects, @services, @headers, @ordered, @in_flight, @per_second, @secret)
		ON CONFLICT ON CONSTRAINT webhook_endpoints_pkey DO UPDATE SET id = excluded.id
		WHERE w.app_id = excluded.app_id AND w.purpose = 'subscription' RETURNING ` + viewed
	err = db.inTx(ctx, func(tx pgx.Tx) error {
		args := endpointArgs(e)
		if _, err := tx.Exec(ctx, lock, args); err != nil {
			return err
		}
		var others int
		if err := tx.QueryRow(ctx, count, args).Scan(&others); err != nil {
			return err
		}
		if others >= outbox.MaxEndpoints {
			return fault.Errorf(fault.Invalid, "An app has at most %d webhooks; remove one first.", outbox.MaxEndpoints)
		}
		made, err = endpoint(tx.Query(ctx, q, args))
		return err
	})
	return made, err
}

// ChangeEndpoint lets change write the address and the filters of an endpoint, and nothing else, while no other transaction does. It makes
// a disabled one active again, as ResumeEndpoint does. It returns the endpoints that are to be woken. NotFound when the app has no such
// endpoint. It locks what ResumeEndpoint locks.
func (db *Outbox) ChangeEndpoint(
	ctx context.Context, appID, id uuid.UUID, change func(*outbox.Endpoint) error,
) (e *outbox.Endpoint, woken []uuid.UUID, err error) {
	const q = `
		UPDATE webhook_endpoints w SET name = @name, url = @url, method = @method, description = @description, format = @format,
			graph = @graph, graphs = @graphs, state = @state, states = @states, event_types = @types, projects = @projects,
			services = @services, headers = @headers, ordered = @ordered, in_flight = @in_flight, per_second = @per_second,
			updated_at = now(),
			open_until = CASE WHEN w.url = @url THEN w.open_until ELSE '-infinity' END -- the breaker was another receiver's
		WHERE w.id = @id`
	return db.updateEndpoint(ctx, appID, id, func(batch *pgx.Batch, e *outbox.Endpoint) (eventType string, err error) {
		status := e.Status
		if err := change(e); err != nil {
			return "", err
		}
		batch.Queue(q, endpointArgs(e))
		if status == outbox.EndpointDisabled {
			return reactivate(batch, e), nil
		}
		return "", nil
	})
}

// MissingEndpointReferences returns which of an endpoint's projects and services its app does not have, by field.
func (db *Outbox) MissingEndpointReferences(ctx context.Context, e *outbox.Endpoint) (map[string][]uuid.UUID, error) {
	const q = `
		SELECT 'projects', x FROM unnest(@projects::uuid[]) x
			WHERE NOT EXISTS (SELECT FROM projects p WHERE p.id = x AND p.app_id = @app)
		UNION ALL SELECT 'services', x FROM unnest(@services::uuid[]) x
			WHERE NOT EXISTS (SELECT FROM services s WHERE s.id = x AND s.app_id = @app)`
	rows, err := db.pool.Query(ctx, q, namedArgs{"app": e.AppID, "projects": list(e.Projects), "services": list(e.Services)})
	return byField(rows, err)
}

func endpointArgs(e *outbox.Endpoint) namedArgs {
	graph, graphs := oneOrMany(e.Graphs)
	state, states := oneOrMany(e.States)
	return namedArgs{
		"id": e.ID, "app": e.AppID, "name": e.Name, "url": e.URL, "method": e.Method, "description": e.Description,
		"format": cmp.Or(e.Format, outbox.FormatTimekit),
		"graph":  graph, "graphs": graphs, "state": state, "states": states, "types": list(e.EventTypes),
		"projects": list(e.Projects), "services": list(e.Services), "headers": append([]byte{}, e.Headers...),
		"ordered": e.Ordered, "in_flight": cmp.Or(e.InFlight, outbox.DefaultInFlight), "per_second": e.PerSecond, "secret": e.Secret,
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

// DeleteEndpoint removes an endpoint with its deliveries; NotFound when the app has no such endpoint. It locks the endpoint's gate
// exclusively, its row, and the events that only it waits for, by id, until the end of its transaction.
func (db *Outbox) DeleteEndpoint(ctx context.Context, appID, id uuid.UUID) error {
	return db.inTx(ctx, func(tx pgx.Tx) error {
		args := namedArgs{"endpoint": id, "gone": id, "app": appID}
		const look = `SELECT FROM webhook_endpoints WHERE id = @endpoint AND app_id = @app AND purpose = 'subscription'`
		if err := tx.QueryRow(ctx, look, args).Scan(); err != nil { // before the locks: another app's are not locked
			return orNotFound(err, "The webhook")
		}
		batch := &pgx.Batch{}
		batch.Queue(lockGate, args)
		batch.Queue(look+` FOR UPDATE`, args)
		batch.Queue(`SELECT FROM events e WHERE id IN (SELECT event_id FROM webhook_deliveries WHERE endpoint_id = @endpoint)
			AND NOT EXISTS (SELECT FROM bookings b WHERE b.id = e.booking_id) ORDER BY id FOR UPDATE`, args)
		batch.Queue(eraseDelivered+`d.endpoint_id = @endpoint`, args)
		batch.Queue(`DELETE FROM webhook_endpoints WHERE id = @endpoint`, args)
		return tx.SendBatch(ctx, batch).Close()
	})
}
