package postgres

import (
	"context"
	"encoding/json"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/fault"
	"holdfast/internal/tenant"
)

const appColumns = `a.id, a.name, a.slug, a.test_mode, a.settings, a.webhook_secret, a.created_at, a.updated_at, a.graphs_revision,
	` + appClock

// appClock is the clock of an app a, as JSON; that of live apps is empty.
const appClock = `CASE WHEN a.clock_revision > 0 THEN jsonb_build_object(
	'revision', a.clock_revision, 'offset', a.clock_offset * 1000, 'at', a.clock_at) ELSE '{}'::jsonb END`

// scanApp reads an app without the graphs of its own.
func scanApp(row pgx.Row) (*tenant.App, error) {
	var a tenant.App
	var settings []byte
	err := row.Scan(&a.ID, &a.Name, &a.Slug, &a.TestMode, &settings, &a.WebhookSecret, &a.CreatedAt, &a.UpdatedAt, &a.GraphsRevision,
		&a.Clock)
	if err != nil {
		return nil, err
	}
	return &a, json.Unmarshal(settings, &a.Settings)
}

// App returns an app, or NotFound.
func (db *Access) App(ctx context.Context, id uuid.UUID) (*tenant.App, error) {
	const q = `SELECT ` + appColumns + ` FROM apps a WHERE a.id = @id`
	return db.app(ctx, db.pool.QueryRow(ctx, q, namedArgs{"id": id}))
}

// AppBySlug returns an app, or NotFound.
func (db *Access) AppBySlug(ctx context.Context, slug string) (*tenant.App, error) {
	const q = `SELECT ` + appColumns + ` FROM apps a WHERE a.slug = @slug`
	return db.app(ctx, db.pool.QueryRow(ctx, q, namedArgs{"slug": slug}))
}

func (db *Access) app(ctx context.Context, row pgx.Row) (*tenant.App, error) {
	a, err := scanApp(row)
	if err != nil {
		return nil, orNotFound(err, "The app")
	}
	return a, db.loadGraphs(ctx, a)
}

// Apps returns every app, the oldest first, without the graphs of their own.
func (db *Access) Apps(ctx context.Context) ([]*tenant.App, error) {
	const q = `SELECT ` + appColumns + ` FROM apps a ORDER BY a.created_at, a.id`
	rows, err := db.pool.Query(ctx, q)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (*tenant.App, error) { return scanApp(row) })
}

// CreateApp adds an app with its first key. AlreadyExists when the slug is taken.
func (db *Access) CreateApp(ctx context.Context, a *tenant.App, first NewKey) error {
	const q = `
		INSERT INTO apps (id, name, slug, test_mode, settings, webhook_secret)
		VALUES (@id, @name, @slug, @test, @settings, @secret) RETURNING created_at, updated_at`
	return db.inTx(ctx, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, q, namedArgs{
			"id": a.ID, "name": a.Name, "slug": a.Slug, "test": a.TestMode, "settings": asJSON(a.Settings), "secret": a.WebhookSecret,
		}).Scan(&a.CreatedAt, &a.UpdatedAt)
		if err != nil {
			return mapConstraint(err)
		}
		return insertKey(ctx, tx, &first)
	})
}

// UpdateApp writes an app's name and settings.
func (db *Access) UpdateApp(ctx context.Context, a *tenant.App) error {
	const q = `UPDATE apps SET name = @name, settings = @settings, updated_at = now() WHERE id = @id RETURNING updated_at`
	err := db.pool.QueryRow(ctx, q, namedArgs{"id": a.ID, "name": a.Name, "settings": asJSON(a.Settings)}).Scan(&a.UpdatedAt)
	return orNotFound(err, "The app")
}

// DeleteApp erases an app with everything of it; InUse while bookings of it are not over, NotFound when there is none. It locks the app's
// row until the end of its transaction.
func (db *Access) DeleteApp(ctx context.Context, id uuid.UUID) error {
	args := namedArgs{"id": id}
	return db.inTx(ctx, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, `SELECT FROM apps WHERE id = @id FOR UPDATE`, args).Scan(); err != nil {
			return orNotFound(err, "The app")
		}
		var open bool
		const used = `SELECT EXISTS (SELECT FROM bookings WHERE app_id = @id AND NOT completed)`
		if err := tx.QueryRow(ctx, used, args).Scan(&open); err != nil {
			return err
		}
		if open {
			return fault.Errorf(fault.InUse, "The app has bookings that are not over.")
		}
		batch := &pgx.Batch{}
		batch.Queue(`SET LOCAL statement_timeout = '1min'`) // an app can hold years
		batch.Queue(`DELETE FROM idempotency_keys WHERE app_id = @id OR app_id IN (
			SELECT id FROM api_keys WHERE app_id = @id UNION ALL SELECT id FROM client_secrets WHERE app_id = @id)`, args)
		batch.Queue(`DELETE FROM apps WHERE id = @id`, args)
		return tx.SendBatch(ctx, batch).Close()
	})
}

// NewKey is a key on its way into the record: its hash finds it, its sealed form verifies links.
type NewKey struct {
	tenant.Key
	Hash   []byte
	Sealed []byte
}

