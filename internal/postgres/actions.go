package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"holdfast/internal/booking"
)

const actionColumns = `id, app_id, booking_id, name, actor, channel, key_id, inputs, awaited, status, code, message, seq, created_at`

func scanAction(row pgx.Row) (*booking.Action, error) {
	var a booking.Action
	err := row.Scan(&a.ID, &a.AppID, &a.BookingID, &a.Name, &a.Actor, &a.Channel, &a.KeyID, &a.Inputs, &a.Awaited,
		&a.Status, &a.Code, &a.Message, &a.Seq, &a.CreatedAt)
	return &a, err
}

// errKnown ends a transaction that would repeat what is on record already.
var errKnown = errors.New("it is on record already")

const insertAction = `
	INSERT INTO actions (id, app_id, booking_id, name, actor, channel, key_id, inputs, awaited, revision, relay)
	VALUES (@id, @app, @booking, @name, @actor, @channel, @key, @inputs, @awaited, @revision, @relay)
	ON CONFLICT ON CONSTRAINT actions_pkey DO NOTHING`

// queueAction puts an action on record, or ends the batch with errKnown. It goes first in its transaction: two tries of
// one action meet here, before either has done anything else.
func queueAction(batch *pgx.Batch, a *booking.Action) {
	batch.Queue(insertAction, namedArgs{
		"id": a.ID, "app": a.AppID, "booking": a.BookingID, "name": a.Name, "actor": a.Actor, "channel": a.Channel,
		"key": a.KeyID, "inputs": asJSON(a.Inputs), "awaited": a.Awaited,
		"revision": a.Revision, "relay": a.Relay,
	}).Exec(func(tag pgconn.CommandTag) error { return oneRow(tag, errKnown) })
}

func oneRow(tag pgconn.CommandTag, otherwise error) error {
	if tag.RowsAffected() == 0 {
		return otherwise
	}
	return nil
}

// Action returns a request to move by its id, or NotFound.
func (db *DB) Action(ctx context.Context, id uuid.UUID) (*booking.Action, error) {
	const q = `SELECT ` + actionColumns + ` FROM actions WHERE id = @id`
	a, err := scanAction(db.pool.QueryRow(ctx, q, namedArgs{"id": id}))
	return a, one(err, "The action")
}

// Outcome returns an action and its booking, nil when there is none (any more), in one round trip.
func (db *DB) Outcome(ctx context.Context, id uuid.UUID) (a *booking.Action, b *booking.Booking, err error) {
	const bookingOf = `SELECT ` + bookingColumns + bookingFrom + ` WHERE b.id = (SELECT booking_id FROM actions WHERE id = @id)`
	batch := &pgx.Batch{}
	args := namedArgs{"id": id}
	batch.Queue(`SELECT `+actionColumns+` FROM actions WHERE id = @id`, args).QueryRow(func(row pgx.Row) (err error) {
		a, err = scanAction(row)
		return one(err, "The action")
	})
	batch.Queue(bookingOf, args).QueryRow(func(row pgx.Row) (err error) {
		b, err = scanBooking(row)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	return a, b, db.pool.SendBatch(ctx, batch).Close()
}

// Request puts an action on record before it is signalled. A repeat with the same id returns the first one, whatever
// has become of it. spend, when not empty, is the identity of the link the action came by: LinkUsed when that link has
// acted already.
func (db *DB) Request(ctx context.Context, a *booking.Action, spend string) (*booking.Action, error) {
	batch := &pgx.Batch{}
	queueAction(batch, a)
	if spend != "" {
		queueSpend(batch, a, spend)
	}
	err := domain(db.inTx(ctx, func(tx pgx.Tx) error { return tx.SendBatch(ctx, batch).Close() }))
	if !errors.Is(err, errKnown) {
		return a, err
	}
	known, err := db.Action(ctx, a.ID)
	if err == nil && known.AppID != a.AppID {
		return nil, one(pgx.ErrNoRows, "The action")
	}
	return known, err
}

func queueSpend(batch *pgx.Batch, a *booking.Action, spend string) {
	const q = `INSERT INTO spent_links (booking_id, spend_key, action_id) VALUES (@booking, @spend, @action)
		ON CONFLICT ON CONSTRAINT spent_links_pkey DO NOTHING`
	used := booking.Errorf(booking.LinkUsed, "This link has been used already.")
	batch.Queue(q, namedArgs{"booking": a.BookingID, "spend": spend, "action": a.ID}).
		Exec(func(tag pgconn.CommandTag) error { return oneRow(tag, used) })
}

// LinkSpent tells whether a link has acted on one of the bookings.
func (db *DB) LinkSpent(ctx context.Context, bookings []uuid.UUID, spend string) (bool, error) {
	const q = `SELECT EXISTS (SELECT FROM spent_links WHERE booking_id = ANY(@bookings) AND spend_key = @spend)`
	var spent bool
	err := db.pool.QueryRow(ctx, q, namedArgs{"bookings": bookings, "spend": spend}).Scan(&spent)
	return spent, err
}

// Overdue is something that nobody seems to work on: an action that was accepted some time ago and has no outcome yet, or
// a booking whose timer has not fired (without an action then).
type Overdue struct {
	Action  booking.Action
	Booking *booking.Booking // nil when it is gone
	App     string           // slug
}

// OverdueActions claims up to limit actions that have waited longer than a while for their outcome: the process that
// accepted them may have died before it could signal. Each is handed out once per while.
func (db *DB) OverdueActions(ctx context.Context, while time.Duration, limit int) ([]Overdue, error) {
	const q = `
		UPDATE actions SET signalled_at = now() WHERE id IN (
			SELECT id FROM actions WHERE status = 'pending' AND signalled_at < now() - make_interval(secs => @while)
			ORDER BY signalled_at LIMIT @limit FOR UPDATE SKIP LOCKED)
		RETURNING ` + actionColumns
	return db.actionsWithBookings(ctx, q, namedArgs{"while": while.Seconds(), "limit": limit})
}

// actionsWithBookings collects actions, each with its booking, if there is one, and the app's slug: two queries, however
// many there are.
func (db *DB) actionsWithBookings(ctx context.Context, q string, args namedArgs) ([]Overdue, error) {
	rows, err := db.pool.Query(ctx, q, args)
	if err != nil {
		return nil, err
	}
	actions, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (*booking.Action, error) { return scanAction(row) })
	if err != nil {
		return nil, err
	}
	ids := make([]uuid.UUID, len(actions))
	for i, action := range actions {
		ids[i] = action.BookingID
	}
	const bookings = `SELECT ` + bookingColumns + `, a.slug` + bookingFrom + ` JOIN apps a ON a.id = b.app_id WHERE b.id = ANY(@ids)`
	found, err := db.overdue(ctx, bookings, namedArgs{"ids": ids})
	if err != nil {
		return nil, err
	}
	known := map[uuid.UUID]Overdue{}
	for _, o := range found {
		known[o.Booking.ID] = o
	}
	all := make([]Overdue, len(actions))
	for i, action := range actions {
		all[i] = known[action.BookingID]
		all[i].Action = *action
	}
	return all, nil
}

// overdue collects bookings with their app's slug.
func (db *DB) overdue(ctx context.Context, q string, args namedArgs) ([]Overdue, error) {
	rows, err := db.pool.Query(ctx, q, args)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (o Overdue, err error) {
		o.Booking, err = scanBooking(withExtra{row, []any{&o.App}})
		return o, err
	})
}
