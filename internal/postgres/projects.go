package postgres

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/booking"
)

const projectColumns = `
	p.id, p.app_id, p.name, p.slug, p.availability, p.availability_constraints, p.booking, p.customer_fields, p.ui, p.reminders, p.meta,
	ARRAY(SELECT x.resource_id FROM project_resources x JOIN resources r ON r.id = x.resource_id
		WHERE x.project_id = p.id AND r.deleted_at IS NULL ORDER BY x.position),
	ARRAY(SELECT location_id FROM project_locations x WHERE x.project_id = p.id ORDER BY x.location_id),
	ARRAY(SELECT service_id FROM project_services x WHERE x.project_id = p.id ORDER BY x.service_id),
	p.created_at, p.updated_at`

// Project returns an app's project, or NotFound.
func (db *DB) Project(ctx context.Context, appID, id uuid.UUID) (*booking.Project, error) {
	const q = `SELECT ` + projectColumns + ` FROM projects p WHERE p.id = @id AND p.app_id = @app`
	rows, err := db.pool.Query(ctx, q, pgx.NamedArgs{"id": id, "app": appID})
	if err != nil {
		return nil, err
	}
	p, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByPos[booking.Project])
	return p, one(err, "The project")
}
