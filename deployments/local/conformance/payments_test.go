package conformance

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/payment"
	"holdfast/internal/payment/manual"
	"holdfast/internal/payment/provider"
)

// desk is a provider with what a test does beside it.
type desk struct {
	provider.Provider

	now func() time.Time
	// press is the customer on the page: pay, or decline.
	press func(ref, outcome string)
	// webhook returns one webhook request about a payment that has been paid.
	webhook func() (http.Header, []byte)
}

// desks are all adapters, each with the same contract.
func desks(t *testing.T) map[string]*desk {
	t.Helper()
	return map[string]*desk{
		"stripe": stripeDesk(t).desk,
		"http":   programDesk(t),
		"manual": {Provider: manual.Provider{}, now: time.Now},
	}
}

func (d *desk) order(capture payment.Capture) provider.Order {
	id := uuid.New()
	return provider.Order{
		PaymentID: id, BookingID: uuid.New(), Amount: 1250, Currency: "EUR", Capture: capture, Text: "Studio Ada",
		ExpiresAt: d.now().Add(time.Hour).Truncate(time.Second), ReturnURL: "https://book.example.com/paid", CancelURL: "https://book.example.com/back",
		Key: id.String() + ":1:open",
	}
}

func (d *desk) open(t *testing.T, o provider.Order) provider.Charge {
	t.Helper()
	s, err := d.Open(t.Context(), o)
	if err != nil || s.Ref == "" || (s.URL != "") != d.Can().Checkout || !s.ExpiresAt.Equal(o.ExpiresAt) {
		t.Fatalf("opened %+v, %v", s, err)
	}
	return provider.Charge{PaymentID: o.PaymentID, Ref: s.Ref, Currency: o.Currency}
}

func (d *desk) paid(t *testing.T, capture payment.Capture) provider.Charge {
	t.Helper()
	c := d.open(t, d.order(capture))
	d.press(c.Ref, "pay")
	return c
}

// see fetches a payment and compares its state and sums.
func (d *desk) see(t *testing.T, c provider.Charge, state payment.State, authorized, captured, refunded int64) payment.Seen {
	t.Helper()
	seen, err := d.Fetch(t.Context(), c)
	check(t, seen, err, state, authorized, captured, refunded)
	return seen
}

func check(t *testing.T, seen payment.Seen, err error, state payment.State, authorized, captured, refunded int64) {
	t.Helper()
	if err != nil || seen.State != state || seen.Authorized != authorized || seen.Captured != captured || seen.Refunded != refunded {
		t.Errorf("seen %+v, %v, want %s with %d, %d and %d", seen, err, state, authorized, captured, refunded)
	}
	if state != "" && seen.Currency != "" && seen.Currency != "EUR" {
		t.Errorf("currency %q", seen.Currency)
	}
}

func wantCode(t *testing.T, err error, code provider.Code, detail string) *provider.Error {
	t.Helper()
	e, ok := errors.AsType[*provider.Error](err)
	if !ok || e.Code != code || detail != "" && e.Detail != detail {
		t.Errorf("error %v, want %s: %s", err, code, detail)
		return &provider.Error{}
	}
	return e
}

func refundOf(c provider.Charge, amount int64) provider.RefundOrder {
	id := uuid.New()
	return provider.RefundOrder{Charge: c, RefundID: id, Amount: amount, Reason: payment.ByPolicy, Key: id.String() + ":0:refund"}
}

// TestPaymentProviders holds every adapter to the port.
func TestPaymentProviders(t *testing.T) {
	t.Parallel()
	for name, d := range desks(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d.opens(t)
			d.ends(t)
			if d.Can().Checkout {
				d.getsPaid(t)
				d.refunds(t)
			}
			if d.Can().Authorize {
				d.captures(t)
				d.voids(t)
			}
			d.refusesWhatItCannot(t)
			d.believesItsWebhooks(t)
		})
	}
}

func (d *desk) opens(t *testing.T) {
	o := d.order(payment.CaptureNow)
	c := d.open(t, o)
	if again := d.open(t, o); again != c {
		t.Errorf("a repeat has opened %v, not %v", again, c)
	}
	if other := d.open(t, d.order(payment.CaptureNow)); other.Ref == c.Ref {
		t.Error("two payments have one name")
	}
	state := payment.Open
	if !d.Can().Checkout {
		state = "" // a person says so
	}
	d.see(t, c, state, 0, 0, 0)
}

func (d *desk) ends(t *testing.T) {
	c := d.open(t, d.order(payment.CaptureNow))
	for range 2 { // a repeat finds it as it is
		seen, err := d.End(t.Context(), c, c.PaymentID.String()+":1:end")
		check(t, seen, err, payment.Expired, 0, 0, 0)
	}
	if d.Can().Checkout {
		d.press(c.Ref, "pay") // too late: nothing happens
		d.see(t, c, payment.Expired, 0, 0, 0)
	}
}

