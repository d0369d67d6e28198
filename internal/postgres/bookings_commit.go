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
	"holdfast/internal/byhand"
	"holdfast/internal/clock"
	"holdfast/internal/fault"
	"holdfast/internal/policy"
)

// Commit writes one transition, or the refusal of one, with everything that belongs to it, in one transaction: fence, calendar, state,
// transition, action, event, deliveries. It is idempotent by action id: a repeat returns the first outcome. A slot that is gone is an
// outcome, not an error; errors are faults of Postgres and worth a retry. An outcome that somebody waits for is announced after the
// transaction. It locks, until the end of the transaction and in this order, the booking's row, the row of a test app (shared: its clock
// does not move meanwhile), that of the booking whose place it takes, those of the bookings that it pays for, by id, the buckets of limits,
// the session's row, the resource's slots, and the gates of the endpoints that get deliveries (shared).
func (db *Bookings) Commit(ctx context.Context, in booking.CommitInput) (booking.Outcome, error) {
	var out booking.Outcome
	var ended decision
	in.Drainer = db.process
	err := db.inShortTx(ctx, func(tx statements) (err error) {
		ended = decision{}
		out, err = commitAction(ctx, tx, in, &ended)
		return err
	})
	if err == nil && ended.awaited {
		db.announcer.announce(in.ActionID, ended.moved)
	}
	return out, err
}

// Withdraw refuses the action that is to bring a booking to life, and erases the booking with its claim. False when the action
// was decided before.
func (db *Bookings) Withdraw(ctx context.Context, first *booking.Action) (bool, error) {
	out, err := db.Commit(ctx, booking.CommitInput{
		BookingID: first.BookingID, ActionID: first.ID, Actor: first.Actor,
		Refusal: &booking.Refusal{Code: fault.ActionNotAvailable, Message: "The booking was taken back before it was made."},
	})
	return out.Result == booking.ResultGone, err
}

// commitAction fills in the decision when this call decides the action.
func commitAction(ctx context.Context, tx statements, in booking.CommitInput, ended *decision) (booking.Outcome, error) {
	found, err := lockBooking(ctx, tx, in)
	found.ended = ended
	b := found.booking
	switch {
	case err != nil:
		return booking.Outcome{}, err
	case b == nil:
		return refuseMissing(ctx, tx, in, found)
	case found.result != "":
		out := outcomeOf(b, in, found.result, found.code)
		out.Relays = found.pendingRelays
		return out, nil
	case b.Seq != in.Seq || (in.Refusal == nil && b.State != in.Move.From):
		return outcomeOf(b, in, booking.ResultStale, ""), nil
	case found.byHand != "":
		return moveByHand(ctx, tx, found, in)
	case in.Refusal != nil:
		return refuse(ctx, tx, found, in, *in.Refusal, found.first)
	case found.revision != 0 && found.revision != b.Revision:
		why := booking.Refusal{Code: fault.Stale, Message: "The booking has changed since that version."}
		return refuse(ctx, tx, found, in, why, false)
	case in.Actor == graphs.ActorTimer && in.Move.Final && (found.claimed || found.promised):
		why := booking.Refusal{Code: fault.ActionNotAvailable, Message: "An action that was accepted before is not decided yet."}
		return refuse(ctx, tx, found, in, why, false)
	}
	return moveInTime(ctx, tx, found, in)
}

