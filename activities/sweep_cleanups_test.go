package activities

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"holdfast/internal/booking"
	"holdfast/internal/postgres"
)

// TestCleanUpsEndInTime: no batch begins once its part of a sweep has only the time left that a batch may take.
func TestCleanUpsEndInTime(t *testing.T) {
	t.Parallel()
	a, _, look := sweeping(t)
	if _, err := look.Exec(t.Context(), `
		INSERT INTO apps (id, name, slug, webhook_secret) VALUES (gen_random_uuid(), 'x', 'x', '')`); err != nil {
		t.Fatal(err)
	}
	if _, err := look.Exec(t.Context(), `
		INSERT INTO spent_claims (app_id, jti, booking_id, until) SELECT id, 'j', id, now() - interval '1 hour' FROM apps`); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		left time.Duration
		want int
	}{{cleanGrace, 0}, {cleanGrace + time.Hour, 1}} {
		var out booking.SweepResult
		ctx, cancel := context.WithTimeout(t.Context(), c.left)
		for _, part := range (sweeper{a}).cleanups(&out) {
			if part.budget <= cleanGrace {
				t.Errorf("%s has %v, of which its last batch may take %v", part.name, part.budget, cleanGrace)
			}
			n, err := part.do(ctx)
			if err != nil || (part.name == "claim_tokens" && n != c.want) {
				t.Errorf("%s with %v left deleted %d rows, %v", part.name, c.left, n, err)
			}
		}
		cancel()
		if out.Deleted != c.want {
			t.Errorf("with %v left %d rows are deleted, want %d", c.left, out.Deleted, c.want)
		}
	}
}

// TestDroppedIsTold: what a sweep drops of a paused backlog is counted each time, and logged once until the endpoint is resumed.
func TestDroppedIsTold(t *testing.T) {
	t.Parallel()
	f := setup(t, "http://127.0.0.1:9", nil)
	parts := &sweptParts{map[string]int{}, map[string]bool{}, map[string]int{}}
	var log bytes.Buffer
	f.Metrics, f.Log = parts, slog.New(slog.NewTextHandler(&log, nil))
	const long = 1000 * time.Hour
	f.Cleaner = postgres.NewCleaner(f.DB, postgres.Retention{
		Operations: long, Claims: long, Refusals: long, Changes: long, Paused: long, Requests: long, Backlog: 10,
	})
	pause := func() {
		_, _, err := f.DB.PauseEndpoint(t.Context(), f.app.ID, f.endpoint.ID)
		check(t, err)
	}
	step := func(what string, waits, tooMany, told int) {
		t.Helper()
		f.waits(waits)
		_, err := sweep(t, f.Activities)
		check(t, err)
		if parts.dropped["too_many"] != tooMany || parts.dropped["too_old"] != 0 {
			t.Errorf("%s: %v", what, parts.dropped)
		}
		if n := strings.Count(log.String(), "level=ERROR"); n != told {
			t.Errorf("%s: told %d times, want %d: %s", what, n, told, log.String())
		}
	}
	pause()
	step("within the cap", 10, 0, 0)
	step("beyond it", 3, 3, 1)
	step("still", 4, 7, 1)
	_, _, err := f.DB.ResumeEndpoint(t.Context(), f.app.ID, f.endpoint.ID)
	check(t, err)
	pause()
	step("paused again", 1, 8, 2)
	if !strings.Contains(log.String(), "endpoint="+f.endpoint.ID.String()) {
		t.Error("the log does not name the endpoint")
	}
}
