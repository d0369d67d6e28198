// Package manual takes payments without a provider: by bank transfer, or at the desk. A person says what has arrived; this adapter says
// nothing new, and gives nothing back by itself.
package manual

import (
	"context"
	"net/http"
	"time"
	"unicode/utf8"

	"holdfast/internal/fault"
	"holdfast/internal/payment"
	"holdfast/internal/payment/provider"
)

// Name is the name of this provider.
const Name = "manual"

// Config is how people pay by hand.
type Config struct {
	// Instructions are what customers read instead of a page where they pay, such as the number of a bank account.
	Instructions string `json:"instructions,omitempty"`
}

const maxInstructions = 2000 // characters

// Check adds what is wrong with a config to the problems, under the prefix.
func (c Config) Check(prefix string, problems fault.Problems) {
	if utf8.RuneCountInString(c.Instructions) > maxInstructions {
		problems.Add(prefix+".instructions", "must not be longer than %d characters", maxInstructions)
	}
}

// ByHand is the detail of what this adapter cannot do: a person has to.
const ByHand = "by_hand"

// Provider is payment by hand.
type Provider struct{ Config Config }

var (
	_ provider.Provider   = Provider{}
	_ provider.Instructor = Provider{}
)

// Instructions are what customers read instead of a page where they pay.
func (p Provider) Instructions() string { return p.Config.Instructions }

// Can says that it can do nothing by itself.
func (Provider) Can() provider.Abilities { return provider.Abilities{} }

// Open names the payment; there is no page where the customer pays.
func (Provider) Open(_ context.Context, o provider.Order) (provider.Session, error) {
	return provider.Session{Ref: o.PaymentID.String(), ExpiresAt: o.ExpiresAt}, nil
}

// Fetch says nothing: what is on record stays.
func (Provider) Fetch(context.Context, provider.Charge) (payment.Seen, error) {
	return payment.Seen{}, nil
}

// End ends it. Money that arrives later is late.
func (Provider) End(context.Context, provider.Charge, string) (payment.Seen, error) {
	return payment.Seen{State: payment.Expired}, nil
}

// Capture is Unsupported: nothing is held.
func (Provider) Capture(context.Context, provider.Charge, int64, string) (payment.Seen, error) {
	return payment.Seen{}, byHand()
}

// Void is Unsupported: nothing is held.
func (Provider) Void(context.Context, provider.Charge, string) (payment.Seen, error) {
	return payment.Seen{}, byHand()
}

// Refund is Unsupported: the refund has failed until somebody pays the money back by hand and says so.
func (Provider) Refund(context.Context, provider.RefundOrder) (payment.SeenRefund, error) {
	return payment.SeenRefund{}, byHand()
}

// Verify finds every request Forged: nobody sends any.
func (Provider) Verify(http.Header, []byte, time.Time) ([]provider.Notice, error) {
	return nil, &provider.Error{Code: provider.Forged}
}

func byHand() error { return &provider.Error{Code: provider.Unsupported, Detail: ByHand} }
