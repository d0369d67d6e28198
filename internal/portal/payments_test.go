package portal

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/api"
	"holdfast/internal/booking"
	"holdfast/internal/dispatch"
	"holdfast/internal/payment"
)

// account is an account by hand of the app.
func (h *house) account() *payment.Account {
	h.t.Helper()
	a, err := h.CreateAccount(h.t.Context(), &payment.Account{ID: uuid.New(), AppID: h.app.ID, Name: "desk", Provider: payment.Manual, Sealed: []byte{}})
	check(h.t, err)
	return a
}

// owed is a payment that can be paid.
func (h *house) owed(b *booking.Booking, a *payment.Account, amount int64, currency string) *payment.Payment {
	h.t.Helper()
	until := time.Now().Add(time.Hour)
	p, err := h.EnsurePayment(h.t.Context(), &payment.Payment{
		ID: uuid.New(), AppID: h.app.ID, BookingID: b.ID, AccountID: a.ID, Provider: a.Provider, Code: uuid.NewString(), Kind: payment.Full,
		Capture: payment.CaptureNow, Currency: currency, Amount: amount, ExpiresAt: until,
	})
	check(h.t, err)
	_, err = h.RecordOpened(h.t.Context(), p.ID, p.ID.String(), "", time.Time{}, until)
	check(h.t, err)
	return p
}

// refuse has the provider refuse the refund of a payment that is due.
func (h *house) refuse(p *payment.Payment) {
	h.t.Helper()
	h.sql(`UPDATE refunds SET next_at = now() WHERE payment_id = $1 AND state = 'pending'`, p.ID)
	r, err := h.ClaimRefund(h.t.Context(), p.ID)
	check(h.t, err)
	_, err = h.RecordRefund(h.t.Context(), p.ID, payment.SeenRefund{
		Key: r.Key(), State: payment.RefundFailed, ErrorCode: "not_supported",
	})
	check(h.t, err)
}

// TestPaymentsInThePortal: a payment is marked as paid, given back in part, and what fails of that is retried and settled by hand.
func TestPaymentsInThePortal(t *testing.T) {
	t.Parallel()
	temporal := &sleepers{}
	h := build(t, func(_ *Portal, s *api.Server) { s.Dispatch = &dispatch.Dispatcher{Client: temporal} })
	b, a := h.member(), h.account()
	b.get("/portal/payments").want(t, http.StatusOK).says(t, "No payment yet")
	booked := h.book("Ada")
	p := h.owed(booked, a, 4500, "EUR")
	page := "/portal/payments/" + p.Name()
	b.get("/portal/bookings/"+booked.ID.String()).want(t, http.StatusOK).says(t, `<a href="`+page+`">45.00 EUR</a>`)
	b.get("/portal/payments").says(t, "45.00 EUR", page, "1 to 1 of 1")
	if open := b.get(page).want(t, http.StatusOK).says(t, "Haircut of Ada", "The customer can pay.", "The money has arrived"); strings.Contains(open.text, "Refund…") {
		t.Error("what has not arrived can be given back")
	}
	b.send(page+"/refund").want(t, http.StatusUnprocessableEntity).says(t, "Nothing of the payment is left")
	h.sql(`UPDATE bookings SET graph = 'paid_booking', state = 'tentative' WHERE id = $1`, booked.ID)
	to := b.send(page+"/paid").leads(t, page+"?said=marked_paid").Header.Get("Location")
	b.get(to).says(t, "It is noted that the money has arrived", "captured", "Refund…", "all that is left, 45.00 EUR")

	for _, typed := range []string{"1.234", "-1", "abc", ".5", "1.2.3", "0", "45.01", strings.Repeat("9", 30)} {
		b.send(page+"/refund", "amount", typed, "once", uuid.NewString()).want(t, http.StatusUnprocessableEntity).says(t, "That did not work", `value="`+typed+`"`)
	}
	once := uuid.NewString()
	for range 2 { // the same form
		b.send(page+"/refund", "amount", "20,5", "note", "Half of it", "once", once).leads(t, page+"?said=refund_asked")
	}
	b.get(page).says(t, "20.50 EUR", "Half of it", "pending", "A refund is asked for: 20.50 EUR.", "all that is left, 24.50 EUR")
	h.refuse(p)
	b.get("/portal/payments?needs=failed_refund").says(t, page, "refund failed")
	failed := b.get(page).says(t, "A refund has failed: 20.50 EUR. The provider could not give the money back.", "Retry", "I have paid it back")
	_, refund, _ := strings.Cut(failed.text, "/refunds/")
	refund, _, _ = strings.Cut(refund, "/")
	b.send(page+"/refunds/"+refund+"/retry").leads(t, page+"?said=refund_retried")
	h.refuse(p)
	b.send(page+"/refunds/"+refund+"/paid", "note", "In cash").leads(t, page+"?said=refund_by_hand")
	b.send(page+"/refunds/"+refund+"/retry").want(t, http.StatusConflict).says(t, "Nothing was changed", "The refund has not failed")
	b.get(page).says(t, "by hand", "In cash")
	if got := b.get("/portal/payments?needs=failed_refund"); !strings.Contains(got.text, "No payment fits") {
		t.Error("a refund that was paid by hand waits for somebody")
	}
	b.send(page+"/refund", "once", uuid.NewString()).leads(t, page+"?said=refund_asked")
	b.get(page).says(t, "24.50 EUR")
	b.send(page+"/refresh").leads(t, page+"?said=asked")
	if len(temporal.woken) == 0 {
		t.Error("nobody looks at the payment")
	}
	for _, path := range []string{"/portal/payments/pay_" + uuid.NewString(), "/portal/payments/nothing"} {
		b.get(path).want(t, http.StatusNotFound)
		b.send(path+"/refund").want(t, http.StatusNotFound)
	}
	b.send(page+"/refunds/..%2F/retry").want(t, http.StatusNotFound)
}

