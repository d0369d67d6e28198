package e2e_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// became are the mails of a booking: kind, side, status and code, once none waits any more and so many are there.
func (p *postOffice) became(t testing.TB, id string, count int) (list []string) {
	t.Helper()
	eventually(t, fmt.Sprintf("%d mails", count), func() bool {
		a := p.get(t, "/v2/mails?booking_id="+id).want(t, http.StatusOK)
		list = nil
		for i := range strings.Count(a.body, `"event_id"`) {
			one := fmt.Sprintf("data.%d.", i)
			list = append(list, strings.TrimSpace(strings.Join([]string{a.str(one + "kind"), a.str(one + "to"), a.str(one + "status"), a.str(one + "last_error")}, " ")))
		}
		return len(list) == count && !strings.Contains(a.body, `"status":"pending"`)
	})
	slices.Sort(list)
	return list
}

func (p *postOffice) wantMails(t testing.TB, what, id string, want ...string) {
	t.Helper()
	slices.Sort(want)
	if got := p.became(t, id, len(want)); !slices.Equal(got, want) {
		t.Errorf("%s:\n got %s\nwant %s", what, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

// TestSwitchesOfMails: a booking's and a project's, in Timekit's words, and the setting of the app.
func TestSwitchesOfMails(t *testing.T) {
	t.Parallel()
	p := startPostOffice(t)
	const off = `:{"enabled":false}`
	project := p.project(t, "Haircut", `,"booking":{"graph":"confirm_decline","notify_customer_by_email"`+off+`,"send_confirm_decline_email_to_owner"`+off+`},"availability":{"from":"now"}`).str("data.id")
	p.post(t, "/v2/projects/"+project+"/resources", fmt.Sprintf(`{"resource_id":%q}`, p.resource)).want(t, http.StatusCreated)
	through := p.book(t, p.resource, "confirm_decline", 9, fmt.Sprintf(`,"project_id":%q,"send_confirm_decline_email_to_owner":{"enabled":true}`, project))
	p.wantMails(t, "the project's, under the booking's", through,
		"booking_requested owner delivered", "request_received customer cancelled switched_off")

	declined := p.book(t, p.resource, "confirm_decline", 11, `,"notify_customer_declined_by_email"`+off)
	p.became(t, declined, 2)
	p.put(t, "/v2/bookings/"+declined+"/decline", "").want(t, http.StatusOK)
	p.wantMails(t, "declined", declined, "booking_requested owner delivered", "request_received customer delivered",
		"booking_declined customer cancelled switched_off")

	instant := p.post(t, "/v2/bookings", request(p.resource, "instant", 13, `,"notify_owner_by_email"`+off)).want(t, http.StatusCreated).str("data.id")
	p.wantMails(t, "instant", instant, "booking_confirmed owner cancelled switched_off", "booking_confirmed customer delivered")
	moved := p.post(t, "/v2/bookings/"+instant+"/reschedule", `{"start":"2030-12-01T15:00:00Z","end":"2030-12-01T16:00:00Z"}`).want(t, http.StatusCreated).str("data.id")
	p.wantMails(t, "moved", moved, "booking_rescheduled owner cancelled switched_off", "booking_rescheduled customer delivered")

	p.post(t, "/v2/bookings", request(p.resource, "instant", 17, `,"notify_owner_by_email":7`)).refused(t, http.StatusUnprocessableEntity, "invalid")
	p.post(t, "/v2/bookings", request(p.resource, "instant", 17, `,"settings":{"mails_off":["x"]}`)).refused(t, http.StatusUnprocessableEntity, "invalid")

	p.put(t, "/v2/app", `{"settings":{"disableEmail":true}}`).want(t, http.StatusOK)
	p.wantMails(t, "the app's", p.book(t, p.resource, "instant", 17), "booking_confirmed owner cancelled disabled", "booking_confirmed customer cancelled disabled")
}

// TestNotify: each request says who gets the mails that it makes, and no other request of that booking is bound by it. Webhooks come in any
// case.
func TestNotify(t *testing.T) {
	t.Parallel()
	p := startPostOffice(t)
	hears := newReceiver(t, ok)
	p.webhook(t, hears.URL, "")
	id := p.book(t, p.resource, "instant", 9, `,"notify":false`)
	p.wantMails(t, "nobody", id, "booking_confirmed owner cancelled not_notified", "booking_confirmed customer cancelled not_notified")
	moved := p.post(t, "/v2/bookings/"+id+"/reschedule", `{"start":"2030-12-01T15:00:00Z","end":"2030-12-01T16:00:00Z","notify":["customer"]}`).want(t, http.StatusCreated).str("data.id")
	p.wantMails(t, "the customer", moved, "booking_rescheduled owner cancelled not_notified", "booking_rescheduled customer delivered")
	p.put(t, "/v2/bookings/"+moved+"/cancel", `{"notify":["owner"]}`).want(t, http.StatusOK)
	p.wantMails(t, "the owner", moved, "booking_rescheduled owner cancelled not_notified", "booking_rescheduled customer delivered",
		"booking_cancelled owner delivered", "booking_cancelled customer cancelled not_notified")
	if got := hears.waitFor(t, 4); len(got) != 4 {
		t.Errorf("%d webhooks, want 4", len(got))
	}

	bulk := p.post(t, "/v2/bookings/bulk", `{"bookings":[`+request(p.resource, "instant", 17, `,"notify":["owner"]`)+`,`+request(p.resource, "instant", 19)+`]}`).want(t, http.StatusCreated)
	p.wantMails(t, "the first of several", bulk.str("data.0.booking.id")+bulk.str("data.0.id"), "booking_confirmed owner delivered", "booking_confirmed customer cancelled not_notified")

	session := p.post(t, "/v2/bookings", request(p.resource, "group_owner", 11, `,"settings":{"max_seats":2}`)).want(t, http.StatusCreated).str("data.id")
	seat := p.post(t, "/v2/bookings", fmt.Sprintf(`{"graph":"group_customer","related":{"owner_booking_id":%q},"customer":{"name":"Doc","email":"doc@example.com"}}`, session)).want(t, http.StatusCreated).str("data.id")
	p.became(t, seat, 2)
	p.put(t, "/v2/bookings/"+session+"/cancel", `{"notify":false}`).want(t, http.StatusOK)
	p.wantMails(t, "the seats", seat, "booking_confirmed owner delivered", "booking_confirmed customer delivered",
		"booking_cancelled owner cancelled not_notified", "booking_cancelled customer cancelled not_notified")

	for _, wrong := range []string{`"customer"`, `["everybody"]`, `7`, `{}`} {
		p.post(t, "/v2/bookings", request(p.resource, "instant", 21, `,"notify":`+wrong)).refused(t, http.StatusUnprocessableEntity, "invalid")
	}
	p.put(t, "/v2/app", `{"settings":{"widget_requires_project":false,"widget_reschedule_requires_proof":false}}`).want(t, http.StatusOK)
	visitor := p.widget(t)
	visitor.post(t, "/v2/bookings", request(p.resource, "instant", 21, `,"notify":false`)).refused(t, http.StatusForbidden, "forbidden")
	free := p.book(t, p.resource, "instant", 22)
	visitor.post(t, "/v2/bookings/"+free+"/reschedule", `{"start":"2030-12-01T23:00:00Z","end":"2030-12-01T23:30:00Z","notify":false}`).refused(t, http.StatusForbidden, "forbidden")
}

// TestSilentEnds: a mail of the change before, which waits, is not sent because the later one is not.
func TestSilentEnds(t *testing.T) {
	t.Parallel()
	p := startPostOffice(t, "HOLDFAST_MAIL_DELAY=5s")
	id := p.book(t, p.resource, "instant", 9)
	p.put(t, "/v2/bookings/"+id+"/cancel", `{"notify":false}`).want(t, http.StatusOK)
	p.wantMails(t, "the end", id, "booking_confirmed owner cancelled passed", "booking_confirmed customer cancelled passed",
		"booking_cancelled owner cancelled not_notified", "booking_cancelled customer cancelled not_notified")
	if n := len(p.mailbox.Mails()); n != 0 {
		t.Errorf("%d mails", n)
	}
}

// TestQuietHours: reminders wait for the morning of their receiver, and come to nothing where that is too late. Other mails come at night.
func TestQuietHours(t *testing.T) {
	t.Parallel()
	p := startPostOffice(t).laboratory(t)
	for body, status := range map[string]int{
		`{"from":"21:00","to":"21:00"}`: http.StatusUnprocessableEntity, `{"from":"9:00","to":"24:00"}`: http.StatusUnprocessableEntity, `7`: http.StatusUnprocessableEntity,
	} {
		p.put(t, "/v2/app", `{"settings":{"quiet_hours":`+body+`}}`).want(t, status)
	}
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	if got := p.put(t, "/v2/app", `{"settings":{"quiet_hours":{"from":"21:00","to":"08:00"}}}`).want(t, http.StatusOK).str("data.settings.quiet_hours.from"); got != "21:00" {
		t.Errorf("quiet from %q", got)
	}
	now := p.clock(t).Now.In(zone)
	night := time.Date(now.Year(), now.Month(), now.Day()+2, 23, 0, 0, 0, zone)
	at := func(hours int, ahead int) string {
		start := night.Add(time.Duration(hours) * time.Hour).UTC()
		return p.post(t, "/v2/bookings", fmt.Sprintf(
			`{"resource_id":%q,"graph":"instant","start":%q,"end":%q,"what":"Haircut","customer":{"name":"Marty McFly","email":"marty@example.com"}%s}`,
			p.resource, start.Format(time.RFC3339), start.Add(time.Hour).Format(time.RFC3339), notified(remindByMail("customer", "", "before", "hours", ahead)),
		)).want(t, http.StatusCreated).str("data.id")
	}
	waits, late := at(24, 24), at(6, 6) // both are due at 23:00: of tomorrow at 23:00, and of 05:00
	p.advance(t, fmt.Sprintf(`{"now":%q}`, night.Add(time.Minute).UTC().Format(time.RFC3339)))
	p.mailedAs(t, late, "reminder", "cancelled", "too_late")
	p.mailedAs(t, waits, "reminder", "pending", "quiet_hours")
	p.put(t, "/v2/bookings/"+late+"/cancel", "").want(t, http.StatusOK)
	p.mailedAs(t, late, "booking_cancelled", "delivered", "")
	p.advance(t, fmt.Sprintf(`{"now":%q}`, night.Add(8*time.Hour).UTC().Format(time.RFC3339)))
	p.mailedAs(t, waits, "reminder", "pending", "quiet_hours")
	p.advance(t, fmt.Sprintf(`{"now":%q}`, night.Add(9*time.Hour+time.Minute).UTC().Format(time.RFC3339)))
	p.mailedAs(t, waits, "reminder", "delivered", "")
	p.put(t, "/v2/app", `{"settings":{"quiet_hours":null}}`).want(t, http.StatusOK)
}

// TestOneMailAnHourToAnUnknownAddress: who asks by a widget key for others does not fill their mailbox. What the app itself makes is not bound.
func TestOneMailAnHourToAnUnknownAddress(t *testing.T) {
	t.Parallel()
	p := startPostOffice(t)
	p.put(t, "/v2/app", `{"settings":{"widget_requires_project":false}}`).want(t, http.StatusOK)
	visitor := p.widget(t)
	first := visitor.post(t, "/v2/bookings", request(p.resource, "confirm_decline", 9)).want(t, http.StatusCreated).str("data.id")
	p.wantMails(t, "the first", first, "booking_requested owner delivered", "request_received customer delivered")
	second := visitor.post(t, "/v2/bookings", request(p.resource, "confirm_decline", 11)).want(t, http.StatusCreated).str("data.id")
	p.wantMails(t, "the second", second, "booking_requested owner delivered", "request_received customer cancelled limited")
	p.put(t, "/v2/bookings/"+second+"/confirm", "").want(t, http.StatusOK)
	p.wantMails(t, "confirmed", second, "booking_requested owner delivered", "request_received customer cancelled limited",
		"booking_confirmed owner delivered", "booking_confirmed customer delivered")
	p.wantMails(t, "the app's own", p.book(t, p.resource, "confirm_decline", 13), "booking_requested owner delivered", "request_received customer delivered")
}
