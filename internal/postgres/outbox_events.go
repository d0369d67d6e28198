package postgres

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/fault"
	"holdfast/internal/outbox"
)

// changeColumns are those of an event e, in the order of outbox.Event.
const changeColumns = `e.id, e.app_id, e.booking_id, e.seq, e.type, e.at, e.graph, e.state, e.from_state, e.action, e.actor,
	e.channel, e.inputs, e.data, e.test, e.lifted, e.notify, e.effect, e.payment,
	CASE WHEN e.data->>'own_graph' = 'true' THEN COALESCE((SELECT g.definition FROM graph_versions g
		WHERE (g.app_id, g.name, g.version) = (e.app_id, e.graph, (e.data->>'graph_version')::integer)), '') ELSE '' END`

func changeFields(c *outbox.Event) []any {
	return []any{
		&c.ID, &c.AppID, &c.BookingID, &c.Seq, &c.Type, &c.At, &c.Graph, &c.State, &c.From, &c.Action, &c.Actor,
		&c.Channel, &c.Inputs, &c.Data, &c.Test, &c.Lifted, &c.Notify, &c.Effect, &c.Payment, &c.Definition,
	}
}

func scanDelivery(row pgx.CollectableRow) (d outbox.ClaimedDelivery, err error) {
	err = row.Scan(append([]any{&d.ID, &d.Attempt, &d.Tries, &d.Recipient, &d.Mail}, changeFields(&d.Event)...)...)
	return d, err
}

func scanChange(row pgx.CollectableRow) (*outbox.Event, error) {
	var c outbox.Event
	return &c, row.Scan(changeFields(&c)...)
}

// EventCursor is where a reader of changes stands: behind a change, or at a moment. The zero EventCursor is the beginning.
type EventCursor struct {
	ID uuid.UUID
	At time.Time
}

// EventFilter chooses changes; what is empty lets everything pass.
type EventFilter struct {
	Topics  []string // any of those that outbox.Topics names
	Booking *uuid.UUID
	Graph   string
	State   string
	Project *uuid.UUID
}

// recorded is true of the changes e that are on record for readers: what has happened, and to a booking that still
// exists. Of a deleted one the deliveries that wait may keep them for a while. Those of money and of mail servers are sent only.
const recorded = `NOT e.test AND e.reminder IS NULL AND e.payment IS NULL AND e.type <> 'mail.failing'
	AND (e.booking_id IS NULL OR EXISTS (SELECT FROM bookings b WHERE b.id = e.booking_id))`

// Events returns up to limit changes of an app behind a place, in the order that all readers see, and whether there are
// more. Nothing ever slips in before what was returned: a change comes in the order of the transaction that wrote it, and is
// not shown before all older transactions have ended. Invalid when there is no such place.
func (db *Outbox) Events(
	ctx context.Context, appID uuid.UUID, after EventCursor, filter EventFilter, limit int,
) (list []*outbox.Event, more bool, err error) {
	from, err := db.position(ctx, appID, after)
	if err != nil {
		return nil, false, err
	}
	args := namedArgs{"app": appID, "written": from.written, "id": from.id, "limit": limit + 1}
	q := `SELECT ` + changeColumns + ` FROM events e WHERE e.app_id = @app AND (e.written_by, e.id) > (@written::text::xid8, @id)
		AND e.written_by < pg_snapshot_xmin(pg_current_snapshot()) AND ` + recorded + filter.and(args) + from.and(args) + `
		ORDER BY e.written_by, e.id LIMIT @limit`
	rows, err := db.pool.Query(ctx, q, args)
	if err != nil {
		return nil, false, err
	}
	list, err = pgx.CollectRows(rows, scanChange)
	if len(list) > limit {
		return list[:limit], true, err
	}
	return list, false, err
}

