package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/graphs"
	"holdfast/internal/booking"
)

// Create puts a new booking in its initial state on record, together with the action that starts its walk. A repeat
// with the same booking id changes nothing and returns the action of the first try. NotFound when the app has no such
// resource and calendar. A slot or seat that is taken already, and a hold that is over, is refused here, before a workflow
// is started for nothing; the constraint stays the judge.
func (db *DB) Create(ctx context.Context, b *booking.Booking, first *booking.Action, move graphs.Move) (*booking.Action, error) {
	batch := &pgx.Batch{}
	queueAction(batch, first)
	holdResource(batch, b.AppID, b.Resource.ID, b.Calendar.ID)
	queuePrecede(batch, b)
	queueRoom(batch, b, move)
	queueBooking(batch, b)
	err := domain(db.inTx(ctx, func(tx pgx.Tx) error { return tx.SendBatch(ctx, batch).Close() }))
	if err == nil {
		return first, nil
	}
	known, lookErr := db.firstAction(ctx, b)
	switch {
	case lookErr != nil || known != nil:
		return known, lookErr
	case errors.Is(err, errKnown): // the id is another app's
		return nil, one(pgx.ErrNoRows, "The booking")
	}
	return nil, err
}

// holdResource keeps a resource from being deleted until the transaction ends. NotFound when the app has no such resource
// with that calendar.
func holdResource(batch *pgx.Batch, app, resource, calendar uuid.UUID) {
	const q = `
		SELECT FROM resources r JOIN calendars c ON c.resource_id = r.id
		WHERE r.id = @resource AND c.id = @calendar AND r.app_id = @app AND r.deleted_at IS NULL FOR KEY SHARE OF r`
	args := namedArgs{"resource": resource, "calendar": calendar, "app": app}
	batch.Queue(q, args).QueryRow(func(row pgx.Row) error { return one(row.Scan(), "The resource") })
}

func (db *DB) firstAction(ctx context.Context, b *booking.Booking) (*booking.Action, error) {
	const q = `SELECT ` + actionColumns + ` FROM actions WHERE app_id = @app AND booking_id = @id ORDER BY created_at, id LIMIT 1`
	a, err := scanAction(db.pool.QueryRow(ctx, q, namedArgs{"app": b.AppID, "id": b.ID}))
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return a, err
}

// HasRoom refuses when what a move takes is taken now: SlotTaken, or what the session says. A quick look, not a promise.
func (db *DB) HasRoom(ctx context.Context, b *booking.Booking, move graphs.Move) error {
	batch := &pgx.Batch{}
	queueRoom(batch, b, move)
	return db.pool.SendBatch(ctx, batch).Close()
}

func queueRoom(batch *pgx.Batch, b *booking.Booking, move graphs.Move) {
	if owner := b.Related.OwnerBooking; owner != nil {
		batch.Queue(selectSession, namedArgs{"id": owner, "app": b.AppID}).QueryRow(func(row pgx.Row) error {
			session, err := scanSession(row)
			if err != nil {
				return err
			}
			return session.Refuses(move, b.Seq == 0, time.Now()).Err()
		})
	}
	if move.Takes && move.Holds == graphs.HoldsSlot && !b.Settings.AllowDoubleBookings {
		batch.Queue(room, slotOf(b).args()).QueryRow(hasRoom)
	}
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

func queueBooking(batch *pgx.Batch, b *booking.Booking) {
	const q = `
		INSERT INTO bookings (id, app_id, resource_id, calendar_id, event_id, graph, graph_version, state, start_at, end_at,
			what, where_at, description, participants, settings, meta,
			project_id, owner_booking_id, reservation_id, rescheduled_from, bulk_id, request_id)
		VALUES (@id, @app, @resource, @calendar, @event, @graph, @version, @state, @start, @end,
			@what, @where, @description, @participants, @settings, @meta,
			@project, @owner, @reservation, @replaced, @bulk, @request)`
	queueRequest(batch, b)
	batch.Queue(q, namedArgs{
		"id": b.ID, "app": b.AppID, "resource": b.Resource.ID, "calendar": b.Calendar.ID, "event": b.EventID,
		"graph": b.Graph, "version": b.GraphVersion, "state": b.State, "start": b.Start, "end": b.End,
		"what": b.What, "where": b.Where, "description": b.Description, "participants": asJSON(b.Participants),
		"settings": asJSON(b.Settings), "meta": asJSON(b.Meta),
		"project": b.Related.Project, "owner": b.Related.OwnerBooking, "reservation": b.Related.Reservation,
		"replaced": b.Related.RescheduledFrom, "bulk": b.Related.Bulk,
		"request": requestID(b),
	})
	queueCustomers(batch, b)
	queueReminders(batch, b)
	if s := b.Session; s != nil && b.Related.OwnerBooking == nil {
		const session = `
			INSERT INTO sessions (booking_id, max_seats, book_from, book_until, cancel_until)
			VALUES (@id, @seats, @from, @until, @cancel)`
		batch.Queue(session, namedArgs{
			"id": b.ID, "seats": s.MaxSeats, "from": nullTime(s.BookFrom), "until": nullTime(s.BookUntil), "cancel": nullTime(s.CancelUntil),
		})
	}
}

func queueCustomers(batch *pgx.Batch, b *booking.Booking) {
	const customer = `
		INSERT INTO customers (id, app_id, booking_id, name, email, phone, voip, timezone, meta)
		VALUES (@id, @app, @booking, @name, @email, @phone, @voip, @timezone, @meta)`
	for _, c := range b.Customers {
		batch.Queue(customer, namedArgs{
			"id": c.ID, "app": b.AppID, "booking": b.ID, "name": c.Name, "email": c.Email, "phone": c.Phone,
			"voip": c.Voip, "timezone": c.Timezone, "meta": asJSON(c.Meta),
		})
	}
}
