package e2e_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/booking"
)

// visited is a scheduling request that a visitor of a public link brings about.
func (b *bundle) visited(t testing.TB) *booking.SchedulingRequest {
	t.Helper()
	id := uuid.New()
	return &booking.SchedulingRequest{
		ID: id, AppID: mustUUID(t, b.get(t, "/v2/app").want(t, http.StatusOK).str("data.id")), Code: id.String(),
		Name: "srq_" + strings.ReplaceAll(id.String(), "-", "")[:24], Summary: "Product Manager Interview at Globex", DurationMinutes: 60,
		Attributed: true, Recipient: booking.Recipient{Email: "eb@example.com", DisplayName: "Dr Emmet Brown"},
		Metadata: map[string]string{
			"correlation_id": "foobar", "utm_medium": "email", "utm_source": "automated_email_workflow", "utm_campaign": "offer",
		},
	}
}

// callback has an app's notifications sent to a receiver.
func (b *bundle) callback(t testing.TB, r *receiver) {
	t.Helper()
	b.put(t, "/v2/embed_callback", fmt.Sprintf(`{"callback_url":%q}`, r.URL+"/callback")).want(t, http.StatusOK)
}

func (b *bundle) clientSecret(t testing.TB) (id, secret string) {
	t.Helper()
	made := b.post(t, "/v2/client_secrets", "").want(t, http.StatusCreated)
	return made.str("data.id"), made.str("data.secret")
}

// moveTo reschedules a booking and returns the id of the next.
func (b *bundle) moveTo(t testing.TB, id string, hour int) string {
	t.Helper()
	start := time.Date(2030, 12, 1, hour, 0, 0, 0, time.UTC)
	return b.post(t, "/v2/bookings/"+id+"/reschedule", fmt.Sprintf(`{"start":%q,"end":%q}`, start.Format(time.RFC3339), start.Add(time.Hour).Format(time.RFC3339))).
		want(t, http.StatusCreated).str("data.id")
}

