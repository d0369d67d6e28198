package postgres

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// paused drops deliveries that have waited for a paused endpoint for too long, up to limit of one endpoint, and counts them
// on the endpoint. Changes of deleted bookings go with their last delivery. It locks the endpoint's row before its
// deliveries, as everybody does.
func (c *Cleaner) paused(ctx context.Context, limit int) (dropped int, done bool, err error) {
	const lock = `
		SELECT w.id FROM webhook_endpoints w WHERE w.status = 'paused' AND EXISTS (` + tooOld + `)
		ORDER BY w.id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED`
	const drop = `
		WITH dropped AS (
			DELETE FROM webhook_deliveries WHERE id IN (
				SELECT d.id FROM webhook_endpoints w CROSS JOIN LATERAL (` + tooOld + ` ORDER BY d.created_at, d.id
					LIMIT @limit FOR UPDATE SKIP LOCKED) d
				WHERE w.id = @endpoint) RETURNING event_id),
		counted AS (
			UPDATE webhook_endpoints SET dropped = dropped + (SELECT count(*) FROM dropped), dropped_at = now()
			WHERE id = @endpoint AND EXISTS (SELECT FROM dropped))
		SELECT event_id FROM dropped`
	const erase = `
		DELETE FROM events WHERE id IN (
			SELECT e.id FROM events e WHERE e.id = ANY(@ids) AND e.booking_id IS NOT NULL
			AND NOT EXISTS (SELECT FROM bookings b WHERE b.id = e.booking_id) AND` + unusedEvent + `
			ORDER BY e.id FOR UPDATE SKIP LOCKED)`
	err = c.db.inTx(ctx, func(tx pgx.Tx) error {
		dropped, done = 0, false
		args := namedArgs{"keep": c.keep.Paused.Seconds(), "limit": limit}
		var endpoint uuid.UUID
		if err := tx.QueryRow(ctx, lock, args).Scan(&endpoint); err != nil {
			done = errors.Is(err, pgx.ErrNoRows)
			return ignore(err, pgx.ErrNoRows)
		}
		args["endpoint"] = endpoint
		rows, err := tx.Query(ctx, drop, args)
		if err != nil {
			return err
		}
		ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
		if err != nil {
			return err
		}
		dropped, done = len(ids), len(ids) == 0 // what is left is locked by an attempt
		_, err = tx.Exec(ctx, erase, namedArgs{"ids": ids})
		return err
	})
	return dropped, done, err
}

// tooOld are the deliveries d of an endpoint w that have waited for too long.
const tooOld = `
	SELECT d.id FROM webhook_deliveries d WHERE d.endpoint_id = w.id AND d.status = 'pending' AND NOT d.test
	AND d.created_at < now() - make_interval(secs => @keep)`

// ignore returns nil for one error, and any other as it is.
func ignore(err, expected error) error {
	if errors.Is(err, expected) {
		return nil
	}
	return err
}
