package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"holdfast/deployments/local/mailbox"
)

// remindByMail is one reminder by mail.
func remindByMail(to, subject, when, unit string, count int) string {
	return fmt.Sprintf(`{"type":"email","settings":{"recipient":%q,"subject":%q},"when":{"type":%q,"unit":%q,"time":%d}}`, to, subject, when, unit, count)
}

// laboratory is a test app of the post office, with a resource that has an address: its clock can be advanced.
func (p *postOffice) laboratory(t testing.TB) *postOffice {
	t.Helper()
	lab := *p
	lab.bundle = asLaboratory(t, p.bundle)
	lab.resource = lab.post(t, "/v2/resources", `{"name":"Dr. Grau","email":"grau@example.com","timezone":"Europe/Berlin"}`).want(t, http.StatusCreated).str("data.id")
	return &lab
}

// in is the body of a booking of an hour at a time from now, by the app's clock.
func (p *postOffice) in(t testing.TB, graph string, after time.Duration, more ...string) string {
	t.Helper()
	start := p.clock(t).Now.UTC().Add(after).Truncate(time.Second)
	return fmt.Sprintf(`{"resource_id":%q,"graph":%q,"start":%q,"end":%q,"what":"Haircut","customer":{"name":"Marty McFly","email":"marty@example.com"}%s}`,
		p.resource, graph, start.Format(time.RFC3339), start.Add(time.Hour).Format(time.RFC3339), strings.Join(more, ""))
}

// mailedAs waits until the mails of a booking that have a kind have a status and a code, and returns how many they are.
func (p *postOffice) mailedAs(t testing.TB, id, kind, status, code string) (count int) {
	t.Helper()
	eventually(t, kind+" "+status+" "+code, func() bool {
		a := p.get(t, "/v2/mails?booking_id="+id).want(t, http.StatusOK)
		count = 0
		for i := range strings.Count(a.body, `"event_id"`) {
			one := fmt.Sprintf("data.%d.", i)
			if a.str(one+"kind") != kind {
				continue
			}
			if count++; a.str(one+"status") != status || a.str(one+"last_error") != code {
				return false
			}
		}
		return count > 0
	})
	return count
}

// kinds are the kinds of mails of a booking, without what became of them.
func (p *postOffice) kinds(t testing.TB, id, kind string) int {
	t.Helper()
	return strings.Count(p.get(t, "/v2/mails?booking_id="+id).want(t, http.StatusOK).body, `"kind":"`+kind+`"`)
}

// subjects are the subjects of all mails to an address.
func (p *postOffice) subjects(t testing.TB, to string) (list []string) {
	t.Helper()
	for _, m := range p.mailbox.Mails() {
		if a := open(t, m); a.to == to {
			list = append(list, a.Get("Subject"))
		}
	}
	return list
}

// TestMailsRemind: a day before the start and an hour after it, each once, to the side that it is for. They move with the booking, and end
// with it.
func TestMailsRemind(t *testing.T) {
	t.Parallel()
	p := startPostOffice(t).laboratory(t)
	wanted := notified(remindByMail("customer", "Tomorrow\nat last", "before", "hours", 24), remindByMail("owner", "", "before", "hours", 24),
		remindByMail("customer", "", "after", "mins", 90))
	id := p.post(t, "/v2/bookings", p.in(t, "instant", 72*time.Hour, wanted)).want(t, http.StatusCreated).str("data.id")
	ended := p.post(t, "/v2/bookings", p.in(t, "instant", 74*time.Hour, wanted)).want(t, http.StatusCreated).str("data.id")
	p.put(t, "/v2/bookings/"+ended+"/cancel", "").want(t, http.StatusOK)
	asked := p.post(t, "/v2/bookings", p.in(t, "confirm_decline", 76*time.Hour, wanted)).want(t, http.StatusCreated).str("data.id")
	start := p.clock(t).Now.Add(96 * time.Hour).UTC().Truncate(time.Second)
	moved := p.post(t, "/v2/bookings/"+id+"/reschedule", fmt.Sprintf(`{"start":%q,"end":%q}`, start.Format(time.RFC3339),
		start.Add(time.Hour).Format(time.RFC3339))).want(t, http.StatusCreated).str("data.id")

	p.advance(t, `{"advance":"PT60H"}`) // past the reminders of all but the moved one
	p.advance(t, `{"advance":"PT13H"}`)
	if n := p.mailedAs(t, moved, "reminder", "delivered", ""); n != 2 {
		t.Errorf("%d reminders, want 2", n)
	}
	for _, other := range []string{id, ended, asked} {
		if n := p.kinds(t, other, "reminder"); n != 0 {
			t.Errorf("%d reminders of a booking that does not stand", n)
		}
	}
	p.advance(t, `{"advance":"P2D"}`) // it is over
	if n := p.mailedAs(t, moved, "follow_up", "delivered", ""); n != 1 {
		t.Errorf("%d follow-ups, want 1", n)
	}
	customer, owner := fmt.Sprint(p.subjects(t, "marty@example.com")), fmt.Sprint(p.subjects(t, "grau@example.com"))
	if strings.Count(customer, "Tomorrow at last") != 1 || strings.Count(customer, "Afterwards: Haircut") != 1 || strings.Count(owner, "Reminder: Haircut") != 1 ||
		strings.Contains(owner, "Afterwards") {
		t.Errorf("the customer got %s, the owner %s", customer, owner)
	}
	for _, m := range p.mailbox.Mails() {
		if a := open(t, m); a.Get("Subject") == "Tomorrow at last" && (a.calendar != "" || !strings.Contains(a.text, "Your booking is soon")) {
			t.Errorf("the reminder is\n%s\n%s", a.text, a.calendar)
		}
	}
}

