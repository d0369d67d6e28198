package postgres_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/fault"
	"holdfast/internal/outbox"
	"holdfast/internal/postgres"
)

func (b *bundle) pause(e *outbox.Endpoint) []uuid.UUID {
	b.t.Helper()
	now, woken, err := b.PauseEndpoint(b.ctx, e.AppID, e.ID)
	check(b.t, err)
	*e = *now
	return woken
}

func (b *bundle) resume(e *outbox.Endpoint) []uuid.UUID {
	b.t.Helper()
	now, woken, err := b.ResumeEndpoint(b.ctx, e.AppID, e.ID)
	check(b.t, err)
	*e = *now
	return woken
}

// listener hears of what becomes of endpoints, and of nothing else.
func (b *bundle) listener(types ...string) *outbox.Endpoint {
	b.t.Helper()
	e := b.endpoint("", "")
	e.EventTypes = types
	return b.changed(e)
}

// outcomeOf is an endpoint's status and why.
func outcomeOf(e *outbox.Endpoint) string { return words(e.Status, e.Reason) }

// TestEveryFormatIsStored: the record has no list of formats of its own, and refuses what is no name.
func TestEveryFormatIsStored(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.endpoint("", "")
	for _, format := range append(slices.Clone(outbox.Formats), "of_a_later_build2") {
		e.Format = format
		wantEqual(t, "format", b.changed(e).Format, format)
	}
	for _, bad := range []outbox.Format{"", "Timekit", "2x", "a b", "x'", outbox.Format(strings.Repeat("x", 33))} {
		_, err := b.look.Exec(b.ctx, `UPDATE webhook_endpoints SET format = $1`, bad)
		if err == nil {
			t.Errorf("%q is stored", bad)
		}
	}
}

func TestPauseAndResume(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e, listener := b.endpoint("", ""), b.listener("endpoint.*")
	v := b.booked(b.at("instant", 9, 10))
	d := b.claim(e)[0]
	b.finish(e, d, 500, postgres.DeliveryUpdate{Status: postgres.Waiting, Next: time.Now().Add(time.Hour)})

	wantSame(t, "woken", b.pause(e), []uuid.UUID{listener.ID})
	wantEqual(t, "standing", outcomeOf(e), "paused by_hand")
	wantEqual(t, "nothing to tell", len(b.pause(e)), 0)
	b.wantCount(0, `SELECT count(*) FROM webhook_endpoints WHERE id = $1 AND awake`, e.ID)
	_, out := b.play(v, "cancel")
	wantEqual(t, "a commit wakes", len(out.Wake), 0)
	b.wantCount(2, `SELECT count(*) FROM webhook_deliveries WHERE endpoint_id = $1 AND status = 'pending'`, e.ID)
	wantEqual(t, "pending", must(b.Endpoint(b.ctx, e.AppID, e.ID)).Health.Pending, 2)

	wantSame(t, "woken", b.resume(e), []uuid.UUID{e.ID}) // the listener is awake already
	wantEqual(t, "standing", outcomeOf(e), "active")
	wantEqual(t, "health", words(e.Health.FailingSince == nil, e.Health.Failures), "true 0")
	wantEqual(t, "nothing to tell", len(b.resume(e)), 0)
	b.wantCount(1, `SELECT count(*) FROM webhook_endpoints WHERE id = $1 AND awake`, e.ID)
	wantSame(t, "what waited is due", story(b.claim(e)), []string{"booking.confirmed/1"})
	wantSame(t, "told", story(b.claim(listener)), []string{"endpoint.paused/0", "endpoint.resumed/0"})
	wantEqual(t, "told of", first[string](b, `SELECT string_agg(data->>'status' || ' ' || (data->>'reason') || ' ' || (data->>'id'), ', ' ORDER BY at)
		FROM events WHERE booking_id IS NULL`), "paused by_hand "+e.ID.String()+", active  "+e.ID.String())
	b.wantCount(1, `SELECT count(*) FROM events WHERE type = 'endpoint.paused' AND (data->>'failing_since') IS NOT NULL`)
}

