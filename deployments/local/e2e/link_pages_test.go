package e2e_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// moveApp is an app with a booking from 10:00 to 11:00 in Berlin on a day ahead, and a link for its customer to reschedule it.
func moveApp(t *testing.T, settings, graph string) (b *bundle, id, link string) {
	t.Helper()
	b = tenant(t, settings)
	project := b.project(t, "Haircuts", mornings+`,"booking":{"graph":"`+graph+`"}`, b.resource(t)).str("data.id")
	day := time.Now().AddDate(0, 0, 3).In(berlin)
	at := func(hour int) string {
		return time.Date(day.Year(), day.Month(), day.Day(), hour, 0, 0, 0, berlin).Format(time.RFC3339)
	}
	made := b.post(t, "/v2/bookings", `{"project_id":"`+project+`","resource_id":"`+b.get(t, "/v2/projects/"+project+"/resources").str("data.0.id")+
		`","start":"`+at(10)+`","end":"`+at(11)+`","what":"Haircut","customer":{"name":"Marty McFly","email":"marty@example.com"}}`).want(t, http.StatusCreated)
	id = made.str("data.id")
	if graph != "instant" {
		b.put(t, "/v2/bookings/"+id+"/confirm", `{}`).want(t, http.StatusOK)
	}
	return b, id, b.customerLink(t, id, "reschedule_by_customer")
}

// TestALinkToRescheduleMoves in one step, whatever the app's settings: the old time is kept until there is another.
func TestALinkToRescheduleMoves(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ settings, graph, redirect, warns, title string }{
		"page":            {plain, "instant", "", "", "Your booking"},
		"page-redirect":   {`{"redirect_hosts":["example.com"]}`, "instant", "&redirect=https://example.com/again", "", "Your booking"},
		"click":           {oneClick, "instant", "", "", "Your booking"},
		"click-elsewhere": {oneClick, "instant", "&redirect=https://evil.example/", "", "Your booking"},
		"confirm-anew":    {plain, "confirm_decline", "", "until the new one is confirmed no time is held", "Not confirmed yet"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, id, link := moveApp(t, c.settings, c.graph)
			visitor := b.anonymous()
			link += c.redirect
			picker := visitor.get(t, link).want(t, http.StatusOK).says(t, "Choose another time", "It stays yours until you have chosen another.")
			visitor.call(t, http.MethodHead, link, "").want(t, http.StatusOK)
			ask := visitor.get(t, picker.slots(t)[1].href).want(t, http.StatusOK).says(t, "Change to this time?", "Until now it was", c.warns)
			if got := b.state(t, id); got != "confirmed" {
				t.Fatalf("a look has made it %s", got)
			}
			var to string
			for range 2 {
				to = visitor.submit(t, actionOf(t, ask), ask.form(nil)).want(t, http.StatusSeeOther).header.Get("Location")
			}
			done := visitor.get(t, to).want(t, http.StatusOK).says(t, c.title, picker.slots(t)[1].text)
			next := b.get(t, "/v2/bookings/"+id+"?include=related").want(t, http.StatusOK)
			if got := next.str("data.state"); got != "rescheduled_by_customer" {
				t.Errorf("the old one is %s", got)
			}
			var standing int
			b.record(t, &standing, `SELECT count(*) FROM bookings n JOIN bookings o ON o.rescheduled_to = n.id WHERE o.id = $1 AND NOT n.completed`, id)
			if standing != 1 {
				t.Errorf("%d bookings stand in its place", standing)
			}
			if c.graph == "instant" {
				visitor.get(t, done.leads(t, "Choose another time")).want(t, http.StatusOK).says(t, "It stays yours")
			}
		})
	}
}

// TestALinkToRescheduleIsRefused where the time is lost meanwhile, was never offered, has begun, or comes from another site; the
// booking keeps its time.
func TestALinkToRescheduleIsRefused(t *testing.T) {
	t.Parallel()
	b, id, link := moveApp(t, plain, "instant")
	visitor := b.anonymous()
	picker := visitor.get(t, link).want(t, http.StatusOK)
	wanted := picker.slots(t)[2]
	ask := visitor.get(t, wanted.href).want(t, http.StatusOK)
	send := func(change map[string]string, headers ...string) answer {
		return visitor.submit(t, actionOf(t, ask), ask.form(change), headers...)
	}
	send(nil, "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site").want(t, http.StatusForbidden)
	to := send(map[string]string{"start": wanted.at.Add(5 * time.Hour).Format(time.RFC3339)}).want(t, http.StatusSeeOther).header.Get("Location")
	visitor.get(t, to).want(t, http.StatusOK).says(t, "This time is not offered any more.")
	resource := ask.form(nil).Get("resource")
	b.post(t, "/v2/bookings", `{"graph":"instant","resource_id":"`+resource+`","what":"x","start":"`+wanted.at.Format(time.RFC3339)+
		`","end":"`+wanted.at.Add(time.Hour).Format(time.RFC3339)+`"}`).want(t, http.StatusCreated)
	to = send(nil).want(t, http.StatusSeeOther).header.Get("Location")
	visitor.get(t, to).want(t, http.StatusOK).says(t, "This time has been taken meanwhile.", "It stays yours")
	if got := b.state(t, id); got != "confirmed" {
		t.Errorf("it is %s", got)
	}
}

