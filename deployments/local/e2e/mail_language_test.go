package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	ics "github.com/arran4/golang-ical"
)

// mailed waits until a mail to an address has arrived that is about a time, and returns it.
func (p *postOffice) mailed(t testing.TB, to, about string) (found arrived) {
	t.Helper()
	eventually(t, "a mail to "+to+" about "+about, func() bool {
		for _, m := range p.mailbox.Mails() {
			if m.To != to {
				continue
			}
			if found = open(t, m); strings.Contains(found.text, about) {
				return true
			}
		}
		return false
	})
	return found
}

// TestLanguagesOfMails: the customer's form, then the page, the project, the app, and English.
func TestLanguagesOfMails(t *testing.T) {
	t.Parallel()
	p := startPostOffice(t)
	s := p.linkShop(t, p.resource, mornings, "")
	hour := 9
	book := func(to, form string, headers ...string) string {
		t.Helper()
		hour++
		b := p.bundle
		if len(headers) > 0 {
			widget := *p.bundle
			widget.key = p.post(t, "/v2/keys", `{"kind":"widget"}`).want(t, http.StatusCreated).str("data.key")
			b = &widget
		}
		body := fmt.Sprintf(`,"customer":{"name":"Marty","email":%q%s}`, to, form)
		b.post(t, "/v2/bookings", request(p.resource, "instant", hour, body), headers...).want(t, http.StatusCreated)
		got := p.mailed(t, to, "")
		return got.Get("Content-Language")
	}
	p.put(t, "/v2/app", `{"settings":{"widget_requires_project":false}}`).want(t, http.StatusOK)
	for i, one := range []struct {
		form, page, want string
	}{
		{``, "", "en"},
		{``, "pt, de-AT;q=0.8, fr;q=0.1", "de"},
		{`,"language":"da"`, "de", "da"},
		{`,"language":7`, "", "en"},
	} {
		var headers []string
		if one.page != "" {
			headers = []string{"Accept-Language", one.page}
		}
		if got := book(fmt.Sprintf("c%d@example.com", i), one.form, headers...); got != one.want {
			t.Errorf("%+v: %s", one, got)
		}
	}
	p.put(t, "/v2/app", `{"settings":{"language":"es"}}`).want(t, http.StatusOK)
	if got := book("app@example.com", ""); got != "es" {
		t.Errorf("of the app: %s", got)
	}
	p.put(t, "/v2/projects/"+s.project, `{"ui":{"language":"fr"}}`).want(t, http.StatusNoContent)
	p.put(t, "/v2/projects/"+s.project, `{"ui":{"language":1}}`).want(t, http.StatusUnprocessableEntity)
	if got := book("project@example.com", `},"project_id":"`+s.project+`","meta":{`); got != "fr" {
		t.Errorf("of the project: %s", got)
	}

	// A public link keeps the language of its page, and the file for calendars is the entry of the mail.
	form := s.visitor.get(t, s.visitor.get(t, s.path).want(t, http.StatusOK).first(t).href).want(t, http.StatusOK)
	typed := form.form(map[string]string{"name": "Marty", "email": "link@example.com"})
	path := s.visitor.submit(t, s.path, typed, "Accept-Language", "da-DK,en;q=0.5").want(t, http.StatusSeeOther).header.Get("Location")
	path = strings.TrimSuffix(path, "?done=true")
	first := p.mailed(t, "link@example.com", "")
	if first.Get("Content-Language") != "da" || first.Get("Subject") != "A haircut" {
		t.Errorf("%v", first.Header)
	}
	owner := p.mailed(t, "grau@example.com", "A haircut")
	if owner.Get("Content-Language") != "fr" { // it is the customer's page
		t.Errorf("the owner's mail is in %s", owner.Get("Content-Language"))
	}
	s.sameEntry(t, path, first, "CONFIRMED")
	again := s.visitor.get(t, path+"?reschedule=true").want(t, http.StatusOK).slots(t)[1]
	s.visitor.submit(t, path, s.visitor.get(t, again.href).want(t, http.StatusOK).form(nil)).want(t, http.StatusSeeOther)
	s.sameEntry(t, path, p.mailed(t, "link@example.com", "flyttet"), "CONFIRMED")
	s.visitor.submit(t, path, s.visitor.get(t, path+"?decline=true").form(nil)).want(t, http.StatusSeeOther)
	s.sameEntry(t, path, p.mailed(t, "link@example.com", "aflyst"), "CANCELLED")
}

