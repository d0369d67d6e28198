package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"holdfast/internal/catalogue"
)

// BusyTime is a stretch of a resource's calendar that is taken.
type BusyTime struct {
	Start, End time.Time
	Guard      bool // a buffer around something, rather than the thing itself
	Sums       bool // a guard that keeps clear of others' buffers, too
	AllDay     bool // an all-day event
	Holder     uuid.UUID
	Kind       string // "booking", "hold", "event", or "claim" of a booking that is not decided

	// Of a resource of several units. A guard is one side of a buffer there.
	Units int    // that it takes; 0 means all
	Side  string // of a buffer: "before" or "after"; "" is the thing itself
}

// Window is a question for what is taken.
type Window struct {
	Resources []uuid.UUID
	Counted   []uuid.UUID // resources of several units
	From, To  time.Time
	Parts     [][2]time.Time // ranges of the window; resources of one unit are asked for what overlaps any of them. nil = the window
	Hold      uuid.UUID      // a hold whose time counts as free: the holder's own; nil for none
}

func (w Window) args(appID uuid.UUID) namedArgs {
	return namedArgs{"resources": w.Resources, "counted": w.Counted, "app": appID, "from": w.From, "to": w.To, "hold": w.Hold}
}

// parts are the ranges of time that resources of one unit are asked for.
func (w Window) parts() pgtype.Multirange[pgtype.Range[time.Time]] {
	if w.Parts == nil {
		w.Parts = [][2]time.Time{{w.From, w.To}}
	}
	all := make(pgtype.Multirange[pgtype.Range[time.Time]], len(w.Parts))
	for i, part := range w.Parts {
		all[i] = pgtype.Range[time.Time]{Lower: part[0], Upper: part[1], LowerType: pgtype.Inclusive, UpperType: pgtype.Exclusive, Valid: true}
	}
	return all
}

// inWindow is a condition on occupancies o; each of the two indexes answers one half of them.
const inWindow = ` AND o.resource_id = ANY(@resources) AND o.app_id = @app
	AND o.during && tstzrange(@from, @to, '[)') AND o.holder_id <> @hold`

// BusyTimes returns what is taken in a window by resource, in one query, and one more where units are counted. It does not say by whom: a
// resource's weeks are one row of times, which is read in a third of the time that a row for each thing takes. Each resource is looked up
// in the indexes of times by itself, so that nothing is read of others'.
func (db *Calendars) BusyTimes(ctx context.Context, appID uuid.UUID, w Window) (map[uuid.UUID][]BusyTime, error) {
	const taken = `
		SELECT lower(o.layer) > 0, COALESCE(o.layer @> '` + topGuard + `'::int8range, false), upper(o.layer) <= 0,
			array_agg(lower(o.during)), array_agg(upper(o.during)) FROM occupancies o
		WHERE o.resource_id = r.id AND o.during && @parts::tstzmultirange AND o.holder_id <> @hold`
	const q = `
		SELECT r.id, taken.* FROM resources r, LATERAL (` + taken + ` AND o.exclusive GROUP BY 1, 2, 3
			UNION ALL` + taken + ` AND NOT o.exclusive GROUP BY 1, 2, 3) taken
		WHERE r.id = ANY(@resources) AND r.app_id = @app`
	all, err := db.busyUnits(ctx, appID, w)
	if err != nil || len(w.Resources) == 0 {
		return all, err
	}
	args := w.args(appID)
	args["parts"] = w.parts()
	rows, err := db.pool.Query(ctx, q, args)
	if err != nil {
		return nil, err
	}
	var id uuid.UUID
	var open bool
	var guard, day *bool // null for what has no end of layers
	var starts, ends []time.Time
	_, err = pgx.ForEachRow(rows, []any{&id, &guard, &open, &day, &starts, &ends}, func() error {
		all[id] = slices.Grow(all[id], len(starts))
		for i := range starts {
			b := BusyTime{Start: starts[i], End: ends[i], Guard: guard != nil && *guard, AllDay: day != nil && *day}
			b.Sums = b.Guard && open
			all[id] = append(all[id], b)
		}
		return nil
	})
	return all, err
}