// TestLateReminders: what is booked after the moment of a reminder is still reminded of, while no more than a third of the time to the
// start has passed.
func TestLateReminders(t *testing.T) {
	t.Parallel()
	p := startPostOffice(t).laboratory(t)
	wanted := notified(remindByMail("customer", "", "before", "hours", 24))
	soon := p.post(t, "/v2/bookings", p.in(t, "instant", 17*time.Hour, wanted)).want(t, http.StatusCreated).str("data.id")
	sooner := p.post(t, "/v2/bookings", p.in(t, "instant", 15*time.Hour, wanted)).want(t, http.StatusCreated).str("data.id")
	p.mailedAs(t, soon, "reminder", "delivered", "")
	p.mailedAs(t, sooner, "booking_confirmed", "delivered", "")
	if n := p.kinds(t, sooner, "reminder"); n != 0 {
		t.Errorf("%d reminders of what was booked too late for them", n)
	}
}

// TestCancelledBetweenDueAndSent: a reminder that waits for its mail server says nothing of a booking that was cancelled meanwhile.
func TestCancelledBetweenDueAndSent(t *testing.T) {
	t.Parallel()
	p := startPostOffice(t).laboratory(t)
	p.mailbox.Fail(mailbox.Fault{To: "marty@example.com", Code: 451, Status: [3]int{4, 7, 1}})
	id := p.post(t, "/v2/bookings", p.in(t, "instant", 48*time.Hour, notified(remindByMail("customer", "", "before", "hours", 24)))).want(t, http.StatusCreated).str("data.id")
	p.advance(t, `{"advance":"PT25H"}`)
	p.mailedAs(t, id, "reminder", "pending", "smtp_451")
	p.put(t, "/v2/bookings/"+id+"/cancel", "").want(t, http.StatusOK)
	p.advance(t, `{"advance":"PT2H"}`) // the next attempts come nearer
	p.mailedAs(t, id, "reminder", "cancelled", "passed")
}

// TestRemindersWithoutAMailServer are accepted, and what became of them is on record.
func TestRemindersWithoutAMailServer(t *testing.T) {
	t.Parallel()
	p := &postOffice{bundle: laboratory(t)}
	p.resource = p.bundle.resource(t)
	id := p.post(t, "/v2/bookings", p.in(t, "instant", 48*time.Hour, notified(remindByMail("customer", "", "before", "hours", 24)))).want(t, http.StatusCreated).str("data.id")
	p.advance(t, `{"advance":"PT25H"}`)
	p.mailedAs(t, id, "reminder", "cancelled", "no_relay")
	if n := p.kinds(t, id, "booking_confirmed"); n != 0 {
		t.Errorf("%d other mails", n)
	}
}

// unsubscribing returns the link of the last mail to an address.
func (p *postOffice) unsubscribing(t testing.TB, to string) (link string, mail arrived) {
	t.Helper()
	for _, m := range p.mailbox.Mails() {
		if a := open(t, m); a.to == to {
			mail = a
		}
	}
	_, rest, _ := strings.Cut(mail.text, "No more reminders:\n")
	link, _, _ = strings.Cut(rest, "\n")
	return link, mail
}

