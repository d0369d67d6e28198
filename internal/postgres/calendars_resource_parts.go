package postgres

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/catalogue"
	"holdfast/internal/requires"
)

// CalendarsOf returns the calendars of resources, by resource, the oldest first.
func (db *Calendars) CalendarsOf(ctx context.Context, resources []uuid.UUID) (map[uuid.UUID][]catalogue.Calendar, error) {
	const q = `
		SELECT id, resource_id, name, description, foregroundcolor, backgroundcolor, created_at, updated_at
		FROM calendars WHERE resource_id = ANY(@resources) ORDER BY resource_id, created_at, id`
	rows, err := db.pool.Query(ctx, q, namedArgs{"resources": resources})
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[catalogue.Calendar])
	if err != nil {
		return nil, err
	}
	all := map[uuid.UUID][]catalogue.Calendar{}
	for _, c := range list {
		all[c.ResourceID] = append(all[c.ResourceID], c)
	}
	return all, nil
}

// TimezoneOf returns the time zone of an app's oldest resource with an e-mail address, in whatever case it is written;
// NotFound when there is none.
func (db *Calendars) TimezoneOf(ctx context.Context, appID uuid.UUID, email string) (string, error) {
	const q = `
		SELECT timezone FROM resources
		WHERE app_id = @app AND email <> '' AND lower(email) = lower(@email) AND deleted_at IS NULL ORDER BY created_at, id LIMIT 1`
	var name string
	err := db.pool.QueryRow(ctx, q, namedArgs{"app": appID, "email": email}).Scan(&name)
	return name, orNotFound(err, "The resource")
}

// Choices returns, of what is required, the resources of the app that there are, with the part that each can have.
func (db *Calendars) Choices(ctx context.Context, app uuid.UUID, r *requires.Requires) (all []requires.Choice, err error) {
	const q = `SELECT COALESCE((` + choices + `), '[]') FROM (SELECT @requires::jsonb AS requires, @app::uuid AS app_id) p`
	err = db.pool.QueryRow(ctx, q, namedArgs{"requires": nullJSON(r), "app": app}).Scan(&all)
	return all, err
}
