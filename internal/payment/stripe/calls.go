package stripe

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"holdfast/internal/payment"
	"holdfast/internal/payment/provider"
)

// The names of our ids in metadata. Metadata has no more than ids.
const (
	metaPayment = "holdfast_payment_id"
	metaBooking = "holdfast_booking_id"
	metaRefund  = "holdfast_refund_id"
	metaKey     = "holdfast_key"
)

const maxName = 250 // characters of what the customer reads

// expandAll makes Stripe answer with everything about a session's money, to be read in one call.
var expandAll = url.Values{"expand[]": {"payment_intent.latest_charge.refunds"}}

// Open makes a Checkout Session. It takes cards only: other methods can take days, while a slot is held.
func (p *Provider) Open(ctx context.Context, o provider.Order) (provider.Session, error) {
	amount, err := toStripe(o.Amount, o.Currency)
	if err != nil {
		return provider.Session{}, err
	}
	form := url.Values{
		"mode":                       {"payment"},
		"payment_method_types[0]":    {"card"},
		"adaptive_pricing[enabled]":  {"false"}, // the customer pays what the price says, in its currency
		"client_reference_id":        {o.PaymentID.String()},
		"expires_at":                 {strconv.FormatInt(o.ExpiresAt.Unix(), 10)},
		"success_url":                {o.ReturnURL},
		"cancel_url":                 {o.CancelURL},
		"line_items[0][quantity]":    {"1"},
		item("[currency]"):           {strings.ToLower(o.Currency)},
		item("[unit_amount]"):        {strconv.FormatInt(amount, 10)},
		item("[product_data][name]"): {productName(o.Text)},
	}
	for _, where := range []string{"metadata", "payment_intent_data[metadata]"} { // the intent does not get the session's
		form.Set(where+"["+metaPayment+"]", o.PaymentID.String())
		form.Set(where+"["+metaBooking+"]", o.BookingID.String())
	}
	if o.Capture == payment.CaptureOnConfirm {
		form.Set("payment_intent_data[capture_method]", "manual")
	}
	p.connect(form, "payment_intent_data", amount, o.Currency)
	if p.config.Charges == Destination {
		form.Set("payment_intent_data[transfer_data][destination]", p.config.Account)
	}
	var s session
	if err := p.post(ctx, "/v1/checkout/sessions", form, o.Key, &s); err != nil {
		return provider.Session{}, err
	}
	if s.ID == "" || s.URL == "" && s.Status == "open" {
		return provider.Session{}, &provider.Error{Code: provider.Malformed}
	}
	return provider.Session{Ref: s.ID, URL: s.URL, ExpiresAt: unix(s.ExpiresAt)}, nil
}

func item(field string) string { return "line_items[0][price_data]" + field }

// productName is what the customer reads; Stripe does without none.
func productName(text string) string {
	text = strings.TrimSpace(text)
	if text == "" {
		return "Booking"
	}
	if utf8.RuneCountInString(text) > maxName {
		text = string([]rune(text)[:maxName])
	}
	return text
}

// connect adds the application fee of an amount, as Stripe writes it, where there is one. A prefix is where it goes; "" for the form
// itself.
func (p *Provider) connect(form url.Values, prefix string, amount int64, currency string) {
	fee := p.config.fee(amount, currency)
	if p.config.Account == "" || fee == 0 {
		return
	}
	name := "application_fee_amount"
	if prefix != "" {
		name = prefix + "[" + name + "]"
	}
	form.Set(name, strconv.FormatInt(fee, 10))
}

// direct reports whether calls are made for the connected account.
func (p *Provider) direct() bool { return p.config.Account != "" && p.config.Charges != Destination }

// Fetch reads a session, with its intent, charge and refunds.
func (p *Provider) Fetch(ctx context.Context, c provider.Charge) (payment.Seen, error) {
	s, err := p.readSession(ctx, c.Ref)
	if err != nil {
		return payment.Seen{}, err
	}
	return p.seen(ctx, s)
}

func (p *Provider) readSession(ctx context.Context, ref string) (session, error) {
	if ref == "" || !isToken(ref) {
		return session{}, &provider.Error{Code: provider.NotFound}
	}
	var s session
	err := p.get(ctx, "/v1/checkout/sessions/"+ref, expandAll, &s)
	return s, err
}

// End expires the session. Stripe refuses that when it is not open, because somebody has just paid or it has expired: then the answer is
// what it has become.
func (p *Provider) End(ctx context.Context, c provider.Charge, key string) (payment.Seen, error) {
	if c.Ref == "" || !isToken(c.Ref) {
		return payment.Seen{}, &provider.Error{Code: provider.NotFound}
	}
	var s session
	ended := p.post(ctx, "/v1/checkout/sessions/"+c.Ref+"/expire", url.Values{}, key, &s)
	if ended != nil && provider.CodeOf(ended) != provider.Refused {
		return payment.Seen{}, ended
	}
	seen, err := p.Fetch(ctx, c)
	if err == nil && ended != nil && seen.State == payment.Open {
		return payment.Seen{}, ended
	}
	return seen, err
}

