package postgres

import (
	"context"
	"time"
)

// BookingsWithOverdueTimer claims up to limit bookings whose first timer has been due for longer than a while, with their app's slug:
// their workflow was terminated, or lost with Temporal's database, or is late. Each is handed out again after lease at the soonest, those
// first that were never handed out: bookings that cannot be resumed do not keep others from their turn. It locks the bookings that it
// returns, and skips those that another transaction has locked.
func (db *Actions) BookingsWithOverdueTimer(ctx context.Context, while, lease time.Duration, limit int) ([]Stuck, error) {
	return db.overdue(ctx, claimLate(`deadline_at < now() - make_interval(secs => @while)`), lateArgs(while, lease, limit))
}

// claimLate claims bookings by a condition: see BookingsWithOverdueTimer.
func claimLate(late string) string {
	return `
		WITH late AS (
			SELECT id FROM bookings WHERE ` + late + `
			AND (resumed_at IS NULL OR resumed_at < now() - make_interval(secs => @lease))
			ORDER BY resumed_at NULLS FIRST, deadline_at LIMIT @limit FOR NO KEY UPDATE SKIP LOCKED),
		claimed AS (
			UPDATE bookings SET resumed_at = now() WHERE id IN (SELECT id FROM late) RETURNING id)
		SELECT ` + bookingColumns + `, a.slug` + bookingFrom + ` JOIN apps a ON a.id = b.app_id
		WHERE b.id IN (SELECT id FROM claimed) ORDER BY b.deadline_at`
}

func lateArgs(while, lease time.Duration, limit int) namedArgs {
	return namedArgs{"while": while.Seconds(), "lease": lease.Seconds(), "limit": limit}
}
