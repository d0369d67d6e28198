package postgres

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/fault"
)

// ReserveHold counts a hold that is about to be made against its owner: TooManyRequests when the owner has most holds already
// that are alive. Owners are counted one by one, under an advisory lock until the statement ends. A repeat for the same hold
// changes nothing. A hold that is not on record within a minute does not count any more; ReleaseHold takes it back at once.
func (db *limits) ReserveHold(ctx context.Context, owner []byte, hold uuid.UUID, most int) error {
	const forget = `
		DELETE FROM hold_owners WHERE booking_id IN (SELECT booking_id FROM hold_owners
			WHERE made_at < now() - interval '2 hours' ORDER BY made_at LIMIT 20 FOR UPDATE SKIP LOCKED)`
	const lock = `SELECT pg_advisory_xact_lock(hashtextextended(encode(@owner, 'hex'), 0))`
	const insert = `
		INSERT INTO hold_owners (booking_id, owner)
		SELECT @hold, @owner WHERE @most > (SELECT count(*) FROM hold_owners o LEFT JOIN bookings b ON b.id = o.booking_id
			WHERE o.owner = @owner AND o.booking_id <> @hold AND NOT COALESCE(b.completed, o.made_at < now() - interval '1 minute'))
		ON CONFLICT ON CONSTRAINT hold_owners_pkey DO UPDATE SET owner = hold_owners.owner RETURNING booking_id`
	args := namedArgs{"owner": owner, "hold": hold, "most": most}
	return db.inTx(ctx, func(tx pgx.Tx) error {
		batch := &pgx.Batch{}
		batch.Queue(forget, args)
		batch.Queue(lock, args)
		batch.Queue(insert, args).QueryRow(func(row pgx.Row) error {
			err := row.Scan(&hold)
			if errors.Is(err, pgx.ErrNoRows) {
				return fault.Errorf(fault.TooManyRequests, "You hold %d times already. Book one of them, or wait until one runs out.", most)
			}
			return err
		})
		return tx.SendBatch(ctx, batch).Close()
	})
}

// ReleaseHold takes back what ReserveHold counted, when the hold could not be made.
func (db *limits) ReleaseHold(ctx context.Context, hold uuid.UUID) error {
	_, err := db.pool.Exec(ctx, `DELETE FROM hold_owners WHERE booking_id = @hold`, namedArgs{"hold": hold})
	return err
}
