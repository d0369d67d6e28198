// Package payment holds payments and refunds as the record has them, prices and payment policies, and the pure functions that judge them:
// what a price is due, what a provider's answer changes, what is to be given back. Amounts are integers in the minor unit of their currency
// (ISO 4217), 1250 for 12.50 EUR. No function reads a clock, a database or a provider.
package payment

import (
	"time"

	"github.com/google/uuid"
)

// Payment is one attempt to get money for a booking by one provider. Rows are never deleted while their booking exists.
type Payment struct {
	ID        uuid.UUID
	AppID     uuid.UUID
	BookingID uuid.UUID
	Provider  string    // the name of an adapter, such as "stripe"
	AccountID uuid.UUID // whose account at the provider
	Code      string    // of its page, in the page's address
	Kind      Kind
	Capture   Capture
	Currency  string
	Amount    int64 // that is asked for; above 0
	State     State

	Ref         string    // names it at the provider; empty until it was opened there
	CheckoutURL string    // the provider's page where the customer pays; empty where there is none
	OpenedAs    int       // number of the attempt to open it, from 1; part of the key that makes a repeat the same
	ExpiresAt   time.Time // until when the provider is to take money; on record before the first call
	// CaptureBefore is when an authorization ends; zero when unknown or when there is none.
	CaptureBefore time.Time

	Authorized int64 // what is held, or was before it was captured
	Captured   int64 // what has arrived, refunds included
	Refunded   int64 // what the provider has given back, of Captured
	Disputed   bool  // the customer's bank disputes it: nothing may be refunded meanwhile
	Late       bool  // it arrived when its booking did not wait for it any more

	FailureCode string // of the last failure, for programs; empty for none
	FailureText string // the same for people, without personal data

	// ActionID is the action by which it has moved its booking, or is to; nil for none yet. Refusals is how often its booking has refused one.
	// Honoured says that the booking has taken it: the
	// action was applied, and led where the graph says. LettingGo says that what is authorized is to be let go.
	ActionID  *uuid.UUID
	Refusals  int
	Honoured  bool
	LettingGo bool

	FetchedAt time.Time // when the provider was last asked; zero for never

	CreatedAt time.Time
	UpdatedAt time.Time
}

// Kind says what a payment is for.
type Kind string

// The kinds of payments.
const (
	Full    Kind = "full"    // the whole price
	Deposit Kind = "deposit" // what is due now, of a price of which a balance is left
	Balance Kind = "balance" // the rest
	Fee     Kind = "fee"     // a fee, such as for a no-show
)

// Capture says when the money is taken.
type Capture string

// The ways to capture.
const (
	CaptureNow       Capture = "now"        // as the customer pays
	CaptureOnConfirm Capture = "on_confirm" // it is held as the customer pays, and taken when the graph says so
)

// State is how far a payment is. Refunds and disputes are sums beside it.
type State string

// The states of a payment.
const (
	Created    State = "created"    // on record, not opened at the provider yet
	Open       State = "open"       // the customer can pay
	Processing State = "processing" // the customer has paid, and the money is under way
	Authorized State = "authorized" // the money is held
	Captured   State = "captured"   // the money has arrived
	Failed     State = "failed"     // it cannot be paid any more: the provider refuses it
	Expired    State = "expired"    // its time ran out, or it was ended, before anything was paid
	Voided     State = "voided"     // the money was held and let go
)

// States are all states of a payment, in the order of a payment's life.
var States = []State{Created, Open, Processing, Authorized, Captured, Failed, Expired, Voided}

// Over reports whether nothing more is expected of a payment in the state. Money can arrive all the same; it is late then.
func (s State) Over() bool { return s == Captured || s == Failed || s == Expired || s == Voided }

// WithRefunds is a payment with all its refunds, the oldest first.
type WithRefunds struct {
	*Payment

	Refunds []*Refund
	Parts   []Part // one for each booking that it pays for; none when that is its own booking alone
}

// Returnable reports whether the money of the payment goes back when its booking ends: a fee does not, nor does what the booking has not
// taken, which goes back in any case.
func (p *WithRefunds) Returnable() bool { return p.Kind != Fee && p.Honoured }

