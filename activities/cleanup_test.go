package activities

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"holdfast/internal/postgres"
)

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
