package e2e_test

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"holdfast/deployments/local/mailbox"
)

// startMailbox runs another mail server, and returns what an app sends by it: the members of smtp, without a sign-in.
func startMailbox(t testing.TB, o mailbox.Options) (box *mailbox.Server, smtp string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	box = mailbox.New(o)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = box.Serve(l)
	}()
	t.Cleanup(func() {
		_ = box.Close()
		<-done
	})
	return box, fmt.Sprintf(`"host":"127.0.0.1","port":%d,"tls":"none"`, l.Addr().(*net.TCPAddr).Port)
}

// mail waits until the newest mail to a role of a booking has a status and a code, and returns its id.
func (p *postOffice) mail(t testing.TB, booking, to, status, code string) (id string) {
	t.Helper()
	eventually(t, to+" "+status+" "+code, func() bool {
		path := "/v2/mails?booking_id=" + booking
		a := p.get(t, path).want(t, http.StatusOK)
		a.promised(t, http.MethodGet, path)
		for i := range 10 {
			if one := fmt.Sprintf("data.%d.", i); a.str(one+"to") == to {
				id = a.str(one + "id")
				return a.str(one+"status") == status && a.str(one+"last_error") == code
			}
		}
		return false
	})
	return id
}

// sentTo are the mails that have arrived at an address.
func sentTo(t testing.TB, box *mailbox.Server, address string) (all []arrived) {
	t.Helper()
	for _, m := range box.Mails() {
		if m.To == address {
			all = append(all, open(t, m))
		}
	}
	return all
}

func customerAt(address string) string {
	return `,"customer":{"name":"Marty","email":"` + address + `"}`
}

// TestDeadAddresses: 550 5.1.1 marks an address. It is tried no more, the app is told once, and the address can be revived.
func TestDeadAddresses(t *testing.T) {
	t.Parallel()
	p := startPostOffice(t)
	told := newReceiver(t, ok)
	p.hook(t, told, `"mail.bounced"`)
	p.mailbox.Fail(mailbox.Fault{To: "gone@example.com", Code: 550, Status: [3]int{5, 1, 1}})
	first := p.book(t, p.resource, "instant", 10, customerAt("gone@example.com"))
	p.mail(t, first, "customer", "exhausted", "smtp_550")
	got := told.waitFor(t, 1)[0]
	if got.at("type") != "mail.bounced" || got.at("data.booking.id") != first || got.at("data.mail.to") != "customer" || got.at("data.mail.code") != "smtp_550" {
		t.Error(got.body)
	}
	p.mail(t, first, "owner", "delivered", "")
	tries := p.mailbox.Tries()
	second := p.book(t, p.resource, "instant", 11, customerAt("Gone@Example.com"))
	cancelled := p.mail(t, second, "customer", "cancelled", "address_dead")
	p.mail(t, second, "owner", "delivered", "")
	if n := p.mailbox.Tries(); n != tries+1 {
		t.Errorf("%d mails were begun, want one", n-tries)
	}
	list := p.get(t, "/v2/mails?booking_id="+second+"&kind=booking_confirmed&status=cancelled").want(t, http.StatusOK)
	if list.str("data.0.id") != cancelled || list.str("data.0.email_status") != "dead" || list.str("data.1.id") != "" {
		t.Error(list.body)
	}
	if n := p.rows(t, `SELECT count(*) FROM contact_blocks WHERE encode(digest, 'escape') ILIKE '%example%' OR reason <> 'smtp_550'`); n != 0 {
		t.Errorf("%d blocks say too much", n)
	}

	contacts := p.get(t, "/v2/bookings/"+second+"?include=contacts").want(t, http.StatusOK)
	if contacts.str("data.contacts.0.to") != "owner" || contacts.str("data.contacts.0.email_status") != "" || contacts.str("data.contacts.1.email_status") != "dead" {
		t.Error(contacts.body)
	}

	p.mailbox.Fail()
	p.post(t, "/v2/mails/revive", `{"email":"gone@example.com"}`).promised(t, http.MethodPost, "/v2/mails/revive")
	if again := p.post(t, "/v2/mails/revive", `{"email":"GONE@example.com"}`).want(t, http.StatusOK); again.str("data.revived") != "false" {
		t.Error(again.body)
	}
	p.post(t, "/v2/mails/revive", `{"email":"nobody"}`).want(t, http.StatusUnprocessableEntity)
	p.post(t, "/v2/mails/"+cancelled+"/retry", "").want(t, http.StatusAccepted)
	p.mail(t, second, "customer", "delivered", "")
	if len(sentTo(t, p.mailbox, "Gone@Example.com")) != 1 {
		t.Error("the revived address has got no mail")
	}
	if len(told.waitFor(t, 1)) != 1 {
		t.Error("the app was told more than once")
	}
}

