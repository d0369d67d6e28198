package e2e_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

// inDays is the body of a booking of an hour by a project, so many days from now at a time of the day in Berlin.
func inDays(t testing.TB, project, resource string, days int, clock string, more string) string {
	t.Helper()
	start, err := time.ParseInLocation("2006-01-02 15:04", time.Now().In(berlin).AddDate(0, 0, days).Format("2006-01-02 ")+clock, berlin)
	if err != nil {
		t.Fatal(err)
	}
	return at(project, resource, start, more)
}

func at(project, resource string, start time.Time, more string) string {
	text := fmt.Sprintf(`{"resource_id":%q,"start":%q,"end":%q,"customer":{"name":"Marty McFly","email":"marty@example.com"}%s`,
		resource, start.Format(time.RFC3339), start.Add(time.Hour).Format(time.RFC3339), more)
	if project != "" {
		text += fmt.Sprintf(`,"project_id":%q,"graph":"instant"`, project)
	}
	return text + "}"
}

// notOffered fails the test unless the answer says that the project does not offer this time.
func (a answer) notOffered(t testing.TB) {
	t.Helper()
	a.refused(t, http.StatusUnprocessableEntity, "invalid")
	if got := a.str("errors.start.0"); got != "is not a time this project offers" {
		t.Errorf("start: %q", got)
	}
}

const nineToFive = `,"availability":{"length":"1 hour","to":"2 weeks"},"availability_constraints":[{"allow_hours":{"start":9,"end":17}}],
	"booking":{"graph":"instant"}`

// TestVisitorsBookWhatAProjectOffers: the rules hold for whoever asks without looking, too. The owner's backend is free.
func TestVisitorsBookWhatAProjectOffers(t *testing.T) {
	t.Parallel()
	b := tenant(t, `{"widget_requires_project":false}`)
	visitor, resource := b.widget(t), b.resource(t)
	b.put(t, "/v2/resources/"+resource, `{"availability_constraints":[{"block_hours":{"start":12,"end":13}}]}`).want(t, http.StatusOK)
	project := b.project(t, "Nine to five", nineToFive, resource).str("data.id")
	ask := func(days int, clock string) answer {
		t.Helper()
		return visitor.post(t, "/v2/bookings", inDays(t, project, resource, days, clock, ""))
	}
	ask(2, "09:00").want(t, http.StatusCreated)
	ask(2, "16:00").want(t, http.StatusCreated)
	for _, clock := range []string{"08:00", "08:59", "10:07", "10:30", "16:01", "20:00", "11:30", "12:00", "12:59"} {
		ask(4, clock).notOffered(t)
		visitor.post(t, "/v2/bookings/reserve", inDays(t, project, resource, 4, clock, "")).notOffered(t)
	}
	ask(-1, "10:00").refused(t, http.StatusUnprocessableEntity, "invalid").same(t, "errors.start.0", "is in the past")
	ask(20, "10:00").notOffered(t) // nor next month, here
	ask(2, "09:00").refused(t, http.StatusConflict, "slot_taken")
	alone := `,"graph":"instant","project_id":null`
	visitor.post(t, "/v2/bookings", inDays(t, "", resource, 4, "20:00", alone)).want(t, http.StatusCreated)
	for _, clock := range []string{"12:00", "11:30", "12:59"} { // the resource's own rules hold all the same
		visitor.post(t, "/v2/bookings", inDays(t, "", resource, 5, clock, alone)).refused(t, http.StatusUnprocessableEntity, "invalid")
	}
	visitor.post(t, "/v2/bookings", inDays(t, "", resource, -1, "10:00", alone)).refused(t, http.StatusUnprocessableEntity, "invalid")
	for _, end := range []string{"+25 hours", "+1 year"} {
		visitor.post(t, "/v2/bookings", longer(t, inDays(t, "", resource, 6, "13:00", alone), end)).refused(t, http.StatusUnprocessableEntity, "invalid")
	}
	b.post(t, "/v2/bookings", inDays(t, project, resource, 5, "20:00", "")).want(t, http.StatusCreated)
	b.post(t, "/v2/bookings", inDays(t, project, resource, -1, "12:00", "")).want(t, http.StatusCreated)
}

// TestVisitorsRescheduleToWhatTheProjectOffers: the old booking tells which project that is.
func TestVisitorsRescheduleToWhatTheProjectOffers(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	visitor, resource := b.widget(t), b.resource(t)
	project := b.project(t, "Nine to five", nineToFive, resource).str("data.id")
	id := visitor.post(t, "/v2/bookings", inDays(t, project, resource, 2, "09:00", "")).want(t, http.StatusCreated).str("data.id")
	path := b.proven(t, id)
	visitor.post(t, path, inDays(t, "", resource, 2, "08:30", "")).notOffered(t)
	if got := b.state(t, id); got != "confirmed" {
		t.Errorf("the booking is %s", got)
	}
	moved := visitor.post(t, path, inDays(t, "", resource, 3, "10:00", "")).want(t, http.StatusCreated)
	again := b.post(t, "/v2/bookings/"+moved.str("data.id")+"/reschedule", inDays(t, "", resource, 3, "20:00", "")).want(t, http.StatusCreated)
	b.call(t, http.MethodDelete, "/v2/projects/"+project, "").want(t, http.StatusNoContent)
	orphan := b.proven(t, again.str("data.id"))
	visitor.post(t, orphan, inDays(t, "", resource, 3, "21:00", "")).refused(t, http.StatusUnprocessableEntity, "invalid")
}

