package stripe

import (
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"holdfast/internal/payment"
	"holdfast/internal/payment/provider"
)

func order() provider.Order {
	return provider.Order{
		PaymentID: paymentID, BookingID: bookingID, Amount: 1250, Currency: "EUR", Capture: payment.CaptureNow, Text: "Studio Ada",
		ExpiresAt: time.Unix(1795219200, 999), ReturnURL: "https://book.example/paid", CancelURL: "https://book.example/back", Key: "k:1:open",
	}
}

const opened = `{"id":"cs_test_1","status":"open","url":"https://checkout.stripe.com/c/pay/cs_test_1#x","expires_at":1795219200,"payment_intent":null}`

// TestOpenSends is the whole request: nothing else goes to Stripe.
func TestOpenSends(t *testing.T) {
	t.Parallel()
	base := url.Values{
		"mode": {"payment"}, "payment_method_types[0]": {"card"}, "adaptive_pricing[enabled]": {"false"}, "client_reference_id": {paymentID.String()},
		"expires_at": {"1795219200"}, "success_url": {"https://book.example/paid"}, "cancel_url": {"https://book.example/back"},
		"line_items[0][quantity]": {"1"}, "line_items[0][price_data][currency]": {"eur"}, "line_items[0][price_data][unit_amount]": {"1250"},
		"line_items[0][price_data][product_data][name]": {"Studio Ada"},
		"metadata[holdfast_payment_id]":                 {paymentID.String()}, "metadata[holdfast_booking_id]": {bookingID.String()},
		"payment_intent_data[metadata][holdfast_payment_id]": {paymentID.String()}, "payment_intent_data[metadata][holdfast_booking_id]": {bookingID.String()},
	}
	for name, c := range map[string]struct {
		config  Config
		capture payment.Capture
		more    url.Values
		account string
	}{
		"own account": {Config{}, payment.CaptureNow, nil, ""},
		"on confirm":  {Config{}, payment.CaptureOnConfirm, url.Values{"payment_intent_data[capture_method]": {"manual"}}, ""},
		"direct": {
			Config{Account: "acct_1", FeeBasisPoints: 250}, payment.CaptureNow, url.Values{"payment_intent_data[application_fee_amount]": {"31"}}, "acct_1",
		},
		"destination": {
			Config{Account: "acct_1", Charges: Destination, FeeBasisPoints: 1000}, payment.CaptureNow,
			url.Values{"payment_intent_data[application_fee_amount]": {"125"}, "payment_intent_data[transfer_data][destination]": {"acct_1"}}, "",
		},
		"without a fee": {Config{Account: "acct_1"}, payment.CaptureNow, nil, "acct_1"},
	} {
		s := newStub(t, says(http.StatusOK, opened))
		o := order()
		o.Capture = c.capture
		got, err := s.provider(c.config).Open(t.Context(), o)
		want := provider.Session{Ref: "cs_test_1", URL: "https://checkout.stripe.com/c/pay/cs_test_1#x", ExpiresAt: time.Unix(1795219200, 0).UTC()}
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		form := url.Values{}
		for _, part := range []url.Values{base, c.more} {
			maps.Copy(form, part)
		}
		a := s.asked()[0]
		if !reflect.DeepEqual(a.form, form) {
			t.Errorf("%s sent %v, want %v", name, a.form, form)
		}
		if a.key != "k:1:open" || a.account != c.account || a.header.Get("Stripe-Version") != Version || a.header.Get("Authorization") != "Bearer "+testKey {
			t.Errorf("%s sent %v", name, a.header)
		}
	}
}

