package conformance

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/deployments/local/fakepay"
	"holdfast/internal/payment"
	"holdfast/internal/payment/provider"
	"holdfast/internal/payment/stripe"
)

const (
	stripeKey    = "sk_test_conformance"
	stripeSecret = "whsec_conformance"
	oldSecret    = "whsec_before"
)

// stripeCase is the adapter for Stripe before a fake of it, and a receiver of its webhooks.
type stripeCase struct {
	*desk

	adapter *stripe.Provider
	fake    *fakepay.Server
	url     string

	mu       sync.Mutex
	received []received
	answer   int // to webhooks; 200 when 0
}

type received struct {
	header http.Header
	body   []byte
}

func stripeDesk(t *testing.T) *stripeCase {
	t.Helper()
	return stripeWith(t, stripe.Config{})
}

// stripeWith starts a fake for an account; its key and secret are filled in.
func stripeWith(t *testing.T, c stripe.Config) *stripeCase {
	t.Helper()
	s := &stripeCase{}
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.received = append(s.received, received{r.Header, body})
		w.WriteHeader(max(s.answer, http.StatusOK))
	}))
	t.Cleanup(hook.Close)
	s.fake = fakepay.New(fakepay.Options{
		Key: stripeKey, Accounts: []string{"acct_a", "acct_b"}, WebhookURL: hook.URL, WebhookSecrets: []string{stripeSecret, oldSecret},
	})
	server := httptest.NewServer(s.fake)
	t.Cleanup(server.Close)
	s.url = server.URL
	s.adapter = s.account(c)
	s.desk = &desk{Provider: s.adapter, now: s.fake.Now, press: func(ref, outcome string) { s.fake.Press(ref, outcome) }, webhook: func() (http.Header, []byte) {
		sent := s.fake.Flush(context.Background())
		for _, one := range sent {
			if one.Type == "payment_intent.succeeded" {
				return one.Header, one.Body
			}
		}
		t.Error("nothing was sent")
		return nil, nil
	}}
	return s
}

func (s *stripeCase) account(c stripe.Config) *stripe.Provider {
	c.SecretKey = stripeKey
	if c.WebhookSecrets == nil {
		c.WebhookSecrets = []string{stripeSecret}
	}
	return stripe.New(c, stripe.NewClient(), s.url)
}

// count is how many calls of an operation have changed something.
func (s *stripeCase) count(operation string) (n int) {
	for _, c := range s.fake.Calls() {
		if c.Operation == operation && c.Status == http.StatusOK && !c.Replayed {
			n++
		}
	}
	return n
}

// giveUp is a context that ends when the fake hangs, as a time-out would.
func (s *stripeCase) giveUp(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		select {
		case <-s.fake.Hanging():
		case <-ctx.Done():
		}
		cancel()
	}()
	t.Cleanup(cancel)
	return ctx
}

// TestStripeExpireLosesToAPayment: a customer pays just before the session is expired.
func TestStripeExpireLosesToAPayment(t *testing.T) {
	t.Parallel()
	s := stripeDesk(t)
	for _, c := range []struct {
		capture              payment.Capture
		state                payment.State
		authorized, captured int64
	}{{payment.CaptureNow, payment.Captured, 0, 1250}, {payment.CaptureOnConfirm, payment.Authorized, 1250, 0}} {
		charge := s.open(t, s.order(c.capture))
		s.fake.Fail(fakepay.Fault{On: "expire", Do: fakepay.PaidFirst})
		for range 2 { // the second time the refusal is repeated from the key
			seen, err := s.End(t.Context(), charge, charge.PaymentID.String()+":1:end")
			check(t, seen, err, c.state, c.authorized, c.captured, 0)
		}
	}
}

// TestStripeExpireTimesOut: no answer says nothing about the payment, and the repeat says what it is.
func TestStripeExpireTimesOut(t *testing.T) {
	t.Parallel()
	for _, fault := range []fakepay.Kind{fakepay.Hang, fakepay.HangAfter} {
		s := stripeDesk(t)
		c := s.open(t, s.order(payment.CaptureNow))
		s.fake.Fail(fakepay.Fault{On: "expire", Do: fault})
		seen, err := s.End(s.giveUp(t), c, "k:1:end")
		wantCode(t, err, provider.Unreachable, "")
		if seen.State != "" {
			t.Errorf("%s: %+v", fault, seen)
		}
		seen, err = s.End(t.Context(), c, "k:1:end")
		check(t, seen, err, payment.Expired, 0, 0, 0)
	}
}

