package rules

import (
	"time"

	"holdfast/internal/booking"
	"holdfast/internal/payment"
	"holdfast/internal/timekit"
)

// TermsView shows what a booking costs, with its payments, to a server key; nil for one that costs nothing and has none.
func TermsView(c timekit.Clock, b *booking.Booking, all []*payment.WithRefunds, baseURL string) any {
	if b.Payment == nil && len(all) == 0 {
		return nil
	}
	payments := []timekit.Object{}
	for _, p := range all {
		payments = append(payments, PaymentView(c, p, baseURL))
	}
	o := timekit.Object{
		"price": nil, "payment_policy": nil, "account_id": nil, "no_show_consented_at": nil, "payer_id": b.Related.Payer, "payments": payments,
	}
	if t := b.Payment; t != nil {
		o["price"], o["payment_policy"] = t.Price, t.Policy
		o["no_show_consented_at"] = shownMoment(c, t.ConsentedAt)
		if t.Provider != "" {
			o["account_id"] = t.AccountID
		}
	}
	return o
}

// PaymentView shows a payment with its refunds to a server key. baseURL is that of pages.
func PaymentView(c timekit.Clock, p *payment.WithRefunds, baseURL string) timekit.Object {
	o := timekit.Object{
		"id": p.Name(), "booking_id": p.BookingID, "provider": p.Provider, "account_id": p.AccountID, "kind": p.Kind, "capture": p.Capture,
		"currency": p.Currency, "amount": p.Amount, "state": p.State, "provider_ref": p.Ref, "checkout_url": nil,
		"page_url": baseURL + "/pay/" + p.Code, "expires_at": c.Show(p.ExpiresAt, time.UTC), "capture_before": nil,
		"authorized": p.Authorized, "captured": p.Captured, "refunded": p.Refunded, "refundable": p.Refundable(),
		"disputed": p.Disputed, "late": p.Late, "honoured": p.Honoured,
		"failure": failureView(p.FailureCode, p.FailureText), "created_at": c.Show(p.CreatedAt, time.UTC),
		"updated_at": c.Show(p.UpdatedAt, time.UTC),
	}
	if p.CheckoutURL != "" {
		o["checkout_url"] = p.CheckoutURL
	}
	if !p.CaptureBefore.IsZero() {
		o["capture_before"] = c.Show(p.CaptureBefore, time.UTC)
	}
	parts := []timekit.Object{}
	for _, part := range p.Parts {
		parts = append(parts, timekit.Object{"booking_id": part.BookingID, "amount": part.Amount, "taken": part.Taken})
	}
	o["parts"] = parts
	refunds := []timekit.Object{}
	for _, r := range p.Refunds {
		refunds = append(refunds, RefundView(c, r))
	}
	o["refunds"] = refunds
	return o
}

// RefundView shows a refund to a server key.
func RefundView(c timekit.Clock, r *payment.Refund) timekit.Object {
	return timekit.Object{
		"id": r.Name(), "payment_id": (&payment.Payment{ID: r.PaymentID}).Name(), "amount": r.Amount, "currency": r.Currency, "reason": r.Reason,
		"state": r.State, "provider_ref": r.Ref, "attempts": r.Attempts, "next_attempt_at": shownMoment(c, r.NextAt), "note": r.Note,
		"failure": failureView(r.ErrorCode, r.ErrorText), "created_at": c.Show(r.CreatedAt, time.UTC), "ended_at": shownMoment(c, r.EndedAt),
		"part_of": r.PartOf,
	}
}

func failureView(code, text string) any {
	if code == "" {
		return nil
	}
	return timekit.Object{"code": code, "message": text}
}

func shownMoment(c timekit.Clock, t *time.Time) any {
	if t == nil {
		return nil
	}
	return c.Show(*t, time.UTC)
}
