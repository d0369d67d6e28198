package api

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
)

// reminderTo is a list of one reminder that is sent to an address before the booking.
func reminderTo(path string) string {
	return fmt.Sprintf(`[{"type":"webhook","settings":{"url":"https://hooks.example.com/%s","method":"post"},`+
		`"when":{"type":"before","unit":"mins","time":57}}]`, path)
}

// TestAWidgetKeySaysNothingOfHowBookingsBehave: each field that only a server key may fill changes nothing, on every way to book
// and to hold, with a project and without. With a server key it does change something.
func TestAWidgetKeySaysNothingOfHowBookingsBehave(t *testing.T) {
	t.Parallel()
	f := setup(t, withoutProjects)
	resource := f.resource(`[]`)
	project := f.project(resource, `,"availability":{"length":"1 hour"},"reminders":`+reminderTo("owner"))
	fields := map[string]string{
		"settings":            `{"buffer_seconds":600,"ignore_all_day_events":true,"timers":{"complete":"PT1M"}}`,
		"event_notifications": reminderTo("visitor"), "reminders": reminderTo("visitor"), "buffer": `"3 hours"`,
	}
	graph, _ := graphs.Named("instant", nil)
	for _, name := range graph.Switches() {
		fields[name] = `{"enabled":false}`
	}
	hour := 0
	kept := func(key, path, through, more string) string {
		hour += 4
		f.from = fmt.Sprintf("198.51.100.%d", hour/4) // or the visitor holds too much
		body := `{"graph":"instant",` + slot(resource, float64(hour), 1) + more
		if through != "" {
			body += fmt.Sprintf(`,"project_id":%q`, through)
		}
		id := f.post(key, path, body+`}`).id(t)
		return value[string](f, `SELECT (settings - 'allow_double_bookings')::text || (SELECT COALESCE(jsonb_agg(r.settings->'settings'->'url'), '[]')
			FROM reminders r WHERE r.booking_id = b.id)::text || COALESCE(reservation_id::text, '') FROM bookings b WHERE id = $1`, id)
	}
	for _, through := range []string{"", project} {
		for _, path := range []string{"/v2/bookings", "/v2/bookings/reserve"} {
			plain := kept(f.widget, path, through, "")
			want := `{}[]`
			if through == project && path == "/v2/bookings" {
				want = `{}["https://hooks.example.com/owner"]` // a hold tells nobody
			}
			if plain != want {
				t.Errorf("%s through %q keeps %s, want %s", path, through, plain, want)
			}
			for name, text := range fields {
				if got := kept(f.widget, path, through, fmt.Sprintf(`,%q:%s`, name, text)); got != plain {
					t.Errorf("%s with %s through %q keeps %s, want %s", path, name, through, got, plain)
				}
				if path == "/v2/bookings" && kept(f.server, path, through, fmt.Sprintf(`,%q:%s`, name, text)) == plain {
					t.Errorf("%s changes nothing with a server key: this test proves nothing", name)
				}
			}
		}
	}
	f.post(f.widget, "/v2/bookings", `{"graph":"instant","settings":{"allow_double_bookings":true},`+slot(resource, 2, 1)+`}`).
		refused(t, fault.Forbidden, "")
	through := fmt.Sprintf(`{"project_id":%q,"settings":{"allow_double_bookings":true},`, project)
	f.post(f.widget, "/v2/bookings", through+slot(resource, 2, 1)+`}`).want(t, http.StatusCreated)
	f.post(f.widget, "/v2/bookings", through+slot(resource, 2, 1)+`}`).refused(t, fault.SlotTaken, "")
}

