package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/booking"
)

// partsOf are the resources of a booking b that takes several; NULL for the others, which cost no look.
const partsOf = `CASE WHEN b.requires IS NOT NULL THEN (
		SELECT jsonb_agg(jsonb_build_object('resource', y.resource_id, 'calendar', y.calendar_id, 'name', z.name, 'role', y.role,
			'start', y.start_at, 'end', y.end_at) ORDER BY y.nth)
		FROM booking_resources y JOIN resources z ON z.id = y.resource_id WHERE y.booking_id = b.id) END`

// slotsOf returns the slots that a booking takes, all of them or none: one for each resource, in the order of the resources' ids. In
// that order transactions take their advisory locks and rows, so that no two wait for each other.
func slotsOf(b *booking.Booking) []slot {
	own := slotOf(b)
	if len(b.Parts) < 2 {
		return []slot{own}
	}
	all := make([]slot, 0, len(b.Parts))
	for _, p := range b.Parts {
		one := own
		one.resource, one.start, one.end, one.several = p.Resource, p.Start, p.End, true
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b slot) int { return compareIDs(a.resource, b.resource) })
	return all
}

// resourcesOf returns the resources of bookings, each once, in the order of their ids.
func resourcesOf(bookings ...*booking.Booking) (all []uuid.UUID) {
	for _, b := range bookings {
		all = append(all, b.Resources()...)
	}
	slices.SortFunc(all, compareIDs)
	return slices.Compact(all)
}

// queueParts puts the resources of a booking that takes several on record, if its first action is. The first one's calendar is the
// booking's; the others have the first one of their resource.
func queueParts(batch *pgx.Batch, b *booking.Booking, first *booking.Action) {
	if len(b.Parts) == 0 {
		return
	}
	const q = `
		INSERT INTO booking_resources (booking_id, nth, resource_id, calendar_id, role, start_at, end_at)
		SELECT @id, w.nth - 1, w.resource, CASE WHEN w.nth = 1 THEN @calendar ELSE (
				SELECT id FROM calendars c WHERE c.resource_id = w.resource ORDER BY c.created_at, c.id LIMIT 1) END,
			w.role, w.start, w.end
		FROM unnest(@resources::uuid[], @roles::text[], @starts::timestamptz[], @ends::timestamptz[])
			WITH ORDINALITY w (resource, role, start, "end", nth) WHERE ` + begun
	args := namedArgs{"id": b.ID, "action": first.ID, "calendar": b.Calendar.ID}
	var resources []uuid.UUID
	var roles []string
	var starts, ends []time.Time
	for _, p := range b.Parts {
		resources, roles = append(resources, p.Resource), append(roles, p.Role)
		starts, ends = append(starts, p.Start), append(ends, p.End)
	}
	args["resources"], args["roles"], args["starts"], args["ends"] = resources, roles, starts, ends
	batch.Queue(q, args)
}

// queuePartsLock keeps the other resources of a booking from being deleted until the transaction ends, in the order of their ids.
// NotFound when the app does not have one of them.
func queuePartsLock(batch *pgx.Batch, b *booking.Booking, first *booking.Action) {
	if len(b.Parts) < 2 {
		return
	}
	const q = `
		WITH found AS MATERIALIZED (
			SELECT r.id FROM resources r WHERE r.id = ANY(@resources) AND r.app_id = @app AND r.deleted_at IS NULL AND ` + begun + `
			ORDER BY r.id FOR KEY SHARE OF r)
		SELECT holdfast_refuse('bookings_resource') WHERE ` + begun + ` AND (SELECT count(*) FROM found) < @wanted`
	all := resourcesOf(b)
	batch.Queue(q, namedArgs{"resources": all, "wanted": len(all), "app": b.AppID, "action": first.ID})
}

// choices selects, of what p.requires names, the resources that there are, with the part that each can have.
const choices = `
	SELECT jsonb_agg(jsonb_build_object('part', l.part, 'id', z.id, 'zone', z.timezone) ORDER BY l.part, l.nth)
	FROM (
		SELECT e.part - 1 AS part, 0::bigint AS nth, (e.value->>'resource')::uuid AS id
		FROM jsonb_array_elements(p.requires->'all_of') WITH ORDINALITY e (value, part)
		UNION ALL SELECT e.part - 1, f.nth, f.id::uuid
		FROM jsonb_array_elements(p.requires->'all_of') WITH ORDINALITY e (value, part),
			jsonb_array_elements_text(e.value->'any_of'->'from') WITH ORDINALITY f (id, nth)
		UNION ALL SELECT e.part - 1, x.position, x.resource_id
		FROM jsonb_array_elements(p.requires->'all_of') WITH ORDINALITY e (value, part)
		JOIN projects o ON o.id = (e.value->>'pool')::uuid AND o.app_id = p.app_id JOIN project_resources x ON x.project_id = o.id
	) l JOIN resources z ON z.id = l.id AND z.app_id = p.app_id AND z.deleted_at IS NULL`

// whichTaken returns the names of those parts of a booking that others have taken now, each once. A quick look, not a promise.
func whichTaken(ctx context.Context, db *store, b *booking.Booking) (names []string, err error) {
	batch := &pgx.Batch{}
	for _, s := range slotsOf(b) {
		batch.Queue(`SELECT `+isTaken, s.args()).QueryRow(func(row pgx.Row) error {
			var taken bool
			err := row.Scan(&taken)
			if name := b.PartName(s.resource); taken && !slices.Contains(names, name) {
				names = append(names, name)
			}
			return err
		})
	}
	return names, db.pool.SendBatch(ctx, batch).Close()
}
