package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

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
	found, err := hold(ctx, tx, in)
	b := found.booking
	switch {
	case err != nil:
		return booking.Outcome{}, err
	case b == nil:
		return gone(ctx, tx, in, found)
	case found.result != "":
		return standing(b, found.result, found.code), nil
	case b.Seq != in.Seq || (in.Refusal == nil && b.State != in.Move.From):
		return standing(b, booking.ResultStale, ""), nil
	case in.Refusal != nil:
		return refuse(ctx, tx, b, in, *in.Refusal, false)
	case found.revision != 0 && found.revision != b.Revision:
		why := booking.Refusal{Code: booking.Stale, Message: "The booking has changed since that version."}
		return refuse(ctx, tx, b, in, why, false)
	}
	return move(ctx, tx, b, in, found.now)
}

// standpoint is what a commit finds once it has the booking to itself.
type standpoint struct {
	booking *booking.Booking // nil when there is none
	now     time.Time        // the record's clock
	result  booking.Result   // what became of the action already; "" = nothing yet
	code    booking.Code
	// revision is the only one that the action may move; 0 = any.
	revision int
}

// hold locks the booking and looks at the action, in one round trip. The second statement sees what whoever held the
// lock before has committed; one statement for both would not.
func hold(ctx context.Context, tx pgx.Tx, in booking.Commit) (standpoint, error) {
	const load = `SELECT ` + bookingColumns + bookingFrom + ` WHERE b.id = @id FOR UPDATE OF b`
	const outcome = `
		SELECT clock_timestamp(), COALESCE((SELECT CASE status WHEN 'applied' THEN 'applied' ELSE 'refused' END FROM actions
			WHERE id = @action AND status <> 'pending'), (SELECT 'applied' FROM transitions WHERE action_id = @action), ''),
			COALESCE((SELECT code FROM actions WHERE id = @action AND status = 'refused'), ''),
			COALESCE((SELECT revision FROM actions WHERE id = @action), 0)`
	batch := &pgx.Batch{}
	args := pgx.NamedArgs{"id": in.BookingID, "action": in.ActionID}
	batch.Queue(load, args)
	batch.Queue(outcome, args)
	answers := tx.SendBatch(ctx, batch)
	defer func() { _ = answers.Close() }() // an error has been seen at its row
	var found standpoint
	var err error
	found.booking, err = scanBooking(answers.QueryRow())
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return found, err
	}
	return found, answers.QueryRow().Scan(&found.now, &found.result, &found.code, &found.revision)
}

func standing(b *booking.Booking, result booking.Result, code booking.Code) booking.Outcome {
	return booking.Outcome{Result: result, Code: code, State: b.State, Seq: b.Seq, Entered: b.EnteredAt}
}

// gone answers for a booking that was deleted, or never came to be because its slot was taken. An action that came too
// late keeps nothing of what people wrote.
func gone(ctx context.Context, tx pgx.Tx, in booking.Commit, found standpoint) (booking.Outcome, error) {
	out := booking.Outcome{Result: booking.ResultGone, Code: booking.NotFound}
	if found.code != "" {
		out.Code = found.code
		return out, nil
	}
	batch := &pgx.Batch{}
	decide(batch, in, booking.Refused, booking.Refusal{Code: booking.NotFound, Message: "The booking does not exist."}, 0)
	batch.Queue(`UPDATE actions SET inputs = '{}' WHERE id = @id`, pgx.NamedArgs{"id": in.ActionID})
	return out, tx.SendBatch(ctx, batch).Close()
}

// refuse puts a refusal on record and gives the link back. stillborn means that the refused action was to bring the
// booking to life: the booking is erased, since to its maker it never existed.
func refuse(
	ctx context.Context, tx pgx.Tx, b *booking.Booking, in booking.Commit, why booking.Refusal, stillborn bool,
) (booking.Outcome, error) {
	batch := &pgx.Batch{}
	decide(batch, in, booking.Refused, why, b.Seq)
	args := pgx.NamedArgs{"booking": b.ID, "action": in.ActionID}
	out := standing(b, booking.ResultRefused, why.Code)
	if stillborn {
		out.Result = booking.ResultGone
		batch.Queue(`UPDATE actions SET inputs = '{}' WHERE booking_id = @booking`, args)
		batch.Queue(`DELETE FROM bookings WHERE id = @booking`, args)
	} else {
		batch.Queue(`DELETE FROM spent_links WHERE action_id = @action`, args)
	}
	return out, tx.SendBatch(ctx, batch).Close()
}

// move takes what the arrow takes, and then writes all the rest in one round trip.
func move(ctx context.Context, tx pgx.Tx, b *booking.Booking, in booking.Commit, now time.Time) (booking.Outcome, error) {
	var taken uuid.UUID
	if in.Move.Takes {
		won, err := take(ctx, tx, b, in.Move.Holds)
		if err != nil {
			return booking.Outcome{}, err
		}
		if taken = won; taken == uuid.Nil {
			why := booking.Refusal{Code: booking.SlotTaken, Message: slotTaken(nil).Error()}
			return refuse(ctx, tx, b, in, why, b.Seq == 0)
		}
	}
	b.State, b.Completed, b.EnteredAt, b.UpdatedAt = in.Move.To, in.Move.Final, now, now
	b.Seq, b.Revision = b.Seq+1, b.Revision+1
	out := standing(b, booking.ResultApplied, "")
	event, err := uuid.NewV7()
	if err != nil {
		return out, err
	}
	batch := &pgx.Batch{}
	if in.Move.Frees {
		batch.Queue(`DELETE FROM occupancies WHERE booking_id = @id AND id <> @taken`, pgx.NamedArgs{"id": b.ID, "taken": taken})
	}
	advance(batch, b, in)
	decide(batch, in, booking.Applied, booking.Refusal{}, b.Seq)
	publish(batch, b, event)
	wake(batch, event, &out.Wake)
	return out, tx.SendBatch(ctx, batch).Close()
}

