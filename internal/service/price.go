package service

import (
	"context"
	"fmt"
	"maps"

	"github.com/google/uuid"

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

// paidTogether is the graph whose seats can be paid together.
const paidTogether = "paid_seat"

// PayTogether makes the first of several drafts pay for all: seats of one session, of one graph, with one currency, account and way to
// capture, and the same time to pay. Begin the others before the first one: it opens its payment for those that are there.
// Otherwise their faults are returned as one error, with the drafts' numbers in the fields.
func (s *Booker) PayTogether(drafts []*Draft) error {
	problems := fault.Problems{}
	if len(drafts) < 2 {
		problems.Add("bookings", "must be at least two to be paid together")
		return problems.Err()
	}
	sum := int64(0)
	for i, d := range drafts {
		add := func(field, text string) { problems.Add(fmt.Sprintf("bookings.%d.%s", i, field), "%s", text) }
		d.checkTogether(drafts[0], add)
		if d.Payment != nil {
			sum += d.Payment.Price.Due()
		}
	}
	if sum > payment.MaxAmount {
		problems.Add("bookings", "cost %d together: a payment is %d at most", sum, payment.MaxAmount)
	}
	if err := problems.Err(); err != nil {
		return err
	}
	for _, d := range drafts[1:] {
		d.Related.Payer = new(drafts[0].ID)
	}
	return nil
}

// checkTogether adds what keeps a draft from being paid together with the one that pays.
func (d *Draft) checkTogether(payer *Draft, add func(field, text string)) {
	if d.OwnGraph || d.Graph != paidTogether || d.GraphVersion != payer.GraphVersion {
		add("graph", "must be "+paidTogether+", in one version, to be paid together")
	}
	if d.Related.OwnerBooking == nil || payer.Related.OwnerBooking == nil || *d.Related.OwnerBooking != *payer.Related.OwnerBooking {
		add("related.owner_booking_id", "must be a seat of the same session to be paid together")
	}
	if d.Related.Succeeds() != nil {
		add("related.reservation_id", "must not be there: a seat that is paid together takes the place of no other booking")
	}
	if !maps.Equal(d.Settings.Timers, payer.Settings.Timers) {
		add("settings.timers", "must be those of the first booking, which pays")
	}
	checkMoneyTogether(d.Payment, payer.Payment, add)
}

// checkMoneyTogether does the same for what two bookings cost.
func checkMoneyTogether(terms, paying *payment.Terms, add func(field, text string)) {
	switch {
	case terms == nil || paying == nil || terms.AccountID == uuid.Nil:
		add("price", "is required to be paid together")
	case terms.Price.Currency != paying.Price.Currency:
		add("price.currency", "must be that of the first booking, which pays")
	case terms.Price.Balance() != 0:
		add("price.due_now", "must not be there: what is paid together is paid at once")
	case terms.AccountID != paying.AccountID:
		add("payment_policy.account", "must be that of the first booking, which pays")
	case terms.Policy.CaptureRule() != paying.Policy.CaptureRule():
		add("payment_policy.capture", "must be that of the first booking, which pays")
	case terms.Policy.LateRule() != paying.Policy.LateRule():
		add("payment_policy.late", "must be that of the first booking, which pays")
	}
}
