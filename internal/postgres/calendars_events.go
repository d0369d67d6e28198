package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/booking"
	"holdfast/internal/requires"
)

// entryColumns are those of entries v and their resources r, as scanEvent reads them.
const entryColumns = `
	SELECT v.id, v.calendar_id, v.start_at, v.end_at, v.all_day, v.start_date, v.end_date, v.what, v.where_at, v.description,
		v.participants, v.my_rsvp, v.settings, v.booking_id, v.graph, v.graph_version, v.own_graph, v.definition, v.state,
		v.created_at, v.updated_at,
		r.id, r.timezone`

// handEntries are the calendar events that were made by hand, as entries v.
const handEntries = `
		SELECT id, id AS event, app_id, resource_id, calendar_id, start_at, end_at, all_day, start_date, end_date, what, where_at, description,
			participants, my_rsvp, settings,
			NULL::uuid AS booking_id, '' AS graph, 0 AS graph_version, false AS own_graph, '' AS definition, '' AS state, created_at, updated_at
		FROM calendar_events`

// bookingEntries are the bookings that hold or have claimed time now, each once, in the calendar of its first resource.
const bookingEntries = `
		SELECT b.event_id AS id, b.event_id AS event, b.app_id, b.resource_id, b.calendar_id, b.start_at, b.end_at, false AS all_day,
			NULL::date AS start_date, NULL::date AS end_date, b.what, b.where_at, b.description, b.participants, '' AS my_rsvp, b.settings,
			b.id AS booking_id, b.graph, b.graph_version, b.own_graph, ` + definitionOf + ` AS definition, b.state, b.created_at, b.updated_at
		FROM bookings b WHERE (` + holdsTime + `)`

// holdsTime is true of bookings b that hold or have claimed time now. OFFSET 0 keeps Postgres from looking at all time that is taken.
const holdsTime = `EXISTS (SELECT FROM occupancies o WHERE o.booking_id = b.id OFFSET 0)
	OR EXISTS (SELECT FROM occupancies o WHERE o.claimant = b.id OFFSET 0)`

// partEntries are the entries of bookings in the calendars of their further resources, at the times of those parts. The id of such an
// entry is that of the booking's with the number of the part in its last four bits, by XOR: see entryIDs.
const partEntries = `
		SELECT overlay(b.event_id::text PLACING to_hex(('x' || right(b.event_id::text, 1))::bit(4)::int # y.nth) FROM 36)::uuid AS id,
			b.event_id AS event, b.app_id, y.resource_id, COALESCE(y.calendar_id,
				(SELECT c.id FROM calendars c WHERE c.resource_id = y.resource_id ORDER BY c.created_at, c.id LIMIT 1)) AS calendar_id,
			y.start_at, y.end_at, false AS all_day,
			NULL::date AS start_date, NULL::date AS end_date, b.what, b.where_at, b.description, b.participants, '' AS my_rsvp, b.settings,
			b.id AS booking_id, b.graph, b.graph_version, b.own_graph, ` + definitionOf + ` AS definition, b.state, b.created_at, b.updated_at
		FROM bookings b JOIN booking_resources y ON y.booking_id = b.id AND y.nth > 0
		WHERE (` + holdsTime + `)`

// ofUsedResources is true of entries v of an app whose resource is in use. It is no join: see ofUsed.
const ofUsedResources = `v.app_id = @app AND (v.resource_id IS NULL OR NOT EXISTS (
		SELECT FROM resources z WHERE z.id = v.resource_id AND z.app_id = @app AND z.deleted_at IS NOT NULL)) AND `

// allEntries is the FROM of all calendar entries of an app. Behind it comes a condition on entries v.
const allEntries = ` FROM (` + handEntries + ` UNION ALL ` + bookingEntries + ` UNION ALL ` + partEntries + `) v WHERE ` + ofUsedResources

func scanEvent(row pgx.Row) (*booking.CalendarEvent, error) {
	var e booking.CalendarEvent
	var of booking.Booking
	var bookingID *uuid.UUID
	var participants, settings []byte
	var definition string
	var from, to *time.Time
	err := row.Scan(&e.ID, &e.CalendarID, &e.Start, &e.End, &e.AllDay, &from, &to, &e.What, &e.Where, &e.Description, &participants, &e.RSVP,
		&settings, &bookingID, &of.Graph, &of.GraphVersion, &of.OwnGraph, &definition, &of.State, &e.CreatedAt, &e.UpdatedAt,
		&e.Resource.ID, &e.Resource.Timezone)
	if err != nil {
		return nil, err
	}
	if from != nil && to != nil {
		e.StartDate, e.EndDate = *from, *to
	}
	e.Settle()
	if bookingID != nil {
		of.ID, e.Booking = *bookingID, &of
	}
	return &e, errors.Join(of.ReadGraph(definition), json.Unmarshal(participants, &e.Participants), json.Unmarshal(settings, &e.Settings))
}

