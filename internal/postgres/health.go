package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/booking"
)

// When failures have consequences.
const (
	openAfter  = 10 // failures in a row open the breaker,
	openSome   = 20 // or so many attempts within healthSpan
	openShare  = 0.7
	openFirst  = time.Minute // for so long, and twice as long each time it opens again, until
	openLast   = 15 * time.Minute
	healthSpan = 5 * time.Minute
	warnAfter  = 24 * time.Hour     // without a success, and at least
	warnMore   = 5                  // failures
	pauseAfter = 5 * 24 * time.Hour // without a success, and at least
	pauseMore  = 12                 // failures: one delivery's whole schedule
)

// judge draws from an attempt what it says about its endpoint, and names the change to be told of, "" for none. It locks
// the endpoint, unless that is healthy and stays so.
func judge(ctx context.Context, tx pgx.Tx, endpointID uuid.UUID, v Verdict) (tell string, err error) {
	args := pgx.NamedArgs{"endpoint": endpointID}
	switch {
	case v.Disable:
		return disable(ctx, tx, args)
	case v.Test:
		return "", nil
	case v.Status == Delivered:
		_, err := tx.Exec(ctx, succeeded, args)
		return "", err
	}
	return failed(ctx, tx, args, v.Overloaded)
}

// succeeded closes the breaker and, step by step, gives a receiver back what overload took from it. To a healthy endpoint
// it writes once a minute.
const succeeded = `
	UPDATE webhook_endpoints SET succeeded_at = now(), failing_since = NULL, failures = 0, warned = false, opened = 0,
		open_until = '-infinity', pace = LEAST(32, pace + 0.05), window_sent = window_sent + 1
	WHERE id = @endpoint AND (failing_since IS NOT NULL OR opened > 0 OR pace < in_flight
		OR window_at > now() - interval '5 minutes' OR succeeded_at IS NULL OR succeeded_at < now() - interval '1 minute')`

func failed(ctx context.Context, tx pgx.Tx, args pgx.NamedArgs, overloaded bool) (tell string, err error) {
	const q = `
		UPDATE webhook_endpoints w SET failing_since = n.since, failures = n.failures, warned = w.warned OR n.warn,
			pace = CASE WHEN @overloaded THEN GREATEST(1, LEAST(w.pace, w.in_flight) / 2) ELSE w.pace END,
			window_at = CASE WHEN n.trip THEN '-infinity' WHEN n.fresh THEN now() ELSE w.window_at END,
			window_sent = n.sent, window_failed = n.failed, opened = w.opened + n.trip::int,
			open_until = CASE WHEN n.trip THEN now() + LEAST(@last::interval, @first::interval * 2 ^ LEAST(w.opened, 10)) ELSE w.open_until END,
			status = CASE WHEN n.pause THEN 'paused' ELSE w.status END, reason = CASE WHEN n.pause THEN 'failing' ELSE w.reason END,
			awake = w.awake AND NOT n.pause, updated_at = CASE WHEN n.pause THEN now() ELSE w.updated_at END
		FROM (SELECT *, opens AND (failures >= @after OR sent >= @some AND failed >= @share * sent) AS trip,
				since < now() - @warn_after::interval AND failures >= @warn_more AND NOT warned AS warn,
				status = 'active' AND purpose = 'subscription' AND since < now() - @pause_after::interval AND failures >= @pause_more AS pause
			FROM (SELECT id, status, purpose, warned, COALESCE(failing_since, now()) AS since, failures + 1 AS failures, open_until <= now() AS opens,
					window_at < now() - @span::interval AS fresh,
					CASE WHEN window_at < now() - @span::interval THEN 1 ELSE window_sent + 1 END AS sent,
					CASE WHEN window_at < now() - @span::interval THEN 1 ELSE window_failed + 1 END AS failed
				FROM webhook_endpoints WHERE id = @endpoint FOR NO KEY UPDATE) now) n
		WHERE w.id = n.id RETURNING n.warn, n.pause`
	args["overloaded"], args["after"], args["some"], args["share"] = overloaded, openAfter, openSome, openShare
	args["first"], args["last"], args["span"] = openFirst, openLast, healthSpan
	args["warn_after"], args["warn_more"], args["pause_after"], args["pause_more"] = warnAfter, warnMore, pauseAfter, pauseMore
	var warn, pause bool
	err = tx.QueryRow(ctx, q, args).Scan(&warn, &pause)
	switch {
	case err != nil:
		return "", one(err, "The webhook")
	case pause:
		return booking.EndpointPausedEvent, nil
	case warn:
		return booking.EndpointFailingEvent, nil
	}
	return "", nil
}

// lockTold locks an endpoint and all that may have to hear of it, in one order.
const lockTold = `
	SELECT FROM webhook_endpoints WHERE id = @endpoint OR app_id = (SELECT app_id FROM webhook_endpoints WHERE id = @endpoint)
		AND event_types && '{endpoint.*,endpoint.disabled,endpoint.paused,endpoint.resumed}' ORDER BY id FOR UPDATE`

func disable(ctx context.Context, tx pgx.Tx, args pgx.NamedArgs) (tell string, err error) {
	if _, err := tx.Exec(ctx, lockTold, args); err != nil {
		return "", err
	}
	const q = `
		UPDATE webhook_endpoints SET status = 'disabled', reason = 'gone', awake = false, updated_at = now()
		WHERE id = @endpoint AND status <> 'disabled'`
	done, err := tx.Exec(ctx, q, args)
	if err != nil || done.RowsAffected() == 0 {
		return "", err
	}
	return booking.EndpointDisabledEvent, nil
}

// publishEndpoint writes what became of an endpoint, and a delivery for each endpoint of its app that has asked to hear of
// such things.
func publishEndpoint(batch *pgx.Batch, endpointID uuid.UUID, eventType string) (event uuid.UUID) {
	const q = `
		WITH e AS (
			INSERT INTO events (id, app_id, seq, type, data, at, topics)
			SELECT @id, w.app_id, 0, @type, jsonb_build_object('id', w.id, 'url', w.url, 'description', w.description,
				'status', w.status, 'reason', w.reason, 'failing_since', w.failing_since), now(), @topics
			FROM webhook_endpoints w WHERE w.id = @endpoint AND w.purpose = 'subscription' RETURNING *)
		INSERT INTO webhook_deliveries (id, endpoint_id, event_id, booking_id, seq)
		SELECT gen_random_uuid(), w.id, e.id, e.id, 0 FROM e, webhook_endpoints w
		WHERE w.app_id = e.app_id AND w.status <> 'disabled' AND w.purpose = 'subscription' AND ` + wants + `
		ORDER BY w.id FOR KEY SHARE OF w`
	event = uuid.Must(uuid.NewV7())
	batch.Queue(q, pgx.NamedArgs{
		"id": event, "endpoint": endpointID, "type": eventType, "topics": booking.Topics(eventType, ""),
	})
	return event
}