// TestALinkWithoutAProject offers what the resource's own rules allow, and nothing where there are none: the page says so.
func TestALinkWithoutAProject(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	visitor := b.anonymous()
	resource := b.resource(t)
	id := b.book(t, resource, "instant", 9)
	link := b.customerLink(t, id, "reschedule_by_customer")
	visitor.get(t, link).want(t, http.StatusOK).says(t, "Your booking", "No other times are offered here. Please ask Barber & Co")
	b.put(t, "/v2/resources/"+resource, `{"availability_constraints":[{"allow_hours":{"start":9,"end":11}}]}`).want(t, http.StatusOK)
	picker := visitor.get(t, link+"&from=2030-12-02").want(t, http.StatusOK).says(t, "It stays yours")
	for _, slot := range picker.slots(t) {
		if slot.text != "09:00" && slot.text != "10:00" {
			t.Errorf("%s is offered", slot.label)
		}
	}
	if got := b.state(t, id); got != "confirmed" {
		t.Errorf("it is %s", got)
	}
}

// TestTimekitsRescheduleIsKept for programs, and for apps whose own page awaits the visitor behind a one_click link.
func TestTimekitsRescheduleIsKept(t *testing.T) {
	t.Parallel()
	b, id, link := moveApp(t, oneClick, "instant")
	sent := b.anonymous().get(t, link+"&redirect=https://example.com/again").want(t, http.StatusFound)
	if sent.header.Get("Location") != "https://example.com/again" || b.state(t, id) != "rescheduled_by_customer" {
		t.Errorf("%v, %s", sent.header, b.state(t, id))
	}
	b, id, link = moveApp(t, plain, "instant")
	b.anonymous().get(t, link, "Accept", "application/json").want(t, http.StatusOK).same(t, "data.confirm", "POST to this address")
	b.anonymous().post(t, link, "", "Accept", "application/json").want(t, http.StatusOK)
	if got := b.state(t, id); got != "rescheduled_by_customer" {
		t.Errorf("a program's POST has left it %s", got)
	}
}

// TestConfirmPagesSayWhat is decided: to the owner also for whom, to nobody once the link was used. Their button leads to a
// page that can be loaded again.
func TestConfirmPagesSayWhat(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	visitor := b.anonymous()
	resource := b.resource(t)
	id := b.book(t, resource, "confirm_decline", 9)
	confirm := linkPath(id, "confirm", byHand(payload(id, "confirm", ""), b.key))
	page := visitor.get(t, confirm).want(t, http.StatusOK).says(t, "Haircut", "Marty", "Chair one", "Europe/Berlin", "Tentative")
	to := visitor.submit(t, actionOf(t, page), page.form(nil)).want(t, http.StatusSeeOther).header.Get("Location")
	for range 2 {
		visitor.get(t, to).want(t, http.StatusOK).says(t, "Done", "Confirmed")
	}
	if used := visitor.get(t, confirm).want(t, http.StatusConflict).says(t, "Already used"); strings.Contains(used.body, "Marty") {
		t.Error("a used link names the customer")
	}
	back := visitor.submit(t, actionOf(t, page), page.form(nil)).want(t, http.StatusSeeOther).header.Get("Location")
	visitor.get(t, back).want(t, http.StatusConflict).says(t, "Already used")
	customers := visitor.get(t, b.customerLink(t, id, "cancel_by_customer")).want(t, http.StatusOK).says(t, "Haircut", "Chair one")
	if strings.Contains(customers.body, "Marty") || strings.Contains(customers.body, "marty@") {
		t.Error("a customer's link names the customer")
	}
}

// TestATakenTimeCanBeDeclined from the page that says so.
func TestATakenTimeCanBeDeclined(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	visitor := b.anonymous()
	resource := b.resource(t)
	id := b.book(t, resource, "confirm_decline", 9)
	confirm := linkPath(id, "confirm", byHand(payload(id, "confirm", ""), b.key))
	page := visitor.get(t, confirm).want(t, http.StatusOK)
	b.book(t, resource, "instant", 9)
	to := visitor.submit(t, actionOf(t, page), page.form(nil)).want(t, http.StatusSeeOther).header.Get("Location")
	taken := visitor.get(t, to).want(t, http.StatusConflict).says(t, "The time is taken", "Marty", "Haircut")
	decline := visitor.get(t, taken.leads(t, "Decline the booking")).want(t, http.StatusOK).says(t, "Decline the booking?")
	done := visitor.submit(t, actionOf(t, decline), decline.form(nil)).want(t, http.StatusSeeOther).header.Get("Location")
	visitor.get(t, done).want(t, http.StatusOK).says(t, "Done", "Declined")
	if got := b.state(t, id); got != "declined" {
		t.Errorf("it is %s", got)
	}
}
