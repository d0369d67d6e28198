// Package provider is the port to payment providers: what Holdfast asks of one, and the errors that it gets. An adapter is a package beside
// this one.
package provider

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/payment"
)

// Provider takes payments for one account. It is safe for concurrent use. Every call that changes something has a key, and a repeat with
// the same key and parameters does nothing a second time. Errors are *Error.
type Provider interface {
	// Can says what the provider can do.
	Can() Abilities
	// Open makes the page where the customer pays.
	Open(ctx context.Context, o Order) (Session, error)
	// Fetch says how a payment is. It is the judge: nothing else is believed.
	Fetch(ctx context.Context, c Charge) (payment.Seen, error)
	// End closes the page of a payment that is not paid yet. What it returns is the state after that: Expired when it has ended, or whatever
	// the payment is when it was too late for that. An error says nothing about the payment.
	End(ctx context.Context, c Charge, key string) (payment.Seen, error)
	// Capture takes an amount of what is authorized, and lets the rest go. What it returns is the state after that: Captured, or whatever the
	// payment is when nothing is authorized any more.
	Capture(ctx context.Context, c Charge, amount int64, key string) (payment.Seen, error)
	// Void lets go what is authorized. What it returns is the state after that: Voided, or whatever the payment is when nothing is authorized.
	Void(ctx context.Context, c Charge, key string) (payment.Seen, error)
	// Refund gives an amount back.
	Refund(ctx context.Context, r RefundOrder) (payment.SeenRefund, error)
	// Verify checks that a webhook request is the provider's, and says what it is about: nothing when it is about another account. A request
	// that is somebody else's is Forged. at is the present time.
	Verify(header http.Header, body []byte, at time.Time) ([]Notice, error)
}

// Finder is a Provider that can say which payment a notice is about when the notice itself has only the provider's name for it.
type Finder interface {
	// Find returns our id of the payment; NotFound when it is none of ours.
	Find(ctx context.Context, ref string) (uuid.UUID, error)
}

// Instructor is a Provider whose customers read how to pay, instead of being sent to a page of its own.
type Instructor interface {
	// Instructions is a text of the account's owner; "" for none.
	Instructions() string
}

// Abilities are what a provider can do.
type Abilities struct {
	Authorize bool          // hold money and capture it later
	Checkout  bool          // it has a page where customers pay
	Webhooks  bool          // it says by itself when something changes
	MinLife   time.Duration // the shortest time that a page stays open; 0 for any
	MaxLife   time.Duration // the longest one; 0 for any
}

// Order is a payment to be opened. It has no personal data.
type Order struct {
	PaymentID uuid.UUID
	BookingID uuid.UUID
	Amount    int64 // minor units of Currency (ISO 4217)
	Currency  string
	Capture   payment.Capture
	Text      string    // what the customer reads, such as the name of the app
	ExpiresAt time.Time // when the page closes
	ReturnURL string    // where the customer is sent after paying
	CancelURL string    // where the customer is sent who gives up
	Key       string
}

// Session is a payment that was opened.
type Session struct {
	Ref       string // names it at the provider from now on
	URL       string // of the page; empty where there is none
	ExpiresAt time.Time
}

// Charge names a payment at the provider.
type Charge struct {
	PaymentID uuid.UUID
	Ref       string
	Currency  string
}

// RefundOrder is money to be given back.
type RefundOrder struct {
	Charge

	RefundID uuid.UUID
	Amount   int64
	Reason   payment.Reason
	Key      string
}

// Notice is what a webhook request is about: look at this payment again. One that names no payment is to be noted only.
type Notice struct {
	EventID   string    // the same whenever the provider repeats itself
	Type      string    // in the provider's words
	PaymentID uuid.UUID // nil when the request does not say
	Ref       string    // the provider's name of it: that of its Session, or one for Finder; "" when the request does not say
}

// Code says why a call has failed.
type Code string

// The codes of errors.
const (
	Unreachable Code = "provider_unreachable" // no answer, or not in time: it may have done it all the same
	Busy        Code = "provider_busy"        // 429, 5xx, or a twin of the call is under way
	Refused     Code = "provider_refused"     // the request is wrong, or not possible any more
	Credentials Code = "credentials_invalid"  // the key of the account is wrong or revoked
	NotFound    Code = "payment_unknown"      // the provider has no such payment
	Unsupported Code = "not_supported"        // the provider cannot do this
	Malformed   Code = "bad_answer"           // an answer that cannot be read
	Forged      Code = "forged"               // a webhook request that is not the provider's, or too old, or from the future
)

// Error is why a call has failed. It has no secret, no address and no personal data.
type Error struct {
	Code   Code
	Detail string        // the provider's own code, such as "card_declined"; empty for none
	Wait   time.Duration // what the provider asks for before the next try; 0 for nothing
}

func (e *Error) Error() string {
	if e.Detail != "" {
		return string(e.Code) + ": " + e.Detail
	}
	return string(e.Code)
}

// Final reports whether trying again is of no use.
func (e *Error) Final() bool {
	return e.Code == Refused || e.Code == Credentials || e.Code == NotFound || e.Code == Unsupported
}

// CodeOf returns the code of an error; "" for nil, Unreachable for one without.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return Unreachable
}