// CalendarEvent returns a calendar entry of an app, or NotFound.
func (db *Calendars) CalendarEvent(ctx context.Context, appID, id uuid.UUID) (*booking.CalendarEvent, error) {
	//nolint:unqueryvet // of the entries, whose columns stand above
	const q = entryColumns + ` FROM (SELECT v.*` + allEntries + `v.event = ANY(@events) AND v.id = @id) v
		JOIN resources r ON r.id = v.resource_id`
	e, err := scanEvent(db.pool.QueryRow(ctx, q, namedArgs{"app": appID, "id": id, "events": entryIDs(id)}))
	if err != nil {
		return nil, orNotFound(err, "The event")
	}
	e.AppID = appID
	return e, nil
}

// entryIDs are the ids that the entry of a booking's first resource can have, by the id of an entry of the booking: see partEntries.
func entryIDs(id uuid.UUID) (all []uuid.UUID) {
	for nth := range byte(requires.MaxParts) {
		one := id
		one[len(one)-1] ^= nth
		all = append(all, one)
	}
	return all
}

// CalendarEventFilter chooses calendar entries: those that overlap [From,To) and have every term. Who follows them may leave out the
// window, with zero times.
type CalendarEventFilter struct {
	From, To time.Time
	Terms    []Term
}

var eventKeys = map[string]searchKey{
	"id": byID("v.id %s"), "calendar.id": byID("v.calendar_id %s"), "resource.id": byID("v.resource_id %s"),
}

// CalendarEvents returns one page of an app's calendar entries, the earliest first, and what is known of the others. A page that follows
// has the app's events, as they last changed, without bookings: those have a list of their own to follow.
func (db *Calendars) CalendarEvents(
	ctx context.Context, appID uuid.UUID, filter CalendarEventFilter, page Page,
) ([]*booking.CalendarEvent, Found, error) {
	args := namedArgs{
		"app": appID, "from": filter.From, "to": filter.To, "limit": page.Limit, "offset": page.offset(), "most": maxSearched + 1,
	}
	found, err := search(filter.Terms, eventKeys, args)
	if err != nil {
		return nil, Found{}, err
	}
	const within = `tstzrange(v.start_at, v.end_at) && tstzrange(@from, @to)`
	if page.Follows() {
		if !filter.To.IsZero() {
			found += ` AND ` + within
		}
		return listRows(ctx, db.store, ownEvents(found), page, args)
	}
	const inOrder = ` ORDER BY v.start_at, v.id`
	rows := entryColumns + ` FROM (` + entriesWithin(found, inOrder+` LIMIT @offset::bigint + @limit::bigint`) + inOrder + `
			LIMIT @limit OFFSET @offset) v JOIN resources r ON r.id = v.resource_id`
	var all []*booking.CalendarEvent
	var total int
	err = db.readOnly(ctx, func(batch *pgx.Batch) {
		batch.Queue(rows+inOrder, args).Query(func(read pgx.Rows) (err error) {
			all, err = pgx.CollectRows(read, func(row pgx.CollectableRow) (*booking.CalendarEvent, error) { return scanEvent(row) })
			return err
		})
		batch.Queue(`SELECT count(*) FROM (`+entriesWithin(found, ` LIMIT @most`)+` LIMIT @most) counted`, args).
			QueryRow(func(row pgx.Row) error { return row.Scan(&total) })
	})
	return all, Found{Total: max(min(total, maxSearched), page.seen(len(all))), Exact: total <= maxSearched}, err
}