// TestStripeWebhooksComeInAnyWay: often at once, in reverse, and long before anything is on record, they name the payment.
func TestStripeWebhooksComeInAnyWay(t *testing.T) {
	t.Parallel()
	s := stripeDesk(t)
	s.fake.Deliver(fakepay.Deliveries{Hold: true})
	c := s.paid(t, payment.CaptureNow)
	if _, err := s.Refund(t.Context(), refundOf(c, 100)); err != nil {
		t.Fatal(err)
	}
	if sent := s.fake.Flush(t.Context()); len(sent) > 0 {
		t.Errorf("sent %d although they are held", len(sent))
	}
	s.fake.Deliver(fakepay.Deliveries{Reverse: true, Copies: 50})
	s.fake.Flush(t.Context())
	var types []string
	events := map[string]int{}
	for _, r := range s.received {
		notices, err := s.Verify(r.header, r.body, s.now())
		if err != nil || len(notices) != 1 || notices[0].PaymentID != c.PaymentID {
			t.Fatalf("%v, %v", notices, err)
		}
		if events[notices[0].EventID] == 0 {
			types = append(types, notices[0].Type)
		}
		events[notices[0].EventID]++
	}
	if got := strings.Join(types, " "); got != "refund.created checkout.session.completed payment_intent.succeeded" {
		t.Errorf("types %s", got)
	}
	for id, n := range events {
		if n != 50 {
			t.Errorf("%s came %d times", id, n)
		}
	}
	s.see(t, c, payment.Captured, 0, 1250, 100)
}

// TestStripeRefundIsUpdatedBeforeItIsCreated: whichever comes first leads to the payment, and the refund is as the API says.
func TestStripeRefundIsUpdatedBeforeItIsCreated(t *testing.T) {
	t.Parallel()
	s := stripeDesk(t)
	c := s.paid(t, payment.CaptureNow)
	s.fake.Flush(t.Context())
	s.fake.Deliver(fakepay.Deliveries{Hold: true})
	s.fake.Fail(fakepay.Fault{On: "refund", Do: fakepay.RefundPending})
	one, err := s.Refund(t.Context(), refundOf(c, 1250))
	if err != nil || one.State != payment.RefundPending {
		t.Fatalf("%+v, %v", one, err)
	}
	s.fake.SettleRefund(one.Ref, "succeeded", "")
	s.fake.Deliver(fakepay.Deliveries{Reverse: true})
	var types []string
	for _, sent := range s.fake.Flush(t.Context()) {
		notices, err := s.Verify(sent.Header, sent.Body, s.now())
		if err != nil || len(notices) != 1 || notices[0].PaymentID != c.PaymentID {
			t.Errorf("%s: %+v, %v", sent.Type, notices, err)
		}
		types = append(types, sent.Type)
	}
	if got := strings.Join(types, " "); got != "refund.updated refund.created" {
		t.Errorf("types %s", got)
	}
	if seen := s.see(t, c, payment.Captured, 0, 1250, 1250); len(seen.Refunds) != 1 || seen.Refunds[0].State != payment.RefundSucceeded {
		t.Errorf("refunds %+v", seen.Refunds)
	}
}

// TestStripeWebhooksAreRepeated until one is taken; then they stop.
func TestStripeWebhooksAreRepeated(t *testing.T) {
	t.Parallel()
	s := stripeDesk(t)
	s.answer = http.StatusServiceUnavailable
	s.paid(t, payment.CaptureNow)
	if n := len(s.fake.Flush(t.Context())); n != 2 {
		t.Fatalf("%d events", n)
	}
	if n := len(s.fake.Flush(t.Context())); n != 0 {
		t.Errorf("%d repeats at once", n)
	}
	s.fake.Advance(time.Second)
	s.answer = http.StatusOK
	if n := len(s.fake.Flush(t.Context())); n != 2 {
		t.Errorf("%d repeats", n)
	}
	s.fake.Advance(72 * time.Hour)
	if n := len(s.fake.Flush(t.Context())); n != 0 {
		t.Errorf("%d repeats of what was taken", n)
	}
}