// TestResumeSendsAgainWhatWasGivenUp since the endpoint began failing, and nothing from before; tests never.
func TestResumeSendsAgainWhatWasGivenUp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e, other := b.endpoint("", ""), b.endpoint("", "")
	for hour := range 4 {
		b.booked(b.at("instant", float64(hour), float64(hour+1)))
	}
	due := b.claim(e)
	b.exec(`UPDATE webhook_deliveries SET attempts = 12 WHERE endpoint_id = $1`, e.ID)
	b.finish(e, due[0], 500, postgres.DeliveryUpdate{Status: postgres.Exhausted})
	b.finish(e, due[1], 200, postgres.DeliveryUpdate{Status: postgres.Delivered}) // what was given up before is not a matter of this failing
	b.exec(`UPDATE webhook_deliveries SET finished_at = now() - interval '1 hour' WHERE id = $1`, due[0].ID)
	b.finish(e, due[2], 500, postgres.DeliveryUpdate{Status: postgres.Exhausted})
	b.exec(`UPDATE webhook_deliveries SET test = true WHERE id = $1`, due[3].ID)
	b.finish(e, due[3], 500, postgres.DeliveryUpdate{Status: postgres.Exhausted, Test: true})
	b.finish(other, b.claim(other)[0], 500, postgres.DeliveryUpdate{Status: postgres.Exhausted})
	b.pause(e)
	wantEqual(t, "claimed of a paused one", len(b.claim(e)), 0)
	b.resume(e)
	again := b.claim(e)
	wantEqual(t, "sent again", len(again), 1)
	wantEqual(t, "the one", again[0].ID, due[2].ID)
	wantEqual(t, "attempt and try", words(again[0].Attempt, again[0].Tries), "13 1")
	b.wantCount(2, `SELECT count(*) FROM webhook_deliveries WHERE endpoint_id = $1 AND status = 'exhausted' AND finished_at IS NOT NULL`, e.ID)
	b.wantCount(1, `SELECT count(*) FROM webhook_deliveries WHERE endpoint_id = $1 AND status = 'exhausted'`, other.ID)
}

// TestWhoMayBePausedAndResumed: a change leaves a paused endpoint paused, and makes a disabled one active.
func TestWhoMayBePausedAndResumed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	gone := b.endpoint("", "")
	b.disabled(gone)
	paused, listener := b.endpoint("", ""), b.listener("endpoint.*")
	b.pause(gone)
	wantEqual(t, "a disabled one", outcomeOf(gone), "disabled gone")
	b.pause(paused)
	wantEqual(t, "changed", outcomeOf(b.changed(paused)), "paused by_hand")
	b.exec(`UPDATE webhook_endpoints SET failing_since = now(), failures = 17, opened = 3, open_until = now() + interval '9 minutes', pace = 2,
		warned = true, window_at = now(), window_sent = 9, window_failed = 8 WHERE id = $1`, gone.ID)
	now, woken, err := b.ChangeEndpoint(b.ctx, gone.AppID, gone.ID, func(e *outbox.Endpoint) error { e.Description = "back"; return nil })
	check(t, err)
	wantSame(t, "woken", woken, []uuid.UUID{gone.ID})
	wantEqual(t, "changed", outcomeOf(now)+" "+now.Description, "active back")
	b.wantCount(1, `SELECT count(*) FROM webhook_endpoints WHERE id = $1 AND failing_since IS NULL AND failures = 0 AND opened = 0
		AND open_until = '-infinity' AND pace = 32 AND NOT warned AND window_at = '-infinity' AND window_sent = 0 AND window_failed = 0`, gone.ID)
	wantSame(t, "told", story(b.claim(listener)), []string{"endpoint.paused/0", "endpoint.resumed/0"})
	b.disabled(gone)
	wantSame(t, "woken", b.resume(gone), []uuid.UUID{listener.ID, gone.ID}) // disabled lets all fall asleep
	wantEqual(t, "resumed", outcomeOf(gone), "active")

	refused := fault.Errorf(fault.Invalid, "no")
	_, _, err = b.ChangeEndpoint(b.ctx, gone.AppID, gone.ID, func(e *outbox.Endpoint) error { e.URL = "https://elsewhere.example"; return refused })
	wantCode(t, err, fault.Invalid)
	wantEqual(t, "URL", must(b.Endpoint(b.ctx, gone.AppID, gone.ID)).URL, gone.URL)
}

// TestChangesOfAnEndpointDoNotUndoEachOther lets many change a field each at the same moment.
func TestChangesOfAnEndpointDoNotUndoEachOther(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.endpoint("", "")
	changes := []func(*outbox.Endpoint){
		func(e *outbox.Endpoint) { e.Description = "till" }, func(e *outbox.Endpoint) { e.InFlight = 9 },
		func(e *outbox.Endpoint) { e.PerSecond = 8 }, func(e *outbox.Endpoint) { e.Ordered = false },
		func(e *outbox.Endpoint) { e.Graphs = []string{"instant"} }, func(e *outbox.Endpoint) { e.Method = "PUT" },
	}
	errs := make([]error, len(changes))
	together(len(changes), func(i int) {
		_, _, errs[i] = b.ChangeEndpoint(b.ctx, e.AppID, e.ID, func(e *outbox.Endpoint) error { changes[i](e); return nil })
	})
	for _, err := range errs {
		check(t, err)
	}
	now := must(b.Endpoint(b.ctx, e.AppID, e.ID))
	wantEqual(t, "endpoint", words(now.Description, now.InFlight, now.PerSecond, now.Ordered, now.Graphs[0], now.Method), "till 9 8 false instant PUT")
}
