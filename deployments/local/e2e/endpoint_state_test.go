package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// states are what a receiver was told of each booking, in the order of arrival.
func states(got []received) map[string]string {
	all := map[string]string{}
	for _, r := range got {
		all[r.at("id")] = strings.TrimSpace(all[r.at("id")] + " " + r.at("state"))
	}
	return all
}

// TestPausedKeepsAndResumedSends in the order of each booking, and tells who has asked to hear of it, once.
func TestPausedKeepsAndResumedSends(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	hears, listens := newReceiver(t, ok), newReceiver(t, ok)
	hook := "/v2/webhooks/" + b.webhook(t, hears.URL, "").str("data.id")
	b.webhook(t, listens.URL, `,"event_types":["endpoint.paused","endpoint.resumed"]`)
	for range 2 {
		got := b.post(t, hook+"/pause", "").want(t, http.StatusOK)
		wantFields(t, got, map[string]any{"status": "paused", "reason": "by_hand"})
	}
	wantFields(t, b.put(t, hook, `{"description":"patient"}`), map[string]any{"status": "paused", "reason": "by_hand"})
	resource := b.resource(t)
	var ids []string
	for hour := range 6 {
		id := b.book(t, resource, "confirm_decline", hour)
		b.put(t, "/v2/bookings/"+id+"/confirm", "").want(t, http.StatusOK)
		b.put(t, "/v2/bookings/"+id+"/cancel", "").want(t, http.StatusOK)
		ids = append(ids, id)
	}
	listens.waitFor(t, 1)
	if got := hears.all(); len(got) > 0 {
		t.Errorf("the paused one got %s", got[0].body)
	}
	wantFields(t, b.get(t, hook), map[string]any{"health.pending": 18.0})
	for range 2 {
		wantFields(t, b.post(t, hook+"/resume", "").want(t, http.StatusOK), map[string]any{"status": "active", "reason": ""})
	}
	all := states(hears.waitFor(t, 18))
	for _, id := range ids {
		if all[id] != "tentative confirmed cancelled" {
			t.Errorf("%s: %s", id, all[id])
		}
	}
	b.book(t, resource, "instant", 9)
	hears.waitFor(t, 19)
	var told []string
	for _, r := range listens.waitFor(t, 2) {
		told = append(told, r.at("type"))
	}
	if got := strings.Join(told, " "); got != "endpoint.paused endpoint.resumed" && got != "endpoint.resumed endpoint.paused" {
		t.Errorf("the other was told %q", got)
	}
}

func TestRotatedSecretsSignUntilTheirTimeIsOver(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	hears := newReceiver(t, ok)
	made := b.webhook(t, hears.URL, "")
	hook, resource := "/v2/webhooks/"+made.str("data.id"), b.resource(t)
	secrets := []string{made.str("data.secret")}
	hour := 0
	accepted := func() (by []int) {
		t.Helper()
		b.book(t, resource, "instant", hour)
		hour++
		r := hears.waitFor(t, hour)[hour-1]
		for i, secret := range secrets {
			verifier, err := standardwebhooks.NewWebhook(secret)
			must(t, err)
			if verifier.Verify(r.body, r.header) == nil {
				by = append(by, i)
			}
		}
		return by
	}
	rotate := func(body string) answer {
		t.Helper()
		got := b.post(t, hook+"/rotate", body).want(t, http.StatusOK)
		if got.header.Get("Cache-Control") != "no-store" {
			t.Error("a cache may keep the secret")
		}
		secrets = append(secrets, got.str("data.secret"))
		return got
	}
	wantAccepted := func(when string, want ...int) {
		t.Helper()
		if got := accepted(); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: accepted with %v, want %v", when, got, want)
		}
	}
	wantAccepted("at first", 0)
	until, err := time.Parse(time.RFC3339, rotate(`{"grace_period_seconds":3600}`).str("data.old_secrets_until.0"))
	if left := time.Until(until); err != nil || left < 58*time.Minute || left > time.Hour {
		t.Errorf("the old one ends in %s, %v", left, err)
	}
	wantAccepted("during the grace", 0, 1)
	rotate("")
	wantAccepted("three", 0, 1, 2)
	rotate(`{"secret":"whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}`)
	wantAccepted("no more than three", 1, 2, 3)
	rotate(`{"grace_period_seconds":0}`)
	wantAccepted("without grace", 4)
	if view := b.get(t, hook); len(view.at("data.old_secrets_until").([]any)) != 0 || strings.Contains(view.body, "whsec_") {
		t.Errorf("the view is %s", view.body)
	}
	rotate(`{"grace_period_seconds":1}`)
	eventually(t, "the second is over", func() bool { return len(b.get(t, hook).at("data.old_secrets_until").([]any)) == 0 })
	wantAccepted("after the grace", 5)
	for _, body := range []string{`{"grace_period_seconds":-1}`, `{"grace_period_seconds":604801}`, `{"grace_period_seconds":"1"}`, `{"secret":"opensesame"}`,
		`{"grace_period_seconds":9223372036854775807}`} {
		b.post(t, hook+"/rotate", body).refused(t, http.StatusUnprocessableEntity, "invalid")
	}
	wantAccepted("after what was refused", 5)
}

// TestARotationRepeatedGivesTheSameSecret, also when the first try died before it could answer.
func TestARotationRepeatedGivesTheSameSecret(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	made := b.webhook(t, "https://example.com/", "")
	hook := "/v2/webhooks/" + made.str("data.id")
	once := []string{"Idempotency-Key", "rotate-" + made.str("data.id")}
	first := b.post(t, hook+"/rotate", `{}`, once...).want(t, http.StatusOK)
	if first.str("data.secret") == made.str("data.secret") {
		t.Error("it is the old one")
	}
	again := b.post(t, hook+"/rotate", `{}`, once...).want(t, http.StatusOK)
	b.sql(t, `UPDATE idempotency_keys SET status = 0, body = '' WHERE key = $1`, once[1])
	died := b.post(t, hook+"/rotate", `{}`, once...).want(t, http.StatusOK)
	for name, a := range map[string]answer{"repeat": again, "repeat of what died": died} {
		if a.body != first.body || a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %s, want %s", name, a.body, first.body)
		}
	}
}