// commitState is what a commit finds once it has the booking to itself.
type commitState struct {
	booking *booking.Booking // nil when there is none
	now     time.Time        // the app's time, by the record's clock
	clock   clock.Clock
	result  booking.Result // what became of the action already; "" = nothing yet
	code    fault.Code
	// revision is the only one that the action may move; 0 = any.
	revision      int
	pendingRelays int                       // actions for other bookings that have not been signalled
	claimed       bool                      // the booking has claimed time or a seat for an action that is not decided
	promised      bool                      // another booking that is not decided is to take its place
	withdrew      bool                      // the request that it answers was cancelled
	lifted        policy.Lifted             // rules of the policy that the action is not held to
	asked         time.Time                 // when the action was put on record, in the app's time; now for a timer's
	inputs        map[string]map[string]any // of the action, by step and field; never nil
	byHand        string                    // the action, if it is one of byhand.ActorAdmin
	goesTo        *graphs.Graph             // the version that the booking goes over to; nil else
	first         bool                      // the action is to bring the booking to life
	unsent        []lateMail                // of the booking, and of those that it pays for
	ended         *decision                 // of the action, if it is decided here
	// paidFor are the bookings that it pays for and that its move takes along, locked.
	paidFor []*booking.Booking
}

// lockBooking locks the booking and looks at the action, in one round trip. The second statement sees what an earlier holder of the
// lock before has committed; one statement for both would not.
func lockBooking(ctx context.Context, tx statements, in booking.CommitInput) (found commitState, err error) {
	const load = `SELECT ` + bookingColumns + bookingFrom + ` WHERE b.id = @id FOR UPDATE OF b`
	const outcome = `
		SELECT clock_timestamp(), COALESCE((SELECT CASE status WHEN 'applied' THEN 'applied' ELSE 'refused' END FROM actions
			WHERE id = @action AND status <> 'pending'), (SELECT 'applied' FROM transitions WHERE action_id = @action), ''),
			COALESCE((SELECT code FROM actions WHERE id = @action AND status = 'refused'), ''),
			COALESCE((SELECT revision FROM actions WHERE id = @action), 0),
			(SELECT count(*) FROM actions WHERE relayed_by = @id AND NOT told),
			EXISTS (SELECT FROM occupancies WHERE booking_id = @id AND claimed AND claimant IS NULL)
				OR EXISTS (SELECT FROM seats WHERE booking_id = @id AND claimed),
			EXISTS (SELECT FROM bookings n WHERE COALESCE(n.rescheduled_from, n.reservation_id) = @id AND n.seq = 0 AND n.id <> @id),
			COALESCE((SELECT name FROM actions WHERE id = @action), ''),
			(SELECT lifted FROM actions WHERE id = @action), (SELECT created_at FROM actions WHERE id = @action),
			COALESCE((SELECT inputs FROM actions WHERE id = @action), '{}')`
	batch := &pgx.Batch{}
	args := namedArgs{"id": in.BookingID, "action": in.ActionID}
	batch.Queue(begin)
	batch.Queue(planByKey)
	batch.Queue(load, args).QueryRow(func(row pgx.Row) (err error) {
		found.booking, err = scanBooking(row)
		return unlessNone(err)
	})
	batch.Queue(clockOfBooking, args).QueryRow(func(row pgx.Row) error { return unlessNone(row.Scan(&found.clock)) })
	batch.Queue(outcome, args).QueryRow(func(row pgx.Row) error {
		var name string
		var asked *time.Time
		err := row.Scan(&found.now, &found.result, &found.code, &found.revision, &found.pendingRelays, &found.claimed, &found.promised, &name,
			&found.lifted, &asked, &found.inputs)
		found.setTime(asked)
		found.first = begins(found.booking, name)
		if in.Actor == byhand.ActorAdmin {
			found.byHand = name
		}
		return err
	})
	batch.Queue(selectUnsentMails, namedArgs{"ids": []uuid.UUID{in.BookingID}}).Query(func(rows pgx.Rows) (err error) {
		found.unsent, err = pgx.CollectRows(rows, scanUnsentMail)
		return err
	})
	batch.Queue(lockAnswered, args).QueryRow(func(row pgx.Row) error { return unlessNone(row.Scan(&found.withdrew)) })
	return found, tx.SendBatch(ctx, batch).Close()
}

