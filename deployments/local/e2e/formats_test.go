package e2e_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// TestEveryFormatArrives lets an endpoint of each format hear of a booking's life, and the published verifiers of two
// languages judge what comes.
func TestEveryFormatArrives(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	type endpoint struct {
		*receiver
		secret string
	}
	endpoints := map[string]endpoint{}
	for _, format := range []string{"timekit", "holdfast", "reservekit"} {
		r := newReceiver(t, ok)
		made := b.webhook(t, r.URL, fmt.Sprintf(`,"format":%q`, format))
		if made.str("data.format") != format {
			t.Fatalf("asked for %s: %s", format, made.body)
		}
		endpoints[format] = endpoint{r, made.str("data.secret")}
	}
	id := b.book(t, b.resource(t), "confirm_decline", 9)
	b.put(t, "/v2/bookings/"+id+"/confirm", "").want(t, http.StatusOK)
	b.put(t, "/v2/bookings/"+id+"/cancel", `{"cancel":{"message":"Down with a cold"}}`).want(t, http.StatusOK)

	want := map[string]map[string]string{ // what the three messages have, at these paths
		"timekit": {
			"id": id + " " + id + " " + id, "state": "tentative confirmed cancelled", "event.start": strings.Repeat(" 2030-12-01T10:00:00+0100", 3)[1:],
		},
		"holdfast": {
			"type": "booking.tentative booking.confirmed booking.cancelled", "data.sequence": "1 2 3",
			"data.previous_state": "initialized tentative confirmed", "data.action": "create confirm cancel", "data.actor": "api api api",
			"data.inputs.cancel.message": "  Down with a cold", "data.booking.id": id + " " + id + " " + id,
			"data.booking.event.start": strings.Repeat(" 2030-12-01T10:00:00+01:00", 3)[1:],
		},
		"reservekit": {
			"event_type": "bookings.create bookings.update bookings.delete", "bookings.0.status": "pending confirmed cancelled",
			"bookings.0.cancel_reason": "  Down with a cold", "bookings.0.date": "2030-12-01 2030-12-01 2030-12-01",
			"bookings.0.uuid": id + " " + id + " " + id, "bookings.0.customer.name": strings.Repeat(" Marty McFly", 3)[1:],
		},
	}
	ids := map[string]string{}
	var messages []signed
	for format, e := range endpoints {
		got := e.waitFor(t, 3)
		for path, value := range want[format] {
			if all := strings.Join([]string{got[0].at(path), got[1].at(path), got[2].at(path)}, " "); all != value {
				t.Errorf("%s: %s is %q, want %q", format, path, all, value)
			}
		}
		for i, r := range got {
			if has := r.header.Get("x-timekit-signature") != ""; has != (format == "timekit") {
				t.Errorf("%s: a signature of Timekit's: %v", format, has)
			}
			messages = append(messages, r.under(e.secret))
			ids[format] += r.header.Get("webhook-id") + " "
			if format == "holdfast" && r.at("data.id") != r.header.Get("webhook-id") {
				t.Errorf("message %d has the id %s", i, r.at("data.id"))
			}
		}
	}
	if ids["timekit"] != ids["holdfast"] || ids["timekit"] != ids["reservekit"] {
		t.Errorf("the same events have several ids: %v", ids)
	}
	wantVerified(t, messages)
}

// TestBothSecretsVerifyDuringRotation gives an endpoint a new secret: messages satisfy the old and the new one.
func TestBothSecretsVerifyDuringRotation(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	r := newReceiver(t, ok)
	made := b.webhook(t, r.URL, `,"format":"holdfast"`)
	rotated := b.post(t, "/v2/webhooks/"+made.str("data.id")+"/rotate", `{"grace_period_seconds":600}`).want(t, http.StatusOK)
	old, recent := made.str("data.secret"), rotated.str("data.secret")
	if old == recent || !strings.HasPrefix(recent, "whsec_") {
		t.Fatalf("the new secret is no new one")
	}
	b.book(t, b.resource(t), "instant", 9)
	got := r.waitFor(t, 1)[0]
	if n := len(strings.Fields(got.header.Get("webhook-signature"))); n != 2 {
		t.Errorf("%d signatures, want 2", n)
	}
	wantVerified(t, []signed{got.under(old), got.under(recent)})
}

// signed is a message as js/verify.js takes it.
type signed struct {
	Secret  string            `json:"secret"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
}

// under is what was received, to be checked with a secret.
func (r received) under(secret string) signed {
	s := signed{Secret: secret, Headers: map[string]string{}, Body: string(r.body)}
	for _, name := range []string{"webhook-id", "webhook-timestamp", "webhook-signature"} {
		s.Headers[name] = r.header.Get(name)
	}
	return s
}

// wantVerified has the published libraries for Go and for Node.js accept every message, and refuse each with another
// secret or another body.
func wantVerified(t *testing.T, messages []signed) {
	t.Helper()
	const stranger = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	var all []signed
	for _, m := range messages {
		foreign, changed := m, m
		foreign.Secret, changed.Body = stranger, m.Body+" "
		all = append(all, m, foreign, changed)
	}
	printed := bufio.NewScanner(bytes.NewReader(node(t, string(asText(t, all)), "verify.js")))
	for i, m := range all {
		var said struct {
			OK   bool   `json:"ok"`
			What string `json:"what"`
		}
		if !printed.Scan() || json.Unmarshal(printed.Bytes(), &said) != nil {
			t.Fatalf("js/verify.js said nothing of message %d: %s", i, printed.Text())
		}
		verifier, err := standardwebhooks.NewWebhook(m.Secret)
		if err != nil {
			t.Fatal(err)
		}
		headers := http.Header{}
		for name, value := range m.Headers {
			headers.Set(name, value)
		}
		err = verifier.Verify([]byte(m.Body), headers)
		if good := i%3 == 0; said.OK != good || (err == nil) != good {
			t.Errorf("message %d: Node.js says %q, Go says %v; it is good: %v", i, said.What, err, good)
		}
	}
}

func asText(t testing.TB, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
