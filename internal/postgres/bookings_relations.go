package postgres

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/payment"
)

// predecessor is a booking that gives its place to a new one, locked, with the move it ends by.
type predecessor struct {
	*booking.Booking
	booking.Succession
	move graphs.Move
}

// lockPredecessor locks the booking whose place a new one takes: the hold it comes from, or the booking it replaces. A refusal
// says that it can no longer give its place away. Locks go from the new booking to the old one, never back.
func lockPredecessor(ctx context.Context, tx statements, b *booking.Booking) (*predecessor, *booking.Refusal, error) {
	how := b.Related.Succeeds()
	if b.Seq > 0 || how == nil {
		return nil, nil, nil
	}
	return predecessorMove(tx.QueryRow(ctx, selectOld+` FOR UPDATE OF b`, oldArgs(b, how)), how)
}

const selectOld = `SELECT ` + bookingColumns + bookingFrom + ` WHERE b.id = @id AND b.app_id = @app`

func oldArgs(b *booking.Booking, how *booking.Succession) namedArgs {
	return namedArgs{"id": how.Of, "app": b.AppID}
}

// checkPredecessor asks the same without a lock, as a quick look.
func checkPredecessor(batch *pgx.Batch, b *booking.Booking) {
	how := b.Related.Succeeds()
	if b.Seq > 0 || how == nil {
		return
	}
	batch.Queue(selectOld, oldArgs(b, how)).QueryRow(func(row pgx.Row) error {
		_, why, err := predecessorMove(row, how)
		if err != nil {
			return err
		}
		return why.Err()
	})
}

// predecessorMove asks a booking's graph whether it can give its place away.
func predecessorMove(row pgx.Row, how *booking.Succession) (*predecessor, *booking.Refusal, error) {
	old, err := scanBooking(row)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, &booking.Refusal{Code: fault.NotFound, Message: "The booking it was to replace does not exist."}, nil
	}
	if err != nil {
		return nil, nil, err
	}
	graph, err := old.LoadGraph()
	if err != nil {
		return nil, nil, err
	}
	move, err := graph.Next(old.State, how.Action, how.Actor)
	if err != nil {
		return nil, how.Refused(err), nil
	}
	return &predecessor{old, *how, move}, nil, nil
}

// finishPredecessor moves a predecessor to its end: the same writes as a move of its own. A relayed action, applied already, is
// inserted for its workflow. What it still holds is released.
func finishPredecessor(batch *pgx.Batch, old *predecessor, b *booking.Booking, now time.Time) {
	const insert = `
		INSERT INTO actions (id, app_id, booking_id, name, actor, channel, status, seq, decided_at, relayed_by, told, created_at)
		VALUES (@id, @app, @booking, @name, @actor, @channel, 'applied', @seq, @now, @by, false, @now)`
	in := booking.CommitInput{
		BookingID: old.ID, Seq: old.Seq, ActionID: uuid.NewSHA1(b.ID, []byte(old.Action)), Actor: old.Actor, Move: old.move,
	}
	batch.Queue(insert, namedArgs{
		"id": in.ActionID, "app": old.AppID, "booking": old.ID, "name": old.Action, "actor": old.Actor,
		"channel": booking.ChannelRelay, "seq": old.Seq + 1, "now": now, "by": b.ID,
	})
	if old.Action == booking.RescheduleAction {
		old.Related.RescheduledTo = &b.ID
		batch.Queue(takeOverPayments, namedArgs{"old": old.ID, "new": b.ID})
	}
	batch.Queue(releaseOld, namedArgs{"old": old.ID})
	old.Step(old.move, now)
	writeTransition(batch, old.Booking, in)
}

// takeOverPayments gives the payments of a booking that is moved, and their refunds, to the one that takes its place: their money
// moves that one then.
const takeOverPayments = `
	WITH moved AS (UPDATE payments SET booking_id = @new, honoured = false, action_id = NULL, refusals = 0 WHERE booking_id = @old
		RETURNING id)
	UPDATE refunds SET booking_id = @new WHERE payment_id IN (SELECT id FROM moved)`