// TestVisitorsHaveAWhileToBook: what was offered a moment ago is still good, and a hold is judged when it is made.
func TestVisitorsHaveAWhileToBook(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	visitor, resource := b.widget(t), b.resource(t)
	notice := b.project(t, "With notice", `,"availability":{"from":"5 hours","round_to_nearest_hour":false},"booking":{"graph":"instant"}`, resource).str("data.id")
	from := time.Now().Add(5 * time.Hour).Truncate(time.Second)
	visitor.post(t, "/v2/bookings", at(notice, resource, from.Add(-20*time.Minute), "")).notOffered(t)
	visitor.post(t, "/v2/bookings", at(notice, resource, from.Add(-10*time.Minute), "")).want(t, http.StatusCreated)
	strict := b.project(t, "Nine to five", nineToFive, resource).str("data.id")
	late := inDays(t, strict, resource, 3, "20:00", "")
	hold := b.post(t, "/v2/bookings/reserve", late).want(t, http.StatusCreated).str("data.reservation_id") // the owner keeps it for somebody
	taken := fmt.Sprintf(`{"project_id":%q,"reservation_id":%q`, strict, hold)
	visitor.post(t, "/v2/bookings", taken+inDays(t, "", resource, 3, "21:00", "")[len(`{"resource_id":"`)+len(resource)+1:]).notOffered(t)
	visitor.post(t, "/v2/bookings", taken+`,"customer":{"name":"Marty McFly","email":"marty@example.com"}}`).want(t, http.StatusCreated)
}

// TestSeatsAreOfferedByTheirSession, whatever the hours of the project that sells them.
func TestSeatsAreOfferedByTheirSession(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	visitor, resource := b.widget(t), b.resource(t)
	project := b.project(t, "Evening class", `,"availability_constraints":[{"allow_hours":{"start":9,"end":17}}],"booking":{"graph":"group_customer"}`, resource).str("data.id")
	session := b.post(t, "/v2/bookings", inDays(t, "", resource, 4, "20:00",
		fmt.Sprintf(`,"graph":"group_owner","project_id":%q,"settings":{"max_seats":2}`, project))).want(t, http.StatusCreated).str("data.id")
	visitor.post(t, "/v2/bookings", fmt.Sprintf(`{"project_id":%q,"related":{"owner_booking_id":%q},"customer":{"name":"Marty McFly","email":"marty@example.com"}}`,
		project, session)).want(t, http.StatusCreated)
}

// TestAWindowEndsWhereItsLastVisitorSeesIt: a date is not over for everybody at once.
func TestAWindowEndsWhereItsLastVisitorSeesIt(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	visitor, resource := b.widget(t), b.resource(t)
	project := b.project(t, "Until the second", `,"availability":{"length":"1 hour","from":"2030-12-01","to":"2030-12-02"},"booking":{"graph":"instant"}`, resource).str("data.id")
	question := fmt.Sprintf(`{"project_id":%q,"output_timezone":"Pacific/Honolulu"}`, project)
	shown := visitor.post(t, "/v2/availability", question).want(t, http.StatusOK)
	if got := shown.str("data.23.start"); got != "2030-12-01T23:00:00-10:00" {
		t.Fatalf("the last of the day in Hawaii is %q", got)
	}
	last := time.Date(2030, 12, 2, 9, 0, 0, 0, time.UTC)
	visitor.post(t, "/v2/bookings", at(project, resource, last, "")).want(t, http.StatusCreated)
	visitor.post(t, "/v2/bookings", at(project, resource, last.Add(4*time.Hour), "")).notOffered(t)
}

// TestVisitorsBookTheProjectsResources and no others of the app; the owner's backend may.
func TestVisitorsBookTheProjectsResources(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	visitor, own, other := b.widget(t), b.resource(t), b.resource(t)
	project := b.project(t, "Mine", nineToFive, own).str("data.id")
	refused := visitor.post(t, "/v2/bookings", inDays(t, project, other, 2, "09:00", "")).refused(t, http.StatusUnprocessableEntity, "invalid")
	refused.same(t, "errors.resource_id.0", "is not a resource of this project")
	made := visitor.post(t, "/v2/bookings", inDays(t, project, own, 2, "09:00", "")).want(t, http.StatusCreated)
	b.post(t, "/v2/bookings", inDays(t, project, other, 2, "09:00", "")).want(t, http.StatusCreated)
	path := b.proven(t, made.str("data.id"))
	visitor.post(t, path, inDays(t, "", other, 3, "09:00", "")).refused(t, http.StatusUnprocessableEntity, "invalid")
	draft := b.project(t, "Nobody's", nineToFive).str("data.id")
	visitor.post(t, "/v2/bookings", inDays(t, draft, other, 4, "09:00", "")).refused(t, http.StatusUnprocessableEntity, "invalid")
}
