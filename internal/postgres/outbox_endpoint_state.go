package postgres

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/outbox"
)

// PauseEndpoint stops what is sent to an active endpoint, by hand: its events are kept. Any other it leaves as it is. It returns the
// endpoints that are to be woken. NotFound when the app has no such endpoint. It locks the endpoint's gate exclusively, those of the
// endpoints that subscribe to its events shared, and their rows, until the end of its transaction.
func (db *Outbox) PauseEndpoint(ctx context.Context, appID, id uuid.UUID) (e *outbox.Endpoint, woken []uuid.UUID, err error) {
	const q = `
		UPDATE webhook_endpoints SET status = 'paused', reason = 'by_hand', awake = false, updated_at = now() WHERE id = @endpoint`
	return db.updateEndpoint(ctx, appID, id, func(batch *pgx.Batch, e *outbox.Endpoint) (eventType string, err error) {
		if e.Status != outbox.EndpointActive {
			return "", nil
		}
		batch.Queue(q, namedArgs{"endpoint": id})
		return outbox.EndpointPausedEvent, nil
	})
}

// ResumeEndpoint makes an endpoint that is paused or disabled active, with a clean slate: what waits is due now, and so is again what was
// given up since the endpoint began failing. An active one it leaves as it is. It returns the endpoints that are to be woken, this one
// among them. NotFound when the app has no such endpoint. It locks what PauseEndpoint locks, and the events of the deliveries that become
// due, by id, until the end of its transaction.
func (db *Outbox) ResumeEndpoint(ctx context.Context, appID, id uuid.UUID) (e *outbox.Endpoint, woken []uuid.UUID, err error) {
	return db.updateEndpoint(ctx, appID, id, func(batch *pgx.Batch, e *outbox.Endpoint) (eventType string, err error) {
		if e.Status == outbox.EndpointActive {
			return "", nil
		}
		return reactivate(batch, e), nil
	})
}

// reactivate makes an endpoint active, and what it has not got due.
func reactivate(batch *pgx.Batch, e *outbox.Endpoint) (eventType string) {
	const missed = `endpoint_id = @endpoint AND status = 'exhausted' AND NOT test AND finished_at >= @since`
	args := namedArgs{"endpoint": e.ID, "since": e.Health.FailingSince}
	batch.Queue(`SELECT FROM events WHERE id IN (SELECT event_id FROM webhook_deliveries WHERE `+missed+`) ORDER BY id FOR UPDATE`, args)
	batch.Queue(`
		UPDATE webhook_deliveries SET status = 'pending', next_at = now(), finished_at = NULL, tried_before = attempts WHERE `+missed, args)
	batch.Queue(`UPDATE webhook_deliveries SET next_at = now() WHERE endpoint_id = @endpoint AND status = 'pending' AND next_at > now()`, args)
	batch.Queue(`
		UPDATE webhook_endpoints SET status = 'active', reason = '', awake = true, updated_at = now(), failing_since = NULL, failures = 0,
			warned = false, dropped = 0, dropped_at = NULL, opened = 0, open_until = '-infinity', pace = 32,
			window_at = '-infinity', window_sent = 0, window_failed = 0
		WHERE id = @endpoint`, args)
	return outbox.EndpointResumedEvent
}

// updateEndpoint lets do change an endpoint of an app, publishes the event that do names, and returns the endpoint as it is then
// with those that are to be woken: itself where it has become active, and those that get the event and were idle.
func (db *Outbox) updateEndpoint(
	ctx context.Context, appID, id uuid.UUID, do func(*pgx.Batch, *outbox.Endpoint) (eventType string, err error),
) (e *outbox.Endpoint, woken []uuid.UUID, err error) {
	const look = `SELECT ` + viewed + ` FROM webhook_endpoints w WHERE w.id = @endpoint AND w.app_id = @app AND w.purpose = 'subscription'`
	args := namedArgs{"endpoint": id, "app": appID}
	err = db.inTx(ctx, func(tx pgx.Tx) error {
		woken = nil
		if e, err = endpoint(tx.Query(ctx, look, args)); err != nil { // before the locks: another app's are not locked
			return err
		}
		locks, batch := &pgx.Batch{}, &pgx.Batch{}
		lockEndpointAndSubscribers(locks, id, "")
		if err := tx.SendBatch(ctx, locks).Close(); err != nil {
			return err
		}
		if e, err = endpoint(tx.Query(ctx, look, args)); err != nil {
			return err
		}
		resting := e.Health.OpenUntil != nil
		eventType, err := do(batch, e)
		if err != nil {
			return err
		}
		if eventType != "" {
			markAwake(batch, uuid.Nil, []uuid.UUID{publishEndpoint(batch, id, eventType)}, &woken)
		}
		if err := tx.SendBatch(ctx, batch).Close(); err != nil {
			return err
		}
		if e, err = endpoint(tx.Query(ctx, look, args)); err != nil {
			return err
		}
		if eventType == outbox.EndpointResumedEvent || resting && e.Health.OpenUntil == nil {
			woken = append(woken, id)
		}
		return nil
	})
	return e, woken, mapConstraint(err)
}
