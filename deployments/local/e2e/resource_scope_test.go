package e2e_test

import (
	"fmt"
	"net/http"
	"testing"
)

// TestAResourceSeesItsOwn has two resources with one of each, and asks with the token of one.
func TestAResourceSeesItsOwn(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	m, other := b.member(t), b.member(t)
	own := map[string]string{"resources": m.id, "bookings": b.book(t, m.id, "instant", 9)}
	theirs := map[string]string{"resources": other.id, "bookings": b.book(t, other.id, "instant", 9)}
	for who, things := range map[*member]map[string]string{m: own, other: theirs} {
		things["events"] = b.event(t, who.id, 12, 13, "").want(t, http.StatusCreated).str("data.id")
		things["calendars"] = b.calendar(t, who.id)
	}
	for noun, id := range own {
		m.do(t, http.MethodGet, "/v2/"+noun+"/"+id, "").want(t, http.StatusOK)
		m.do(t, http.MethodGet, "/v2/"+noun+"/"+theirs[noun], "").refused(t, http.StatusNotFound, "not_found")
		if noun == "bookings" {
			continue
		}
		m.do(t, http.MethodPut, "/v2/"+noun+"/"+id, `{"description":"mine"}`).want(t, http.StatusOK)
		m.do(t, http.MethodPut, "/v2/"+noun+"/"+theirs[noun], `{"description":"mine"}`).refused(t, http.StatusNotFound, "not_found")
	}
	for path, total := range map[string]string{
		"/v2/bookings": "1", firstOfDecember: "2", "/v2/calendars": "2", "/v2/credentials": "1", "/v2/accounts": "0",
		"/v2/bookings?search=resource.id:" + other.id: "0", firstOfDecember + "&search=resource.id:" + other.id: "0",
	} {
		if list := m.do(t, http.MethodGet, path, "").want(t, http.StatusOK); list.str("total") != total {
			t.Errorf("%s has %s, want %s: %s", path, list.str("total"), total, list.body)
		}
	}
	m.do(t, http.MethodPut, "/v2/bookings/"+theirs["bookings"]+"/cancel", "").refused(t, http.StatusNotFound, "not_found")
	m.do(t, http.MethodPost, "/v2/bookings/"+theirs["bookings"]+"/reschedule", `{"start":"2030-12-02T09:00:00Z","end":"2030-12-02T10:00:00Z"}`).
		refused(t, http.StatusNotFound, "not_found")
	cancelled := m.do(t, http.MethodPut, "/v2/bookings/"+own["bookings"]+"/cancel", "{}").want(t, http.StatusOK)
	if cancelled.str("data.state") != "cancelled" || b.state(t, theirs["bookings"]) != "confirmed" {
		t.Error(cancelled.body)
	}
	for _, noun := range []string{"events", "calendars"} {
		m.do(t, http.MethodDelete, "/v2/"+noun+"/"+theirs[noun], "").refused(t, http.StatusNotFound, "not_found")
		m.do(t, http.MethodDelete, "/v2/"+noun+"/"+own[noun], "").want(t, http.StatusNoContent)
	}
}

// TestAResourceMakesItsOwn tries to put things upon another, too.
func TestAResourceMakesItsOwn(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	m, other := b.member(t), b.member(t)
	event := `{"resource_id":%q,"start":"2030-12-01T15:00:00Z","end":"2030-12-01T16:00:00Z"}`
	m.do(t, http.MethodPut, "/v2/resources/"+m.id, fmt.Sprintf(`{"email":%q}`, other.email)).refused(t, http.StatusUnprocessableEntity, "invalid")
	m.do(t, http.MethodPut, "/v2/resources/"+m.id, fmt.Sprintf(`{"name":"Ada L.","email":%q}`, m.email)).want(t, http.StatusOK)
	mine := m.do(t, http.MethodPost, "/v2/events", fmt.Sprintf(event, m.id)).want(t, http.StatusCreated)
	m.do(t, http.MethodPost, "/v2/calendars", fmt.Sprintf(`{"resource_id":%q,"name":"Mine"}`, m.id)).want(t, http.StatusCreated)
	token := m.do(t, http.MethodPost, "/v2/credentials", fmt.Sprintf(`{"resource_id":%q,"type":"client-token"}`, m.id)).want(t, http.StatusCreated)
	m.do(t, http.MethodPost, "/v2/events", fmt.Sprintf(event, other.id)).refused(t, http.StatusUnprocessableEntity, "invalid")
	m.do(t, http.MethodPut, "/v2/events/"+mine.str("data.id"), fmt.Sprintf(`{"resource_id":%q}`, other.id)).refused(t, http.StatusUnprocessableEntity, "invalid")
	calendar := b.calendar(t, other.id)
	m.do(t, http.MethodPut, "/v2/events/"+mine.str("data.id"), fmt.Sprintf(`{"calendar_id":%q}`, calendar)).refused(t, http.StatusUnprocessableEntity, "invalid")
	m.do(t, http.MethodPost, "/v2/calendars", fmt.Sprintf(`{"resource_id":%q,"name":"Mine"}`, other.id)).refused(t, http.StatusUnprocessableEntity, "invalid")
	m.do(t, http.MethodPost, "/v2/credentials", fmt.Sprintf(`{"resource_id":%q,"type":"client-token"}`, other.id)).refused(t, http.StatusUnprocessableEntity, "invalid")
	theirs := b.get(t, "/v2/credentials?search=resource.id:"+other.id).str("data.0.id")
	m.do(t, http.MethodDelete, "/v2/credentials/"+theirs, "").refused(t, http.StatusNotFound, "not_found")
	m.do(t, http.MethodDelete, "/v2/credentials/"+token.str("data.id"), "").want(t, http.StatusNoContent)
}