// take wins the booking's time and returns the occupancy, or nil when somebody else has it. The named conflict target
// keeps crowds on one slot from deadlocking; a loser has written nothing.
func take(ctx context.Context, tx pgx.Tx, b *booking.Booking, holds graphs.Holds) (uuid.UUID, error) {
	if holds != graphs.HoldsSlot {
		return uuid.Nil, fmt.Errorf("booking %s: no way to take a %s", b.ID, holds)
	}
	const q = `
		INSERT INTO occupancies (id, app_id, resource_id, booking_id, during, exclusive)
		SELECT @id, @app, @resource, @booking, tstzrange(@start, @end, '[)'), @exclusive
		WHERE NOT @exclusive OR NOT EXISTS (SELECT FROM occupancies
			WHERE resource_id = @resource AND during && tstzrange(@start, @end, '[)') AND NOT exclusive)
		ON CONFLICT ON CONSTRAINT occupancies_no_overlap DO NOTHING`
	id, err := uuid.NewV7()
	if err != nil {
		return uuid.Nil, err
	}
	tag, err := tx.Exec(ctx, q, pgx.NamedArgs{
		"id": id, "app": b.AppID, "resource": b.Resource.ID, "booking": b.ID,
		"start": b.Start, "end": b.End, "exclusive": !b.Settings.AllowDoubleBookings,
	})
	if err != nil || tag.RowsAffected() == 0 {
		return uuid.Nil, err
	}
	return id, nil
}

// advance writes the new state, when its first timer is due, and the transition. A graph that this build lacks has no
// timers here: the workflow carries its own copy, and the booking has to move all the same.
func advance(batch *pgx.Batch, b *booking.Booking, in booking.Commit) {
	var deadline time.Time
	if graph, err := b.RuleBook(); err == nil {
		if all := graph.Deadlines(b.State, b.Times(), b.Settings.Timers); len(all) > 0 {
			deadline = all[0].At
		}
	}
	const state = `
		UPDATE bookings SET state = @to, seq = @seq, revision = @revision, completed = @final, entered_at = @now, updated_at = @now,
			deadline_at = @deadline
		WHERE id = @id`
	const transition = `
		INSERT INTO transitions (booking_id, seq, action_id, action, from_state, to_state, actor, channel, at)
		VALUES (@id, @seq, @action, @name, @from, @to, @actor, COALESCE((SELECT channel FROM actions WHERE id = @action), @channel), @now)`
	args := pgx.NamedArgs{
		"id": b.ID, "seq": b.Seq, "revision": b.Revision, "to": b.State, "final": b.Completed, "now": b.EnteredAt,
		"action": in.ActionID, "name": in.Move.Action, "from": in.Move.From, "actor": in.Actor, "channel": booking.ChannelTimer,
		"deadline": nullTime(deadline),
	}
	batch.Queue(state, args)
	batch.Queue(transition, args)
}

// publish writes the transition's event and one delivery per endpoint that wants it. It locks each endpoint against
// falling asleep or being disabled at the same moment, so wake has to come after it.
func publish(batch *pgx.Batch, b *booking.Booking, event uuid.UUID) {
	const q = `
		WITH event AS (
			INSERT INTO events (id, app_id, booking_id, seq, type, data, at)
			VALUES (@id, @app, @booking, @seq, @type, @data, @at) RETURNING id)
		INSERT INTO webhook_deliveries (id, endpoint_id, event_id, booking_id, seq)
		SELECT gen_random_uuid(), w.id, event.id, @booking, @seq FROM event, webhook_endpoints w
		WHERE w.app_id = @app AND w.status = 'active' AND w.graph IN ('', @graph) AND w.state IN ('', @state)
		ORDER BY w.id FOR KEY SHARE OF w`
	batch.Queue(q, pgx.NamedArgs{
		"id": event, "app": b.AppID, "booking": b.ID, "seq": b.Seq, "type": booking.EventType(b.State), "data": asJSON(b),
		"at": b.EnteredAt, "graph": b.Graph, "state": b.State,
	})
}

// wake marks the endpoints of an event that were asleep, and collects them.
func wake(batch *pgx.Batch, event uuid.UUID, woken *[]uuid.UUID) {
	const q = `
		WITH asleep AS (
			SELECT id FROM webhook_endpoints WHERE id IN (SELECT endpoint_id FROM webhook_deliveries WHERE event_id = @event)
			AND NOT awake ORDER BY id FOR NO KEY UPDATE)
		UPDATE webhook_endpoints SET awake = true WHERE id IN (SELECT id FROM asleep) AND NOT awake
		RETURNING id`
	batch.Queue(q, pgx.NamedArgs{"event": event}).Query(func(rows pgx.Rows) (err error) {
		*woken, err = pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
		return err
	})
}

// decide writes an action's outcome and announces it to whoever waits. A timer's action has no row, and nobody waits.
func decide(batch *pgx.Batch, in booking.Commit, status booking.Status, why booking.Refusal, seq int) {
	const q = `
		WITH decided AS (
			UPDATE actions SET status = @status, code = @code, message = @message, seq = @seq, decided_at = now()
			WHERE id = @id AND status = 'pending' RETURNING awaited)
		SELECT pg_notify(@channel, @text) FROM decided WHERE awaited`
	batch.Queue(q, pgx.NamedArgs{
		"id": in.ActionID, "status": status, "code": why.Code, "message": why.Message, "seq": seq,
		"channel": OutcomeChannel, "text": in.ActionID.String(),
	})
}
