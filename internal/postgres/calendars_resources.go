package postgres

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
)

const resourceColumns = `id, app_id, name, first_name, last_name, email, timezone, image, meta, created_at, updated_at,
	tags, availability_constraints, capacity`

// listedResource are the same, of a table that is joined to others.
const listedResource = `resources.id, resources.app_id, resources.name, resources.first_name, resources.last_name, resources.email,
	resources.timezone, resources.image, resources.meta, resources.created_at, resources.updated_at, resources.tags,
	resources.availability_constraints, resources.capacity`

func scanResource(row pgx.Row) (*catalogue.Resource, error) {
	var r catalogue.Resource
	err := row.Scan(&r.ID, &r.AppID, &r.Name, &r.FirstName, &r.LastName, &r.Email, &r.Timezone, &r.Image, &r.Meta,
		&r.CreatedAt, &r.UpdatedAt, &r.Tags, &r.Constraints, &r.Capacity)
	return &r, err
}

const selectResource = `SELECT ` + resourceColumns + ` FROM resources WHERE id = @id AND app_id = @app AND deleted_at IS NULL`

// Resource returns an app's resource, or NotFound.
func (db *Calendars) Resource(ctx context.Context, appID, id uuid.UUID) (*catalogue.Resource, error) {
	r, err := scanResource(db.pool.QueryRow(ctx, selectResource, namedArgs{"id": id, "app": appID}))
	return r, orNotFound(err, "The resource")
}

var resourceKeys = map[string]searchKey{
	"id": byID("resources.id %s"), "name": byText("lower(resources.name) %s"), "email": byText("lower(resources.email) %s"),
}

// Resources returns one page of an app's resources that a search finds, the oldest first, and what is known of the others. Invalid
// names the key that is not known.
func (db *Calendars) Resources(ctx context.Context, appID uuid.UUID, page Page, terms ...Term) ([]*catalogue.Resource, Found, error) {
	args := namedArgs{"app": appID}
	found, err := search(terms, resourceKeys, args)
	if err != nil {
		return nil, Found{}, err
	}
	return listRows(ctx, db.store, listing[catalogue.Resource]{
		columns: listedResource, table: "resources", alias: "resources",
		where: `resources.app_id = @app AND resources.deleted_at IS NULL` + found, order: "resources.created_at", changed: "resources.updated_at",
		most: mostOf(terms), scan: func(row pgx.CollectableRow) (*catalogue.Resource, error) { return scanResource(row) },
	}, page, args)
}

// CreateResource adds a resource and its calendar. A repeat with the same ids changes nothing; NotFound when the id is
// another app's.
func (db *Calendars) CreateResource(ctx context.Context, r *catalogue.Resource, calendarID uuid.UUID) error {
	const resource = `
		INSERT INTO resources (id, app_id, name, first_name, last_name, email, timezone, image, meta, password, tags, availability_constraints,
			capacity)
		VALUES (@id, @app, @name, @first, @last, @email, @timezone, @image, @meta, @password,
			COALESCE(@tags::jsonb, '[]'), COALESCE(@constraints::jsonb, '[]'), COALESCE(NULLIF(@capacity, 0), 1))
		ON CONFLICT ON CONSTRAINT resources_pkey DO UPDATE SET id = excluded.id
		WHERE resources.app_id = excluded.app_id RETURNING created_at, updated_at, capacity`
	const calendar = `
		INSERT INTO calendars (id, app_id, resource_id, name) VALUES (@calendar, @app, @id, @name)
		ON CONFLICT ON CONSTRAINT calendars_pkey DO NOTHING`
	args := resourceArgs(r)
	args["calendar"] = calendarID
	return db.inTx(ctx, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, resource, args).Scan(&r.CreatedAt, &r.UpdatedAt, &r.Capacity); err != nil {
			return orNotFound(err, "The resource")
		}
		_, err := tx.Exec(ctx, calendar, args)
		return err
	})
}

// UpdateResource writes what a resource is called and where it is; NotFound when the app has no such resource. With a new password its own
// tokens end. In another zone its all-day events keep their dates: see moveDays. It locks, until the end of its transaction, the
// resource's capacity, if that is set, the resource's row and, in another zone, its all-day events by id.
func (db *Calendars) UpdateResource(ctx context.Context, r *catalogue.Resource) error {
	const q = `
		WITH ended AS (DELETE FROM resource_credentials WHERE resource_id = @id AND app_id = @app AND own AND @password <> '')
		UPDATE resources SET name = @name, first_name = @first, last_name = @last, timezone = @timezone, image = @image,
			email = @email, meta = @meta, password = COALESCE(NULLIF(@password, ''), password), tags = COALESCE(@tags, tags),
			availability_constraints = COALESCE(@constraints, availability_constraints),
			capacity = COALESCE(NULLIF(@capacity, 0), capacity), updated_at = now()
		WHERE id = @id AND app_id = @app AND deleted_at IS NULL RETURNING updated_at, capacity`
	const lockCapacity = `SELECT pg_advisory_xact_lock(hashtextextended(@id::uuid::text, 1)) WHERE @capacity > 0`
	const look = `SELECT timezone FROM resources WHERE id = @id AND app_id = @app AND deleted_at IS NULL FOR NO KEY UPDATE`
	return db.inTx(ctx, func(tx pgx.Tx) error {
		args := resourceArgs(r)
		before := catalogue.Resource{ID: r.ID}
		if _, err := tx.Exec(ctx, lockCapacity, args); err != nil { // those who take time of it hold it, and then its row
			return err
		}
		if err := tx.QueryRow(ctx, look, args).Scan(&before.Timezone); err != nil {
			return orNotFound(err, "The resource")
		}
		if err := tx.QueryRow(ctx, q, args).Scan(&r.UpdatedAt, &r.Capacity); err != nil || before.Timezone == r.Timezone {
			return mapConstraint(err)
		}
		return moveDays(ctx, tx, &before, r)
	})
}

