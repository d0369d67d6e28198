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

// signalCounter is a client of Temporal that counts the signals to each workflow, and cancels the activity's context at one of them.
type signalCounter struct {
	client.Client
	mu     sync.Mutex
	times  map[string]int // by the id of the workflow
	lostAt int            // the signal at which the context is cancelled; 0 for none
	lose   context.CancelFunc
}

func (c *signalCounter) SignalWorkflow(ctx context.Context, id, _, _ string, _ any) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	c.times[id]++
	if c.lostAt--; c.lostAt == 0 {
		c.lose()
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

// TestAnArrivalGoesOn: the bookings with timers are signalled page by page that the clock runs again. An attempt whose time is up before that
// is done is gone on with behind its last page, however often that happens. The next advance signals all of them again.
func TestAnArrivalGoesOn(t *testing.T) {
	t.Parallel()
	f := setup(t, "https://example.com/", nil)
	const all = 3*clockTimed + clockTimed/2
	f.sql(`UPDATE apps SET test_mode = true WHERE id = $1`, f.app.ID)
	f.sql(`INSERT INTO bookings SELECT (jsonb_populate_record(b,
			jsonb_build_object('id', gen_random_uuid(), 'event_id', gen_random_uuid(), 'deadline_at', b.start_at))).*
		FROM bookings b, generate_series(1, $2) WHERE b.id = $1`, f.booking.ID, all)
	signals := &signalCounter{times: map[string]int{}}
	f.Dispatch = &dispatch.Dispatcher{Client: signals, TaskQueue: "test"}
	var kept clock.Arrival // by the workflow
	attempt := func(lostAt int) error {
		ctx, lose := context.WithCancel(t.Context())
		defer lose()
		signals.lostAt, signals.lose = lostAt, lose
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
	for _, times := range signals.times {
		again += times
	}
	if len(signals.times) != all || again > 2*clockTimed {
		t.Errorf("%d of %d bookings were signalled, %d times again", len(signals.times), all, again)
	}
	f.arrived()
	clear(signals.times)
	check(t, attempt(0))
	if len(signals.times) != all {
		t.Errorf("%d of %d bookings were signalled by the next advance", len(signals.times), all)
	}
}