// TestStripeSecretsRoll: while a secret is rolled, both sides may have the old one, the new one, or both.
func TestStripeSecretsRoll(t *testing.T) {
	t.Parallel()
	s := stripeDesk(t)
	s.paid(t, payment.CaptureNow)
	sent := s.fake.Flush(t.Context())[0]
	for name, c := range map[string]struct {
		secrets []string
		ok      bool
	}{"new": {[]string{stripeSecret}, true}, "old": {[]string{oldSecret}, true}, "both": {[]string{"whsec_x", oldSecret}, true}, "none": {[]string{"whsec_x"}, false}} {
		_, err := s.account(stripe.Config{WebhookSecrets: c.secrets}).Verify(sent.Header, sent.Body, s.now())
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, skew := range []time.Duration{-10 * time.Minute, 10 * time.Minute} {
		s.fake.Deliver(fakepay.Deliveries{Skew: skew})
		s.paid(t, payment.CaptureNow)
		sent := s.fake.Flush(t.Context())[0]
		_, err := s.Verify(sent.Header, sent.Body, s.now())
		wantCode(t, err, provider.Forged, "")
	}
}

// TestStripeAccountsAreApart: a connected account sees its own payments and events only.
func TestStripeAccountsAreApart(t *testing.T) {
	t.Parallel()
	s := stripeWith(t, stripe.Config{Account: "acct_a", FeeBasisPoints: 1000})
	other, platform := s.account(stripe.Config{Account: "acct_b"}), s.account(stripe.Config{})
	c := s.paid(t, payment.CaptureNow)
	for name, p := range map[string]provider.Provider{"other": other, "platform": platform} {
		_, err := p.Fetch(t.Context(), c)
		if provider.CodeOf(err) != provider.NotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, sent := range s.fake.Flush(t.Context()) {
		mine, err := s.Verify(sent.Header, sent.Body, s.now())
		if err != nil || len(mine) != 1 {
			t.Errorf("%s: %v, %v", sent.Type, mine, err)
		}
		for name, p := range map[string]provider.Provider{"other": other, "platform": platform} {
			if theirs, err := p.Verify(sent.Header, sent.Body, s.now()); err != nil || len(theirs) > 0 {
				t.Errorf("%s, %s: %v, %v", name, sent.Type, theirs, err)
			}
		}
	}
	if form := s.fake.Calls()[0].Form; form["payment_intent_data[application_fee_amount]"] != "125" {
		t.Errorf("fee %v", form)
	}
	// The fee follows what is captured: it never exceeds it.
	held := s.paid(t, payment.CaptureOnConfirm)
	seen, err := s.Capture(t.Context(), held, 100, "k:1:capture")
	check(t, seen, err, payment.Captured, 1250, 100, 0)
	_, err = s.account(stripe.Config{Account: "acct_gone"}).Open(t.Context(), s.order(payment.CaptureNow))
	wantCode(t, err, provider.Credentials, "account_invalid")
}

// TestStripeOpenTimesOut: the repeat finds the session that the first call has made.
func TestStripeOpenTimesOut(t *testing.T) {
	t.Parallel()
	s := stripeDesk(t)
	o := s.order(payment.CaptureNow)
	s.fake.Fail(fakepay.Fault{On: "open", Do: fakepay.HangAfter})
	_, err := s.Open(s.giveUp(t), o)
	wantCode(t, err, provider.Unreachable, "")
	s.open(t, o)
	if n := s.count("open"); n != 1 {
		t.Errorf("%d sessions", n)
	}
	o.ExpiresAt = o.ExpiresAt.Add(time.Second) // other parameters under the same key
	_, err = s.Open(t.Context(), o)
	if e := wantCode(t, err, provider.Refused, "idempotency_error"); !e.Final() {
		t.Error("that would be tried again")
	}
}

// TestStripeIsBusy: what a wait can mend is not final, and the repeat does it.
func TestStripeIsBusy(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		fault fakepay.Kind
		code  provider.Code
		wait  time.Duration
	}{
		{fakepay.Conflict, provider.Busy, 0}, {fakepay.RateLimit, provider.Busy, 7 * time.Second}, {fakepay.ServerError, provider.Busy, 0},
		{fakepay.ServerErrorAfter, provider.Busy, 0}, {fakepay.Garbage, provider.Malformed, 0}, {fakepay.Huge, provider.Malformed, 0},
	} {
		s := stripeDesk(t)
		o := s.order(payment.CaptureNow)
		s.fake.Fail(fakepay.Fault{On: "open", Do: c.fault})
		_, err := s.Open(t.Context(), o)
		if e := wantCode(t, err, c.code, ""); e.Wait != c.wait || e.Final() {
			t.Errorf("%s: %+v", c.fault, e)
		}
		s.open(t, o)
	}
}

// TestStripeKeyIsRevoked: nothing goes on with the old key.
func TestStripeKeyIsRevoked(t *testing.T) {
	t.Parallel()
	s := stripeDesk(t)
	c := s.open(t, s.order(payment.CaptureNow))
	s.fake.Fail(fakepay.Fault{Do: fakepay.KeyRevoked, Times: -1})
	_, err := s.Fetch(t.Context(), c)
	if e := wantCode(t, err, provider.Credentials, "api_key_expired"); !e.Final() {
		t.Error("that would be tried again")
	}
	_, err = s.End(t.Context(), c, "k:1:end")
	wantCode(t, err, provider.Credentials, "")
	s.fake.Heal()
	s.see(t, c, payment.Open, 0, 0, 0)
}

// TestStripeRepeatsDoNothingTwice: also when Stripe has forgotten the key, or keeps an error under it.
func TestStripeRepeatsDoNothingTwice(t *testing.T) {
	t.Parallel()
	for _, fault := range []fakepay.Kind{fakepay.HangAfter, fakepay.ServerErrorAfter} {
		s := stripeDesk(t)
		held, paid := s.paid(t, payment.CaptureOnConfirm), s.paid(t, payment.CaptureNow)
		r := refundOf(paid, 100)
		for _, operation := range []string{"capture", "refund"} {
			s.fake.Fail(fakepay.Fault{On: operation, Do: fault})
		}
		if _, err := s.Capture(s.giveUp(t), held, 1000, "k:1:capture"); err == nil {
			t.Error("no error")
		}
		if _, err := s.Refund(s.giveUp(t), r); err == nil {
			t.Error("no error")
		}
		for range 2 {
			seen, err := s.Capture(t.Context(), held, 1000, "k:1:capture")
			check(t, seen, err, payment.Captured, 1250, 1000, 0)
			if one, err := s.Refund(t.Context(), r); err != nil || one.State != payment.RefundSucceeded {
				t.Errorf("%+v, %v", one, err)
			}
			s.fake.Advance(25 * time.Hour)
		}
		if seen := s.see(t, paid, payment.Captured, 0, 1250, 100); len(seen.Refunds) != 1 {
			t.Errorf("%s: refunds %+v", fault, seen.Refunds)
		}
	}
}

// TestStripeAuthorizationEnds by itself, before the capture or just in front of it.
func TestStripeAuthorizationEnds(t *testing.T) {
	t.Parallel()
	s := stripeDesk(t)
	before, during := s.paid(t, payment.CaptureOnConfirm), s.paid(t, payment.CaptureOnConfirm)
	s.fake.Fail(fakepay.Fault{On: "capture", Do: fakepay.Lapsed})
	seen, err := s.Capture(t.Context(), during, 1250, "k:1:capture")
	check(t, seen, err, payment.Voided, 0, 0, 0)
	s.fake.Advance(7*24*time.Hour + time.Second)
	seen, err = s.Capture(t.Context(), before, 1250, "k:2:capture")
	check(t, seen, err, payment.Voided, 0, 0, 0)
	if seen.FailureCode != "authorization_expired" {
		t.Errorf("failure %q", seen.FailureCode)
	}
}

// TestStripeSessionsEnd by themselves, at the second.
func TestStripeSessionsEnd(t *testing.T) {
	t.Parallel()
	at := time.Unix(1795219200, 0)
	fake := fakepay.New(fakepay.Options{Key: stripeKey, Now: func() time.Time { return at }})
	server := httptest.NewServer(fake)
	t.Cleanup(server.Close)
	d := &desk{Provider: stripe.New(stripe.Config{SecretKey: stripeKey}, stripe.NewClient(), server.URL), now: fake.Now}
	can := d.Can()
	for life, ok := range map[time.Duration]bool{29 * time.Minute: false, can.MinLife: true, can.MaxLife: true, can.MaxLife + time.Minute: false} {
		o := d.order(payment.CaptureNow)
		o.ExpiresAt = fake.Now().Add(life)
		_, err := d.Open(t.Context(), o)
		if ok && err != nil || !ok && provider.CodeOf(err) != provider.Refused {
			t.Errorf("%s: %v", life, err)
		}
	}
	c := d.open(t, d.order(payment.CaptureNow))
	fake.Advance(time.Hour - time.Second)
	d.see(t, c, payment.Open, 0, 0, 0)
	fake.Advance(time.Second)
	d.see(t, c, payment.Expired, 0, 0, 0)
	if fake.Press(c.Ref, "pay") {
		t.Error("an expired session was paid")
	}
}

// TestStripeRefundFails: pending, then failed, then taken up again; and one that fails after it has succeeded.
func TestStripeRefundFails(t *testing.T) {
	t.Parallel()
	s := stripeDesk(t)
	c := s.paid(t, payment.CaptureNow)
	r := refundOf(c, 1250)
	s.fake.Fail(fakepay.Fault{On: "refund", Do: fakepay.RefundPending})
	one, err := s.Refund(t.Context(), r)
	if err != nil || one.State != payment.RefundPending {
		t.Fatalf("%+v, %v", one, err)
	}
	_, err = s.Refund(t.Context(), refundOf(c, 1)) // it counts while it is pending
	wantCode(t, err, provider.Refused, "charge_already_refunded")
	s.fake.SettleRefund(one.Ref, "failed", "insufficient_funds")
	if again, err := s.Refund(t.Context(), r); err != nil || again.State != payment.RefundFailed || again.ErrorCode != "insufficient_funds" || again.Ref != one.Ref {
		t.Errorf("the same key: %+v, %v", again, err)
	}
	seen := s.see(t, c, payment.Captured, 0, 1250, 0)
	if len(seen.Refunds) != 1 || seen.Refunds[0].State != payment.RefundFailed || seen.Refunds[0].Key != r.RefundID.String() {
		t.Errorf("refunds %+v", seen.Refunds)
	}
	r.Key = r.RefundID.String() + ":1:refund"
	two, err := s.Refund(t.Context(), r)
	if err != nil || two.State != payment.RefundSucceeded || two.Ref == one.Ref {
		t.Errorf("by hand: %+v, %v", two, err)
	}
	s.see(t, c, payment.Captured, 0, 1250, 1250)
	s.fake.SettleRefund(two.Ref, "failed", "declined")
	s.see(t, c, payment.Captured, 0, 1250, 0)
}

// TestStripeDisputes: while one is open nothing is given back, and its webhook leads to the payment.
func TestStripeDisputes(t *testing.T) {
	t.Parallel()
	s := stripeDesk(t)
	c := s.paid(t, payment.CaptureNow)
	s.fake.Flush(t.Context())
	dispute := s.fake.Dispute(c.Ref)
	sent := s.fake.Flush(t.Context())[0]
	notices, err := s.Verify(sent.Header, sent.Body, s.now())
	if err != nil || len(notices) != 1 || notices[0].PaymentID != uuid.Nil || notices[0].Type != "charge.dispute.created" {
		t.Fatalf("%+v, %v", notices, err)
	}
	if id, err := s.adapter.Find(t.Context(), notices[0].Ref); err != nil || id != c.PaymentID {
		t.Errorf("found %s, %v", id, err)
	}
	_, err = s.adapter.Find(t.Context(), "pi_unknown")
	wantCode(t, err, provider.NotFound, "")
	if seen := s.see(t, c, payment.Captured, 0, 1250, 0); !seen.Disputed {
		t.Error("not disputed")
	}
	_, err = s.Refund(t.Context(), refundOf(c, 100))
	wantCode(t, err, provider.Refused, "charge_disputed")
	if n := s.count("refund"); n != 0 {
		t.Errorf("%d refunds were asked for", n)
	}
	s.fake.CloseDispute(dispute, "won")
	if seen := s.see(t, c, payment.Captured, 0, 1250, 0); seen.Disputed {
		t.Error("disputed")
	}
	if _, err := s.Refund(t.Context(), refundOf(c, 100)); err != nil {
		t.Error(err)
	}
}

// TestStripeCurrencies: amounts go there and come back in the minor unit of ISO 4217.
func TestStripeCurrencies(t *testing.T) {
	t.Parallel()
	s := stripeDesk(t)
	for _, c := range []struct {
		currency string
		amount   int64
		written  string // "" when it is refused
		detail   string
	}{
		{"EUR", 1250, "1250", ""}, {"JPY", 4321, "4321", ""}, {"KWD", 5120, "5120", ""}, {"ISK", 5, "500", ""}, {"UGX", 5000, "500000", ""},
		{"MGA", 12_300, "123", ""}, {"HUF", 17_550, "17550", ""},
		{"KWD", 5124, "", "amount_not_expressible"}, {"MGA", 12_350, "", "amount_not_expressible"}, {"LYD", 1000, "", "currency_not_supported"},
		{"EUR", 49, "", "amount_too_small"}, {"ISK", 1_000_000, "", "amount_too_large"},
	} {
		o := s.order(payment.CaptureOnConfirm)
		o.Amount, o.Currency = c.amount, c.currency
		session, err := s.Open(t.Context(), o)
		if c.written == "" {
			wantCode(t, err, provider.Refused, c.detail)
			continue
		}
		calls := s.fake.Calls()
		if got := calls[len(calls)-1].Form["line_items[0][price_data][unit_amount]"]; err != nil || got != c.written {
			t.Errorf("%d %s is written %s, %v", c.amount, c.currency, got, err)
			continue
		}
		s.press(session.Ref, "pay")
		charge := provider.Charge{PaymentID: o.PaymentID, Ref: session.Ref, Currency: c.currency}
		seen, err := s.Capture(t.Context(), charge, c.amount, o.PaymentID.String()+":1:capture")
		if err != nil || seen.Captured != c.amount || seen.Authorized != c.amount || seen.Currency != c.currency {
			t.Errorf("%d %s: %+v, %v", c.amount, c.currency, seen, err)
		}
		if back, err := s.Refund(t.Context(), refundOf(charge, c.amount)); err != nil || back.Amount != c.amount {
			t.Errorf("%d %s: %+v, %v", c.amount, c.currency, back, err)
		}
		charge.Currency = "USD"
		_, err = s.Refund(t.Context(), refundOf(charge, 100))
		wantCode(t, err, provider.Refused, "other_currency")
	}
}

// TestStripeAtTheBank: a customer whose bank asks for a confirmation can still pay, and does, or the session ends.
func TestStripeAtTheBank(t *testing.T) {
	t.Parallel()
	s := stripeDesk(t)
	c, ended := s.open(t, s.order(payment.CaptureNow)), s.open(t, s.order(payment.CaptureNow))
	for _, one := range []provider.Charge{c, ended} {
		s.press(one.Ref, "bank")
		s.see(t, one, payment.Open, 0, 0, 0)
	}
	s.press(c.Ref, "bank_ok")
	s.see(t, c, payment.Captured, 0, 1250, 0)
	seen, err := s.End(t.Context(), ended, "k:1:end")
	check(t, seen, err, payment.Expired, 0, 0, 0)
}

// TestStripeHasNoPersonalData: what goes to Stripe of ours are ids, the price, and two addresses.
func TestStripeHasNoPersonalData(t *testing.T) {
	t.Parallel()
	s := stripeDesk(t)
	c := s.paid(t, payment.CaptureNow)
	if _, err := s.Refund(t.Context(), refundOf(c, 1)); err != nil {
		t.Fatal(err)
	}
	for _, call := range s.fake.Calls() {
		for name, value := range call.Form {
			if strings.Contains(name, "metadata") {
				if _, err := uuid.Parse(strings.SplitN(value, ":", 2)[0]); err != nil {
					t.Errorf("%s: %s=%s", call.Operation, name, value)
				}
			}
		}
	}
}