// lockSession locks the session of a seat until the end of the transaction, and returns why it refuses the move, if it does. So
// seats are counted one by one, and none is booked while the session is being cancelled.
func lockSession(
	ctx context.Context, tx statements, b *booking.Booking, move graphs.Move, claimed bool, now time.Time,
) (*booking.Refusal, error) {
	first := b.Seq == 0
	if b.Related.OwnerBooking == nil || (!first && !move.Takes && !move.Frees) {
		return nil, nil
	}
	args := namedArgs{"id": b.Related.OwnerBooking, "app": b.AppID}
	session, err := scanSession(tx.QueryRow(ctx, selectSession+` FOR UPDATE OF s`, args))
	if err != nil {
		return nil, err
	}
	b.Session = session
	if claimed && move.Takes {
		return session.RefusesClaimed(), nil
	}
	return session.Refuses(b, move, first, now), nil
}

const selectSession = `
	SELECT s.max_seats, s.taken, s.open, s.book_from, s.book_until, s.cancel_until
	FROM sessions s JOIN bookings o ON o.id = s.booking_id WHERE s.booking_id = @id AND o.app_id = @app`

// scanSession reads a session; one that is gone is closed.
func scanSession(row pgx.Row) (*booking.Session, error) {
	var s booking.Session
	var from, until, cancel *time.Time
	err := row.Scan(&s.MaxSeats, &s.Taken, &s.Open, &from, &until, &cancel)
	if errors.Is(err, pgx.ErrNoRows) {
		return &booking.Session{}, nil
	}
	for target, value := range map[*time.Time]*time.Time{&s.BookFrom: from, &s.BookUntil: until, &s.CancelUntil: cancel} {
		if value != nil {
			*target = *value
		}
	}
	return &s, err
}

// insertRelays puts on record what a move means for other bookings, and counts it: a cancelled session's seats, the bookings
// made together with this one, and the predecessor that finishPredecessor has ended.
func insertRelays(batch *pgx.Batch, b *booking.Booking, in booking.CommitInput, concluded bool, count *int) {
	add := func(tag pgconn.CommandTag) error {
		*count += int(tag.RowsAffected())
		return nil
	}
	if concluded {
		*count++
	}
	args := namedArgs{
		"id": b.ID, "action": in.ActionID, "channel": booking.ChannelRelay, "open": !b.Completed, "name": booking.CancelByOwnerAction,
		"actor": graphs.ActorAPI, "bulk": b.Related.Bulk, "app": b.AppID, "now": b.EnteredAt,
	}
	if b.Session != nil && b.Related.OwnerBooking == nil {
		batch.Queue(`UPDATE sessions SET open = @open WHERE booking_id = @id`, args)
		if b.Dropped() {
			batch.Queue(relaySeats, args).Exec(add)
		}
	}
	if b.Related.Bulk != nil {
		batch.Queue(relayBulk, args).Exec(add)
	}
}

const (
	relaySeats = `
		INSERT INTO actions (id, app_id, booking_id, name, actor, channel, relayed_by, told, inputs, notify, created_at)
		SELECT gen_random_uuid(), app_id, id, @name, @actor, @channel, @id, false,
			COALESCE((SELECT jsonb_build_object(@name::text, inputs->'cancel') FROM actions WHERE id = @action AND inputs ? 'cancel'), '{}'),
			(SELECT notify FROM actions WHERE id = @action), @now
		FROM bookings WHERE owner_booking_id = @id AND app_id = @app AND NOT completed`
	relayBulk = `
		INSERT INTO actions (id, app_id, booking_id, name, actor, channel, relayed_by, told, inputs, lifted, notify, created_at)
		SELECT gen_random_uuid(), b.app_id, b.id, a.name, a.actor, @channel, @id, false, a.inputs, a.lifted, a.notify, @now
		FROM bookings b, actions a WHERE a.id = @action AND a.relay AND b.app_id = @app AND b.bulk_id = @bulk AND b.id <> @id AND NOT b.completed`
)