// TestPaymentsThatWaitForSomebody: each need finds its payments, and amounts are shown as their currency has them.
func TestPaymentsThatWaitForSomebody(t *testing.T) {
	t.Parallel()
	h := build(t)
	b, a := h.member(), h.account()
	calm, disputed := h.owed(h.book("Ada"), a, 1250, "EUR"), h.owed(h.book("Bob"), a, 500, "JPY")
	late, stuck := h.owed(h.book("Eve"), a, 1005, "KWD"), h.owed(h.book("Fay"), a, 7, "EUR")
	h.sql(`UPDATE payments SET disputed = true, state = 'captured', captured = 500 WHERE id = $1`, disputed.ID)
	h.sql(`UPDATE payments SET late = true, honoured = true, state = 'captured', captured = 1005 WHERE id = $1`, late.ID)
	h.sql(`UPDATE payments SET late = true, state = 'captured', captured = 7 WHERE id = $1`, stuck.ID)
	for query, want := range map[string][]*payment.Payment{
		"": {calm, disputed, late, stuck}, "?needs=any": {disputed, stuck}, "?needs=dispute": {disputed}, "?needs=late": {late, stuck},
		"?needs=failed_refund": nil, "?state=open": {calm}, "?state=captured&needs=late": {late, stuck},
		"?booking_id=" + calm.BookingID.String(): {calm},
	} {
		text := b.get("/portal/payments"+query).want(t, http.StatusOK).text
		if got := strings.Count(text, "/portal/payments/pay_"); got != len(want) {
			t.Errorf("%q finds %d payments, not %d", query, got, len(want))
		}
		for _, p := range want {
			if !strings.Contains(text, p.Name()) {
				t.Errorf("%q does not find %s", query, payment.Text(p.Amount, p.Currency))
			}
		}
	}
	b.get("/portal/payments").says(t, "500 JPY", "1.005 KWD", "0.07 EUR", "disputed", "late")
	b.get("/portal/payments?needs=nonsense").want(t, http.StatusOK).says(t, "must be one of")
	h.sql(`DELETE FROM bookings WHERE id = $1`, calm.BookingID)
	b.get("/portal/payments/"+calm.Name()).want(t, http.StatusOK).says(t, "it was erased")
	if got := b.get("/portal/payments/"+disputed.Name()).want(t, http.StatusOK); strings.Contains(got.text, "Refund…") {
		t.Error("what is disputed can be given back")
	}
}

// TestMinorUnits reads amounts as people write them.
func TestMinorUnits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, currency string
		want           int64
		ok             bool
	}{
		{"12.50", "EUR", 1250, true}, {"12,5", "EUR", 1250, true}, {"12", "EUR", 1200, true}, {"0.01", "EUR", 1, true}, {"12.", "EUR", 1200, true},
		{"500", "JPY", 500, true}, {"1.005", "KWD", 1005, true}, {"99999999999999", "KWD", 99999999999999000, true},
		{"500.0", "JPY", 0, false}, {"12.505", "EUR", 0, false}, {"1,000.00", "EUR", 0, false}, {"+1", "EUR", 0, false}, {"", "EUR", 0, false},
		{"1e3", "EUR", 0, false}, {"1 000", "EUR", 0, false}, {"99999999999999999999", "JPY", 0, false}, {"١", "JPY", 0, false},
	} {
		if got, ok := minorUnits(c.text, c.currency); got != c.want || ok != c.ok {
			t.Errorf("%q %s: %d, %v", c.text, c.currency, got, ok)
		}
	}
}
