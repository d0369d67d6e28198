package e2e_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	ics "github.com/arran4/golang-ical"
)

// booked books the first time of a link and returns the address of its page.
func (s *linkShop) booked(t testing.TB) string {
	t.Helper()
	return strings.TrimSuffix(s.take(t, s.arrive(t, s.claimed(t, nil))), "?done=true")
}

// standing are the app's bookings that have not ended.
func (s *linkShop) standing(t testing.TB) (open []answer) {
	t.Helper()
	for _, id := range s.get(t, "/v2/bookings?limit=1000").want(t, http.StatusOK).ids() {
		if b := s.get(t, "/v2/bookings/"+id+"?include=event,logs,customers").want(t, http.StatusOK); b.str("data.completed") == "false" {
			open = append(open, b)
		}
	}
	return open
}

func (a answer) ids() (ids []string) {
	for i := range a.list("data") {
		ids = append(ids, a.str(fmt.Sprintf("data.%d.id", i)))
	}
	return ids
}

// TestRequestIsRescheduled on the same page. Looking changes nothing; a repeat shows how things stand.
func TestRequestIsRescheduled(t *testing.T) {
	t.Parallel()
	s := newLinkShop(t, mornings, "")
	path := s.booked(t)
	view := s.visitor.get(t, path).want(t, http.StatusOK)
	before := s.standing(t)[0]
	picker := s.visitor.get(t, view.leads(t, "Choose another time")).want(t, http.StatusOK).says(t, "It stays yours until you have chosen another.")
	own, _ := time.Parse(time.RFC3339, before.str("data.event.start"))
	if !picker.first(t).at.Equal(own) {
		t.Error("the time it has does not count as free for it")
	}
	wanted := picker.slots(t)[1]
	ask := s.visitor.get(t, wanted.href).want(t, http.StatusOK).says(t, "Change to this time?", "Until now it was")
	s.visitor.call(t, http.MethodHead, wanted.href, "").want(t, http.StatusOK)
	if now := s.standing(t); len(now) != 1 || now[0].str("data.id") != before.str("data.id") {
		t.Fatal("a look has moved it")
	}
	for range 2 {
		s.visitor.submit(t, path, ask.form(nil)).want(t, http.StatusSeeOther)
	}
	after := s.standing(t)
	if len(after) != 1 || after[0].str("data.id") == before.str("data.id") {
		t.Fatalf("%d bookings stand", len(after))
	}
	if start, _ := time.Parse(time.RFC3339, after[0].str("data.event.start")); !start.Equal(wanted.at) {
		t.Errorf("it is at %s", start)
	}
	after[0].same(t, "data.customers.0.name", "Marty McFly")
	if got := s.state(t, before.str("data.id")); got != "rescheduled_by_customer" {
		t.Errorf("the old one is %s", got)
	}
	s.visitor.get(t, path).want(t, http.StatusOK).says(t, wanted.text, "Confirmed")
	fresh := s.visitor.get(t, s.path).want(t, http.StatusOK)
	if !fresh.first(t).at.Equal(own) {
		t.Error("the old time is not free again")
	}
}

// TestRescheduleToATakenTime says so and changes nothing.
func TestRescheduleToATakenTime(t *testing.T) {
	t.Parallel()
	s := newLinkShop(t, mornings, "")
	path := s.booked(t)
	picker := s.visitor.get(t, path+"?reschedule=true").want(t, http.StatusOK)
	ask := s.visitor.get(t, picker.slots(t)[1].href).want(t, http.StatusOK)
	before := s.standing(t)[0].str("data.id")
	s.take(t, s.visitor.get(t, s.path).want(t, http.StatusOK))
	s.resend(t, path, ask.form(nil)).says(t, "This time has been taken meanwhile.", "Choose another time")
	if got := s.state(t, before); got != "confirmed" {
		t.Errorf("it is %s", got)
	}
	wild := ask.form(map[string]string{"start": picker.first(t).at.Add(-3 * time.Hour).Format(time.RFC3339)})
	s.resend(t, path, wild).says(t, "This time is not offered any more.")
}