// begins reports whether an action is the one that brings a booking to life.
func begins(b *booking.Booking, action string) bool {
	if b == nil || b.Seq > 0 {
		return false
	}
	graph, err := b.LoadGraph()
	return err == nil && action == graph.Start
}

func unlessNone(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	return err
}

func outcomeOf(b *booking.Booking, in booking.CommitInput, result booking.Result, code fault.Code) booking.Outcome {
	return booking.Outcome{
		Result: result, Code: code, State: b.State, Seq: b.Seq, Entered: b.EnteredAt, Timers: b.Settings.Timers,
		Graph: graphFor(b, in), Clock: b.Clock,
	}
}

// refuseMissing answers for a booking that was deleted, or never came to be because its slot was taken. An action that came too
// late keeps nothing of what people wrote.
func refuseMissing(ctx context.Context, tx statements, in booking.CommitInput, found commitState) (booking.Outcome, error) {
	out := booking.Outcome{Result: booking.ResultGone, Code: fault.NotFound, Relays: found.pendingRelays}
	if found.code != "" {
		out.Code = found.code
		return out, nil
	}
	batch := &pgx.Batch{}
	recordOutcome(batch, found, in, booking.Refused, booking.Refusal{Code: fault.NotFound, Message: "The booking does not exist."}, 0)
	batch.Queue(`UPDATE actions SET inputs = '{}' WHERE id = @id`, namedArgs{"id": in.ActionID})
	batch.Queue(commit)
	return out, tx.SendBatch(ctx, batch).Close()
}

// refuse puts a refusal on record and gives the link back; what was claimed for the action alone goes by a trigger. A timer that
// had to wait for the action has its turn now. stillborn means that the refused action was to bring the booking to life: the
// booking is erased, since to its maker it never existed.
func refuse(
	ctx context.Context, tx statements, found commitState, in booking.CommitInput, why booking.Refusal, stillborn bool,
) (booking.Outcome, error) {
	batch, b := &pgx.Batch{}, found.booking
	recordOutcome(batch, found, in, booking.Refused, why, b.Seq)
	args := namedArgs{"booking": b.ID, "action": in.ActionID}
	out := outcomeOf(b, in, booking.ResultRefused, why.Code)
	if err := rearmTimer(ctx, tx, batch, found, in, &out.Relays); err != nil {
		return out, err
	}
	if stillborn {
		out.Result = booking.ResultGone
		batch.Queue(leaveBuckets, namedArgs{"id": b.ID})
		batch.Queue(`UPDATE actions SET inputs = '{}' WHERE booking_id = @booking`, args)
		batch.Queue(`DELETE FROM spent_claims WHERE booking_id = @booking`, args)
		batch.Queue(eraseRequest+` AND q.public_link_id IS NOT NULL`, args) // the app's own waits for another time
		batch.Queue(`DELETE FROM bookings WHERE id = @booking`, args)
	} else {
		batch.Queue(`DELETE FROM spent_links WHERE action_id = @action`, args)
	}
	batch.Queue(commit)
	return out, tx.SendBatch(ctx, batch).Close() // it fills in out
}

// moveInTime moves a booking, unless the action is not open yet, or not any more, by the record's clock, or a guard forbids it.
func moveInTime(ctx context.Context, tx statements, found commitState, in booking.CommitInput) (booking.Outcome, error) {
	in, err := resolveReturn(ctx, tx, found.booking, in)
	if err != nil {
		return booking.Outcome{}, err
	}
	why := found.booking.OutsideWindow(in.Move, found.now)
	if why == nil {
		why = found.booking.GuardedAgainst(in.Move.Action, found.now, found.inputs)
	}
	if why == nil {
		why, err = waitsForPayer(ctx, tx, found.booking, in)
	}
	switch {
	case err != nil:
		return booking.Outcome{}, err
	case why != nil:
		return refuse(ctx, tx, found, in, *why, found.booking.Seq == 0)
	}
	return move(ctx, tx, found, in)
}

