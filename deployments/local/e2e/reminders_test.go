package e2e_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// remind is one reminder by webhook; more is added to its settings.
func remind(url, when string, seconds int, more ...string) string {
	return fmt.Sprintf(`{"type":"webhook","settings":{"url":%q%s},"when":{"type":%q,"unit":"secs","time":%d}}`,
		url, strings.Join(more, ""), when, seconds)
}

// soon is the body of a booking of an hour that begins in a while.
func soon(resource, graph string, in time.Duration, more ...string) string {
	return since(time.Now(), resource, graph, in, more...)
}

// soon is the body of a booking of an hour that begins in a while by the app's clock. With a test app, which tests move on by
// hours, it does not matter how fast the machine is.
func (b *bundle) soon(t testing.TB, resource, graph string, in time.Duration, more ...string) string {
	t.Helper()
	return since(b.clock(t).Now, resource, graph, in, more...)
}

func since(now time.Time, resource, graph string, in time.Duration, more ...string) string {
	start := now.UTC().Add(in).Truncate(time.Second)
	return fmt.Sprintf(`{"resource_id":%q,"graph":%q,"start":%q,"end":%q,"what":"Haircut","customer":{"name":"Marty McFly","email":"marty@example.com"}%s}`,
		resource, graph, start.Format(time.RFC3339), start.Add(time.Hour).Format(time.RFC3339), strings.Join(more, ""))
}

// notified are the reminders of a booking.
func notified(list ...string) string {
	return `,"event_notifications":[` + strings.Join(list, ",") + `]`
}

// about counts what a receiver was told of a booking.
func (r *receiver) about(id string) int {
	n := 0
	for _, one := range r.all() {
		if one.at("id") == id {
			n++
		}
	}
	return n
}

// TestRemindersComeOnceAndSigned: before the start and after it, each at its time, to its own address.
func TestRemindersComeOnceAndSigned(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	before, after, never, everything := newReceiver(t, ok), newReceiver(t, ok), newReceiver(t, ok), newReceiver(t, ok)
	b.webhook(t, everything.URL, "")
	made := b.post(t, "/v2/bookings", soon(b.resource(t), "instant", 20*time.Second, notified(
		remind(before.URL, "before", 3), remind(after.URL, "after", 1, `,"method":"put"`), remind(never.URL, "before", 3600)))).want(t, http.StatusCreated)
	id := made.str("data.id")
	late := after.waitFor(t, 1)[0]
	if late.method != http.MethodPut {
		t.Errorf("reminded by %s, want PUT", late.method)
	}
	early := before.waitFor(t, 1)[0]
	if early.at("id") != id || early.at("state") != "confirmed" || early.at("customers.0.name") != "Marty McFly" || early.method != http.MethodPost {
		t.Errorf("%s %s", early.method, early.body)
	}
	start, err := time.Parse("2006-01-02T15:04:05-0700", early.at("event.start"))
	if err != nil {
		t.Fatal(err)
	}
	for from, one := range map[int64]received{start.Unix() - 3: early, start.Unix() + 1: late} {
		sent, err := strconv.ParseInt(one.header.Get("webhook-timestamp"), 10, 64)
		if err != nil || sent < from {
			t.Errorf("sent at %d, due at %d, and it begins at %d: %v", sent, from, start.Unix(), err)
		}
	}
	mac := hmac.New(sha256.New, []byte(b.get(t, "/v2/app").str("data.webhook_secret")))
	_, _ = mac.Write(early.body)
	if early.header.Get("x-timekit-signature") != hex.EncodeToString(mac.Sum(nil)) || !strings.HasPrefix(early.header.Get("webhook-signature"), "v1,") {
		t.Errorf("not signed: %v", early.header)
	}
	if states := fmt.Sprint(b.told(t, everything, id)[id]); states != "[confirmed]" {
		t.Errorf("a subscriber is told of %s: reminders are not for it", states)
	}
	for name, r := range map[string]*receiver{"before": before, "after": after} {
		if n := len(r.all()); n != 1 {
			t.Errorf("%s: %d requests, want 1", name, n)
		}
	}
	if n := len(never.all()); n != 0 {
		t.Errorf("a reminder that was too late when the booking was made was sent %d times", n)
	}
	if listed := b.get(t, "/v2/webhooks").want(t, http.StatusOK); listed.str("total") != "1" && listed.str("data.1.id") != "" || strings.Contains(listed.body, before.URL) {
		t.Errorf("the targets of reminders are listed: %s", listed.body)
	}
}