func resourceArgs(r *catalogue.Resource) namedArgs {
	return namedArgs{
		"id": r.ID, "app": r.AppID, "name": r.Name, "first": r.FirstName, "last": r.LastName, "email": r.Email,
		"timezone": r.Timezone, "image": r.Image, "meta": asJSON(r.Meta), "password": r.NewPassword,
		"tags": orNull(r.Tags), "constraints": orNull(r.Constraints), "capacity": r.NewCapacity,
	}
}

// DeleteResource takes a resource out of use; InUse while bookings of it are open. Old bookings keep showing it. It locks the resource's
// row until the end of its transaction.
func (db *Calendars) DeleteResource(ctx context.Context, appID, id uuid.UUID) error {
	return db.inTx(ctx, func(tx pgx.Tx) error {
		args := namedArgs{"id": id, "app": appID}
		const look = `SELECT id FROM resources WHERE id = @id AND app_id = @app AND deleted_at IS NULL FOR UPDATE`
		if err := tx.QueryRow(ctx, look, args).Scan(&id); err != nil {
			return orNotFound(err, "The resource")
		}
		var open bool
		const used = `SELECT EXISTS (SELECT FROM bookings WHERE resource_id = @id AND NOT completed)
			OR EXISTS (SELECT FROM booking_resources y JOIN bookings b ON b.id = y.booking_id WHERE y.resource_id = @id AND NOT b.completed)`
		if err := tx.QueryRow(ctx, used, args).Scan(&open); err != nil {
			return err
		}
		if open {
			return fault.Errorf(fault.InUse, "The resource has bookings that are not over.")
		}
		if _, err := tx.Exec(ctx, `DELETE FROM resource_credentials WHERE resource_id = @id`, args); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE resources SET deleted_at = now() WHERE id = @id`, args)
		return err
	})
}

const selectCalendar = `
	SELECT id, resource_id, name, description, foregroundcolor, backgroundcolor, created_at, updated_at
	FROM calendars WHERE resource_id = @resource AND (@id::uuid IS NULL OR id = @id) ORDER BY created_at, id LIMIT 1`

// Calendar returns a resource's calendar: the named one, or its first when id is nil. NotFound when it has no such
// calendar.
func (db *Calendars) Calendar(ctx context.Context, resourceID uuid.UUID, id *uuid.UUID) (*catalogue.Calendar, error) {
	rows, err := db.pool.Query(ctx, selectCalendar, namedArgs{"resource": resourceID, "id": id})
	if err != nil {
		return nil, err
	}
	c, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByPos[catalogue.Calendar])
	return c, orNotFound(err, "The calendar")
}

// Place returns an app's resource and a calendar of it, in one round trip: the named calendar, or the first when it is nil.
// NotFound when the app has no such resource; the calendar is nil when the resource has no such calendar.
func (db *Calendars) Place(
	ctx context.Context, appID, resourceID uuid.UUID, calendarID *uuid.UUID,
) (r *catalogue.Resource, c *catalogue.Calendar, err error) {
	batch := &pgx.Batch{}
	batch.Queue(selectResource, namedArgs{"id": resourceID, "app": appID}).QueryRow(func(row pgx.Row) (err error) {
		r, err = scanResource(row)
		return orNotFound(err, "The resource")
	})
	batch.Queue(selectCalendar, namedArgs{"resource": resourceID, "id": calendarID}).Query(func(rows pgx.Rows) error {
		found, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByPos[catalogue.Calendar])
		if len(found) > 0 {
			c = found[0]
		}
		return err
	})
	return r, c, db.pool.SendBatch(ctx, batch).Close()
}

// ResourceZones counts the resources of all apps by the name of their time zone; deleted ones are left out.
func (db *Calendars) ResourceZones(ctx context.Context) (map[string]int, error) {
	const q = `SELECT timezone, count(*) FROM resources WHERE deleted_at IS NULL GROUP BY timezone`
	rows, err := db.pool.Query(ctx, q)
	if err != nil {
		return nil, err
	}
	counts := map[string]int{}
	var name string
	var count int
	_, err = pgx.ForEachRow(rows, []any{&name, &count}, func() error {
		counts[name] = count
		return nil
	})
	return counts, err
}