// busyUnits returns what is taken of the resources of several units, by the rows and in the parts that a commit counts, with what it is.
func (db *Calendars) busyUnits(ctx context.Context, appID uuid.UUID, w Window) (map[uuid.UUID][]BusyTime, error) {
	const q = `
		SELECT l.resource_id, lower(l.span), upper(l.span), COALESCE(l.units, 0), CASE WHEN l.side = 'in' THEN '' ELSE l.side END, l.all_day,
			COALESCE(l.claimant, l.holder_id), CASE WHEN l.event_id IS NOT NULL THEN 'event' WHEN l.claimed THEN 'claim' ELSE 'booking' END
		FROM holdfast_loads(@counted, @from, @to) l JOIN resources r ON r.id = l.resource_id AND r.app_id = @app
		WHERE l.holder_id <> @hold ORDER BY 2`
	all := map[uuid.UUID][]BusyTime{}
	if len(w.Counted) == 0 {
		return all, nil
	}
	rows, err := db.pool.Query(ctx, q, w.args(appID))
	if err != nil {
		return nil, err
	}
	var id uuid.UUID
	var b BusyTime
	_, err = pgx.ForEachRow(rows, []any{&id, &b.Start, &b.End, &b.Units, &b.Side, &b.AllDay, &b.Holder, &b.Kind}, func() error {
		b.Guard = b.Side != ""
		all[id] = append(all[id], b)
		return nil
	})
	return all, err
}

// BusyTimesWithHolder returns the same, each thing for itself, with what it is.
func (db *Calendars) BusyTimesWithHolder(ctx context.Context, appID uuid.UUID, w Window) (map[uuid.UUID][]BusyTime, error) {
	const taken = `
		SELECT o.resource_id, lower(o.during), upper(o.during), COALESCE(lower(o.layer) > 0, false),
			COALESCE(lower(o.layer) > 0, false) AND o.layer @> '` + topGuard + `'::int8range, COALESCE(upper(o.layer) <= 0, false),
			COALESCE(o.claimant, o.holder_id), CASE WHEN o.event_id IS NOT NULL THEN 'event' WHEN o.claimed THEN 'claim'
				WHEN b.graph = 'reservation' THEN 'hold' ELSE 'booking' END
		FROM occupancies o LEFT JOIN bookings b ON b.id = o.booking_id WHERE `
	const q = taken + `o.exclusive` + inWindow + ` UNION ALL ` + taken + `NOT o.exclusive` + inWindow + ` ORDER BY 2`
	all, err := db.busyUnits(ctx, appID, w)
	if err != nil || len(w.Resources) == 0 {
		return all, err
	}
	rows, err := db.pool.Query(ctx, q, w.args(appID))
	if err != nil {
		return nil, err
	}
	var id uuid.UUID
	var b BusyTime
	_, err = pgx.ForEachRow(rows, []any{&id, &b.Start, &b.End, &b.Guard, &b.Sums, &b.AllDay, &b.Holder, &b.Kind}, func() error {
		all[id] = append(all[id], b)
		return nil
	})
	return all, err
}

const selectBookable = `
	SELECT ` + resourceColumns + ` FROM resources WHERE app_id = @app AND deleted_at IS NULL AND (@ids::uuid[] IS NULL OR id = ANY(@ids))
	ORDER BY array_position(@ids, id), created_at, id LIMIT 1001` // more than any question may name

// AvailabilityResources returns an app's resources in the order of ids, or all of them when ids is nil, with what availability
// needs of them. Those that are not the app's are left out.
func (db *Calendars) AvailabilityResources(ctx context.Context, appID uuid.UUID, ids []uuid.UUID) ([]*catalogue.Resource, error) {
	rows, err := db.pool.Query(ctx, selectBookable, namedArgs{"app": appID, "ids": ids})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (*catalogue.Resource, error) { return scanResource(row) })
}

// Hosts returns what AvailabilityResources returns for ids, and the first calendar of each resource by the resource's id, in one
// round trip.
func (db *Calendars) Hosts(
	ctx context.Context, appID uuid.UUID, ids []uuid.UUID,
) (hosts []*catalogue.Resource, first map[uuid.UUID]*catalogue.Calendar, err error) {
	const q = `
		SELECT DISTINCT ON (resource_id) id, resource_id, name, description, foregroundcolor, backgroundcolor, created_at, updated_at
		FROM calendars WHERE resource_id = ANY(@ids) ORDER BY resource_id, created_at, id`
	batch := &pgx.Batch{}
	batch.Queue(selectBookable, namedArgs{"app": appID, "ids": ids}).Query(func(rows pgx.Rows) (err error) {
		hosts, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (*catalogue.Resource, error) { return scanResource(row) })
		return err
	})
	batch.Queue(q, namedArgs{"ids": ids}).Query(func(rows pgx.Rows) error {
		all, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByPos[catalogue.Calendar])
		first = map[uuid.UUID]*catalogue.Calendar{}
		for _, c := range all {
			first[c.ResourceID] = c
		}
		return err
	})
	return hosts, first, db.pool.SendBatch(ctx, batch).Close()
}
