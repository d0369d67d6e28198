package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// availability asks for free time in every way.
func (r tour) availability(t *testing.T, resource string) {
	t.Helper()
	question := fmt.Sprintf(`{"resources":[%q],"length":"1 hour","from":"2030-12-20","to":"2030-12-22","output_timezone":"Europe/Berlin",
		"constraints":[{"allow_hours":{"start":9,"end":17}}]%%s}`, resource)
	for _, path := range []string{"/v2/availability", "/v2/availability/dates", "/v2/availability/count", "/v2/unavailable/slots"} {
		r.do(t, http.MethodPost, path, fmt.Sprintf(question, ""), http.StatusOK)
		r.do(t, http.MethodPost, path, `{"length":"a while","mode":"lucky","constraints":[{"allow_day":{"day":"Caturday"}}]}`,
			http.StatusUnprocessableEntity)
	}
	r.do(t, http.MethodPost, "/v2/availability/explain", fmt.Sprintf(question, `,"at":"2030-12-20T20:00:00+01:00"`), http.StatusOK)
	r.do(t, http.MethodPost, "/v2/availability/explain", fmt.Sprintf(question, ""), http.StatusUnprocessableEntity)
	preview := fmt.Sprintf(`{"resource_id":%q,"start":"2030-12-20T10:00:00+01:00","email":"marty@example.com","policy":%%s}`, resource)
	r.do(t, http.MethodPost, "/v2/policies/preview", fmt.Sprintf(preview, `{"book":{"notice":"P1D"},"cancel":{"customer":{"until":{"day_before":"21:00"}},
		"owner":{"until":"PT1H"}},"reschedule":{"customer":{"until":"PT2H","max":3}},"buffer":{"before":"PT15M"}}`), http.StatusOK)
	r.do(t, http.MethodPost, "/v2/policies/preview", fmt.Sprintf(preview, `{"book":{"to":"2030-01-01"}}`), http.StatusOK)
	r.do(t, http.MethodPost, "/v2/policies/preview", fmt.Sprintf(preview, `{"book":{"notice":"soon"}}`), http.StatusUnprocessableEntity)
	r.do(t, http.MethodPost, "/v2/bookings", request(resource, "instant", 20, `,"policy":{"book":{"to":"2030-01-01"}}`), http.StatusUnprocessableEntity)
	r.do(t, http.MethodPost, "/v2/bookings"+everything, request(resource, "instant", 320, `,"policy":{"limits":[],"cancel":{"customer":{"until":"P1D"}}},"override":["notice"]`),
		http.StatusCreated)
}

// holds keeps a slot, longer, and books it.
func (r tour) holds(t *testing.T, resource string) {
	t.Helper()
	made := r.do(t, http.MethodPost, "/v2/bookings/reserve", request(resource, "instant", 30, `,"reservation_time":60`), http.StatusCreated)
	hold := made.str("data.reservation_id")
	r.do(t, http.MethodPost, "/v2/bookings/reserve", request(resource, "instant", 30), http.StatusConflict)
	r.do(t, http.MethodPost, "/v2/bookings/reserve", request(resource, "instant", 31, `,"reservation_time":-1`), http.StatusUnprocessableEntity)
	r.do(t, http.MethodPut, "/v2/bookings/reserve/extend", fmt.Sprintf(`{"reservation_id":%q,"reservation_time":120}`, hold), http.StatusOK)
	r.do(t, http.MethodPost, "/v2/bookings", fmt.Sprintf(`{"graph":"instant","reservation_id":%q}`, hold), http.StatusCreated)
	r.do(t, http.MethodPost, "/v2/bookings", fmt.Sprintf(`{"graph":"instant","reservation_id":%q}`, hold), http.StatusConflict)
	r.do(t, http.MethodPut, "/v2/bookings/reserve/extend", fmt.Sprintf(`{"reservation_id":%q}`, hold), http.StatusConflict)
}

