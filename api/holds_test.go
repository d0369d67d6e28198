package api

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"holdfast/internal/fault"
	"holdfast/internal/tenant"
)

// TestHoldsOfVisitorsAreFew: so many at once with one key from one address. What could not be held does not count, nor does what is
// over; owners hold as they like.
func TestHoldsOfVisitorsAreFew(t *testing.T) {
	t.Parallel()
	f := setup(t)
	resource := f.resource(`[]`)
	project := f.project(resource, `,"availability":{"length":"1 hour"}`)
	hold := func(key string, hour int) answer {
		t.Helper()
		return f.post(key, "/v2/bookings/reserve", fmt.Sprintf(`{"project_id":%q,%s}`, project, slot(resource, float64(hour), 1)))
	}
	first := hold(f.widget, 0).id(t)
	for hour := 1; hour < 10; hour++ {
		hold(f.widget, 0).refused(t, fault.SlotTaken, "")
		hold(f.widget, hour).want(t, http.StatusCreated)
	}
	hold(f.widget, 20).refused(t, fault.TooManyRequests, "")
	for hour := range 10 + 1 {
		hold(f.server, 40+hour).want(t, http.StatusCreated)
	}
	hold(f.key(tenant.WidgetKey), 22).want(t, http.StatusCreated)
	f.from = "192.0.2.2"
	hold(f.widget, 23).want(t, http.StatusCreated)
	f.from = "192.0.2.1"
	f.put(f.server, "/v2/bookings/"+first+"/release", "").want(t, http.StatusOK)
	hold(f.widget, 0).want(t, http.StatusCreated)
	hold(f.widget, 24).refused(t, fault.TooManyRequests, "")
}

// TestHoldsOfVisitorsAreShort: an hour in all, however it is extended. An extension that does not say for how long is for as long as
// the last time.
func TestHoldsOfVisitorsAreShort(t *testing.T) {
	t.Parallel()
	f := setup(t)
	resource := f.resource(`[]`)
	project := f.project(resource, `,"availability":{"length":"1 hour"}`)
	held := f.post(f.widget, "/v2/bookings/reserve", fmt.Sprintf(`{"project_id":%q,"reservation_time":600,%s}`, project, slot(resource, 0, 1))).id(t)
	extend := func(key, more string) answer {
		return f.put(key, "/v2/bookings/reserve/extend", fmt.Sprintf(`{"reservation_id":%q%s}`, held, more))
	}
	lasts := func(a answer, want time.Duration) {
		t.Helper()
		until, err := time.Parse(time.RFC3339, a.want(t, http.StatusOK).text(t, "expires_at"))
		if left := time.Until(until); err != nil || left > want || left < want-2*time.Minute {
			t.Errorf("%s: %v left, want %v: %v", a.what, left, want, err)
		}
	}
	lasts(extend(f.widget, ""), 10*time.Minute)
	lasts(extend(f.widget, `,"reservation_time":1200`), 20*time.Minute)
	lasts(extend(f.widget, ""), 20*time.Minute)
	f.sql(`UPDATE bookings SET created_at = created_at - interval '45 minutes', entered_at = entered_at - interval '40 minutes' WHERE id = $1`, held)
	extend(f.widget, "").refused(t, fault.Invalid, "reservation_time") // twenty minutes more are too long by now
	extend(f.widget, `,"reservation_time":960`).refused(t, fault.Invalid, "reservation_time")
	lasts(extend(f.widget, `,"reservation_time":600`), 10*time.Minute)
	lasts(extend(f.widget, ""), 10*time.Minute)
	lasts(extend(f.server, `,"reservation_time":3600`), time.Hour)
}
