package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/booking"
)

// Busy is a stretch of a resource's calendar that is taken. Resource is its position among those asked for.
type Busy struct {
	Resource   int
	Start, End time.Time
	Guard      bool // a buffer around something, rather than the thing itself
	AllDay     bool // an all-day event
	Holder     uuid.UUID
	Kind       string // "booking", "hold" or "event"; only when it was asked for
}

// Window is a question for what is taken.
type Window struct {
	Resources []uuid.UUID
	From, To  time.Time
	Hold      uuid.UUID // a hold whose time counts as free: the holder's own; nil for none
	Kinds     bool      // tell what takes the time
}

// Busy returns what is taken in a window, by resource and start, in one query.
func (db *DB) Busy(ctx context.Context, appID uuid.UUID, w Window) ([]Busy, error) {
	const taken = `
		SELECT array_position(@resources::uuid[], o.resource_id) - 1, lower(o.during), upper(o.during),
			COALESCE(lower(o.layer) > 0, false), COALESCE(upper(o.layer) <= 0, false), o.holder_id, `
	const of = ` AND o.resource_id = ANY(@resources) AND o.app_id = @app AND o.during && tstzrange(@from, @to, '[)') AND o.holder_id <> @hold`
	const plain = taken + `'' FROM occupancies o WHERE `
	const told = taken + `CASE WHEN o.event_id IS NOT NULL THEN 'event' WHEN b.graph = 'reservation' THEN 'hold' ELSE 'booking' END
		FROM occupancies o LEFT JOIN bookings b ON b.id = o.booking_id WHERE `
	q := plain + `o.exclusive` + of + ` UNION ALL ` + plain + `NOT o.exclusive` + of + ` ORDER BY 1, 2`
	if w.Kinds {
		q = told + `o.exclusive` + of + ` UNION ALL ` + told + `NOT o.exclusive` + of + ` ORDER BY 1, 2`
	}
	rows, err := db.pool.Query(ctx, q, pgx.NamedArgs{
		"resources": w.Resources, "app": appID, "from": w.From, "to": w.To, "hold": w.Hold,
	})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (b Busy, err error) {
		err = row.Scan(&b.Resource, &b.Start, &b.End, &b.Guard, &b.AllDay, &b.Holder, &b.Kind)
		return b, err
	})
}

// Bookable returns an app's resources in the order of ids, or all of them when ids is nil, with what availability has to
// know of them. Those that are not the app's are left out.
func (db *DB) Bookable(ctx context.Context, appID uuid.UUID, ids []uuid.UUID) ([]*booking.Resource, error) {
	const q = `
		SELECT ` + resourceColumns + ` FROM resources WHERE app_id = @app AND deleted_at IS NULL AND (@ids::uuid[] IS NULL OR id = ANY(@ids))
		ORDER BY array_position(@ids, id), created_at, id`
	rows, err := db.pool.Query(ctx, q, pgx.NamedArgs{"app": appID, "ids": ids})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (*booking.Resource, error) { return scanResource(row) })
}
