package api

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"holdfast/internal/fault"
	"holdfast/internal/policy"
)

// linkTo is an action link that this server has signed.
func (f *fixture) linkTo(id, action string) string {
	return "/v2/bookings/" + id + "/external_action/" + action + "?signature=" + f.token(id, action)
}

// beginsIn moves a booking behind the back of the service.
func (f *fixture) beginsIn(id string, from, to time.Duration) {
	f.t.Helper()
	f.sql(`UPDATE bookings SET start_at = now() + make_interval(secs => $2), end_at = now() + make_interval(secs => $3) WHERE id = $1`,
		id, from.Seconds(), to.Seconds())
}

// TestLinksToRescheduleAreRuled: for a program, and behind one_click, such a link ends the booking, and only while its policy lets the customer
// move it. By API it is played for the owner, who always can.
func TestLinksToRescheduleAreRuled(t *testing.T) {
	t.Parallel()
	f, resource, project := policed(t, `{"reschedule":{"customer":{"until":"P1D","max":1}}}`)
	id := f.bookThrough(f.server, project, resource, 0, "").id(t)
	link := f.linkTo(id, "reschedule_by_customer")
	f.send("", http.MethodGet, link, "").want(t, http.StatusOK)
	f.beginsIn(id, time.Hour, 2*time.Hour)
	rule := f.send("", http.MethodGet, link, "").ruled(t, fault.TooLate, policy.MoveDeadline)
	if ends, err := time.Parse(time.RFC3339, rule.EndsAt); rule.Limit != "P1D" || err != nil || ends.After(time.Now()) {
		t.Errorf("the rule says %+v", rule)
	}
	f.post("", link, "").ruled(t, fault.TooLate, policy.MoveDeadline)
	if got := f.send("", http.MethodHead, link, ""); got.Code != http.StatusUnprocessableEntity {
		t.Errorf("HEAD says %d", got.Code)
	}
	f.sql(`UPDATE apps SET settings = settings || '{"action_links": "one_click", "redirect_hosts": ["example.com"]}'`)
	f.send("", http.MethodGet, link, "").ruled(t, fault.TooLate, policy.MoveDeadline)
	to := f.send("", http.MethodGet, link+"&redirect=https://example.com/again", "", "Accept", "text/html")
	if to.Code != http.StatusUnprocessableEntity || !strings.Contains(to.Body.String(), "Too late") {
		t.Errorf("one click says %d: %s", to.Code, to.Body)
	}

	f.beginsIn(id, 72*time.Hour, 73*time.Hour)
	f.sql(`UPDATE bookings SET moves = 1 WHERE id = $1`, id)
	f.post("", link, "").ruled(t, fault.LimitReached, policy.MoveCount)
	if state := value[string](f, `SELECT state FROM bookings WHERE id = $1`, id); state != "confirmed" {
		t.Errorf("the booking is %s", state)
	}
	f.put(f.server, "/v2/bookings/"+id+"/reschedule_by_customer", "").want(t, http.StatusOK)
}

// TestLinksThatAreNotOpenYetSaySo: who came is noted from a moment on; before it a program gets the moment, and a page says it.
func TestLinksThatAreNotOpenYetSaySo(t *testing.T) {
	t.Parallel()
	f := setup(t)
	id := f.post(f.server, "/v2/bookings", fmt.Sprintf(`{"graph":"instant@2",%s}`, slot(f.resource(`[]`), 0, 1))).id(t)
	link := f.linkTo(id, "no_show")
	opens := noon.Add(10 * time.Minute)
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		rule := f.send("", method, link, "").ruled(t, fault.TooEarly, fault.ActionWindow)
		if rule.EndsAt != opens.Format(time.RFC3339) {
			t.Errorf("%s: the rule says %+v", method, rule)
		}
	}
	page := f.send("", http.MethodGet, link+"&tz=Asia/Tokyo", "", "Accept", "text/html").want(t, http.StatusUnprocessableEntity).Body.String()
	if !strings.Contains(page, "Not yet") || !strings.Contains(page, "That is possible from 21:10 on ") || !strings.Contains(page, "(Asia/Tokyo)") || strings.Contains(page, "no_show") {
		t.Errorf("the page says %s", page)
	}
	f.send("", http.MethodGet, f.linkTo(id, "undo"), "").refused(t, fault.ActionNotAvailable, "")
}

