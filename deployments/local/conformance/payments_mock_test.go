package conformance

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stripe/stripe-mock/embedded"
	"github.com/stripe/stripe-mock/server"

	"holdfast/internal/payment"
	"holdfast/internal/payment/provider"
	"holdfast/internal/payment/stripe"
)

// TestStripeRequestsAreWellFormed: stripe-mock checks every request of the adapter against Stripe's own description of the very version that
// the adapter asks for. It has no state; what a session is comes from this test.
func TestStripeRequestsAreWellFormed(t *testing.T) {
	t.Parallel()
	spec, err := server.LoadSpec(embedded.OpenAPISpec, "")
	if err != nil {
		t.Fatal(err)
	}
	fixtures, err := server.LoadFixtures(embedded.OpenAPIFixtures, "")
	if err != nil {
		t.Fatal(err)
	}
	mock, err := server.NewStubServer(fixtures, spec, true, false)
	if err != nil {
		t.Fatal(err)
	}
	m := &mocked{t: t, mock: mock, intent: "succeeded", disputed: "true"}
	front := httptest.NewServer(m)
	t.Cleanup(front.Close)
	for name, c := range map[string]stripe.Config{
		"own": {}, "direct": {Account: "acct_123", FeeBasisPoints: 250, RefundFee: true},
		"destination": {Account: "acct_123", Charges: stripe.Destination, FeeBasisPoints: 250, RefundFee: true, ReverseTransfer: true},
	} {
		c.SecretKey = "sk_test_123"
		m.walk(name, stripe.New(c, stripe.NewClient(), front.URL))
	}
	for _, want := range []string{
		"POST /v1/checkout/sessions", "GET /v1/checkout/sessions/cs_1", "POST /v1/checkout/sessions/cs_1/expire", "POST /v1/payment_intents/pi_1/capture",
		"POST /v1/payment_intents/pi_1/cancel", "POST /v1/refunds", "GET /v1/refunds", "GET /v1/disputes", "GET /v1/payment_intents/pi_1",
	} {
		if !strings.Contains(m.asked, want+"\n") {
			t.Errorf("%s was not checked", want)
		}
	}
	if stripe.Version != spec.Info.Version {
		t.Errorf("the adapter asks for %s, and stripe-mock has %s", stripe.Version, spec.Info.Version)
	}
}

// mocked puts each request to stripe-mock, and answers reads of a session itself.
type mocked struct {
	t    *testing.T
	mock *server.StubServer

	mu       sync.Mutex
	intent   string // the status that sessions have
	disputed string // whether their charges have been disputed
	asked    string
}

func (m *mocked) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	answer := httptest.NewRecorder()
	m.mock.HandleRequest(answer, r)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked += r.Method + " " + r.URL.Path + "\n"
	if answer.Code != http.StatusOK {
		m.t.Errorf("%s %s: %d %s\n%s", r.Method, r.URL, answer.Code, answer.Body, body)
	}
	if r.Method == http.MethodGet && strings.HasPrefix(r.URL.Path, "/v1/checkout/") {
		_, _ = io.WriteString(w, `{"id":"cs_1","status":"complete","currency":"eur","payment_intent":{"id":"pi_1","currency":"eur","amount":1250,
			"amount_received":1250,"status":"`+m.intent+`","latest_charge":{"id":"ch_1","disputed":`+m.disputed+`,"refunds":{"data":[],"has_more":true}}}}`)
		return
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

func (m *mocked) set(intent, disputed string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.intent, m.disputed = intent, disputed
}

// walk makes every call. What becomes of them is of no interest: stripe-mock has no state.
func (m *mocked) walk(name string, p *stripe.Provider) {
	ctx, id := m.t.Context(), uuid.New()
	for _, capture := range []payment.Capture{payment.CaptureNow, payment.CaptureOnConfirm} {
		if _, err := p.Open(ctx, provider.Order{
			PaymentID: id, BookingID: uuid.New(), Amount: 1250, Currency: "EUR", Capture: capture, Text: "Studio Ada", ExpiresAt: time.Now().Add(time.Hour),
			ReturnURL: "https://book.example.com/paid", CancelURL: "https://book.example.com/back", Key: name + string(capture),
		}); err != nil && provider.CodeOf(err) != provider.Malformed {
			m.t.Errorf("%s: %v", name, err)
		}
	}
	c := provider.Charge{PaymentID: id, Ref: "cs_1", Currency: "EUR"}
	_, _ = p.Fetch(ctx, c)
	_, _ = p.End(ctx, c, name+":1:end")
	m.set("succeeded", "false")
	for _, reason := range []payment.Reason{payment.ByPolicy, payment.Duplicate} {
		_, _ = p.Refund(ctx, provider.RefundOrder{Charge: c, RefundID: uuid.New(), Amount: 250, Reason: reason, Key: name + string(reason)})
	}
	_, _ = p.Find(ctx, "pi_1")
	m.set("requires_capture", "false")
	_, _ = p.Capture(ctx, c, 1000, name+":1:capture")
	_, _ = p.Void(ctx, c, name+":1:void")
	m.set("succeeded", "true")
}
