package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestNewAppsSellThroughProjectsOnly: a widget key is public, so without a project it neither sees nor takes anybody's time. An app
// may let it; apps made before the setting do.
func TestNewAppsSellThroughProjectsOnly(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	visitor, resource := b.widget(t), b.resource(t)
	b.get(t, "/v2/app").want(t, http.StatusOK).same(t, "data.settings.widget_requires_project", "true")
	doors := map[string]string{
		"/v2/bookings": request(resource, "instant", 9), "/v2/bookings/reserve": request(resource, "instant", 10),
		"/v2/availability": fmt.Sprintf(`{"resources":[%q],"length":"1 hour"}`, resource), "/v2/availability/dates": `{"length":"1 hour"}`,
		"/v2/availability/count": `{"length":"1 hour"}`, "/v2/unavailable/slots": `{"length":"1 hour"}`,
	}
	for path, body := range doors {
		refused := visitor.post(t, path, body).refused(t, http.StatusUnprocessableEntity, "invalid")
		if !strings.Contains(refused.str("errors.project_id"), "widget_requires_project") {
			t.Errorf("%s: %s", path, refused.body)
		}
		b.post(t, path, strings.ReplaceAll(strings.ReplaceAll(body, "T09", "T12"), "T10", "T13")) // an owner's backend is free
	}
	b.put(t, "/v2/app", `{"settings":{"widget_requires_project":false}}`).want(t, http.StatusOK)
	for path, body := range doors {
		if a := visitor.post(t, path, body); a.status >= http.StatusBadRequest {
			t.Errorf("%s: %s", path, a.body)
		}
	}
	b.sql(t, `UPDATE apps SET settings = settings - 'widget_requires_project' - 'widget_reschedule_requires_proof' WHERE slug = $1`, b.get(t, "/v2/app").str("data.slug"))
	older := b.get(t, "/v2/app").want(t, http.StatusOK)
	older.same(t, "data.settings.widget_requires_project", "false")
	older.same(t, "data.settings.widget_reschedule_requires_proof", "false")
	visitor.post(t, "/v2/bookings", request(resource, "instant", 15)).want(t, http.StatusCreated)
}

// TestVisitorsHoldLittle: so many times at once from one address, and none for long, however often it is extended.
func TestVisitorsHoldLittle(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	visitor, resource := b.widget(t), b.resource(t)
	project := b.project(t, "Haircut", `,"availability":{"length":"1 hour"}`, resource).str("data.id")
	hold := func(who *bundle, hour int) answer {
		return who.post(t, "/v2/bookings/reserve", request(resource, "instant", hour, fmt.Sprintf(`,"project_id":%q,"reservation_time":600`, project)))
	}
	var first string
	for hour := range 10 {
		id := hold(visitor, hour).want(t, http.StatusCreated).str("data.reservation_id")
		if hour == 0 {
			first = id
		}
	}
	hold(visitor, 0).refused(t, http.StatusTooManyRequests, "too_many_requests")
	hold(visitor, 11).refused(t, http.StatusTooManyRequests, "too_many_requests")
	hold(b, 12).want(t, http.StatusCreated)
	hold(b.widget(t), 13).want(t, http.StatusCreated) // another key
	b.put(t, "/v2/bookings/"+first+"/release", "").want(t, http.StatusOK)
	next := hold(visitor, 14).want(t, http.StatusCreated).str("data.reservation_id")
	hold(visitor, 15).refused(t, http.StatusTooManyRequests, "too_many_requests")

	extend := func(who *bundle, seconds string) answer {
		return who.put(t, "/v2/bookings/reserve/extend", fmt.Sprintf(`{"reservation_id":%q%s}`, next, seconds))
	}
	extend(visitor, `,"reservation_time":1200`).want(t, http.StatusOK)
	b.sql(t, `UPDATE bookings SET created_at = created_at - interval '50 minutes' WHERE id = $1`, next)
	extend(visitor, "").refused(t, http.StatusUnprocessableEntity, "invalid") // as long as the last time is too long by now
	refused := extend(visitor, `,"reservation_time":660`).refused(t, http.StatusUnprocessableEntity, "invalid")
	if !strings.Contains(refused.str("errors.reservation_time"), "an hour") {
		t.Error(refused.body)
	}
	extend(visitor, `,"reservation_time":300`).want(t, http.StatusOK)
	extend(b, `,"reservation_time":3600`).want(t, http.StatusOK)
}