// entriesWithin selects the calendar entries that overlap [@from,@to), under a further condition: those that have begun before, by the
// index of ranges, and those that begin in it, by that of starts. Each of the selects ends like this, so that none reads on when it has
// enough.
func entriesWithin(and, ending string) string {
	const (
		before = `v.start_at < @from AND tstzrange(v.start_at, v.end_at) @> @from::timestamptz`
		within = `v.start_at >= @from AND v.start_at < @to AND v.end_at > v.start_at`
		// No part begins more than a day before its booking, or ends more than two days after its start: the index of the bookings' times does.
		near = ` AND tstzrange(b.start_at, b.end_at)
			&& tstzrange(@from::timestamptz - interval '48 hours', @to::timestamptz + interval '24 hours')`
		overlap = `tstzrange(v.start_at, v.end_at) && tstzrange(@from, @to)`
	)
	var all []string
	for _, s := range [][2]string{
		{handEntries, before}, {handEntries, within}, {bookingEntries, before}, {bookingEntries, within}, {partEntries + near, overlap},
	} {
		all = append(all, `(SELECT v.* FROM (`+s[0]+`) v WHERE `+ofUsedResources+s[1]+and+ending+`)`) //nolint:unqueryvet // as named there
	}
	return `SELECT v.* FROM (` + strings.Join(all, ` UNION ALL `) + `) v` //nolint:unqueryvet // the same
}

// ownEvents are the calendar events of an app that were made by requests, under a further condition.
func ownEvents(and string) listing[booking.CalendarEvent] {
	const resource = ` JOIN resources r ON r.id = v.resource_id AND r.deleted_at IS NULL`
	return listing[booking.CalendarEvent]{
		columns: `v.id, v.calendar_id, v.start_at, v.end_at, v.all_day, v.start_date, v.end_date, v.what, v.where_at, v.description,
			v.participants, v.my_rsvp, v.settings, NULL::uuid, '', 0, false, '', '', v.created_at, v.updated_at, r.id, r.timezone`,
		table: "calendar_events", alias: "v", joined: resource, beside: resource, where: `v.app_id = @app` + and,
		changed: "v.updated_at", scan: func(row pgx.CollectableRow) (*booking.CalendarEvent, error) { return scanEvent(row) },
	}
}

func eventArgs(e *booking.CalendarEvent) namedArgs {
	return namedArgs{
		"id": e.ID, "app": e.AppID, "resource": e.Resource.ID, "calendar": e.CalendarID, "start": e.Start, "end": e.End,
		"all_day": e.AllDay, "start_date": orNoDate(e.StartDate), "end_date": orNoDate(e.EndDate),
		"what": e.What, "where": e.Where, "description": e.Description,
		"participants": asJSON(e.Participants), "rsvp": e.RSVP, "settings": asJSON(e.Settings),
	}
}

func orNoDate(date time.Time) *time.Time {
	if date.IsZero() {
		return nil
	}
	return &date
}

// CreateCalendarEvent puts an event on record together with the time it takes: both, or SlotTaken. A repeat with the same id changes
// nothing; NotFound when the id is another app's, or the app has no such resource and calendar. It locks the resource's row (shared) and
// its slots until the end of its transaction.
func (db *Calendars) CreateCalendarEvent(ctx context.Context, e *booking.CalendarEvent) error {
	const q = `
		INSERT INTO calendar_events (id, app_id, resource_id, calendar_id, start_at, end_at, all_day, start_date, end_date, what, where_at,
			description, participants, my_rsvp, settings)
		VALUES (@id, @app, @resource, @calendar, @start, @end, @all_day, @start_date, @end_date, @what, @where, @description,
			@participants, @rsvp, @settings)
		ON CONFLICT ON CONSTRAINT calendar_events_pkey DO NOTHING RETURNING created_at, updated_at`
	var made booking.CalendarEvent
	known := false
	err := db.inTx(ctx, func(tx pgx.Tx) error {
		made = *e
		if err := keepPlace(ctx, tx, &made); err != nil {
			return err
		}
		err := tx.QueryRow(ctx, q, eventArgs(&made)).Scan(&made.CreatedAt, &made.UpdatedAt)
		if known = errors.Is(err, pgx.ErrNoRows); known {
			return nil
		}
		if err != nil {
			return err
		}
		return settle(ctx, tx, &made)
	})
	switch {
	case err != nil:
		return mapConstraint(err)
	case !known:
		*e = made
		return nil
	}
	first, err := db.CalendarEvent(ctx, e.AppID, e.ID)
	if err == nil {
		*e = *first
	}
	return err
}

