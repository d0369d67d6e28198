package e2e_test

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"holdfast/internal/ports"
)

// textShop is an app whose customers get text messages by a gateway.
type textShop struct {
	*postOffice
	gateway *receiver
	hook    string // the id of the gateway's webhook
	secret  string
}

// textShopOf gives an app a gateway, which answers as status says.
func textShopOf(t *testing.T, b *bundle, status func(n int) int) *textShop {
	t.Helper()
	gateway := newReceiver(t, status)
	s := textShopAt(t, b, gateway.URL+"/sms")
	s.gateway = gateway
	return s
}

// textShopAt is the same with a gateway at an address.
func textShopAt(t *testing.T, b *bundle, url string) *textShop {
	t.Helper()
	made := b.webhook(t, url, `,"format":"sms"`)
	resource := b.post(t, "/v2/resources", `{"name":"Dr. Grau","email":"grau@example.com","timezone":"Europe/Berlin"}`).want(t, http.StatusCreated)
	return &textShop{&postOffice{bundle: b, resource: resource.str("data.id")}, nil, made.str("data.id"), made.str("data.secret")}
}

// person is a customer with a number, who agrees to text messages in these words; empty words are no agreement.
func person(number, words string) string {
	return fmt.Sprintf(`,"customer":{"name":"Marty McFly","email":"marty@example.com","phone":%q,"sms_consent":%q}`, number, words)
}

// texted waits until the text messages of a booking are as they should be: "kind status code" each.
func (s *textShop) texted(t testing.TB, what, id string, want ...string) {
	t.Helper()
	slices.Sort(want)
	var got []string
	defer func() {
		if t.Failed() {
			t.Logf("got %v of %s", got, s.get(t, "/v2/deliveries?booking_id="+id).body)
		}
	}()
	eventually(t, what+" "+strings.Join(want, ", "), func() bool {
		a := s.get(t, "/v2/deliveries?booking_id="+id).want(t, http.StatusOK)
		got = nil
		for i := range strings.Count(a.body, `"event_id"`) {
			one := fmt.Sprintf("data.%d.", i)
			if a.str(one+"webhook_id") == s.hook && a.str(one+"kind") != "" && a.str(one+"customer_id") != "" {
				got = append(got, strings.TrimSpace(a.str(one+"kind")+" "+a.str(one+"status")+" "+a.str(one+"last_error")))
			}
		}
		slices.Sort(got)
		return slices.Equal(got, want)
	})
}

