package postgres

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/catalogue"
)

// ProjectResources returns one page of a project's resources in their order of priority, and what is known of the others.
func (db *Catalogue) ProjectResources(ctx context.Context, projectID uuid.UUID, page Page) ([]*catalogue.Resource, Found, error) {
	const tied = ` JOIN project_resources x ON x.resource_id = resources.id AND x.project_id = @project`
	return listRows(ctx, db.store, listing[catalogue.Resource]{
		columns: listedResource, table: "resources", alias: "resources", joined: tied,
		where: `resources.deleted_at IS NULL`, order: "x.position",
		scan: func(row pgx.CollectableRow) (*catalogue.Resource, error) { return scanResource(row) },
	}, page, namedArgs{"project": projectID})
}

// AddProjectResource puts a resource behind the others of a project. One that is there already stays where it is. NotFound when the app
// does not have both. It locks the project's row until the end of its transaction.
func (db *Catalogue) AddProjectResource(ctx context.Context, appID, projectID, resourceID uuid.UUID) error {
	const q = `
		INSERT INTO project_resources (project_id, resource_id, position)
		SELECT @project, r.id, 1 + COALESCE((SELECT max(position) FROM project_resources WHERE project_id = @project), 0)
		FROM resources r WHERE r.id = @resource AND r.app_id = @app AND r.deleted_at IS NULL
		ON CONFLICT ON CONSTRAINT project_resources_pkey DO UPDATE SET position = project_resources.position RETURNING resource_id`
	return db.inTx(ctx, func(tx pgx.Tx) error {
		args := namedArgs{"app": appID, "project": projectID, "resource": resourceID}
		const look = `SELECT id FROM projects WHERE id = @project AND app_id = @app FOR UPDATE`
		if err := tx.QueryRow(ctx, look, args).Scan(&projectID); err != nil {
			return orNotFound(err, "The project")
		}
		return orNotFound(tx.QueryRow(ctx, q, args).Scan(&resourceID), "The resource")
	})
}

// DropProjectResource takes a resource out of a project; NotFound when the app has no such project with it.
func (db *Catalogue) DropProjectResource(ctx context.Context, appID, projectID, resourceID uuid.UUID) error {
	const q = `
		DELETE FROM project_resources x USING projects p
		WHERE p.id = @project AND p.app_id = @app AND x.project_id = p.id AND x.resource_id = @resource RETURNING x.resource_id`
	args := namedArgs{"app": appID, "project": projectID, "resource": resourceID}
	return orNotFound(db.pool.QueryRow(ctx, q, args).Scan(&resourceID), "The resource")
}

// WidgetKey returns the id and the sealed form of an app's newest active widget key, or NotFound.
func (db *Catalogue) WidgetKey(ctx context.Context, appID uuid.UUID) (uuid.UUID, []byte, error) {
	const q = `
		SELECT id, sealed FROM api_keys WHERE app_id = @app AND kind = 'widget' AND revoked_at IS NULL
		ORDER BY created_at DESC, id DESC LIMIT 1`
	var id uuid.UUID
	var sealed []byte
	err := db.pool.QueryRow(ctx, q, namedArgs{"app": appID}).Scan(&id, &sealed)
	return id, sealed, orNotFound(err, "The widget key")
}
