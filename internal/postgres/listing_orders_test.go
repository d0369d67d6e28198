package postgres

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// TestBookingsOfAResourceByStart: the bookings of a resource in the order of their starts are read by an index of that order, beside those of
// no other resource, and no parallel worker is started.
func TestBookingsOfAResourceByStart(t *testing.T) {
	t.Parallel()
	db, sent, look, app := crowdedDB(t)
	const q = `UPDATE bookings SET resource_id = md5('r1')::uuid WHERE app_id = md5('a1')::uuid AND meta->>'ticket' LIKE 'T-%4_'`
	for _, q := range []string{q, `VACUUM ANALYZE bookings`} {
		if _, err := look.Exec(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	var resource uuid.UUID
	if err := look.QueryRow(t.Context(), `SELECT md5('r1')::uuid`).Scan(&resource); err != nil {
		t.Fatal(err)
	}
	for _, desc := range []bool{false, true} {
		looks, settings := looksOf(t, sent, func(ctx context.Context) error {
			f := Filter{Terms: []Term{{"resource.id", resource.String()}}, Order: "event.start", Desc: desc}
			_, _, err := db.ListBookings(ctx, app, f, Page{Number: 1, Limit: 20})
			return err
		})
		if len(looks) == 0 {
			t.Fatal("no look")
		}
		plan := strings.Join(explained(t, look, settings[0], looks[0]), "\n")
		if !strings.Contains(plan, "using bookings_resource_start on bookings b_") || strings.Contains(plan, "Sort Key: b_1") {
			t.Errorf("descending %t: the order is not that of an index of the resource:\n%s", desc, plan)
		}
		if !slices.Contains(settings[0], "SET LOCAL max_parallel_workers_per_gather = 0") {
			t.Errorf("descending %t: workers may be started", desc)
		}
	}
}

// TestResourcesCalledSo compares the resources that a word stands for with a plain query: rare and frequent names, also of resources that
// are not in use any more.
func TestResourcesCalledSo(t *testing.T) {
	t.Parallel()
	const fill = `
		INSERT INTO apps (id, name, slug, webhook_secret) SELECT md5('a' || a)::uuid, 'a' || a, 'a' || a, '' FROM generate_series(1, 2) a;
		INSERT INTO resources (id, app_id, name, timezone, created_at, deleted_at)
			SELECT md5('r' || n)::uuid, md5('a' || 1 + (n % 6 > 0)::int)::uuid, 'Room ' || n, 'UTC', now() - ascii(md5('r' || n)) * interval '1 second',
				CASE WHEN n % 10 = 7 THEN now() END
			FROM generate_series(1, 6000) n`
	db, _, look, _ := filledDB(t, fill)
	const plain = `
		SELECT id FROM resources WHERE app_id = md5('a2')::uuid AND folded LIKE holdfast_fold($1) ORDER BY created_at, id LIMIT 1000`
	const app = `SELECT md5('a2')::uuid`
	var other uuid.UUID
	if err := look.QueryRow(t.Context(), app).Scan(&other); err != nil {
		t.Fatal(err)
	}
	for word, most := range map[string]int{"%ROOM%": 1000, "%room 47%": 100, "%room 1%": 1000, "%nobody%": 0, "%7%": 1000} {
		rows, err := look.Query(t.Context(), plain, word)
		if err != nil {
			t.Fatal(err)
		}
		want, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
		if err != nil {
			t.Fatal(err)
		}
		if rows, err = db.Bookings.pool.Query(t.Context(), calledSo, namedArgs{"app": other, "word": word}); err != nil {
			t.Fatal(err)
		}
		got, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(got, func(a, b uuid.UUID) int { return slices.Index(want, a) - slices.Index(want, b) })
		if !slices.Equal(got, want) || len(want) > most || len(want) < most/2 {
			t.Errorf("%s: %d resources, not %d", word, len(got), len(want))
		}
	}
}
