package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/internal/await"
)

// laboratory makes a test app of the test's own: its clock can be advanced.
func laboratory(t testing.TB) *bundle {
	t.Helper()
	return asLaboratory(t, tenant(t, plain))
}

// asLaboratory makes a test app beside an app.
func asLaboratory(t testing.TB, b *bundle) *bundle {
	t.Helper()
	admin := b.asAdmin()
	made := admin.post(t, "/v2/apps", fmt.Sprintf(`{"name":"Laboratory","slug":"lab%d","test":true,"settings":%s}`,
		time.Now().UnixNano(), plain)).want(t, http.StatusCreated)
	lab := *b
	lab.key = made.str("data.api_key")
	return &lab
}

// clockView is an answer about a clock.
type clockView struct {
	Now         time.Time `json:"now"`
	Status      string    `json:"status"`
	Transitions []struct {
		Booking string    `json:"booking_id"`
		Action  string    `json:"action"`
		From    string    `json:"from"`
		To      string    `json:"to"`
		At      time.Time `json:"at"`
	} `json:"transitions"`
	Notices []struct {
		Booking string    `json:"booking_id"`
		Type    string    `json:"type"`
		At      time.Time `json:"at"`
	} `json:"notices"`
	Count int  `json:"count"`
	More  bool `json:"has_more"`
}

func clockOf(t testing.TB, a answer) (v clockView) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), &struct{ Data *clockView }{&v}); err != nil {
		t.Fatalf("%s: %s", err, a.body)
	}
	return v
}

// clock is what the app's clock shows.
func (b *bundle) clock(t testing.TB) clockView {
	t.Helper()
	return clockOf(t, b.get(t, "/v2/test_clock").want(t, http.StatusOK))
}

// advance moves the app's clock, and returns what fell due once it has arrived.
func (b *bundle) advance(t testing.TB, body string) clockView {
	t.Helper()
	a := b.put(t, "/v2/test_clock", body, "Prefer", "wait=25")
	if a.status != http.StatusAccepted {
		return clockOf(t, a.want(t, http.StatusOK))
	}
	for last := clockOf(t, a); ; { // a clock that goes on is waited for
		var v clockView
		await.Within(t, 5*time.Minute, 250*time.Millisecond, "the clock goes on", func() bool {
			v = b.clock(t)
			return v.Status == "ready" || v.Count > last.Count
		})
		if v.Status == "ready" {
			return v
		}
		last = v
	}
}

// moves are the actions of the transitions, in order.
func (v clockView) moves() (list []string) {
	for _, one := range v.Transitions {
		list = append(list, one.Action)
	}
	return list
}

// timeOf is a time of an answer.
func timeOf(t testing.TB, a answer, path string) time.Time {
	t.Helper()
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05-0700"} {
		if at, err := time.Parse(layout, a.str(path)); err == nil {
			return at
		}
	}
	t.Fatalf("%s is no time at %s", a.str(path), path)
	return time.Time{}
}

// testClock asks for everything about clocks.
func (r tour) testClock(t *testing.T) {
	t.Helper()
	r.do(t, http.MethodGet, "/v2/test_clock", "", http.StatusNotFound)
	lab := tour{laboratory(t), r.seen}
	lab.do(t, http.MethodGet, "/v2/test_clock", "", http.StatusOK)
	booking := lab.do(t, http.MethodPost, "/v2/bookings"+everything, request(lab.resource(t), "request", 9), http.StatusCreated).str("data.id")
	lab.do(t, http.MethodPut, "/v2/test_clock", `{"advance":"P3D"}`, http.StatusAccepted, "Prefer", "respond-async")
	eventually(t, "the clock arrives", func() bool { return lab.clock(t).Status == "ready" })
	seen := lab.do(t, http.MethodGet, "/v2/test_clock", "", http.StatusOK)
	if seen.str("data.transitions.0.booking_id") != booking || seen.str("data.notices.1.type") != "booking.approval_escalated" {
		t.Errorf("%s", seen.body)
	}
	lab.do(t, http.MethodPut, "/v2/test_clock", `{"advance":"PT0S"}`, http.StatusUnprocessableEntity)
	lab.do(t, http.MethodGet, "/v2/app", "", http.StatusOK)
	lab.do(t, http.MethodPut, "/v2/app", `{"test_mode":true}`, http.StatusOK)
	lab.do(t, http.MethodPut, "/v2/app", `{"test":false}`, http.StatusUnprocessableEntity)
}

