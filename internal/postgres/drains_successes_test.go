package postgres_test

import (
	"slices"
	"testing"

	"github.com/google/uuid"

	"holdfast/internal/fault"
	"holdfast/internal/outbox"
	"holdfast/internal/postgres"
)

// TestSuccessesOfManyEndpoints: each endpoint hears of its own attempts, a crowd of such records in any order does not
// deadlock, and what cannot be recorded leaves nothing of the others.
func TestSuccessesOfManyEndpoints(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const endpoints, each = 6, 8
	var all []*outbox.Endpoint
	for range endpoints {
		all = append(all, b.endpoint("", ""))
	}
	for i := range each {
		b.booked(b.at("instant", float64(i), float64(i+1)))
	}
	due := map[uuid.UUID][]outbox.ClaimedDelivery{}
	for _, e := range all {
		due[e.ID] = must(b.ClaimDeliveries(b.ctx, e.ID, postgres.Claim{Limit: each, Lease: lease}))
		wantEqual(t, "claimed", len(due[e.ID]), each)
	}
	b.exec(`UPDATE webhook_endpoints SET failures = 3, failing_since = now(), pace = 2, in_flight = 4, opened = 1, window_at = now()
		WHERE id <> $1`, all[0].ID)
	b.exec(`UPDATE webhook_endpoints SET succeeded_at = now() - interval '30 seconds', window_sent = 7 WHERE id = $1`, all[0].ID)
	done := postgres.DeliveryUpdate{Status: postgres.Delivered}
	errs := make([]error, each)
	together(each, func(i int) {
		var groups []postgres.EndpointAttempts
		for _, e := range all {
			groups = append(groups, postgres.EndpointAttempts{
				Endpoint: e.ID, Attempts: []postgres.Finished{{Attempt: attempt(due[e.ID][i], 200), Verdict: done}},
			})
		}
		if i%2 == 1 {
			slices.Reverse(groups)
		}
		errs[i] = b.FinishSuccesses(b.ctx, groups)
	})
	for _, err := range errs {
		check(t, err)
	}
	b.wantCount(endpoints*each, `SELECT count(*) FROM webhook_attempts`)
	b.wantCount(endpoints*each, `SELECT count(*) FROM webhook_deliveries WHERE status = 'delivered'`)
	b.wantCount(endpoints-1, `SELECT count(*) FROM webhook_endpoints WHERE failures = 0 AND failing_since IS NULL AND opened = 0
		AND window_sent = 8 AND abs(pace - 2.4) < 0.01 AND succeeded_at > now() - interval '20 seconds'`)
	b.wantCount(1, `SELECT count(*) FROM webhook_endpoints WHERE window_sent = 7 AND succeeded_at < now() - interval '20 seconds'`)

	b.booked(b.at("instant", 20, 21))
	one := b.claim(all[1])[0]
	lost := outbox.ClaimedDelivery{ID: newID(), Attempt: 1}
	err := b.FinishSuccesses(b.ctx, []postgres.EndpointAttempts{
		{Endpoint: all[1].ID, Attempts: []postgres.Finished{{Attempt: attempt(one, 200), Verdict: done}}},
		{Endpoint: all[2].ID, Attempts: []postgres.Finished{{Attempt: attempt(lost, 200), Verdict: done}}},
	})
	wantCode(t, err, fault.NotFound)
	b.wantCount(endpoints*each, `SELECT count(*) FROM webhook_attempts`)
}