// sameEntry checks that the file of a page is the entry of a mail.
func (s *linkShop) sameEntry(t testing.TB, path string, m arrived, status string) {
	t.Helper()
	file, err := ics.ParseCalendar(strings.NewReader(s.visitor.get(t, path+"/event.ics").want(t, http.StatusOK).body))
	if err != nil || len(file.Events()) != 1 {
		t.Fatal(err)
	}
	for name, property := range map[string]ics.ComponentProperty{
		"UID": ics.ComponentPropertyUniqueId, "SEQUENCE": ics.ComponentPropertySequence, "STATUS": ics.ComponentPropertyStatus,
		"DTSTART": ics.ComponentPropertyDtStart, "DTEND": ics.ComponentPropertyDtEnd,
	} {
		if got := file.Events()[0].GetProperty(property).Value; got != m.field(name) || name == "STATUS" && got != status {
			t.Errorf("%s: %s in the file, %s in the mail", name, got, m.field(name))
		}
	}
}

// TestASessionOfAHundredSeatsIsCancelled: each guest gets one mail that ends the entry, and it names nobody else.
func TestASessionOfAHundredSeatsIsCancelled(t *testing.T) {
	t.Parallel()
	p := startPostOffice(t)
	const seats = 100
	session := p.session(t, p.resource, 9, seats)
	for i := range seats {
		body := fmt.Sprintf(`{"graph":"group_customer","related":{"owner_booking_id":%q},"customer":{"name":"Guest%03d","email":"guest%03d@example.com"}}`, session, i, i)
		p.post(t, "/v2/bookings", body).want(t, http.StatusCreated)
	}
	eventually(t, "a mail to each guest", func() bool { return p.guests(t, "REQUEST") == seats })
	p.put(t, "/v2/bookings/"+session+"/cancel", `{"cancel":{"message":"The teacher is ill."}}`).want(t, http.StatusOK)
	eventually(t, "a second mail to each guest", func() bool { return p.guests(t, "CANCEL") == seats })
	sent := map[string]int{}
	for _, m := range p.mailbox.Mails() {
		one := open(t, m)
		sent[m.To+" "+one.field("METHOD")]++
		name, guest := strings.CutSuffix(m.To, "@example.com")
		if !guest || !strings.HasPrefix(name, "guest") {
			if one.calendar != "" && strings.Contains(one.calendar, "Guest") {
				t.Errorf("the owner's calendar has a seat:\n%s", one.calendar)
			}
			continue
		}
		all := strings.ToLower(string(m.Raw))
		if n := strings.Count(all, "guest"); n != strings.Count(all, name) {
			t.Errorf("a mail to %s names somebody else:\n%s", m.To, m.Raw)
		}
	}
	for i := range seats {
		for _, method := range []string{"REQUEST", "CANCEL"} {
			if to := fmt.Sprintf("guest%03d@example.com %s", i, method); sent[to] != 1 {
				t.Errorf("%d mails to %s", sent[to], to)
			}
		}
	}
}

// guests counts the guests who have a mail with a method.
func (p *postOffice) guests(t testing.TB, method string) int {
	t.Helper()
	found := map[string]bool{}
	for _, m := range p.mailbox.Mails() {
		if strings.HasPrefix(m.To, "guest") && open(t, m).field("METHOD") == method {
			found[m.To] = true
		}
	}
	return len(found)
}
