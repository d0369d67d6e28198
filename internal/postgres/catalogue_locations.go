package postgres

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/catalogue"
)

// locationColumns end with the distance from a point in km, along a great circle; it is NULL without a point, and for a
// location that is nowhere (least would make that half the way around the world).
const locationColumns = `
	l.id, l.app_id, l.name, l.description, l.latitude, l.longitude, l.use_custom_hours, l.meta, l.created_at, l.updated_at,
	` + distance + ` AS distance`

const distance = `CASE WHEN l.latitude + @latitude::float8 IS NOT NULL THEN 2 * 6371.0088 * asin(least(1, sqrt(
		sin(radians(l.latitude - @latitude::float8) / 2) ^ 2 +
		cos(radians(@latitude::float8)) * cos(radians(l.latitude)) * sin(radians(l.longitude - @longitude::float8) / 2) ^ 2)))
	END`

var locationKeys = map[string]searchKey{
	"id": byID("l.id %s"), "name": byText("lower(l.name) %s"),
	"services.uuid": byID(`EXISTS (SELECT FROM project_locations x JOIN project_services y ON y.project_id = x.project_id
		WHERE x.location_id = l.id AND y.service_id %s)`),
}

func locationArgs(l *catalogue.Location) namedArgs {
	return namedArgs{
		"id": l.ID, "app": l.AppID, "name": l.Name, "description": l.Description, "lat": l.Latitude, "lon": l.Longitude,
		"hours": l.UseCustomHours, "meta": asJSON(l.Meta), "latitude": nil, "longitude": nil,
	}
}

// from puts the point that distances are measured from among the arguments.
func from(args namedArgs, near *catalogue.Point) namedArgs {
	args["latitude"], args["longitude"] = nil, nil
	if near != nil {
		args["latitude"], args["longitude"] = near.Latitude, near.Longitude
	}
	return args
}

func location(rows pgx.Rows, err error) (*catalogue.Location, error) {
	if err != nil {
		return nil, mapConstraint(err)
	}
	l, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByPos[catalogue.Location])
	return l, orNotFound(err, "The location")
}

// Location returns an app's location and how far it is from a point, or NotFound.
func (db *Catalogue) Location(ctx context.Context, appID, id uuid.UUID, near *catalogue.Point) (*catalogue.Location, error) {
	const q = `SELECT ` + locationColumns + ` FROM locations l WHERE l.id = @id AND l.app_id = @app`
	return location(db.pool.Query(ctx, q, from(namedArgs{"id": id, "app": appID}, near)))
}

// Locations returns one page of an app's locations that a search finds, and how many there are: the nearest first, or the
// oldest when there is no point. Invalid names the key that is not known.
func (db *Catalogue) Locations(
	ctx context.Context, appID uuid.UUID, terms []Term, near *catalogue.Point, page Page,
) ([]*catalogue.Location, Found, error) {
	args := from(namedArgs{"app": appID}, near)
	found, err := search(terms, locationKeys, args)
	if err != nil {
		return nil, Found{}, err
	}
	order := "l.created_at"
	if near != nil {
		order = `COALESCE(` + distance + `, 'infinity')`
	}
	return listRows(ctx, db.store, listing[catalogue.Location]{
		columns: locationColumns, table: "locations", alias: "l",
		where: `l.app_id = @app` + found, order: order, most: mostOf(terms), changed: "l.updated_at", scan: structs[catalogue.Location],
	}, page, args)
}

// CreateLocation adds a location. A repeat with the same id changes nothing; NotFound when the id is another app's.
func (db *Catalogue) CreateLocation(ctx context.Context, l *catalogue.Location) (*catalogue.Location, error) {
	const q = `
		INSERT INTO locations AS l (id, app_id, name, description, latitude, longitude, use_custom_hours, meta)
		VALUES (@id, @app, @name, @description, @lat, @lon, @hours, @meta)
		ON CONFLICT ON CONSTRAINT locations_pkey DO UPDATE SET id = excluded.id
		WHERE l.app_id = excluded.app_id RETURNING ` + locationColumns
	return location(db.pool.Query(ctx, q, locationArgs(l)))
}

// UpdateLocation writes a location; NotFound when the app has no such location.
func (db *Catalogue) UpdateLocation(ctx context.Context, l *catalogue.Location) (*catalogue.Location, error) {
	const q = `
		UPDATE locations l SET name = @name, description = @description, latitude = @lat, longitude = @lon,
			use_custom_hours = @hours, meta = @meta, updated_at = now()
		WHERE id = @id AND app_id = @app RETURNING ` + locationColumns
	return location(db.pool.Query(ctx, q, locationArgs(l)))
}

// DeleteLocation removes a location, from projects too; NotFound when the app has no such location.
func (db *Catalogue) DeleteLocation(ctx context.Context, appID, id uuid.UUID) error {
	const q = `DELETE FROM locations WHERE id = @id AND app_id = @app RETURNING id`
	return orNotFound(db.pool.QueryRow(ctx, q, namedArgs{"id": id, "app": appID}).Scan(&id), "The location")
}

// LocationsOf returns where services are offered, by service, the oldest location first.
func (db *Catalogue) LocationsOf(ctx context.Context, services []uuid.UUID) (map[uuid.UUID][]*catalogue.Location, error) {
	const q = `
		SELECT DISTINCT y.service_id, ` + locationColumns + `
		FROM project_services y JOIN project_locations x ON x.project_id = y.project_id JOIN locations l ON l.id = x.location_id
		WHERE y.service_id = ANY(@services) ORDER BY l.created_at, l.id`
	rows, err := db.pool.Query(ctx, q, from(namedArgs{"services": services}, nil))
	if err != nil {
		return nil, err
	}
	type offer struct {
		Service uuid.UUID
		catalogue.Location
	}
	list, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByPos[offer])
	all := map[uuid.UUID][]*catalogue.Location{}
	for _, o := range list {
		all[o.Service] = append(all[o.Service], &o.Location)
	}
	return all, err
}
