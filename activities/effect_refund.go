package activities

import (
	"context"

	"github.com/google/uuid"

	"holdfast/internal/booking"
	"holdfast/internal/effect"
	"holdfast/internal/payment"
	"holdfast/internal/payment/provider"
	"holdfast/internal/postgres"
)

// refundPayment gives money back as a booking ends: all of it, or what its policy says as of the moment of the transition. What is held is
// let go, and what could still be paid is closed. Of a payment that pays for several bookings it is this one's part, and the payment goes
// on for the others. The refunds are on record when it has ended; the workflows of the payments make them.
func (p performer) refundPayment(ctx context.Context, e *effect.Effect) (attempted, error) {
	b, err := p.bookingOf(ctx, e)
	if err != nil || b == nil {
		return attempted{code: codeNoBooking, message: "The booking does not exist any more.", final: true}, err
	}
	all, err := p.paymentsFor(ctx, e)
	if err != nil {
		return attempted{}, err
	}
	for _, pay := range all {
		if failed, err := cashier(p).release(ctx, pay, e.BookingID); err != nil || failed != nil {
			return failedAttempt(failed), err
		}
	}
	if all, err = p.paymentsFor(ctx, e); err != nil { // as they are now
		return attempted{}, err
	}
	left, why, err := p.refundDue(ctx, b, e, all)
	if err != nil {
		return attempted{}, err
	}
	for i := len(all) - 1; i >= 0 && left > 0; i-- { // the newest first
		asked, err := p.askRefund(ctx, all[i], e, left, why)
		if err != nil {
			return attempted{}, err
		}
		left -= asked
	}
	return attempted{answer: true}, nil
}

// release lets go what is held for a booking that has ended, and closes what could still be paid. A payment that others have taken, too, and
// that of another booking, go on.
func (c cashier) release(ctx context.Context, pay *postgres.PaymentWithRefunds, booking uuid.UUID) (*provider.Error, error) {
	if len(pay.Parts) > 0 {
		settled, err := c.settle(ctx, pay.ID, nil)
		if err != nil || settled.Honoured || pay.BookingID != booking {
			return nil, err
		}
	}
	if failed, err := c.letGo(ctx, pay.Payment); err != nil || failed != nil {
		return failed, err
	}
	_, err := c.settle(ctx, pay.ID, nil) // its money may have moved the booking a moment ago
	return nil, err
}

// refundDue is what a booking's customer gets back, and why: by the policy if the customer's side has ended the booking, unless the graph
// says otherwise.
func (p performer) refundDue(
	ctx context.Context, b *booking.Booking, e *effect.Effect, all []*postgres.PaymentWithRefunds,
) (int64, payment.Reason, error) {
	defer p.connection()()
	moves, err := p.DB.Transitions(ctx, []uuid.UUID{b.ID})
	if err != nil {
		return 0, "", err
	}
	captured := int64(0)
	for _, pay := range all {
		if pay.Returnable() {
			captured += pay.PaidFor(b.ID)
		}
	}
	for _, t := range moves[b.ID] {
		if t.Seq != e.Seq {
			continue
		}
		if e.Does.ByPolicy(t.Actor) && b.Payment != nil {
			return b.Payment.Policy.RefundDue(captured, t.At, b.Start, b.Resource.Zone()), payment.ByPolicy, nil
		}
	}
	return captured, payment.ByOwner, nil
}

// askRefund puts a refund of a payment on record, of what is left of it at most, and has it made. It returns how much that is. One of a
// disputed payment fails, and waits for a person.
func (p performer) askRefund(
	ctx context.Context, pay *postgres.PaymentWithRefunds, e *effect.Effect, amount int64, why payment.Reason,
) (int64, error) {
	if amount = min(amount, pay.PaidFor(e.BookingID)); !pay.Returnable() || amount == 0 {
		return 0, nil
	}
	asked := &payment.Refund{ID: uuid.NewSHA1(e.ID, pay.ID[:]), PaymentID: pay.ID, Amount: amount, Reason: why}
	if len(pay.Parts) > 0 {
		asked.PartOf = &e.BookingID
	}
	defer p.connection()()
	r, woken, err := p.DB.AskRefund(ctx, asked, false)
	if err != nil || r == nil {
		return 0, err
	}
	p.serve(ctx, woken...)
	cashier(p).wake(ctx, pay.ID)
	return r.Amount, nil
}
