package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// checked is what the check of a claim token says: "good", or the code.
func (b *bundle) checked(t testing.TB, link, token string) string {
	t.Helper()
	a := b.post(t, link+"/check", fmt.Sprintf(`{"claim_token":%q}`, token))
	if a.status == http.StatusOK {
		return "good"
	}
	return a.str("code")
}

// TestEmbedCredentialsByAPI: shown once, rotated with a grace, revoked at once.
func TestEmbedCredentialsByAPI(t *testing.T) {
	t.Parallel()
	b, other := tenant(t, plain), tenant(t, plain)
	link := "/v2/public_links/" + b.publicLink(t, "").str("data.id")
	made, old := b.embedKeys(t, `{"callback_url":"https://example.com/callback"}`)
	if !strings.HasPrefix(old.public, "EMB_") || !strings.HasPrefix(old.secret, "ESK_") || made.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%v %s", made.header, made.body)
	}
	made.same(t, "data.callback_url", "https://example.com/callback")
	made.same(t, "data.good_until", "<nil>")
	path := "/v2/embed_credentials/" + made.str("data.id")
	other.post(t, path+"/rotate", "").refused(t, http.StatusNotFound, "not_found")
	other.call(t, http.MethodDelete, path, "").refused(t, http.StatusNotFound, "not_found")
	b.post(t, path+"/rotate", `{"grace_period_seconds":-1}`).blames(t, "grace_period_seconds")
	b.post(t, "/v2/embed_credentials", `{"callback_url":"gopher://example.com"}`).blames(t, "callback_url")

	rotated := b.post(t, path+"/rotate", `{"grace_period_seconds":3}`, "Idempotency-Key", "rotate").want(t, http.StatusOK)
	again := b.post(t, path+"/rotate", `{"grace_period_seconds":3}`, "Idempotency-Key", "rotate").want(t, http.StatusOK)
	if rotated.body != again.body || rotated.header.Get("Cache-Control") != "no-store" {
		t.Errorf("a repeat has another answer: %s %s", rotated.body, again.body)
	}
	recent := embedKeys{rotated.str("data.public_key"), rotated.str("data.secret")}
	for _, keys := range []embedKeys{old, recent} {
		if said := b.checked(t, link, keys.claim()); said != "good" {
			t.Errorf("within the grace: %s", said)
		}
	}
	eventually(t, "the grace is over", func() bool { return b.checked(t, link, old.claim()) == "claim_token_unknown_issuer" })
	if said := b.checked(t, link, recent.claim()); said != "good" {
		t.Errorf("the new one: %s", said)
	}
	list := b.get(t, "/v2/embed_credentials").want(t, http.StatusOK)
	list.promised(t, http.MethodGet, "/v2/embed_credentials")
	if strings.Contains(list.body, "ESK_") || list.str("data.0.good_until") == "" || list.str("data.1.public_key") != recent.public || list.at("data.2") != nil {
		t.Error(list.body)
	}
	b.call(t, http.MethodDelete, "/v2/embed_credentials/"+list.str("data.1.id"), "").want(t, http.StatusNoContent)
	if said := b.checked(t, link, recent.claim()); said != "claim_token_unknown_issuer" {
		t.Errorf("revoked: %s", said)
	}
	b.post(t, "/v2/embed_credentials/"+list.str("data.1.id")+"/rotate", "").refused(t, http.StatusNotFound, "not_found")
	for _, secret := range []string{old.secret, recent.secret} {
		if strings.Contains(b.log.String(), secret) {
			t.Error("the log has a secret")
		}
	}
}

