package e2e_test

import (
	"maps"
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
	eventually(t, "an open payment", func() bool { return s.payment(t, id, "state") == "open" })
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
	eventually(t, field+" "+want, func() bool { return s.payment(t, id, field) == want })
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
		eventually(t, "paid", func() bool { return strings.Contains(s.get(t, back).body, "Your payment has arrived") })
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
	t.Run("cancelled by the customer, who gets back what was said before", func(t *testing.T) {
		id := s.reserve(t, 60, `,"payment_policy":{"refund":[{"until":"PT1H","percent":50,"keep_fee":500}]}`)
		s.press(t, id, "pay")
		s.becomes(t, id, "paid")
		said := s.get(t, "/v2/bookings/"+id+"/cancel/preview").want(t, http.StatusOK).str("data.customer.refund")
		s.put(t, "/v2/bookings/"+id+"/cancel_by_customer", "").want(t, http.StatusOK)
		s.reaches(t, id, "refunds.0.state", "succeeded")
		if got := s.payment(t, id, "refunded"); got != said || got != "1750" {
			t.Errorf("%s went back, and %s was said", got, said)
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

// TestVisitorsPay: through a public link, on the provider's page and back, without a key; or they give the time up where they were to pay.
func TestVisitorsPay(t *testing.T) {
	t.Parallel()
	s := startCashDesk(t)
	shop := s.linkShop(t, s.bundle.resource(t), mornings+`,"booking":{"graph":"paid_booking"}`+price, "")
	visit := shop.visitor
	// reach books the first time and follows the way to the page of its payment, which is ready to be paid.
	reach := func(t *testing.T) (page, request string) {
		t.Helper()
		form := visit.get(t, visit.get(t, shop.path).first(t).href).want(t, http.StatusOK).says(t, "You pay 45.00 EUR now", "Book and pay 45.00 EUR")
		to := visit.submit(t, shop.path, form.form(marty)).want(t, http.StatusSeeOther).header.Get("Location")
		request, _, _ = strings.Cut(to, "?")
		eventually(t, "the way to the payment", func() bool {
			next := visit.get(t, to)
			page = next.header.Get("Location")
			return next.status == http.StatusSeeOther
		})
		eventually(t, "a page to pay on", func() bool { return strings.Contains(visit.get(t, page).body, "Pay 45.00 EUR") })
		return page, request
	}
	t.Run("and are booked", func(t *testing.T) {
		page, request := reach(t)
		shown := visit.get(t, page).says(t, "Your time is kept for you while you pay.", "left", "Give this time up")
		back := payAt(t, shown.leads(t, "Pay 45.00 EUR"))
		if back != s.api+page {
			t.Fatalf("the provider leads back to %s", back)
		}
		var paid answer
		eventually(t, "paid", func() bool {
			paid = visit.get(t, page)
			return strings.Contains(paid.body, "Your payment has arrived")
		})
		_, next, _ := strings.Cut(paid.header.Get("Refresh"), "url=")
		if next != request+"?done=true" || paid.leads(t, "Your booking") != next {
			t.Errorf("the page leads back to %s", next)
		}
		visit.get(t, next).want(t, http.StatusOK).says(t, "You are booked", "Paid 45.00 EUR")
		ask := visit.get(t, visit.get(t, request).leads(t, "Cancel the booking")).says(t, "You have paid 45.00 EUR, and all of it goes back to you.")
		visit.submit(t, request, ask.form(nil)).want(t, http.StatusSeeOther)
		eventually(t, "the money to go back", func() bool { return strings.Contains(visit.get(t, page).body, "45.00 EUR go back to you") })
	})
	t.Run("and give up", func(t *testing.T) {
		page, request := reach(t)
		ask := visit.get(t, page)
		visit.submit(t, page, ask.form(nil)).want(t, http.StatusSeeOther)
		visit.get(t, page).says(t, "Given up", "nothing was charged")
		visit.get(t, request).says(t, "Withdrawn", "Nothing is booked")
		eventually(t, "the end of the payment", func() bool {
			newest := s.get(t, "/v2/payments?limit=1").want(t, http.StatusOK)
			return newest.str("data.0.page_url") == s.api+page && newest.str("data.0.state") == "expired"
		})
		if again, _ := reach(t); again == page {
			t.Error("the time is not free again")
		}
	})
}

// TestVisitorsAgreeToAFee: a form asks for the consent to a fee for a no-show, books nothing without it, and has it put on record.
func TestVisitorsAgreeToAFee(t *testing.T) {
	t.Parallel()
	s := startCashDesk(t)
	shop := s.linkShop(t, s.bundle.resource(t), mornings+`,"booking":{"graph":"paid_booking"},"payment_policy":{
		"no_show":{"fee":2000,"consent":"Who does not come pays 20.00 EUR."}}`+price, "")
	visit := shop.visitor
	form := visit.get(t, visit.get(t, shop.path).first(t).href).says(t, "Who does not come pays 20.00 EUR.")
	back := visit.submit(t, shop.path, form.form(marty)).want(t, http.StatusSeeOther).header.Get("Location")
	form = visit.get(t, back).says(t, "Please tick this box to go on.")
	agreed := maps.Clone(marty)
	agreed["no_show_consent"] = "yes"
	visit.submit(t, shop.path, form.form(agreed)).want(t, http.StatusSeeOther)
	eventually(t, "a booking with the consent", func() bool {
		list := s.get(t, "/v2/bookings?include=payment,customers").want(t, http.StatusOK)
		at := list.str("data.0.payment.no_show_consented_at")
		return at != "" && at != "<nil>" && !strings.Contains(list.body, "no_show_consent\"")
	})
}

// TestRecipientsAgreeToAFee: so does the page of a scheduling request. One that is booked keeps the consent when it is moved.
func TestRecipientsAgreeToAFee(t *testing.T) {
	t.Parallel()
	s := startCashDesk(t)
	shop := s.linkShop(t, s.bundle.resource(t), mornings+`,"booking":{"graph":"paid_booking"},"payment_policy":{
		"no_show":{"fee":2000,"consent":"Who does not come pays 20.00 EUR."}}`+price, "")
	visit := shop.visitor
	made := s.post(t, "/v1/scheduling_requests", `{"project_id":"`+shop.project+`","event":{"summary":"Interview"},
		"recipients":[{"email":"eb@example.com","display_name":"Dr Brown"}]}`).want(t, http.StatusCreated)
	path := strings.TrimPrefix(made.str("scheduling_request.primary_select_url"), s.stack.APIURL)
	form := visit.get(t, visit.get(t, path).first(t).href).says(t, "Who does not come pays 20.00 EUR.")
	back := visit.submit(t, path, form.form(nil)).want(t, http.StatusSeeOther).header.Get("Location")
	form = visit.get(t, back).says(t, "Please tick this box to go on.")
	if n := len(shop.standing(t)); n != 0 {
		t.Fatalf("%d are booked without the consent", n)
	}
	for range 2 {
		visit.submit(t, path, form.form(map[string]string{"no_show_consent": "yes"})).want(t, http.StatusSeeOther)
	}
	eventually(t, "a booking with the consent", func() bool {
		list := s.get(t, "/v2/bookings?include=payment,customers").want(t, http.StatusOK)
		at := list.str("data.0.payment.no_show_consented_at")
		return list.str("total") == "1" && at != "" && at != "<nil>" && !strings.Contains(list.body, "no_show_consent\"")
	})
}

// payAt presses the button on the provider's page, and returns where that leads.
func payAt(t testing.TB, checkout string) string {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, checkout, strings.NewReader("outcome=pay"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	return answer.Header.Get("Location")
}
