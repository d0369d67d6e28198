package postgres_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/outbox"
	"holdfast/internal/postgres"
)

// patient is an endpoint's one delivery, tried however often a test needs.
type patient struct {
	*bundle
	endpoint *outbox.Endpoint
	delivery outbox.ClaimedDelivery
}

func (b *bundle) patient() *patient {
	b.t.Helper()
	e := b.endpoint("", "")
	b.booked(b.at("instant", 9, 10))
	return &patient{b, e, b.claim(e)[0]}
}

func (p *patient) attempt(status int, v postgres.DeliveryUpdate) []uuid.UUID {
	p.t.Helper()
	p.delivery.Attempt++
	return must(p.FinishAttempt(p.ctx, p.endpoint.ID, attempt(p.delivery, status), v))
}

// fails makes so many attempts that fail.
func (p *patient) fails(times int) (woken []uuid.UUID) {
	p.t.Helper()
	for range times {
		woken = append(woken, p.attempt(500, postgres.DeliveryUpdate{Status: postgres.Waiting, Next: time.Now()})...)
	}
	return woken
}

// succeeds makes an attempt that does, of a delivery that waits on.
func (p *patient) succeeds() {
	p.t.Helper()
	p.attempt(200, postgres.DeliveryUpdate{Status: postgres.Delivered})
	p.exec(`UPDATE webhook_deliveries SET status = 'pending' WHERE id = $1`, p.delivery.ID)
}

// since lets the failing have begun so long ago.
func (p *patient) since(ago time.Duration) {
	p.t.Helper()
	p.exec(`UPDATE webhook_endpoints SET failing_since = now() - $2::interval WHERE id = $1`, p.endpoint.ID, ago)
}

func (p *patient) now() *outbox.Endpoint {
	return must(p.Endpoint(p.ctx, p.endpoint.AppID, p.endpoint.ID))
}

// wantOpen asserts for how many minutes the breaker is open, 0 = not at all.
func (p *patient) wantOpen(when string, minutes float64) {
	p.t.Helper()
	until := p.now().Health.OpenUntil
	if until == nil {
		wantEqual(p.t, when, 0, minutes)
		return
	}
	if got := time.Until(*until).Minutes(); math.Abs(got-minutes) > 0.5 {
		p.t.Errorf("%s: open for %.1f minutes, want %.0f", when, got, minutes)
	}
}

// told are the types of the events about endpoints.
func (p *patient) told() string {
	p.t.Helper()
	return fmt.Sprint(column[string](p.bundle, `SELECT type FROM events WHERE booking_id IS NULL ORDER BY at`))
}

// TestBreakerOfAnotherAddress: what one receiver has earned is not held against the next.
func TestBreakerOfAnotherAddress(t *testing.T) {
	t.Parallel()
	p := setup(t).patient()
	p.fails(10)
	put := func(change func(*outbox.Endpoint)) []uuid.UUID {
		_, woken, err := p.ChangeEndpoint(p.ctx, p.app.ID, p.endpoint.ID, func(e *outbox.Endpoint) error { change(e); return nil })
		check(t, err)
		return woken
	}
	wantEqual(t, "woken for a description", len(put(func(e *outbox.Endpoint) { e.Description = "new" })), 0)
	p.wantOpen("with another description", 1)
	wantSame(t, "woken", put(func(e *outbox.Endpoint) { e.URL = "https://elsewhere.example.com" }), []uuid.UUID{p.endpoint.ID})
	p.wantOpen("with another address", 0)
}

// TestFailuresOfWhatWasChanged: what fails by an endpoint as it was before it was changed says nothing about it as it is now, and is tried
// again at once.
func TestFailuresOfWhatWasChanged(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(p *patient){
		"changed": func(p *patient) {
			_, _, err := p.ChangeEndpoint(p.ctx, p.app.ID, p.endpoint.ID, func(*outbox.Endpoint) error { return nil })
			check(p.t, err)
		},
		"resumed": func(p *patient) {
			_, _, err := p.PauseEndpoint(p.ctx, p.app.ID, p.endpoint.ID)
			check(p.t, err)
			_, _, err = p.ResumeEndpoint(p.ctx, p.app.ID, p.endpoint.ID)
			check(p.t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := setup(t).patient()
			fail := func(target time.Time) bool {
				p.delivery.Attempt++
				verdict := postgres.DeliveryUpdate{Status: postgres.Waiting, Next: time.Now().Add(time.Hour)}
				return must(p.FinishAttempts(p.ctx, p.endpoint.ID, []postgres.Finished{{Attempt: attempt(p.delivery, 500), Verdict: verdict, Target: target}})).Resting
			}
			before := p.now().UpdatedAt
			change(p)
			for range 10 {
				wantEqual(t, "the breaker is open", fail(before), false)
			}
			wantEqual(t, "failures", p.now().Health.Failures, 0)
			p.wantCount(1, `SELECT count(*) FROM webhook_deliveries WHERE status = 'pending' AND next_at <= now()`)
			for n := range 10 {
				wantEqual(t, "the breaker is open", fail(p.now().UpdatedAt), n == 9)
			}
			p.wantCount(0, `SELECT count(*) FROM webhook_deliveries WHERE next_at <= now()`)
		})
	}
}

