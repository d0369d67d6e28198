package api

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"holdfast/internal/fault"
)

// asResource makes a token of a resource, and returns how it sends requests in its own name.
func (f *fixture) asResource(resource string) func(method, path, body string) answer {
	f.t.Helper()
	address := resource + "@example.com"
	f.put(f.server, "/v2/resources/"+resource, fmt.Sprintf(`{"email":%q}`, address))
	token := f.post(f.server, "/v2/credentials", fmt.Sprintf(`{"resource_id":%q,"type":"server-token"}`, resource)).
		want(f.t, http.StatusCreated).text(f.t, "token")
	basic := basicHeader(address, token)
	return func(method, path, body string) answer {
		f.t.Helper()
		return f.send("", method, path, body, "Authorization", basic)
	}
}

// TestHoldsAreExtendedByTheirOwners: for another resource a hold does not exist, unless both belong to the project it was made through.
func TestHoldsAreExtendedByTheirOwners(t *testing.T) {
	t.Parallel()
	f := setup(t)
	mine, other := f.resource(`[]`), f.resource(`[]`)
	owner, stranger := f.asResource(mine), f.asResource(other)
	shared := f.post(f.server, "/v2/projects", fmt.Sprintf(`{"name":"Both","resources":[%q,%q]}`, mine, other)).id(t)
	held := func(hour float64, project string) string {
		t.Helper()
		return f.post(f.server, "/v2/bookings/reserve", `{`+project+slot(mine, hour, 1)+`}`).id(t)
	}
	extend := func(send func(method, path, body string) answer, hold string) answer {
		t.Helper()
		return send(http.MethodPut, "/v2/bookings/reserve/extend", fmt.Sprintf(`{"reservation_id":%q}`, hold))
	}
	alone := held(0, "")
	extend(stranger, alone).refused(t, fault.NotFound, "")
	extend(owner, alone).want(t, http.StatusOK)
	ours := held(1, fmt.Sprintf(`"project_id":%q,`, shared))
	extend(stranger, ours).want(t, http.StatusOK)
	theirs := held(2, fmt.Sprintf(`"project_id":%q,`, f.project(mine, "")))
	extend(stranger, theirs).refused(t, fault.NotFound, "")
}

// TestHoldsThatAreOverStayOver, whoever extends them, also when they end while they are extended.
func TestHoldsThatAreOverStayOver(t *testing.T) {
	t.Parallel()
	f := setup(t)
	resource := f.resource(`[]`)
	project := f.project(resource, `,"availability":{"length":"1 hour"}`)
	hold := f.post(f.widget, "/v2/bookings/reserve", fmt.Sprintf(`{"project_id":%q,%s}`, project, slot(resource, 0, 1))).id(t)
	f.put(f.server, "/v2/bookings/"+hold+"/release", "").want(t, http.StatusOK)
	f.sql(`UPDATE bookings SET created_at = created_at - interval '1 day' WHERE id = $1`, hold)
	for _, key := range []string{f.widget, f.server} {
		f.put(key, "/v2/bookings/reserve/extend", fmt.Sprintf(`{"reservation_id":%q}`, hold)).refused(t, fault.HoldExpired, "")
	}
	f.sql(`UPDATE bookings SET completed = false WHERE id = $1`, hold) // as it was when it was looked up
	f.put(f.server, "/v2/bookings/reserve/extend", fmt.Sprintf(`{"reservation_id":%q}`, hold)).refused(t, fault.HoldExpired, "")
}

// TestOnlyServersDoubleBookAndMakeSessions, not even a resource in its own calendar.
func TestOnlyServersDoubleBookAndMakeSessions(t *testing.T) {
	t.Parallel()
	f := setup(t)
	resource := f.resource(`[]`)
	own := f.asResource(resource)
	double := `{"settings":{"allow_double_bookings":true},"graph":"instant",` + slot(resource, 0, 1) + `}`
	session := `{"settings":{"max_seats":3},"graph":"group_owner","what":"Yoga",` + slot(resource, 2, 1) + `}`
	for _, body := range []string{double, session} {
		own(http.MethodPost, "/v2/bookings", body).refused(t, fault.Forbidden, "")
		f.post(f.server, "/v2/bookings", body).want(t, http.StatusCreated)
	}
	project := f.project(resource, `,"booking":{"graph":"group_owner","settings":{"max_seats":3}}`)
	f.post(f.widget, "/v2/bookings", fmt.Sprintf(`{"project_id":%q,"what":"Yoga",%s}`, project, slot(resource, 4, 1))).refused(t, fault.Forbidden, "")
}

// TestASeatHasTheTimesOfItsSession, whatever its maker says, and none without a session.
func TestASeatHasTheTimesOfItsSession(t *testing.T) {
	t.Parallel()
	f := setup(t)
	resource := f.resource(`[]`)
	session := f.post(f.server, "/v2/bookings", `{"settings":{"max_seats":3},"graph":"group_owner","what":"Yoga",`+slot(resource, 0, 1)+`}`).id(t)
	const customer = `"graph":"group_customer","customer":{"name":"Marty","email":"marty@example.com"}`
	for _, times := range []string{"", "," + slot(resource, 7, 2)} {
		seat := f.post(f.server, "/v2/bookings", fmt.Sprintf(`{%s,"related":{"owner_booking_id":%q}%s}`, customer, session, times)).id(t)
		if start := value[time.Time](f, `SELECT start_at FROM bookings WHERE id = $1`, seat); !start.Equal(noon) {
			t.Errorf("with %q it begins at %v, its session at %v", times, start, noon)
		}
	}
	f.post(f.server, "/v2/bookings", `{`+customer+`}`).refused(t, fault.Invalid, "related.owner_booking_id")
}

// TestARepeatIsNotJudgedAgain: an answer got lost, and the time that was booked is not offered any more when it is asked for again.
func TestARepeatIsNotJudgedAgain(t *testing.T) {
	t.Parallel()
	f := setup(t)
	resource := f.resource(`[]`)
	project := f.project(resource, `,"availability":{"length":"1 hour"}`)
	body := fmt.Sprintf(`{"project_id":%q,"customer":{"name":"Marty","email":"marty@example.com"},%s}`, project, slot(resource, 0, 1))
	book := func() answer {
		return f.send(f.widget, http.MethodPost, "/v2/bookings", body, "Idempotency-Key", "once")
	}
	first := book().id(t)
	f.sql(`UPDATE idempotency_keys SET status = 0, body = '', headers = '{}', locked_until = now() - interval '1 hour'`)
	f.put(f.server, "/v2/projects/"+project, `{"availability_constraints":[{"block_weekdays":{}},{"block_weekends":{}}]}`).want(t, http.StatusNoContent)
	if again := book().id(t); again != first {
		t.Errorf("the repeat made %s, the first try %s", again, first)
	}
	f.send(f.widget, http.MethodPost, "/v2/bookings", body, "Idempotency-Key", "another").refused(t, fault.Invalid, "start")
}