// TestTextMessages: the customer who agrees to them gets one for each change, signed, at their number, and nobody else does. A gateway
// that has one already says 409, and that is that.
func TestTextMessages(t *testing.T) {
	t.Parallel()
	s := textShopOf(t, tenant(t, plain), func(n int) int {
		return []int{http.StatusInternalServerError, http.StatusConflict, http.StatusOK}[min(n, 2)]
	})
	const words = "Text me about this booking."
	id := s.post(t, "/v2/bookings", request(s.resource, "instant", 9, person("+49 151 12345678", words))).want(t, http.StatusCreated).str("data.id")
	s.texted(t, "known already", id, "booking_confirmed delivered")
	silent := s.post(t, "/v2/bookings", request(s.resource, "instant", 11, person("+4915112345678", ""))).want(t, http.StatusCreated).str("data.id")
	s.texted(t, "no consent", silent, "booking_confirmed cancelled no_consent")
	none := s.book(t, s.resource, "instant", 13)
	s.texted(t, "no number", none, "booking_confirmed cancelled no_address")
	s.put(t, "/v2/bookings/"+id+"/cancel", "").want(t, http.StatusOK)
	s.texted(t, "the end", id, "booking_confirmed delivered", "booking_cancelled delivered")

	got := s.gateway.all()
	if len(got) != 3 {
		t.Fatalf("%d requests, want 3", len(got))
	}
	if got[0].at("dedupe_id") != got[1].at("dedupe_id") || got[0].header.Get("Webhook-Id") != got[0].at("dedupe_id") || got[1].at("dedupe_id") == got[2].at("dedupe_id") {
		t.Errorf("%s\n%s\n%s", got[0].body, got[1].body, got[2].body)
	}
	verifier, err := standardwebhooks.NewWebhook(s.secret)
	if err != nil {
		t.Fatal(err)
	}
	for i, one := range got {
		if one.at("to") != "+4915112345678" || one.at("booking_id") != id {
			t.Errorf("request %d is %s", i, one.body)
		}
		one.promised(t, "TextMessage")
		if err := verifier.Verify(one.body, one.header); err != nil {
			t.Errorf("the published verifier refuses it: %v", err)
		}
	}
	if text := got[0].at("text"); text != "Barber & Co: You are booked. Haircut, Sunday, 1 December 2030, 10:00 CET." || got[0].at("kind") != "booking_confirmed" {
		t.Errorf("%q", text)
	}
	if text := got[2].at("text"); !strings.Contains(text, "was cancelled") {
		t.Errorf("%q", text)
	}
	meta := s.get(t, "/v2/bookings/"+id+"?include=customers").want(t, http.StatusOK).str("data.customers.0.meta")
	if !strings.Contains(meta, words) || !strings.Contains(meta, `"at"`) {
		t.Errorf("on record is %s", meta)
	}
	for _, wrong := range []string{person("0151 12345678", words), person("", words)} {
		s.post(t, "/v2/bookings", request(s.resource, "instant", 15, wrong)).refused(t, http.StatusUnprocessableEntity, "invalid")
	}
	if log := s.log.String(); strings.Contains(log, "15112345678") || strings.Contains(log, words) {
		t.Error("the log has the number or the words")
	}
}

// TestStopBySMS: a number that has said STOP gets no text message of the app, until it says START. Another app's it does get.
func TestStopBySMS(t *testing.T) {
	t.Parallel()
	s, other := textShopOf(t, tenant(t, plain), ok), textShopOf(t, tenant(t, plain), ok)
	s.post(t, "/v2/sms/stop", `{"phone":"0151 12345678"}`).refused(t, http.StatusUnprocessableEntity, "invalid")
	for range 2 {
		s.post(t, "/v2/sms/stop", `{"phone":"+49 151 12345678"}`).want(t, http.StatusOK)
	}
	book := func(s *textShop, hour int) string {
		return s.post(t, "/v2/bookings", request(s.resource, "instant", hour, person("+4915112345678", "Yes."))).want(t, http.StatusCreated).str("data.id")
	}
	status := func(id string) string {
		return s.get(t, "/v2/bookings/"+id+"?include=contacts").want(t, http.StatusOK).str("data.contacts.1.sms_status")
	}
	first := book(s, 9)
	s.texted(t, "stopped", first, "booking_confirmed cancelled stopped")
	if got := status(first); got != "stopped" {
		t.Errorf("the number is %q", got)
	}
	other.texted(t, "another app's", book(other, 9), "booking_confirmed delivered")
	if got := s.post(t, "/v2/sms/start", `{"phone":"+4915112345678"}`).want(t, http.StatusOK); got.str("data.changed") != "true" {
		t.Error(got.body)
	}
	s.texted(t, "started", book(s, 11), "booking_confirmed delivered")
	if got := status(first); got != "agreed" {
		t.Errorf("the number is %q", got)
	}
}