// move takes what the arrow takes, and then writes all the rest in one round trip.
func move(ctx context.Context, tx statements, found commitState, in booking.CommitInput) (booking.Outcome, error) {
	b, now := found.booking, found.now
	old, why, err := lockPredecessor(ctx, tx, b)
	var taken []uuid.UUID
	if err == nil && why == nil {
		taken, why, err = obtain(ctx, tx, &found, &in, old)
	}
	switch {
	case err != nil:
		return booking.Outcome{}, err
	case why != nil:
		return refuse(ctx, tx, found, in, *why, b.Seq == 0)
	}
	batch := &pgx.Batch{}
	changed := []*booking.Booking{b}
	if old != nil {
		if now.Before(old.EnteredAt) { // it has moved while this one waited for it
			now = old.EnteredAt
		}
		finishPredecessor(batch, old, b, now)
		changed = []*booking.Booking{old.Booking, b}
	}
	markParts(batch, b, found.paidFor, in.Move)
	settleClaim(batch, found, in.Move)
	settleLimits(batch, b, old, in)
	settleAssignment(batch, b, old, in, now)
	if found.goesTo != nil {
		b.SetGraph(found.goesTo)
	}
	b.Step(in.Move, now)
	out := outcomeOf(b, in, booking.ResultApplied, "")
	if in.Move.Frees {
		releaseHeld(batch, b, taken)
	}
	writeTransition(batch, b, in)
	writeGraph(batch, b, in.Move)
	writeEffects(batch, b, in.Move, old, &out.Effects)
	recordOutcome(batch, found, in, booking.Applied, booking.Refusal{}, b.Seq)
	insertRelays(batch, b, in, old != nil, &out.Relays)
	takeAlong(batch, b, found.paidFor, in, now, &out.Relays)
	changed = append(changed, found.paidFor...)
	publishTransitions(batch, in, lateMails(changed, found.unsent), &out.Wake, changed...)
	batch.Queue(commit)
	found.ended.moved = b
	err = tx.SendBatch(ctx, batch).Close() // it fills in out
	return out, err
}

// obtain acquires what a move takes, for those that the booking pays for as well, if nothing is against the move: all of it or nothing. One
// that cannot have it becomes the other move that its graph has for that. It takes over the timers that the action's inputs set.
func obtain(
	ctx context.Context, tx statements, found *commitState, in *booking.CommitInput, old *predecessor,
) (taken []uuid.UUID, why *booking.Refusal, err error) {
	if err = lockPaidFor(ctx, tx, found, in.Move); err != nil {
		return nil, nil, err
	}
	if why, err = judge(ctx, tx, old, *in, *found); err == nil && why == nil {
		taken, why, err = acquireInPlaceOf(ctx, tx, found.booking, old, in.Move, found.claimed)
	}
	if other := in.Move.Otherwise; err == nil && other != nil && old == nil && why != nil && why.Code.IsConflict() {
		in.Move, taken, why = *other, nil, nil
	}
	if err == nil && why == nil {
		err = takeSeatsFor(ctx, tx, found.booking, found.paidFor, in.Move)
	}
	if err == nil && why == nil {
		err = applyTimerInputs(ctx, tx, found.booking, *in)
	}
	return taken, why, err
}

// resolveReturn replaces the target of a move to the state before by that state, from the booking's last transition. Other moves stay as
// they are. The booking is locked.
func resolveReturn(ctx context.Context, tx statements, b *booking.Booking, in booking.CommitInput) (booking.CommitInput, error) {
	if in.Move.To != graphs.Previous {
		return in, nil
	}
	graph, err := b.LoadGraph()
	if err != nil {
		return in, err
	}
	const q = `SELECT from_state FROM transitions WHERE booking_id = @id AND seq = @seq`
	var before string
	if err := tx.QueryRow(ctx, q, namedArgs{"id": b.ID, "seq": b.Seq}).Scan(&before); err != nil {
		return in, err
	}
	move, ok := graph.Return(in.Move, before)
	if !ok {
		return in, fmt.Errorf("booking %s was in state %s, which its graph does not have", b.ID, before)
	}
	in.Move, in.Undoes = move, true
	return in, nil
}

