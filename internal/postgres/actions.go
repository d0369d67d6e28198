package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
)

const actionColumns = `
	id, app_id, booking_id, name, actor, channel, key_id, inputs, awaited, status, code, message, rule, seq, created_at, lifted`

func scanAction(row pgx.Row) (*booking.Action, error) {
	var a booking.Action
	err := row.Scan(&a.ID, &a.AppID, &a.BookingID, &a.Name, &a.Actor, &a.Channel, &a.KeyID, &a.Inputs, &a.Awaited,
		&a.Status, &a.Code, &a.Message, &a.Rule, &a.Seq, &a.CreatedAt, &a.Lifted)
	return &a, err
}

// errKnown ends a transaction that would repeat what is on record already.
var errKnown = errors.New("it is on record already")

// Action returns a request to move by its id, or NotFound.
func (db *Actions) Action(ctx context.Context, id uuid.UUID) (*booking.Action, error) {
	const q = `SELECT ` + actionColumns + ` FROM actions WHERE id = @id`
	a, err := scanAction(db.pool.QueryRow(ctx, q, namedArgs{"id": id}))
	return a, orNotFound(err, "The action")
}

// Outcome returns an action and its booking, nil when there is none (any more), in one round trip.
func (db *Actions) Outcome(ctx context.Context, id uuid.UUID) (a *booking.Action, b *booking.Booking, err error) {
	const bookingOf = `SELECT ` + bookingColumns + bookingFrom + ` WHERE b.id = (SELECT booking_id FROM actions WHERE id = @id)`
	batch := &pgx.Batch{}
	args := namedArgs{"id": id}
	batch.Queue(`SELECT `+actionColumns+` FROM actions WHERE id = @id`, args).QueryRow(func(row pgx.Row) (err error) {
		a, err = scanAction(row)
		return orNotFound(err, "The action")
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

// InsertAction puts an action on record before it is signalled, without a claim. A repeat with the same id returns the first one,
// whatever has become of it. spend, when not empty, is the identity of the link the action came by: LinkUsed when that link
// has acted already.
func (db *Actions) InsertAction(ctx context.Context, a *booking.Action, spend string) (*booking.Action, error) {
	return db.InsertMove(ctx, &booking.Booking{ID: a.BookingID, AppID: a.AppID}, a, graphs.Move{}, spend)
}

// InsertMove is InsertAction for an action whose move is known. It claims the time or the seat that the move takes, in the same
// transaction, or refuses: SlotTaken, or what the session says. b is the booking as the caller saw it. Actions of one booking share its
// claim. It locks the booking's row and, to claim time, the resource's slots, until the end of its transaction.
func (db *Actions) InsertMove(
	ctx context.Context, b *booking.Booking, a *booking.Action, move graphs.Move, spend string,
) (*booking.Action, error) {
	move = atDoor(move)
	c, enter := newClaim(b, move), entryOf(b, move, a.Lifted)
	err := db.atOnce(ctx, func(batch *pgx.Batch) {
		if c.needed() {
			batch.Queue(`SELECT FROM bookings WHERE id = @id FOR NO KEY UPDATE`, c.args)
		}
		enter.queueLock(batch)
		c.queue(batch, true)
		c.queueAction(batch, a, true)
		enter.queueCount(batch, true, a.ID, begun+` AND EXISTS (SELECT FROM actions WHERE id = @action AND claims)`)
		if spend != "" {
			queueSpend(batch, a, spend)
		}
	})
	switch {
	case err == nil && c.accepted:
		return a, nil
	case err == nil:
		return nil, db.claims.lost(ctx, c)
	}
	known, lookErr := db.Action(ctx, a.ID)
	switch {
	case lookErr == nil && known.AppID != a.AppID:
		return nil, orNotFound(pgx.ErrNoRows, "The action")
	case lookErr == nil || fault.CodeOf(lookErr) != fault.NotFound:
		return known, lookErr
	case errors.Is(err, errRefused):
		return nil, db.claims.refused(ctx, c)
	case fault.CodeOf(err) == fault.SlotTaken:
		return nil, db.claims.lost(ctx, c)
	}
	return nil, err
}

// queueSpend spends a link, or ends the transaction: it acts once.
func queueSpend(batch *pgx.Batch, a *booking.Action, spend string) {
	const q = `
		WITH put AS (
			INSERT INTO spent_links (booking_id, spend_key, action_id) SELECT @booking, @spend, @action WHERE ` + begun + `
			ON CONFLICT ON CONSTRAINT spent_links_pkey DO NOTHING RETURNING action_id)
		SELECT holdfast_refuse('spent_links_pkey') WHERE ` + begun + ` AND NOT EXISTS (SELECT FROM put)`
	batch.Queue(q, namedArgs{"booking": a.BookingID, "spend": spend, "action": a.ID})
}

// Stuck is something that nobody seems to work on: an action that was accepted some time ago and has no outcome yet, or
// a booking whose timer has not fired (without an action then).
type Stuck struct {
	Action  booking.Action
	Booking *booking.Booking // nil when it is gone
	App     string           // slug
}

// OverdueActions claims up to limit actions that have waited longer than a while for their outcome: the process that accepted them may
// have died before it could signal. Each is handed out once per while. It locks the actions that it returns, and skips those that another
// transaction has locked.
func (db *Actions) OverdueActions(ctx context.Context, while time.Duration, limit int) ([]Stuck, error) {
	const q = `
		UPDATE actions SET signalled_at = now() WHERE id IN (
			SELECT id FROM actions WHERE status = 'pending' AND signalled_at < now() - make_interval(secs => @while)
			ORDER BY signalled_at LIMIT @limit FOR UPDATE SKIP LOCKED)
		RETURNING ` + actionColumns
	return db.actionsWithBookings(ctx, q, namedArgs{"while": while.Seconds(), "limit": limit})
}

// PendingRelays are the actions that a booking's commits have put on record for other bookings and that have not been
// signalled, each with its booking and the app's slug.
func (db *Actions) PendingRelays(ctx context.Context, by uuid.UUID) ([]Stuck, error) {
	const q = `SELECT ` + actionColumns + ` FROM actions WHERE relayed_by = @by AND NOT told ORDER BY id`
	return db.actionsWithBookings(ctx, q, namedArgs{"by": by})
}

// MarkRelayed notes that an action was signalled to its booking.
func (db *Actions) MarkRelayed(ctx context.Context, action uuid.UUID) error {
	_, err := db.pool.Exec(ctx, `UPDATE actions SET told = true WHERE id = @id`, namedArgs{"id": action})
	return err
}

// actionsWithBookings collects actions, each with its booking, if there is one, and the app's slug: two queries, however
// many there are.
func (db *Actions) actionsWithBookings(ctx context.Context, q string, args namedArgs) ([]Stuck, error) {
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
	known := map[uuid.UUID]Stuck{}
	for _, o := range found {
		known[o.Booking.ID] = o
	}
	all := make([]Stuck, len(actions))
	for i, action := range actions {
		all[i] = known[action.BookingID]
		all[i].Action = *action
	}
	return all, nil
}

// overdue collects bookings with their app's slug.
func (db *Actions) overdue(ctx context.Context, q string, args namedArgs) ([]Stuck, error) {
	rows, err := db.pool.Query(ctx, q, args)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (o Stuck, err error) {
		o.Booking, err = scanBooking(withExtra{row, []any{&o.App}})
		return o, err
	})
}
