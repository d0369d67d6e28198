package e2e_test

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
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

func startPostOffice(t testing.TB) *postOffice {
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
	b := startOwn(t, "HOLDFAST_SMTP_URL=smtp://"+l.Addr().String()+"?tls=none", "HOLDFAST_MAIL_FROM=Salon <bookings@example.com>", "HOLDFAST_MAIL_DELAY=1s")
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
	out := arrived{Header: parsed.Header, to: m.To}
	_, params, err := mime.ParseMediaType(parsed.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	for r := multipart.NewReader(parsed.Body, params["boundary"]); ; {
		part, err := r.NextRawPart()
		if err != nil {
			return out
		}
		body, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil {
			t.Fatal(err)
		}
		switch kind, _, _ := mime.ParseMediaType(part.Header.Get("Content-Type")); kind {
		case "text/plain":
			out.text = string(body)
		case "text/calendar":
			out.calendar = strings.ReplaceAll(string(body), "\r\n ", "")
		}
	}
}

// field returns a line of a calendar entry.
func (a arrived) field(name string) string {
	_, rest, _ := strings.Cut(a.calendar, "\r\n"+name+":")
	value, _, _ := strings.Cut(rest, "\r\n")
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
			one.field("METHOD") != "REQUEST" || !strings.Contains(one.Get("From"), "bookings@example.com") {
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