// TestRequestIsDeclined by its recipient, with a word to the other side, once.
func TestRequestIsDeclined(t *testing.T) {
	t.Parallel()
	s := newLinkShop(t, mornings, "")
	path := s.booked(t)
	at := s.visitor.get(t, s.path).first(t).at
	ask := s.visitor.get(t, s.visitor.get(t, path).leads(t, "Cancel the booking")).want(t, http.StatusOK).says(t, "Nothing has happened yet.")
	s.visitor.call(t, http.MethodHead, path+"?decline=true", "").want(t, http.StatusOK)
	id := s.standing(t)[0].str("data.id")
	if got := s.state(t, id); got != "confirmed" {
		t.Fatalf("a look has made it %s", got)
	}
	for range 2 {
		s.visitor.submit(t, path, ask.form(map[string]string{"message": "Flat tyre,\r\nsorry"})).want(t, http.StatusSeeOther)
	}
	end := s.get(t, "/v2/bookings/"+id+"?include=logs").want(t, http.StatusOK)
	for path, want := range map[string]string{
		"data.state": "cancelled_by_customer", "data.logs.1.actor": "customer_link", "data.logs.1.channel": "link", "data.logs.2": "<nil>",
	} {
		end.same(t, path, want)
	}
	for _, query := range []string{"", "?decline=true", "?reschedule=true", "?reschedule=true&start=2030-01-01T00:00:00Z&resource=" + s.resource} {
		page := s.visitor.get(t, path+query).want(t, http.StatusOK).says(t, "Cancelled by you")
		if strings.Contains(page.body, `method="post"`) || strings.Contains(page.body, "Choose another time") {
			t.Error("something can still be done:", page.words())
		}
	}
	if free := s.visitor.get(t, s.path).first(t).at; !free.Before(at) {
		t.Error("the time is not free again")
	}
	s.visitor.submit(t, path, ask.form(map[string]string{"action": "reschedule"})).want(t, http.StatusSeeOther)
	s.visitor.submit(t, path, ask.form(map[string]string{"action": "explode"})).want(t, http.StatusBadRequest)
}

// TestRequestNotConfirmedYet waits for the owner; its recipient can withdraw it meanwhile, and not move it, as its graph says.
func TestRequestNotConfirmedYet(t *testing.T) {
	t.Parallel()
	s := newLinkShop(t, mornings+`,"booking":{"graph":"confirm_decline"}`, "")
	path := s.booked(t)
	page := s.visitor.get(t, path+"?done=true").want(t, http.StatusOK).says(t, "Not confirmed yet", "Waiting for confirmation")
	if strings.Contains(page.body, "reschedule=true") {
		t.Error(page.words())
	}
	file := s.visitor.get(t, path+"/event.ics").want(t, http.StatusOK)
	if !strings.Contains(file.body, "STATUS:TENTATIVE\r\n") {
		t.Error(file.body)
	}
	id := s.standing(t)[0].str("data.id")
	s.put(t, "/v2/bookings/"+id+"/decline", `{}`).want(t, http.StatusOK)
	s.visitor.get(t, path).want(t, http.StatusOK).says(t, "Declined")
}

// TestEventFile reads the calendar file back. What was typed cannot break out of its line.
func TestEventFile(t *testing.T) {
	t.Parallel()
	title := `A cut, "short"; \\ with\r\nATTENDEE:mailto:eve@example.com\rX-EVIL:1 and so many words that the line must be folded ä ö ü 🦊 🦊 🦊`
	s := newLinkShop(t, mornings, "")
	s.put(t, "/v2/public_links/"+s.link, `{"title":"`+strings.ReplaceAll(title, `"short"`, `\"short\"`)+`"}`).want(t, http.StatusOK)
	path := s.booked(t)
	file := s.visitor.get(t, path+"/event.ics").want(t, http.StatusOK)
	if got := file.header.Get("Content-Type"); got != "text/calendar; charset=utf-8" {
		t.Error(got)
	}
	for line := range strings.SplitSeq(file.body, "\r\n") {
		if len(line) > 75 || strings.ContainsAny(line, "\r\n") || strings.HasPrefix(line, "ATTENDEE") || strings.HasPrefix(line, "X-EVIL") {
			t.Errorf("the line %q", line)
		}
	}
	read, err := ics.ParseCalendar(strings.NewReader(file.body))
	if err != nil || len(read.Events()) != 1 {
		t.Fatal(err, file.body)
	}
	for _, line := range []string{"METHOD", "ORGANIZER", "ATTENDEE"} { // a METHOD asks for an organizer (RFC 5546, 3.2.1)
		if strings.Contains(file.body, "\n"+line) {
			t.Errorf("the file has %s: %s", line, file.body)
		}
	}
	event, record := read.Events()[0], s.standing(t)[0]
	value := func(name ics.ComponentProperty) string { return event.GetProperty(name).Value }
	start, _ := event.GetStartAt()
	end, _ := event.GetEndAt()
	booked, _ := time.Parse(time.RFC3339, record.str("data.event.start"))
	if !start.Equal(booked) || end.Sub(start) != time.Hour || event.Id() != record.str("data.id")+"@"+s.host(t) {
		t.Error(file.body)
	}
	want := `A cut, "short"; \ with ATTENDEE:mailto:eve@example.com X-EVIL:1 and so many words that the line must be folded ä ö ü 🦊 🦊 🦊`
	if got := value(ics.ComponentPropertySummary); got != want {
		t.Errorf("%q", got)
	}
	if about := ics.FromText(value(ics.ComponentPropertyDescription)); !strings.HasPrefix(about, "With Chair one\n\n") || !strings.HasSuffix(about, path) {
		t.Errorf("%q", about)
	}
	if value(ics.ComponentPropertyStatus) != "CONFIRMED" || value(ics.ComponentPropertySequence) == "" || !strings.HasSuffix(value(ics.ComponentPropertyUrl), path) {
		t.Error(file.body)
	}
	again := s.visitor.get(t, path+"?reschedule=true").want(t, http.StatusOK).slots(t)[1]
	s.visitor.submit(t, path, s.visitor.get(t, again.href).want(t, http.StatusOK).form(nil)).want(t, http.StatusSeeOther)
	moved := s.replaces(t, path, event)
	if at, _ := moved.GetStartAt(); at.Equal(start) {
		t.Error("the entry was not moved")
	}
	s.visitor.submit(t, path, s.visitor.get(t, path+"?decline=true").form(nil)).want(t, http.StatusSeeOther)
	if link := s.visitor.get(t, path).leads(t, "Strike it from my calendar"); link != path+"/event.ics" {
		t.Errorf("after the cancellation the page leads to %s", link)
	}
	if gone := s.replaces(t, path, moved); gone.GetProperty(ics.ComponentPropertyStatus).Value != "CANCELLED" {
		t.Error(gone)
	}
}