// judge returns why a move that the graph allows is refused, before it takes anything: the request was withdrawn, the policy says no, a
// limit or the session is full. It locks the buckets of limits, then the session, until the end of the transaction.
func judge(
	ctx context.Context, tx statements, old *predecessor, in booking.CommitInput, found commitState,
) (*booking.Refusal, error) {
	b := found.booking
	if found.withdrew {
		return &booking.Refusal{Code: fault.ActionNotAvailable, Message: requestCancelled}, nil
	}
	if why := b.RefusesAction(in.Move.Action, in.Actor, found.asked, found.lifted); why != nil {
		return booking.RefusedBy(why, b.Resource.Zone()), nil
	}
	why, err := lockLimits(ctx, tx, b, old, in, found)
	if err != nil || why != nil {
		return why, err
	}
	if why, err = lockSession(ctx, tx, b, in.Move, found.claimed, found.now); err != nil || why != nil {
		return why, err
	}
	return seatsFor(b, found.paidFor, in.Move), nil
}

// settleClaim reserves what a booking has claimed, if its move takes it. A booking that ends without it gives it back.
func settleClaim(batch *pgx.Batch, found commitState, move graphs.Move) {
	b := found.booking
	switch {
	case !found.claimed:
	case move.Takes:
		reserveClaimed(batch, b, move)
	case move.Final && !move.Frees:
		releaseClaims(batch, b.ID)
		if b.Session != nil && b.Related.OwnerBooking != nil {
			b.Session.Taken--
		}
	}
}

// writeTransition writes the new state, when somebody has to look at it next, and the transition.
func writeTransition(batch *pgx.Batch, b *booking.Booking, in booking.CommitInput) {
	const state = `
		UPDATE bookings SET state = @to, seq = @seq, revision = @revision, completed = @final, entered_at = @now, updated_at = @now,
			deadline_at = @deadline, settings = @settings, rescheduled_to = @successor
		WHERE id = @id`
	const transition = `
		INSERT INTO transitions (booking_id, seq, action_id, action, from_state, to_state, actor, channel, at, lifted)
		VALUES (@id, @seq, @action, @name, @from, @to, @actor, COALESCE((SELECT channel FROM actions WHERE id = @action), @channel), @now,
			(SELECT lifted FROM actions WHERE id = @action))`
	args := namedArgs{
		"id": b.ID, "seq": b.Seq, "revision": b.Revision, "to": b.State, "final": b.Completed, "now": b.EnteredAt,
		"action": in.ActionID, "name": in.Move.Action, "from": in.Move.From, "actor": in.Actor, "channel": booking.ChannelTimer,
		"deadline": nullTime(deadline(b, b.EnteredAt)), "settings": asJSON(b.Settings), "successor": b.Related.RescheduledTo,
	}
	batch.Queue(state, args)
	batch.Queue(transition, args)
}

// recordOutcome writes an action's outcome. A timer's action has no row, and nobody waits for it.
func recordOutcome(batch *pgx.Batch, found commitState, in booking.CommitInput, status booking.Status, why booking.Refusal, seq int) {
	const q = `
		UPDATE actions SET status = @status, code = @code, message = @message, rule = @rule, seq = @seq, decided_at = now(),
			claims = claims AND @status <> 'applied'
		WHERE id = @id AND status = 'pending' RETURNING awaited`
	args := namedArgs{"id": in.ActionID, "status": status, "code": why.Code, "message": why.Message, "rule": why.Rule, "seq": seq}
	batch.Queue(q, args).QueryRow(func(row pgx.Row) error { return unlessNone(row.Scan(&found.ended.awaited)) })
}