// TestVisitorsChooseNothingThatTheirOwnerHasChosen: what the project says of its bookings stands above what a widget key sends, and the
// graph is the project's or the default. What the project asks of customers is asked of a booking, and not of a hold.
func TestVisitorsChooseNothingThatTheirOwnerHasChosen(t *testing.T) {
	t.Parallel()
	f := setup(t)
	resource := f.resource(`[]`)
	plain := f.project(resource, `,"availability":{"length":"1 hour"}`)
	strict := f.project(resource, `,"availability":{"length":"1 hour","buffer":"10 minutes"},"customer_fields":{"phone":{"required":true}},
		"booking":{"graph":"confirm_decline","what":"Haircut","where":"Main Street"}`)
	hour := 0.0
	ask := func(path, project, more string) answer {
		hour += 2
		return f.post(f.widget, path, fmt.Sprintf(`{"project_id":%q,"what":"Mine","where":"Here",%s%s}`, project, slot(resource, hour, 1), more))
	}
	kept := func(a answer) string {
		return value[string](f, `SELECT concat_ws(' ', graph, what, where_at, settings->'buffer_seconds') FROM bookings WHERE id = $1`, a.id(t))
	}
	const phone = `,"customer":{"name":"Marty","phone":"1"}`
	for _, graph := range []string{"", `,"graph":"instant_payment"`, `,"graph":"confirm_decline"`, `,"graph":"reservation"`} {
		if got := kept(ask("/v2/bookings", plain, graph)); got != "instant Mine Here" {
			t.Errorf("with%s it is %s", graph, got)
		}
		if got := kept(ask("/v2/bookings", strict, graph+phone+`,"buffer":"1 minute"`)); got != "confirm_decline Haircut Main Street 600" {
			t.Errorf("with%s it is %s", graph, got)
		}
	}
	ask("/v2/bookings", strict, `,"customer":{"name":"Marty"}`).refused(t, fault.Invalid, "customer.phone")
	if got := kept(ask("/v2/bookings/reserve", strict, "")); got != "reservation Haircut Main Street 600" {
		t.Errorf("a hold is %s", got)
	}
}

// TestAHoldTakesNoOthersPlace: who holds cannot name another hold, a session, or a graph.
func TestAHoldTakesNoOthersPlace(t *testing.T) {
	t.Parallel()
	f := setup(t, withoutProjects)
	resource := f.resource(`[]`)
	for _, key := range []string{f.server, f.widget} {
		held := f.post(f.server, "/v2/bookings/reserve", `{`+slot(resource, 1, 1)+`}`).id(t)
		for _, hour := range []float64{1, 2} {
			body := fmt.Sprintf(`{"graph":"instant","action":"create","reservation_id":%q,"related":{"owner_booking_id":%q},%s}`, held, held, slot(resource, hour, 1))
			a := f.post(key, "/v2/bookings/reserve", body)
			if hour == 1 {
				a.refused(t, fault.SlotTaken, "")
				continue
			}
			id := a.id(t)
			if got := value[string](f, `SELECT graph || COALESCE(COALESCE(reservation_id, owner_booking_id)::text, '') FROM bookings WHERE id = $1`, id); got != "reservation" {
				t.Errorf("a hold that names another is %s", got)
			}
			f.put(f.server, "/v2/bookings/"+id+"/release", "").want(t, http.StatusOK)
		}
		if got := value[string](f, `SELECT state FROM bookings WHERE id = $1`, held); got != "reserved" {
			t.Errorf("the hold that was named is %s", got)
		}
		f.put(f.server, "/v2/bookings/"+held+"/release", "").want(t, http.StatusOK)
	}
}