// Back returns what goes back of the payment when a booking that it pays for ends and so much is due to the customer.
func (p *WithRefunds) Back(due int64, booking uuid.UUID) int64 {
	if !p.Returnable() {
		return 0
	}
	return max(min(due, p.Refundable(), p.PaidFor(booking)), 0)
}

// Refundable returns what of the money can be given back now: nothing while the customer's bank disputes the payment.
func (p *WithRefunds) Refundable() int64 {
	if p.Disputed {
		return 0
	}
	return p.Left(p.Refunds)
}

// Left returns what of the money that has arrived was neither given back nor is being given back by the refunds.
func (p *Payment) Left(refunds []*Refund) int64 {
	promised := int64(0)
	for _, r := range refunds {
		if r.PaymentID == p.ID && r.State != RefundFailed && r.State != RefundCanceled {
			promised += r.Amount
		}
	}
	return max(p.Captured-max(promised, p.Refunded), 0)
}

// Returned is what of the money of the refunds has gone back.
func Returned(refunds []*Refund) (sum int64) {
	for _, r := range refunds {
		if r.State == RefundSucceeded || r.State == RefundByHand {
			sum += r.Amount
		}
	}
	return sum
}

// Refund is money that is given back, of one payment.
type Refund struct {
	ID        uuid.UUID
	PaymentID uuid.UUID
	AppID     uuid.UUID
	BookingID uuid.UUID
	Amount    int64 // above 0
	Currency  string
	Reason    Reason
	State     RefundState
	Ref       string // names it at the provider; empty until it was asked for there
	Round     int    // how often it was taken up again by hand after it had failed; part of the key that makes a repeat the same
	Attempts  int    // calls made so far
	NextAt    *time.Time
	ErrorCode string // of the last attempt
	ErrorText string // the same for people, without personal data
	Note      string // what the person said who has asked for it, or paid it back by hand
	// PartOf is the booking whose part of the payment goes back; nil for a refund of the payment as a whole.
	PartOf    *uuid.UUID
	CreatedAt time.Time
	UpdatedAt time.Time
	EndedAt   *time.Time
}

// Reason says why money is given back.
type Reason string

// The reasons of refunds.
const (
	ByPolicy  Reason = "policy"    // by the payment policy of the booking, as its customer ended it
	ByOwner   Reason = "owner"     // the owner's side ended the booking, or gives something back of its own will
	Late      Reason = "late"      // it arrived when the booking was over, or its time was somebody else's
	Duplicate Reason = "duplicate" // the booking is paid by another payment
)

// RefundState is how far a refund is.
type RefundState string

// The states of a refund.
const (
	RefundPending   RefundState = "pending"   // to be asked for, or asked for and not settled
	RefundSucceeded RefundState = "succeeded" // the provider has given it back; it may fail later all the same
	RefundFailed    RefundState = "failed"    // the money is still here: retry it, or pay it back by hand
	RefundByHand    RefundState = "by_hand"   // somebody has paid it back outside
	RefundCanceled  RefundState = "canceled"  // it was taken back before it was asked for
)

// RefundStates are all states of a refund.
var RefundStates = []RefundState{RefundPending, RefundSucceeded, RefundFailed, RefundByHand, RefundCanceled}

// OpenKey is the idempotency key of the call that opens a payment: the same on every repeat.
func (p *Payment) OpenKey() string { return p.key("open", p.OpenedAs) }

// CaptureKey is the idempotency key of the call that captures a payment.
func (p *Payment) CaptureKey() string { return p.key("capture", p.OpenedAs) }

// EndKey is the idempotency key of the call that ends a payment.
func (p *Payment) EndKey() string { return p.key("end", p.OpenedAs) }

// VoidKey is the idempotency key of the call that lets an authorization go.
func (p *Payment) VoidKey() string { return p.key("void", p.OpenedAs) }

func (p *Payment) key(operation string, attempt int) string {
	return p.ID.String() + ":" + itoa(attempt) + ":" + operation
}

// Key is the idempotency key of the call that asks for a refund: the same on every repeat, another one once it was taken up again by hand.
func (r *Refund) Key() string { return r.ID.String() + ":" + itoa(r.Round) + ":refund" }
