package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/graphs"
	"holdfast/internal/booking"
)

// OutcomeChannel carries the ids of decided actions that somebody waits for.
const OutcomeChannel = "holdfast_outcomes"

// Commit writes one transition, or the refusal of one, with everything that belongs to it, in one transaction: fence,
// calendar, state, transition, action, event, deliveries, announcement. It is idempotent by action id: a repeat returns
// the first outcome. A slot that is gone is an outcome, not an error; errors are faults of Postgres and worth a retry.
func (db *DB) Commit(ctx context.Context, in booking.Commit) (booking.Outcome, error) {
	var out booking.Outcome
	err := db.inTx(ctx, func(tx pgx.Tx) (err error) {
		out, err = commit(ctx, tx, in)
		return err
	})
	return out, err
}

func commit(ctx context.Context, tx pgx.Tx, in booking.Commit) (booking.Outcome, error) {
	const q = `SELECT ` + bookingColumns + bookingFrom + ` WHERE b.id = @id FOR UPDATE OF b`
	b, err := scanBooking(tx.QueryRow(ctx, q, pgx.NamedArgs{"id": in.BookingID}))
	if errors.Is(err, pgx.ErrNoRows) {
		return gone(ctx, tx, in)
	}
	if err != nil {
		return booking.Outcome{}, err
	}
	result, code, err := outcomeOf(ctx, tx, in.ActionID)
	switch {
	case err != nil:
		return booking.Outcome{}, err
	case result != "":
		return standing(b, result, code), nil
	case b.Seq != in.Seq || (in.Refusal == nil && b.State != in.Move.From):
		return standing(b, booking.ResultStale, ""), nil
	case in.Refusal != nil:
		return refuse(ctx, tx, b, in, *in.Refusal, false)
	}
	return move(ctx, tx, b, in)
}

func standing(b *booking.Booking, result booking.Result, code booking.Code) booking.Outcome {
	return booking.Outcome{Result: result, Code: code, State: b.State, Seq: b.Seq, Entered: b.EnteredAt}
}

// gone answers for a booking that was deleted, or never came to be because its slot was taken. An action that came too
// late keeps nothing of what people wrote.
func gone(ctx context.Context, tx pgx.Tx, in booking.Commit) (booking.Outcome, error) {
	out := booking.Outcome{Result: booking.ResultGone, Code: booking.NotFound}
	_, code, err := outcomeOf(ctx, tx, in.ActionID)
	if err != nil {
		return out, err
	}
	if code != "" {
		out.Code = code
		return out, nil
	}
	why := booking.Refusal{Code: booking.NotFound, Message: "The booking does not exist."}
	awaited, err := decide(ctx, tx, in, booking.Refused, why, 0)
	if err != nil {
		return out, err
	}
	if _, err := tx.Exec(ctx, `UPDATE actions SET inputs = '{}' WHERE id = @id`, pgx.NamedArgs{"id": in.ActionID}); err != nil {
		return out, err
	}
	if awaited {
		err = announce(ctx, tx, in.ActionID)
	}
	return out, err
}

// refuse puts a refusal on record and gives the link back. stillborn means that the refused action was to bring the
// booking to life: the booking is erased, since to its maker it never existed.
func refuse(
	ctx context.Context, tx pgx.Tx, b *booking.Booking, in booking.Commit, why booking.Refusal, stillborn bool,
) (booking.Outcome, error) {
	awaited, err := decide(ctx, tx, in, booking.Refused, why, b.Seq)
	if err != nil {
		return booking.Outcome{}, err
	}
	batch := &pgx.Batch{}
	args := pgx.NamedArgs{"booking": b.ID, "action": in.ActionID}
	if stillborn {
		batch.Queue(`UPDATE actions SET inputs = '{}' WHERE booking_id = @booking`, args)
		batch.Queue(`DELETE FROM bookings WHERE id = @booking`, args)
	} else {
		batch.Queue(`DELETE FROM spent_links WHERE action_id = @action`, args)
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return booking.Outcome{}, err
	}
	if awaited {
		err = announce(ctx, tx, in.ActionID)
	}
	if stillborn {
		return standing(b, booking.ResultGone, why.Code), err
	}
	return standing(b, booking.ResultRefused, why.Code), err
}

func move(ctx context.Context, tx pgx.Tx, b *booking.Booking, in booking.Commit) (booking.Outcome, error) {
	if in.Move.Frees {
		if _, err := tx.Exec(ctx, `DELETE FROM occupancies WHERE booking_id = @id`, pgx.NamedArgs{"id": b.ID}); err != nil {
			return booking.Outcome{}, err
		}
	}
	if in.Move.Takes {
		won, err := take(ctx, tx, b, in.Move.Holds)
		if err != nil {
			return booking.Outcome{}, err
		}
		if !won {
			why := booking.Refusal{Code: booking.SlotTaken, Message: slotTaken(nil).Error()}
			return refuse(ctx, tx, b, in, why, b.Seq == 0)
		}
	}
	awaited, err := decide(ctx, tx, in, booking.Applied, booking.Refusal{}, b.Seq+1)
	if err != nil {
		return booking.Outcome{}, err
	}
	if err := advance(ctx, tx, b, in); err != nil {
		return booking.Outcome{}, err
	}
	out := standing(b, booking.ResultApplied, "")
	if out.Wake, err = publish(ctx, tx, b); err != nil {
		return booking.Outcome{}, err
	}
	if awaited {
		err = announce(ctx, tx, in.ActionID)
	}
	return out, err
}

