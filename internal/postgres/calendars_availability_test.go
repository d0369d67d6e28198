package postgres

import (
	"cmp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

// busyCalendars fills the calendars of 40 resources, half of them of each of the two apps of crowdedLists: a half of an hour of each two, as a
// thing, a buffer that sums or one that does not, an all-day event, or something that may overlap others.
const busyCalendars = `
	SET LOCAL session_replication_role = replica;
	INSERT INTO apps (id, name, slug, webhook_secret) SELECT md5('a' || a)::uuid, 'a' || a, 'a' || a, '' FROM generate_series(1, 2) a;
	INSERT INTO resources (id, app_id, name, email, timezone)
		SELECT md5('r' || n)::uuid, md5('a' || 1 + n % 2)::uuid, 'Room ' || n, 'r' || n || '@example.com', 'Europe/Berlin' FROM generate_series(1, 40) n;
	INSERT INTO occupancies (id, app_id, resource_id, event_id, during, exclusive, layer)
		SELECT gen_random_uuid(), md5('a' || 1 + r % 2)::uuid, md5('r' || r)::uuid, gen_random_uuid(), tstzrange(t, t + interval '30 minutes'), n % 7 > 0,
			(ARRAY['(,)', '[1,9223372036854775807)', '[9223372036854775806,9223372036854775807)', '[5,6)', '[-3,-2)'])[1 + n % 5]::int8range
		FROM generate_series(1, 40) r, generate_series(1, 300) n, LATERAL (SELECT '2026-01-01'::timestamptz + n * interval '2 hours' AS t) x`

// TestBusyTimesOfParts asks for parts of a window: the answer has what overlaps one of them, as each thing for itself has it, and nothing
// of others' resources. No plan of it reads the whole table.
func TestBusyTimesOfParts(t *testing.T) {
	t.Parallel()
	db, sent, look, app := filledDB(t, busyCalendars)
	w := Window{From: time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 1, 20, 0, 0, 0, 0, time.UTC)}
	rows, err := look.Query(t.Context(), `SELECT id FROM resources`)
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var id uuid.UUID
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		w.Resources = append(w.Resources, id)
	}
	single, err := db.BusyTimesWithHolder(t.Context(), app, w)
	if err != nil {
		t.Fatal(err)
	}
	day := func(d, h int) time.Time { return time.Date(2026, 1, d, h, 0, 0, 0, time.UTC) }
	for name, parts := range map[string][][2]time.Time{
		"the window": nil, "nothing": {}, "two days": {{day(6, 9), day(6, 17)}, {day(7, 9), day(7, 17)}}, "a moment": {{day(9, 12), day(9, 12).Add(time.Second)}},
	} {
		w.Parts = parts
		sent.take()
		got, err := db.BusyTimes(t.Context(), app, w)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range explained(t, look, nil, sent.take()[0]) {
			if strings.Contains(line, "Seq Scan on occupancies") {
				t.Errorf("%s: %s", name, line)
			}
		}
		want := 0
		for id, all := range single {
			some := slices.DeleteFunc(slices.Clone(all), func(b BusyTime) bool {
				return parts != nil && !slices.ContainsFunc(parts, func(p [2]time.Time) bool { return b.Start.Before(p[1]) && b.End.After(p[0]) })
			})
			want += len(some)
			if !slices.Equal(plainTimes(got[id]), plainTimes(some)) {
				t.Errorf("%s: %d ranges, not %d", name, len(got[id]), len(some))
			}
		}
		if name == "the window" && (want != 20*15*12 || len(got) != 20) || name == "two days" && want != 20*8 {
			t.Errorf("%s: %d ranges of %d resources", name, want, len(got))
		}
	}
}

// plainTimes are times without what BusyTimes does not say, in one order.
func plainTimes(all []BusyTime) []BusyTime {
	all = slices.Clone(all)
	for i := range all {
		all[i].Start, all[i].End, all[i].Holder, all[i].Kind = all[i].Start.UTC(), all[i].End.UTC(), uuid.Nil, ""
	}
	slices.SortFunc(all, func(a, b BusyTime) int { return cmp.Compare(a.Start.UnixNano(), b.Start.UnixNano()) })
	return all
}
