package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/booking"
)

// judge draws from an attempt what it says about its endpoint, and names the change to be told of, "" for none. It locks
// the endpoint, unless that is healthy and stays so.
func judge(ctx context.Context, tx pgx.Tx, endpointID uuid.UUID, v Verdict) (tell string, err error) {
	switch {
	case v.Disable:
		return disable(ctx, tx, endpointID)
	case v.Test:
		return "", nil
	case v.Status == Delivered:
		_, err := tx.Exec(ctx, succeeded, namedArgs{"endpoint": endpointID})
		return "", err
	}
	return failed(ctx, tx, endpointID, v.Overloaded)
}

// succeeded closes the breaker and, step by step, gives a receiver back what overload took from it. To a healthy endpoint
// it writes once a minute.
const succeeded = `
	UPDATE webhook_endpoints SET succeeded_at = now(), failing_since = NULL, failures = 0, warned = false, opened = 0,
		open_until = '-infinity', pace = LEAST(32, pace + 0.05), window_sent = window_sent + 1
	WHERE id = @endpoint AND (failing_since IS NOT NULL OR opened > 0 OR pace < in_flight
		OR window_at > now() - interval '5 minutes' OR succeeded_at IS NULL OR succeeded_at < now() - interval '1 minute')`

// failed lets the endpoint's pulse say what a failure means, and writes it down.
func failed(ctx context.Context, tx pgx.Tx, endpointID uuid.UUID, overloaded bool) (tell string, err error) {
	const look = `
		SELECT now(), status, reason, purpose, in_flight, failing_since, failures, warned, pace, GREATEST(window_at, 'epoch'),
			window_sent, window_failed, opened, GREATEST(open_until, 'epoch')
		FROM webhook_endpoints WHERE id = @endpoint FOR NO KEY UPDATE`
	var now time.Time
	var p pulse
	batch := &pgx.Batch{}
	lockAffected(batch, endpointID, brink)
	batch.Queue(look, namedArgs{"endpoint": endpointID}).QueryRow(func(row pgx.Row) error {
		return row.Scan(&now, &p.status, &p.reason, &p.purpose, &p.inFlight, &p.failingSince, &p.failures, &p.warned,
			&p.pace, &p.windowAt, &p.sent, &p.failed, &p.opened, &p.openUntil)
	})
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return "", one(err, "The webhook")
	}
	tell = p.fail(now, overloaded)
	const write = `
		UPDATE webhook_endpoints SET status = @status, reason = @reason, failing_since = @since, failures = @failures, warned = @warned,
			pace = @pace, window_at = @window_at, window_sent = @sent, window_failed = @failed, opened = @opened, open_until = @open_until,
			awake = awake AND @status = 'active', updated_at = CASE status WHEN @status THEN updated_at ELSE now() END
		WHERE id = @endpoint`
	_, err = tx.Exec(ctx, write, namedArgs{
		"endpoint": endpointID, "status": p.status, "reason": p.reason, "since": p.failingSince, "failures": p.failures,
		"warned": p.warned, "pace": p.pace, "window_at": p.windowAt, "sent": p.sent, "failed": p.failed, "opened": p.opened,
		"open_until": p.openUntil,
	})
	return tell, err
}

func disable(ctx context.Context, tx pgx.Tx, endpointID uuid.UUID) (tell string, err error) {
	batch := &pgx.Batch{}
	lockAffected(batch, endpointID, "")
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return "", err
	}
	const q = `
		UPDATE webhook_endpoints SET status = 'disabled', reason = 'gone', awake = false, updated_at = now()
		WHERE id = @endpoint AND status <> 'disabled'`
	done, err := tx.Exec(ctx, q, namedArgs{"endpoint": endpointID})
	if err != nil || done.RowsAffected() == 0 {
		return "", err
	}
	return booking.EndpointDisabledEvent, nil
}

// publishEndpoint writes what became of an endpoint, and a delivery for each endpoint of its app that has asked to hear of
// such things. lockAffected has to come before it.
func publishEndpoint(batch *pgx.Batch, endpointID uuid.UUID, eventType string) (event uuid.UUID) {
	const q = `
		WITH e AS (
			INSERT INTO events (id, app_id, seq, type, data, at, topics)
			SELECT @id, w.app_id, 0, @type, jsonb_build_object('id', w.id, 'url', w.url, 'description', w.description,
				'status', w.status, 'reason', w.reason, 'failing_since', w.failing_since), now(), @topics
			FROM webhook_endpoints w WHERE w.id = @endpoint AND w.purpose = 'subscription' RETURNING *)
		INSERT INTO webhook_deliveries (id, endpoint_id, event_id, booking_id, seq)
		SELECT gen_random_uuid(), w.id, e.id, e.id AS lane, 0 FROM e, webhook_endpoints w
		WHERE w.app_id = e.app_id AND w.status <> 'disabled' AND w.purpose = 'subscription' AND ` + wants
	event = uuid.Must(uuid.NewV7())
	batch.Queue(q, namedArgs{
		"id": event, "endpoint": endpointID, "type": eventType, "topics": booking.Topics(eventType, ""),
	})
	return event
}