// TestWhatHasBegunIsClosedToCustomers: a booking is neither moved nor cancelled by its customer once its time has begun, by any door,
// and nobody but the owner takes a seat of a session that has. A moment before it begins all of that works.
func TestWhatHasBegunIsClosedToCustomers(t *testing.T) {
	t.Parallel()
	f := setup(t, withoutProjects)
	for _, begun := range []bool{true, false} {
		resource, hour := f.resource(`[]`), 0.0
		begin := func(id string) {
			if begun {
				f.sql(`UPDATE bookings SET start_at = now() - interval '1 minute', end_at = now() + interval '1 hour' WHERE id = $1`, id)
			}
		}
		book := func() string {
			hour += 2
			id := f.post(f.server, "/v2/bookings", `{"graph":"instant","what":"x",`+slot(resource, hour, 1)+`}`).id(t)
			begin(id)
			return id
		}
		held := func(what string, a answer, status int) {
			t.Helper()
			if begun {
				a.refused(t, fault.TooLate, "")
			} else if a.Code != status {
				t.Errorf("%s ahead of its time: %d %s", what, a.Code, a.Body)
			}
		}
		moved := book()
		to := `{` + slot(resource, 100, 1) + `}`
		held("a move", f.post(f.widget, "/v2/bookings/"+moved+"/reschedule?signature="+f.token(moved, booking.RescheduleAction), to), http.StatusCreated)
		cancelled := book()
		link := "/v2/bookings/" + cancelled + "/external_action/" + booking.CancelByCustomerAction + "?signature=" + f.token(cancelled, booking.CancelByCustomerAction)
		held("a look at a link", f.send("", http.MethodGet, link, ""), http.StatusOK)
		held("a link", f.post("", link, ""), http.StatusOK)
		owners := book()
		f.post("", "/v2/bookings/"+owners+"/external_action/cancel?signature="+f.token(owners, "cancel"), "").want(t, http.StatusOK)
		f.post(f.server, "/v2/bookings/"+book()+"/reschedule", `{`+slot(resource, 110, 1)+`}`).want(t, http.StatusCreated)
		f.put(f.server, "/v2/bookings/"+book()+"/"+booking.CancelByCustomerAction, "").want(t, http.StatusOK)

		hour += 2
		session := f.post(f.server, "/v2/bookings", `{"graph":"group_owner","what":"Yoga","settings":{"max_seats":4},`+slot(resource, hour, 1)+`}`).id(t)
		begin(session)
		for _, graph := range []string{"group_customer", "group_customer_payment"} {
			seat := fmt.Sprintf(`{"graph":%q,"related":{"owner_booking_id":%q},"customer":{"name":"x"}}`, graph, session)
			if a := f.post(f.widget, "/v2/bookings", seat); begun {
				a.refused(t, fault.SessionClosed, "")
			} else {
				a.want(t, http.StatusCreated)
			}
			f.post(f.server, "/v2/bookings", seat).want(t, http.StatusCreated)
		}
	}
}

// TestVisitorsPickWithinTheProject: its last day, its resources, and what it has lost, on each way to book.
func TestVisitorsPickWithinTheProject(t *testing.T) {
	t.Parallel()
	f := setup(t)
	resource, stranger := f.resource(`[]`), f.resource(`[]`)
	project := f.project(resource, fmt.Sprintf(`,"availability":{"length":"1 hour","timeslot_increments":"1 hour","to":%q}`, noon.Add(10*time.Hour).Format(time.RFC3339)))
	through := func(slot string) string { return fmt.Sprintf(`{"project_id":%q,%s}`, project, slot) }
	for _, path := range []string{"/v2/bookings", "/v2/bookings/reserve"} {
		f.post(f.widget, path, through(slot(resource, 10, 1))).refused(t, fault.Invalid, "start") // after the end of the window
		f.post(f.widget, path, through(slot(resource, 9.5, 1))).refused(t, fault.Invalid, "start")
		f.post(f.widget, path, through(slot(resource, 1, 2))).refused(t, fault.Invalid, "end")
		f.post(f.widget, path, through(slot(stranger, 1, 1))).refused(t, fault.Invalid, "resource_id")
		f.post(f.widget, path, `{"graph":"instant",`+slot(resource, 1, 1)+`}`).refused(t, fault.Invalid, "project_id")
	}
	f.post(f.widget, "/v2/bookings", through(slot(resource, 9, 1))).want(t, http.StatusCreated) // the last of the window
	f.post(f.widget, "/v2/bookings/reserve", through(slot(resource, 8, 1))).want(t, http.StatusCreated)
	id := f.post(f.widget, "/v2/bookings", through(slot(resource, 7, 1))).id(t)
	long := f.post(f.server, "/v2/bookings", through(slot(resource, 5, 1.5))).id(t)
	move := func(id string, hour, hours float64) answer {
		return f.post(f.widget, "/v2/bookings/"+id+"/reschedule?signature="+f.token(id, booking.RescheduleAction), `{`+slot(resource, hour, hours)+`}`)
	}
	move(id, 12, 1).refused(t, fault.Invalid, "start")
	move(id, 2, 1.5).refused(t, fault.Invalid, "end")
	move(long, 12, 1.5).refused(t, fault.Invalid, "start")
	move(long, 2, 2).refused(t, fault.Invalid, "end")
	move(long, 2, 1.5).want(t, http.StatusCreated) // as long as its owner made it

	f.send(f.server, http.MethodDelete, "/v2/projects/"+project+"/resources/"+resource, "").want(t, http.StatusNoContent)
	for _, path := range []string{"/v2/bookings", "/v2/bookings/reserve"} {
		f.post(f.widget, path, through(slot(resource, 4, 1))).refused(t, fault.Invalid, "resource_id")
	}
	move(id, 4, 1).refused(t, fault.Invalid, "resource_id")
	for _, path := range []string{"/v2/availability", "/v2/availability/dates"} {
		if a := f.post(f.widget, path, fmt.Sprintf(`{"project_id":%q}`, project)).want(t, http.StatusOK); a.Body.String() != `{"data":[]}` {
			t.Errorf("a project without resources offers: %.300s", a.Body)
		}
	}
}