func TestOpenNamesSomething(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"": "Booking", "  ": "Booking", " Ada ": "Ada", strings.Repeat("ä", 300): strings.Repeat("ä", 250)} {
		if got := productName(text); got != want {
			t.Errorf("%q is %q", text, got)
		}
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
		code   provider.Code
		detail string
		wait   time.Duration
	}{
		"401":                {401, `{"error":{"type":"invalid_request_error"}}`, provider.Credentials, "invalid_request_error", 0},
		"403":                {403, `{"error":{"type":"invalid_request_error","code":"account_invalid"}}`, provider.Credentials, "account_invalid", 0},
		"declined":           {402, `{"error":{"type":"card_error","code":"card_declined","decline_code":"lost_card"}}`, provider.Refused, "lost_card", 0},
		"a parameter":        {400, `{"error":{"type":"invalid_request_error","param":"expires_at","message":"secret things"}}`, provider.Refused, "invalid_request_error:expires_at", 0},
		"too small":          {400, `{"error":{"type":"invalid_request_error","code":"amount_too_small"}}`, provider.Refused, "amount_too_small", 0},
		"other parameters":   {400, `{"error":{"type":"idempotency_error"}}`, provider.Refused, "idempotency_error", 0},
		"409":                {409, `{}`, provider.Busy, "", 0},
		"a code beside it":   {400, `{"error":{"type":"idempotency_error","code":"keys"}}`, provider.Refused, "idempotency_error", 0},
		"twin":               {409, `{"error":{"type":"idempotency_error","code":"idempotency_key_in_use"}}`, provider.Busy, "idempotency_key_in_use", 0},
		"locked":             {429, `{"error":{"type":"invalid_request_error","code":"lock_timeout"}}`, provider.Busy, "lock_timeout", 7 * time.Second},
		"too fast":           {429, `{"error":{"type":"invalid_request_error","code":"rate_limit"}}`, provider.Busy, "rate_limit", 7 * time.Second},
		"424":                {424, `{}`, provider.Busy, "", 7 * time.Second},
		"500":                {500, `{"error":{"type":"api_error"}}`, provider.Busy, "api_error", 7 * time.Second},
		"503, no JSON":       {503, `<html>`, provider.Busy, "", 7 * time.Second},
		"404":                {404, `{"error":{"type":"invalid_request_error","code":"resource_missing"}}`, provider.NotFound, "resource_missing", 0},
		"404 of the path":    {404, `{"error":{"type":"invalid_request_error"}}`, provider.Refused, "invalid_request_error", 0},
		"no JSON":            {200, `<html>`, provider.Malformed, "", 0},
		"an id twice":        {200, `{"id":"cs_1","id":"cs_2"}`, provider.Malformed, "", 0},
		"no id":              {200, `{}`, provider.Malformed, "", 0},
		"too long":           {200, `"` + strings.Repeat("x", maxBody) + `"`, provider.Malformed, "too_long", 0},
		"a detail that lies": {400, `{"error":{"type":"x","code":"see https://evil.example"}}`, provider.Refused, "", 0},
	} {
		s := newStub(t, func(w http.ResponseWriter, a asked) {
			if c.wait > 0 {
				w.Header().Set("Retry-After", "7")
			}
			says(c.status, c.body)(w, a)
		})
		_, err := s.provider(Config{}).Open(t.Context(), order())
		wantError(t, err, c.code, c.detail)
		if e, _ := err.(*provider.Error); e != nil && e.Wait != c.wait { //nolint:errorlint // adapters return it as it is
			t.Errorf("%s: waits %s", name, e.Wait)
		}
		if n := len(s.asked()); n != 1 {
			t.Errorf("%s: %d calls", name, n)
		}
	}
}

// TestNothingOfTheNetworkIsSaid: an error has no address and no key, whatever became of the call.
func TestNothingOfTheNetworkIsSaid(t *testing.T) {
	t.Parallel()
	s := newStub(t, says(http.StatusOK, opened))
	s.Close()
	_, err := s.provider(Config{}).Open(t.Context(), order())
	wantError(t, err, provider.Unreachable, "")
	if text := err.Error(); strings.Contains(text, "127.0.0.1") || strings.Contains(text, testKey) {
		t.Error(text)
	}
}

