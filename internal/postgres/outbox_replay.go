package postgres

import (
	"context"
	"maps"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Replay says what of the past an endpoint is sent anew.
type Replay struct {
	Since     time.Time
	Until     time.Time // not from then on
	All       bool      // also what was delivered, and what the filters let through now and was never queued
	Operation uuid.UUID // the request; its repeat goes on where it stopped
	Asked     time.Time // when that was made first, of a repeat: what has ended since is not of the past. Zero = now
}

// replayStep is how many changes one transaction of a replay takes. Together they are all; each holds its locks shortly.
const replayStep = 2000

// toReplay is true of the changes e, with what endpoint w has of them as d, that a replay sends. What waits comes anyway.
const toReplay = `e.app_id = w.app_id AND e.at >= @since AND e.at < @until AND ` + recorded + ` AND (
	d.finished_at < @asked AND (@all OR d.status IN ('exhausted', 'cancelled')) OR @all AND d.id IS NULL AND ` + matches + `)`

const replayFrom = ` FROM webhook_endpoints w JOIN events e ON e.app_id = w.app_id
	LEFT JOIN webhook_deliveries d ON d.event_id = e.id AND d.endpoint_id = w.id
	WHERE w.id = @endpoint AND w.app_id = @app AND w.purpose = 'subscription' AND ` + toReplay

// begin checks the endpoint and says what the statements of a replay need.
func (db *Outbox) begin(ctx context.Context, appID, endpointID uuid.UUID, r Replay) (namedArgs, error) {
	const q = `
		SELECT COALESCE(@asked, now()), status FROM webhook_endpoints
		WHERE id = @endpoint AND app_id = @app AND purpose = 'subscription'`
	args := namedArgs{
		"app": appID, "endpoint": endpointID, "since": r.Since, "until": r.Until, "all": r.All, "operation": r.Operation,
		"asked": nullTime(r.Asked), "from": r.Since, "from_id": uuid.Nil, "step": replayStep,
	}
	var asked time.Time
	err := active(db.pool.QueryRow(ctx, q, args), &asked)
	args["asked"] = asked
	return args, err
}

// CountReplayed says how many deliveries Replay would make due. NotFound and InUse are as there.
func (db *Outbox) CountReplayed(ctx context.Context, appID, endpointID uuid.UUID, r Replay) (count int, err error) {
	args, err := db.begin(ctx, appID, endpointID, r)
	if err != nil {
		return 0, err
	}
	return count, db.pool.QueryRow(ctx, `SELECT count(*)`+replayFrom, args).Scan(&count)
}

// ReplayDeliveries makes deliveries of the past due, the oldest changes first, and says how many. Each keeps its webhook-id and its
// attempts, and its schedule begins anew. NotFound when the app has no such endpoint, InUse when that is disabled. It goes step by step:
// whatever it fails after stays done, and a repeat of the same operation does the rest, and counts all. Each step locks the endpoint's
// gate (shared) and the events that it replays, by id, until the end of the step.
func (db *Outbox) ReplayDeliveries(ctx context.Context, appID, endpointID uuid.UUID, r Replay) (count int, err error) {
	args, err := db.begin(ctx, appID, endpointID, r)
	for more := true; more && err == nil; {
		var last eventMark
		err = db.inTx(ctx, func(tx pgx.Tx) (err error) {
			last, more, err = replayed(ctx, tx, args)
			return err
		})
		args["from"], args["from_id"] = last.At, last.ID // only now: a step that is tried again begins where it began
	}
	if err != nil {
		return 0, err
	}
	const q = `SELECT count(*) FROM webhook_deliveries WHERE endpoint_id = @endpoint AND resent_by = @operation`
	return count, db.pool.QueryRow(ctx, q, args).Scan(&count)
}

// replayed takes one step, and returns the last change that it has looked at and whether there is another step. Locks go as
// everywhere: endpoint, events in the order of their ids, deliveries.
func replayed(ctx context.Context, tx pgx.Tx, args namedArgs) (last eventMark, more bool, err error) {
	const choose = `SELECT e.id, e.at` + replayFrom + ` AND d.resent_by IS DISTINCT FROM @operation AND (e.at, e.id) > (@from, @from_id)
		ORDER BY e.at, e.id LIMIT @step`
	if err := sendable(ctx, tx, args); err != nil {
		return last, false, err
	}
	rows, err := tx.Query(ctx, choose, args)
	if err != nil {
		return last, false, err
	}
	chosen := []uuid.UUID{}
	_, err = pgx.ForEachRow(rows, []any{&last.ID, &last.At}, func() error {
		chosen = append(chosen, last.ID)
		return nil
	})
	if err != nil {
		return last, false, err
	}
	args = maps.Clone(args)
	args["chosen"] = chosen
	batch := &pgx.Batch{}
	batch.Queue(`SELECT FROM events WHERE id = ANY(@chosen) ORDER BY id FOR KEY SHARE`, args)
	batch.Queue(again+` WHERE endpoint_id = @endpoint AND event_id = ANY(@chosen) AND status <> 'pending'
		AND resent_by IS DISTINCT FROM @operation`, args)
	batch.Queue(`
		INSERT INTO webhook_deliveries (id, endpoint_id, event_id, booking_id, seq, resent_by)
		SELECT gen_random_uuid(), w.id, e.id, `+deliveryLane+`, @operation
		FROM events e, webhook_endpoints w WHERE e.id = ANY(@chosen) AND w.id = @endpoint
		ON CONFLICT ON CONSTRAINT webhook_deliveries_once DO NOTHING`, args)
	return last, len(chosen) == replayStep, tx.SendBatch(ctx, batch).Close()
}
