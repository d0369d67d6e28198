package conformance

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"holdfast/internal/payment/signed"
	"holdfast/internal/webhook"
)

// program is what a user would write after docs/payments-http.md. It checks signatures by the Standard Webhooks library.
type program struct {
	url      string
	verifier *standardwebhooks.Webhook

	mu       sync.Mutex
	payments map[string]*programPayment // by ref
	answers  map[string]answer          // by key
}

type programPayment struct {
	status map[string]any
	id     string
	hold   bool
	amount int64
}

type answer struct {
	code int
	body []byte
}

type programCall struct {
	Call, Key, Currency, Capture, Ref string
	PaymentID                         string `json:"payment_id"`
	RefundID                          string `json:"refund_id"`
	ExpiresAt                         string `json:"expires_at"`
	Amount                            int64
}

func programDesk(t *testing.T) *desk {
	t.Helper()
	verifier, err := standardwebhooks.NewWebhook(secretA)
	if err != nil {
		t.Fatal(err)
	}
	p := &program{verifier: verifier, payments: map[string]*programPayment{}, answers: map[string]answer{}}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	p.url = server.URL
	o := webhook.Options{AllowLoopback: true}
	sender := webhook.NewSender(o)
	t.Cleanup(sender.Close)
	return &desk{
		Provider: signed.New(signed.Config{URL: server.URL, Secrets: []string{secretA}, WebhookSecrets: []string{secretB}, Authorize: true}, sender, o),
		now:      time.Now, press: p.press, webhook: func() (http.Header, []byte) { return p.webhook(t) },
	}
}

func (p *program) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	var c programCall
	if p.verifier.Verify(raw, r.Header) != nil || json.Unmarshal(raw, &c) != nil {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	a, ok := p.answers[c.Key]
	if !ok || c.Key == "" {
		a.code, a.body = p.do(c)
		p.answers[c.Key] = a
	}
	w.WriteHeader(a.code)
	_, _ = w.Write(a.body)
}

func (p *program) do(c programCall) (int, []byte) {
	if c.Call == "open" {
		ref := "P-" + strconv.Itoa(len(p.payments)+1)
		p.payments[ref] = &programPayment{
			id: c.PaymentID, hold: c.Capture == "on_confirm", amount: c.Amount,
			status: map[string]any{"state": "open", "currency": c.Currency, "captured": 0, "refunded": 0, "refunds": []any{}},
		}
		return ok(map[string]any{"ref": ref, "url": p.url + "/" + ref, "expires_at": c.ExpiresAt})
	}
	one := p.payments[c.Ref]
	if one == nil {
		return http.StatusNotFound, nil
	}
	switch state := one.status["state"]; {
	case c.Call == "end" && state == "open":
		one.status["state"] = "expired"
	case c.Call == "capture" && state == "authorized":
		one.status["state"], one.status["captured"] = "captured", int(c.Amount)
	case c.Call == "void" && state == "authorized":
		one.status["state"], one.status["authorized"] = "voided", 0
	case c.Call == "refund":
		return one.refund(c)
	}
	return ok(one.status)
}

func (one *programPayment) refund(c programCall) (int, []byte) {
	refunded := one.status["refunded"].(int) + int(c.Amount)
	if refunded > one.status["captured"].(int) {
		return http.StatusUnprocessableEntity, []byte(`{"error":"too_much"}`)
	}
	all := one.status["refunds"].([]any)
	refund := map[string]any{"ref": "R-" + strconv.Itoa(len(all)+1), "refund_id": c.RefundID, "amount": c.Amount, "state": "succeeded"}
	one.status["refunded"], one.status["refunds"] = refunded, append(all, refund)
	return ok(refund)
}

func ok(v any) (int, []byte) {
	raw, _ := json.Marshal(v)
	return http.StatusOK, raw
}

func (p *program) press(ref, outcome string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	one := p.payments[ref]
	switch {
	case one.status["state"] != "open":
	case outcome == "decline":
		one.status["failure_code"] = "insufficient_funds"
	case one.hold:
		one.status["state"], one.status["authorized"], one.status["capture_before"] = "authorized", one.amount, time.Now().Add(time.Hour)
		delete(one.status, "failure_code")
	default:
		one.status["state"], one.status["captured"] = "captured", int(one.amount)
		delete(one.status, "failure_code")
	}
}

// webhook is one that the program sends, signed by the library.
func (p *program) webhook(t *testing.T) (http.Header, []byte) {
	t.Helper()
	signer, err := standardwebhooks.NewWebhook(secretB)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := json.Marshal(map[string]string{"type": "payment.changed", "payment_id": p.payments["P-1"].id, "ref": "P-1"})
	at := time.Now()
	signature, err := signer.Sign("evt_1", at, body)
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{}
	h.Set(standardwebhooks.HeaderWebhookID, "evt_1")
	h.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(at.Unix(), 10))
	h.Set(standardwebhooks.HeaderWebhookSignature, signature)
	return h, body
}
