package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// eventMark is a place in the order in which changes are looked at.
type eventMark struct {
	At time.Time
	ID uuid.UUID
}

// unusedEvent is true of a change e that no delivery and no pending effect needs.
const unusedEvent = ` NOT EXISTS (SELECT FROM webhook_deliveries d WHERE d.event_id = e.id)
	AND NOT EXISTS (SELECT FROM effects f WHERE f.booking_id = e.booking_id AND f.seq = e.seq AND f.status = 'pending')`

// events deletes old changes that have no delivery. It looks at limit changes behind the last batch's, also of an earlier
// run, and begins anew after the newest: changes that wait for a receiver do not keep it from those behind them.
func (c *Cleaner) events(ctx context.Context, limit int) (deleted int, done bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	const old = `
		SELECT e.at, e.id FROM events e WHERE e.at < now() - make_interval(secs => @keep) AND (e.at, e.id) > (@at, @id)
		ORDER BY e.at, e.id LIMIT @limit`
	rows, err := c.db.pool.Query(ctx, old, namedArgs{"keep": c.keep.Changes.Seconds(), "at": c.after.At, "id": c.after.ID, "limit": limit})
	if err != nil {
		return 0, false, err
	}
	marks, err := pgx.CollectRows(rows, pgx.RowToStructByPos[eventMark])
	if err != nil {
		return 0, false, err
	}
	ids := make([]uuid.UUID, len(marks))
	for i, mark := range marks {
		ids[i] = mark.ID
	}
	err = c.db.inTx(ctx, func(tx pgx.Tx) error {
		deleted, err = deleteUnusedEvents(ctx, tx, ids)
		return err
	})
	switch {
	case err != nil:
		return 0, false, err
	case len(marks) < limit:
		c.after = eventMark{}
		return deleted, true, nil
	}
	c.after = marks[len(marks)-1]
	return deleted, false, nil
}

// deleteUnusedEvents locks the changes that have no delivery, and looks again once it has them to itself: a replay may
// have queued one meanwhile.
func deleteUnusedEvents(ctx context.Context, tx pgx.Tx, ids []uuid.UUID) (int, error) {
	const lock = `SELECT e.id FROM events e WHERE e.id = ANY(@ids) AND` + unusedEvent + ` ORDER BY e.id FOR UPDATE SKIP LOCKED`
	rows, err := tx.Query(ctx, lock, namedArgs{"ids": ids})
	if err != nil {
		return 0, err
	}
	locked, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return 0, err
	}
	done, err := tx.Exec(ctx, `DELETE FROM events e WHERE e.id = ANY(@ids) AND`+unusedEvent, namedArgs{"ids": locked})
	return int(done.RowsAffected()), err
}
