package postgres

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/catalogue"
	"holdfast/internal/requires"
)

const projectColumns = `
	p.id, p.app_id, p.name, p.slug, p.availability, p.availability_constraints, p.booking, p.customer_fields, p.ui, p.reminders, p.meta,
	ARRAY(SELECT r.id FROM project_resources x JOIN resources r ON r.id = x.resource_id
		WHERE x.project_id = p.id AND r.deleted_at IS NULL ORDER BY x.position),
	ARRAY(SELECT r.timezone FROM project_resources x JOIN resources r ON r.id = x.resource_id
		WHERE x.project_id = p.id AND r.deleted_at IS NULL ORDER BY x.position),
	ARRAY(SELECT location_id FROM project_locations x WHERE x.project_id = p.id ORDER BY x.location_id),
	ARRAY(SELECT service_id FROM project_services x WHERE x.project_id = p.id ORDER BY x.service_id),
	p.created_at, p.updated_at, p.policy,
	COALESCE((SELECT jsonb_agg(jsonb_build_object('scope', 'service:' || s.id, 'policy', s.policy) ORDER BY s.id)
		FROM project_services x JOIN services s ON s.id = x.service_id WHERE x.project_id = p.id AND s.policy IS NOT NULL), '[]'),
	p.assign, p.requires, CASE WHEN p.requires IS NOT NULL THEN (` + choices + `) END, p.price, p.payment_policy`

// Project returns an app's project, or NotFound.
func (db *Catalogue) Project(ctx context.Context, appID, id uuid.UUID) (*catalogue.Project, error) {
	const q = `SELECT ` + projectColumns + ` FROM projects p WHERE p.id = @id AND p.app_id = @app`
	return project(db.pool.Query(ctx, q, namedArgs{"id": id, "app": appID}))
}

// ProjectsByID returns those of an app's projects that have one of the ids.
func (db *Catalogue) ProjectsByID(ctx context.Context, appID uuid.UUID, ids []uuid.UUID) ([]*catalogue.Project, error) {
	const q = `SELECT ` + projectColumns + ` FROM projects p WHERE p.id = ANY(@ids) AND p.app_id = @app`
	rows, err := db.pool.Query(ctx, q, namedArgs{"ids": ids, "app": appID})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToAddrOfStructByPos[catalogue.Project])
}

// ProjectBySlug returns a project of any app, or NotFound: a slug is unique on the server, and hosted pages have nothing else.
func (db *Catalogue) ProjectBySlug(ctx context.Context, slug string) (*catalogue.Project, error) {
	const q = `SELECT ` + projectColumns + ` FROM projects p WHERE p.slug = @slug`
	return project(db.pool.Query(ctx, q, namedArgs{"slug": slug}))
}

func project(rows pgx.Rows, err error) (*catalogue.Project, error) {
	if err != nil {
		return nil, err
	}
	p, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByPos[catalogue.Project])
	return p, orNotFound(err, "The project")
}

var projectKeys = map[string]searchKey{
	"id": byID("p.id %s"), "name": byText("lower(p.name) %s"), "slug": byText("lower(p.slug) %s"),
	"resources.uuid": byID("EXISTS (SELECT FROM project_resources x WHERE x.project_id = p.id AND x.resource_id %s)"),
	"locations.uuid": byID("EXISTS (SELECT FROM project_locations x WHERE x.project_id = p.id AND x.location_id %s)"),
	"services.uuid":  byID("EXISTS (SELECT FROM project_services x WHERE x.project_id = p.id AND x.service_id %s)"),
}

// Projects returns one page of an app's projects that a search finds, the oldest first, and what is known of the others.
// Invalid names the key that is not known.
func (db *Catalogue) Projects(ctx context.Context, appID uuid.UUID, terms []Term, page Page) ([]*catalogue.Project, Found, error) {
	args := namedArgs{"app": appID}
	found, err := search(terms, projectKeys, args)
	if err != nil {
		return nil, Found{}, err
	}
	return listRows(ctx, db.store, listing[catalogue.Project]{
		columns: projectColumns, table: "projects", alias: "p",
		where: `p.app_id = @app` + found, order: "p.created_at", most: mostOf(terms), changed: "p.updated_at", scan: structs[catalogue.Project],
	}, page, args)
}

// MissingFrom returns those ids of resources, and of projects that are pools, that a requirement names and the app does not have.
func (db *Catalogue) MissingFrom(ctx context.Context, app uuid.UUID, r *requires.Requires) (all []string, err error) {
	const q = `
		SELECT COALESCE(array_agg(id), '{}') FROM (
			SELECT id FROM unnest(@resources::uuid[]) w (id) WHERE NOT EXISTS (
				SELECT FROM resources r WHERE r.id = w.id AND r.app_id = @app AND r.deleted_at IS NULL)
			UNION ALL SELECT id FROM unnest(@pools::uuid[]) w (id) WHERE NOT EXISTS (
				SELECT FROM projects p WHERE p.id = w.id AND p.app_id = @app)) missing`
	resources, pools := r.IDs()
	err = db.pool.QueryRow(ctx, q, namedArgs{"resources": resources, "pools": pools, "app": app}).Scan(&all)
	return all, err
}
