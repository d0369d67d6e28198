package payment

import (
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Name is the id as the world reads it.
func (p *Payment) Name() string { return "pay_" + p.ID.String() }

// Name is the id as the world reads it.
func (r *Refund) Name() string { return "rfd_" + r.ID.String() }

// NextActionID is the id of the next action that the payment plays: the same whenever that is repeated, and another one after a refusal,
// or when the payment has gone over to another booking.
func (p *Payment) NextActionID() uuid.UUID {
	return uuid.NewSHA1(p.ID, fmt.Appendf(nil, "action/%s/%d", p.BookingID, p.Refusals))
}

// RefundID is the id of the refund that is made for a reason by itself: there is one at most of each.
func (p *Payment) RefundID(why Reason) uuid.UUID { return uuid.NewSHA1(p.ID, []byte("refund/"+why)) }

// Notice is what an event says of a payment and, if it is about one, of a refund of it. It has no personal data.
type Notice struct {
	ID          string         `json:"id"`
	Kind        Kind           `json:"kind"`
	State       State          `json:"state"`
	Provider    string         `json:"provider"`
	Currency    string         `json:"currency"`
	Amount      int64          `json:"amount"`
	Authorized  int64          `json:"authorized"`
	Captured    int64          `json:"captured"`
	Refunded    int64          `json:"refunded"`
	Disputed    bool           `json:"disputed"`
	Late        bool           `json:"late"`
	ExpiresAt   time.Time      `json:"expires_at"`
	CheckoutURL string         `json:"checkout_url,omitempty"`
	Failure     *NoticeFailure `json:"failure,omitempty"`
	Refund      *NoticeRefund  `json:"refund,omitempty"`
}

// NoticeFailure is why something about money has failed.
type NoticeFailure struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// NoticeRefund is what an event says of a refund.
type NoticeRefund struct {
	ID      string         `json:"id"`
	Amount  int64          `json:"amount"`
	Reason  Reason         `json:"reason"`
	State   RefundState    `json:"state"`
	Failure *NoticeFailure `json:"failure,omitempty"`
}

// NewNotice makes the notice of a payment, or of a refund of it.
func NewNotice(p *Payment, r *Refund) Notice {
	n := Notice{
		ID: p.Name(), Kind: p.Kind, State: p.State, Provider: p.Provider, Currency: p.Currency, Amount: p.Amount, Authorized: p.Authorized,
		Captured: p.Captured, Refunded: p.Refunded, Disputed: p.Disputed, Late: p.Late, ExpiresAt: p.ExpiresAt, CheckoutURL: p.CheckoutURL,
		Failure: failureOf(p.FailureCode, p.FailureText),
	}
	if r != nil {
		n.Refund = &NoticeRefund{r.Name(), r.Amount, r.Reason, r.State, failureOf(r.ErrorCode, r.ErrorText)}
	}
	return n
}

func failureOf(code, text string) *NoticeFailure {
	if code == "" {
		return nil
	}
	return &NoticeFailure{code, text}
}
