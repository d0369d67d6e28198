package e2e_test

import (
	"bytes"
	"fmt"
	"mime"
	"net"
	"net/http"
	netmail "net/mail"
	"net/url"
	"slices"
	"strings"
	"testing"

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
	parts              string // the headers of its parts, as they came
}

// arrives waits until so many mails are there, and returns them, those to one address first sorted by address.
func (p *postOffice) arrives(t testing.TB, count int) []arrived {
	t.Helper()
	eventually(t, "mails", func() bool { return len(p.mailbox.Mails()) >= count })
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
	parts := ""
	for line := range strings.SplitSeq(string(m.Raw), "\r\n") {
		if strings.HasPrefix(line, "Content-Type: ") {
			parts += line + "\n"
		}
	}
	return arrived{parsed.Header, m.To, shown.Text, strings.ReplaceAll(shown.Calendar, "\n ", ""), parts}
}

// host is that of the service, which stands in the UID of every entry.
func (b *bundle) host(t testing.TB) string {
	t.Helper()
	base, err := url.Parse(b.api)
	if err != nil {
		t.Fatal(err)
	}
	return base.Hostname()
}

// unescaped is a text as a calendar shows it.
func unescaped(text string) string {
	return strings.NewReplacer(`\,`, ",", `\;`, ";", `\\`, `\`).Replace(text)
}

// field returns a line of a calendar entry.
func (a arrived) field(name string) string {
	_, rest, _ := strings.Cut(a.calendar, "\n"+name+":")
	value, _, _ := strings.Cut(rest, "\n")
	return value
}

// TestMails: both sides get a mail when a booking is made, moved three times and ended, and their calendars follow: the UID is that of the
// first booking, the SEQUENCE grows, and the thread is one. The title may be written from right to left.
func TestMails(t *testing.T) {
	t.Parallel()
	p := startPostOffice(t)
	const title = "قص الشعر, wash; 💇"
	id := p.post(t, "/v2/bookings", request(p.resource, "instant", 10, `,"what":"`+title+`"`)).want(t, http.StatusCreated).str("data.id")
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
	at := id
	for move := range 3 {
		at = p.moveTo(t, at, 12+move)
		p.arrives(t, 4+2*move)
	}
	p.put(t, "/v2/bookings/"+at+"/cancel", `{"cancel":{"message":"Down with a cold"}}`).want(t, http.StatusOK)
	uid, numbers := id+"@"+p.host(t), map[string][]string{}
	for _, one := range p.arrives(t, 10) {
		subject, err := (&mime.WordDecoder{}).DecodeHeader(one.Get("Subject"))
		if err != nil || subject != title || unescaped(one.field("SUMMARY")) != title || one.field("UID") != uid ||
			one.Get("From") != `"Demo" <bookings@example.com>` || !strings.Contains(one.calendar, ":mailto:bookings@example.com\n") {
			t.Errorf("subject %q, want UID %s\n%v\n%s", subject, uid, one.Header, one.calendar)
		}
		method, said := "REQUEST", "was moved"
		switch one.field("SEQUENCE") {
		case "0":
			said = "booked"
		case "4":
			method, said = "CANCEL", "> Down with a cold"
		}
		if one.field("METHOD") != method || !strings.Contains(one.Get("Content-Type")+one.parts, "method="+method) || !strings.Contains(one.text, said) {
			t.Errorf("no %s with %q:\n%s\n%s\n%s", method, said, one.parts, one.text, one.calendar)
		}
		first := map[string]arrived{owner.to: owner, customer.to: customer}[one.to]
		if one.Get("References") != first.Get("References") {
			t.Errorf("another thread: %s, %s", one.Get("References"), first.Get("References"))
		}
		numbers[one.to] = append(numbers[one.to], one.field("SEQUENCE"))
	}
	for to, got := range numbers {
		if slices.Sort(got); strings.Join(got, "") != "01234" {
			t.Errorf("%s: SEQUENCE %v", to, got)
		}
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
		eventually(t, to+" "+want+" "+code, func() bool {
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
	eventually(t, "the owner's mail to be given up", func() bool {
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
	eventually(t, "a mail", func() bool { return strings.Contains(page.get(t, "/mails").body, "You are booked") })
	if list := page.get(t, "/").body; !strings.Contains(list, "marty@example.com") || !strings.Contains(list, `href="/mails/1"`) {
		t.Errorf("the list is\n%s", list)
	}
	if shown := page.get(t, "/mails/1").body; !strings.Contains(shown, "UID:"+id) || !strings.Contains(shown, "<iframe sandbox ") {
		t.Errorf("the mail is\n%s", shown)
	}
	page.get(t, "/mails/2").want(t, http.StatusNotFound)
}
