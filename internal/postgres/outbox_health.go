package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/breaker"
	"holdfast/internal/outbox"
)

// unhealthy is true of endpoints that a success is written to: those whose failures count, and each once a minute.
const unhealthy = `(failing_since IS NOT NULL OR opened > 0 OR pace < in_flight
	OR window_at > now() - interval '5 minutes' OR succeeded_at IS NULL OR succeeded_at < now() - interval '1 minute')`

// lockUnhealthy locks endpoints in the order of their ids. It stands before succeeded, which then reads what they have become: a statement
// that locks rows and updates them reads them by the snapshot from before it waited, and locks them a second time, which deadlocks with a
// transaction that waits for the row.
const lockUnhealthy = `SELECT FROM webhook_endpoints WHERE id = ANY(@endpoints) AND ` + unhealthy + ` ORDER BY id FOR NO KEY UPDATE`

// succeeded closes the breaker and, step by step, gives a receiver back what overload took from it.
const succeeded = `
	UPDATE webhook_endpoints w SET succeeded_at = now(), failing_since = NULL, failures = 0, warned = false, opened = 0,
		open_until = '-infinity', pace = LEAST(32, pace + 0.05 * news.times), window_sent = window_sent + news.times
	FROM unnest(@endpoints::uuid[], @times::integer[]) AS news (id, times)
	WHERE w.id = news.id AND ` + unhealthy

// recordSuccesses notes that endpoints have received something. It locks those that are not healthy.
func recordSuccesses(batch *pgx.Batch, groups []EndpointAttempts) {
	var endpoints []uuid.UUID
	var times []int
	for _, g := range groups {
		n := 0
		for _, f := range g.Attempts {
			if f.Verdict.counts() {
				n++
			}
		}
		if n > 0 {
			endpoints, times = append(endpoints, g.Endpoint), append(times, n)
		}
	}
	if len(endpoints) > 0 {
		batch.Queue(lockUnhealthy, namedArgs{"endpoints": endpoints})
		batch.Queue(succeeded, namedArgs{"endpoints": endpoints, "times": times})
	}
}

// updateHealth draws from attempts, in the order in which they ended, what they say about their endpoint. It returns the events to
// publish, and whether nothing is to be sent to the endpoint now. It locks the endpoint until the end of the transaction.
func updateHealth(ctx context.Context, tx pgx.Tx, endpointID uuid.UUID, all []Finished) (eventTypes []string, resting bool, err error) {
	if slices.ContainsFunc(all, func(f Finished) bool { return f.Verdict.Disable }) {
		eventTypes, err = disable(ctx, tx, endpointID)
		return eventTypes, true, err
	}
	const look = `
		SELECT now(), updated_at, status, reason, purpose, in_flight, failing_since, failures, warned, pace, GREATEST(window_at, 'epoch'),
			window_sent, window_failed, opened, GREATEST(open_until, 'epoch'), succeeded_at
		FROM webhook_endpoints WHERE id = @endpoint FOR NO KEY UPDATE`
	var now, changed time.Time
	var status outbox.EndpointStatus
	var reason outbox.PauseReason
	var purpose outbox.Purpose
	var h breaker.Health
	batch := &pgx.Batch{}
	lockEndpointAndSubscribers(batch, endpointID, nearThreshold)
	batch.Queue(look, namedArgs{"endpoint": endpointID}).QueryRow(func(row pgx.Row) error {
		return row.Scan(&now, &changed, &status, &reason, &purpose, &h.InFlight, &h.FailingSince, &h.Failures, &h.Warned,
			&h.Pace, &h.WindowAt, &h.Sent, &h.Failed, &h.Opened, &h.OpenUntil, &h.SucceededAt)
	})
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return nil, false, orNotFound(err, "The webhook")
	}
	h.MayPause = status == outbox.EndpointActive && purpose == outbox.ForSubscription // nobody could resume a reminder's target
	forgive(all, changed, now)
	for _, f := range all {
		switch {
		case !f.Verdict.counts():
			continue
		case f.Verdict.Status == Delivered:
			h.Succeed(now)
			continue
		}
		if purpose == outbox.ForMail {
			if h.FailRelay(now, f.Verdict.Down != "") == breaker.Warn {
				eventTypes = append(eventTypes, outbox.MailFailingEvent)
			}
			continue
		}
		switch h.Fail(now, f.Verdict.Overloaded) {
		case breaker.Pause:
			status, reason = outbox.EndpointPaused, outbox.PausedFailing
			eventTypes = append(eventTypes, outbox.EndpointPausedEvent)
		case breaker.Warn:
			eventTypes = append(eventTypes, outbox.EndpointFailingEvent)
		case breaker.None:
		}
	}
	const write = `
		UPDATE webhook_endpoints SET status = @status, reason = @reason, failing_since = @since, failures = @failures, warned = @warned,
			pace = @pace, window_at = @window_at, window_sent = @sent, window_failed = @failed, opened = @opened, open_until = @open_until,
			succeeded_at = @succeeded, awake = awake AND @status = 'active',
			updated_at = CASE status WHEN @status THEN updated_at ELSE now() END
		WHERE id = @endpoint`
	_, err = tx.Exec(ctx, write, namedArgs{
		"endpoint": endpointID, "status": status, "reason": reason, "since": h.FailingSince, "failures": h.Failures,
		"warned": h.Warned, "pace": h.Pace, "window_at": h.WindowAt, "sent": h.Sent, "failed": h.Failed, "opened": h.Opened,
		"open_until": h.OpenUntil, "succeeded": h.SucceededAt,
	})
	return eventTypes, status != outbox.EndpointActive || h.OpenUntil.After(now), err
}

