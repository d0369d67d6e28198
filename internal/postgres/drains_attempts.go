package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/outbox"
)

// DeliveryUpdate is the state of a delivery after an attempt.
type DeliveryUpdate struct {
	Status     string    // Waiting, Delivered, Exhausted or Cancelled
	Next       time.Time // when it is due again, for pending
	Disable    bool      // the receiver is gone: disable the endpoint and cancel what waits
	Overloaded bool      // the receiver has more than it can bear: send it less at a time
	Test       bool      // of a made-up change, which says nothing about the endpoint's health
	Left       bool      // others were made of it, which are due later
	Down       string    // of mails: why the mail server lets nobody send; "" where it does not say so
	Unsent     bool      // there was nothing to send, by a fault of ours: that says nothing about it either
}

// eraseDelivered drops changes of bookings that are deleted, once no delivery of them waits: also none to the same endpoint, as with the
// mails that one event makes. What waits for an endpoint that goes, @gone, does not count. A condition on d follows.
const eraseDelivered = `
	DELETE FROM events e USING webhook_deliveries d WHERE d.event_id = e.id AND e.booking_id IS NOT NULL AND NOT e.test
	AND NOT EXISTS (SELECT FROM bookings b WHERE b.id = e.booking_id)
	AND NOT EXISTS (SELECT FROM webhook_deliveries p
		WHERE p.event_id = e.id AND p.status = 'pending' AND p.endpoint_id IS DISTINCT FROM @gone) AND `

// Finished is an attempt that has ended, with what becomes of its delivery.
type Finished struct {
	Attempt outbox.Attempt
	Verdict DeliveryUpdate
	Target  time.Time // when the endpoint that the attempt went by had last been changed; zero for the one that is there
}

// Recorded is what follows from attempts for endpoints.
type Recorded struct {
	Woken   []uuid.UUID        // that were idle and get an event
	Failing *outbox.MailerData // of a mailer that has just begun to fail; nil for any other
	Resting bool               // nothing but tests is to be sent to this endpoint now
}

// FinishAttempt is FinishAttempts for a single one.
func (db *drains) FinishAttempt(
	ctx context.Context, endpointID uuid.UUID, a outbox.Attempt, v DeliveryUpdate,
) (woken []uuid.UUID, err error) {
	out, err := db.FinishAttempts(ctx, endpointID, []Finished{{Attempt: a, Verdict: v}})
	return out.Woken, err
}

// FinishAttempts puts attempts of one endpoint on record, in the order in which they ended, with what follows from them for
// the deliveries and for the endpoint: all in one transaction, or none. NotFound when a delivery is deleted. Locks go in one
// order everywhere, endpoint, event, delivery, so that a crowd of receivers that are gone does not deadlock. Attempts that all
// succeeded take one round trip.
func (db *drains) FinishAttempts(ctx context.Context, endpointID uuid.UUID, all []Finished) (out Recorded, err error) {
	if !slices.ContainsFunc(all, Finished.Fails) {
		return out, db.FinishSuccesses(ctx, []EndpointAttempts{{endpointID, all}})
	}
	err = db.inTx(ctx, func(tx pgx.Tx) error {
		out = Recorded{}
		eventTypes, resting, err := updateHealth(ctx, tx, endpointID, all)
		if err != nil {
			return err
		}
		out.Resting = resting
		batch := &pgx.Batch{}
		var events []uuid.UUID
		if slices.Contains(eventTypes, outbox.MailFailingEvent) {
			out.Failing, eventTypes = mailerData(all), nil
			events = append(events, publishMailer(batch, endpointID, out.Failing))
		}
		for _, t := range eventTypes {
			events = append(events, publishEndpoint(batch, endpointID, t))
		}
		if len(events) > 0 {
			markAwake(batch, db.process, events, &out.Woken)
		}
		finish(batch, endpointID, all)
		return tx.SendBatch(ctx, batch).Close()
	})
	db.announceTests(all, err)
	return out, mapConstraint(err)
}

// EndpointAttempts are attempts of one endpoint that have ended, in that order.
type EndpointAttempts struct {
	Endpoint uuid.UUID
	Attempts []Finished
}

// FinishSuccesses is FinishAttempts for several endpoints at once, in one transaction and one round trip. None of the attempts may be a
// failure by Finished.Fails. It locks the events of the deliveries, and the endpoints, each by id, until the end of its transaction.
func (db *drains) FinishSuccesses(ctx context.Context, groups []EndpointAttempts) error {
	var all []Finished
	for _, g := range groups {
		all = append(all, g.Attempts...)
	}
	err := db.atOnce(ctx, func(batch *pgx.Batch) {
		recordSuccesses(batch, groups)
		finish(batch, uuid.Nil, all)
	})
	db.announceTests(all, err)
	return err
}

