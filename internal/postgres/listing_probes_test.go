package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/fault"
)

// looksOf runs a list and returns the statements of its looks, each with the settings of its transaction.
func looksOf(t *testing.T, sent *recorder, ask func(context.Context) error) (looks []statementSent, settings [][]string) {
	t.Helper()
	sent.take()
	if err := ask(t.Context()); err != nil {
		t.Fatal(err)
	}
	var set []string
	for _, q := range sent.take() {
		switch {
		case strings.HasPrefix(q.sql, "BEGIN"):
			set = nil
		case strings.HasPrefix(q.sql, "SET LOCAL"):
			set = append(set, q.sql)
		case strings.Contains(q.sql, " FROM bookings b ") && strings.Contains(q.sql, " page"):
			looks, settings = append(looks, q), append(settings, set)
		}
	}
	return looks, settings
}

// TestSearchesChooseByFrequency searches in every order, both ways. A frequent text is found by a walk over the index of the order, and by
// nothing else, also where the first thousands of rows do not have it; a rare one is found by the index of texts at once.
func TestSearchesChooseByFrequency(t *testing.T) {
	t.Parallel()
	db, sent, look, app := crowdedDB(t)
	q := `UPDATE customers SET name = 'Zoe', timezone = 'UTC' WHERE app_id = md5('a1')::uuid
		AND booking_id IN (SELECT id FROM bookings WHERE app_id = md5('a1')::uuid ORDER BY start_at LIMIT 2000)`
	for _, q := range []string{q, `VACUUM ANALYZE customers`} {
		if _, err := look.Exec(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	frequent := map[string]Filter{
		"name": {Terms: []Term{{"customer.name", "ann *"}}}, "time zone": {Terms: []Term{{"customer.timezone", "europe/berlin"}}},
		"word": {Words: []string{"haircut"}}, "meta": {Terms: []Term{{"meta.ticket", "*T-*"}}},
		"name and graph": {Terms: []Term{{"customer.name", "ann *"}, {"graph", "instant"}}},
	}
	rare := map[string]Filter{
		"name": {Terms: []Term{{"customer.name", "nobody*"}}}, "word": {Words: []string{"nobodyhere"}}, "meta": {Terms: []Term{{"meta.ticket", "T-4711"}}},
	}
	for order, column := range orders {
		for _, desc := range []bool{false, true} {
			list := func(f Filter) func(context.Context) error {
				f.Order, f.Desc = order, desc
				return func(ctx context.Context) error {
					_, _, err := db.ListBookings(ctx, app, f, Page{Number: 1, Limit: 50})
					return err
				}
			}
			for name, f := range frequent {
				looks, settings := looksOf(t, sent, list(f))
				if len(looks) != 1 || strings.Contains(looks[0].sql, "WITH named") {
					t.Errorf("frequent %s by %q: %d looks, not one walk", name, order, len(looks))
					continue
				}
				wantWalk(t, fmt.Sprintf("frequent %s by %q", name, order), column, explained(t, look, settings[0], looks[0]))
			}
			for name, f := range rare {
				if looks, _ := looksOf(t, sent, list(f)); len(looks) == 0 || !strings.Contains(looks[0].sql, "WITH named") {
					t.Errorf("rare %s by %q: the index of texts is not asked first", name, order)
				}
			}
		}
	}
}

// wantWalk checks that a plan reads bookings by the index of an order, sorts none of them, and folds no word again for each.
func wantWalk(t *testing.T, what, column string, plan []string) {
	t.Helper()
	index := map[string]string{
		"b.created_at": "created", "b.updated_at": "updated", "b.completed": "app_completed", "b.graph": "app_graph", "b.state": "app_state",
		"b.start_at": "app_start", "b.end_at": "app_end",
	}[column]
	walked := slices.ContainsFunc(plan, func(line string) bool {
		return strings.Contains(line, "Scan") && strings.Contains(line, index+" on bookings b")
	})
	sorted := slices.ContainsFunc(plan, func(line string) bool { return strings.Contains(line, "Sort Key: b") })
	folded := slices.ContainsFunc(plan, func(line string) bool {
		return strings.Contains(line, "Filter: ") && strings.Contains(line, "NORMALIZE")
	})
	if !walked || sorted || folded {
		t.Errorf("%s does not walk over its index:\n%s", what, strings.Join(plan, "\n"))
	}
}

// TestFrequentTexts checks the order of looks for a frequent text, by what each is estimated to cost.
func TestFrequentTexts(t *testing.T) {
	t.Parallel()
	s := &textSearch{among: "all", index: "texts", rest: "rest"}
	million := func(texts, rest float64) estimates { return estimates{of: 1e6, texts: texts, list: 1e6, rest: rest} }
	for _, c := range []struct {
		name   string
		e      estimates
		wanted float64
		want   string
	}{
		{"every second row", million(500_000, 1e6), 51, "walk 50000, texts 50001"},
		{"one of twenty", million(50_000, 1e6), 51, "walk 50000, texts 50001"},
		{"one of a hundred", million(10_000, 1e6), 51, "walk 10000, texts 50001"},
		{"a page far behind", million(10_000, 1e6), 1001, "texts 50001, walk 150150"},
		{"beside a rare state", million(50_000, 1000), 51, "rest 50001, texts 50001, walk 200000"},
		{"beside a frequent state", million(50_000, 40_000), 51, "walk 50000, texts 50001, rest 50001"},
		{"beside a state of most", million(50_000, 900_000), 51, "walk 50000, texts 50001"},
	} {
		var got []string
		for _, p := range defaultBounds.frequent(s, c.e, c.wanted) {
			kind := map[string]string{"all": "walk", "rest": "rest", "": p.named}[p.among]
			got = append(got, fmt.Sprint(kind, " ", p.bound))
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("%s: %s, want %s", c.name, strings.Join(got, ", "), c.want)
		}
	}
}

// TestTimesWalkTheirIndex lists bookings of a time in the order of creation, both ways: the page and the count come from the index that
// has both.
func TestTimesWalkTheirIndex(t *testing.T) {
	t.Parallel()
	db, sent, look, app := crowdedDB(t)
	from, to := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC), time.Date(2026, 1, 15, 0, 0, 0, 0, time.UTC)
	for name, f := range map[string]Filter{
		"from": {Start: &from}, "until": {End: &to}, "between": {Start: &from, End: &to},
		"and a state": {Start: &from, Terms: []Term{{"state", "confirmed"}}},
	} {
		for _, f.Desc = range []bool{false, true} {
			looks, settings := looksOf(t, sent, func(ctx context.Context) error {
				_, _, err := db.ListBookings(ctx, app, f, Page{Number: 1, Limit: 50})
				return err
			})
			if len(looks) != 1 {
				t.Errorf("%s: %d looks", name, len(looks))
				continue
			}
			plan := strings.Join(explained(t, look, settings[0], looks[0]), "\n")
			if !strings.Contains(plan, "using bookings_app_booked on bookings") || !strings.Contains(plan, "Order By: (created_at <->") {
				t.Errorf("%s does not walk over its index:\n%s", name, plan)
			}
		}
	}
}

// TestListsSortNoCalendars lists what belongs to resources in use: whether one is in use must not keep Postgres from the list's order.
func TestListsSortNoCalendars(t *testing.T) {
	t.Parallel()
	db, sent, look, app := crowdedDB(t)
	for name, list := range listsOf(db, app) {
		if name != "calendars" && name != "credentials" {
			continue
		}
		sent.take()
		if err := list.page(t.Context(), nil, Page{Number: 1, Limit: 50}); err != nil {
			t.Fatal(err)
		}
		for _, q := range sent.take() {
			if !strings.Contains(q.sql, " page") && !strings.Contains(q.sql, " counted") {
				continue
			}
			plan := strings.Join(explained(t, look, []string{`SET LOCAL enable_seqscan = off`}, q), "\n")
			if strings.Contains(plan, "Sort Key: c") || strings.Contains(plan, "Hash Join") || strings.Contains(plan, "Merge Join") {
				t.Errorf("%s are joined or sorted:\n%s", name, plan)
			}
		}
	}
}

// TestBroadSearchesAreRefused has searches that no bounded look answers, and whose last resort takes longer than it may: they are refused
// with a sentence, and not as if the record were away. What may not take longer than a millisecond reads 10,000 of the larger app's
// bookings, so that no machine is fast enough for it.
func TestBroadSearchesAreRefused(t *testing.T) {
	t.Parallel()
	db, _, look, _ := crowdedDB(t)
	var app uuid.UUID
	if err := look.QueryRow(t.Context(), `SELECT md5('a2')::uuid`).Scan(&app); err != nil {
		t.Fatal(err)
	}
	db.ShortLooks()
	db.bounds.lastPatience = 1
	for name, f := range map[string]Filter{
		"words": {Words: []string{"haircut"}, Terms: []Term{{"customer.email", "*@example.org"}}},
		"text":  {Terms: []Term{{"customer.name", "*a*"}}}, "meta": {Terms: []Term{{"meta.ticket", "T-*"}}},
	} {
		_, _, err := db.ListBookings(t.Context(), app, f, Page{Number: 1, Limit: 50})
		if e, ok := errors.AsType[*fault.Error](err); !ok || e.Code != fault.Invalid || len(e.Fields["search"]) != 1 {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, _, err := db.ListBookings(t.Context(), app, Filter{Words: []string{"haircut", "ann"}, Order: "completed"}, Page{Number: 190, Limit: 50})
	if e, ok := errors.AsType[*fault.Error](err); !ok || len(e.Fields["q"]) != 1 {
		t.Errorf("words alone: %v", err)
	}
	all, _, err := db.ListBookings(t.Context(), app, Filter{Words: []string{"heircut"}}, Page{Number: 1, Limit: 50})
	if err != nil || len(all) > 0 {
		t.Errorf("with a typing error: %d bookings, %v, not an empty list", len(all), err)
	}
	db.bounds = defaultBounds
	db.bounds.lookPatience = 1
	_, _, err = db.ListBookings(t.Context(), app, Filter{Words: []string{"haircut", "ann"}, Order: "completed"}, Page{Number: 190, Limit: 50})
	if e, ok := errors.AsType[*fault.Error](err); !ok || len(e.Fields["q"]) != 1 {
		t.Errorf("a look that takes too long: %v", err)
	}
}
