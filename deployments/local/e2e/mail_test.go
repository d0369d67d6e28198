package e2e_test

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	netmail "net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/deployments/local/mailbox"
)

// postOffice is a service whose mails go to a mailbox.
type postOffice struct {
	*bundle
	mailbox  *mailbox.Server
	resource string
}

func startPostOffice(t testing.TB, settings ...string) *postOffice {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	box := mailbox.New(mailbox.Options{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = box.Serve(l)
	}()
	t.Cleanup(func() {
		_ = box.Close()
		<-done
	})
	b := startOwn(t, append([]string{"HOLDFAST_SMTP_URL=smtp://" + l.Addr().String() + "?tls=none", "HOLDFAST_MAIL_FROM=Salon <bookings@example.com>", "HOLDFAST_MAIL_DELAY=1s"}, settings...)...)
	resource := b.post(t, "/v2/resources", `{"name":"Dr. Grau","email":"grau@example.com","timezone":"Europe/Berlin"}`).want(t, http.StatusCreated)
	return &postOffice{b, box, resource.str("data.id")}
}

// arrived is a mail as a mail program reads it.
type arrived struct {
	netmail.Header
	to, text, calendar string
}

// arrives waits until so many mails are there, and returns them, those to one address first sorted by address.
func (p *postOffice) arrives(t testing.TB, count int) []arrived {
	t.Helper()
	eventually(t, time.Minute, "mails", func() bool { return len(p.mailbox.Mails()) >= count })
	var all []arrived
	for _, m := range p.mailbox.Mails() {
		all = append(all, open(t, m))
	}
	if len(all) != count {
		t.Fatalf("%d mails, want %d: %v", len(all), count, all)
	}
	slices.SortStableFunc(all, func(a, b arrived) int { return strings.Compare(a.to, b.to) })
	return all
}

func open(t testing.TB, m mailbox.Received) arrived {
	t.Helper()
	parsed, err := netmail.ReadMessage(bytes.NewReader(m.Raw))
	if err != nil {
		t.Fatal(err)
	}
	shown := mailbox.Read(m, 1)
	return arrived{parsed.Header, m.To, shown.Text, strings.ReplaceAll(shown.Calendar, "\n ", "")}
}

// field returns a line of a calendar entry.
func (a arrived) field(name string) string {
	_, rest, _ := strings.Cut(a.calendar, "\n"+name+":")
	value, _, _ := strings.Cut(rest, "\n")
	return value
}

// TestMails: both sides get a mail when a booking is made, moved and ended, and their calendars follow.
func TestMails(t *testing.T) {
	t.Parallel()
	p := startPostOffice(t)
	id := p.post(t, "/v2/bookings", request(p.resource, "instant", 10)).want(t, http.StatusCreated).str("data.id")
	all := p.arrives(t, 2)
	owner, customer := all[0], all[1]
	if owner.to != "grau@example.com" || customer.to != "marty@example.com" {
		t.Fatalf("to %s and %s", owner.to, customer.to)
	}
	if !strings.Contains(customer.text, "You are booked") || !strings.Contains(customer.text, "Sunday, 1 December 2030, 11:00–12:00 CET (Europe/Berlin)") {
		t.Errorf("the customer reads\n%s", customer.text)
	}
	if !strings.Contains(owner.text, "Marty McFly has booked") || strings.Contains(owner.text, "external_action") {
		t.Errorf("the owner reads\n%s", owner.text)
	}
	for _, one := range all {
		if one.Get("Subject") != "Haircut" || one.field("SUMMARY") != "Haircut" || one.field("UID") != id+"@example.com" || one.field("SEQUENCE") != "0" ||
			one.field("METHOD") != "REQUEST" || one.Get("From") != `"Demo" <bookings@example.com>` {
			t.Errorf("%v\n%s", one.Header, one.calendar)
		}
	}
	moved := p.post(t, "/v2/bookings/"+id+"/reschedule", `{"start":"2030-12-01T13:00:00Z","end":"2030-12-01T14:00:00Z"}`).want(t, http.StatusCreated).str("data.id")
	for _, one := range p.arrives(t, 4)[1:] {
		if one.to == "marty@example.com" && one.field("SEQUENCE") == "1" && (one.field("UID") != id+"@example.com" ||
			one.Get("References") != customer.Get("References") || !strings.Contains(one.text, "Your booking was moved")) {
			t.Errorf("%v\n%s\n%s", one.Header, one.text, one.calendar)
		}
	}
	p.put(t, "/v2/bookings/"+moved+"/cancel", `{"cancel":{"message":"Down with a cold"}}`).want(t, http.StatusOK)
	ended := 0
	for _, one := range p.arrives(t, 6) {
		if one.field("METHOD") == "CANCEL" {
			ended++
			if one.field("SEQUENCE") != "2" || one.field("UID") != id+"@example.com" || !strings.Contains(one.text, "> Down with a cold") {
				t.Errorf("%s\n%s", one.text, one.calendar)
			}
		}
	}
	if ended != 2 {
		t.Errorf("%d calendars have the end, want 2", ended)
	}
}

// TestMailsThatAreNotSent: what has nothing to say, nobody to go to, or is refused for good.
func TestMailsThatAreNotSent(t *testing.T) {
	t.Parallel()
	p := startPostOffice(t)
	status := func(id, to string) (status, code string) {
		a := p.get(t, "/v2/mails?booking_id="+id).want(t, http.StatusOK)
		for i := range 10 {
			if one := fmt.Sprintf("data.%d.", i); a.str(one+"to") == to {
				return a.str(one + "status"), a.str(one + "last_error")
			}
		}
		return "", ""
	}
	becomes := func(id, to, want, code string) {
		t.Helper()
		eventually(t, time.Minute, to+" "+want+" "+code, func() bool {
			is, why := status(id, to)
			return is == want && why == code
		})
	}
	p.mailbox.Fail(
		mailbox.Fault{To: "gone@example.com", Code: 550, Status: [3]int{5, 1, 1}},
		mailbox.Fault{To: "busy@example.com", Code: 451, Status: [3]int{4, 7, 1}},
	)
	to := func(address string) string { return `,"customer":{"name":"Marty","email":"` + address + `"}` }
	gone := p.book(t, p.resource, "instant", 10, to("gone@example.com"))
	becomes(gone, "customer", "exhausted", "smtp_550")
	becomes(gone, "owner", "delivered", "") // the one does not keep the other
	busy := p.book(t, p.resource, "instant", 11, to("busy@example.com"))
	becomes(busy, "customer", "pending", "smtp_451")
	becomes(p.book(t, p.resource, "instant", 12, `,"customer":{"name":"Marty"}`), "customer", "cancelled", "no_address")

	p.put(t, "/v2/app", `{"settings":{"disable_email":true}}`).want(t, http.StatusOK)
	becomes(p.book(t, p.resource, "instant", 13), "customer", "cancelled", "disabled")
	p.put(t, "/v2/app", `{"settings":{"disable_email":false,"language":"de"}}`).want(t, http.StatusOK)
	p.put(t, "/v2/app", `{"settings":{"language":"xx"}}`).want(t, http.StatusUnprocessableEntity)

	german := p.book(t, p.resource, "confirm_decline", 14)
	becomes(german, "owner", "delivered", "")
	becomes(german, "customer", "delivered", "")
	for _, m := range p.mailbox.Mails() {
		if a := open(t, m); strings.Contains(a.text, "/external_action/confirm?") {
			if !strings.Contains(a.text, "fragt einen Termin an") || a.to != "grau@example.com" || a.calendar != "" {
				t.Errorf("the owner reads\n%s", a.text)
			}
			_, link, _ := strings.Cut(a.text, "Bestätigen:\n")
			link, _, _ = strings.Cut(link, "\n")
			p.get(t, strings.TrimPrefix(link, p.api)).want(t, http.StatusOK) // the demo app acts on the click
		}
	}
	p.becomes(t, german, "confirmed")
	if log := p.log.String(); strings.Contains(log, "@example.com") || strings.Contains(log, "Marty") {
		t.Error("the log has an address or a name")
	}
}

// TestChangesMakeOneMail: what is undone while its mail waits is not told.
func TestChangesMakeOneMail(t *testing.T) {
	t.Parallel()
	p := startPostOffice(t, "HOLDFAST_MAIL_DELAY=5s")
	id := p.book(t, p.resource, "confirm_decline", 10)
	p.put(t, "/v2/bookings/"+id+"/confirm", "").want(t, http.StatusOK)
	p.put(t, "/v2/bookings/"+id+"/cancel", "").want(t, http.StatusOK)
	for _, one := range p.arrives(t, 2) {
		if one.field("METHOD") != "CANCEL" {
			t.Errorf("to %s:\n%s", one.to, one.text)
		}
	}
}

// TestNobodyIsAskedForNothing: a mail that asks is not sent once the booking has moved on, also where its receiver gets no other.
func TestNobodyIsAskedForNothing(t *testing.T) {
	t.Parallel()
	p := startPostOffice(t, "HOLDFAST_MAIL_DELAY=5s")
	id := p.book(t, p.resource, "confirm_decline", 10)
	p.put(t, "/v2/bookings/"+id+"/decline", "").want(t, http.StatusOK)
	if got := p.arrives(t, 1)[0]; got.to != "marty@example.com" || !strings.Contains(got.text, "was declined") {
		t.Errorf("to %s:\n%s", got.to, got.text)
	}
	eventually(t, time.Minute, "the owner's mail to be given up", func() bool {
		a := p.get(t, "/v2/mails?booking_id="+id+"&status=cancelled")
		return strings.Count(a.body, `"last_error":"passed"`) == 2
	})
}

// TestTheMailboxOfTheLocalRun: the mails of the demo app end in a mailbox, which shows them.
func TestTheMailboxOfTheLocalRun(t *testing.T) {
	t.Parallel()
	b := startOwn(t, "HOLDFAST_MAILBOX_ADDR=127.0.0.1:0")
	id := b.book(t, b.resource(t), "instant", 10)
	page := *b
	page.api = b.stack.MailURL
	eventually(t, time.Minute, "a mail", func() bool { return strings.Contains(page.get(t, "/mails").body, "You are booked") })
	if list := page.get(t, "/").body; !strings.Contains(list, "marty@example.com") || !strings.Contains(list, `href="/mails/1"`) {
		t.Errorf("the list is\n%s", list)
	}
	if shown := page.get(t, "/mails/1").body; !strings.Contains(shown, "UID:"+id) || !strings.Contains(shown, "<iframe sandbox ") {
		t.Errorf("the mail is\n%s", shown)
	}
	page.get(t, "/mails/2").want(t, http.StatusNotFound)
}
