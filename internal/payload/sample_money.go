package payload

import (
	"time"

	"holdfast/internal/outbox"
	"holdfast/internal/payment"
	"holdfast/internal/tenant"
)

// samplePayment makes up events of a payment in a state. Its booking stays in its own, so the events have no action.
func samplePayment(state payment.State) sampler {
	return func(known *tenant.Graphs, eventType string, at time.Time) *outbox.Event {
		return sampleMoney(known, eventType, at, examplePayment(state, at), nil)
	}
}

// sampleDispute makes up the event of a payment that the customer's bank disputes.
func sampleDispute(known *tenant.Graphs, eventType string, at time.Time) *outbox.Event {
	p := examplePayment(payment.Captured, at)
	p.Disputed = true
	return sampleMoney(known, eventType, at, p, nil)
}

// sampleRefund makes up events of a refund in a state, made for a reason.
func sampleRefund(state payment.RefundState, why payment.Reason) sampler {
	return func(known *tenant.Graphs, eventType string, at time.Time) *outbox.Event {
		p := examplePayment(payment.Captured, at)
		r := &payment.Refund{ID: example("refund"), PaymentID: p.ID, Amount: p.Amount, Currency: p.Currency, Reason: why, State: state}
		switch {
		case state == payment.RefundSucceeded:
			p.Refunded = r.Amount
		case state == payment.RefundFailed:
			r.ErrorCode, r.ErrorText = "refund_failed", "The provider could not give the money back."
		}
		p.Late = why == payment.Late
		return sampleMoney(known, eventType, at, p, r)
	}
}

// examplePayment is a made-up payment of 45.00 EUR in a state.
func examplePayment(state payment.State, at time.Time) *payment.Payment {
	p := &payment.Payment{
		ID: example("payment"), BookingID: example("booking"), Provider: payment.Manual, Kind: payment.Full, State: state, Currency: "EUR",
		Amount: 4500, ExpiresAt: at.UTC().Add(5 * time.Minute).Truncate(time.Second),
	}
	switch state {
	case payment.Open:
		p.CheckoutURL = "https://pay.example.com/checkout"
	case payment.Authorized, payment.Voided:
		p.Authorized = p.Amount
	case payment.Captured:
		p.Captured = p.Amount
	case payment.Failed:
		p.FailureCode, p.FailureText = "card_declined", "The provider refuses the payment: card_declined."
	case payment.Created, payment.Processing, payment.Expired:
	}
	return p
}

// sampleMoney makes up the event of a payment, or of a refund of it, of a made-up booking.
func sampleMoney(known *tenant.Graphs, eventType string, at time.Time, p *payment.Payment, r *payment.Refund) *outbox.Event {
	e := sampleChange(known, outbox.BookingsCreate, at)
	if e == nil {
		return nil
	}
	e.Type, e.From, e.Action, e.Actor, e.Channel, e.Inputs = eventType, "", "", "", "", nil
	e.Payment = raw(payment.NewNotice(p, r))
	return e
}