// TestTimersFollowTheClock: a hold expires and frees its time, what is not paid ends, a request is noticed at half its time and lapses, and
// what took place is completed; each at its own moment.
func TestTimersFollowTheClock(t *testing.T) {
	t.Parallel()
	b := laboratory(t)
	resource := b.resource(t)
	b.hold(t, resource, 9, 600)
	unpaid := b.book(t, resource, "instant_payment", 10)
	asked := b.book(t, resource, "request", 11)
	b.post(t, "/v2/bookings", request(resource, "instant", 9)).refused(t, http.StatusConflict, "slot_taken")
	first := b.advance(t, `{"advance":"PT4M"}`)
	if first.Count != 0 || b.state(t, unpaid) != "tentative" {
		t.Errorf("too early: %+v", first)
	}
	second := b.advance(t, `{"advance":"PT6M"}`)
	if fmt.Sprint(second.moves()) != "[timeout expire]" || second.Transitions[0].Booking != unpaid || second.Transitions[0].To != "unpaid" {
		t.Errorf("%+v", second)
	}
	b.book(t, resource, "instant", 9)
	b.book(t, resource, "instant", 10)
	made := timeOf(t, b.get(t, "/v2/bookings/"+asked), "data.created_at")
	third := b.advance(t, `{"advance":"P3D"}`)
	if fmt.Sprint(third.moves()) != "[expire]" || len(third.Notices) != 2 || third.Notices[0].Type != "booking.approval_due" {
		t.Fatalf("%+v", third)
	}
	for want, got := range map[time.Duration]time.Time{
		24 * time.Hour: third.Notices[0].At, 36 * time.Hour: third.Notices[1].At, 48 * time.Hour: third.Transitions[0].At,
	} {
		if d := got.Sub(made); d < want-time.Second || d > want+2*time.Second {
			t.Errorf("it came %s after the booking was made, want %s", d, want)
		}
	}
	if late := b.get(t, "/v2/bookings/"+asked+"?include=logs"); late.str("data.state") != "expired" {
		t.Errorf("%s", late.body)
	}
}

// TestClockRules: forward only, not too far, not of live apps, not with a key for browsers, and a test app stays one.
func TestClockRules(t *testing.T) {
	t.Parallel()
	live, b := tenant(t, plain), laboratory(t)
	live.get(t, "/v2/test_clock").refused(t, http.StatusNotFound, "not_found")
	live.put(t, "/v2/test_clock", `{"advance":"PT1H"}`).refused(t, http.StatusNotFound, "not_found")
	b.widget(t).get(t, "/v2/test_clock").want(t, http.StatusForbidden)
	for _, body := range []string{
		`{}`, `{"advance":"PT0S"}`, `{"advance":"-PT1H"}`, `{"advance":"P401D"}`, `{"advance":"1 hour"}`, `{"now":"2020-01-01T00:00:00Z"}`,
		`{"now":"2199-01-01T00:00:00Z"}`, `{"advance":"PT1H","now":"2199-01-01T00:00:00Z"}`, `{"to":"PT1H"}`,
	} {
		b.put(t, "/v2/test_clock", body).want(t, http.StatusUnprocessableEntity)
	}
	before := b.clock(t)
	if before.Status != "ready" || before.Count != 0 || before.Now.Sub(time.Now()).Abs() > time.Minute {
		t.Errorf("%+v", before)
	}
	to := before.Now.Add(30 * time.Hour).Truncate(time.Second)
	after := b.advance(t, fmt.Sprintf(`{"now":%q}`, to.Format(time.RFC3339)))
	if after.Now.Before(to) || after.Now.After(to.Add(time.Minute)) {
		t.Errorf("the clock shows %s, want %s", after.Now, to)
	}
	b.put(t, "/v2/test_clock", fmt.Sprintf(`{"now":%q}`, to.Format(time.RFC3339))).want(t, http.StatusUnprocessableEntity)
	b.advance(t, `{"advance":"P300D"}`)
	b.put(t, "/v2/test_clock", `{"advance":"P99D"}`).want(t, http.StatusUnprocessableEntity)
	once := b.put(t, "/v2/test_clock", `{"advance":"PT1H"}`, "Idempotency-Key", "an-hour").want(t, http.StatusOK)
	again := b.put(t, "/v2/test_clock", `{"advance":"PT1H"}`, "Idempotency-Key", "an-hour").want(t, http.StatusOK)
	if once.str("data.to") != again.str("data.to") {
		t.Errorf("a repeat advances once more: %s, then %s", once.body, again.body)
	}
	b.put(t, "/v2/app", `{"test_mode":true}`).want(t, http.StatusOK)
	b.put(t, "/v2/app", `{"test":false}`).want(t, http.StatusUnprocessableEntity)
	live.put(t, "/v2/app", `{"test_mode":true}`).want(t, http.StatusUnprocessableEntity)
	if app := b.get(t, "/v2/app"); app.str("data.test") != "true" || app.str("data.test_mode") != "true" {
		t.Errorf("%s", app.body)
	}
}

