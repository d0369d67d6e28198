package postgres

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Dropped counts deliveries that were dropped while their endpoint was paused.
type Dropped struct {
	AppID, EndpointID uuid.UUID
	TooOld            int  // they had waited for longer than Retention.Paused
	TooMany           int  // the oldest of more than Retention.Backlog
	First             bool // nothing was dropped before since the endpoint was last resumed
}

// pausedMark is the state of the clean-up of paused endpoints. The cleaner's mutex guards it.
type pausedMark struct {
	after   uuid.UUID // endpoints up to this one are done in this round
	dropped []Dropped // not yet taken by TakeDropped
}

// TakeDropped returns what was dropped since the last call, one element per endpoint.
func (c *Cleaner) TakeDropped() []Dropped {
	c.mu.Lock()
	defer c.mu.Unlock()
	taken := c.paused.dropped
	c.paused.dropped = nil
	return taken
}

// note adds what one batch has dropped.
func (m *pausedMark) note(d Dropped) {
	i := slices.IndexFunc(m.dropped, func(known Dropped) bool { return known.EndpointID == d.EndpointID })
	if i < 0 {
		m.dropped = append(m.dropped, d)
		return
	}
	known := &m.dropped[i]
	known.TooOld, known.TooMany, known.First = known.TooOld+d.TooOld, known.TooMany+d.TooMany, known.First || d.First
}

// dropPaused drops deliveries of one paused endpoint, up to limit: those that have waited for too long, then the oldest beyond the
// backlog's cap. They are counted on the endpoint. It goes on behind the endpoint at which an earlier batch has ended, and is done
// after the last one. Tests are spared, and what an attempt has locked.
func (c *Cleaner) dropPaused(ctx context.Context, limit int) (dropped int, done bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var d Dropped
	err = c.db.inTx(ctx, func(tx pgx.Tx) error {
		d, done = Dropped{}, false
		if err := lockPaused(ctx, tx, c.paused.after, &d); err != nil {
			done = errors.Is(err, pgx.ErrNoRows)
			return ignore(err, pgx.ErrNoRows)
		}
		return c.dropWaiting(ctx, tx, limit, &d)
	})
	if err != nil {
		return 0, false, err
	}
	if done {
		c.paused.after = uuid.Nil
		return 0, true, nil
	}
	dropped = d.TooOld + d.TooMany
	if dropped > 0 {
		c.paused.note(d)
	}
	if dropped < limit {
		c.paused.after = d.EndpointID
	}
	return dropped, false, nil
}

// lockPaused locks the row of the next paused endpoint until the end of the transaction: before its deliveries, as everybody does.
// pgx.ErrNoRows when there is none.
func lockPaused(ctx context.Context, tx pgx.Tx, after uuid.UUID, d *Dropped) error {
	const lock = `
		SELECT w.app_id, w.id, w.dropped = 0 FROM webhook_endpoints w WHERE w.status = 'paused' AND w.id > @after
		ORDER BY w.id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED`
	return tx.QueryRow(ctx, lock, namedArgs{"after": after}).Scan(&d.AppID, &d.EndpointID, &d.First)
}

// dropWaiting drops up to limit deliveries of a locked endpoint and counts them on it.
func (c *Cleaner) dropWaiting(ctx context.Context, tx pgx.Tx, limit int, d *Dropped) (err error) {
	// Transactions that write deliveries meanwhile add to them, so that what is beyond the cap stays so.
	const beyond = `SELECT count(*) FROM (SELECT FROM webhook_deliveries d WHERE ` + waitingFor + ` LIMIT @most::bigint + @limit) counted`
	const count = `UPDATE webhook_endpoints SET dropped = dropped + @n, dropped_at = now() WHERE id = @endpoint`
	if d.TooOld, err = dropOldest(ctx, tx, d.EndpointID, c.keep.Paused, limit); err != nil {
		return err
	}
	args := namedArgs{"endpoint": d.EndpointID, "most": c.keep.Backlog, "limit": limit - d.TooOld}
	var waiting int
	if err := tx.QueryRow(ctx, beyond, args).Scan(&waiting); err != nil {
		return err
	}
	if excess := waiting - c.keep.Backlog; excess > 0 {
		if d.TooMany, err = dropOldest(ctx, tx, d.EndpointID, 0, excess); err != nil {
			return err
		}
	}
	if n := d.TooOld + d.TooMany; n > 0 {
		_, err = tx.Exec(ctx, count, namedArgs{"endpoint": d.EndpointID, "n": n})
	}
	return err
}

// waitingFor are the deliveries d that wait for an endpoint.
const waitingFor = `d.endpoint_id = @endpoint AND d.status = 'pending' AND NOT d.test`

// dropOldest deletes up to limit of the oldest deliveries that have waited for an endpoint for longer than keep, and returns their
// number. Changes of deleted bookings go with their last delivery.
func dropOldest(ctx context.Context, tx pgx.Tx, endpoint uuid.UUID, keep time.Duration, limit int) (int, error) {
	const drop = `
		DELETE FROM webhook_deliveries WHERE id IN (
			SELECT d.id FROM webhook_deliveries d WHERE ` + waitingFor + ` AND d.created_at <= now() - make_interval(secs => @keep)
			ORDER BY d.created_at, d.id LIMIT @limit FOR UPDATE SKIP LOCKED)
		RETURNING event_id`
	const erase = `
		DELETE FROM events WHERE id IN (
			SELECT e.id FROM events e WHERE e.id = ANY(@ids) AND e.booking_id IS NOT NULL
			AND NOT EXISTS (SELECT FROM bookings b WHERE b.id = e.booking_id) AND` + unusedEvent + `
			ORDER BY e.id FOR UPDATE SKIP LOCKED)`
	rows, err := tx.Query(ctx, drop, namedArgs{"endpoint": endpoint, "keep": keep.Seconds(), "limit": limit})
	if err != nil {
		return 0, err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	_, err = tx.Exec(ctx, erase, namedArgs{"ids": ids})
	return len(ids), err
}

// ignore returns nil for one error, and any other as it is.
func ignore(err, expected error) error {
	if errors.Is(err, expected) {
		return nil
	}
	return err
}
