package payment

import "time"

// Seen is what a provider says of a payment. The provider's word counts: webhooks only say when to look.
type Seen struct {
	State         State // "" when the provider says a state that this release does not have: what is on record stays
	Currency      string
	Authorized    int64
	Captured      int64
	Refunded      int64
	Disputed      bool
	CaptureBefore time.Time // zero when unknown
	ExpiresAt     time.Time // zero when unknown
	FailureCode   string    // for programs, without personal data
	Refunds       []SeenRefund
}

// SeenRefund is what a provider says of a refund.
type SeenRefund struct {
	Ref       string
	Key       string // what the request named it by: the id of a Refund; empty when unknown
	Amount    int64
	State     RefundState // RefundPending, RefundSucceeded, RefundFailed or RefundCanceled; "" when unknown
	ErrorCode string
}

// rank orders the states: a payment goes up only. Money that arrives counts in any state.
var rank = map[State]int{Created: 0, Open: 1, Processing: 2, Authorized: 3, Failed: 4, Expired: 4, Voided: 4, Captured: 5}

// otherCurrency is the failure of a payment of which the provider says that it is in another currency: nothing else that it says counts.
const otherCurrency = "other_currency"

// Merge takes over what the provider says, and reports whether that changes anything. What is older than what is on record changes nothing:
// what is held and what has arrived
// only grow, and states only go on, but for a payment that fails while it is under way and can be tried again.
func (p *Payment) Merge(s Seen) (changed bool) {
	was := *p
	if s.Currency != "" && s.Currency != p.Currency {
		p.FailureCode, p.FailureText = otherCurrency, "The provider says that the payment is in another currency."
		return *p != was
	}
	_, known := rank[s.State]
	if retried := p.State == Processing && s.State == Open; known && (rank[s.State] > rank[p.State] || retried) {
		p.State = s.State
	}
	p.Authorized = max(p.Authorized, s.Authorized)
	p.Captured = max(p.Captured, s.Captured)
	if s.State != "" {
		p.Refunded = s.Refunded // a refund can fail after it has succeeded
	}
	p.Disputed = s.Disputed
	if !s.CaptureBefore.IsZero() {
		p.CaptureBefore = s.CaptureBefore
	}
	if !s.ExpiresAt.IsZero() {
		p.ExpiresAt = s.ExpiresAt
	}
	if s.FailureCode == "" && p.HasMoney() {
		p.FailureCode, p.FailureText = "", "" // an attempt before this one has failed
	}
	if s.FailureCode != "" {
		p.FailureCode, p.FailureText = s.FailureCode, "The provider refuses the payment: "+s.FailureCode+"."
	}
	return *p != was
}

// HasMoney reports whether the provider holds or has the customer's money.
func (p *Payment) HasMoney() bool { return p.Captured > 0 || p.State == Authorized }

// Merge takes over what the provider says of a refund, and reports whether that changes anything. One that has succeeded can fail later;
// one that was paid by hand, or has failed and was taken up again under another reference, stays as it is.
func (r *Refund) Merge(s SeenRefund) (changed bool) {
	was := *r
	if r.State == RefundByHand || r.State == RefundCanceled || r.Ref != "" && s.Ref != r.Ref {
		return false
	}
	r.Ref = s.Ref
	switch {
	case s.State == RefundFailed, s.State == RefundCanceled:
		r.State, r.ErrorCode = RefundFailed, s.ErrorCode
		if r.ErrorCode == "" {
			r.ErrorCode = "refund_failed"
		}
		r.ErrorText = "The provider could not give the money back."
	case s.State == RefundSucceeded && r.State == RefundPending:
		r.State, r.ErrorCode, r.ErrorText = RefundSucceeded, "", ""
	}
	return *r != was
}
