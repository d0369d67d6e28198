package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// drainLease is how long a process keeps an endpoint to itself without renewing: after that it counts as lost.
const drainLease = 5 * time.Second

// ReserveDrain reserves an endpoint for this process's drain. It fails, with false, while another process that is not lost has
// it. Deliveries that a lost process had claimed are due again at once; their attempts stay counted, since it is unknown
// whether they were sent.
func (db *drains) ReserveDrain(ctx context.Context, endpointID uuid.UUID) (taken bool, err error) {
	const take = `
		WITH before AS (SELECT drainer FROM webhook_drains WHERE endpoint_id = @endpoint)
		INSERT INTO webhook_drains AS d (endpoint_id, drainer, until)
		SELECT id, @drainer, now() + make_interval(secs => @lease) FROM webhook_endpoints WHERE id = @endpoint
		ON CONFLICT (endpoint_id) DO UPDATE SET drainer = excluded.drainer, until = excluded.until
		WHERE d.drainer = excluded.drainer OR d.until < now()
		RETURNING COALESCE((SELECT drainer FROM before), @drainer) <> @drainer`
	args := namedArgs{"endpoint": endpointID, "drainer": db.process, "lease": drainLease.Seconds()}
	rows, err := db.pool.Query(ctx, take, args)
	if err != nil {
		return false, err
	}
	lost, err := pgx.CollectRows(rows, pgx.RowTo[bool])
	if err != nil || len(lost) == 0 {
		return false, err
	}
	if lost[0] {
		err = db.releaseClaims(ctx, endpointID)
	}
	return err == nil, err
}

// releaseClaims makes due what other processes have claimed of an endpoint. A claim lasts no longer than ClaimLease, so what
// is due later than that waits for a retry.
func (db *drains) releaseClaims(ctx context.Context, endpointID uuid.UUID) error {
	const q = `
		UPDATE webhook_deliveries SET next_at = now(), claimed_by = NULL
		WHERE endpoint_id = @endpoint AND status = 'pending' AND next_at <= now() + make_interval(secs => @lease) AND claimed_by <> @drainer`
	_, err := db.pool.Exec(ctx, q, namedArgs{"endpoint": endpointID, "drainer": db.process, "lease": ClaimLease.Seconds()})
	return err
}

// RenewDrains renews this process's reservations of endpoints and returns those it still has.
func (db *drains) RenewDrains(ctx context.Context, endpoints []uuid.UUID) (kept []uuid.UUID, err error) {
	const q = `
		UPDATE webhook_drains SET until = now() + make_interval(secs => @lease)
		WHERE endpoint_id = ANY(@endpoints) AND drainer = @drainer RETURNING endpoint_id`
	args := namedArgs{"endpoints": endpoints, "drainer": db.process, "lease": drainLease.Seconds()}
	rows, err := db.pool.Query(ctx, q, args)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
}

// LostDrains returns up to limit endpoints whose reservation has run out, the longest ago first.
func (db *drains) LostDrains(ctx context.Context, limit int) ([]uuid.UUID, error) {
	const q = `SELECT endpoint_id FROM webhook_drains WHERE until < now() ORDER BY until LIMIT @limit`
	rows, err := db.pool.Query(ctx, q, namedArgs{"limit": limit})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
}

// ReleaseDrain ends the reservation of an endpoint. It does not say whether deliveries wait: the caller has to wake the workflow.
func (db *drains) ReleaseDrain(ctx context.Context, endpointID uuid.UUID) error {
	const q = `DELETE FROM webhook_drains WHERE endpoint_id = @endpoint AND drainer = @drainer`
	_, err := db.pool.Exec(ctx, q, namedArgs{"endpoint": endpointID, "drainer": db.process})
	return err
}
