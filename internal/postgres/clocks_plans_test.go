package postgres

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/clock"
)

// crowdedClocks gives every second booking a deadline, in another order than that in which they were made, and moves the clock of the
// smaller app.
const crowdedClocks = `
	SET LOCAL session_replication_role = replica;
	UPDATE bookings SET deadline_at = '2026-01-01'::timestamptz + (hashint4(extract(epoch FROM start_at)::int) & 1048575) * interval '1 second'
		WHERE event_id < '80000000-0000-0000-0000-000000000000';
	UPDATE apps SET test_mode = true, clock_revision = 1 WHERE slug = 'a1'`

// TestClocksReadTheirOwnApp: what is asked about the clock of an app reads neither all bookings nor the deadlines of other apps.
func TestClocksReadTheirOwnApp(t *testing.T) {
	t.Parallel()
	db, sent, look, app := filledDB(t, crowdedLists, crowdedClocks)
	at := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	state := &clock.State{Clock: clock.Clock{Revision: 1, At: at}, Advance: &clock.Advance{ID: app, From: at, To: at.Add(time.Hour)}}
	for name, ask := range map[string]func(context.Context) error{
		"the next moment": func(ctx context.Context) error {
			_, err := db.NextMoment(ctx, app, state)
			return err
		},
		"what is not done": func(ctx context.Context) error {
			_, err := db.Unsettled(ctx, app, state)
			return err
		},
		"bookings with timers": func(ctx context.Context) error {
			_, err := db.Timed(ctx, app, uuid.Nil, 1000)
			return err
		},
		"bookings behind their clock": func(ctx context.Context) error {
			late, err := db.BookingsBehindClock(ctx, time.Minute, time.Minute, 500)
			if len(late) != 500 {
				t.Errorf("%d bookings are late", len(late))
			}
			return err
		},
	} {
		sent.take()
		if err := ask(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var plan strings.Builder
		for _, q := range sent.take() {
			if strings.Contains(q.sql, "SELECT") {
				plan.WriteString(strings.Join(explained(t, look, nil, q), "\n") + "\n")
			}
		}
		for _, other := range []string{"Seq Scan on bookings", "using bookings_deadline", "on bookings_deadline"} {
			if strings.Contains(plan.String(), other) {
				t.Errorf("%s: %s\n%s", name, other, &plan)
			}
		}
		if !strings.Contains(plan.String(), "bookings_app_") {
			t.Errorf("%s is not found by an index of the app:\n%s", name, &plan)
		}
	}
}