type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

func insertKey(ctx context.Context, q querier, k *NewKey) error {
	const insert = `
		INSERT INTO api_keys (id, app_id, kind, name, hint, hash, sealed)
		VALUES (@id, @app, @kind, @name, @hint, @hash, @sealed)
		ON CONFLICT ON CONSTRAINT api_keys_pkey DO UPDATE SET hint = excluded.hint, hash = excluded.hash, sealed = excluded.sealed
		WHERE api_keys.app_id = excluded.app_id RETURNING created_at`
	return orNotFound(q.QueryRow(ctx, insert, namedArgs{
		"id": k.ID, "app": k.AppID, "kind": k.Kind, "name": k.Name, "hint": k.Hint, "hash": k.Hash, "sealed": k.Sealed,
	}).Scan(&k.CreatedAt), "The key")
}

// AddKey puts a new key on record. A repeat with the same id replaces a key that was not shown yet; NotFound when the
// id is another app's.
func (db *Access) AddKey(ctx context.Context, k *NewKey) error { return insertKey(ctx, db.pool, k) }

// Keys returns an app's keys, revoked ones too, the oldest first.
func (db *Access) Keys(ctx context.Context, appID uuid.UUID) ([]tenant.Key, error) {
	const q = `
		SELECT id, app_id, kind, name, hint, created_at, last_used_at, revoked_at
		FROM api_keys WHERE app_id = @app ORDER BY created_at, id`
	rows, err := db.pool.Query(ctx, q, namedArgs{"app": appID})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[tenant.Key])
}

// RevokeKey ends a key for good; revoking it again is no fault. NotFound when the app has no such key.
func (db *Access) RevokeKey(ctx context.Context, appID, id uuid.UUID) error {
	const q = `UPDATE api_keys SET revoked_at = COALESCE(revoked_at, now()) WHERE id = @id AND app_id = @app`
	tag, err := db.pool.Exec(ctx, q, namedArgs{"id": id, "app": appID})
	if err == nil && tag.RowsAffected() == 0 {
		return fault.Errorf(fault.NotFound, "The key does not exist.")
	}
	return err
}

// Holder is who a key belongs to.
type Holder struct {
	App   *tenant.App
	KeyID uuid.UUID
	Kind  tenant.KeyKind
}

// KeyHolder finds the app behind the hash of an active key; Unauthorized when there is none. The time of use is kept to
// the minute. Requests of one key that come together share a look-up, which begins after all of them: a key that was revoked
// before a request is not known to it.
func (db *Access) KeyHolder(ctx context.Context, hash []byte) (*Holder, error) {
	h, err := db.holders.get(ctx, string(hash), func(ctx context.Context) (Holder, error) { return db.keyHolder(ctx, hash) })
	if err != nil {
		return nil, err
	}
	app := *h.App // each caller has its own
	h.App = &app
	return &h, db.loadGraphs(ctx, h.App)
}

func (db *Access) keyHolder(ctx context.Context, hash []byte) (h Holder, err error) {
	const q = `
		SELECT ` + appColumns + `, k.id, k.kind, k.last_used_at IS NULL OR k.last_used_at < now() - interval '1 minute'
		FROM api_keys k JOIN apps a ON a.id = k.app_id WHERE k.hash = @hash AND k.revoked_at IS NULL`
	var touch bool
	app, err := scanApp(withExtra{db.pool.QueryRow(ctx, q, namedArgs{"hash": hash}), []any{&h.KeyID, &h.Kind, &touch}})
	if fault.CodeOf(orNotFound(err, "")) == fault.NotFound {
		return h, fault.Errorf(fault.Unauthorized, "The API key is not known.")
	}
	if err != nil {
		return h, err
	}
	h.App = app
	if touch {
		_, err = db.pool.Exec(ctx, `UPDATE api_keys SET last_used_at = now() WHERE id = @id`, namedArgs{"id": h.KeyID})
	}
	return h, err
}

// withExtra lets a scan function read a row that has more columns behind its own.
type withExtra struct {
	row   pgx.Row
	extra []any
}

func (w withExtra) Scan(targets ...any) error { return w.row.Scan(append(targets, w.extra...)...) }

const selectSealedKeys = `SELECT id, sealed FROM api_keys WHERE kind = 'server' AND revoked_at IS NULL AND app_id = `

// SealedKeys returns the sealed form and id of an app's active server keys: those that may sign action links.
func (db *Access) SealedKeys(ctx context.Context, appID uuid.UUID) (map[uuid.UUID][]byte, error) {
	rows, err := db.pool.Query(ctx, selectSealedKeys+`@app`, namedArgs{"app": appID})
	if err != nil {
		return nil, err
	}
	sealed := map[uuid.UUID][]byte{}
	return sealed, scanSealedKeys(rows, sealed)
}

func scanSealedKeys(rows pgx.Rows, into map[uuid.UUID][]byte) error {
	var id uuid.UUID
	var key []byte
	_, err := pgx.ForEachRow(rows, []any{&id, &key}, func() error {
		into[id] = append([]byte(nil), key...)
		return nil
	})
	return err
}

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