// TestMomentsComeInOrder: timers, reminders and notices of several bookings come in the order of their moments, also those that others
// bring about: a chain of holds, where the next one can be had only once the one before is gone.
func TestMomentsComeInOrder(t *testing.T) {
	t.Parallel()
	b := laboratory(t)
	resource := b.resource(t)
	hears := newReceiver(t, ok)
	b.webhook(t, hears.URL, "")
	var ids []string
	for i := range 6 { // later ones are made first
		ids = append(ids, b.book(t, resource, "instant_payment", 9+i, fmt.Sprintf(`,"settings":{"timers":{"timeout":"PT%dM"}}`, 60-7*i)))
	}
	slices.Reverse(ids)
	now := b.clock(t).Now
	start := now.Add(2 * time.Hour).Truncate(time.Second)
	took := b.post(t, "/v2/bookings", fmt.Sprintf(`{"resource_id":%q,"graph":"instant","start":%q,"end":%q,"what":"Cut",
		"customer":{"name":"Marty McFly","email":"marty@example.com"}%s}`, resource, start.Format(time.RFC3339), start.Add(time.Hour).Format(time.RFC3339),
		notified(remind(hears.URL, "before", 3600)))).want(t, http.StatusCreated).str("data.id")
	v := b.advance(t, `{"advance":"P1D"}`)
	var got []string
	last := now
	for _, one := range v.Transitions {
		got = append(got, one.Booking)
		if one.At.Before(last) {
			t.Errorf("%s at %s comes after %s", one.Action, one.At, last)
		}
		last = one.At
	}
	if fmt.Sprint(got) != fmt.Sprint(append(ids, took)) {
		t.Errorf("got %v, want %v: %+v", got, append(ids, took), v)
	}
	if done := v.Transitions[len(v.Transitions)-1]; done.To != "completed" || !done.At.Equal(start.Add(2*time.Hour)) {
		t.Errorf("%+v", done)
	}
	if len(v.Notices) != 1 || !v.Notices[0].At.Equal(start.Add(-time.Hour)) {
		t.Errorf("%+v", v.Notices)
	}
	eventually(t, "webhooks of all moments", func() bool { return hears.about(took) == 3 })
	for _, one := range hears.all() {
		if one.at("id") == took && one.at("state") == "completed" && one.header.Get("Webhook-Test") != "true" {
			t.Errorf("%v", one.header)
		}
	}
}

// TestPoliciesFollowTheClock: what may be booked and cancelled goes by the app's time, and so do the list of open times and the actions that
// are offered.
func TestPoliciesFollowTheClock(t *testing.T) {
	t.Parallel()
	b := laboratory(t)
	b.put(t, "/v2/app", `{"settings":{"policy":{"book":{"horizon":"P30D","notice":"PT2H"},"cancel":{"customer":{"until":"PT24H"}}}}}`).want(t, http.StatusOK)
	resource := b.resource(t)
	start := time.Now().UTC().AddDate(0, 0, 40).Truncate(time.Hour)
	body := func(start time.Time) string {
		return fmt.Sprintf(`{"resource_id":%q,"graph":"instant","start":%q,"end":%q,"what":"Cut","customer":{"name":"Marty","email":"marty@example.com"}}`,
			resource, start.Format(time.RFC3339), start.Add(time.Hour).Format(time.RFC3339))
	}
	offered := func(start time.Time) bool {
		a := b.post(t, "/v2/availability", fmt.Sprintf(`{"resources":[%q],"length":"1 hour","from":%q,"to":%q,"output_timezone":"UTC"}`,
			resource, start.Format(time.RFC3339), start.Add(time.Hour).Format(time.RFC3339))).want(t, http.StatusOK)
		return a.str("data.0.start") != ""
	}
	b.post(t, "/v2/bookings", body(start)).refused(t, http.StatusUnprocessableEntity, "too_early")
	if offered(start) {
		t.Error("a time beyond the horizon is offered")
	}
	b.advance(t, `{"advance":"P20D"}`)
	if !offered(start) {
		t.Error("a time within the horizon is not offered")
	}
	id := b.post(t, "/v2/bookings", body(start)).want(t, http.StatusCreated).str("data.id")
	link := b.customerLink(t, id, "cancel_by_customer")
	b.advance(t, `{"advance":"P19DT12H"}`)
	b.put(t, "/v2/bookings/"+id+"/cancel_by_customer", "").refused(t, http.StatusUnprocessableEntity, "too_late")
	if page := b.anonymous().get(t, link); page.status == http.StatusOK && page.str("data.confirm") != "" {
		t.Errorf("the link still offers to cancel: %s", page.body)
	}
	if next := start.Add(-8 * time.Hour); !offered(next) {
		t.Error("a time after the notice is not offered")
	}
	b.advance(t, `{"advance":"PT13H"}`)
	b.post(t, "/v2/bookings", body(start.Add(2*time.Hour))).refused(t, http.StatusUnprocessableEntity, "too_late")
	if b.state(t, id) != "confirmed" {
		t.Error("it has not taken place yet")
	}
	if v := b.advance(t, `{"advance":"PT3H"}`); fmt.Sprint(v.moves()) != "[complete]" {
		t.Errorf("%+v", v)
	}
}