// TestUnsubscribing: a button of a mail program ends reminders of the app to the address, and nothing else; looking at its link changes
// nothing, and the page lets people have them again.
func TestUnsubscribing(t *testing.T) {
	t.Parallel()
	const public = "https://book.example.com"
	p := startPostOffice(t, "HOLDFAST_PUBLIC_URL="+public).laboratory(t)
	hours := func(n int) string { return remindByMail("customer", "", "before", "hours", n) }
	wanted := notified(hours(60), hours(48), hours(36), hours(24), hours(12), remindByMail("owner", "", "before", "hours", 36))
	id := p.post(t, "/v2/bookings", p.in(t, "instant", 72*time.Hour, wanted)).want(t, http.StatusCreated).str("data.id")
	reminders := func(want string) {
		t.Helper()
		eventually(t, "reminders "+want, func() bool {
			a, got := p.get(t, "/v2/mails?booking_id="+id), []string{}
			for i := range strings.Count(a.body, `"event_id"`) {
				if one := fmt.Sprintf("data.%d.", i); a.str(one+"kind") == "reminder" && a.str(one+"to") == "customer" {
					got = append(got, strings.TrimSpace(a.str(one+"status")+" "+a.str(one+"last_error")))
				}
			}
			return strings.Join(got, ", ") == want
		})
	}
	p.mailedAs(t, id, "booking_confirmed", "delivered", "") // before the reminders, which come with the clock
	if link, confirmation := p.unsubscribing(t, "marty@example.com"); link != "" || confirmation.Get("List-Unsubscribe") != "" {
		t.Errorf("a confirmation can be unsubscribed from: %v", confirmation)
	}
	p.advance(t, `{"advance":"PT13H"}`)
	reminders("delivered")
	link, first := p.unsubscribing(t, "marty@example.com")
	if first.Get("List-Unsubscribe") != "<"+link+">" || first.Get("List-Unsubscribe-Post") != "List-Unsubscribe=One-Click" || !strings.HasPrefix(link, public+"/unsubscribe/") {
		t.Fatalf("%q, %v", link, first.Header)
	}
	path := strings.TrimPrefix(link, public)
	post := func(body string, headers ...string) answer {
		return p.call(t, http.MethodPost, path, body, append([]string{"Content-Type", "application/x-www-form-urlencoded", "Authorization", ""}, headers...)...)
	}
	for range 2 { // what scanners do
		if page := p.get(t, path).want(t, http.StatusOK); !strings.Contains(page.body, "No reminders of this booking") || strings.Contains(page.body, "marty") {
			t.Fatalf("the page is %s", page.body)
		}
		p.call(t, http.MethodHead, path, "").want(t, http.StatusOK)
		post("").want(t, http.StatusBadRequest)
		post("action=leave_app", "Sec-Fetch-Site", "cross-site").want(t, http.StatusForbidden)
	}
	p.get(t, path+"x").want(t, http.StatusUnauthorized)
	p.advance(t, `{"advance":"PT12H"}`)
	reminders("delivered, delivered")

	post("List-Unsubscribe=One-Click").want(t, http.StatusOK).promised(t, http.MethodPost, "/unsubscribe/{token}")
	p.advance(t, `{"advance":"PT12H"}`)
	reminders("cancelled unsubscribed, delivered, delivered")
	if got := p.state(t, id); got != "confirmed" {
		t.Errorf("the booking is %s", got)
	}
	post("action=return").want(t, http.StatusSeeOther).promised(t, http.MethodPost, "/unsubscribe/{token}")
	p.advance(t, `{"advance":"PT12H"}`)
	reminders("delivered, cancelled unsubscribed, delivered, delivered")

	post("action=leave_booking").want(t, http.StatusSeeOther)
	other := p.post(t, "/v2/bookings", p.in(t, "instant", 26*time.Hour, notified(hours(25)))).want(t, http.StatusCreated).str("data.id")
	p.advance(t, `{"advance":"PT12H"}`)
	reminders("cancelled unsubscribed, delivered, cancelled unsubscribed, delivered, delivered")
	p.mailedAs(t, other, "reminder", "delivered", "")
	p.put(t, "/v2/bookings/"+id+"/cancel", "").want(t, http.StatusOK)
	p.mailedAs(t, id, "booking_cancelled", "delivered", "")
	owner := fmt.Sprint(p.subjects(t, "grau@example.com"))
	if strings.Count(owner, "Reminder: Haircut") != 1 {
		t.Errorf("the owner got %s", owner)
	}
}
