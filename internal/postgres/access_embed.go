package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/fault"
	"holdfast/internal/tenant"
)

const embedColumns = `id, app_id, public_key, sealed, created_at, CASE WHEN good_until < 'infinity' THEN good_until END`

// AddEmbedCredential puts a pair on record. A repeat with the same id replaces a pair that was not shown yet; NotFound
// when the id is another app's.
func (db *Access) AddEmbedCredential(ctx context.Context, c *tenant.EmbedCredential) error {
	return orNotFound(db.pool.QueryRow(ctx, insertEmbed, embedArgs(c)).Scan(&c.CreatedAt), "The embed credential")
}

const insertEmbed = `
	INSERT INTO embed_credentials AS c (id, app_id, public_key, sealed) VALUES (@id, @app, @key, @sealed)
	ON CONFLICT ON CONSTRAINT embed_credentials_pkey DO UPDATE SET public_key = excluded.public_key, sealed = excluded.sealed
	WHERE c.app_id = excluded.app_id RETURNING created_at`

func embedArgs(c *tenant.EmbedCredential) namedArgs {
	return namedArgs{"id": c.ID, "app": c.AppID, "key": c.PublicKey, "sealed": c.Sealed}
}

// RotateEmbedCredential puts a new pair on record in the place of another, which stays good for a while. A repeat with the
// same id replaces the new pair, which was not shown yet. NotFound when the app has no such pair that is good.
func (db *Access) RotateEmbedCredential(ctx context.Context, old uuid.UUID, c *tenant.EmbedCredential, grace time.Duration) error {
	return db.inTx(ctx, func(tx pgx.Tx) error {
		const end = `
			UPDATE embed_credentials SET good_until = LEAST(good_until, now() + @grace::interval)
			WHERE id = @old AND app_id = @app
			AND (good_until > now() OR EXISTS (SELECT FROM embed_credentials n WHERE n.id = @new AND n.app_id = @app))`
		done, err := tx.Exec(ctx, end, namedArgs{"old": old, "new": c.ID, "app": c.AppID, "grace": grace})
		if err == nil && done.RowsAffected() == 0 {
			err = pgx.ErrNoRows
		}
		if err != nil {
			return orNotFound(err, "The embed credential")
		}
		return orNotFound(tx.QueryRow(ctx, insertEmbed, embedArgs(c)).Scan(&c.CreatedAt), "The embed credential")
	})
}

// EmbedCredentials returns an app's pairs, those that have ended too, the oldest first.
func (db *Access) EmbedCredentials(ctx context.Context, appID uuid.UUID) ([]tenant.EmbedCredential, error) {
	const q = `SELECT ` + embedColumns + ` FROM embed_credentials WHERE app_id = @app ORDER BY created_at, id`
	rows, err := db.pool.Query(ctx, q, namedArgs{"app": appID})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[tenant.EmbedCredential])
}

// EmbedIssuer returns the pair behind a public key that is good; ClaimUnknownIssuer when there is none.
func (db *Access) EmbedIssuer(ctx context.Context, publicKey string) (*tenant.EmbedCredential, error) {
	const q = `SELECT ` + embedColumns + ` FROM embed_credentials WHERE public_key = @key AND good_until > now()`
	rows, err := db.pool.Query(ctx, q, namedArgs{"key": publicKey})
	if err != nil {
		return nil, err
	}
	c, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[tenant.EmbedCredential])
	if fault.CodeOf(orNotFound(err, "")) == fault.NotFound {
		return nil, fault.Errorf(fault.ClaimUnknownIssuer, "The claim token's issuer is not known.")
	}
	return &c, err
}

// EndEmbedCredential revokes a pair; again is no fault. NotFound when the app has no such pair.
func (db *Access) EndEmbedCredential(ctx context.Context, appID, id uuid.UUID) error {
	const q = `UPDATE embed_credentials SET good_until = LEAST(good_until, now()) WHERE id = @id AND app_id = @app RETURNING id`
	return orNotFound(db.pool.QueryRow(ctx, q, namedArgs{"id": id, "app": appID}).Scan(&id), "The embed credential")
}
