package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// ForgetChanges deletes deliveries that ended longer ago than the keeping time, with their attempts, and changes that are
// older than it and have no delivery left: up to limit of each. What waits stays, however old it is, and so does its change.
func (db *DB) ForgetChanges(ctx context.Context, keep time.Duration, limit int) (deliveries, changes int, err error) {
	args := namedArgs{"keep": keep.Seconds(), "limit": limit}
	const ended = `
		DELETE FROM webhook_deliveries WHERE id IN (
			SELECT id FROM webhook_deliveries WHERE finished_at < now() - make_interval(secs => @keep)
			ORDER BY finished_at LIMIT @limit FOR UPDATE SKIP LOCKED)`
	done, err := db.pool.Exec(ctx, ended, args)
	if err != nil {
		return 0, 0, err
	}
	err = db.inTx(ctx, func(tx pgx.Tx) error {
		changes, err = forgetOld(ctx, tx, args)
		return err
	})
	return int(done.RowsAffected()), changes, err
}

// forgetOld looks again once it has the changes to itself: a replay may have queued one meanwhile.
func forgetOld(ctx context.Context, tx pgx.Tx, args namedArgs) (int, error) {
	const unused = ` AND NOT EXISTS (SELECT FROM webhook_deliveries d WHERE d.event_id = e.id)`
	const old = `SELECT e.id FROM events e WHERE e.at < now() - make_interval(secs => @keep)` + unused + `
		ORDER BY e.at LIMIT @limit FOR UPDATE SKIP LOCKED`
	rows, err := tx.Query(ctx, old, args)
	if err != nil {
		return 0, err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return 0, err
	}
	done, err := tx.Exec(ctx, `DELETE FROM events e WHERE e.id = ANY(@ids)`+unused, namedArgs{"ids": ids})
	return int(done.RowsAffected()), err
}