// TestMailsThatComeBack: a bounce kills the address only when it says that there is none, and only one of the app's own mails.
func TestMailsThatComeBack(t *testing.T) {
	t.Parallel()
	p := startPostOffice(t)
	told := newReceiver(t, ok)
	p.hook(t, told, `"mail.*"`)
	id := p.book(t, p.resource, "instant", 10)
	mail := p.mail(t, id, "customer", "delivered", "")
	message := sentTo(t, p.mailbox, "marty@example.com")[0].Get("Message-ID")
	const path = "/v2/mails/bounces"
	say := func(body string) answer {
		a := p.post(t, path, body)
		a.promised(t, http.MethodPost, path)
		return a
	}
	for _, status := range []string{"4.2.2", "5.2.2", "5.7.1", "2.0.0"} {
		if a := say(`{"mail_id":"`+mail+`","status":"`+status+`","reason":"who knows"}`).want(t, http.StatusOK); a.str("data.address_dead") != "false" {
			t.Errorf("%s: %s", status, a.body)
		}
	}
	for _, body := range []string{
		`{"mail_id":"` + mail + `"}`, `{"status":"5.1.1"}`, `{"mail_id":"` + mail + `","status":"550"}`, `{"message_id":"<x@example.com>","status":"5.1.1"}`,
		`{"mail_id":"` + mail + `","message_id":"<x@y>","status":"5.1.1"}`, `{"mail_id":"` + mail + `","status":"5.1.1","dead":true}`,
	} {
		say(body).want(t, http.StatusUnprocessableEntity)
	}
	say(`{"mail_id":"11111111-1111-4111-8111-111111111111","status":"5.1.1"}`).refused(t, http.StatusNotFound, "not_found")
	p.anonymous().post(t, path, `{"mail_id":"`+mail+`","status":"5.1.1"}`).want(t, http.StatusUnauthorized)
	p.another(t).post(t, path, `{"mail_id":"`+mail+`","status":"5.1.1"}`).refused(t, http.StatusNotFound, "not_found")
	if n := p.rows(t, `SELECT count(*) FROM contact_blocks`); n != 0 {
		t.Fatalf("%d addresses are dead", n)
	}
	for range 2 {
		if a := say(`{"message_id":"`+message+`","status":"5.1.1"}`).want(t, http.StatusOK); a.str("data.address_dead") != "true" || a.str("data.mail_id") != mail {
			t.Error(a.body)
		}
	}
	if all := told.waitFor(t, 1); len(all) != 1 || all[0].at("data.mail.id") != mail || all[0].at("data.mail.code") != "smtp_5.1.1" {
		t.Errorf("%d events", len(all))
	}
	p.put(t, "/v2/bookings/"+id+"/cancel", "").want(t, http.StatusOK)
	p.mail(t, id, "customer", "cancelled", "address_dead")
}