func TestBreaker(t *testing.T) {
	t.Parallel()
	p := setup(t).patient()
	p.fails(9)
	p.wantOpen("after nine", 0)
	p.fails(1)
	p.wantOpen("after ten", 1)
	p.fails(3)
	p.wantOpen("with what was on its way", 1)
	for _, minutes := range []float64{2, 4, 8, 15, 15} {
		p.exec(`UPDATE webhook_endpoints SET open_until = now()`)
		p.wantOpen("when the time is over", 0)
		wantEqual(t, "probing", must(p.DrainTarget(p.ctx, p.endpoint.ID)).Probing, true)
		p.fails(1)
		p.wantOpen("after a probe", minutes)
	}
	health := p.now().Health
	wantEqual(t, "failures", health.Failures, 18)
	if since := time.Since(*health.FailingSince); since < 0 || since > time.Minute {
		t.Errorf("failing for %s", since)
	}
	p.succeeds()
	p.wantOpen("after a success", 0)
	health = p.now().Health
	wantEqual(t, "health", words(health.Failures, health.FailingSince == nil, health.SucceededAt != nil), "0 true true")
	wantEqual(t, "probing", must(p.DrainTarget(p.ctx, p.endpoint.ID)).Probing, false)
	p.exec(`UPDATE webhook_endpoints SET window_at = '-infinity'`)
	p.fails(9)
	p.wantOpen("counted anew", 0)
	p.fails(1)
	p.wantOpen("for as long as the first time", 1)
}

// TestBreakerMindsTheShareOfFailures: 70 % of 20 attempts within five minutes, though never ten in a row.
func TestBreakerMindsTheShareOfFailures(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fails, succeeds, rounds int
		between                 string
		open                    float64
	}{
		"three of four":            {3, 1, 5, `SELECT $1::uuid`, 1},
		"too few":                  {3, 1, 4, `SELECT $1::uuid`, 0},
		"two of three":             {2, 1, 12, `SELECT $1::uuid`, 0},
		"three of four, but slow":  {3, 1, 5, `UPDATE webhook_endpoints SET window_at = window_at - interval '3 minutes' WHERE id = $1`, 0},
		"nine of ten, long before": {9, 1, 6, `UPDATE webhook_endpoints SET window_at = window_at - interval '5 minutes' WHERE id = $1`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := setup(t).patient()
			for range c.rounds {
				p.fails(c.fails)
				p.succeeds()
				p.exec(c.between, p.endpoint.ID)
			}
			p.fails(1)
			p.wantOpen("at last", c.open)
		})
	}
}

func TestOverloadSlowsDown(t *testing.T) {
	t.Parallel()
	p := setup(t).patient()
	pace := func() float32 { return must(p.DrainTarget(p.ctx, p.endpoint.ID)).Pace }
	overloaded := func() {
		p.attempt(503, postgres.DeliveryUpdate{Status: postgres.Waiting, Next: time.Now(), Overloaded: true})
	}
	wantEqual(t, "at first", pace(), 32)
	overloaded()
	wantEqual(t, "of 4 in flight", pace(), 2)
	overloaded()
	overloaded()
	wantEqual(t, "never less than one", pace(), 1)
	p.fails(1)
	wantEqual(t, "another failure", pace(), 1)
	for range 20 {
		p.succeeds()
	}
	if got := pace(); math.Abs(float64(got)-2) > 0.01 {
		t.Errorf("after 20 successes the pace is %v", got)
	}
	for range 50 {
		p.succeeds()
	}
	if got := pace(); got < 4 {
		t.Errorf("after 70 successes the pace is %v", got)
	}
}

func TestFailingIsToldOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	hears, deaf := b.listener("endpoint.failing"), b.listener("endpoint.paused")
	p := b.patient()
	p.fails(3)
	p.since(25 * time.Hour)
	wantEqual(t, "four are too few", len(p.fails(1)), 0)
	wantSame(t, "woken", p.fails(1), []uuid.UUID{hears.ID})
	wantEqual(t, "and not again", len(p.fails(4)), 0)
	wantEqual(t, "told", p.told(), "[endpoint.failing]")
	wantSame(t, "it hears of", story(b.claim(hears)), []string{"endpoint.failing/0"})
	wantEqual(t, "the other hears of", len(b.claim(deaf)), 0)
	b.wantCount(1, `SELECT count(*) FROM events WHERE data->>'id' = $1::text AND (data->>'failing_since')::timestamptz < now() - interval '24 hours'`, p.endpoint.ID)
	p.succeeds()
	p.fails(4)
	p.since(25 * time.Hour)
	p.fails(1)
	wantEqual(t, "the next time", p.told(), "[endpoint.failing endpoint.failing]")
	p.succeeds()
	p.fails(5)
	p.since(23 * time.Hour)
	p.fails(2)
	wantEqual(t, "not before a day", p.told(), "[endpoint.failing endpoint.failing]")
}

