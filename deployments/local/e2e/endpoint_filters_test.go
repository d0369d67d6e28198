package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/internal/dispatch"
)

// nudge lets an endpoint's workflow look again, after the record was changed behind its back.
func (b *bundle) nudge(t testing.TB, hook string) {
	t.Helper()
	wake := dispatch.Dispatcher{Client: b.stack.App.Temporal, TaskQueue: b.stack.App.Config.TaskQueue}
	must(t, wake.EnsureEndpointRunning(t.Context(), mustUUID(t, hook)))
}

// settled waits until an endpoint has nothing that waits.
func (b *bundle) settled(t testing.TB, hook string) {
	t.Helper()
	eventually(t, "nothing waits", func() bool { return b.get(t, "/v2/webhooks/"+hook).str("data.health.pending") == "0" })
}

// TestFiltersLetThroughAndHoldBack subscribes by every kind of filter, lives four bookings, and compares what came.
func TestFiltersLetThroughAndHoldBack(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t)
	haircut := b.post(t, "/v2/location/services", `{"name":"Haircut"}`).want(t, http.StatusCreated).str("data.id")
	shave := b.post(t, "/v2/location/services", `{"name":"Shave"}`).want(t, http.StatusCreated).str("data.id")
	offers := func(name, service string) string {
		return b.post(t, "/v2/projects", fmt.Sprintf(`{"name":%q,"resources":[%q],"services":[%q]}`, name, resource, service)).
			want(t, http.StatusCreated).str("data.id")
	}
	barber, shop := offers("Barber", haircut), offers("Shop", shave)
	cases := []struct{ filter, want string }{
		{``, "A:confirmed A:cancelled B:tentative B:confirmed C:tentative C:declined D:tentative D:paid"},
		{`"graph":"confirm_decline"`, "B:tentative B:confirmed C:tentative C:declined"},
		{`"graphs":["instant","instant_payment"]`, "A:confirmed A:cancelled D:tentative D:paid"},
		{`"state":"confirmed"`, "A:confirmed B:confirmed"},
		{`"states":["cancelled","declined","paid"]`, "A:cancelled C:declined D:paid"},
		{`"graph":"confirm_decline","states":["confirmed","tentative"]`, "B:tentative B:confirmed C:tentative"},
		{`"event_types":["booking.declined","booking.paid"]`, "C:declined D:paid"},
		{`"event_types":["bookings.create"]`, "A:confirmed B:tentative C:tentative D:tentative"},
		{`"event_types":["bookings.update"]`, "B:confirmed D:paid"},
		{`"event_types":["bookings.delete"]`, "A:cancelled C:declined"},
		{`"event_types":["booking.*"],"graph":"instant"`, "A:confirmed A:cancelled"},
		{`"event_types":["bookings.*"],"states":["paid"]`, "D:paid"},
		{fmt.Sprintf(`"projects":[%q]`, barber), "A:confirmed A:cancelled"},
		{fmt.Sprintf(`"projects":[%q,%q],"states":["confirmed","declined"]`, barber, shop), "A:confirmed C:declined"},
		{fmt.Sprintf(`"services":[%q]`, shave), "C:tentative C:declined"},
		{fmt.Sprintf(`"services":[%q,%q],"event_types":["bookings.create"]`, shave, haircut), "A:confirmed C:tentative"},
		{fmt.Sprintf(`"projects":[%q],"services":[%q]`, barber, shave), ""},
		{`"event_types":["endpoint.paused"]`, "endpoint.paused"},
		{`"event_types":["endpoint.*"],"graph":"instant"`, "endpoint.paused endpoint.resumed"},
		{`"event_types":["endpoint.disabled","endpoint.failing"]`, ""},
		{`"event_types":["endpoint.resumed","booking.paid"]`, "D:paid endpoint.resumed"},
	}
	receivers, hooks := make([]*receiver, len(cases)), make([]string, len(cases))
	for i, c := range cases {
		receivers[i] = newReceiver(t, ok)
		hooks[i] = b.webhook(t, receivers[i].URL, strings.TrimSuffix(","+c.filter, ",")).str("data.id")
	}
	named := map[string]string{}
	live := func(name, graph string, hour int, more, action string) {
		id := b.book(t, resource, graph, hour, more)
		named[id] = name + ":"
		b.put(t, "/v2/bookings/"+id+"/"+action, "").want(t, http.StatusOK)
	}
	live("A", "instant", 9, fmt.Sprintf(`,"project_id":%q`, barber), "cancel")
	live("B", "confirm_decline", 10, "", "confirm")
	live("C", "confirm_decline", 11, fmt.Sprintf(`,"project_id":%q`, shop), "decline")
	live("D", "instant_payment", 12, "", "pay")
	silent := "/v2/webhooks/" + b.webhook(t, "https://example.com/", `,"event_types":["endpoint.failing"]`).str("data.id")
	b.post(t, silent+"/pause", "").want(t, http.StatusOK)
	b.post(t, silent+"/resume", "").want(t, http.StatusOK)
	for i, c := range cases {
		b.settled(t, hooks[i])
		var got []string
		for _, r := range receivers[i].all() {
			if name := named[r.at("id")]; name != "" {
				got = append(got, name+r.at("state"))
			} else {
				got = append(got, r.at("type"))
			}
		}
		if !sameWords(got, strings.Fields(c.want)) {
			t.Errorf("%s let through %v, want %s", c.filter, got, c.want)
		}
	}
}

