package e2e_test

import (
	"net/http"
	"strconv"
	"sync"
	"testing"

	"holdfast/internal/config"
)

func same(*config.Config) {}

// finally waits until a booking is in a state, as long as connections that were cut may take to be tried again.
func (b *bundle) finally(t *testing.T, id, state string) {
	t.Helper()
	eventually(t, id+" is "+state, func() bool { return b.state(t, id) == state })
}

// TestTemporalComesBack takes Temporal away for a moment: requests that wait get their 201 and 200 as if nothing had
// happened, and those that did not wait are carried out, both without a sweep.
func TestTemporalComesBack(t *testing.T) {
	t.Parallel()
	b, _, temporal := tenant(t, plain).behind(t, same)
	resource := b.resource(t)
	before := b.book(t, resource, "instant", 1)
	temporal.set(true)
	early := b.post(t, "/v2/bookings", request(resource, "instant", 2), "Prefer", "respond-async").want(t, http.StatusAccepted).str("data.id")
	b.put(t, "/v2/bookings/"+before+"/cancel", "{}", "Prefer", "respond-async").want(t, http.StatusAccepted)
	answered := make(chan answer, 1)
	go func() {
		a, err := b.try(t.Context(), http.MethodPost, "/v2/bookings", request(resource, "instant", 3), "Prefer", "wait=25")
		if err != nil {
			t.Error(err)
		}
		answered <- a
	}()
	waiting := func() bool {
		var n int
		b.record(t, &n, `SELECT count(*) FROM actions a JOIN bookings b ON b.id = a.booking_id
			WHERE b.resource_id = $1 AND a.status = 'pending'`, resource)
		return n == 3
	}
	eventually(t, "all three are on record", waiting)
	temporal.set(false)
	(<-answered).want(t, http.StatusCreated)
	b.finally(t, early, "confirmed")
	b.finally(t, before, "cancelled")
}

// TestNoMoreThanCanBeCarriedOut takes Temporal away for good: so many creations are promised, the others are told to come
// again, while actions on bookings are taken. Losers of a taken time hear that. Everything promised is kept afterwards.
func TestNoMoreThanCanBeCarriedOut(t *testing.T) {
	t.Parallel()
	b, _, temporal := tenant(t, plain).behind(t, same)
	resource := b.resource(t)
	before := b.book(t, resource, "instant", 1)
	taken := b.book(t, resource, "instant", 2)
	temporal.set(true)
	const many = 60
	answers := make([]answer, many)
	var all sync.WaitGroup
	for i := range many {
		all.Go(func() {
			var err error
			answers[i], err = b.try(t.Context(), http.MethodPost, "/v2/bookings", request(resource, "instant", 10+i), "Prefer", "respond-async")
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	var promised []string
	for _, a := range answers {
		switch a.status {
		case http.StatusAccepted:
			promised = append(promised, a.str("data.id"))
		case http.StatusServiceUnavailable:
			seconds, err := strconv.Atoi(a.header.Get("Retry-After"))
			if a.str("code") != "overloaded" || err != nil || seconds < 1 || seconds > 10 {
				t.Errorf("Retry-After %q: %s", a.header.Get("Retry-After"), a.body)
			}
		default:
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	if len(promised) == 0 || len(promised) > 16 {
		t.Errorf("%d of %d were promised", len(promised), many)
	}
	post := func(path, body string) answer { return b.once(t, http.MethodPost, path, body) }
	post("/v2/bookings", request(resource, "instant", 90)).refused(t, http.StatusServiceUnavailable, "overloaded")
	post("/v2/bookings/reserve", request(resource, "instant", 91)).refused(t, http.StatusServiceUnavailable, "overloaded")
	post("/v2/bookings/bulk", bulk("", hours(resource, 92, 93)...)).refused(t, http.StatusServiceUnavailable, "overloaded")
	post("/v2/bookings", request(resource, "instant", 2)).refused(t, http.StatusConflict, "slot_taken")
	b.put(t, "/v2/bookings/"+before+"/cancel", "{}", "Prefer", "respond-async").want(t, http.StatusAccepted)
	b.post(t, "/v2/bookings/"+taken+"/reschedule", to(95), "Prefer", "respond-async").want(t, http.StatusAccepted)
	temporal.set(false)
	for _, id := range promised {
		b.finally(t, id, "confirmed")
	}
	b.finally(t, before, "cancelled")
	b.finally(t, taken, "rescheduled_by_customer")
	b.book(t, resource, "instant", 90)
}
