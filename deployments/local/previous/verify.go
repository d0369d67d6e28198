package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/api/enums/v1"

	"holdfast/workflows"
)

// twice counts the pairs of bookings that have a time together.
const twice = `
	SELECT count(*) FROM occupancies a JOIN occupancies b ON a.resource_id = b.resource_id AND a.id < b.id AND a.during && b.during`

// verify returns what is not as it should be at the end.
func (f *fleet) verify(ctx context.Context, clock string) error {
	bounded, cancel := context.WithTimeout(ctx, patient)
	defer cancel()
	began := time.Now()
	err := f.arrives(bounded, clock)
	f.results = append(f.results, result{"the older worker alone", "clock of a test app", 1, time.Since(began), err})
	var faults []error
	for _, r := range f.results {
		if r.err != nil {
			faults = append(faults, fmt.Errorf("%s, %s: not as it should", r.phase, r.life))
		}
	}
	for _, id := range f.bookings {
		faults = append(faults, f.walked(ctx, id))
	}
	faults = append(faults, f.delivered(ctx))
	for what, q := range map[string]string{
		"bookings in the state error":             `SELECT count(*) FROM bookings WHERE state = 'error'`,
		"actions without an outcome":              `SELECT count(*) FROM actions WHERE status = 'pending'`,
		"effects that are not done":               `SELECT count(*) FROM effects WHERE status <> 'done'`,
		"payments that are neither back nor over": `SELECT count(*) FROM payments WHERE refunded <> amount`,
		"bookings that are two at one time":       twice,
	} {
		var n int
		if err := f.record.QueryRow(ctx, q).Scan(&n); err != nil || n > 0 {
			faults = append(faults, errors.Join(err, fmt.Errorf("%d %s", n, what)))
		}
	}
	return errors.Join(faults...)
}

// arrives waits for the clock that was advanced while only the older worker ran, and for the booking that expires by it.
func (f *fleet) arrives(ctx context.Context, id string) error {
	for {
		a, err := f.lab.ask(ctx, http.MethodGet, "/v2/test_clock", "")
		if err == nil && a.Data.Status == "ready" {
			break
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the clock has not arrived: %w, %s", ctx.Err(), a.text)
		case <-time.After(50 * time.Millisecond):
		}
	}
	return f.lab.until(ctx, id, "expired", func(a answer) bool { return a.Data.State == "expired" })
}

// walked returns an error when a booking's workflow has failed, or a worker could not replay it.
func (f *fleet) walked(ctx context.Context, id string) error {
	name := workflows.BookingID(uuid.MustParse(id))
	info, err := f.stack.App.Temporal.DescribeWorkflowExecution(ctx, name, "")
	if err != nil {
		return err
	}
	switch status := info.GetWorkflowExecutionInfo().GetStatus(); status {
	case enums.WORKFLOW_EXECUTION_STATUS_RUNNING, enums.WORKFLOW_EXECUTION_STATUS_COMPLETED:
	default:
		return fmt.Errorf("%s is %s", name, status)
	}
	all := f.stack.App.Temporal.GetWorkflowHistory(ctx, name, "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for all.HasNext() {
		event, err := all.Next()
		if err != nil {
			return err
		}
		if failed := event.GetWorkflowTaskFailedEventAttributes(); failed != nil {
			return fmt.Errorf("%s: %s: %s", name, failed.GetCause(), failed.GetFailure().GetMessage())
		}
	}
	return nil
}

// delivered waits until every event has arrived, and returns an error when those of a booking came in another order.
func (f *fleet) delivered(ctx context.Context) error {
	const q = `
		SELECT count(*) FILTER (WHERE d.status <> 'delivered'), count(*) FROM webhook_deliveries d
		JOIN webhook_endpoints e ON e.id = d.endpoint_id JOIN apps a ON a.id = e.app_id WHERE a.slug = $1`
	var open, all int
	err := f.await(ctx, "webhooks", func() bool {
		return f.record.QueryRow(ctx, q, slug).Scan(&open, &all) == nil && open == 0
	})
	if err != nil {
		return fmt.Errorf("%d of %d deliveries: %w", open, all, err)
	}
	f.inbox.mu.Lock()
	defer f.inbox.mu.Unlock()
	seen, last := map[string]bool{}, map[string]int{}
	var faults []error
	for _, one := range f.inbox.seen {
		seen[one.id] = true
		if b := one.Data.Booking.ID; one.Data.Seq < last[b] {
			faults = append(faults, fmt.Errorf("booking %s: %d after %d", b, one.Data.Seq, last[b]))
		} else {
			last[b] = one.Data.Seq
		}
	}
	if len(seen) != all {
		faults = append(faults, fmt.Errorf("%d webhooks of %d have arrived", len(seen), all))
	}
	return errors.Join(faults...)
}

// print shows the results.
func (f *fleet) print(revision string) {
	const heading = "\nThe worker of %s beside today's API\n\n| phase | life | n | all at their end after | |\n|---|---|---|---|---|\n"
	_, _ = fmt.Fprintf(f.out, heading, revision)
	for _, r := range f.results {
		outcome := "as it should"
		if r.err != nil {
			outcome = "**" + strings.ReplaceAll(r.err.Error(), "\n", " ") + "**"
		}
		_, _ = fmt.Fprintf(f.out, "| %s | %s | %d | %.1f s | %s |\n", r.phase, r.life, r.n, r.took.Seconds(), outcome)
	}
	_, _ = fmt.Fprintf(f.out, "\n%d requests had to come again\n", f.refused.Load())
}