// sameWords compares without the order: that of different bookings is not promised.
func sameWords(got, want []string) bool {
	count := map[string]int{}
	for _, word := range got {
		count[word]++
	}
	for _, word := range want {
		count[word]--
	}
	for _, n := range count {
		if n != 0 {
			return false
		}
	}
	return true
}

// TestAChangedFilterCountsFromThen: what was let through before is still sent, what was not is not.
func TestAChangedFilterCountsFromThen(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	hears := newReceiver(t, ok)
	hook := b.webhook(t, hears.URL, `,"states":["confirmed"]`).str("data.id")
	resource := b.resource(t)
	b.post(t, "/v2/webhooks/"+hook+"/pause", "").want(t, http.StatusOK)
	id := b.book(t, resource, "confirm_decline", 9)
	b.put(t, "/v2/bookings/"+id+"/confirm", "").want(t, http.StatusOK)
	b.put(t, "/v2/webhooks/"+hook, `{"states":["cancelled"]}`).want(t, http.StatusOK)
	b.put(t, "/v2/bookings/"+id+"/cancel", "").want(t, http.StatusOK)
	b.post(t, "/v2/webhooks/"+hook+"/resume", "").want(t, http.StatusOK)
	b.settled(t, hook)
	if got := states(hears.all())[id]; got != "confirmed cancelled" {
		t.Errorf("it was told %q", got)
	}
}