// another is a second app of the same service.
func (b *bundle) another(t testing.TB) *bundle {
	t.Helper()
	other := *b
	made := b.asAdmin().post(t, "/v2/apps", `{"name":"Another","slug":"another"}`).want(t, http.StatusCreated)
	other.key = made.str("data.api_key")
	return &other
}

// TestAMailServerOfAnApp: its mails go by it, under its own sender. A wrong sign-in stops all of them, is told once, and loses none.
func TestAMailServerOfAnApp(t *testing.T) {
	t.Parallel()
	p := startPostOffice(t)
	told := newReceiver(t, ok)
	p.hook(t, told, `"mail.failing"`)
	own, smtp := startMailbox(t, mailbox.Options{})
	own.Fail(mailbox.Fault{Code: 535, Status: [3]int{5, 7, 8}})
	put := func(more string) answer {
		return p.put(t, "/v2/mailer", `{"from":"hello@salon.example","from_name":"Salon","reply_to":"desk@salon.example","bounce_address":"back@salon.example",
			"smtp":{`+smtp+more+`}}`).want(t, http.StatusOK)
	}
	if a := put(`,"user":"salon","password":"open sesame"`); strings.Contains(a.body, "sesame") || a.str("data.status") != "active" ||
		a.str("data.smtp.password_set") != "true" || a.str("data.smtp.user") != "salon" {
		t.Error(a.body)
	}
	put(`,"user":"salon"`) // the password on record stays
	if test := p.post(t, "/v2/mailer/test", `{"to":"anna@example.org"}`).want(t, http.StatusOK); test.str("data.last_error") != "auth_failed" || own.Tries() != 0 {
		t.Errorf("a password in the clear: %s", test.body)
	}
	if n := p.rows(t, `SELECT count(*) FROM mailers WHERE encode(sealed, 'escape') LIKE '%sesame%' OR encode(sealed, 'escape') LIKE '%127.0.0.1%'`); n != 0 {
		t.Error("the settings can be read")
	}
	_, elsewhere := startMailbox(t, mailbox.Options{})
	p.put(t, "/v2/mailer", `{"from":"hello@salon.example","smtp":{`+elsewhere+`,"user":"salon"}}`).want(t, http.StatusUnprocessableEntity)
	put("")
	for i := range 3 {
		p.book(t, p.resource, "instant", 10+i)
	}
	got := told.waitFor(t, 1)[0]
	if got.at("data.mailer.code") != "auth_failed" || got.at("data.mailer.status") != "535" || got.at("data.mailer.failing_since") == "" {
		t.Errorf("%s", got.body)
	}
	p.get(t, "/v2/events?after=").want(t, http.StatusOK) // which has none of it
	eventually(t, "failing", func() bool {
		a := p.get(t, "/v2/mailer").want(t, http.StatusOK)
		a.promised(t, http.MethodGet, "/v2/mailer")
		return a.str("data.status") == "failing" && a.str("data.health.last_error") == "auth_failed"
	})
	// An event of which the mailer has learnt after the failure waits as one, in place of its two mails.
	if n := p.get(t, "/v2/mailer").str("data.health.pending"); n < "4" || n > "6" {
		t.Errorf("%s wait", n)
	}
	test := p.post(t, "/v2/mailer/test", `{"to":"anna@example.org"}`).want(t, http.StatusOK)
	test.promised(t, http.MethodPost, "/v2/mailer/test")
	if test.str("data.verdict") != "down" || test.str("data.last_status") != "535" || test.str("data.last_error") != "auth_failed" {
		t.Error(test.body)
	}
	if n := strings.Count(p.log.String(), "mails cannot be sent"); n != 1 {
		t.Errorf("%d lines of the log say it, want one", n)
	}
	if n := len(p.mailbox.Mails()); n != 0 {
		t.Errorf("%d mails went by the operator's mail server", n)
	}
	own.Fail()
	put("") // it is tried at once
	eventually(t, "all mails", func() bool { return len(own.Mails()) == 6 })
	for _, m := range own.Mails() {
		a := open(t, m)
		if a.Get("From") != `"Salon" <hello@salon.example>` || a.Get("Reply-To") != "<desk@salon.example>" || !strings.HasPrefix(m.From, "back+") ||
			!strings.Contains(a.calendar, "hello@salon.example") || !strings.HasPrefix(a.Get("Message-ID"), "<"+m.From[len("back+"):len("back+")+36]+"@salon.example") {
			t.Errorf("from %s: %v\n%s", m.From, a.Header, a.calendar)
		}
	}
	if test := p.post(t, "/v2/mailer/test", `{"to":"anna@example.org"}`).want(t, http.StatusOK); test.str("data.verdict") != "sent" || len(sentTo(t, own, "anna@example.org")) != 1 {
		t.Error(test.body)
	}
	if all := told.waitFor(t, 1); len(all) != 1 {
		t.Errorf("told %d times", len(all))
	}
	p.call(t, http.MethodDelete, "/v2/mailer", "").want(t, http.StatusNoContent)
	p.book(t, p.resource, "instant", 15)
	p.arrives(t, 2)
}