func (d *desk) getsPaid(t *testing.T) {
	c := d.open(t, d.order(payment.CaptureNow))
	d.press(c.Ref, "decline")
	if seen := d.see(t, c, payment.Open, 0, 0, 0); seen.FailureCode != "insufficient_funds" {
		t.Errorf("failure %q", seen.FailureCode)
	}
	d.press(c.Ref, "pay")
	if seen := d.see(t, c, payment.Captured, 0, 1250, 0); seen.FailureCode != "" {
		t.Errorf("failure %q", seen.FailureCode)
	}
	seen, err := d.End(t.Context(), c, "late:1:end") // the customer was faster
	check(t, seen, err, payment.Captured, 0, 1250, 0)
	_, err = d.Fetch(t.Context(), provider.Charge{PaymentID: uuid.New(), Ref: "cs_test_unknown", Currency: "EUR"})
	wantCode(t, err, provider.NotFound, "")
}

func (d *desk) refunds(t *testing.T) {
	c := d.paid(t, payment.CaptureNow)
	first := refundOf(c, 1000)
	one, err := d.Refund(t.Context(), first)
	if err != nil || one.Ref == "" || one.Amount != 1000 || one.Key != first.RefundID.String() || one.State != payment.RefundSucceeded {
		t.Errorf("refund %+v, %v", one, err)
	}
	if again, err := d.Refund(t.Context(), first); err != nil || again != one {
		t.Errorf("a repeat is %+v, %v", again, err)
	}
	_, err = d.Refund(t.Context(), refundOf(c, 251)) // more than is left
	wantCode(t, err, provider.Refused, "")
	if _, err := d.Refund(t.Context(), refundOf(c, 250)); err != nil {
		t.Error(err)
	}
	seen := d.see(t, c, payment.Captured, 0, 1250, 1250)
	if len(seen.Refunds) != 2 || seen.Refunds[0].Amount+seen.Refunds[1].Amount != 1250 {
		t.Errorf("refunds %+v", seen.Refunds)
	}
}

func (d *desk) captures(t *testing.T) {
	c := d.paid(t, payment.CaptureOnConfirm)
	if seen := d.see(t, c, payment.Authorized, 1250, 0, 0); !seen.CaptureBefore.After(d.now()) {
		t.Errorf("capture before %s", seen.CaptureBefore)
	}
	for range 2 {
		seen, err := d.Capture(t.Context(), c, 1000, c.PaymentID.String()+":1:capture")
		check(t, seen, err, payment.Captured, 1250, 1000, 0)
	}
	seen, err := d.Void(t.Context(), c, c.PaymentID.String()+":1:void") // too late for that
	check(t, seen, err, payment.Captured, 1250, 1000, 0)
	_, err = d.Refund(t.Context(), refundOf(c, 1001))
	wantCode(t, err, provider.Refused, "")
}

func (d *desk) voids(t *testing.T) {
	c := d.paid(t, payment.CaptureOnConfirm)
	for range 2 {
		seen, err := d.Void(t.Context(), c, c.PaymentID.String()+":1:void")
		check(t, seen, err, payment.Voided, 0, 0, 0)
	}
	seen, err := d.Capture(t.Context(), c, 1250, c.PaymentID.String()+":1:capture") // too late for that
	check(t, seen, err, payment.Voided, 0, 0, 0)
}

// refusesWhatItCannot: an adapter that cannot hold money says so, and one without a page cannot give back.
func (d *desk) refusesWhatItCannot(t *testing.T) {
	c := d.open(t, d.order(payment.CaptureNow))
	if !d.Can().Authorize {
		_, err := d.Capture(t.Context(), c, 1, "k")
		wantCode(t, err, provider.Unsupported, "")
		_, err = d.Void(t.Context(), c, "k")
		wantCode(t, err, provider.Unsupported, "")
	}
	if !d.Can().Checkout {
		_, err := d.Refund(t.Context(), refundOf(c, 1))
		wantCode(t, err, provider.Unsupported, "")
	}
}

func (d *desk) believesItsWebhooks(t *testing.T) {
	_, err := d.Verify(http.Header{}, []byte(`{}`), d.now())
	wantCode(t, err, provider.Forged, "")
	if !d.Can().Webhooks {
		return
	}
	header, body := d.webhook()
	notices, err := d.Verify(header, body, d.now())
	if err != nil || len(notices) != 1 || notices[0].EventID == "" || notices[0].PaymentID == uuid.Nil {
		t.Errorf("notices %+v, %v", notices, err)
	}
	_, err = d.Verify(header, append(body, ' '), d.now())
	wantCode(t, err, provider.Forged, "")
	for _, off := range []time.Duration{-6 * time.Minute, 6 * time.Minute} {
		_, err = d.Verify(header, body, d.now().Add(off))
		wantCode(t, err, provider.Forged, "")
	}
}
