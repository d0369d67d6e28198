package postgres

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
	"holdfast/internal/tenant"
)

// AddCredential puts a resource's token on record. A repeat with the same id replaces a token that was not shown yet;
// NotFound when the id is another app's, or the app has no such resource. keep > 0 lets only so many of the resource's own
// stay, the newest.
func (db *Access) AddCredential(ctx context.Context, c *tenant.Credential, hash []byte, keep int) error {
	const insert = `
		INSERT INTO resource_credentials (id, app_id, resource_id, type, name, hint, hash, own)
		SELECT @id, @app, id, @type, @name, @hint, @hash, @own FROM resources WHERE id = @resource AND app_id = @app AND deleted_at IS NULL
		ON CONFLICT ON CONSTRAINT resource_credentials_pkey DO UPDATE SET hint = excluded.hint, hash = excluded.hash
		WHERE resource_credentials.app_id = excluded.app_id RETURNING created_at`
	const prune = `
		DELETE FROM resource_credentials WHERE id IN (
			SELECT id FROM resource_credentials WHERE resource_id = @resource AND own ORDER BY created_at DESC, id DESC OFFSET @keep)`
	args := namedArgs{
		"id": c.ID, "app": c.AppID, "resource": c.ResourceID, "type": c.Type, "name": c.Name, "hint": c.Hint,
		"hash": hash, "keep": keep, "own": c.Own,
	}
	return db.inTx(ctx, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, insert, args).Scan(&c.CreatedAt); err != nil || keep == 0 {
			return orNotFound(err, "The resource")
		}
		_, err := tx.Exec(ctx, prune, args)
		return err
	})
}

//nolint:gosec // columns, of which none is a secret
const credentialColumns = `c.id, c.app_id, c.resource_id, c.type, c.name, c.hint, c.created_at, c.last_used_at, c.own`

const credentials = `SELECT ` + credentialColumns + `
	FROM resource_credentials c JOIN resources r ON r.id = c.resource_id AND r.deleted_at IS NULL WHERE c.app_id = @app`

var credentialKeys = map[string]searchKey{
	"id": byID("c.id %s"), "resource.id": byID("c.resource_id %s"), "type": byText("lower(c.type) %s"), "name": byText("lower(c.name) %s"),
}

// Credentials returns one page of the credentials of an app's resources that a search finds, the oldest first, and what is known of
// the others. They do not change, but for the time of use.
func (db *Access) Credentials(ctx context.Context, appID uuid.UUID, terms []Term, page Page) ([]*tenant.Credential, Found, error) {
	args := namedArgs{"app": appID}
	found, err := search(terms, credentialKeys, args)
	if err != nil {
		return nil, Found{}, err
	}
	return listRows(ctx, db.store, listing[tenant.Credential]{
		columns: credentialColumns, table: "resource_credentials", alias: "c",
		where: `c.app_id = @app AND ` + ofUsed + found, order: "c.created_at", most: mostOf(terms), changed: "c.created_at", scan: structs[tenant.Credential],
	}, page, args)
}

// Credential returns a credential of an app's resource, or NotFound.
func (db *Access) Credential(ctx context.Context, appID, id uuid.UUID) (*tenant.Credential, error) {
	rows, err := db.pool.Query(ctx, credentials+` AND c.id = @id`, namedArgs{"app": appID, "id": id})
	if err != nil {
		return nil, err
	}
	c, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByPos[tenant.Credential])
	return c, orNotFound(err, "The credential")
}

// DeleteCredential ends a token for good; NotFound when the app has no such credential.
func (db *Access) DeleteCredential(ctx context.Context, appID, id uuid.UUID) error {
	tag, err := db.pool.Exec(ctx, `DELETE FROM resource_credentials WHERE id = @id AND app_id = @app`, namedArgs{"id": id, "app": appID})
	if err == nil && tag.RowsAffected() == 0 {
		return orNotFound(pgx.ErrNoRows, "The credential")
	}
	return err
}

// ResourceHolder is the resource a token belongs to.
type ResourceHolder struct {
	App          *tenant.App
	CredentialID uuid.UUID
	ResourceID   uuid.UUID
	Email        string
}

// TokenHolder finds the resource behind the hash of a token; Unauthorized when there is none. The time of use is kept to
// the minute.
func (db *Access) TokenHolder(ctx context.Context, hash []byte) (*ResourceHolder, error) {
	const q = `
		SELECT ` + appColumns + `, c.id, r.id, r.email, c.last_used_at IS NULL OR c.last_used_at < now() - interval '1 minute'
		FROM resource_credentials c JOIN apps a ON a.id = c.app_id JOIN resources r ON r.id = c.resource_id AND r.deleted_at IS NULL
		WHERE c.hash = @hash`
	h := ResourceHolder{}
	var touch bool
	row := withExtra{db.pool.QueryRow(ctx, q, namedArgs{"hash": hash}), []any{&h.CredentialID, &h.ResourceID, &h.Email, &touch}}
	app, err := scanApp(row)
	if fault.CodeOf(orNotFound(err, "")) == fault.NotFound {
		return nil, fault.Errorf(fault.Unauthorized, "The token is not known.")
	}
	if err != nil {
		return nil, err
	}
	h.App = app
	if err := db.loadGraphs(ctx, app); err != nil {
		return nil, err
	}
	if touch {
		_, err = db.pool.Exec(ctx, `UPDATE resource_credentials SET last_used_at = now() WHERE id = @id`, namedArgs{"id": h.CredentialID})
	}
	return &h, err
}

// Password returns the hash of a resource's password, "" for none; NotFound when the app has no such resource.
func (db *Access) Password(ctx context.Context, appID, id uuid.UUID) (hash string, err error) {
	const q = `SELECT password FROM resources WHERE id = @id AND app_id = @app AND deleted_at IS NULL`
	err = orNotFound(db.pool.QueryRow(ctx, q, namedArgs{"id": id, "app": appID}).Scan(&hash), "The resource")
	return hash, err
}

// SignIn is a resource that can sign in, with the hash of its password.
type SignIn struct {
	Resource *catalogue.Resource
	Password string
}

// SignIns returns the resources that can sign in with an e-mail address: of one app, or of the server when app is nil. Two
// are enough to find that there are several.
func (db *Access) SignIns(ctx context.Context, app *uuid.UUID, email string) ([]SignIn, error) {
	const q = `
		SELECT ` + resourceColumns + `, password FROM resources
		WHERE lower(email) = lower(@email) AND password <> '' AND deleted_at IS NULL AND (@app::uuid IS NULL OR app_id = @app) LIMIT 2`
	rows, err := db.pool.Query(ctx, q, namedArgs{"app": app, "email": email})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (in SignIn, err error) {
		in.Resource, err = scanResource(withExtra{row, []any{&in.Password}})
		return in, err
	})
}
