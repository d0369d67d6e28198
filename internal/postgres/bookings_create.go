package postgres

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
)

// CreateBooking puts a new booking in its initial state on record, together with the action that starts its walk, and claims the time or
// the seat that the action's move takes: all in one round trip, or nothing of it. A repeat with the same booking id changes nothing and
// returns the action of the first try. SlotTaken or SoldOut when somebody else has the time or the last seat, by a reservation or a claim;
// LimitReached when a limit of its policy has no room; HoldExpired or ActionNotAvailable when the booking whose place it takes cannot
// give it away; NotFound when the app has no such resource and calendar. A booking with a pool gets its resource, calendar and assignment
// here. It locks, until the end of its transaction, the scheduling request, the booking whose place it takes, the pool, the buckets of
// its limits, the slots of its resources in the order of their ids, and the resources against deletion.
func (db *Bookings) CreateBooking(
	ctx context.Context, b *booking.Booking, first *booking.Action, move graphs.Move,
) (*booking.Action, error) {
	if b.Pool.Chooses() && len(b.Parts) == 0 {
		return db.createAssigned(ctx, b, first, move)
	}
	move = atDoor(move)
	c, enter := newClaim(b, move), entryOf(b, move, first.Lifted)
	if err := db.claims.lookFirst(ctx, c); err != nil {
		return nil, err
	}
	err := db.atOnce(ctx, func(batch *pgx.Batch) {
		queueRequestLock(batch, b)
		c.queueOld(batch)
		enter.queueLock(batch)
		c.queue(batch, false)
		c.queueAction(batch, first, false)
		queueResourceLock(batch, b, first)
		queuePartsLock(batch, b, first)
		queueBooking(batch, b, first)
		enter.queueCount(batch, true, first.ID, begun)
		queueAssignment(batch, b, first, nil)
	})
	switch {
	case err == nil && c.accepted:
		return first, nil
	case err == nil:
		return nil, db.claims.lost(ctx, c)
	}
	known, lookErr := db.firstAction(ctx, b)
	switch {
	case lookErr != nil || known != nil:
		return known, lookErr
	case errors.Is(err, errKnown): // the id is another app's
		return nil, orNotFound(pgx.ErrNoRows, "The booking")
	case errors.Is(err, errRefused):
		return nil, db.claims.refused(ctx, c)
	case fault.CodeOf(err) == fault.SlotTaken:
		return nil, db.claims.lost(ctx, c)
	}
	return nil, err
}

// queueResourceLock keeps the resource from being deleted until the transaction ends. NotFound when the app has no such resource
// with that calendar.
func queueResourceLock(batch *pgx.Batch, b *booking.Booking, first *booking.Action) {
	const q = `
		WITH resource AS MATERIALIZED (
			SELECT r.id FROM resources r JOIN calendars c ON c.resource_id = r.id
			WHERE r.id = @resource AND c.id = @calendar AND r.app_id = @app AND r.deleted_at IS NULL AND ` + begun + ` FOR KEY SHARE OF r)
		SELECT holdfast_refuse('bookings_resource') WHERE ` + begun + ` AND NOT EXISTS (SELECT FROM resource)`
	batch.Queue(q, namedArgs{"resource": b.Resource.ID, "calendar": b.Calendar.ID, "app": b.AppID, "action": first.ID})
}

// lockResource keeps a resource from being deleted until the transaction ends. NotFound when the app has no such resource
// with that calendar.
func lockResource(batch *pgx.Batch, app, resource, calendar uuid.UUID) {
	const q = `
		SELECT FROM resources r JOIN calendars c ON c.resource_id = r.id
		WHERE r.id = @resource AND c.id = @calendar AND r.app_id = @app AND r.deleted_at IS NULL FOR KEY SHARE OF r`
	args := namedArgs{"resource": resource, "calendar": calendar, "app": app}
	batch.Queue(q, args).QueryRow(func(row pgx.Row) error { return orNotFound(row.Scan(), "The resource") })
}

func (db *Bookings) firstAction(ctx context.Context, b *booking.Booking) (*booking.Action, error) {
	const q = `SELECT ` + actionColumns + ` FROM actions WHERE app_id = @app AND booking_id = @id ORDER BY created_at, id LIMIT 1`
	a, err := scanAction(db.pool.QueryRow(ctx, q, namedArgs{"app": b.AppID, "id": b.ID}))
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return a, err
}

// HasRoom refuses when what a move takes is taken now: SlotTaken, or what the session says. Of a booking with a pool, when
// nobody's time is left. A move that has another one for this case always has room. A quick look, not a promise.
func (db *Bookings) HasRoom(ctx context.Context, b *booking.Booking, move graphs.Move) error {
	if b.Pool.Chooses() && len(b.Parts) == 0 {
		return hasRoomInPool(ctx, db.store, b, move)
	}
	if move.Otherwise != nil {
		return nil
	}
	batch := &pgx.Batch{}
	queueRoom(batch, b, move)
	return db.pool.SendBatch(ctx, batch).Close()
}