// TestAResourceIsNoServer asks for everything that needs more.
func TestAResourceIsNoServer(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	m := b.member(t)
	slug := b.get(t, "/v2/app").str("data.slug")
	for _, r := range asked {
		switch a := m.do(t, r.method, r.path, ""); {
		case r.need == "admin":
			a.refused(t, http.StatusUnauthorized, "unauthorized")
		case r.need == "server" || r.need == "app":
			a.refused(t, http.StatusForbidden, "forbidden")
		case a.status == http.StatusForbidden || a.status == http.StatusUnauthorized:
			t.Errorf("%s %s: %s", r.method, r.path, a.body)
		}
	}
	m.do(t, http.MethodGet, "/v2/apps/"+slug, "").refused(t, http.StatusForbidden, "forbidden")
}

// TestActionsOfAResourceStayWithIt cancels one of two bookings that were made together, for two resources.
func TestActionsOfAResourceStayWithIt(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	m, other := b.member(t), b.member(t)
	made := b.post(t, "/v2/bookings/bulk", fmt.Sprintf(`{"relate_bookings":true,"bookings":[%s,%s]}`,
		request(m.id, "instant", 9), request(other.id, "instant", 9)))
	if made.status >= http.StatusBadRequest {
		t.Fatal(made.body)
	}
	mine := b.get(t, "/v2/bookings?search=resource.id:"+m.id).str("data.0.id")
	theirs := b.get(t, "/v2/bookings?search=resource.id:"+other.id).str("data.0.id")
	if b.get(t, "/v2/bookings/"+theirs).str("data.related.bulk_id") == "" {
		t.Fatal("they are not related")
	}
	m.do(t, http.MethodPut, "/v2/bookings/"+mine+"/cancel", "{}").want(t, http.StatusOK)
	if b.state(t, mine) != "cancelled" || b.state(t, theirs) != "confirmed" {
		t.Errorf("mine is %s, theirs is %s", b.state(t, mine), b.state(t, theirs))
	}
	if n := b.rows(t, `SELECT count(*) FROM actions WHERE booking_id = $1 AND name = 'cancel'`, theirs); n != 0 {
		t.Error("the other's booking is to be cancelled, too")
	}
}

// TestAResourceBooksItsOwnTime tries every way to take time with the token of a resource: of its own any, of another only through a
// project that both belong to, and what that offers.
func TestAResourceBooksItsOwnTime(t *testing.T) {
	t.Parallel()
	b := tenant(t, `{"widget_requires_project":false}`)
	m, other := b.member(t), b.member(t)
	offer := `,"availability":{"length":"1 hour"}`
	shared := b.project(t, "Shared", offer, m.id, other.id).str("data.id")
	theirs := b.project(t, "Theirs", offer, other.id).str("data.id")
	mine := b.project(t, "Mine", offer, m.id).str("data.id")
	through := func(project string) string { return fmt.Sprintf(`,"project_id":%q`, project) }
	hour := 0
	ask := func(who, path, resource, more string) answer {
		hour++
		body := request(resource, "instant", hour, more)
		if who == "owner" {
			return b.post(t, path, body)
		}
		return m.do(t, http.MethodPost, path, body)
	}
	for _, path := range []string{"/v2/bookings", "/v2/bookings/reserve"} {
		for _, more := range []string{"", through(mine), through(shared)} {
			ask("m", path, m.id, more).want(t, http.StatusCreated)
		}
		ask("m", path, other.id, through(shared)).want(t, http.StatusCreated)
		for _, more := range []string{"", through(theirs), through(mine)} {
			refused := ask("m", path, other.id, more).refused(t, http.StatusUnprocessableEntity, "invalid")
			if refused.at("errors.resource_id") == nil {
				t.Errorf("%s: %s", more, refused.body)
			}
		}
	}
	hold := func(resource, more string) string {
		return ask("owner", "/v2/bookings/reserve", resource, more+`,"reservation_time":600`).want(t, http.StatusCreated).str("data.reservation_id")
	}
	extend := func(id string) answer {
		return m.do(t, http.MethodPut, "/v2/bookings/reserve/extend", fmt.Sprintf(`{"reservation_id":%q}`, id))
	}
	extend(hold(m.id, "")).want(t, http.StatusOK)
	extend(hold(other.id, through(shared))).want(t, http.StatusOK)
	for _, more := range []string{"", through(theirs)} {
		held := hold(other.id, more)
		extend(held).refused(t, http.StatusNotFound, "not_found")
		for _, own := range []string{"", fmt.Sprintf(`,"resource_id":%q,"start":"2030-11-20T09:00:00Z","end":"2030-11-20T10:00:00Z"`, m.id)} {
			m.do(t, http.MethodPost, "/v2/bookings", fmt.Sprintf(`{"graph":"instant","what":"x","reservation_id":%q%s}`, held, own)).
				refused(t, http.StatusUnprocessableEntity, "invalid")
		}
		m.do(t, http.MethodPut, "/v2/bookings/"+held+"/release", "").refused(t, http.StatusNotFound, "not_found")
		if got := b.state(t, held); got != "reserved" {
			t.Errorf("the hold is %s", got)
		}
	}
	own := b.book(t, m.id, "instant", 20)
	move := `{"start":"2030-12-05T09:00:00Z","end":"2030-12-05T10:00:00Z"%s}`
	m.do(t, http.MethodPost, "/v2/bookings/"+own+"/reschedule", fmt.Sprintf(move, fmt.Sprintf(`,"resource_id":%q`, other.id))).
		refused(t, http.StatusUnprocessableEntity, "invalid")
	m.do(t, http.MethodPost, "/v2/bookings/"+own+"/reschedule", fmt.Sprintf(move, "")).want(t, http.StatusCreated)
}
