package postgres

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// crowdedEntries is a tenth of crowdedLists, with what makes calendar entries of bookings: time that a part of them holds or has claimed, parts
// in other calendars, and entries that are long; and a resource that is not in use any more.
var crowdedEntries = strings.NewReplacer("30000", "3000", "6000", "600", "interval '1 minute'", "interval '10 minutes'").Replace(crowdedLists) + `;
	INSERT INTO occupancies (id, app_id, resource_id, booking_id, during, exclusive)
		SELECT gen_random_uuid(), app_id, resource_id, id, tstzrange(start_at, end_at), false FROM bookings WHERE get_byte(uuid_send(id), 0) % 3 > 0;
	UPDATE occupancies SET claimed = true, claimant = md5('b6')::uuid WHERE booking_id = md5('b12')::uuid;
	UPDATE bookings SET end_at = start_at + interval '20 days' WHERE id IN (SELECT md5('b' || n)::uuid FROM generate_series(6, 3000, 96) n);
	UPDATE calendar_events SET end_at = start_at + interval '9 days' WHERE id IN (SELECT md5('v' || n)::uuid FROM generate_series(6, 3000, 498) n);
	UPDATE resources SET deleted_at = now() WHERE id = md5('r7')::uuid;
	INSERT INTO booking_resources (booking_id, nth, resource_id, role, start_at, end_at)
		SELECT b.id, 1, md5('r13')::uuid, '', b.start_at - interval '15 minutes', b.end_at + interval '45 minutes'
		FROM bookings b WHERE b.id IN (SELECT md5('b' || n)::uuid FROM generate_series(6, 3000, 60) n)`

// TestEntriesWithinAreThoseThatOverlap compares pages of windows with a plain query over all entries.
func TestEntriesWithinAreThoseThatOverlap(t *testing.T) {
	t.Parallel()
	db, sent, look, app := filledDB(t, crowdedEntries)
	r := rand.New(rand.NewPCG(3, 5))
	first := time.Date(2025, 12, 31, 0, 0, 0, 0, time.UTC)
	some := 0
	for i := range 40 {
		f := CalendarEventFilter{From: first.Add(time.Duration(r.IntN(24*60*25)) * time.Minute)}
		f.To = f.From.Add(time.Duration(1+r.IntN(60*48)) * time.Minute)
		if i%3 == 0 {
			var id uuid.UUID
			if err := look.QueryRow(t.Context(), `SELECT md5('r' || $1::int)::uuid`, 1+6*(1+r.IntN(3))).Scan(&id); err != nil {
				t.Fatal(err)
			}
			f.To, f.Terms = f.To.AddDate(0, 0, 20), []Term{{"resource.id", id.String()}}
		}
		want := plainEntries(t, look, app, f)
		some += min(len(want), 1)
		for number, limit := 1, 1+r.IntN(60); number <= 1+len(want)/limit; number++ {
			got, found, err := db.CalendarEvents(t.Context(), app, f, Page{Number: number, Limit: limit})
			if err != nil {
				t.Fatal(err)
			}
			var ids []uuid.UUID
			for _, e := range got {
				ids = append(ids, e.ID)
			}
			from := min(len(want), (number-1)*limit)
			if page := want[from:min(len(want), from+limit)]; !slices.Equal(ids, page) || found.Total != min(len(want), maxSearched) {
				t.Fatalf("%+v, page %d of %d: %d of %d entries, not %d of %d", f, number, limit, len(ids), found.Total, len(page), len(want))
			}
		}
	}
	if some < 35 {
		t.Errorf("only %d windows have entries", some)
	}
	sent.take()
	if _, _, err := db.CalendarEvents(t.Context(), app, CalendarEventFilter{From: first, To: first.AddDate(0, 1, 0)}, Page{Number: 1, Limit: 50}); err != nil {
		t.Fatal(err)
	}
	plans := 0
	for _, q := range sent.take() {
		if !strings.Contains(q.sql, "FROM calendar_events") || strings.Contains(q.sql, "count(*)") {
			continue
		}
		plans++
		plan := strings.Join(explained(t, look, []string{`SET LOCAL enable_seqscan = off`}, q), "\n")
		for _, index := range []string{"bookings_app_start", "calendar_events_app", "bookings_app_booked", "calendar_events_app_during"} {
			if !strings.Contains(plan, " "+index+" ") {
				t.Errorf("the plan has no %s:\n%s", index, plan)
			}
		}
		if strings.Contains(plan, "hashed SubPlan") && strings.Contains(plan, "Seq Scan on occupancies") {
			t.Errorf("the plan looks at all time that is taken:\n%s", plan)
		}
	}
	if plans != 1 {
		t.Errorf("%d plans", plans)
	}
}

// plainEntries are the ids of the entries that overlap a window, in order.
func plainEntries(t *testing.T, look *pgx.Conn, app uuid.UUID, f CalendarEventFilter) []uuid.UUID {
	t.Helper()
	q := `SELECT v.id` + strings.ReplaceAll(allEntries, "@app", "$1") + `tstzrange(v.start_at, v.end_at) && tstzrange($2, $3)`
	for _, term := range f.Terms {
		q += fmt.Sprintf(` AND v.resource_id = '%s'`, term.Value)
	}
	rows, err := look.Query(t.Context(), q+` ORDER BY v.start_at, v.id`, app, f.From, f.To)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		t.Fatal(err)
	}
	return all
}