// take wins the booking's time, or tells that somebody else has it. The named conflict target keeps crowds on one slot
// from deadlocking; a loser has written nothing.
func take(ctx context.Context, tx pgx.Tx, b *booking.Booking, holds graphs.Holds) (bool, error) {
	if holds != graphs.HoldsSlot {
		return false, fmt.Errorf("booking %s: no way to take a %s", b.ID, holds)
	}
	const q = `
		INSERT INTO occupancies (id, app_id, resource_id, booking_id, during, exclusive)
		SELECT @id, @app, @resource, @booking, tstzrange(@start, @end, '[)'), @exclusive
		WHERE NOT @exclusive OR NOT EXISTS (SELECT FROM occupancies
			WHERE resource_id = @resource AND during && tstzrange(@start, @end, '[)') AND NOT exclusive)
		ON CONFLICT ON CONSTRAINT occupancies_no_overlap DO NOTHING`
	id, err := uuid.NewV7()
	if err != nil {
		return false, err
	}
	tag, err := tx.Exec(ctx, q, pgx.NamedArgs{
		"id": id, "app": b.AppID, "resource": b.Resource.ID, "booking": b.ID,
		"start": b.Start, "end": b.End, "exclusive": !b.Settings.AllowDoubleBookings,
	})
	return err == nil && tag.RowsAffected() == 1, err
}

// advance writes the new state and the transition, and brings b up to date.
func advance(ctx context.Context, tx pgx.Tx, b *booking.Booking, in booking.Commit) error {
	const q = `
		WITH moved AS (
			UPDATE bookings SET state = @to, seq = seq + 1, revision = revision + 1, completed = @final,
				entered_at = statement_timestamp(), updated_at = statement_timestamp()
			WHERE id = @id RETURNING id, seq, revision, entered_at),
		noted AS (
			INSERT INTO transitions (booking_id, seq, action_id, action, from_state, to_state, actor, channel, at)
			SELECT id, seq, @action, @name, @from, @to, @actor,
				COALESCE((SELECT channel FROM actions WHERE id = @action), @channel), entered_at FROM moved)
		SELECT seq, revision, entered_at FROM moved`
	err := tx.QueryRow(ctx, q, pgx.NamedArgs{
		"id": b.ID, "to": in.Move.To, "final": in.Move.Final, "action": in.ActionID, "name": in.Move.Action,
		"from": in.Move.From, "actor": in.Actor, "channel": booking.ChannelTimer,
	}).Scan(&b.Seq, &b.Revision, &b.EnteredAt)
	b.State, b.Completed, b.UpdatedAt = in.Move.To, in.Move.Final, b.EnteredAt
	return err
}

// publish writes the transition's event and one delivery per endpoint that wants it, and returns the endpoints that
// were asleep. The first statement locks each endpoint against falling asleep or being disabled at the same moment, so
// the order of the two matters.
func publish(ctx context.Context, tx pgx.Tx, b *booking.Booking) ([]uuid.UUID, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return nil, err
	}
	const q = `
		WITH event AS (
			INSERT INTO events (id, app_id, booking_id, seq, type, data, at)
			VALUES (@id, @app, @booking, @seq, @type, @data, @at) RETURNING id)
		INSERT INTO webhook_deliveries (id, endpoint_id, event_id, booking_id, seq)
		SELECT gen_random_uuid(), w.id, event.id, @booking, @seq FROM event, webhook_endpoints w
		WHERE w.app_id = @app AND w.status = 'active' AND w.graph IN ('', @graph) AND w.state IN ('', @state)
		ORDER BY w.id FOR KEY SHARE OF w RETURNING endpoint_id`
	rows, err := tx.Query(ctx, q, pgx.NamedArgs{
		"id": id, "app": b.AppID, "booking": b.ID, "seq": b.Seq, "type": booking.EventType(b.State), "data": asJSON(b),
		"at": b.EnteredAt, "graph": b.Graph, "state": b.State,
	})
	if err != nil {
		return nil, err
	}
	endpoints, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil || len(endpoints) == 0 {
		return nil, err
	}
	return wake(ctx, tx, endpoints)
}

func wake(ctx context.Context, tx pgx.Tx, endpoints []uuid.UUID) ([]uuid.UUID, error) {
	const q = `
		WITH asleep AS (
			SELECT id FROM webhook_endpoints WHERE id = ANY(@ids) AND NOT awake ORDER BY id FOR NO KEY UPDATE)
		UPDATE webhook_endpoints SET awake = true WHERE id IN (SELECT id FROM asleep) AND NOT awake
		RETURNING id`
	rows, err := tx.Query(ctx, q, pgx.NamedArgs{"ids": endpoints})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
}

func announce(ctx context.Context, tx pgx.Tx, actionID uuid.UUID) error {
	_, err := tx.Exec(ctx, `SELECT pg_notify(@channel, @id)`, pgx.NamedArgs{"channel": OutcomeChannel, "id": actionID.String()})
	return err
}