// forgive writes into attempts that those do not count which failed by the endpoint as it was before somebody changed or resumed it. What
// is tried again is due now.
func forgive(all []Finished, changed, now time.Time) {
	for i := range all {
		f := &all[i]
		if f.Verdict.Status == Delivered || f.Target.IsZero() || !f.Target.Before(changed) {
			continue
		}
		if f.Verdict.Unsent = true; f.Verdict.Status == Waiting {
			f.Verdict.Next = now
		}
	}
}

func disable(ctx context.Context, tx pgx.Tx, endpointID uuid.UUID) (eventTypes []string, err error) {
	batch := &pgx.Batch{}
	lockEndpointAndSubscribers(batch, endpointID, "")
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return nil, err
	}
	const q = `
		UPDATE webhook_endpoints SET status = 'disabled', reason = 'gone', awake = false, updated_at = now()
		WHERE id = @endpoint AND status <> 'disabled'`
	done, err := tx.Exec(ctx, q, namedArgs{"endpoint": endpointID})
	if err != nil || done.RowsAffected() == 0 {
		return nil, err
	}
	return []string{outbox.EndpointDisabledEvent}, nil
}

// publishEndpoint writes what became of an endpoint, and a delivery for each endpoint of its app that subscribes to
// such things. lockEndpointAndSubscribers has to come before it.
func publishEndpoint(batch *pgx.Batch, endpointID uuid.UUID, eventType string) (event uuid.UUID) {
	const q = `
		WITH e AS (
			INSERT INTO events (id, app_id, seq, type, data, at, topics)
			SELECT @id, w.app_id, 0, @type, jsonb_build_object('id', w.id, 'url', w.url, 'description', w.description,
				'status', w.status, 'reason', w.reason, 'failing_since', w.failing_since), now(), @topics
			FROM webhook_endpoints w WHERE w.id = @endpoint AND w.purpose = 'subscription' RETURNING *)
		INSERT INTO webhook_deliveries (id, endpoint_id, event_id, booking_id, seq)
		SELECT gen_random_uuid(), w.id, e.id, e.id AS lane, 0 FROM e, webhook_endpoints w
		WHERE w.app_id = e.app_id AND w.status <> 'disabled' AND w.purpose = 'subscription' AND ` + matches
	event = uuid.Must(uuid.NewV7())
	batch.Queue(q, namedArgs{
		"id": event, "endpoint": endpointID, "type": eventType, "topics": outbox.Topics(eventType, ""),
	})
	return event
}

// mailerData says by which attempt a mail server has begun to fail.
func mailerData(all []Finished) *outbox.MailerData {
	d := &outbox.MailerData{}
	for _, f := range all {
		if f.Verdict.counts() && f.Verdict.Status != Delivered {
			d.Code, d.Status = f.Attempt.ErrorCode, f.Attempt.Status
		}
	}
	return d
}

// publishMailer writes that an app's mails cannot be sent, and a delivery for each endpoint of the app that subscribes to such things. It
// has the time of the first failure. lockEndpointAndSubscribers has to come before it.
func publishMailer(batch *pgx.Batch, mailer uuid.UUID, d *outbox.MailerData) (event uuid.UUID) {
	const q = `
		WITH e AS (
			INSERT INTO events (id, app_id, seq, type, data, at, topics)
			SELECT @id, w.app_id, 0, @type, @data::jsonb || jsonb_build_object('failing_since', w.failing_since), now(), @topics
			FROM webhook_endpoints w WHERE w.id = @endpoint RETURNING *)
		INSERT INTO webhook_deliveries (id, endpoint_id, event_id, booking_id, seq)
		SELECT gen_random_uuid(), w.id, e.id, e.id AS lane, 0 FROM e, webhook_endpoints w
		WHERE w.app_id = e.app_id AND w.status <> 'disabled' AND w.purpose = 'subscription' AND ` + matches
	event = uuid.Must(uuid.NewV7())
	batch.Queue(q, namedArgs{
		"id": event, "endpoint": mailer, "type": outbox.MailFailingEvent, "data": asJSON(d), "topics": outbox.Topics(outbox.MailFailingEvent, ""),
	})
	return event
}