// groups makes a session and fills it.
func (r tour) groups(t *testing.T, resource string) {
	t.Helper()
	r.do(t, http.MethodPost, "/v2/bookings", request(resource, "group_owner", 40), http.StatusUnprocessableEntity)
	session := r.do(t, http.MethodPost, "/v2/bookings"+everything,
		request(resource, "group_owner", 40, `,"settings":{"max_seats":1,"min_cancel_time":"1 day"}`), http.StatusCreated).str("data.id")
	seat := fmt.Sprintf(`{"graph":"group_customer","related":{"owner_booking_id":%q},"customer":{"name":"Marty","email":"marty@example.com"}}`, session)
	r.do(t, http.MethodPost, "/v2/bookings"+everything, seat, http.StatusCreated)
	r.do(t, http.MethodPost, "/v2/bookings", seat, http.StatusConflict)
	r.do(t, http.MethodGet, "/v2/bookings/groups", "", http.StatusOK)
	r.do(t, http.MethodGet, "/v2/bookings/groups/"+session, "", http.StatusOK)
	r.do(t, http.MethodGet, "/v2/bookings/groups/"+resource, "", http.StatusNotFound)
}

// several makes bookings in bulk, moves one to another time, and ends them.
func (r tour) several(t *testing.T, resource string) {
	t.Helper()
	list := func(hours ...int) string {
		var all []string
		for _, hour := range hours {
			all = append(all, request(resource, "instant", hour))
		}
		return strings.Join(all, ",")
	}
	made := r.do(t, http.MethodPost, "/v2/bookings/bulk"+everything, `{"bookings":[`+list(50, 51)+`],"relate_bookings":true}`, http.StatusCreated)
	r.do(t, http.MethodPost, "/v2/bookings/bulk", `{"bookings":[`+list(50, 52)+`]}`, http.StatusMultiStatus)
	r.do(t, http.MethodPost, "/v2/bookings/bulk", `{"bookings":[`+list(53, 50)+`],"delete_all_on_error":true}`, http.StatusConflict)
	id := made.str("data.0.id")
	moved := r.do(t, http.MethodPost, "/v2/bookings/"+id+"/reschedule"+everything,
		`{"start":"2030-12-05T10:00:00Z","end":"2030-12-05T11:00:00Z","message":"later, please"}`, http.StatusCreated)
	r.do(t, http.MethodPost, "/v2/bookings/"+id+"/reschedule", `{"start":"2030-12-05T10:00:00Z","end":"2030-12-05T11:00:00Z"}`,
		http.StatusUnprocessableEntity)
	r.do(t, http.MethodPut, "/v2/bookings/bulk", fmt.Sprintf(`{"bookings":[{"id":%q,"action":"cancel"}]}`, moved.str("data.id")), http.StatusOK)
	r.do(t, http.MethodPut, "/v2/bookings/bulk", fmt.Sprintf(`{"bookings":[{"id":%q,"action":"cancel"}]}`, id), http.StatusMultiStatus)
}

