package postgres

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/booking"
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

// EraseRequest deletes a scheduling request for which no time is picked, with its recipient. InUse when it has a booking: that
// one is deleted instead, and takes the request along. NotFound when the app has no such request.
func (db *DB) EraseRequest(ctx context.Context, appID uuid.UUID, name string) error {
	const lock = `SELECT q.id FROM scheduling_requests q WHERE q.app_id = @app AND q.name = @name FOR UPDATE`
	const erase = `DELETE FROM scheduling_requests q WHERE q.id = @id AND` + unpicked
	return db.inTx(ctx, func(tx pgx.Tx) error {
		var id uuid.UUID
		if err := tx.QueryRow(ctx, lock, namedArgs{"app": appID, "name": name}).Scan(&id); err != nil {
			return one(err, "The scheduling request")
		}
		tag, err := tx.Exec(ctx, erase, namedArgs{"id": id})
		if err == nil && tag.RowsAffected() == 0 {
			return booking.Errorf(booking.InUse, "The scheduling request has a booking. Delete the booking: the request goes with it.")
		}
		return err
	})
}
