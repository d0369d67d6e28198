package activities

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"

	"holdfast/internal/clock"
	"holdfast/internal/dispatch"
)

// heard is a Temporal that hears which bookings are signalled, and loses an activity at one of them.
type heard struct {
	client.Client
	mu     sync.Mutex
	times  map[string]int // by the id of the workflow
	lostAt int            // the signal at which the activity is lost; 0 for none
	lose   context.CancelFunc
}

func (h *heard) SignalWorkflow(ctx context.Context, id, _, _ string, _ any) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	h.times[id]++
	if h.lostAt--; h.lostAt == 0 {
		h.lose()
	}
	return nil
}

// arrived moves the clock of the app to the target of an advance, from where it runs on.
func (f *fixture) arrived() {
	f.t.Helper()
	ctx := f.t.Context()
	s, err := f.DB.BeginAdvance(ctx, f.app.ID, uuid.New(), func(now time.Time) (time.Time, error) { return now.Add(time.Minute), nil })
	check(f.t, err)
	_, _, err = f.DB.StepClock(ctx, f.app.ID, s, s.Advance.To)
	check(f.t, err)
	s, err = f.DB.Clock(ctx, f.app.ID)
	check(f.t, err)
	_, err = f.DB.RunClock(ctx, f.app.ID, s)
	check(f.t, err)
}

// TestAnArrivalGoesOn: the bookings with timers hear that the clock runs again, page by page. An attempt whose time is up before all of them
// have is gone on with behind its last page, however often that happens. The next advance tells all of them again.
func TestAnArrivalGoesOn(t *testing.T) {
	t.Parallel()
	f := setup(t, "https://example.com/", nil)
	const all = 3*clockTimed + clockTimed/2
	f.sql(`UPDATE apps SET test_mode = true WHERE id = $1`, f.app.ID)
	f.sql(`INSERT INTO bookings SELECT (jsonb_populate_record(b,
			jsonb_build_object('id', gen_random_uuid(), 'event_id', gen_random_uuid(), 'deadline_at', b.start_at))).*
		FROM bookings b, generate_series(1, $2) WHERE b.id = $1`, f.booking.ID, all)
	h := &heard{times: map[string]int{}}
	f.Dispatch = &dispatch.Dispatcher{Client: h, TaskQueue: "test"}
	var kept clock.Arrival // by the workflow
	attempt := func(lostAt int) error {
		ctx, lose := context.WithCancel(t.Context())
		defer lose()
		h.lostAt, h.lose = lostAt, lose
		c := &advance{Activities: f.Activities, app: f.app.ID, arrival: kept}
		_, _, err := c.step(ctx)
		kept = c.arrival
		return err
	}
	f.arrived()
	for lost := 0; ; lost++ {
		err := attempt(clockTimed + clockTimed/2) // in the second page
		if err == nil {
			break
		}
		if !errors.Is(err, context.Canceled) || lost > 3 {
			t.Fatalf("attempt %d: %v", lost, err)
		}
	}
	f.wantRows(0, `FROM apps WHERE clock_advance IS NOT NULL`)
	again := -all
	for _, times := range h.times {
		again += times
	}
	if len(h.times) != all || again > 2*clockTimed {
		t.Errorf("%d of %d bookings were signalled, %d times again", len(h.times), all, again)
	}
	f.arrived()
	clear(h.times)
	check(t, attempt(0))
	if len(h.times) != all {
		t.Errorf("%d of %d bookings were signalled by the next advance", len(h.times), all)
	}
}