// firstMoney are the actions by which the first payment moves a booking.
var firstMoney = []string{payment.Authorize, payment.Pay, payment.PayLate}

// awaitsMoney reports whether a booking stands or falls with its first payment in a state: the money can still move it, or is held and
// not captured. An unknown graph awaits none.
func awaitsMoney(b *booking.Booking, state string) bool {
	graph, err := b.LoadGraph()
	if err != nil {
		return false
	}
	s, ok := graph.State(state)
	return ok && slices.ContainsFunc(s.Actions, func(a graphs.Action) bool {
		if a.MayPlay(graphs.ActorPayment) && slices.Contains(firstMoney, a.Name) {
			return true
		}
		return slices.ContainsFunc(a.Effects, func(e graphs.Effect) bool { return e.Kind == graphs.CapturePaymentEffect })
	})
}

// isPaidSeat reports whether a booking is a seat with a price: it may pay for others, or be paid for by another one.
func isPaidSeat(b *booking.Booking) bool { return b.Payment != nil && b.Related.OwnerBooking != nil }

// takesAlong reports whether a move of a booking is made by the seats that it pays for, too: those that its money decides, from its first
// state on until the money has arrived, and when the capture fails. What happens to a seat that is paid is its own.
func takesAlong(b *booking.Booking, move graphs.Move) bool {
	return isPaidSeat(b) && b.Related.Payer == nil && b.Seq > 0 && (awaitsMoney(b, move.From) || awaitsMoney(b, move.To))
}

// follows reports whether a move is its payer's to make, while that is in the same state: whatever keeps the seat, and its timers. A seat
// can be ended by itself.
func follows(b *booking.Booking, move graphs.Move, actor graphs.Actor) bool {
	return b.Related.Payer != nil && b.Seq > 0 && awaitsMoney(b, b.State) && (actor == graphs.ActorTimer || !move.Final)
}

// PaidFor returns the bookings that are not over of an app that a booking pays for, by id.
func (db *Bookings) PaidFor(ctx context.Context, appID, payer uuid.UUID) ([]*booking.Booking, error) {
	const q = `SELECT ` + bookingColumns + bookingFrom + `
		WHERE b.payer_id = @payer AND b.app_id = @app AND NOT b.completed ORDER BY b.id`
	rows, err := db.pool.Query(ctx, q, namedArgs{"payer": payer, "app": appID})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (*booking.Booking, error) { return scanBooking(row) })
}

// lockPaidFor locks the bookings that a booking pays for and that its move takes along, by id: those in its own state. The booking is
// locked before them; none of them locks its payer. They are read once they are locked, with their unsent mails.
func lockPaidFor(ctx context.Context, tx statements, found *commitState, move graphs.Move) error {
	const lock = `
		SELECT id FROM bookings WHERE payer_id = @payer AND app_id = @app AND state = @state AND NOT completed ORDER BY id FOR UPDATE`
	const load = `SELECT ` + bookingColumns + bookingFrom + ` WHERE b.id = ANY(@ids) ORDER BY b.id`
	b := found.booking
	if !takesAlong(b, move) {
		return nil
	}
	rows, err := tx.Query(ctx, lock, namedArgs{"payer": b.ID, "app": b.AppID, "state": move.From})
	if err != nil {
		return err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil || len(ids) == 0 {
		return err
	}
	if rows, err = tx.Query(ctx, load, namedArgs{"ids": ids}); err != nil {
		return err
	}
	found.paidFor, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (*booking.Booking, error) { return scanBooking(row) })
	if err != nil {
		return err
	}
	if rows, err = tx.Query(ctx, selectUnsentMails, namedArgs{"ids": ids}); err != nil {
		return err
	}
	unsent, err := pgx.CollectRows(rows, scanUnsentMail)
	found.unsent = append(found.unsent, unsent...)
	return err
}

