package postgres

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
)

const calendarColumns = `
	c.id, c.resource_id, c.name, c.description, c.foregroundcolor, c.backgroundcolor, c.created_at, c.updated_at, r.timezone`

// calendars are those of an app's resources that are in use.
const calendars = `SELECT ` + calendarColumns + `
	FROM calendars c JOIN resources r ON r.id = c.resource_id AND r.deleted_at IS NULL WHERE c.app_id = @app AND `

// ofUsed is true of calendars or credentials c whose resource is not deleted. With OR it is no join, which would have Postgres sort: it
// reads those that are deleted once, and the list in its order.
const ofUsed = `(c.resource_id IS NULL OR NOT EXISTS (
	SELECT FROM resources z WHERE z.id = c.resource_id AND z.app_id = @app AND z.deleted_at IS NOT NULL))`

// CalendarOf returns a calendar of an app's resource, or NotFound.
func (db *Calendars) CalendarOf(ctx context.Context, appID, id uuid.UUID) (*catalogue.OwnedCalendar, error) {
	rows, err := db.pool.Query(ctx, calendars+`c.id = @id`, namedArgs{"id": id, "app": appID})
	if err != nil {
		return nil, err
	}
	c, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByPos[catalogue.OwnedCalendar])
	return c, orNotFound(err, "The calendar")
}

var calendarKeys = map[string]searchKey{
	"id": byID("c.id %s"), "resource.id": byID("c.resource_id %s"), "name": byText("lower(c.name) %s"),
}

// ListCalendars returns one page of an app's calendars that have every term, the oldest first, and what is known of the others.
func (db *Calendars) ListCalendars(
	ctx context.Context, appID uuid.UUID, terms []Term, page Page,
) ([]*catalogue.OwnedCalendar, Found, error) {
	args := namedArgs{"app": appID}
	found, err := search(terms, calendarKeys, args)
	if err != nil {
		return nil, Found{}, err
	}
	return listRows(ctx, db.store, listing[catalogue.OwnedCalendar]{
		columns: calendarColumns, table: "calendars", alias: "c", beside: ` JOIN resources r ON r.id = c.resource_id`,
		where: `c.app_id = @app AND ` + ofUsed + found, order: "c.created_at", most: mostOf(terms), changed: "c.updated_at", scan: structs[catalogue.OwnedCalendar],
	}, page, args)
}

func calendarArgs(appID uuid.UUID, c *catalogue.OwnedCalendar) namedArgs {
	return namedArgs{
		"id": c.ID, "app": appID, "resource": c.ResourceID, "name": c.Name, "description": c.Description,
		"foreground": c.ForegroundColor, "background": c.BackgroundColor,
	}
}

// CreateCalendar gives a resource another calendar. A repeat with the same id changes nothing; NotFound when the id is
// another app's, or the app has no such resource.
func (db *Calendars) CreateCalendar(ctx context.Context, appID uuid.UUID, c *catalogue.OwnedCalendar) error {
	const q = `
		INSERT INTO calendars (id, app_id, resource_id, name, description, foregroundcolor, backgroundcolor)
		SELECT @id, @app, id, @name, @description, @foreground, @background FROM resources
		WHERE id = @resource AND app_id = @app AND deleted_at IS NULL
		ON CONFLICT ON CONSTRAINT calendars_pkey DO UPDATE SET id = excluded.id
		WHERE calendars.app_id = excluded.app_id RETURNING created_at, updated_at`
	return orNotFound(db.pool.QueryRow(ctx, q, calendarArgs(appID, c)).Scan(&c.CreatedAt, &c.UpdatedAt), "The resource")
}

// UpdateCalendar writes what a calendar is called and looks like; NotFound when the app has no such calendar.
func (db *Calendars) UpdateCalendar(ctx context.Context, appID uuid.UUID, c *catalogue.OwnedCalendar) error {
	const q = `
		UPDATE calendars SET name = @name, description = @description, foregroundcolor = @foreground, backgroundcolor = @background,
			updated_at = now() WHERE id = @id AND app_id = @app RETURNING updated_at`
	return orNotFound(db.pool.QueryRow(ctx, q, calendarArgs(appID, c)).Scan(&c.UpdatedAt), "The calendar")
}

// DeleteCalendar erases a calendar that nothing is in; InUse otherwise, and for a resource's last one. It
// locks the resource's row until the end of its transaction, as transactions that book or make an event do.
func (db *Calendars) DeleteCalendar(ctx context.Context, appID, id uuid.UUID) error {
	const look = `
		SELECT FROM resources r JOIN calendars c ON c.resource_id = r.id
		WHERE c.id = @id AND c.app_id = @app AND r.deleted_at IS NULL FOR UPDATE OF r`
	const used = `
		SELECT EXISTS (SELECT FROM bookings WHERE calendar_id = @id) OR EXISTS (SELECT FROM calendar_events WHERE calendar_id = @id),
			NOT EXISTS (SELECT FROM calendars o JOIN calendars c ON c.resource_id = o.resource_id WHERE c.id = @id AND o.id <> @id)`
	args := namedArgs{"id": id, "app": appID}
	return db.inTx(ctx, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, look, args).Scan(); err != nil {
			return orNotFound(err, "The calendar")
		}
		var full, last bool
		if err := tx.QueryRow(ctx, used, args).Scan(&full, &last); err != nil {
			return err
		}
		switch {
		case full:
			return fault.Errorf(fault.InUse, "The calendar has bookings or events.")
		case last:
			return fault.Errorf(fault.InUse, "The resource has no other calendar.")
		}
		tag, err := tx.Exec(ctx, `DELETE FROM calendars WHERE id = @id`, args)
		if err == nil && tag.RowsAffected() == 0 {
			return orNotFound(pgx.ErrNoRows, "The calendar")
		}
		return err
	})
}
