package signed

import (
	"time"

	"github.com/google/uuid"

	"holdfast/internal/payment"
)

// status is the answer to fetch, end, capture and void: how the payment is.
type status struct {
	State         string    `json:"state"`
	Currency      string    `json:"currency"`
	Authorized    int64     `json:"authorized"`
	Captured      int64     `json:"captured"`
	Refunded      int64     `json:"refunded"`
	Disputed      bool      `json:"disputed"`
	CaptureBefore time.Time `json:"capture_before"`
	ExpiresAt     time.Time `json:"expires_at"`
	FailureCode   string    `json:"failure_code"`
	Refunds       []refund  `json:"refunds"`
}

// refund is the answer to refund, and an entry of a status.
type refund struct {
	Ref       string    `json:"ref"`
	RefundID  uuid.UUID `json:"refund_id"` // ours
	Amount    int64     `json:"amount"`
	State     string    `json:"state"`
	ErrorCode string    `json:"error_code"`
}

// states are those of a provider; others are no state.
var states = map[string]payment.State{
	"open": payment.Open, "processing": payment.Processing, "authorized": payment.Authorized, "captured": payment.Captured,
	"failed": payment.Failed, "expired": payment.Expired, "voided": payment.Voided,
}

var refundStates = map[string]payment.RefundState{
	"pending": payment.RefundPending, "succeeded": payment.RefundSucceeded, "failed": payment.RefundFailed, "canceled": payment.RefundCanceled,
}

const maxRefunds = 100

func (a *status) seen() (payment.Seen, error) {
	switch {
	case a.State == "" || a.Currency == "":
		return payment.Seen{}, malformed("state")
	case min(a.Authorized, a.Captured, a.Refunded) < 0 || a.Refunded > a.Captured || len(a.Refunds) > maxRefunds:
		return payment.Seen{}, malformed("amounts")
	case a.State == "captured" && a.Captured == 0, a.State == "authorized" && a.Authorized == 0:
		return payment.Seen{}, malformed("amounts")
	}
	seen := payment.Seen{
		State: states[a.State], Currency: a.Currency, Authorized: a.Authorized, Captured: a.Captured, Refunded: a.Refunded, Disputed: a.Disputed,
		CaptureBefore: a.CaptureBefore, ExpiresAt: a.ExpiresAt, FailureCode: plain(a.FailureCode),
	}
	for _, one := range a.Refunds {
		r, err := one.seen()
		if err != nil {
			return payment.Seen{}, err
		}
		seen.Refunds = append(seen.Refunds, r)
	}
	return seen, nil
}

func (a *refund) seen() (payment.SeenRefund, error) {
	if !isRef(a.Ref) || a.Amount <= 0 || a.State == "" {
		return payment.SeenRefund{}, malformed("refund")
	}
	seen := payment.SeenRefund{Ref: a.Ref, Amount: a.Amount, State: refundStates[a.State], ErrorCode: plain(a.ErrorCode)}
	if a.RefundID != uuid.Nil {
		seen.Key = a.RefundID.String()
	}
	return seen, nil
}