// waitsForPayer returns why a booking does not make a move by itself: its payer is in the same state, and its money decides for both.
// Without the payer it goes its own way.
func waitsForPayer(ctx context.Context, tx statements, b *booking.Booking, in booking.CommitInput) (*booking.Refusal, error) {
	const q = `SELECT EXISTS (SELECT FROM bookings WHERE id = @payer AND app_id = @app AND state = @state AND seq > 0 AND NOT completed)`
	if !follows(b, in.Move, in.Actor) {
		return nil, nil
	}
	var waits bool
	err := tx.QueryRow(ctx, q, namedArgs{"payer": b.Related.Payer, "app": b.AppID, "state": b.State}).Scan(&waits)
	if err != nil || !waits {
		return nil, err
	}
	const text = "Another booking pays for this one, and decides for both while they wait for the money: play it on booking "
	return &booking.Refusal{Code: fault.ActionNotAvailable, Message: text + b.Related.Payer.String() + "."}, nil
}

// seatsFor returns why a session has not enough seats for those that a booking pays for beside its own, which it has room for. It is
// locked.
func seatsFor(b *booking.Booking, paidFor []*booking.Booking, move graphs.Move) *booking.Refusal {
	if !move.Takes || len(paidFor) == 0 || b.Session.Taken+len(paidFor) < b.Session.MaxSeats {
		return nil
	}
	return &booking.Refusal{Code: fault.SoldOut, Message: "The session has not enough seats left for all that are paid together."}
}

// takeSeatsFor takes the seats of those that a booking pays for, from the session that is locked and has room.
func takeSeatsFor(ctx context.Context, tx statements, b *booking.Booking, paidFor []*booking.Booking, move graphs.Move) error {
	if !move.Takes {
		return nil
	}
	for _, one := range paidFor {
		one.Session = b.Session
		if err := acquireSeat(ctx, tx, one); err != nil {
			return err
		}
	}
	return nil
}

// takeAlong makes the move of a booking for those that it pays for: the same writes as moves of their own, but for effects, which the
// payer's stand for. Each has an action, applied already, which is inserted for its workflow.
func takeAlong(batch *pgx.Batch, b *booking.Booking, paidFor []*booking.Booking, in booking.CommitInput, now time.Time, count *int) {
	const insert = `
		INSERT INTO actions (id, app_id, booking_id, name, actor, channel, status, seq, decided_at, relayed_by, told, created_at)
		VALUES (@id, @app, @booking, @name, @actor, @channel, 'applied', @seq, @now, @by, false, @now)`
	for _, one := range paidFor {
		step, at := in, now
		step.BookingID, step.Seq, step.ActionID = one.ID, one.Seq, uuid.NewSHA1(in.ActionID, one.ID[:])
		if at.Before(one.EnteredAt) { // it has moved while its payer waited for it
			at = one.EnteredAt
		}
		batch.Queue(insert, namedArgs{
			"id": step.ActionID, "app": one.AppID, "booking": one.ID, "name": in.Move.Action, "actor": in.Actor,
			"channel": booking.ChannelRelay, "seq": one.Seq + 1, "now": at, "by": b.ID,
		})
		settleLimits(batch, one, nil, step)
		one.Step(in.Move, at)
		if one.Session = b.Session; in.Move.Frees {
			releaseHeld(batch, one, nil)
		}
		writeTransition(batch, one, step)
		*count++
	}
}

// markParts notes in the parts of payments that their money has moved the bookings, or that it has not after all. What has not moved its
// booking goes back.
func markParts(batch *pgx.Batch, b *booking.Booking, paidFor []*booking.Booking, move graphs.Move) {
	const q = `UPDATE payment_parts SET taken = @taken WHERE booking_id = ANY(@ids) AND taken <> @taken`
	if !isPaidSeat(b) || awaitsMoney(b, move.From) == awaitsMoney(b, move.To) || b.Seq == 0 {
		return
	}
	ids := []uuid.UUID{b.ID}
	for _, one := range paidFor {
		ids = append(ids, one.ID)
	}
	batch.Queue(q, namedArgs{"ids": ids, "taken": !awaitsMoney(b, move.To) && move.Holds == graphs.HoldsSeat})
}