// TestTextMessagesAtNight: they wait for the morning, also those that are no reminders, unless the booking has begun by then. Reminders come
// once.
func TestTextMessagesAtNight(t *testing.T) {
	t.Parallel()
	lab := asLaboratory(t, start(t))
	s := textShopOf(t, lab, ok)
	s.put(t, "/v2/app", `{"settings":{"quiet_hours":{"from":"21:00","to":"08:00"}}}`).want(t, http.StatusOK)
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	now := s.clock(t).Now.In(zone)
	night := time.Date(now.Year(), now.Month(), now.Day()+2, 23, 0, 0, 0, zone)
	s.advance(t, fmt.Sprintf(`{"now":%q}`, night.UTC().Format(time.RFC3339)))
	at := func(hours int, more ...string) string {
		from := night.Add(time.Duration(hours) * time.Hour).UTC()
		return s.post(t, "/v2/bookings", fmt.Sprintf(`{"resource_id":%q,"graph":"instant","start":%q,"end":%q,"what":"Haircut"%s}`, s.resource,
			from.Format(time.RFC3339), from.Add(time.Hour).Format(time.RFC3339), person("+4915112345678", "Yes.")+strings.Join(more, ""))).want(t, http.StatusCreated).str("data.id")
	}
	reminder := `,"event_notifications":[{"type":"sms","when":{"type":"before","unit":"hours","time":3}}]`
	waits, soon, reminded := at(12), at(5), at(16, reminder)
	s.texted(t, "too early to wait", soon, "booking_confirmed delivered")
	for _, id := range []string{waits, reminded} {
		s.texted(t, "waits", id, "booking_confirmed pending quiet_hours")
	}
	s.advance(t, fmt.Sprintf(`{"now":%q}`, night.Add(9*time.Hour+time.Minute).UTC().Format(time.RFC3339)))
	s.texted(t, "in the morning", waits, "booking_confirmed delivered")
	s.advance(t, fmt.Sprintf(`{"now":%q}`, night.Add(13*time.Hour+time.Minute).UTC().Format(time.RFC3339)))
	s.texted(t, "reminded", reminded, "booking_confirmed delivered", "reminder delivered")
	s.advance(t, fmt.Sprintf(`{"now":%q}`, night.Add(20*time.Hour).UTC().Format(time.RFC3339)))
	if n := len(s.gateway.all()); n != 4 {
		t.Errorf("%d messages, want 4", n)
	}
}

// TestTextMessagesToStrangers: who books by a widget key for others does not have them texted again and again.
func TestTextMessagesToStrangers(t *testing.T) {
	t.Parallel()
	s := textShopOf(t, tenant(t, plain), ok)
	s.put(t, "/v2/app", `{"settings":{"widget_requires_project":false}}`).want(t, http.StatusOK)
	visitor := s.widget(t)
	first := visitor.post(t, "/v2/bookings", request(s.resource, "instant", 9, person("+4915112345678", "Yes."))).want(t, http.StatusCreated).str("data.id")
	s.texted(t, "the first", first, "booking_confirmed delivered")
	second := visitor.post(t, "/v2/bookings", request(s.resource, "instant", 11, person("+4915112345678", "Yes."))).want(t, http.StatusCreated).str("data.id")
	s.texted(t, "the second", second, "booking_confirmed cancelled limited")
	third := s.post(t, "/v2/bookings", request(s.resource, "instant", 13, person("+4915112345678", "Yes."))).want(t, http.StatusCreated).str("data.id")
	s.texted(t, "the app's own", third, "booking_confirmed delivered")
}

// TestGatewaysAreTested: a test of the gateway's webhook sends a message to a number that nobody has, and says that it is a test.
// A paused one keeps messages.
func TestGatewaysAreTested(t *testing.T) {
	t.Parallel()
	s := textShopOf(t, tenant(t, plain), ok)
	a := s.post(t, "/v2/webhooks/"+s.hook+"/test", "").want(t, http.StatusOK)
	if a.str("data.status") != "delivered" || a.str("data.attempts.0.request.body") != "" {
		t.Error(a.body)
	}
	if got := s.gateway.waitFor(t, 1)[0]; got.at("test") != "true" || got.at("to") != "+12025550185" || got.header.Get("Webhook-Test") == "" {
		t.Errorf("%v %s", got.header, got.body)
	} else {
		got.promised(t, "TextMessage")
	}
	s.post(t, "/v2/webhooks/"+s.hook+"/pause", "").want(t, http.StatusOK)
	id := s.post(t, "/v2/bookings", request(s.resource, "instant", 9, person("+4915112345678", "Yes."))).want(t, http.StatusCreated).str("data.id")
	s.post(t, "/v2/webhooks/"+s.hook+"/resume", "").want(t, http.StatusOK)
	s.texted(t, "resumed", id, "booking_confirmed delivered")
}

