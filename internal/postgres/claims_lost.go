package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"holdfast/internal/fault"
)

// Names of rules that holdfast_refuse ends a transaction by.
const (
	refusedBySession     = "sessions_bounds"
	refusedByPredecessor = "bookings_predecessor"
)

// errRefused ends a transaction for a reason that only a closer look can find.
var errRefused = errors.New("refused")

// lost is why a claim was not won that nothing but somebody else stood in the way of.
func (db *claims) lost(ctx context.Context, c *claim) error {
	if c.takesSeat() {
		return db.refused(ctx, c)
	}
	if len(c.slots) == 1 {
		db.lostAt.Store(time.Now().UnixNano())
		return slotTaken(nil)
	}
	taken, err := whichTaken(ctx, db.store, c.booking)
	if err != nil {
		return err
	}
	return &fault.Error{Code: fault.SlotTaken, Message: slotTaken(nil).Error(), Missing: taken}
}

// crowded is how long creations look before they claim, once one has lost.
const crowded = time.Second

// lookFirst refuses a creation whose time is taken, by one cheap statement, while others have just lost theirs: a crowd is sent
// away several times as fast. At rest it does nothing and costs nothing. A repeat of what is on record passes.
func (db *claims) lookFirst(ctx context.Context, c *claim) error {
	first := c.booking.Seq == 0 && c.booking.Related.Succeeds() == nil
	if !first || !c.takesSlot() || len(c.slots) > 1 || c.slots[0].shared || time.Since(time.Unix(0, db.lostAt.Load())) > crowded {
		return nil
	}
	const q = `SELECT (` + isTaken + `) AND NOT EXISTS (SELECT FROM actions WHERE booking_id = @id)`
	err := hasRoom(db.pool.QueryRow(ctx, q, c.args))
	if fault.CodeOf(err) == fault.SlotTaken {
		db.lostAt.Store(time.Now().UnixNano())
	}
	return err
}

// refused is why a claim was not won: what the session or the predecessor says, or else that somebody has the time.
func (db *claims) refused(ctx context.Context, c *claim) error {
	batch := &pgx.Batch{}
	checkPredecessor(batch, c.booking)
	queueSession(batch, c.booking, c.move)
	if err := db.pool.SendBatch(ctx, batch).Close(); err != nil {
		return mapConstraint(err)
	}
	if err := db.limits.full(ctx, c.booking, c.move); err != nil {
		return err
	}
	switch how := c.booking.Related.Succeeds(); {
	case c.takesSeat():
		return fault.Errorf(fault.SoldOut, "The session has no seat left.")
	case how != nil && c.booking.Seq == 0:
		return how.Promised().Err()
	}
	return slotTaken(nil)
}