// TestWhatAMailServerMayBe: nothing that is wrong, private or unencrypted is taken, unless it is said so.
func TestWhatAMailServerMayBe(t *testing.T) {
	t.Parallel()
	p := startPostOffice(t)
	for field, body := range map[string]string{
		"from":            `{"smtp":{"host":"mail.example.com"}}`,
		"smtp":            `{"from":"a@example.com"}`,
		"smtp.host":       `{"from":"a@example.com","smtp":{"host":"10.0.0.1"}}`,
		"smtp.tls":        `{"from":"a@example.com","smtp":{"host":"mail.example.com","tls":"maybe"}}`,
		"reply_to":        `{"from":"a@example.com","reply_to":"x","smtp":{"host":"mail.example.com"}}`,
		"rate_per_minute": `{"from":"a@example.com","rate_per_minute":-1,"smtp":{"host":"mail.example.com"}}`,
		"from_name":       `{"from":"a@example.com","from_name":"A\nB","smtp":{"host":"mail.example.com"}}`,
		"smtp.password":   `{"from":"a@example.com","smtp":{"host":"mail.example.com","user":"a"}}`,
		"quiet_hours":     `{"from":"a@example.com","smtp":{"host":"mail.example.com"},"quiet_hours":1}`,
	} {
		if a := p.put(t, "/v2/mailer", body).want(t, http.StatusUnprocessableEntity); !strings.Contains(a.body, `"`+field+`"`) {
			t.Errorf("%s: %s", field, a.body)
		}
	}
	_, smtp := startMailbox(t, mailbox.Options{}) // it offers no TLS
	p.put(t, "/v2/mailer", `{"from":"a@example.com","smtp":{`+strings.Replace(smtp, `"none"`, `"starttls"`, 1)+`}}`).want(t, http.StatusOK)
	if test := p.post(t, "/v2/mailer/test", `{"to":"anna@example.org"}`).want(t, http.StatusOK); test.str("data.last_error") != "tls_missing" || test.str("data.verdict") != "down" {
		t.Error(test.body)
	}
	p.widget(t).get(t, "/v2/mailer").want(t, http.StatusForbidden)
}

// TestPausedMails wait, and come when the mailer is resumed.
func TestPausedMails(t *testing.T) {
	t.Parallel()
	p := startPostOffice(t)
	if a := p.post(t, "/v2/mailer/pause", "").want(t, http.StatusOK); a.str("data.status") != "paused" {
		t.Error(a.body)
	}
	p.book(t, p.resource, "instant", 10)
	eventually(t, "it waits", func() bool { return p.get(t, "/v2/mailer").str("data.health.pending") != "0" })
	if n := len(p.mailbox.Mails()); n != 0 {
		t.Errorf("%d mails came", n)
	}
	if a := p.post(t, "/v2/mailer/resume", "").want(t, http.StatusOK); a.str("data.status") != "active" {
		t.Error(a.body)
	}
	p.arrives(t, 2)
}