// Fails reports whether the attempt says something about the endpoint other than that it is well.
func (f Finished) Fails() bool {
	return f.Verdict.Disable || f.Verdict.counts() && f.Verdict.Status != Delivered
}

// counts reports whether an attempt says anything about the endpoint's health.
func (v DeliveryUpdate) counts() bool { return !v.Test && !v.Unsent }

// finish writes the attempts and what becomes of their deliveries: one statement of each kind, however many there are. endpointID
// counts when an attempt disables its endpoint.
func finish(batch *pgx.Batch, endpointID uuid.UUID, all []Finished) {
	const lockOwn = `SELECT FROM events WHERE id IN (SELECT event_id FROM webhook_deliveries
		WHERE id = ANY(@deliveries)) ORDER BY id FOR UPDATE`
	const lockAll = `SELECT FROM events WHERE id IN (SELECT event_id FROM webhook_deliveries
		WHERE endpoint_id = @endpoint AND status = 'pending' OR id = ANY(@deliveries)) ORDER BY id FOR UPDATE`
	const attempts = `
		INSERT INTO webhook_attempts (delivery_id, number, started_at, duration_ms, status, error_code, url, method, format,
			request_headers, response_headers, response_body)
		SELECT delivery, number, started, duration, status, error, url, method, format, request::jsonb, response::jsonb, body
		FROM unnest(@deliveries::uuid[], @numbers::integer[], @started::timestamptz[], @durations::integer[], @statuses::integer[],
			@errors::text[], @urls::text[], @methods::text[], @formats::text[], @requests::text[], @responses::text[], @bodies::bytea[])
			AS a (delivery, number, started, duration, status, error, url, method, format, request, response, body)
		ON CONFLICT ON CONSTRAINT webhook_attempts_pkey DO NOTHING`
	const deliveries = `
		UPDATE webhook_deliveries d SET status = v.status, next_at = COALESCE(v.next, d.next_at), claimed_by = NULL,
			finished_at = CASE WHEN v.status = 'pending' THEN NULL ELSE now() END
		FROM unnest(@deliveries::uuid[], @becomes::text[], @nexts::timestamptz[]) AS v (id, status, next)
		WHERE d.id = v.id AND d.status = 'pending'`
	args := finishedArgs(all)
	args["endpoint"], args["gone"] = endpointID, uuid.NullUUID{}
	disable := slices.ContainsFunc(all, func(f Finished) bool { return f.Verdict.Disable })
	if disable {
		batch.Queue(lockAll, args)
	} else {
		batch.Queue(lockOwn, args)
	}
	batch.Queue(attempts, args)
	batch.Queue(deliveries, args)
	if disable {
		batch.Queue(`UPDATE webhook_deliveries SET status = 'cancelled', finished_at = now(), claimed_by = NULL
			WHERE endpoint_id = @endpoint AND status = 'pending'`, args)
		batch.Queue(eraseDelivered+`d.endpoint_id = @endpoint`, args)
	} else if slices.ContainsFunc(all, func(f Finished) bool { return f.Verdict.Status != Waiting }) {
		batch.Queue(eraseDelivered+`d.id = ANY(@deliveries) AND d.status <> 'pending'`, args)
	}
}

// announceTests announces the tests among attempts that are on record: somebody waits for their end.
func (db *drains) announceTests(all []Finished, err error) {
	for _, f := range all {
		if err == nil && f.Verdict.Test {
			db.announcer.announce(f.Attempt.DeliveryID, nil)
		}
	}
}

// finishedArgs turns attempts into columns.
func finishedArgs(all []Finished) namedArgs {
	n := len(all)
	ids, started, nexts := make([]uuid.UUID, n), make([]time.Time, n), make([]*time.Time, n)
	numbers, durations, statuses := make([]int, n), make([]int64, n), make([]int, n)
	texts, bodies := [7][]string{}, make([][]byte, n)
	for i, f := range all {
		a := &f.Attempt
		ids[i], started[i], nexts[i] = a.DeliveryID, a.StartedAt, nullTime(f.Verdict.Next)
		numbers[i], durations[i], statuses[i] = a.Number, a.Duration.Milliseconds(), a.Status
		bodies[i] = append([]byte{}, a.ResponseBody...)
		row := [7]string{
			a.ErrorCode, a.URL, a.Method, string(a.Format), asJSON(a.RequestHeaders), asJSON(a.ResponseHeaders), f.Verdict.Status,
		}
		for column, text := range row {
			texts[column] = append(texts[column], text)
		}
	}
	return namedArgs{
		"deliveries": ids, "started": started, "nexts": nexts, "numbers": numbers, "durations": durations, "statuses": statuses,
		"bodies": bodies, "errors": texts[0], "urls": texts[1], "methods": texts[2], "formats": texts[3], "requests": texts[4],
		"responses": texts[5], "becomes": texts[6],
	}
}
