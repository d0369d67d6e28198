package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/jackc/pgx/v5"
)

// crowd makes many requests at once and returns their answers. Each is made by its number.
func (b *bundle) crowd(t *testing.T, size int, request func(i int) (method, path, body string)) []answer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	answers := make([]answer, size)
	begin := make(chan struct{})
	var all sync.WaitGroup
	for i := range size {
		method, path, body := request(i)
		all.Go(func() {
			<-begin
			a, err := b.insist(ctx, method, path, body)
			if err != nil {
				t.Error(err)
			}
			answers[i] = a
		})
	}
	close(begin)
	all.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return answers
}

// told waits until everything that happened in the app of a booking has been delivered to a receiver that wants all of it. It
// returns the states that each booking was told to reach, and fails the test unless each came once, in order, and the
// booking's events are numbered from 1 without gaps.
func (b *bundle) told(t *testing.T, r *receiver, of string) map[string][]string {
	t.Helper()
	eventually(t, "nothing waits to be delivered", func() bool {
		var pending int
		b.record(t, &pending, `SELECT count(*) FROM webhook_deliveries d JOIN events e ON e.id = d.event_id
			WHERE d.status = 'pending' AND e.app_id = (SELECT app_id FROM bookings WHERE id = $1)`, of)
		return pending == 0
	})
	got := map[string][]string{}
	for _, one := range r.all() {
		got[one.at("id")] = append(got[one.at("id")], one.at("state"))
	}
	events := map[string][]string{}
	b.record(t, &events, `SELECT jsonb_object_agg(booking_id, events) FROM (
		SELECT booking_id, jsonb_agg(seq || ' ' || (data->>'state') ORDER BY seq) AS events FROM events
		WHERE reminder IS NULL AND app_id = (SELECT app_id FROM bookings WHERE id = $1) GROUP BY booking_id) all_events`, of)
	for id, list := range events {
		for i, event := range list {
			want := fmt.Sprintf("%d %s", i+1, strings.Join(got[id][min(i, len(got[id])):min(i+1, len(got[id]))], ""))
			if event != want {
				t.Errorf("%s: event %q, told of %v", id, event, got[id])
			}
		}
		if len(got[id]) != len(list) {
			t.Errorf("%s: told of %v, which are not %v", id, got[id], list)
		}
	}
	return got
}

// eventuallyState waits until a booking is in a state.
func (b *bundle) eventuallyState(t testing.TB, id, state string) {
	t.Helper()
	eventually(t, id+" is "+state, func() bool { return b.state(t, id) == state })
}

// record asks the record itself for one value, where no answer tells it.
func (b *bundle) record(t *testing.T, target any, query string, args ...any) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), b.stack.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if err := conn.QueryRow(t.Context(), query, args...).Scan(target); err != nil {
		t.Fatal(err)
	}
}

// insist asks until there is an answer that is final: a machine that is short of breath says 202 or 503 first. The repeat is
// the same request, under the same key.
func (b *bundle) insist(ctx context.Context, method, path, body string) (answer, error) {
	key := []string{"Prefer", "wait=20", "Idempotency-Key", uuid.NewString()}
	a, err := b.try(ctx, method, path, body, key...)
	for err == nil && (a.status == http.StatusAccepted || slices.Contains(notYet, a.str("code"))) {
		select {
		case <-ctx.Done():
			return a, ctx.Err()
		case <-time.After(time.Second):
		}
		a, err = b.try(ctx, method, path, body, key...)
	}
	return a, err
}

var notYet = []string{"idempotency_key_in_flight", "overloaded"}