// TestRemindersWantTheirAnswer: another 2xx than the one that is expected is no delivery.
func TestRemindersWantTheirAnswer(t *testing.T) {
	t.Parallel()
	b := laboratory(t)
	picky := newReceiver(t, func(n int) int {
		if n == 0 {
			return http.StatusOK
		}
		return http.StatusAccepted
	})
	b.post(t, "/v2/bookings", b.soon(t, b.resource(t), "instant", 9*time.Hour,
		notified(remind(picky.URL, "before", 3*3600, `,"expected_response_code":202`)))).want(t, http.StatusCreated)
	b.advance(t, `{"advance":"PT7H"}`)
	got := picky.waitFor(t, 2)
	if got[0].header.Get("webhook-id") != got[1].header.Get("webhook-id") || string(got[0].body) != string(got[1].body) {
		t.Error("the repeat is another message")
	}
}

// TestOnlyWhatIsOnIsRemindedOf: not what was cancelled, nor a request that nobody confirmed, nor a hold. The last reminder of
// all shows that the others would have come by then.
func TestOnlyWhatIsOnIsRemindedOf(t *testing.T) {
	t.Parallel()
	b := laboratory(t)
	hears, last := newReceiver(t, ok), newReceiver(t, ok)
	book := func(graph string) string {
		return b.post(t, "/v2/bookings", b.soon(t, b.resource(t), graph, 9*time.Hour, notified(remind(hears.URL, "before", 3*3600)))).want(t, http.StatusCreated).str("data.id")
	}
	cancelled, asked, confirmed, declined := book("instant"), book("confirm_decline"), book("confirm_decline"), book("confirm_decline")
	b.put(t, "/v2/bookings/"+cancelled+"/cancel", "").want(t, http.StatusOK)
	b.put(t, "/v2/bookings/"+confirmed+"/confirm", "").want(t, http.StatusOK)
	b.put(t, "/v2/bookings/"+declined+"/decline", "").want(t, http.StatusOK)
	b.post(t, "/v2/bookings/reserve", b.soon(t, b.resource(t), "instant", 9*time.Hour, notified(remind(hears.URL, "before", 3*3600)))).want(t, http.StatusCreated)
	b.post(t, "/v2/bookings", b.soon(t, b.resource(t), "instant", 9*time.Hour, notified(remind(last.URL, "after", 3600)))).want(t, http.StatusCreated)
	b.advance(t, `{"advance":"PT7H"}`)
	hears.waitFor(t, 1)
	b.advance(t, `{"advance":"PT4H"}`)
	last.waitFor(t, 1)
	if len(hears.all()) != 1 || hears.about(confirmed) != 1 {
		t.Errorf("reminded %d times: of the cancelled %d, the asked %d, the declined %d, the confirmed %d",
			len(hears.all()), hears.about(cancelled), hears.about(asked), hears.about(declined), hears.about(confirmed))
	}
}

// TestProjectsRemind: bookings inherit a project's reminders, unless they have some of their own, or say that they want none.
// A visitor's browser has no say in it.
func TestProjectsRemind(t *testing.T) {
	t.Parallel()
	b := laboratory(t)
	b.put(t, "/v2/app", `{"settings":{"widget_requires_project":false}}`).want(t, http.StatusOK)
	visitor := b.widget(t)
	inherited, own, last := newReceiver(t, ok), newReceiver(t, ok), newReceiver(t, ok)
	project := b.project(t, "Haircut", fmt.Sprintf(`,"booking":{"graph":"instant"},"availability":{"from":"now"},"reminders":[%s]`, remind(inherited.URL, "before", 3*3600))).str("data.id")
	book := func(who *bundle, more string) string {
		chair := b.resource(t)
		b.post(t, "/v2/projects/"+project+"/resources", fmt.Sprintf(`{"resource_id":%q}`, chair)).want(t, http.StatusCreated)
		body := b.soon(t, chair, "instant", 9*time.Hour, fmt.Sprintf(`,"project_id":%q`, project), more)
		return who.post(t, "/v2/bookings", body).want(t, http.StatusCreated).str("data.id")
	}
	plainly, with, without := book(b, ""), book(b, notified(remind(own.URL, "before", 3*3600))), book(b, notified())
	older := book(b, `,"reminders":[`+remind(own.URL, "before", 3*3600)+`]`)
	browser := book(visitor, notified(remind(own.URL, "before", 3*3600)))
	stranger := visitor.post(t, "/v2/bookings", b.soon(t, b.resource(t), "instant", 9*time.Hour, notified(remind(own.URL, "before", 3*3600)))).want(t, http.StatusCreated).str("data.id")
	b.post(t, "/v2/bookings", b.soon(t, b.resource(t), "instant", 9*time.Hour, notified(remind(last.URL, "after", 3600)))).want(t, http.StatusCreated)
	b.advance(t, `{"advance":"PT7H"}`)
	inherited.waitFor(t, 2)
	own.waitFor(t, 2)
	b.advance(t, `{"advance":"PT4H"}`)
	last.waitFor(t, 1)
	for id, want := range map[string][2]int{plainly: {1, 0}, with: {0, 1}, without: {0, 0}, older: {0, 1}, browser: {1, 0}, stranger: {0, 0}} {
		if got := [2]int{inherited.about(id), own.about(id)}; got != want {
			t.Errorf("%s: reminded %v times by the project and by itself, want %v", id, got, want)
		}
	}
}

