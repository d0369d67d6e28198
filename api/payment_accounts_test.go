package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/fault"
	"holdfast/internal/links"
	"holdfast/internal/payment"
	"holdfast/internal/payment/provider"
	"holdfast/internal/payment/providers"
	"holdfast/internal/webhook"
	"holdfast/workflows"
)

// cashiers opens accounts at payment providers as the wiring does.
type cashiers struct {
	vault   *links.Vault
	options providers.Options
}

func (c cashiers) Of(a *payment.Account) (provider.Provider, error) {
	config, err := c.vault.Open(a.Sealed, a.SealContext())
	if err != nil {
		return nil, err
	}
	return providers.New(a.Provider, config, c.options)
}

func (c cashiers) Check(name string, config json.RawMessage, problems fault.Problems) {
	providers.Check(name, config, c.options, problems)
}

// TestPaymentAccounts: what is wrong with an account is said by field, its keys are sealed and never shown, one is the default, and a
// closed one takes no more.
func TestPaymentAccounts(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for body, field := range map[string]string{
		`{"provider":"manual"}`:                                                               "name",
		`{"name":"Main","provider":"manual"}`:                                                 "name",
		`{"name":"main","provider":"cash"}`:                                                   "provider",
		`{"name":"main"}`:                                                                     "provider",
		`{"name":"main","provider":"manual","config":{"instruction":"x"}}`:                    "config.instruction",
		`{"name":"main","provider":"stripe","config":{"secret_key":"pk_test_zq7"}}`:           "config.secret_key",
		`{"name":"main","provider":"http","config":{"url":"http://127.0.0.1/","secrets":[]}}`: "config.url",
	} {
		a := f.post(f.server, "/v2/payment_accounts", body)
		if a.refused(t, fault.Invalid, field); strings.Contains(a.Body.String(), "zq7") {
			t.Errorf("%s: the answer repeats a secret: %s", body, a.Body)
		}
	}
	sealed := func() {
		t.Helper()
		if n := value[int](f, `SELECT count(*)::int FROM payment_accounts WHERE position('zq7' in encode(sealed, 'escape')) > 0`); n != 0 {
			t.Errorf("%d accounts have their keys in the clear", n)
		}
	}
	first := f.post(f.server, "/v2/payment_accounts", `{"name":"main","provider":"stripe","config":{"secret_key":"sk_test_zq7","webhook_secrets":["whsec_zq7"]}}`)
	main := first.id(t)
	sealed()
	desk := f.post(f.server, "/v2/payment_accounts", `{"name":"desk","provider":"manual"}`).id(t)
	f.post(f.server, "/v2/payment_accounts", `{"name":"desk","provider":"manual"}`).refused(t, fault.AlreadyExists, "")
	if got := first.text(t, "webhook_url"); got != "https://book.example.com/v2/payment_webhooks/stripe/acme" {
		t.Errorf("webhooks go to %s", got)
	}
	f.put(f.server, "/v2/payment_accounts/"+main, `{"config":{"secret_key":"zq7"}}`).refused(t, fault.Invalid, "config.secret_key")
	changed := f.put(f.server, "/v2/payment_accounts/"+main, `{"config":{"secret_key":"sk_live_zq7"}}`).want(t, http.StatusOK)
	list := f.send(f.server, http.MethodGet, "/v2/payment_accounts", "").want(t, http.StatusOK)
	for _, a := range []answer{first, changed, list} {
		if strings.Contains(a.Body.String(), "zq7") {
			t.Errorf("%s shows a key: %s", a.what, a.Body)
		}
	}
	sealed()
	defaults := func(want string) {
		t.Helper()
		if got := value[string](f, `SELECT string_agg(name, ' ') FROM payment_accounts WHERE is_default`); got != want {
			t.Errorf("the default is %s, want %s", got, want)
		}
	}
	defaults("main")
	f.put(f.server, "/v2/payment_accounts/"+desk, `{"default":true}`).want(t, http.StatusOK)
	defaults("desk")
	priced := func(account string) answer {
		return f.post(f.server, "/v2/bookings", `{"graph":"paid_booking","price":{"amount":4500,"currency":"EUR"},"payment_policy":{"account":"`+account+`"},`+
			slot(f.resource(`[]`), 1, 1)+`}`)
	}
	priced("main").want(t, http.StatusCreated)
	f.send(f.server, http.MethodDelete, "/v2/payment_accounts/"+main, "").want(t, http.StatusNoContent)
	priced("main").refused(t, fault.Invalid, "price")
	priced("none").refused(t, fault.Invalid, "price")
	for _, id := range []string{uuid.NewString(), "nothing"} {
		f.put(f.server, "/v2/payment_accounts/"+id, `{}`).refused(t, fault.NotFound, "")
		f.send(f.server, http.MethodDelete, "/v2/payment_accounts/"+id, "").refused(t, fault.NotFound, "")
	}
}

// TestPaymentWebhooks: what is signed, and of now, is noted once and has its payment looked at; anything else is refused and leaves nothing.
func TestPaymentWebhooks(t *testing.T) {
	t.Parallel()
	f := setup(t)
	ours, theirs := webhook.NewSecret(), webhook.NewSecret()
	f.post(f.server, "/v2/payment_accounts", fmt.Sprintf(
		`{"name":"own","provider":"http","config":{"url":"https://pay.example.com/","secrets":[%q],"webhook_secrets":[%q]}}`, ours, theirs)).id(t)
	_, p := f.owing(f.resource(`[]`), 1)
	send := func(path, event, secret string, at time.Time, about string) answer {
		t.Helper()
		body := `{"type":"payment.changed","ref":"` + about + `"}`
		signature, err := webhook.Sign(event, at, []byte(body), secret)
		check(t, err)
		return f.send("", http.MethodPost, path, body, "Webhook-Id", event, "Webhook-Timestamp", strconv.FormatInt(at.Unix(), 10), "Webhook-Signature", signature)
	}
	const path = "/v2/payment_webhooks/http/acme"
	now, hour := time.Now(), time.Hour
	send(path, "a", ours, now, p.Ref).refused(t, fault.Malformed, "")
	send(path, "b", theirs, now.Add(-hour), p.Ref).refused(t, fault.Malformed, "")
	send(path, "c", theirs, now.Add(hour), p.Ref).refused(t, fault.Malformed, "")
	f.send("", http.MethodPost, path, `{}`).refused(t, fault.Malformed, "")
	send("/v2/payment_webhooks/stripe/acme", "d", theirs, now, p.Ref).refused(t, fault.NotFound, "")
	send("/v2/payment_webhooks/http/nobody", "e", theirs, now, p.Ref).refused(t, fault.NotFound, "")
	if n := value[int](f, `SELECT count(*)::int FROM provider_events`); n != 0 {
		t.Errorf("%d requests that were refused are noted", n)
	}
	for range 3 {
		send(path, "f", theirs, now, p.Ref).want(t, http.StatusOK)
	}
	if n := f.temporal.wakes(workflows.PaymentID(p.ID)); n != 1 {
		t.Errorf("one event has its payment looked at %d times", n)
	}
	send(path, "g", theirs, now, "P-unknown").want(t, http.StatusOK)
	if got := value[string](f, `SELECT string_agg(event_id || COALESCE(' ' || payment_id::text, ''), ', ' ORDER BY event_id) FROM provider_events`); got != "f "+p.ID.String()+", g" {
		t.Errorf("noted: %s", got)
	}
}
