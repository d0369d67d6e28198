package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// ResourceZones counts the resources of all apps by the name of their time zone; deleted ones are left out.
func (db *Calendars) ResourceZones(ctx context.Context) (map[string]int, error) {
	const q = `SELECT timezone, count(*) FROM resources WHERE deleted_at IS NULL GROUP BY timezone`
	rows, err := db.pool.Query(ctx, q)
	if err != nil {
		return nil, err
	}
	counts := map[string]int{}
	var name string
	var count int
	_, err = pgx.ForEachRow(rows, []any{&name, &count}, func() error {
		counts[name] = count
		return nil
	})
	return counts, err
}