// TestRescheduledBookingsAreRemindedOfAnew: the old time is not reminded of, the new one is, even of what was too late to be
// reminded of before.
func TestRescheduledBookingsAreRemindedOfAnew(t *testing.T) {
	t.Parallel()
	b := laboratory(t)
	hears, last := newReceiver(t, ok), newReceiver(t, ok)
	book := func(in time.Duration, list string) string {
		return b.post(t, "/v2/bookings", b.soon(t, b.resource(t), "instant", in, list)).want(t, http.StatusCreated).str("data.id")
	}
	move := func(id string, in time.Duration) string {
		return b.post(t, "/v2/bookings/"+id+"/reschedule", b.soon(t, b.resource(t), "", in)).want(t, http.StatusCreated).str("data.id")
	}
	far := book(90*time.Hour, notified(remind(hears.URL, "before", 10*3600)))
	near := move(far, 12*time.Hour)
	tooLate := book(time.Hour, notified(remind(hears.URL, "before", 10*3600)))
	inTime := move(tooLate, 12*time.Hour)
	old := book(9*time.Hour, notified(remind(hears.URL, "before", 3*3600)))
	away := move(old, 100*time.Hour)
	book(9*time.Hour, notified(remind(last.URL, "after", 3600)))
	b.advance(t, `{"advance":"PT7H"}`)
	hears.waitFor(t, 2)
	b.advance(t, `{"advance":"PT4H"}`)
	last.waitFor(t, 1)
	for id, want := range map[string]int{far: 0, near: 1, tooLate: 0, inTime: 1, old: 0, away: 0} {
		if got := hears.about(id); got != want {
			t.Errorf("%s: reminded %d times, want %d", id, got, want)
		}
	}
}

// TestRemindersAreChecked before anything is booked.
func TestRemindersAreChecked(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t)
	const hook = `"settings":{"url":"https://example.com/"}`
	for reminder, field := range map[string]string{
		`{"type":"email","settings":{"recipient":"owner","subject":"Soon"},"when":{"type":"before","unit":"hours","time":0}}`:                           "when.time",
		`{"type":"email","settings":{"recipient":"everybody","subject":"Soon"},"when":{"type":"before","unit":"hours","time":1}}`:                       "settings.recipient",
		`{"type":"email","settings":{"recipient":"owner","subject":"` + strings.Repeat("é", 256) + `"},"when":{"type":"after","unit":"mins","time":0}}`: "settings.subject",
		`{"type":"pigeon",` + hook + `,"when":{"type":"before","unit":"hours","time":1}}`:                                                               "type",
		`{"type":"webhook","settings":{"url":"http://169.254.169.254/"},"when":{"type":"before","unit":"hours","time":1}}`:                              "settings.url",
		`{"type":"webhook","settings":{"url":"https://example.com/","method":"trace"},"when":{"type":"before","unit":"hours","time":1}}`:                "settings.method",
		`{"type":"webhook","settings":{"url":"https://example.com/","expected_response_code":302},"when":{"type":"before","unit":"hours","time":1}}`:    "settings.expected_response_code",
		`{"type":"webhook",` + hook + `,"when":{"type":"during","unit":"hours","time":1}}`:                                                              "when.type",
		`{"type":"webhook",` + hook + `,"when":{"type":"before","unit":"fortnights","time":1}}`:                                                         "when.unit",
		`{"type":"webhook",` + hook + `,"when":{"type":"before","unit":"hours","time":-1}}`:                                                             "when.time",
		`{"type":"webhook",` + hook + `,"when":{"type":"before","unit":"hours","time":100000}}`:                                                         "when.time",
	} {
		a := b.post(t, "/v2/bookings", request(resource, "instant", 9, notified(reminder))).refused(t, http.StatusUnprocessableEntity, "invalid")
		if !strings.Contains(a.body, `"event_notifications.0.`+field+`"`) {
			t.Errorf("%s: %s is not named: %s", reminder, field, a.body)
		}
		b.post(t, "/v2/projects", `{"name":"Haircut","reminders":[`+reminder+`]}`).refused(t, http.StatusUnprocessableEntity, "invalid")
	}
	many := strings.Repeat(remind("https://example.com/", "before", 60)+",", 11)
	b.post(t, "/v2/bookings", request(resource, "instant", 9, notified(strings.TrimSuffix(many, ",")))).refused(t, http.StatusUnprocessableEntity, "invalid")
	b.post(t, "/v2/bookings", request(resource, "instant", 9, `,"event_notifications":7`)).refused(t, http.StatusUnprocessableEntity, "invalid")
	if total := b.total(t, ""); total != "0" {
		t.Errorf("%s bookings were made", total)
	}
}