func TestClientSecretsByAPI(t *testing.T) {
	t.Parallel()
	b, other := tenant(t, plain), tenant(t, plain)
	one := b.post(t, "/v2/client_secrets", "").want(t, http.StatusCreated)
	two := b.post(t, "/v2/client_secrets", "").want(t, http.StatusCreated)
	secret := one.str("data.secret")
	if !strings.HasPrefix(secret, "CRN_") || one.header.Get("Cache-Control") != "no-store" || !strings.HasPrefix(secret, strings.TrimSuffix(one.str("data.hint"), "…")) {
		t.Error(one.body)
	}
	b.post(t, "/v2/client_secrets", "").refused(t, http.StatusConflict, "already_exists")
	list := b.get(t, "/v2/client_secrets").want(t, http.StatusOK)
	if strings.Contains(list.body, secret) || list.str("data.1.hint") != two.str("data.hint") {
		t.Error(list.body)
	}
	path := "/v2/client_secrets/" + one.str("data.id")
	other.call(t, http.MethodDelete, path, "").refused(t, http.StatusNotFound, "not_found")

	query := `{"scheduling_request_ids":["srq_x"]}`
	client := *b
	client.key = ""
	bearer := func(secret string) answer {
		return client.post(t, "/v1/scheduling_requests/query", query, "Authorization", "Bearer "+secret)
	}
	bearer(secret).want(t, http.StatusOK).same(t, "scheduling_requests", "[]")
	bearer(b.key).want(t, http.StatusOK)
	for _, route := range []string{"GET /v2/bookings", "GET /v2/app", "GET /v2/public_links", "POST /v2/client_secrets", "GET /v2/projects", "POST /v2/availability", "GET /v2/keys", "GET /v2/accounts"} {
		method, to, _ := strings.Cut(route, " ")
		client.call(t, method, to, "", "Authorization", "Bearer "+secret).refused(t, http.StatusForbidden, "forbidden")
	}
	b.widget(t).post(t, "/v1/scheduling_requests/query", query).refused(t, http.StatusForbidden, "forbidden")
	bearer("CRN_"+strings.Repeat("x", 43)).refused(t, http.StatusUnauthorized, "unauthorized")
	client.post(t, "/v1/scheduling_requests/query", query).refused(t, http.StatusUnauthorized, "unauthorized")
	b.call(t, http.MethodDelete, path, "").want(t, http.StatusNoContent)
	bearer(secret).refused(t, http.StatusUnauthorized, "unauthorized")
	bearer(two.str("data.secret")).want(t, http.StatusOK)
	if strings.Contains(b.log.String(), secret) {
		t.Error("the log has a secret")
	}
}

func TestEmbedCallbackByAPI(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	b.get(t, "/v2/embed_callback").want(t, http.StatusOK).same(t, "data.callback_url", "")
	b.put(t, "/v2/embed_callback", `{"callback_url":" https://example.com/one "}`).want(t, http.StatusOK).same(t, "data.callback_url", "https://example.com/one")
	shown := b.get(t, "/v2/webhooks").want(t, http.StatusOK)
	shown.same(t, "data.0.format", "cronofy")
	shown.same(t, "data.0.embed_callback", "true")
	hook := "/v2/webhooks/" + shown.str("data.0.id")
	b.put(t, hook, `{"format":"timekit"}`).blames(t, "format")
	b.put(t, hook, `{"in_flight":2}`).want(t, http.StatusOK)
	b.put(t, "/v2/embed_callback", `{"callback_url":"https://example.com/two"}`).want(t, http.StatusOK)
	b.get(t, hook).want(t, http.StatusOK).same(t, "data.url", "https://example.com/two")
	b.get(t, hook).same(t, "data.in_flight", "2")
	b.put(t, "/v2/embed_callback", `{"callback_url":"nowhere"}`).blames(t, "callback_url")
	b.get(t, "/v2/embed_callback").want(t, http.StatusOK).same(t, "data.callback_url", "https://example.com/two")
	for range 2 {
		b.put(t, "/v2/embed_callback", `{"callback_url":""}`).want(t, http.StatusOK).same(t, "data.callback_url", "")
	}
	b.get(t, hook).refused(t, http.StatusNotFound, "not_found")
}
