package postgres

import "context"

// RunBatches is Run with a batch size and without a clock: it goes on while goOn says so.
func (c Cleanup) RunBatches(ctx context.Context, limit int, goOn func() bool) (int, error) {
	return c.run(ctx, limit, goOn)
}

// NewCleanup makes a clean-up of a batch.
func NewCleanup(batch func(context.Context, int) (int, bool, error)) Cleanup {
	return Cleanup{"test", batch}
}

// Wants is the condition of endpoints w and events e.
const Wants = matches

// CursorAhead is a cursor of a server with far more transactions.
func CursorAhead(c Cursor) Cursor {
	c.written = "18446744073709551000"
	return c
}

// The batches of a clean-up.
const (
	CleanBatch    = cleanBatch
	CleanBatchMin = cleanBatchMin
)

// ShortLooks makes searches of a DB reach so far that a handful of bookings is beyond them.
func (db *DB) ShortLooks() {
	db.bounds = bounds{walk: 2, farWalk: 3, longWalk: 3, hits: 2, farHits: 3, similarWalk: 2, similarHits: 2}
}