func TestFiveDaysPause(t *testing.T) {
	t.Parallel()
	b := setup(t)
	hears, p := b.listener("endpoint.*"), b.patient()
	p.fails(11)
	p.since(119 * time.Hour)
	p.exec(`UPDATE webhook_endpoints SET failures = 10, warned = true WHERE id = $1`, p.endpoint.ID)
	p.fails(1)
	p.since(121 * time.Hour)
	p.exec(`UPDATE webhook_endpoints SET failures = 10 WHERE id = $1`, p.endpoint.ID)
	wantEqual(t, "eleven are too few", len(p.fails(1)), 0)
	wantEqual(t, "standing", outcomeOf(p.now()), "active")
	wantSame(t, "woken", p.fails(1), []uuid.UUID{hears.ID})
	wantEqual(t, "standing", outcomeOf(p.now()), "paused failing")
	p.fails(3) // on their way when it was paused
	wantEqual(t, "told", p.told(), "[endpoint.paused]")
	b.wantCount(0, `SELECT count(*) FROM webhook_endpoints WHERE id = $1 AND awake`, p.endpoint.ID)
	b.booked(b.at("instant", 11, 12))
	wantEqual(t, "kept", p.now().Health.Pending, 2)
	b.resume(p.endpoint)
	wantEqual(t, "resumed", len(b.claim(p.endpoint)), 2)
	p.fails(1)
	wantEqual(t, "with a clean slate", words(outcomeOf(p.now()), p.now().Health.Failures), "active 1")
}

// TestTargetsOfRemindersAreNotPaused: nobody could resume them, and nobody is told of them.
func TestTargetsOfRemindersAreNotPaused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.listener("endpoint.*")
	p := b.patient()
	p.exec(`UPDATE webhook_endpoints SET purpose = 'reminder' WHERE id = $1`, p.endpoint.ID)
	p.fails(20)
	p.since(200 * time.Hour)
	p.fails(20)
	b.wantCount(1, `SELECT count(*) FROM webhook_endpoints WHERE id = $1 AND status = 'active' AND failures = 40 AND open_until > now()`, p.endpoint.ID)
	wantEqual(t, "told", p.told(), "[]")
}

// TestTestsSayNothingOfHealth, neither when they fail nor when they succeed; but 410 is an answer.
func TestTestsSayNothingOfHealth(t *testing.T) {
	t.Parallel()
	p := setup(t).patient()
	p.fails(3)
	p.attempt(500, postgres.DeliveryUpdate{Status: postgres.Waiting, Next: time.Now(), Test: true})
	p.attempt(200, postgres.DeliveryUpdate{Status: postgres.Waiting, Next: time.Now(), Test: true})
	health := p.now().Health
	wantEqual(t, "health", words(health.Failures, health.SucceededAt == nil), "3 true")
}

func TestFailuresAreCountedOneByOne(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.endpoint("", "")
	for i := range 50 {
		b.booked(b.at("instant", float64(i), float64(i+1)))
	}
	due := must(b.ClaimDeliveries(b.ctx, e.ID, postgres.Claim{Limit: 50, Lease: lease}))
	wantEqual(t, "claimed", len(due), 50)
	errs := make([]error, len(due))
	together(len(due), func(i int) {
		_, errs[i] = b.FinishAttempt(b.ctx, e.ID, attempt(due[i], 500), postgres.DeliveryUpdate{Status: postgres.Waiting, Next: time.Now()})
	})
	for _, err := range errs {
		check(t, err)
	}
	b.wantCount(1, `SELECT count(*) FROM webhook_endpoints WHERE failures = 50 AND opened = 1`)
	together(len(due), func(i int) {
		_, errs[i] = b.FinishAttempt(b.ctx, e.ID, attempt(due[i], 200), postgres.DeliveryUpdate{Status: postgres.Delivered})
	})
	for _, err := range errs {
		check(t, err)
	}
	b.wantCount(1, `SELECT count(*) FROM webhook_endpoints WHERE failures = 0 AND opened = 0 AND failing_since IS NULL`)
	b.wantCount(50, `SELECT count(*) FROM webhook_deliveries WHERE status = 'delivered'`)
	b.wantCount(50, `SELECT count(*) FROM webhook_attempts`)
}

func TestUnclaim(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.endpoint("", "")
	b.booked(b.at("instant", 9, 10))
	d := b.claim(e)[0]
	check(t, b.ReleaseDeliveries(b.ctx, d))
	again := b.claim(e)
	wantEqual(t, "claimed again", len(again), 1)
	wantEqual(t, "attempt", again[0].Attempt, 1)
	b.exec(`UPDATE webhook_deliveries SET next_at = now()`)
	wantEqual(t, "by another", b.claim(e)[0].Attempt, 2)
	check(t, b.ReleaseDeliveries(b.ctx, d)) // which it must not disturb
	wantEqual(t, "claimed", len(b.claim(e)), 0)
}