// TestEffectsFollowTheClock: retries are made within an advance, and an effect that is given up plays its action at its moment.
func TestEffectsFollowTheClock(t *testing.T) {
	t.Parallel()
	b := laboratory(t)
	b.asks(t)
	resource := b.resource(t)
	down := newReceiver(t, func(int) int { return http.StatusServiceUnavailable })
	recovers := newReceiver(t, func(n int) int {
		if n == 0 {
			return http.StatusServiceUnavailable
		}
		return http.StatusOK
	})
	b.webhook(t, recovers.URL, `,"name":"crm","event_types":["endpoint.failing"]`)
	b.webhook(t, down.URL, `,"name":"log","event_types":["endpoint.failing"]`)
	heals := b.book(t, resource, "asking", 9)
	recovers.waitFor(t, 1)
	v := b.advance(t, `{"advance":"PT2M"}`)
	if fmt.Sprint(v.moves()) != "[approve]" || b.state(t, heals) != "approved" || v.Transitions[0].At.After(v.Now.Add(-30*time.Second)) {
		t.Errorf("%+v", v)
	}
	v = b.advance(t, `{"advance":"P8D"}`)
	if seen := b.effects(t, heals); seen.str("data.effects.1.status") != "failed" {
		t.Errorf("a call that nobody answers is not given up: %s", seen.body)
	}
	if len(v.Notices) != 1 || v.Notices[0].Type != "effect.failed" {
		t.Errorf("%+v", v.Notices)
	}
}

// TestWebhooksFollowTheClock: a delivery whose next attempt is a long time away is attempted within an advance.
func TestWebhooksFollowTheClock(t *testing.T) {
	t.Parallel()
	b := laboratory(t)
	var mended atomic.Bool
	fails := newReceiver(t, func(int) int {
		if mended.Load() {
			return http.StatusOK
		}
		return http.StatusInternalServerError
	})
	hook := b.webhook(t, fails.URL, "").str("data.id")
	b.book(t, b.resource(t), "instant", 9)
	attempts := func() (n int) {
		_, _ = fmt.Sscan(b.deliveries(t, hook, "limit=1").str("data.0.attempt_count"), &n)
		return n
	}
	eventually(t, "an attempt", func() bool { return attempts() > 0 })
	for before := 0; before < 5; { // the waits after the fourth are longer than the test may take
		before = attempts()
		await.Within(t, 5*time.Minute, time.Second, "another attempt", func() bool { // one that is under way does not come nearer
			b.advance(t, `{"advance":"PT6H"}`)
			return attempts() > before
		})
	}
	mended.Store(true)
	await.Within(t, 5*time.Minute, time.Second, "the delivery is through", func() bool {
		b.advance(t, `{"advance":"PT6H"}`)
		return b.deliveries(t, hook, "limit=1").str("data.0.status") == "delivered"
	})
}