// TestVisitorsPickWithoutAProject: by the resource's own rules, also with a hold of another time, and never for longer than a day.
func TestVisitorsPickWithoutAProject(t *testing.T) {
	t.Parallel()
	f := setup(t, withoutProjects)
	open, resource := f.resource(`[]`), f.resource(`[{"allow_hours":{"start":12,"end":17}}]`)
	for _, path := range []string{"/v2/bookings", "/v2/bookings/reserve"} {
		f.post(f.widget, path, `{"graph":"instant",`+slot(resource, -1, 1)+`}`).refused(t, fault.Invalid, "start")
		f.post(f.widget, path, `{"graph":"instant",`+slot(resource, 4.5, 1)+`}`).refused(t, fault.Invalid, "start")
		f.post(f.widget, path, `{"graph":"instant",`+slot(open, 0, 24.01)+`}`).refused(t, fault.Invalid, "end")
		f.post(f.widget, path, `{"graph":"instant",`+slot(open, -100, 1)+`}`).refused(t, fault.Invalid, "start") // past
	}
	f.post(f.widget, "/v2/bookings", `{"graph":"instant",`+slot(open, 0, 24)+`}`).want(t, http.StatusCreated)
	held := f.post(f.widget, "/v2/bookings/reserve", `{`+slot(resource, 1, 1)+`}`).id(t)
	taking := fmt.Sprintf(`{"graph":"instant","what":"x","reservation_id":%q`, held)
	f.post(f.widget, "/v2/bookings", taking+`,`+slot(resource, -1, 1)+`}`).refused(t, fault.Invalid, "start")
	start := fmt.Sprintf(`,"start":%q,"end":%q}`, noon.Add(-time.Hour).Format(time.RFC3339), noon.Format(time.RFC3339))
	f.post(f.widget, "/v2/bookings", taking+start).refused(t, fault.Invalid, "start") // of the hold's resource
	f.post(f.widget, "/v2/bookings", taking+`}`).want(t, http.StatusCreated)
}

// TestAHoldStandsForItsOwnProjectOnly: a time that one project offers is not booked through another one that does not, nor without
// any, by way of a hold. What the owner holds for somebody is theirs.
func TestAHoldStandsForItsOwnProjectOnly(t *testing.T) {
	t.Parallel()
	f := setup(t)
	resource := f.resource(`[]`)
	wide := f.project(resource, `,"availability":{"length":"1 hour"}`)
	narrow := f.project(resource, `,"availability":{"length":"1 hour"},"availability_constraints":[{"allow_hours":{"start":1,"end":3}}]`)
	hold := func(key, project string, hour float64) string {
		return f.post(key, "/v2/bookings/reserve", fmt.Sprintf(`{"project_id":%q,%s}`, project, slot(resource, hour, 1))).id(t)
	}
	take := func(project, hold string) answer {
		return f.post(f.widget, "/v2/bookings", fmt.Sprintf(`{"project_id":%q,"reservation_id":%q}`, project, hold))
	}
	held := hold(f.widget, wide, 1)
	take(narrow, held).refused(t, fault.Invalid, "start")
	f.post(f.widget, "/v2/bookings", fmt.Sprintf(`{"graph":"instant","what":"x","reservation_id":%q}`, held)).refused(t, fault.Invalid, "project_id")
	take(wide, held).want(t, http.StatusCreated)
	kept := hold(f.server, narrow, 5) // out of hours, as its owner likes
	take(narrow, kept).want(t, http.StatusCreated)
	f.post(f.widget, "/v2/bookings/reserve", fmt.Sprintf(`{"project_id":%q,%s}`, narrow, slot(resource, 7, 1))).refused(t, fault.Invalid, "start")
}