// TestMailsAreSentAgain: what is greylisted passes; a mail that was cut off behind its end comes once more under its Message-ID; one that is
// sent again by hand is another mail. A replay of webhooks sends none.
func TestMailsAreSentAgain(t *testing.T) {
	t.Parallel()
	p := startPostOffice(t)
	p.mailbox.Fail(mailbox.Fault{To: "slow@example.com", Code: 451, Status: [3]int{4, 7, 1}, Times: 1}, mailbox.Fault{To: "cut@example.com", HangUp: true, Times: 1})
	again := func(mail string) {
		t.Helper()
		a := p.post(t, "/v2/mails/"+mail+"/retry", "").want(t, http.StatusAccepted)
		a.promised(t, http.MethodPost, "/v2/mails/"+mail+"/retry")
	}
	slow := p.book(t, p.resource, "instant", 10, customerAt("slow@example.com"))
	again(p.mail(t, slow, "customer", "pending", "smtp_451"))
	p.mail(t, slow, "customer", "delivered", "")
	cut := p.book(t, p.resource, "instant", 11, customerAt("cut@example.com"))
	mail := p.mail(t, cut, "customer", "pending", "connection_closed")
	again(mail)
	p.mail(t, cut, "customer", "delivered", "")
	copies := sentTo(t, p.mailbox, "cut@example.com")
	if len(copies) != 2 || copies[0].Get("Message-ID") != copies[1].Get("Message-ID") {
		t.Fatalf("%d copies: %v", len(copies), copies)
	}
	again(mail)
	eventually(t, "the mail that was asked for", func() bool { return len(sentTo(t, p.mailbox, "cut@example.com")) == 3 })
	if id := sentTo(t, p.mailbox, "cut@example.com")[2].Get("Message-ID"); id == copies[0].Get("Message-ID") || !strings.HasPrefix(id, "<"+mail+".") {
		t.Errorf("it came as %s", id)
	}
	p.another(t).post(t, "/v2/mails/"+mail+"/retry", "").refused(t, http.StatusNotFound, "not_found")

	hook := newReceiver(t, ok)
	of := p.webhook(t, hook.URL, "").str("data.id")
	before := len(p.mailbox.Mails())
	p.post(t, "/v2/webhooks/"+of+"/replay", `{"since":"2020-01-01T00:00:00Z","only":"all"}`).want(t, http.StatusAccepted)
	hook.waitFor(t, 2)
	if n := p.rows(t, `SELECT count(*) FROM webhook_deliveries WHERE recipient <> '' AND status = 'pending'`); n != 0 || len(p.mailbox.Mails()) != before {
		t.Errorf("%d mails wait, and %d came", n, len(p.mailbox.Mails())-before)
	}
}

// TestAnAppWithManyMailsDelaysNoOther: each is held to its own pace. At one a minute the ten of the first outlast any wait of this test. They
// are on record all the same: events become mails at once.
func TestAnAppWithManyMailsDelaysNoOther(t *testing.T) {
	t.Parallel()
	p := startPostOffice(t)
	other := p.another(t)
	slow, smtp := startMailbox(t, mailbox.Options{})
	p.put(t, "/v2/mailer", `{"from":"hello@salon.example","rate_per_minute":1,"smtp":{`+smtp+`}}`).want(t, http.StatusOK)
	p.book(t, p.resource, "instant", 10)
	eventually(t, "the first mail", func() bool { return len(slow.Mails()) > 0 })
	for i := range 4 {
		p.book(t, p.resource, "instant", 11+i)
	}
	eventually(t, "ten mails", func() bool { return p.rows(t, `SELECT count(*) FROM webhook_deliveries WHERE recipient <> ''`) == 10 })
	theirs := other.post(t, "/v2/resources", `{"name":"Dr. Brown","email":"brown@example.com","timezone":"UTC"}`).want(t, http.StatusCreated).str("data.id")
	other.book(t, theirs, "instant", 10)
	p.arrives(t, 2)
	if p.get(t, "/v2/mailer").str("data.health.pending") == "0" {
		t.Error("no mail of the slow app waits")
	}
}