// Capture takes an amount of what is authorized; Stripe lets the rest go. When nothing is authorized, because it was captured before or the
// authorization has ended, it changes nothing.
func (p *Provider) Capture(ctx context.Context, c provider.Charge, amount int64, key string) (payment.Seen, error) {
	written, err := toStripe(amount, c.Currency)
	if err != nil {
		return payment.Seen{}, err
	}
	form := url.Values{"amount_to_capture": {strconv.FormatInt(written, 10)}}
	p.connect(form, "", written, c.Currency)
	return p.settle(ctx, c, "/capture", form, key)
}

// Void cancels the intent, which lets go what is authorized. When nothing is authorized it changes nothing.
func (p *Provider) Void(ctx context.Context, c provider.Charge, key string) (payment.Seen, error) {
	return p.settle(ctx, c, "/cancel", url.Values{}, key)
}

// settle plays an operation on the intent of an authorized payment. It looks first, so that a repeat after the day for which Stripe keeps a
// key does nothing a second time; a refusal is looked at once more, since the authorization can end in between.
func (p *Provider) settle(ctx context.Context, c provider.Charge, operation string, form url.Values, key string) (payment.Seen, error) {
	s, err := p.readSession(ctx, c.Ref)
	if err != nil {
		return payment.Seen{}, err
	}
	seen, err := p.seen(ctx, s)
	if err != nil || seen.State != payment.Authorized {
		return seen, err
	}
	var done intent
	failed := p.post(ctx, "/v1/payment_intents/"+url.PathEscape(s.PaymentIntent.Object.ID)+operation, form, key, &done)
	if failed != nil && provider.CodeOf(failed) != provider.Refused {
		return payment.Seen{}, failed
	}
	seen, err = p.Fetch(ctx, c)
	if err == nil && failed != nil && seen.State == payment.Authorized {
		return payment.Seen{}, failed
	}
	return seen, err
}

// Refund gives an amount back, unless the refund is there already. While the customer's bank disputes the payment it is Refused.
func (p *Provider) Refund(ctx context.Context, r provider.RefundOrder) (payment.SeenRefund, error) {
	written, err := toStripe(r.Amount, r.Currency)
	if err != nil {
		return payment.SeenRefund{}, err
	}
	s, err := p.readSession(ctx, r.Ref)
	if err != nil {
		return payment.SeenRefund{}, err
	}
	if s.PaymentIntent == nil || s.PaymentIntent.Object == nil {
		return payment.SeenRefund{}, refused("nothing_captured")
	}
	if !strings.EqualFold(s.Currency, r.Currency) {
		return payment.SeenRefund{}, refused("other_currency")
	}
	all, err := p.refunds(ctx, s.PaymentIntent.Object)
	if err != nil {
		return payment.SeenRefund{}, err
	}
	if there := same(all, r); there != nil {
		return there.seen()
	}
	if open, err := p.disputed(ctx, s.PaymentIntent.Object); err != nil || open {
		if err == nil {
			err = refused("charge_disputed")
		}
		return payment.SeenRefund{}, err
	}
	var made refund
	if err := p.post(ctx, "/v1/refunds", p.refundForm(s.PaymentIntent.Object.ID, written, r), r.Key, &made); err != nil {
		return payment.SeenRefund{}, err
	}
	return made.seen()
}

func (p *Provider) refundForm(intentID string, written int64, r provider.RefundOrder) url.Values {
	form := url.Values{
		"payment_intent": {intentID}, "amount": {strconv.FormatInt(written, 10)}, "reason": {"requested_by_customer"},
		"metadata[" + metaPayment + "]": {r.PaymentID.String()}, "metadata[" + metaRefund + "]": {r.RefundID.String()},
		"metadata[" + metaKey + "]": {r.Key},
	}
	if r.Reason == payment.Duplicate {
		form.Set("reason", "duplicate")
	}
	if p.config.RefundFee {
		form.Set("refund_application_fee", "true")
	}
	if p.config.ReverseTransfer {
		form.Set("reverse_transfer", "true")
	}
	return form
}

// same returns the refund that an order has led to: under its key, or an earlier one that did not fail.
func same(all []refund, r provider.RefundOrder) *refund {
	for i := range all {
		one := &all[i]
		if one.Metadata[metaRefund] != r.RefundID.String() {
			continue
		}
		if one.Metadata[metaKey] == r.Key || one.Status != "failed" && one.Status != "canceled" {
			return one
		}
	}
	return nil
}

// Find returns our id of the payment that an intent belongs to; NotFound when it is none of ours.
func (p *Provider) Find(ctx context.Context, ref string) (uuid.UUID, error) {
	if !strings.HasPrefix(ref, "pi_") || !isToken(ref) {
		return uuid.Nil, &provider.Error{Code: provider.NotFound}
	}
	var found intent
	if err := p.get(ctx, "/v1/payment_intents/"+ref, nil, &found); err != nil {
		return uuid.Nil, err
	}
	id, err := uuid.Parse(found.Metadata[metaPayment])
	if err != nil {
		return uuid.Nil, &provider.Error{Code: provider.NotFound}
	}
	return id, nil
}
