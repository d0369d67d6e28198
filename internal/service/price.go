package service

import (
	"context"

	"holdfast/internal/fault"
	"holdfast/internal/payment"
)

// setTerms copies onto the draft what it costs and what becomes of the money: what was asked for itself, else its session's, else its
// project's. A booking that is moved keeps what it has, with its payments. Where the graph asks for money, the app needs an account that
// takes it.
func (s *drafts) setTerms(ctx context.Context, d *Draft) error {
	if d.Related.RescheduledFrom != nil && d.source != nil {
		d.Payment = d.source.Payment
		return nil
	}
	t := d.terms()
	if t.Policy.NoShow != nil && d.in.NoShowConsent {
		now := d.Clock.Now()
		t.ConsentedAt = &now
	}
	d.in.Price.Check("price", d.problems)
	d.in.PaymentPolicy.Check("payment_policy", d.problems)
	if t.Price.Amount == 0 || len(d.problems) > 0 {
		return nil
	}
	account, err := s.db.AccountFor(ctx, d.AppID, t.Policy.Account)
	switch {
	case fault.CodeOf(err) == fault.NotFound && (t.Policy.Account != "" || d.graph.OpensPayments()):
		d.problems.Add("price", "needs an account at a payment provider, which the app has not: see POST /v2/payment_accounts")
		return nil
	case fault.CodeOf(err) == fault.NotFound:
		d.Payment = t
		return nil
	case err != nil:
		return err
	}
	t.AccountID, t.Provider = account.ID, account.Provider
	d.Payment = t
	return nil
}

// terms are what the draft costs, before an account is found for it.
func (d *Draft) terms() *payment.Terms {
	t := &payment.Terms{}
	if d.in.Project != nil {
		take(t, d.in.Project.Price, d.in.Project.PaymentPolicy)
	}
	if d.source != nil && d.isSeat() && d.source.Payment != nil {
		take(t, &d.source.Payment.Price, &d.source.Payment.Policy)
	}
	take(t, d.in.Price, d.in.PaymentPolicy)
	return t
}

// take sets what is given, and leaves the rest.
func take(t *payment.Terms, price *payment.Price, policy *payment.Policy) {
	if price != nil {
		t.Price = *price
	}
	if policy != nil {
		t.Policy = *policy
	}
}