// TestWidgetKeysHearNothingOfPeople: whoever has a booking's or a hold's id moves or extends at most, and reads nobody's details.
func TestWidgetKeysHearNothingOfPeople(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	visitor, resource := b.widget(t), b.resource(t)
	project := b.project(t, "Haircut", `,"availability":{"length":"1 hour"}`, resource).str("data.id")
	through := fmt.Sprintf(`,"project_id":%q,"where":"Marty's","description":"Marty","participants":["marty@example.com"],"meta":{"of":"Marty"}`, project)
	const all = "?include=customers,attributes,meta,event,logs,customer_action_links,resource,calendar,available_actions,project,bulked_bookings"
	silent := func(a answer, links bool) {
		t.Helper()
		for _, personal := range []string{"Marty", "marty@", "McFly"} {
			if strings.Contains(a.body, personal) {
				t.Errorf("a widget key reads %q: %s", personal, a.body)
			}
		}
		if got := strings.Contains(a.body, "external_action"); got != links {
			t.Errorf("links are handed out: %t", got)
		}
	}
	id := b.book(t, resource, "instant", 9, through)
	move := func(path string, hour int) answer {
		return visitor.post(t, path, to(float64(hour)))
	}
	move("/v2/bookings/"+id+"/reschedule"+all, 12).refused(t, http.StatusForbidden, "forbidden")
	other := b.book(t, resource, "instant", 10, through)
	_, foreign, _ := strings.Cut(b.customerLink(t, other, "reschedule_by_customer"), "signature=")
	_, cancel, _ := strings.Cut(b.customerLink(t, id, "cancel_by_customer"), "signature=")
	_, own, _ := strings.Cut(b.customerLink(t, id, "reschedule_by_customer"), "signature=")
	for name, path := range map[string]string{
		"another booking's": "/v2/bookings/" + id + "/reschedule" + all + "&signature=" + foreign, "for another action": "/v2/bookings/" + id + "/reschedule?signature=" + cancel,
		"alone, for another action": "/v2/bookings/" + cancel + "/reschedule", "forged": "/v2/bookings/" + id + "/reschedule?signature=" + byHand(payload(id, "reschedule_by_customer", ""), "guessed"),
		"no token": "/v2/bookings/" + id + "/reschedule?signature=x", "torn": "/v2/bookings/" + own[:len(own)-3] + "/reschedule",
	} {
		if a := move(path, 12); a.status != http.StatusUnauthorized {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	if got := b.state(t, id); got != "confirmed" {
		t.Fatalf("the booking is %s", got)
	}
	moved := move("/v2/bookings/"+id+"/reschedule"+all+"&signature="+own, 12).want(t, http.StatusCreated)
	silent(moved, true)
	moved.promised(t, http.MethodPost, "/v2/bookings/{id}/reschedule")
	again := move(b.proven(t, moved.str("data.id"))+all, 13).want(t, http.StatusCreated)
	silent(again, true)
	b.get(t, "/v2/bookings/"+again.str("data.id")+"?include=customers").same(t, "data.customers.0.name", "Marty McFly")

	held := b.post(t, "/v2/bookings/reserve", request(resource, "instant", 20, through, `,"reservation_time":600`)).want(t, http.StatusCreated).str("data.reservation_id")
	silent(visitor.put(t, "/v2/bookings/reserve/extend"+all, fmt.Sprintf(`{"reservation_id":%q,"reservation_time":60}`, held)).want(t, http.StatusOK), false)

	b.put(t, "/v2/app", `{"settings":{"widget_reschedule_requires_proof":false}}`).want(t, http.StatusOK)
	silent(move("/v2/bookings/"+again.str("data.id")+"/reschedule"+all, 14).want(t, http.StatusCreated), false)
}

// TestRequiredFieldsAreAskedOfTheAPI as forms ask them: of browsers, not of the owner's backend, and not of a hold.
func TestRequiredFieldsAreAskedOfTheAPI(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	visitor, resource := b.widget(t), b.resource(t)
	project := b.project(t, "Haircut", `,"availability":{"length":"1 hour"},"customer_fields":{"name":{"required":true},"email":{"required":true,"format":"email"},
		"agree":{"format":"checkbox","required":true},"phone":{"title":"Telephone"},"seen":{"required":true,"readonly":true},"note":{"format":"label","required":true}}`, resource).str("data.id")
	hour := 0
	ask := func(who *bundle, path, customer, more string) answer {
		hour++
		start := time.Date(2030, 12, 1, hour, 0, 0, 0, time.UTC)
		return who.post(t, path, fmt.Sprintf(`{"project_id":%q,"resource_id":%q,"start":%q,"end":%q%s%s}`, project, resource,
			start.Format(time.RFC3339), start.Add(time.Hour).Format(time.RFC3339), customer, more))
	}
	for customer, fields := range map[string]string{
		"": "agree email name", `,"customer":{}`: "agree email name", `,"customer":{"name":""}`: "agree email name", `,"customer":{"name":"  ","email":null}`: "agree email name",
		`,"customer":{"name":"Marty","email":"marty@example.com"}`:               "agree",
		`,"customer":{"name":"Marty","email":"marty@example.com","agree":false}`: "agree",
		`,"customer":{"name":"Marty","email":"marty@example.com","agree":[]}`:    "agree",
		`,"customer":{"name":"Marty","email":"marty@","agree":true}`:             "email",
	} {
		refused := ask(visitor, "/v2/bookings", customer, "").refused(t, http.StatusUnprocessableEntity, "invalid")
		for _, field := range []string{"agree", "email", "name", "phone", "seen", "note"} {
			told := refused.at("errors.customer."+field) != nil || strings.Contains(refused.body, `"customer.`+field+`"`)
			if want := strings.Contains(fields, field); told != want {
				t.Errorf("%s: %s is told of: %t: %s", customer, field, told, refused.body)
			}
		}
	}
	for _, agreed := range []string{`true`, `"yes"`, `["on"]`, `[true]`} { // the widget sends a list
		ask(visitor, "/v2/bookings", `,"customer":{"name":"Marty","email":"marty@example.com","agree":`+agreed+`}`, "").want(t, http.StatusCreated)
	}
	ask(b, "/v2/bookings", "", "").want(t, http.StatusCreated)
	held := ask(visitor, "/v2/bookings/reserve", "", `,"reservation_time":600`).want(t, http.StatusCreated).str("data.reservation_id")
	taking := fmt.Sprintf(`{"project_id":%q,"reservation_id":%q`, project, held)
	visitor.post(t, "/v2/bookings", taking+`}`).refused(t, http.StatusUnprocessableEntity, "invalid")
	visitor.post(t, "/v2/bookings", taking+`,"customer":{"name":"Marty","email":"marty@example.com","agree":[true]}}`).want(t, http.StatusCreated)
}

// TestVisitorsChooseNoGraph: the project's, or the default; a hold is made at its own door.
func TestVisitorsChooseNoGraph(t *testing.T) {
	t.Parallel()
	b := tenant(t, `{"widget_requires_project":false}`)
	visitor, resource := b.widget(t), b.resource(t)
	for i, own := range []string{``, `,"booking":{"graph":"confirm_decline"}`} {
		project := b.project(t, "Haircut", `,"availability":{"length":"1 hour"}`+own, resource).str("data.id")
		for j, asked := range []string{"instant_payment", "reservation", "instant"} {
			made := visitor.post(t, "/v2/bookings", request(resource, asked, 1+3*i+j, fmt.Sprintf(`,"project_id":%q`, project))).want(t, http.StatusCreated)
			made.same(t, "data.graph", []string{"instant", "confirm_decline"}[i])
		}
	}
	visitor.post(t, "/v2/bookings", request(resource, "reservation", 20)).refused(t, http.StatusUnprocessableEntity, "invalid")
}
