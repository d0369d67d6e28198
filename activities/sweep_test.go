package activities

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"go.temporal.io/sdk/testsuite"

	"holdfast/internal/booking"
	"holdfast/internal/pgtest"
	"holdfast/internal/postgres"
	"holdfast/workflows"
)

// sweptParts notes what parts of a sweep have done.
type sweptParts struct {
	rows    map[string]int
	failed  map[string]bool
	dropped map[string]int
}

func (*sweptParts) Transition(string, string)     {}
func (*sweptParts) Attempt(string, time.Duration) {}
func (*sweptParts) Effect(string, string)         {}
func (*sweptParts) Mail(string)                   {}
func (m *sweptParts) Dropped(reason string, count int) {
	m.dropped[reason] += count
}

func (m *sweptParts) Swept(part string, rows int, err error) {
	m.rows[part], m.failed[part] = rows, err != nil
}

// sweeping is the activities over a record of their own, and a connection that looks at the tables.
func sweeping(t *testing.T) (*Activities, *sweptParts, *pgxpool.Pool) {
	t.Helper()
	db, url := pgtest.New(t)
	look, err := pgxpool.New(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(look.Close)
	parts := &sweptParts{map[string]int{}, map[string]bool{}, map[string]int{}}
	return &Activities{
		DB: db, Metrics: parts, Log: slog.New(slog.DiscardHandler), Cleaner: postgres.NewCleaner(db, postgres.Retention{}),
	}, parts, look
}

func sweep(t *testing.T, a *Activities) (out booking.SweepResult, err error) {
	t.Helper()
	env := (&testsuite.WorkflowTestSuite{}).NewTestActivityEnvironment()
	env.RegisterActivity(a.Sweep)
	value, err := env.ExecuteActivity(a.Sweep)
	if err == nil {
		err = value.Get(&out)
	}
	return out, err
}

// TestAFailingPartStopsNoOther takes each part's table away in turn: the sweep says which part failed, and the others work.
func TestAFailingPartStopsNoOther(t *testing.T) {
	t.Parallel()
	a, parts, look := sweeping(t)
	seed := func() {
		const app = `WITH app AS (INSERT INTO apps (id, name, slug, webhook_secret)
			VALUES (gen_random_uuid(), 'x', gen_random_uuid()::text, '') RETURNING id) `
		for _, sql := range []string{
			app + `INSERT INTO idempotency_keys (app_id, key, fingerprint, operation_id, locked_until, created_at)
				SELECT id, 'k', '', id, now(), now() - interval '1 hour' FROM app`,
			app + `INSERT INTO spent_claims (app_id, jti, booking_id, until) SELECT id, 'j', id, now() - interval '1 hour' FROM app`,
		} {
			if _, err := look.Exec(t.Context(), sql); err != nil {
				t.Fatal(err)
			}
		}
	}
	seed()
	if out, err := sweep(t, a); err != nil || out.Deleted != 2 {
		t.Fatalf("%+v, %v", out, err)
	}
	tables := map[string]string{
		"actions": "actions", "bookings": "bookings", "endpoints": "webhook_endpoints", "effects": "effects", "idempotency_keys": "idempotency_keys",
		"claim_tokens": "spent_claims", "kept_forms": "kept_forms", "limit_buckets": "limit_buckets", "refused_actions": "actions", "scheduling_requests": "scheduling_requests",
		"paused_deliveries": "webhook_endpoints", "deliveries": "webhook_deliveries", "events": "events", "reminder_targets": "reminders",
		"payments": "payments", "clocks": "bookings",
	}
	for _, one := range (sweeper{a}).sweepParts(&booking.SweepResult{}) {
		part, table := one.name, tables[one.name]
		if table == "" {
			t.Fatalf("the test knows no table of %s", part)
		}
		if table != "idempotency_keys" && table != "spent_claims" {
			seed()
		}
		rename := func(from, to string) {
			if _, err := look.Exec(t.Context(), `ALTER TABLE `+from+` RENAME TO `+to); err != nil {
				t.Fatal(err)
			}
		}
		rename(table, "elsewhere")
		clear(parts.rows)
		_, err := sweep(t, a)
		if err == nil || !strings.Contains(err.Error(), part+": postgres: 42P01") {
			t.Errorf("without %s: %v", table, err)
		}
		if len(parts.rows) != len(tables) {
			t.Errorf("without %s only these had their turn: %v", table, parts.rows)
		}
		if !parts.failed[part] || parts.failed["claim_tokens"] != (part == "claim_tokens") {
			t.Errorf("without %s: failed parts %v", table, parts.failed)
		}
		if table != "idempotency_keys" && table != "spent_claims" && (parts.rows["idempotency_keys"] != 1 || parts.rows["claim_tokens"] != 1) {
			t.Errorf("without %s the others did %v", table, parts.rows)
		}
		rename("elsewhere", table)
	}
}

// TestASweepIsBounded: every part ends within its budget, and all of them within the sweep's time.
func TestASweepIsBounded(t *testing.T) {
	t.Parallel()
	a, _, _ := sweeping(t)
	var out booking.SweepResult
	var all time.Duration
	for _, part := range (sweeper{a}).sweepParts(&out) {
		all += part.budget
	}
	if all >= workflows.SweepTimeout {
		t.Errorf("the parts may take %v, the sweep %v", all, workflows.SweepTimeout)
	}
	n, err := sweepOne(t.Context(), sweepPart{"slow", time.Millisecond, func(ctx context.Context) (int, error) {
		<-ctx.Done()
		return 3, ctx.Err()
	}})
	if n != 3 || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%d, %v", n, err)
	}
}

// TestAPartWithoutTimeIsNoFault: a part whose budget is used up before it begins has handled nothing, and that is no fault of it.
func TestAPartWithoutTimeIsNoFault(t *testing.T) {
	t.Parallel()
	a, _, _ := sweeping(t)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	s := sweeper{a}
	for name, part := range map[string]func(context.Context) (int, error){"actions": s.sweepActions, "bookings": s.sweepBookings, "endpoints": s.sweepEndpoints} {
		if n, err := part(over); n != 0 || err != nil {
			t.Errorf("%s: %d, %v", name, n, err)
		}
	}
}

// TestUntilDone: batches follow each other while they are full, and end with the budget.
func TestUntilDone(t *testing.T) {
	t.Parallel()
	sizes := []int{sweepLimit, sweepLimit, 7}
	n, err := untilDone(t.Context(), func(context.Context) (int, int, error) {
		size := sizes[0]
		sizes = sizes[1:]
		return size, size - 1, nil
	})
	if want := 2*sweepLimit + 7 - 3; n != want || err != nil {
		t.Errorf("%d, %v, want %d", n, err, want)
	}
	ctx, cancel := context.WithCancel(t.Context())
	n, err = untilDone(ctx, func(ctx context.Context) (int, int, error) {
		cancel()
		return sweepLimit, 1, ctx.Err()
	})
	if n != 1 || err != nil {
		t.Errorf("after the budget: %d, %v", n, err)
	}
	batches := 0
	n, err = untilDone(t.Context(), func(context.Context) (int, int, error) {
		if batches++; batches > 1 {
			return 0, 0, errors.New("asked again for what it could not handle")
		}
		return sweepLimit, 0, nil
	})
	if n != 0 || err != nil {
		t.Errorf("none handled: %d, %v", n, err)
	}
	fault := errors.New("fault")
	if n, err = untilDone(t.Context(), func(context.Context) (int, int, error) { return 0, 2, fault }); n != 2 || !errors.Is(err, fault) {
		t.Errorf("after a fault: %d, %v", n, err)
	}
}
