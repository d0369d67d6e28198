package postgres

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/booking"
)

const calendarColumns = `
	c.id, c.resource_id, c.name, c.description, c.foregroundcolor, c.backgroundcolor, c.created_at, c.updated_at`

// CalendarOf returns a calendar of an app's resource, or NotFound.
func (db *DB) CalendarOf(ctx context.Context, appID, id uuid.UUID) (*booking.Calendar, error) {
	const q = `
		SELECT ` + calendarColumns + ` FROM calendars c JOIN resources r ON r.id = c.resource_id AND r.deleted_at IS NULL
		WHERE c.id = @id AND c.app_id = @app`
	rows, err := db.pool.Query(ctx, q, pgx.NamedArgs{"id": id, "app": appID})
	if err != nil {
		return nil, err
	}
	c, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByPos[booking.Calendar])
	return c, one(err, "The calendar")
}
