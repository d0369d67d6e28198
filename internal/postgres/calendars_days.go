package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/booking"
	"holdfast/internal/catalogue"
)

// moveDays gives the all-day events of a resource that has moved to another zone the instants of their dates there, and the
// time they take. The caller has the resource's row locked. A day that meets a booking now, or whatever else does not let it
// in, lies above it: it keeps newcomers out all the same.
func moveDays(ctx context.Context, tx pgx.Tx, before, after *catalogue.Resource) error {
	all, err := daysOff(ctx, tx, before)
	if err != nil || len(all) == 0 {
		return err
	}
	var ids []uuid.UUID
	var dates [2][]time.Time
	var times [2][]time.Time
	for i := range all {
		e := &all[i]
		e.Settle() // where they were, for rows without dates
		e.Resource = *after
		e.Settle()
		ids = append(ids, e.ID)
		dates[0], dates[1] = append(dates[0], e.StartDate), append(dates[1], e.EndDate)
		times[0], times[1] = append(times[0], e.Start), append(times[1], e.End)
	}
	const write = `
		UPDATE calendar_events e SET start_date = v.start_date, end_date = v.end_date, start_at = v.start_at,
			end_at = v.end_at, updated_at = now()
		FROM unnest(@ids::uuid[], @first::date[], @last::date[], @from::timestamptz[], @to::timestamptz[])
			v (id, start_date, end_date, start_at, end_at)
		WHERE e.id = v.id`
	const give = `DELETE FROM occupancies WHERE event_id = ANY(@ids)`
	const rows = `
		INSERT INTO occupancies (id, app_id, resource_id, event_id, during, layer, exclusive)
		SELECT gen_random_uuid(), app_id, resource_id, id, tstzrange(start_at, end_at, '[)'), int8range(n, n, '[]'), `
	const alone = rows + `true
		FROM (SELECT id, app_id, resource_id, start_at, end_at, -nextval('occupancies_layer') AS n FROM calendar_events
			WHERE id = ANY(@ids) AND NOT COALESCE((settings->>'allow_double_bookings')::boolean, false)) days
		ON CONFLICT ON CONSTRAINT occupancies_no_overlap DO NOTHING`
	const above = rows + `false
		FROM (SELECT id, app_id, resource_id, start_at, end_at, -nextval('occupancies_layer') AS n FROM calendar_events e
			WHERE id = ANY(@ids) AND NOT EXISTS (SELECT FROM occupancies o WHERE o.event_id = e.id)) days`
	args := namedArgs{"ids": ids, "first": dates[0], "last": dates[1], "from": times[0], "to": times[1]}
	batch := &pgx.Batch{}
	for _, q := range []string{write, give, alone, above} {
		batch.Queue(q, args)
	}
	return tx.SendBatch(ctx, batch).Close()
}

// daysOff returns the all-day events of a resource, locked.
func daysOff(ctx context.Context, tx pgx.Tx, r *catalogue.Resource) ([]booking.CalendarEvent, error) {
	const q = `
		SELECT id, start_at, end_at, start_date, end_date FROM calendar_events
		WHERE resource_id = @resource AND all_day ORDER BY id FOR UPDATE`
	rows, err := tx.Query(ctx, q, namedArgs{"resource": r.ID})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (booking.CalendarEvent, error) {
		e := booking.CalendarEvent{AllDay: true, Resource: *r}
		var from, to *time.Time
		if err := row.Scan(&e.ID, &e.Start, &e.End, &from, &to); err != nil {
			return e, err
		}
		if from != nil && to != nil {
			e.StartDate, e.EndDate = *from, *to
		}
		return e, nil
	})
}