// TestTooLateInTheVisitorsZone: the page says the moment in the zone that is asked for, else in the customer's own, and to an owner in the
// resource's. It names the zone. The answer to a program stays as it is.
func TestTooLateInTheVisitorsZone(t *testing.T) {
	t.Parallel()
	f, resource, _ := policed(t, `{}`)
	id := f.post(f.server, "/v2/bookings", fmt.Sprintf(`{"graph":"instant","customer":{"name":"Ann","email":"ann@example.com","timezone":"Asia/Kolkata"},
		"policy":{"cancel":{"customer":{"until":"PT96H"},"owner":{"until":"PT96H"}}},%s}`, slot(resource, 0, 1))).id(t)
	for _, c := range []struct{ action, more, zone, name string }{
		{"cancel_by_customer", "", "Asia/Kolkata", "Asia/Kolkata"},
		{"cancel_by_customer", "&tz=America/New_York", "America/New_York", "America/New York"},
		{"cancel_by_customer", "&tz=Nowhere/Else", "Asia/Kolkata", "Asia/Kolkata"},
		{"cancel", "", "UTC", "UTC"},
	} {
		zone, err := time.LoadLocation(c.zone)
		check(t, err)
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			page := f.send("", method, f.linkTo(id, c.action)+c.more, "", "Accept", "text/html")
			for _, want := range []string{
				"That was possible until " + noon.Add(-96*time.Hour).In(zone).Format("15:04 on Monday, 2 January") + " (" + c.name + ").",
				noon.In(zone).Format("Monday, 2 January 2006, 15:04"), "<small>" + c.name + "</small>",
			} {
				if page.Code != http.StatusUnprocessableEntity || !strings.Contains(page.Body.String(), want) {
					t.Errorf("%s%s says %d, want %q: %s", c.action, c.more, page.Code, want, page.Body)
				}
			}
		}
	}
	if got := f.send("", http.MethodGet, f.linkTo(id, "cancel_by_customer"), "").Body.String(); !strings.Contains(got, "(UTC)") {
		t.Errorf("a program gets %s", got)
	}
}

// TestLimitsInTheVisitorsZone: a page of a request that a limit refuses says when the next period begins, in the zone of its form.
func TestLimitsInTheVisitorsZone(t *testing.T) {
	t.Parallel()
	p := newTeam(t, `{"strategy":"fair"}`, 2)
	p.put(p.server, "/v2/projects/"+p.project, `{"policy":{"limits":[{"per":"customer","unit":"year","max":1}]}}`).want(t, http.StatusNoContent)
	zone, err := time.LoadLocation("Asia/Tokyo")
	check(t, err)
	press := func(path, link string) answer {
		return p.send("", http.MethodPost, path, p.form(p.page(link)).Encode(), "Accept", "text/html", "Content-Type", "application/x-www-form-urlencoded")
	}
	startOf := func(link string) time.Time {
		at, err := url.Parse(link)
		check(t, err)
		start, err := time.Parse(time.RFC3339, at.Query().Get("start"))
		check(t, err)
		return start.UTC()
	}
	first, second := p.asked(), p.asked()
	all, others := p.times(p.page(first+"?tz=Asia/Tokyo")), p.times(p.page(second+"?tz=Asia/Tokyo"))
	i := 0
	if startOf(all[0]).Year() != startOf(others[1]).Year() {
		i = 1 // the first time is the last one of its year
	}
	press(first, all[i]).want(t, http.StatusSeeOther)
	year := startOf(all[i]).Year()
	want := "The next period begins at " + time.Date(year+1, 1, 1, 0, 0, 0, 0, time.UTC).In(zone).Format("15:04 on Monday, 2 January") + " (Asia/Tokyo)."
	if got := press(second, others[i+1]); got.Code != http.StatusConflict || !strings.Contains(got.Body.String(), want) {
		t.Errorf("the page says %d, want %q: %s", got.Code, want, got.Body)
	}
}
