package e2e_test

import (
	"net/http"
	"testing"

	"github.com/google/uuid"

	"holdfast/internal/config"
)

// tripsSeen is how often each request is counted. Other work of the process can only add to a count, so the least counts: on a machine
// that is busy, work of requests before may do so each time, and a request is counted up to tripsAgain times.
const (
	tripsSeen  = 5
	tripsAgain = 40
)

// TestRoundTrips counts the round trips to Postgres that requests cost, those of their workflows included: on a server a
// network away they are what a booking takes. Statements are prepared on each connection once, so one connection of each
// kind is enough, and the first requests do not count.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	b, record, _ := tenant(t, oneClick).behind(t, func(c *config.Config) { c.MaxConns = 2 })
	resource, visitor, hour := b.resource(t), b.anonymous(), 0
	next := func() int { hour += 2; return hour }
	shop := b.linkShop(t, resource, mornings, "")
	forms := shop.visitor.get(t, shop.path).want(t, http.StatusOK).slots(t)
	for _, c := range []struct {
		name    string
		most    int64
		prepare func() (act func())
	}{
		{"a creation", 5, func() func() {
			return func() {
				b.once(t, http.MethodPost, "/v2/bookings", request(resource, "instant", next())).want(t, http.StatusCreated)
			}
		}},
		{"a creation with an Idempotency-Key", 9, func() func() {
			return func() {
				b.once(t, http.MethodPost, "/v2/bookings", request(resource, "instant", next()), "Idempotency-Key", uuid.NewString()).
					want(t, http.StatusCreated)
			}
		}},
		{"a cancel", 5, func() func() {
			id := b.book(t, resource, "instant", next())
			return func() { b.once(t, http.MethodPut, "/v2/bookings/"+id+"/cancel", "{}").want(t, http.StatusOK) }
		}},
		{"a confirm", 5, func() func() {
			id := b.book(t, resource, "confirm_decline", next())
			return func() { b.once(t, http.MethodPut, "/v2/bookings/"+id+"/confirm", "{}").want(t, http.StatusOK) }
		}},
		{"a one-click link", 5, func() func() {
			id := b.book(t, resource, "confirm_decline", next())
			path := linkPath(id, "confirm", byHand(payload(id, "confirm", ""), b.key), "https://example.com/thanks")
			return func() { visitor.once(t, http.MethodGet, path, "").want(t, http.StatusFound) }
		}},
		{"a reschedule", 10, func() func() {
			id := b.book(t, resource, "instant", next())
			return func() {
				b.once(t, http.MethodPost, "/v2/bookings/"+id+"/reschedule", to(float64(next()))).want(t, http.StatusCreated)
			}
		}},
		{"a public link's form", 7, func() func() {
			if len(forms) == 0 {
				return nil
			}
			page := shop.visitor.get(t, forms[0].href).want(t, http.StatusOK)
			forms = forms[1:]
			values := page.form(map[string]string{"name": "Marty McFly", "email": "marty@example.com"})
			return func() { shop.visitor.submit(t, shop.path, values).want(t, http.StatusSeeOther) }
		}},
	} {
		least := int64(1 << 30)
		for n := 0; n < tripsSeen+2 || least > c.most && n < tripsAgain; n++ { // the first two prepare statements
			act := c.prepare()
			if act == nil {
				break
			}
			before := record.trips.Load()
			act()
			least = min(least, record.trips.Load()-before)
		}
		t.Logf("%s: %d round trips", c.name, least)
		if least > c.most {
			t.Errorf("%s costs %d round trips, want %d at most", c.name, least, c.most)
		}
	}
}