// TestNotificationsTellTheStory plays the life of a request, and looks at every field that receivers read.
func TestNotificationsTellTheStory(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	r, everything := newReceiver(t, ok), newReceiver(t, ok)
	b.callback(t, r)
	b.webhook(t, everything.URL, "")
	resource := b.resource(t)
	_, secret := b.clientSecret(t)
	silent := b.visited(t)
	silent.Attributed = false
	b.pick(t, silent, resource, "instant", 20)
	b.book(t, resource, "instant", 21)
	request := b.visited(t)
	first := b.pick(t, request, resource, "confirm_decline", 9)
	b.put(t, "/v2/bookings/"+first+"/confirm", "").want(t, http.StatusOK)
	second := b.moveTo(t, first, 11)
	b.put(t, "/v2/bookings/"+second+"/confirm", "").want(t, http.StatusOK)
	b.put(t, "/v2/bookings/"+second+"/cancel_by_customer", `{"cancel_by_customer":{"message":"No time"}}`).want(t, http.StatusOK)

	want := []struct{ kind, booking, start, state string }{
		{"time_chosen", first, "2030-12-01T09:00:00Z", "tentative"}, {"updated", first, "2030-12-01T09:00:00Z", "confirmed"},
		{"rescheduled", second, "2030-12-01T11:00:00Z", "tentative"}, {"updated", second, "2030-12-01T11:00:00Z", "confirmed"},
		{"declined", second, "2030-12-01T11:00:00Z", "cancelled_by_customer"},
	}
	got := r.waitFor(t, len(want))
	page := b.api + "/rts/" + request.Code
	for i, w := range want {
		fields := map[string]string{
			"notification.type": "scheduling_request_" + w.kind, "scheduling_request.scheduling_request_id": request.Name,
			"scheduling_request.slot_selection": "complete", "scheduling_request.primary_select_url": page,
			"scheduling_request.dashboard_url":                 b.api + "/portal/bookings/" + w.booking,
			"scheduling_request.recipient_operations.view_url": page, "scheduling_request.recipient_operations.reschedule_url": page + "?reschedule=true",
			"scheduling_request.recipient_operations.decline_url": page + "?decline=true", "scheduling_request.summary": request.Summary,
			"scheduling_request.duration.minutes": "60", "scheduling_request.recipients.0.email": "eb@example.com",
			"scheduling_request.recipients.0.display_name": "Dr Emmet Brown", "scheduling_request.recipients.0.slot_selector": "true",
			"scheduling_request.event.start.time": w.start, "scheduling_request.event.start.tzid": "Europe/Berlin",
			"scheduling_request.holdfast.booking_id": w.booking, "scheduling_request.holdfast.state": w.state,
		}
		for _, place := range []string{"scheduling_request.event.metadata.scheduler", "scheduling_request.metadata.scheduler"} {
			scheduler, _ := answer{body: string(got[i].body)}.at(place).(map[string]any)
			if text := string(asText(t, scheduler)); text != `{"captured_data.guests":"1000000","captured_data.notes":"No dietary requirements.",`+
				`"captured_data.phone_number":"0118999881999119725 3","captured_data.vegan":"true","correlation_id":"foobar",`+
				`"utm_campaign":"offer","utm_medium":"email","utm_source":"automated_email_workflow"}` {
				t.Errorf("%s: %s", place, text)
			}
		}
		if w.kind == "declined" {
			fields["scheduling_request.recipient_operations.reschedule_url"], fields["scheduling_request.recipient_operations.decline_url"] = "", ""
			fields["scheduling_request.holdfast.reason"] = "No time"
		}
		for path, value := range fields {
			if got[i].at(path) != value {
				t.Errorf("message %d: %s is %q, want %q", i, path, got[i].at(path), value)
			}
		}
		if at, err := time.Parse("2006-01-02T15:04:05Z", got[i].at("notification.triggered_at")); err != nil || time.Since(at) > time.Hour {
			t.Errorf("message %d: triggered at %s", i, got[i].at("notification.triggered_at"))
		}
		if kind := got[i].header.Get("Content-Type"); kind != "application/json; charset=utf-8" || got[i].method != http.MethodPost {
			t.Errorf("message %d: %s %s", i, got[i].method, kind)
		}
		got[i].promised(t, "CronofyNotification")
	}
	everything.waitFor(t, 8) // two of other bookings; the move is two of this one's
	list := b.get(t, "/v2/webhooks/"+b.get(t, "/v2/webhooks").str("data.0.id")+"/deliveries").want(t, http.StatusOK)
	if all, _ := list.at("data").([]any); len(all) != len(want) {
		t.Errorf("%d messages, want %d: %s", len(all), len(want), list.body)
	}
	wantSignedForCronofy(t, got, secret)
}

// wantSignedForCronofy has Cronofy's own SDK judge messages with each of the secrets that are good, with another one, and
// with another body.
func wantSignedForCronofy(t *testing.T, messages []received, secrets ...string) {
	t.Helper()
	type message struct {
		Secret string `json:"secret"`
		HMAC   string `json:"hmac"`
		Body   string `json:"body"`
		good   bool
	}
	var all []message
	for _, m := range messages {
		digests := m.header.Get("Cronofy-HMAC-SHA256")
		if n := len(strings.Split(digests, ",")); n != len(secrets) || strings.Contains(digests, " ") {
			t.Errorf("%d digests, want %d: %s", n, len(secrets), digests)
		}
		for _, secret := range secrets {
			all = append(all, message{secret, digests, string(m.body), true}, message{secret + "x", digests, string(m.body), false},
				message{secret, digests, string(m.body) + " ", false})
		}
	}
	printed := bufio.NewScanner(bytes.NewReader(node(t, string(asText(t, all)), "cronofy.js")))
	for i, m := range all {
		var said struct {
			OK bool `json:"ok"`
		}
		if !printed.Scan() || json.Unmarshal(printed.Bytes(), &said) != nil || said.OK != m.good {
			t.Errorf("message %d: the SDK says %s; it is good: %v", i, printed.Text(), m.good)
		}
	}
}