// TestManyBookingsAdvance: each at its own moment or all of them at one, none is left behind.
func TestManyBookingsAdvance(t *testing.T) {
	t.Parallel()
	at := func(hour int) string {
		from := tomorrow.AddDate(0, 0, 5).Add(time.Duration(hour) * time.Hour)
		return fmt.Sprintf(`"start":%q,"end":%q`, from.Format(time.RFC3339), from.Add(time.Hour).Format(time.RFC3339))
	}
	for name, c := range map[string]struct {
		all     int
		booking func(t *testing.T, b *bundle) func(n int) (body string)
		advance string
		to      string
		moved   int
	}{
		"their own moments": {300, func(t *testing.T, b *bundle) func(int) string {
			t.Helper()
			resource := b.resource(t)
			return func(n int) string {
				return fmt.Sprintf(`{"resource_id":%q,"graph":"instant_payment",%s,"settings":{"timers":{"timeout":"P2D"}}}`, resource, at(n))
			}
		}, "P3D", "unpaid", 300},
		"one moment": {200, func(t *testing.T, b *bundle) func(int) string { // more than are signalled at a time
			t.Helper()
			session := b.post(t, "/v2/bookings", fmt.Sprintf(`{"resource_id":%q,"graph":"group_owner",%s,"what":"Yoga","settings":{"max_seats":200}}`,
				b.resource(t), at(0))).want(t, http.StatusCreated).str("data.id")
			return func(int) string { return seat(session, "group_customer") }
		}, "P8D", "completed", 201}, // and the session
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := laboratory(t)
			body := c.booking(t, b)
			const atOnce = 16
			var group sync.WaitGroup
			for worker := range atOnce {
				group.Go(func() {
					for i := worker; i < c.all; i += atOnce {
						b.post(t, "/v2/bookings", body(i), "Prefer", "wait=25").want(t, http.StatusCreated)
					}
				})
			}
			group.Wait()
			v := b.advance(t, fmt.Sprintf(`{"advance":%q}`, c.advance))
			moved, last := 0, time.Time{}
			for _, one := range v.Transitions {
				if one.To == c.to {
					moved++
				}
				if one.At.Before(last) {
					t.Fatalf("%+v after %s", one, last)
				}
				last = one.At
			}
			if moved != c.moved || v.Count != moved || v.More {
				t.Fatalf("%d of %d have moved; %d fell due", moved, c.moved, v.Count)
			}
		})
	}
}

// TestRacingAdvances: of two at once one is carried out and the other is refused; both end.
func TestRacingAdvances(t *testing.T) {
	t.Parallel()
	b := laboratory(t)
	b.book(t, b.resource(t), "instant_payment", 9)
	from := b.clock(t).Now
	answers := b.crowd(t, 4, func(int) (string, string, string) { return http.MethodPut, "/v2/test_clock", `{"advance":"PT1H"}` })
	won := 0
	for _, a := range answers {
		switch {
		case a.status == http.StatusOK || a.status == http.StatusAccepted:
			won++
		case a.status != http.StatusConflict || a.str("code") != "clock_advancing":
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	eventually(t, "the clock arrives", func() bool { return b.clock(t).Status == "ready" })
	if d := b.clock(t).Now.Sub(from); won == 0 || d < time.Duration(won)*time.Hour || d > time.Duration(won)*time.Hour+2*time.Minute {
		t.Errorf("%d advances have moved the clock by %s", won, d)
	}
}

// TestKillNineDuringAnAdvance kills everything in the middle of an advance: it goes on where it was, and arrives.
func TestKillNineDuringAnAdvance(t *testing.T) {
	t.Parallel()
	const all = 60
	dir := t.TempDir()
	p := spawn(t, dir)
	p.admin = p.adminKey
	key := asLaboratory(t, p.bundle).key
	p.key = key
	resource := p.resource(t)
	for i := range all {
		p.book(t, resource, "instant_payment", i, fmt.Sprintf(`,"settings":{"timers":{"timeout":"PT%dM"}}`, 10+i))
	}
	p.put(t, "/v2/test_clock", `{"advance":"P1D"}`, "Prefer", "respond-async").want(t, http.StatusAccepted)
	eventually(t, "some are unpaid", func() bool { return p.clock(t).Count > all/10 })
	p.kill(t)
	p = spawn(t, dir)
	p.key = key
	eventually(t, "the clock arrives", func() bool { return p.clock(t).Status == "ready" })
	v := p.clock(t)
	if v.Count != all {
		t.Errorf("%d of %d fell due", v.Count, all)
	}
	for i := 1; i < len(v.Transitions); i++ {
		if d := v.Transitions[i].At.Sub(v.Transitions[i-1].At); d < 50*time.Second {
			t.Errorf("transition %d comes %s after the one before", i, d)
		}
	}
}
