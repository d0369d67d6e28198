package postgres

import (
	"context"
	"strings"
	"testing"

	"holdfast/graphs"
)

// someVersions lets a few bookings of the larger app walk another version of their graph.
const someVersions = `
	SET LOCAL session_replication_role = replica;
	UPDATE bookings SET graph_version = 2, own_graph = true WHERE graph = 'instant' AND event_id < '00300000-0000-0000-0000-000000000000'`

// TestBookingsOfAVersionAreFound: by an index, for lists and for what goes over to another version, also when there are none.
func TestBookingsOfAVersionAreFound(t *testing.T) {
	t.Parallel()
	db, sent, look, app := filledDB(t, crowdedLists, someVersions)
	if err := look.QueryRow(t.Context(), `SELECT md5('a2')::uuid`).Scan(&app); err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, version := range []string{"2", "3"} {
		g := &graphs.Graph{Name: "instant", Version: map[string]int{"2": 2, "3": 3}[version]}
		for name, ask := range map[string]func(context.Context) error{
			"the list": func(ctx context.Context) error {
				list, _, err := db.ListBookings(ctx, app, Filter{Terms: []Term{{"graph", "instant"}, {"graph_version", version}}}, Page{Number: 1, Limit: 50})
				found += len(list)
				return err
			},
			"their states": func(ctx context.Context) error {
				_, err := db.StatesOf(ctx, app, g)
				return err
			},
			"those that walk it": func(ctx context.Context) error {
				_, err := db.WalkersOf(ctx, app, g, 100)
				return err
			},
		} {
			sent.take()
			if err := ask(t.Context()); err != nil {
				t.Errorf("%s of version %s: %v", name, version, err)
				continue
			}
			for _, q := range sent.take() {
				if !strings.Contains(q.sql, "FROM bookings") || strings.HasPrefix(q.sql, "EXPLAIN") {
					continue
				}
				if plan := strings.Join(explained(t, look, nil, q), "\n"); !strings.Contains(plan, "bookings_app_version") {
					t.Errorf("%s of version %s is not found by its index:\n%s\n%s", name, version, q.sql, plan)
				}
			}
		}
	}
	if found == 0 {
		t.Error("no booking is found")
	}
}
