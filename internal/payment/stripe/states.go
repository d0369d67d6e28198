package stripe

import (
	"context"
	"net/url"
	"strings"
	"time"

	"holdfast/internal/payment"
)

// seen says what a session, its intent and its charge mean for a payment.
func (p *Provider) seen(ctx context.Context, s session) (payment.Seen, error) {
	seen := payment.Seen{Currency: strings.ToUpper(s.Currency), ExpiresAt: unix(s.ExpiresAt)}
	if s.PaymentIntent == nil || s.PaymentIntent.Object == nil {
		seen.State = withoutIntent(s.Status)
		return seen, nil
	}
	i := s.PaymentIntent.Object
	seen.State, seen.FailureCode = state(s.Status, i), i.reason()
	if err := i.sums(&seen); err != nil {
		return payment.Seen{}, err
	}
	if i.LatestCharge == nil || i.LatestCharge.Object == nil {
		return seen, nil
	}
	if seen.State == payment.Authorized {
		seen.CaptureBefore = unix(i.LatestCharge.Object.Details.Card.CaptureBefore)
	}
	if seen.Captured == 0 {
		return seen, nil
	}
	var err error
	if seen.Disputed, err = p.disputed(ctx, i); err != nil {
		return payment.Seen{}, err
	}
	return seen, p.addRefunds(ctx, i, &seen)
}

// withoutIntent is the state of a session that nobody has tried to pay. A complete one has an intent, unless there was nothing to pay.
func withoutIntent(status string) payment.State {
	return map[string]payment.State{"open": payment.Open, "expired": payment.Expired}[status]
}

// state is what a session and its intent say together: the intent about money, the session about whether money can come. What neither this
// release nor Stripe's document of the version has is no state.
func state(status string, i *intent) payment.State {
	switch i.Status {
	case "succeeded":
		return payment.Captured
	case "requires_capture":
		return payment.Authorized
	case "processing":
		return payment.Processing
	case "canceled":
		if status == "expired" || status == "open" {
			return payment.Expired // expiring a session cancels its intent
		}
		return payment.Voided
	case "requires_payment_method", "requires_confirmation", "requires_action":
		return map[string]payment.State{"open": payment.Open, "expired": payment.Expired, "complete": payment.Failed}[status]
	}
	return ""
}

// reason is why the last try to pay has failed, or the authorization has ended by itself.
func (i *intent) reason() string {
	switch {
	case i.Status == "canceled" && (i.CancellationReason == "expired" || i.CancellationReason == "automatic"):
		return "authorization_expired"
	case i.LastError != nil && i.Status != "succeeded" && i.Status != "requires_capture" && i.Status != "processing":
		return i.LastError.detail()
	}
	return ""
}

// sums adds what is held and what has arrived.
func (i *intent) sums(seen *payment.Seen) (err error) {
	held := i.AmountCapturable
	if i.Status == "succeeded" && i.CaptureMethod == "manual" {
		held = i.Amount // it was, before a part of it was captured
	}
	if seen.Authorized, err = fromStripe(held, i.Currency); err != nil {
		return err
	}
	seen.Captured, err = fromStripe(i.AmountReceived, i.Currency)
	return err
}

// addRefunds adds what was given back.
func (p *Provider) addRefunds(ctx context.Context, i *intent, seen *payment.Seen) error {
	back, err := fromStripe(i.LatestCharge.Object.AmountRefunded, i.Currency)
	if err != nil {
		return err
	}
	seen.Refunded = back
	all, err := p.refunds(ctx, i)
	if err != nil {
		return err
	}
	for _, one := range all {
		refund, err := one.seen()
		if err != nil {
			return err
		}
		seen.Refunds = append(seen.Refunds, refund)
	}
	return nil
}

// pageOf100 lists what belongs to an intent. A payment has fewer refunds and disputes than a page has rows.
func pageOf100(i *intent) url.Values { return url.Values{"payment_intent": {i.ID}, "limit": {"100"}} }

// refunds returns the refunds of an intent. Its charge has the ten newest.
func (p *Provider) refunds(ctx context.Context, i *intent) ([]refund, error) {
	if i.LatestCharge == nil || i.LatestCharge.Object == nil {
		return nil, nil
	}
	if some := i.LatestCharge.Object.Refunds; some != nil && !some.HasMore {
		return some.Data, nil
	}
	var all list[refund]
	err := p.get(ctx, "/v1/refunds", pageOf100(i), &all)
	return all.Data, err
}

// over are the states of disputes in which refunds are possible. A lost one is not among them: its money is gone already.
var over = map[string]bool{"won": true, "warning_closed": true, "prevented": true}

// disputed reports whether a dispute of the charge stands in the way of refunds.
func (p *Provider) disputed(ctx context.Context, i *intent) (bool, error) {
	if i.LatestCharge == nil || i.LatestCharge.Object == nil || !i.LatestCharge.Object.Disputed {
		return false, nil
	}
	var all list[dispute]
	if err := p.get(ctx, "/v1/disputes", pageOf100(i), &all); err != nil {
		return false, err
	}
	for _, one := range all.Data {
		if !over[one.Status] {
			return true, nil
		}
	}
	return false, nil
}

// refundStates are Stripe's states of refunds. The customer has to act for some, which takes weeks.
var refundStates = map[string]payment.RefundState{
	"pending": payment.RefundPending, "requires_action": payment.RefundPending, "succeeded": payment.RefundSucceeded,
	"failed": payment.RefundFailed, "canceled": payment.RefundCanceled,
}

func (r *refund) seen() (payment.SeenRefund, error) {
	amount, err := fromStripe(r.Amount, r.Currency)
	if err != nil {
		return payment.SeenRefund{}, err
	}
	return payment.SeenRefund{
		Ref: r.ID, Key: r.Metadata[metaRefund], Amount: amount, State: refundStates[r.Status], ErrorCode: plain(r.FailureReason),
	}, nil
}

func unix(seconds int64) time.Time {
	if seconds <= 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}