// TestNotificationsDuringRotation: while two secrets are good either passes, and each message has what was good as it was sent.
func TestNotificationsDuringRotation(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	r := newReceiver(t, ok)
	b.callback(t, r)
	resource := b.resource(t)
	shown := b.get(t, "/v2/webhooks").want(t, http.StatusOK)
	standard := b.post(t, "/v2/webhooks/"+shown.str("data.0.id")+"/rotate", "").want(t, http.StatusOK).str("data.secret")
	b.pick(t, b.visited(t), resource, "instant", 9)
	unsigned := r.waitFor(t, 1)
	if has := unsigned[0].header.Values("Cronofy-HMAC-SHA256"); len(has) != 0 {
		t.Errorf("signed with %v, though there is no secret", has)
	}
	oldID, old := b.clientSecret(t)
	_, recent := b.clientSecret(t)
	b.pick(t, b.visited(t), resource, "instant", 11)
	wantSignedForCronofy(t, r.waitFor(t, 2)[1:], old, recent)
	b.call(t, http.MethodDelete, "/v2/client_secrets/"+oldID, "").want(t, http.StatusNoContent)
	b.pick(t, b.visited(t), resource, "instant", 13)
	got := r.waitFor(t, 3)
	wantSignedForCronofy(t, got[2:], recent)
	var messages []signed
	for _, m := range got {
		messages = append(messages, m.under(standard))
	}
	wantVerified(t, messages)
}

// TestSlowReceiversOfNotifications: five seconds are all they have. A callback that fails is not closed, and a later message
// of the same request waits for the earlier one.
func TestSlowReceiversOfNotifications(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	release := make(chan struct{})
	r := newReceiver(t, func(n int) int {
		if n == 0 {
			select {
			case <-release:
			case <-time.After(time.Minute):
			}
		}
		return http.StatusOK
	})
	t.Cleanup(func() { close(release) })
	b.callback(t, r)
	hook := "/v2/webhooks/" + b.get(t, "/v2/webhooks").want(t, http.StatusOK).str("data.0.id")
	resource := b.resource(t)
	first := b.pick(t, b.visited(t), resource, "instant", 9)
	r.waitFor(t, 1)
	b.moveTo(t, first, 11)
	var attempt answer
	eventually(t, "the attempt is on record", func() bool {
		list := b.get(t, hook+"/deliveries").want(t, http.StatusOK)
		if id := list.str("data.1.id"); id != "" { // the newest is first
			attempt = b.get(t, "/v2/deliveries/"+id).want(t, http.StatusOK)
		}
		return attempt.str("data.attempts.0.error") != ""
	})
	if took, err := strconv.Atoi(attempt.str("data.attempts.0.duration_ms")); err != nil || attempt.str("data.attempts.0.error") != "timeout" || took < 5000 || took > 50_000 {
		t.Errorf("after %d ms: %s", took, attempt.body)
	}
	b.get(t, hook).want(t, http.StatusOK).same(t, "data.status", "active")
	if n := len(r.all()); n != 1 {
		t.Errorf("%d requests: the later one has overtaken", n)
	}
	b.post(t, "/v2/deliveries/"+attempt.str("data.id")+"/retry", "").want(t, http.StatusAccepted)
	got := r.waitFor(t, 3)
	if kinds := got[1].at("notification.type") + " " + got[2].at("notification.type"); kinds != "scheduling_request_time_chosen scheduling_request_rescheduled" {
		t.Error(kinds)
	}
	if got[0].header.Get("webhook-id") != got[1].header.Get("webhook-id") || !bytes.Equal(got[0].body, got[1].body) {
		t.Error("the repeat is another message")
	}
}
