package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
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
