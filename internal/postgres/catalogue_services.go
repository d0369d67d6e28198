package postgres

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/catalogue"
)

const serviceColumns = `s.id, s.app_id, s.name, s.description, s.meta, s.created_at, s.updated_at, s.policy`

var serviceKeys = map[string]searchKey{
	"id": byID("s.id %s"), "name": byText("lower(s.name) %s"),
	"locations.uuid": byID(`EXISTS (SELECT FROM project_services y JOIN project_locations x ON x.project_id = y.project_id
		WHERE y.service_id = s.id AND x.location_id %s)`),
}

func serviceArgs(s *catalogue.Service) namedArgs {
	return namedArgs{
		"id": s.ID, "app": s.AppID, "name": s.Name, "description": s.Description, "meta": asJSON(s.Meta), "policy": nullJSON(s.Policy),
	}
}

func service(rows pgx.Rows, err error) (*catalogue.Service, error) {
	if err != nil {
		return nil, mapConstraint(err)
	}
	s, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByPos[catalogue.Service])
	return s, orNotFound(err, "The service")
}

// Service returns an app's service, or NotFound.
func (db *Catalogue) Service(ctx context.Context, appID, id uuid.UUID) (*catalogue.Service, error) {
	const q = `SELECT ` + serviceColumns + ` FROM services s WHERE s.id = @id AND s.app_id = @app`
	return service(db.pool.Query(ctx, q, namedArgs{"id": id, "app": appID}))
}

// Services returns one page of an app's services that a search finds, the oldest first, and what is known of the others.
// Invalid names the key that is not known.
func (db *Catalogue) Services(ctx context.Context, appID uuid.UUID, terms []Term, page Page) ([]*catalogue.Service, Found, error) {
	args := namedArgs{"app": appID}
	found, err := search(terms, serviceKeys, args)
	if err != nil {
		return nil, Found{}, err
	}
	return listRows(ctx, db.store, listing[catalogue.Service]{
		columns: serviceColumns, table: "services", alias: "s",
		where: `s.app_id = @app` + found, order: "s.created_at", most: mostOf(terms), changed: "s.updated_at", scan: structs[catalogue.Service],
	}, page, args)
}

// CreateService adds a service. A repeat with the same id changes nothing; NotFound when the id is another app's.
func (db *Catalogue) CreateService(ctx context.Context, s *catalogue.Service) (*catalogue.Service, error) {
	const q = `
		INSERT INTO services AS s (id, app_id, name, description, meta, policy)
		VALUES (@id, @app, @name, @description, @meta, @policy)
		ON CONFLICT ON CONSTRAINT services_pkey DO UPDATE SET id = excluded.id
		WHERE s.app_id = excluded.app_id RETURNING ` + serviceColumns
	return service(db.pool.Query(ctx, q, serviceArgs(s)))
}

// UpdateService writes a service; NotFound when the app has no such service.
func (db *Catalogue) UpdateService(ctx context.Context, s *catalogue.Service) (*catalogue.Service, error) {
	const q = `
		UPDATE services s SET name = @name, description = @description, meta = @meta, policy = @policy, updated_at = now()
		WHERE id = @id AND app_id = @app RETURNING ` + serviceColumns
	return service(db.pool.Query(ctx, q, serviceArgs(s)))
}

// DeleteService removes a service, from projects too; NotFound when the app has no such service.
func (db *Catalogue) DeleteService(ctx context.Context, appID, id uuid.UUID) error {
	const q = `DELETE FROM services WHERE id = @id AND app_id = @app RETURNING id`
	return orNotFound(db.pool.QueryRow(ctx, q, namedArgs{"id": id, "app": appID}).Scan(&id), "The service")
}

// ServicesAt returns what is offered at locations, by location, the oldest service first.
func (db *Catalogue) ServicesAt(ctx context.Context, locations []uuid.UUID) (map[uuid.UUID][]*catalogue.Service, error) {
	const q = `
		SELECT DISTINCT x.location_id, ` + serviceColumns + `
		FROM project_locations x JOIN project_services y ON y.project_id = x.project_id JOIN services s ON s.id = y.service_id
		WHERE x.location_id = ANY(@locations) ORDER BY s.created_at, s.id`
	rows, err := db.pool.Query(ctx, q, namedArgs{"locations": locations})
	if err != nil {
		return nil, err
	}
	type offer struct {
		Location uuid.UUID
		catalogue.Service
	}
	list, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByPos[offer])
	all := map[uuid.UUID][]*catalogue.Service{}
	for _, o := range list {
		all[o.Location] = append(all[o.Location], &o.Service)
	}
	return all, err
}
