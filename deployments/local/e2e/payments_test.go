package e2e_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/deployments/local/fakepay"
)

// cashDesk is a running service whose app takes payments by a fake provider.
type cashDesk struct {
	*bundle
	fake     *fakepay.Server
	resource string
}

// startCashDesk starts a service with a provider that is not real.
func startCashDesk(t testing.TB) *cashDesk {
	t.Helper()
	var fake atomic.Pointer[fakepay.Server]
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fake.Load().ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	b := startOwn(t, "HOLDFAST_STRIPE_URL="+server.URL, "HOLDFAST_SWEEP_EVERY=2s")
	fake.Store(fakepay.New(fakepay.Options{
		WebhookURL: b.api + "/v2/payment_webhooks/stripe/demo", WebhookSecrets: []string{"whsec_of_the_fake"},
	}))
	b.post(t, "/v2/payment_accounts", `{"name":"main","provider":"stripe","config":{
		"secret_key":"sk_test_fake","webhook_secrets":["whsec_of_the_fake"]}}`).want(t, http.StatusCreated)
	return &cashDesk{b, fake.Load(), b.resource(t)}
}

// price is what bookings cost here.
const price = `,"price":{"amount":4500,"currency":"EUR"}`

// reserve makes a booking that is to be paid, and returns its id when the customer can pay.
func (s *cashDesk) reserve(t testing.TB, hour int, more ...string) (id string) {
	t.Helper()
	id = s.post(t, "/v2/bookings", request(s.resource, "paid_booking", hour, append(more, price)...)).want(t, http.StatusCreated).str("data.id")
	eventually(t, 20*time.Second, "an open payment", func() bool { return s.payment(t, id, "state") == "open" })
	return id
}

// payment is the first payment of a booking.
func (s *cashDesk) payment(t testing.TB, id, field string) string {
	t.Helper()
	a := s.get(t, "/v2/bookings/"+id+"?include=payment").want(t, http.StatusOK)
	return a.str("data.payment.payments.0." + field)
}

// press pays, or does something else on the provider's page, and has its webhooks sent.
func (s *cashDesk) press(t testing.TB, id, outcome string) {
	t.Helper()
	if !s.fake.Press(s.payment(t, id, "provider_ref"), outcome) {
		t.Fatalf("the page does not let %s", outcome)
	}
	s.fake.Flush(t.Context())
}

// reaches waits for a field of the payment of a booking.
func (s *cashDesk) reaches(t testing.TB, id, field, want string) {
	t.Helper()
	eventually(t, 30*time.Second, field+" "+want, func() bool { return s.payment(t, id, field) == want })
}

// TestPayments tells what becomes of money and time.
func TestPayments(t *testing.T) {
	t.Parallel()
	s := startCashDesk(t)
	t.Run("paid in time", func(t *testing.T) {
		id := s.reserve(t, 10)
		page := s.get(t, strings.TrimPrefix(s.payment(t, id, "page_url"), s.api))
		if !strings.Contains(page.body, "Pay 45.00 EUR") {
			t.Errorf("the page does not lead to the payment:\n%s", page.body)
		}
		s.press(t, id, "pay")
		s.becomes(t, id, "paid")
		s.reaches(t, id, "honoured", "true")
		page = s.get(t, strings.TrimPrefix(s.payment(t, id, "page_url"), s.api))
		if !strings.Contains(page.body, "Your payment has arrived") {
			t.Errorf("the page does not say so:\n%s", page.body)
		}
	})
	t.Run("never paid", func(t *testing.T) {
		id := s.reserve(t, 20, `,"settings":{"timers":{"timeout":"PT2S"}}`)
		s.becomes(t, id, "unpaid")
		s.reaches(t, id, "state", "expired")
		s.post(t, "/v2/bookings", request(s.resource, "instant", 20)).want(t, http.StatusCreated)
	})
	t.Run("the webhook never comes", func(t *testing.T) {
		id := s.reserve(t, 30)
		s.fake.Deliver(fakepay.Deliveries{Drop: true})
		defer s.fake.Deliver(fakepay.Deliveries{})
		s.press(t, id, "pay")
		back := strings.TrimPrefix(s.payment(t, id, "page_url"), s.api) // where the customer comes back to; it refreshes itself
		eventually(t, 30*time.Second, "paid", func() bool { return strings.Contains(s.get(t, back).body, "Your payment has arrived") })
		s.becomes(t, id, "paid")
	})
	t.Run("cancelled by the owner", func(t *testing.T) {
		id := s.reserve(t, 40)
		s.press(t, id, "pay")
		s.becomes(t, id, "paid")
		s.put(t, "/v2/bookings/"+id+"/cancel", "").want(t, http.StatusOK)
		s.reaches(t, id, "refunded", "4500")
		s.reaches(t, id, "refunds.0.state", "succeeded")
	})
	t.Run("of a test app whose clock is advanced", func(t *testing.T) {
		lab := asLaboratory(t, s.bundle)
		lab.post(t, "/v2/payment_accounts", `{"name":"main","provider":"stripe","config":{"secret_key":"sk_test_fake"}}`).want(t, http.StatusCreated)
		desk := &cashDesk{lab, s.fake, lab.resource(t)}
		lab.advance(t, `{"advance":"P10D"}`)
		id, paid := desk.reserve(t, 10), desk.reserve(t, 20)
		closes, err := time.Parse(time.RFC3339, desk.payment(t, id, "expires_at"))
		if err != nil || time.Until(closes) > 2*time.Hour {
			t.Errorf("the provider's page closes at %s by the clock of the wall, %v", closes, err)
		}
		if !s.fake.Press(desk.payment(t, paid, "provider_ref"), "pay") { // the provider tells another app
			t.Fatal("not payable")
		}
		v := lab.advance(t, `{"advance":"PT10M"}`)
		var moves []string
		for _, one := range v.Transitions {
			if one.Booking == id {
				moves = append(moves, one.Action)
			}
		}
		if !slices.Equal(moves, []string{"timeout", "expire"}) {
			t.Errorf("the advance has played %v", moves)
		}
		desk.becomes(t, id, "unpaid")
		desk.becomes(t, paid, "paid")
		desk.reaches(t, id, "state", "expired")
		if s.fake.Press(desk.payment(t, id, "provider_ref"), "pay") {
			t.Error("the page of a payment that has ended is open")
		}
	})
	t.Run("paid while it is given up", func(t *testing.T) {
		id := s.reserve(t, 50)
		s.fake.Deliver(fakepay.Deliveries{Hold: true})
		if !s.fake.Press(s.payment(t, id, "provider_ref"), "pay") {
			t.Fatal("not payable")
		}
		s.put(t, "/v2/bookings/"+id+"/cancel", "").want(t, http.StatusOK)
		s.fake.Deliver(fakepay.Deliveries{})
		s.fake.Flush(t.Context())
		s.becomes(t, id, "cancelled")
		s.reaches(t, id, "refunded", "4500")
		// The payment may be looked at just before the cancellation: then the booking was paid.
		var paid bool
		s.record(t, &paid, `SELECT EXISTS (SELECT FROM transitions WHERE booking_id = $1 AND to_state = 'paid')`, id)
		s.reaches(t, id, "late", strconv.FormatBool(!paid))
	})
}
