package postgres

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// requests deletes scheduling requests for which no time was picked. One that has a booking goes with its booking; it is
// looked at again after the same time. Requests are locked first: a time that is picked meanwhile is seen.
func (c *Cleaner) requests(ctx context.Context, limit int) (deleted int, done bool, err error) {
	const lock = `
		SELECT q.id FROM scheduling_requests q WHERE q.looked_at < now() - make_interval(secs => @keep)
		ORDER BY q.looked_at LIMIT @limit FOR UPDATE SKIP LOCKED`
	const erase = `DELETE FROM scheduling_requests q WHERE q.id = ANY(@ids) AND` + unpicked
	const looked = `UPDATE scheduling_requests SET looked_at = now() WHERE id = ANY(@ids)`
	err = c.db.inTx(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, lock, namedArgs{"keep": c.keep.Requests.Seconds(), "limit": limit})
		if err != nil {
			return err
		}
		ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
		if err != nil {
			return err
		}
		args := namedArgs{"ids": ids}
		tag, err := tx.Exec(ctx, erase, args)
		if err != nil {
			return err
		}
		deleted, done = int(tag.RowsAffected()), len(ids) < limit
		_, err = tx.Exec(ctx, looked, args)
		return err
	})
	return deleted, done, err
}

// unpicked is true of a scheduling request q that no booking names.
const unpicked = ` NOT EXISTS (SELECT FROM bookings b WHERE b.request_id = q.id)`