// TestTextMessagesOfTheDocument asks for what docs/text-messages.md shows: the gateway gets the message that is there.
func TestTextMessagesOfTheDocument(t *testing.T) {
	t.Parallel()
	blocks := blocksOf(t, "docs/text-messages.md", jsonBlock, 4)
	message, reminder, customer, fields := blocks[0][1], blocks[1][1], blocks[2][1], blocks[3][1]
	s := textShopOf(t, tenant(t, plain), ok)
	id := s.post(t, "/v2/bookings", request(s.resource, "instant", 9, `,"event_notifications":[`+reminder+`],`+inner(customer))).want(t, http.StatusCreated).str("data.id")
	s.texted(t, "the one of the document", id, "booking_confirmed delivered")
	got, want := s.gateway.waitFor(t, 1)[0], received{body: []byte(message)}
	want.promised(t, "TextMessage")
	for _, field := range []string{"to", "text", "kind"} {
		if got.at(field) != want.at(field) {
			t.Errorf("%s is %q, want %q", field, got.at(field), want.at(field))
		}
	}
	if meta := s.get(t, "/v2/bookings/"+id+"?include=customers").want(t, http.StatusOK).str("data.customers.0.meta"); !strings.Contains(meta, "Text me about this booking.") {
		t.Errorf("on record is %s", meta)
	}
	project := s.post(t, "/v2/projects", `{"name":"Haircut","resources":["`+s.resource+`"],"availability":{"length":"1 hour"},`+inner(fields)+`}`).want(t, http.StatusCreated)
	if title := project.str("data.customer_fields.sms_consent.title"); title != "Text me about this booking." {
		t.Errorf("the field is %q: %s", title, project.body)
	}
}

// TestGatewayOfTheDocument runs the program of docs/text-messages.md: it sends a message once, and nothing that Holdfast has not signed.
func TestGatewayOfTheDocument(t *testing.T) {
	t.Parallel()
	gateway := blocksOf(t, "docs/text-messages.md", program, 1)[0]
	port, err := ports.Free("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://127.0.0.1:" + strconv.Itoa(port) + "/sms"
	s := textShopAt(t, tenant(t, plain), url)
	printed := runReceiver(t, gateway[1], gateway[2], port, s.secret)
	refusesForged(t, url, printed)
	s.post(t, "/v2/webhooks/"+s.hook+"/test", "").want(t, http.StatusOK).same(t, "data.status", "delivered")
	id := s.post(t, "/v2/bookings", request(s.resource, "instant", 9, person("+4915112345678", "Yes."))).want(t, http.StatusCreated).str("data.id")
	s.texted(t, "the gateway has it", id, "booking_confirmed delivered")
	a := s.get(t, "/v2/deliveries?booking_id="+id).want(t, http.StatusOK)
	var message string
	for i := range strings.Count(a.body, `"event_id"`) {
		if one := fmt.Sprintf("data.%d.", i); a.str(one+"customer_id") != "" {
			message = a.str(one + "id")
		}
	}
	s.post(t, "/v2/deliveries/"+message+"/retry", "").want(t, http.StatusAccepted)
	eventually(t, "the gateway has it already", func() bool { return s.shown(t, message).str("data.attempts.1.status") == "409" })
	if n := strings.Count(printed.String(), "sent "); n != 2 {
		t.Errorf("%d are sent, want the test and one message: %s", n, printed)
	}
}

// jsonBlock is a block of JSON of a document.
var jsonBlock = regexp.MustCompile("(?s)```json\n(.*?)```")

// inner is a JSON object without its braces.
func inner(object string) string {
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(object), "{"), "}")
}