func queueRoom(batch *pgx.Batch, b *booking.Booking, move graphs.Move) {
	queueSession(batch, b, move)
	if move.Takes && move.Holds == graphs.HoldsSlot && !b.Settings.AllowDoubleBookings {
		for _, s := range slotsOf(b) {
			batch.Queue(`SELECT `+isTaken, s.args()).QueryRow(hasRoom)
		}
	}
}

// queueSession asks the session of a seat whether it lets the seat make a move.
func queueSession(batch *pgx.Batch, b *booking.Booking, move graphs.Move) {
	owner := b.Related.OwnerBooking
	if owner == nil {
		return
	}
	batch.Queue(selectSession, namedArgs{"id": owner, "app": b.AppID}).QueryRow(func(row pgx.Row) error {
		session, err := scanSession(row)
		if err != nil {
			return err
		}
		return session.Refuses(b, move, b.Seq == 0, b.Clock.Now()).Err()
	})
}

func hasRoom(row pgx.Row) error {
	var taken bool
	if err := row.Scan(&taken); err != nil {
		return err
	}
	if taken {
		return slotTaken(nil)
	}
	return nil
}

func queueBooking(batch *pgx.Batch, b *booking.Booking, first *booking.Action) {
	const q = `
		INSERT INTO bookings (id, app_id, resource_id, calendar_id, event_id, graph, graph_version, own_graph, state, start_at, end_at,
			what, where_at, description, participants, settings, meta,
			project_id, owner_booking_id, reservation_id, rescheduled_from, bulk_id, request_id, policy, payment, first_start, moves,
			units, assigned, requires, payer_id, created_at, updated_at, entered_at)
		SELECT @id, @app, @resource, @calendar, @event, @graph, @version, @own, @state, @start, @end,
			@what, @where, @description, @participants, @settings, @meta,
			@project, @owner, @reservation, @replaced, @bulk, @request, @policy, @payment, @first_start, @moves, @units, @assigned, @requires, @payer,
			made.at, made.at AS updated_at, made.at AS entered_at FROM (SELECT holdfast_now(@app) AS at) made WHERE ` + begun
	queueRequest(batch, b, first)
	args := namedArgs{
		"action": first.ID,
		"id":     b.ID, "app": b.AppID, "resource": b.Resource.ID, "calendar": b.Calendar.ID, "event": b.EventID,
		"graph": b.Graph, "version": b.GraphVersion, "own": b.OwnGraph, "state": b.State, "start": b.Start, "end": b.End,
		"what": b.What, "where": b.Where, "description": b.Description, "participants": asJSON(b.Participants),
		"settings": asJSON(b.Settings), "meta": asJSON(b.Meta),
		"project": b.Related.Project, "owner": b.Related.OwnerBooking, "reservation": b.Related.Reservation,
		"replaced": b.Related.RescheduledFrom, "bulk": b.Related.Bulk,
		"request": requestID(b), "policy": nullJSON(b.Policy), "payment": nullJSON(b.Payment),
		"first_start": nullTime(b.FirstStart), "moves": b.Moves,
		"requires": nullJSON(b.Requires), "payer": b.Related.Payer,
		"assigned": b.Assignment != nil,
		"units":    b.Takes(),
	}
	batch.Queue(q, args)
	queueParts(batch, b, first)
	queueCustomers(batch, b, first)
	queueTexts(batch, args)
	queueReminders(batch, b, first)
	if s := b.Session; s != nil && b.Related.OwnerBooking == nil {
		const session = `
			INSERT INTO sessions (booking_id, max_seats, book_from, book_until, cancel_until)
			SELECT @id, @seats, @from, @until, @cancel WHERE ` + begun
		batch.Queue(session, namedArgs{
			"action": first.ID, "id": b.ID, "seats": s.MaxSeats,
			"from": nullTime(s.BookFrom), "until": nullTime(s.BookUntil), "cancel": nullTime(s.CancelUntil),
		})
	}
}

func queueCustomers(batch *pgx.Batch, b *booking.Booking, first *booking.Action) {
	const customer = `
		INSERT INTO customers (id, app_id, booking_id, name, email, phone, voip, timezone, meta)
		SELECT @id, @app, @booking, @name, @email, @phone, @voip, @timezone, @meta WHERE ` + begun
	for _, c := range b.Customers {
		batch.Queue(customer, namedArgs{
			"action": first.ID, "id": c.ID, "app": b.AppID, "booking": b.ID, "name": c.Name, "email": c.Email, "phone": c.Phone,
			"voip": c.Voip, "timezone": c.Timezone, "meta": asJSON(c.Meta),
		})
	}
}
