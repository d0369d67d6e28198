package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/fault"
)

// PortalSession is who is signed in to the portal: an app, by one of its server keys, which is sealed under its id.
type PortalSession struct {
	KeyID  uuid.UUID
	Sealed []byte
	App    string // its name
}

var errNoSession = fault.Errorf(fault.Unauthorized, "You are not signed in.")

// OpenPortalSession puts a session on record by the hash of its token, and deletes those that have run out. Unauthorized
// when the key is not an active server key.
func (db *Access) OpenPortalSession(ctx context.Context, hash []byte, keyID uuid.UUID, life time.Duration) error {
	const q = `
		WITH expired AS (DELETE FROM portal_sessions WHERE expires_at <= now())
		INSERT INTO portal_sessions (hash, key_id, expires_at)
		SELECT @hash, id, now() + @life FROM api_keys WHERE id = @key AND kind = 'server' AND revoked_at IS NULL`
	tag, err := db.pool.Exec(ctx, q, namedArgs{"hash": hash, "key": keyID, "life": life})
	if err == nil && tag.RowsAffected() == 0 {
		return errNoSession
	}
	return err
}

// PortalSession finds the session behind the hash of a token. Unauthorized when there is none, when it has run out, and
// when its key was revoked.
func (db *Access) PortalSession(ctx context.Context, hash []byte) (*PortalSession, error) {
	const q = `
		SELECT k.id, k.sealed, a.name
		FROM portal_sessions s JOIN api_keys k ON k.id = s.key_id AND k.revoked_at IS NULL JOIN apps a ON a.id = k.app_id
		WHERE s.hash = @hash AND s.expires_at > now()`
	var s PortalSession
	err := orNotFound(db.pool.QueryRow(ctx, q, namedArgs{"hash": hash}).Scan(&s.KeyID, &s.Sealed, &s.App), "")
	if fault.CodeOf(err) == fault.NotFound {
		return nil, errNoSession
	}
	return &s, err
}

// ClosePortalSession ends a session; one that has ended is no fault.
func (db *Access) ClosePortalSession(ctx context.Context, hash []byte) error {
	_, err := db.pool.Exec(ctx, `DELETE FROM portal_sessions WHERE hash = @hash`, namedArgs{"hash": hash})
	return err
}