// TestErasedBookings: what waits is cancelled, but for the end in calendars, which is sent.
func TestErasedBookings(t *testing.T) {
	t.Parallel()
	p := startPostOffice(t, "HOLDFAST_MAIL_DELAY=4s")
	id := p.book(t, p.resource, "instant", 10)
	p.arrives(t, 2)
	declined := p.book(t, p.resource, "confirm_decline", 12)
	p.put(t, "/v2/bookings/"+declined+"/decline", "").want(t, http.StatusOK)
	p.put(t, "/v2/bookings/"+id+"/cancel", "").want(t, http.StatusOK)
	eventually(t, "mails are written of all events", func() bool {
		return p.rows(t, `SELECT count(*) FROM webhook_deliveries WHERE recipient = '' AND status = 'pending'`) == 0
	})
	for _, one := range []string{id, declined} {
		p.call(t, http.MethodDelete, "/v2/bookings/"+one, "").want(t, http.StatusNoContent)
	}
	for _, one := range p.arrives(t, 4) {
		if !strings.HasPrefix(one.field("UID"), id+"@") {
			t.Errorf("to %s:\n%s\n%s", one.to, one.text, one.calendar)
		}
	}
	ended := 0
	for _, m := range p.mailbox.Mails() {
		if open(t, m).field("METHOD") == "CANCEL" {
			ended++
		}
	}
	if ended != 2 {
		t.Errorf("%d calendars have the end, want 2", ended)
	}
	eventually(t, "nothing waits", func() bool {
		return p.rows(t, `SELECT count(*) FROM webhook_deliveries WHERE recipient <> '' AND status = 'pending'`) == 0
	})
}

// TestAnEventWhoseMailsCannotBeWritten is tried a few times, and given up then, where everybody can see it.
func TestAnEventWhoseMailsCannotBeWritten(t *testing.T) {
	t.Parallel()
	p := startPostOffice(t)
	p.post(t, "/v2/mailer/pause", "").want(t, http.StatusOK)
	id := p.book(t, p.resource, "instant", 10)
	other := p.book(t, p.resource, "instant", 11)
	p.sql(t, `UPDATE events SET data = '{"id":5}' WHERE booking_id = $1`, id)
	p.sql(t, `UPDATE webhook_deliveries d SET attempts = 5 FROM events e WHERE e.id = d.event_id AND e.booking_id = $1`, id)
	p.post(t, "/v2/mailer/resume", "").want(t, http.StatusOK)
	p.mail(t, other, "customer", "delivered", "") // the one does not keep the other
	pending := func() int {
		return p.rows(t, `SELECT count(*) FROM webhook_deliveries d JOIN events e ON e.id = d.event_id WHERE e.booking_id = $1 AND d.status = 'pending' AND d.attempts = 6`, id)
	}
	eventually(t, "the sixth attempt", func() bool { return pending() == 1 })
	if a := p.get(t, "/v2/mails?status=exhausted").want(t, http.StatusOK); a.str("data.0.id") != "" {
		t.Error(a.body)
	}
	p.post(t, "/v2/mailer/resume", "").want(t, http.StatusOK) // what waits is due
	eventually(t, "the end", func() bool {
		a := p.get(t, "/v2/mails?status=exhausted&booking_id="+id).want(t, http.StatusOK)
		a.promised(t, http.MethodGet, "/v2/mails?status=exhausted&booking_id="+id)
		return a.str("data.0.last_error") == "render_failed" && a.str("data.0.kind") == "" && a.str("data.0.attempt_count") == "7"
	})
}