// TestOwnHeadersArriveAndStayHidden in views and in what is on record of attempts.
func TestOwnHeadersArriveAndStayHidden(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	hears := newReceiver(t, ok)
	hook := b.webhook(t, hears.URL, `,"headers":{"X-Pass":"open sesame","Authorization":"Bearer canary-7"}`).str("data.id")
	resource := b.resource(t)
	b.book(t, resource, "instant", 9)
	wantHeader := func(r received, name, value string) {
		t.Helper()
		if got := r.header.Get(name); got != value {
			t.Errorf("%s is %q, want %q", name, got, value)
		}
	}
	first := hears.waitFor(t, 1)[0]
	wantHeader(first, "X-Pass", "open sesame")
	wantHeader(first, "Authorization", "Bearer canary-7")
	b.put(t, "/v2/webhooks/"+hook, `{"headers":{"x-pass":"(hidden)","X-New":"fresh"}}`).want(t, http.StatusOK)
	b.book(t, resource, "instant", 10)
	second := hears.waitFor(t, 2)[1]
	wantHeader(second, "X-Pass", "open sesame")
	wantHeader(second, "X-New", "fresh")
	wantHeader(second, "Authorization", "")
	view := b.get(t, "/v2/webhooks/"+hook)
	wantFields(t, view, map[string]any{"headers": map[string]any{"x-pass": "(hidden)", "X-New": "(hidden)"}})
	b.settled(t, hook)
	const attempts = `SELECT count(*) FROM webhook_attempts a JOIN webhook_deliveries d ON d.id = a.delivery_id WHERE d.endpoint_id = $1 AND `
	if n := b.rows(t, attempts+`a.request_headers->'X-Pass' = '["(hidden)"]'`, hook); n != 2 {
		t.Errorf("%d attempts have the header on record, hidden", n)
	}
	for _, secret := range []string{"open sesame", "canary-7", "fresh"} {
		if n := b.rows(t, attempts+`a::text LIKE '%' || $2 || '%'`, hook, secret); n > 0 || strings.Contains(view.body+b.get(t, "/v2/webhooks").body, secret) {
			t.Errorf("%s is shown, %d times on record", secret, n)
		}
		if n := b.rows(t, `SELECT count(*) FROM webhook_endpoints w WHERE w::text LIKE '%' || $1 || '%'`, secret); n > 0 {
			t.Errorf("%s is on record in the clear", secret)
		}
	}
}

// crowded is a receiver that notes how many requests it has had at the same time.
type crowded struct {
	*receiver
	most int
}

func newCrowded(t *testing.T) *crowded {
	c := &crowded{}
	var counting sync.Mutex
	now := 0
	count := func(by int) {
		counting.Lock()
		defer counting.Unlock()
		now += by
		c.most = max(c.most, now)
	}
	c.receiver = newReceiver(t, func(int) int {
		count(1)
		defer count(-1)
		<-time.After(20 * time.Millisecond)
		return http.StatusOK
	})
	return c
}

func TestInFlightIsKept(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t)
	one, many := newCrowded(t), newCrowded(t)
	hooks := []string{
		b.webhook(t, one.URL, `,"in_flight":1,"ordered":false`).str("data.id"), b.webhook(t, many.URL, `,"in_flight":8`).str("data.id"),
	}
	for _, hook := range hooks {
		b.post(t, "/v2/webhooks/"+hook+"/pause", "").want(t, http.StatusOK)
	}
	for hour := range 12 {
		b.book(t, resource, "instant", hour)
	}
	for _, hook := range hooks {
		b.post(t, "/v2/webhooks/"+hook+"/resume", "").want(t, http.StatusOK)
	}
	one.waitFor(t, 12)
	many.waitFor(t, 12)
	if n := one.most; n != 1 {
		t.Errorf("%d requests at once, want 1", n)
	}
	if n := many.most; n < 2 || n > 8 {
		t.Errorf("%d requests at once, want 2 to 8", n)
	}
}

// TestTheRateIsKept from the first to the last: in one drain, and in many that know nothing of each other.
func TestTheRateIsKept(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rate, bookings int
		oneByOne       bool
	}{"all at once": {5, 15, false}, "one by one": {2, 6, true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := tenant(t, plain)
			var times []time.Time
			arrived := make(chan time.Time, 100)
			hears := newReceiver(t, func(int) int {
				arrived <- time.Now()
				return http.StatusOK
			})
			hook := "/v2/webhooks/" + b.webhook(t, hears.URL, fmt.Sprintf(`,"rate_per_second":%d`, c.rate)).str("data.id")
			if !c.oneByOne {
				b.post(t, hook+"/pause", "").want(t, http.StatusOK)
			}
			resource := b.resource(t)
			for hour := range c.bookings {
				b.book(t, resource, "instant", hour)
				if c.oneByOne {
					times = append(times, <-arrived)
				}
			}
			b.post(t, hook+"/resume", "").want(t, http.StatusOK)
			for len(times) < c.bookings {
				times = append(times, <-arrived)
			}
			if took := times[c.bookings-1].Sub(times[0]); took < 2400*time.Millisecond {
				t.Errorf("%d requests within %s", c.bookings, took)
			}
		})
	}
}
