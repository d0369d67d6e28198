package activities

import (
	"context"

	"github.com/google/uuid"

	"holdfast/internal/effect"
	"holdfast/internal/payment"
	"holdfast/internal/payment/provider"
)

// endPayment closes what the customer could still pay. The answer is yes when nothing was paid; no when there is money, which then moves
// the booking by itself, or goes back.
func (p performer) endPayment(ctx context.Context, e *effect.Effect) (attempted, error) {
	all, err := p.payments(ctx, e)
	if err != nil {
		return attempted{}, err
	}
	unpaid := true
	for _, pay := range all {
		settled, failed, err := cashier(p).end(ctx, pay.Payment)
		switch {
		case err != nil:
			return attempted{}, err
		case failed != nil:
			return notDone(failed), nil
		}
		unpaid = unpaid && (!settled.HasMoney() || settled.Honoured)
	}
	return attempted{answer: unpaid}, nil
}

// end closes one payment, unless it is over or has money.
func (c cashier) end(ctx context.Context, pay *payment.Payment) (*payment.Payment, *provider.Error, error) {
	if pay.State.Over() || pay.HasMoney() {
		return pay, nil, nil
	}
	if pay.Ref == "" { // nobody has its page
		ended := attempted{code: codeEnded, message: "The booking did not wait for the payment any more."}
		woken, err := performer(c).recordFailed(context.WithoutCancel(ctx), pay.ID, ended)
		c.serve(ctx, woken...)
		return pay, nil, err
	}
	at, failed, err := c.account(ctx, pay)
	if err != nil || failed != nil {
		return pay, failed, err
	}
	seen, failure := call(ctx, func(ctx context.Context) (payment.Seen, error) { return at.End(ctx, chargeOf(pay), pay.EndKey()) })
	if failure != nil {
		return pay, providerFault(failure), nil
	}
	settled, err := c.settle(ctx, pay.ID, &seen)
	if err != nil {
		return pay, nil, err
	}
	c.wake(ctx, pay.ID)
	return settled.Payment, nil, nil
}

// capturePayment takes the money that is held.
func (p performer) capturePayment(ctx context.Context, e *effect.Effect) (attempted, error) {
	all, err := p.payments(ctx, e)
	if err != nil {
		return attempted{}, err
	}
	found := false // a payment that is held, or was captured by an attempt before this one
	for _, pay := range all {
		found = found || pay.Captured > 0
		if pay.State != payment.Authorized || pay.LettingGo {
			continue
		}
		found = true
		failed, err := cashier(p).do(ctx, pay.Payment, func(ctx context.Context, at provider.Provider) (payment.Seen, error) {
			return at.Capture(ctx, chargeOf(pay.Payment), pay.Amount, pay.CaptureKey())
		})
		if err != nil {
			return attempted{}, err
		}
		if failed != nil {
			return notDone(failed), nil
		}
	}
	if all, err = p.payments(ctx, e); err != nil {
		return attempted{}, err
	}
	for _, pay := range all {
		found = found && pay.State != payment.Voided // the hold had ended before
	}
	if !found {
		return attempted{code: codeNothingHeld, message: "No payment of the booking is held.", final: true}, nil
	}
	return attempted{answer: true}, nil
}

// do makes one call about a payment, and puts on record what the provider says.
func (c cashier) do(
	ctx context.Context, pay *payment.Payment, ask func(context.Context, provider.Provider) (payment.Seen, error),
) (*provider.Error, error) {
	at, failed, err := c.account(ctx, pay)
	if err != nil || failed != nil {
		return failed, err
	}
	seen, failure := call(ctx, func(ctx context.Context) (payment.Seen, error) { return ask(ctx, at) })
	if failure != nil {
		return providerFault(failure), nil
	}
	_, err = c.settle(ctx, pay.ID, &seen)
	c.wake(ctx, pay.ID)
	return nil, err
}

// voidPayment lets go the money that is held, and closes what could still be paid.
func (p performer) voidPayment(ctx context.Context, e *effect.Effect) (attempted, error) {
	all, err := p.payments(ctx, e)
	if err != nil {
		return attempted{}, err
	}
	for _, pay := range all {
		if failed, err := cashier(p).letGo(ctx, pay.Payment); err != nil || failed != nil {
			return failedAttempt(failed), err
		}
	}
	return attempted{answer: true}, nil
}

func failedAttempt(e *provider.Error) attempted {
	if e == nil {
		return attempted{}
	}
	return notDone(e)
}

// letGo voids a payment that is held, and closes one that is open.
func (c cashier) letGo(ctx context.Context, pay *payment.Payment) (*provider.Error, error) {
	if pay.State != payment.Authorized {
		_, failed, err := c.end(ctx, pay)
		return failed, err
	}
	return c.do(ctx, pay, func(ctx context.Context, at provider.Provider) (payment.Seen, error) {
		return at.Void(ctx, chargeOf(pay), pay.VoidKey())
	})
}

// accountOf opens an account of an app.
func (c cashier) accountOf(ctx context.Context, appID, id uuid.UUID) (provider.Provider, *provider.Error, error) {
	return c.account(ctx, &payment.Payment{AppID: appID, AccountID: id})
}