// keepPlace locks the resource against deletion, against another capacity and, for an all-day event, against moving to another zone.
// The event's times become those of its dates there.
func keepPlace(ctx context.Context, tx pgx.Tx, e *booking.CalendarEvent) error {
	batch := &pgx.Batch{}
	batch.Queue(lockSlots+`false)`, namedArgs{"resource": e.Resource.ID}) // before the resource's row, as in UpdateResource
	lockResource(batch, e.AppID, e.Resource.ID, e.CalendarID)
	if e.AllDay {
		const q = `SELECT timezone FROM resources WHERE id = @resource FOR SHARE`
		batch.Queue(q, namedArgs{"resource": e.Resource.ID}).QueryRow(func(row pgx.Row) error {
			return orNotFound(row.Scan(&e.Resource.Timezone), "The resource")
		})
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return err
	}
	e.Settle()
	return nil
}

// settle takes the time of an event, and then gives back what it held before; SlotTaken when somebody else has it. Taking
// comes first: two events that change places refuse each other, where they would else wait for each other.
func settle(ctx context.Context, tx pgx.Tx, e *booking.CalendarEvent) error {
	const rest = `DELETE FROM occupancies WHERE event_id = @id AND id <> ALL(@taken)`
	layer, err := layerOf(ctx, tx, e)
	if err != nil {
		return err
	}
	taken, err := acquireSlots(ctx, tx, []slot{{
		holder: holder{event: &e.ID}, ours: []uuid.UUID{e.ID}, app: e.AppID, resource: e.Resource.ID, start: e.Start, end: e.End,
		shared: e.Settings.AllowDoubleBookings, layer: layer,
	}})
	if err != nil {
		return err
	}
	if len(taken) == 0 {
		return slotTaken(nil)
	}
	_, err = tx.Exec(ctx, rest, namedArgs{"id": e.ID, "taken": taken})
	return err
}

// layerOf gives each all-day event a layer of its own, so that they lie above each other, and above what ignores them.
func layerOf(ctx context.Context, tx pgx.Tx, e *booking.CalendarEvent) (string, error) {
	if !e.AllDay {
		return allLayers, nil
	}
	var n int64
	err := tx.QueryRow(ctx, `SELECT -nextval('occupancies_layer')`).Scan(&n)
	return fmt.Sprintf("[%d,%d]", n, n), err
}

// UpdateCalendarEvent writes an event and moves the time it takes: both, or neither and SlotTaken. NotFound when the app has no such event
// made by hand, or no such resource and calendar. It locks the event's row, and the slots of its resources, until the end of its
// transaction.
func (db *Calendars) UpdateCalendarEvent(ctx context.Context, e *booking.CalendarEvent) error {
	const look = `
		SELECT resource_id, start_at, end_at, all_day, COALESCE((settings->>'allow_double_bookings')::boolean, false)
		FROM calendar_events WHERE id = @id AND app_id = @app FOR UPDATE`
	const q = `
		UPDATE calendar_events SET resource_id = @resource, calendar_id = @calendar, start_at = @start, end_at = @end,
			all_day = @all_day, start_date = @start_date, end_date = @end_date, what = @what, where_at = @where,
			description = @description, participants = @participants,
			my_rsvp = @rsvp, settings = @settings, updated_at = now() WHERE id = @id RETURNING updated_at`
	var made booking.CalendarEvent
	err := db.inTx(ctx, func(tx pgx.Tx) error {
		made = *e
		if err := keepPlace(ctx, tx, &made); err != nil {
			return err
		}
		var old booking.CalendarEvent
		err := tx.QueryRow(ctx, look, eventArgs(&made)).
			Scan(&old.Resource.ID, &old.Start, &old.End, &old.AllDay, &old.Settings.AllowDoubleBookings)
		if err != nil {
			return orNotFound(err, "The event")
		}
		if err := tx.QueryRow(ctx, q, eventArgs(&made)).Scan(&made.UpdatedAt); err != nil || made.SameTime(&old) {
			return err
		}
		return settle(ctx, tx, &made)
	})
	if err == nil {
		*e = made
	}
	return mapConstraint(err)
}

// DeleteCalendarEvent erases an event made by hand and gives its time back; NotFound when the app has no such event.
func (db *Calendars) DeleteCalendarEvent(ctx context.Context, appID, id uuid.UUID) error {
	tag, err := db.pool.Exec(ctx, `DELETE FROM calendar_events WHERE id = @id AND app_id = @app`, namedArgs{"id": id, "app": appID})
	if err == nil && tag.RowsAffected() == 0 {
		return orNotFound(pgx.ErrNoRows, "The event")
	}
	return err
}
