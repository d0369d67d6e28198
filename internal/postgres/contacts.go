package postgres

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/contact"
)

// Contacts stores which addresses get no messages.
type Contacts struct{ *store }

// Block puts a block on record. A repeat changes nothing. NotFound when there is no such app or booking. Its references lock the rows of
// the app and of the booking (shared).
func (db *Contacts) Block(ctx context.Context, b contact.Block) error {
	const q = `
		INSERT INTO contact_blocks (app_id, channel, digest, kind, booking_id, reason)
		VALUES (@app, @channel, @digest, @kind, @booking, @reason) ` + blockedAlready
	_, err := db.pool.Exec(ctx, q, namedArgs{
		"app": b.AppID, "channel": b.Channel, "digest": b.Digest, "kind": b.Kind, "booking": b.BookingID, "reason": b.Reason,
	})
	return mapConstraint(err)
}

// blockedAlready is the end of an INSERT of a block: a repeat changes nothing.
const blockedAlready = `
	ON CONFLICT (app_id, channel, digest, kind, COALESCE(booking_id, '00000000-0000-0000-0000-000000000000')) DO NOTHING`

// Unblock takes the block of a kind back: of one booking, or of the app for a nil booking. It reports whether there was one.
func (db *Contacts) Unblock(
	ctx context.Context, appID uuid.UUID, channel contact.Channel, digest []byte, kind contact.Kind, bookingID *uuid.UUID,
) (removed bool, err error) {
	const q = `
		DELETE FROM contact_blocks WHERE app_id = @app AND channel = @channel AND digest = @digest AND kind = @kind
		AND booking_id IS NOT DISTINCT FROM @booking`
	done, err := db.pool.Exec(ctx, q, namedArgs{
		"app": appID, "channel": channel, "digest": digest, "kind": kind, "booking": bookingID,
	})
	return done.RowsAffected() > 0, err
}

// Blocks returns the blocks of addresses by their digests, of all channels and kinds, the oldest first.
func (db *Contacts) Blocks(ctx context.Context, appID uuid.UUID, digests ...[]byte) ([]contact.Block, error) {
	const q = `
		SELECT app_id, channel, digest, kind, booking_id, reason, created_at FROM contact_blocks
		WHERE app_id = @app AND channel IN ('mail', 'sms') AND digest = ANY(@digests) ORDER BY created_at, kind`
	rows, err := db.pool.Query(ctx, q, namedArgs{"app": appID, "digests": digests})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[contact.Block])
}