func (f EventFilter) and(args namedArgs) string {
	var more strings.Builder
	add := func(wanted bool, condition, name string, value any) {
		if wanted {
			more.WriteString(" AND " + condition)
			args[name] = value
		}
	}
	add(len(f.Topics) > 0, "e.topics && @topics", "topics", f.Topics)
	add(f.Booking != nil, "e.booking_id = @booking", "booking", f.Booking)
	add(f.Graph != "", "e.graph = @graph", "graph", f.Graph)
	add(f.State != "", "e.state = @state", "state", f.State)
	add(f.Project != nil, "e.project_id = @project", "project", f.Project)
	return more.String()
}

// eventPosition is a position in the order of changes. What happened before since is not wanted from there on.
type eventPosition struct {
	written string // a transaction id
	id      uuid.UUID
	since   time.Time
}

func (p eventPosition) and(args namedArgs) string {
	if p.since.IsZero() {
		return ""
	}
	args["since"] = p.since
	return " AND e.at >= @since"
}

// slack is more than any transaction takes, and more than clocks differ by.
const slack = 5 * time.Minute

// position finds where a reader stands. Behind a change that is gone, erased or past its keeping time, that is somewhat before
// its id was made: to read a change twice is no harm.
func (db *Outbox) position(ctx context.Context, appID uuid.UUID, after EventCursor) (eventPosition, error) {
	if after.ID == uuid.Nil {
		return db.positionAt(ctx, appID, after.At)
	}
	const q = `SELECT written_by::text FROM events WHERE id = @id AND app_id = @app`
	found := eventPosition{id: after.ID}
	err := db.pool.QueryRow(ctx, q, namedArgs{"id": after.ID, "app": appID}).Scan(&found.written)
	if !errors.Is(err, pgx.ErrNoRows) {
		return found, err
	}
	seconds, nanos := after.ID.Time().UnixTime()
	made := time.Unix(seconds, nanos)
	if after.ID.Version() != 7 || time.Until(made) > slack {
		return found, fault.Problems{"after": {"is not the id of a change"}}.Err()
	}
	return db.positionAt(ctx, appID, made.Add(-slack))
}

// positionAt finds a place before everything that has happened since a moment, and not far before. Times need not be in the
// order of the transactions; but what happened well before the moment was written before all that has happened since.
func (db *Outbox) positionAt(ctx context.Context, appID uuid.UUID, since time.Time) (eventPosition, error) {
	found := eventPosition{written: "0", since: since}
	if since.IsZero() {
		return found, nil
	}
	const q = `SELECT written_by::text FROM events WHERE app_id = @app AND at < @before ORDER BY at DESC LIMIT 1`
	err := db.pool.QueryRow(ctx, q, namedArgs{"app": appID, "before": since.Add(-slack)}).Scan(&found.written)
	if errors.Is(err, pgx.ErrNoRows) {
		err = nil
	}
	return found, err
}

// Event returns one change of an app, or NotFound.
func (db *Outbox) Event(ctx context.Context, appID, id uuid.UUID) (*outbox.Event, error) {
	const q = `SELECT ` + changeColumns + ` FROM events e WHERE e.id = @id AND e.app_id = @app AND ` + recorded
	rows, err := db.pool.Query(ctx, q, namedArgs{"id": id, "app": appID})
	if err != nil {
		return nil, err
	}
	c, err := pgx.CollectExactlyOneRow(rows, scanChange)
	return c, orNotFound(err, "The change")
}

// TransitionEvent returns the event of a booking's transition, or NotFound.
func (db *Outbox) TransitionEvent(ctx context.Context, bookingID uuid.UUID, seq int) (*outbox.Event, error) {
	const q = `SELECT ` + changeColumns + ` FROM events e WHERE e.booking_id = @booking AND e.seq = @seq AND e.reminder IS NULL AND NOT e.test`
	rows, err := db.pool.Query(ctx, q, namedArgs{"booking": bookingID, "seq": seq})
	if err != nil {
		return nil, err
	}
	event, err := pgx.CollectExactlyOneRow(rows, scanChange)
	return event, orNotFound(err, "The event")
}