// TestRedirectsAreNotFollowed: the key goes to one address only.
func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	other := newStub(t, says(http.StatusOK, opened))
	s := newStub(t, func(w http.ResponseWriter, _ asked) {
		w.Header().Set("Location", other.URL)
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	_, err := s.provider(Config{}).Open(t.Context(), order())
	wantError(t, err, provider.Malformed, "")
	if len(other.asked()) > 0 {
		t.Error("the redirect was followed")
	}
	if NewClient().Transport.(*http.Transport).Proxy != nil {
		t.Error("the environment can set a proxy")
	}
}

// TestKeptServerErrors: an error of the server that is kept under a key does not stand in the way for a day.
func TestKeptServerErrors(t *testing.T) {
	t.Parallel()
	s := newStub(t, func(w http.ResponseWriter, a asked) {
		if a.key == "k:1:open:3" {
			says(http.StatusOK, opened)(w, a)
			return
		}
		w.Header().Set("Idempotent-Replayed", "true")
		says(http.StatusInternalServerError, `{"error":{"type":"api_error"}}`)(w, a)
	})
	if _, err := s.provider(Config{}).Open(t.Context(), order()); err != nil {
		t.Error(err)
	}
	keys := []string{}
	for _, a := range s.asked() {
		keys = append(keys, a.key)
	}
	if want := []string{"k:1:open", "k:1:open:2", "k:1:open:3"}; !reflect.DeepEqual(keys, want) {
		t.Errorf("keys %v", keys)
	}
	s = newStub(t, func(w http.ResponseWriter, a asked) {
		w.Header().Set("Idempotent-Replayed", "true")
		says(http.StatusInternalServerError, `{}`)(w, a)
	})
	_, err := s.provider(Config{}).Open(t.Context(), order())
	wantError(t, err, provider.Busy, "")
	if n := len(s.asked()); n != maxReplays+1 {
		t.Errorf("%d calls", n)
	}
}

// TestRefsAreNoPaths: a name that Stripe cannot have given is not sent to it.
func TestRefsAreNoPaths(t *testing.T) {
	t.Parallel()
	s := newStub(t, says(http.StatusOK, opened))
	p := s.provider(Config{})
	for _, ref := range []string{"", "../refunds", "cs_1?x=y", "cs_1/expire"} {
		c := provider.Charge{Ref: ref, Currency: "EUR"}
		_, err := p.Fetch(t.Context(), c)
		wantError(t, err, provider.NotFound, "")
		_, err = p.End(t.Context(), c, "k")
		wantError(t, err, provider.NotFound, "")
		_, err = p.Void(t.Context(), c, "k")
		wantError(t, err, provider.NotFound, "")
		_, err = p.Refund(t.Context(), provider.RefundOrder{Charge: c, Amount: 1})
		wantError(t, err, provider.NotFound, "")
		_, err = p.Find(t.Context(), ref)
		wantError(t, err, provider.NotFound, "")
	}
	if len(s.asked()) > 0 {
		t.Error(s.asked())
	}
}

// TestRefundSends is the whole request for a refund, and that one that is there is not asked for again.
func TestRefundSends(t *testing.T) {
	t.Parallel()
	there := ""
	s := newStub(t, func(w http.ResponseWriter, a asked) {
		if a.method == http.MethodPost {
			says(http.StatusOK, `{"id":"re_9","amount":250,"currency":"eur","status":"pending"}`)(w, a)
			return
		}
		says(http.StatusOK, sessionOf("complete", `"status":"succeeded","amount_received":1250`, `"amount_refunded":0,"refunds":{"has_more":false,"data":[`+there+`]}`))(w, a)
	})
	p := s.provider(Config{Account: "acct_1", Charges: Destination, RefundFee: true, ReverseTransfer: true})
	r := provider.RefundOrder{
		Charge: provider.Charge{PaymentID: paymentID, Ref: "cs_1", Currency: "EUR"}, RefundID: refundID, Amount: 250, Reason: payment.Duplicate, Key: "r:1:refund",
	}
	got, err := p.Refund(t.Context(), r)
	if err != nil || got != (payment.SeenRefund{Ref: "re_9", Amount: 250, State: payment.RefundPending}) {
		t.Errorf("%+v, %v", got, err)
	}
	sent := s.asked()[1]
	want := url.Values{
		"payment_intent": {"pi_1"}, "amount": {"250"}, "reason": {"duplicate"}, "refund_application_fee": {"true"}, "reverse_transfer": {"true"},
		"metadata[holdfast_payment_id]": {paymentID.String()}, "metadata[holdfast_refund_id]": {refundID.String()}, "metadata[holdfast_key]": {"r:1:refund"},
	}
	if !reflect.DeepEqual(sent.form, want) || sent.key != "r:1:refund" || sent.path != "/v1/refunds" {
		t.Errorf("sent %+v", sent)
	}
	for name, c := range map[string]struct {
		status, key string
		again       bool
	}{
		"succeeded":                  {"succeeded", "r:1:refund", false},
		"failed":                     {"failed", "r:1:refund", false},
		"failed, taken up again":     {"failed", "r:0:refund", true},
		"succeeded, taken up again":  {"succeeded", "r:0:refund", false},
		"pending under another key":  {"pending", "r:0:refund", false},
		"canceled under another key": {"canceled", "r:0:refund", true},
	} {
		there = `{"id":"re_7","amount":250,"currency":"eur","status":"` + c.status + `","metadata":{"holdfast_refund_id":"` + refundID.String() + `","holdfast_key":"` + c.key + `"}}`
		before := len(s.asked())
		got, err := p.Refund(t.Context(), r)
		if again := len(s.asked()) == before+2; err != nil || again != c.again || (got.Ref == "re_9") != c.again {
			t.Errorf("%s: %+v, %v, asked again %v", name, got, err, again)
		}
	}
	r.Currency = "USD"
	_, err = p.Refund(t.Context(), r)
	wantError(t, err, provider.Refused, "other_currency")
}

// TestNothingIsDoneInVain: a busy Stripe is not asked once more, and what is not authorized is not captured.
func TestNothingIsDoneInVain(t *testing.T) {
	t.Parallel()
	c := provider.Charge{PaymentID: paymentID, Ref: "cs_1", Currency: "EUR"}
	s := newStub(t, says(http.StatusTooManyRequests, `{}`))
	_, err := s.provider(Config{}).End(t.Context(), c, "k")
	wantError(t, err, provider.Busy, "")
	if n := len(s.asked()); n != 1 {
		t.Errorf("%d calls", n)
	}
	s = newStub(t, says(http.StatusOK, sessionOf("open", "", "")))
	p := s.provider(Config{})
	for range 2 {
		if seen, err := p.Capture(t.Context(), c, 1, "k"); err != nil || seen.State != payment.Open {
			t.Errorf("%+v, %v", seen, err)
		}
		if seen, err := p.Void(t.Context(), c, "k"); err != nil || seen.State != payment.Open {
			t.Errorf("%+v, %v", seen, err)
		}
	}
	for _, a := range s.asked() {
		if a.method != http.MethodGet {
			t.Errorf("%s %s", a.method, a.path)
		}
	}
	_, err = p.Refund(t.Context(), provider.RefundOrder{Charge: c, RefundID: refundID, Amount: 1, Key: "k"})
	wantError(t, err, provider.Refused, "nothing_captured")
}