// replaces reads the file anew, and finds the same entry in it, with a higher number.
func (s *linkShop) replaces(t testing.TB, path string, before *ics.VEvent) *ics.VEvent {
	t.Helper()
	file, err := ics.ParseCalendar(strings.NewReader(s.visitor.get(t, path+"/event.ics").want(t, http.StatusOK).body))
	if err != nil {
		t.Fatal(err)
	}
	number := func(e *ics.VEvent) int {
		n, err := strconv.Atoi(e.GetProperty(ics.ComponentPropertySequence).Value)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	after := file.Events()[0]
	if after.Id() != before.Id() || number(after) <= number(before) {
		t.Errorf("%v\n%v", before, after)
	}
	return after
}

// TestRequestOfTheApp is picked by its recipient, once, however many look at it.
func TestRequestOfTheApp(t *testing.T) {
	t.Parallel()
	s := newLinkShop(t, mornings, "")
	ask := func(who string) string {
		made := s.post(t, "/v1/scheduling_requests", fmt.Sprintf(`{%s,"event":{"summary":"Interview"},"duration":{"minutes":45},
			"recipients":[{"email":"eb@example.com","display_name":"Dr Brown"}]}`, who)).want(t, http.StatusCreated)
		return strings.TrimPrefix(made.str("scheduling_request.primary_select_url"), s.stack.APIURL)
	}
	for _, who := range []string{`"project_id":"` + s.project + `"`, `"host":{"sub":"` + s.resource + `"}`} {
		path := ask(who)
		page := s.visitor.get(t, path).want(t, http.StatusOK).says(t, "Interview", "45 minutes")
		one := s.visitor.get(t, page.slots(t)[0].href).want(t, http.StatusOK).says(t, "Book this time?")
		two := s.visitor.get(t, page.slots(t)[1].href).want(t, http.StatusOK)
		before := len(s.standing(t))
		for _, sent := range s.atOnce(t, path, one.form(nil), two.form(nil), one.form(nil), two.form(nil)) {
			sent.want(t, http.StatusSeeOther)
		}
		s.visitor.submit(t, path, two.form(nil)).want(t, http.StatusSeeOther)
		if now := len(s.standing(t)); now != before+1 {
			t.Errorf("%d were booked", now-before)
		}
		s.visitor.get(t, path+"?done=true").want(t, http.StatusOK).says(t, "You are booked")
		if r := s.requestOf(t, path); !r.Attributed || r.Recipient.Email != "eb@example.com" {
			t.Errorf("%+v", r)
		}
		again := s.visitor.get(t, path+"?reschedule=true").want(t, http.StatusOK).slots(t)[3]
		s.visitor.submit(t, path, s.visitor.get(t, again.href).want(t, http.StatusOK).form(nil)).want(t, http.StatusSeeOther)
		s.visitor.get(t, path).want(t, http.StatusOK).says(t, again.text)
	}
	gone := ask(`"project_id":"` + s.project + `"`)
	id := s.requestOf(t, gone).Name
	page := s.visitor.get(t, gone).want(t, http.StatusOK)
	form := s.visitor.get(t, page.first(t).href).want(t, http.StatusOK)
	s.post(t, "/v1/scheduling_requests/cancel", `{"scheduling_request_id":"`+id+`"}`).want(t, http.StatusAccepted)
	s.visitor.get(t, gone).want(t, http.StatusOK).says(t, "Withdrawn")
	s.visitor.submit(t, gone, form.form(nil)).want(t, http.StatusSeeOther)
	s.visitor.get(t, page.first(t).href).want(t, http.StatusOK).says(t, "Withdrawn")
}