// deliveries tries a webhook, reads what was sent, and sends it again.
func (r tour) deliveries(t *testing.T, resource string) {
	t.Helper()
	hears := newReceiver(t, ok)
	path := "/v2/webhooks/" + r.webhook(t, hears.URL, "").str("data.id")
	tried := r.do(t, http.MethodPost, path+"/test", `{"event_type":"booking.paid"}`, http.StatusOK)
	r.do(t, http.MethodPost, path+"/test", `{"event_type":"booking.lost"}`, http.StatusUnprocessableEntity)
	id := r.book(t, resource, "instant", 60)
	hears.waitFor(t, 2)
	r.do(t, http.MethodGet, path+"/deliveries", "", http.StatusOK)
	r.do(t, http.MethodGet, path+"/deliveries?status=lost", "", http.StatusUnprocessableEntity)
	r.do(t, http.MethodGet, "/v2/deliveries?booking_id="+tried.str("data.id"), "", http.StatusOK)
	r.do(t, http.MethodGet, "/v2/deliveries", "", http.StatusUnprocessableEntity)
	r.do(t, http.MethodGet, "/v2/mails?booking_id="+id, "", http.StatusOK)
	r.do(t, http.MethodGet, "/v2/mails", "", http.StatusOK)
	r.do(t, http.MethodGet, "/v2/mails?kind=letter", "", http.StatusUnprocessableEntity)
	r.do(t, http.MethodPost, "/v2/mails/"+id+"/retry", "", http.StatusNotFound)
	r.do(t, http.MethodPost, "/v2/mails/bounces", `{"mail_id":"`+id+`","status":"5.1.1"}`, http.StatusNotFound)
	r.do(t, http.MethodPost, "/v2/mails/bounces", `{"status":"5.1.1"}`, http.StatusUnprocessableEntity)
	r.do(t, http.MethodPost, "/v2/mails/revive", `{"email":"anna@example.org"}`, http.StatusOK)
	r.do(t, http.MethodPost, "/v2/sms/stop", `{"phone":"+4915112345678"}`, http.StatusOK)
	r.do(t, http.MethodPost, "/v2/sms/start", `{"phone":"+4915112345678"}`, http.StatusOK)
	r.do(t, http.MethodPost, "/v2/sms/stop", `{"phone":"0151"}`, http.StatusUnprocessableEntity)
	r.do(t, http.MethodGet, "/v2/bookings/"+id+"?include=contacts", "", http.StatusOK)
	r.do(t, http.MethodGet, "/v2/mailer", "", http.StatusOK)
	r.do(t, http.MethodPost, "/v2/mailer/pause", "", http.StatusNotFound)
	r.do(t, http.MethodPost, "/v2/mailer/test", `{"to":"anna@example.org"}`, http.StatusOK)
	r.do(t, http.MethodPost, "/v2/mailer/test", `{"to":"anna"}`, http.StatusUnprocessableEntity)
	r.do(t, http.MethodPut, "/v2/mailer", `{"from":"bookings@example.com"}`, http.StatusUnprocessableEntity)
	r.do(t, http.MethodPut, "/v2/mailer", `{"from":"bookings@example.com","smtp":{"host":"127.0.0.1","port":2525,"tls":"none"}}`, http.StatusOK)
	of, mail := r.book(t, resource, "instant", 61), ""
	eventually(t, "a mail", func() bool {
		all := r.get(t, "/v2/mails?booking_id="+of).at("data").([]any)
		if len(all) > 0 {
			mail = all[0].(map[string]any)["id"].(string)
		}
		return mail != ""
	})
	r.do(t, http.MethodPost, "/v2/mails/"+mail+"/retry", "", http.StatusAccepted)
	r.do(t, http.MethodPost, "/v2/mails/bounces", `{"mail_id":"`+mail+`","status":"4.2.2"}`, http.StatusOK)
	r.do(t, http.MethodPost, "/v2/mailer/pause", "", http.StatusOK)
	r.do(t, http.MethodPost, "/v2/mailer/resume", "", http.StatusOK)
	r.do(t, http.MethodDelete, "/v2/mailer", "", http.StatusNoContent)
	r.do(t, http.MethodGet, "/v2/deliveries/"+tried.str("data.id"), "", http.StatusOK)
	r.do(t, http.MethodGet, "/v2/deliveries/"+id, "", http.StatusNotFound)
	r.do(t, http.MethodPost, "/v2/deliveries/"+tried.str("data.id")+"/retry", "", http.StatusAccepted)
	r.do(t, http.MethodPost, path+"/replay", `{"since":"2026-01-01T00:00:00Z","only":"all","dry_run":true}`, http.StatusAccepted)
	r.do(t, http.MethodPost, path+"/replay", `{}`, http.StatusUnprocessableEntity)
	r.do(t, http.MethodGet, "/v2/events?after=", "", http.StatusOK)
	r.do(t, http.MethodGet, "/v2/events?after=never", "", http.StatusUnprocessableEntity)
	r.do(t, http.MethodGet, "/v2/events/"+r.changes(t, "", "").str("data.0.id"), "", http.StatusOK)
}
