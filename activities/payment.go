package activities

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/fault"
	"holdfast/internal/payment"
	"holdfast/internal/payment/provider"
	"holdfast/internal/postgres"
	"holdfast/internal/webhook"
)

// WatchPayment asks the provider how a payment is, puts on record what follows, makes the refunds that are due, and returns when to look
// again. Everything may be repeated: what the provider has done once under a key it does not do twice.
func (a *Activities) WatchPayment(ctx context.Context, in payment.Input) (payment.Watched, error) {
	defer stayAlive(ctx, a.beat)()
	return cashier{a}.watch(ctx, in.PaymentID)
}

// cashier talks to the providers of payments.
type cashier struct{ *Activities }

// When a payment is looked at again.
const (
	undecidedAgain   = 2 * time.Second  // its action is on its way through the booking's workflow
	wrongAccount     = 10 * time.Minute // the provider refuses the account's keys
	busyProvider     = 20 * time.Second
	soonest, latest  = time.Minute, 24 * time.Hour // between looks at what has changed nothing for some time
	afterExpiry      = 30 * time.Second
	lateMoneyFor     = time.Hour // after its end, money of a payment can still arrive
	providerCallTime = 30 * time.Second
)

func (c cashier) watch(ctx context.Context, id uuid.UUID) (payment.Watched, error) {
	p, err := c.find(ctx, id)
	if fault.CodeOf(err) == fault.NotFound {
		return payment.Watched{}, nil
	}
	if err != nil {
		return payment.Watched{}, retryable(err)
	}
	at, fault, err := c.account(ctx, p.Payment)
	var settled postgres.Settled
	if err == nil {
		settled, fault, err = c.look(ctx, p.Payment, at, fault)
	}
	if err == nil && at != nil {
		err = c.giveBack(ctx, settled, at, &fault)
	}
	if err != nil {
		return payment.Watched{}, retryable(err)
	}
	next, err := c.setNext(ctx, id, nextLook(settled, fault, time.Now()))
	return payment.Watched{State: settled.State, Next: next, Code: string(provider.CodeOf(asError(fault)))}, retryable(err)
}

func asError(e *provider.Error) error {
	if e == nil {
		return nil
	}
	return e
}

func (c cashier) find(ctx context.Context, id uuid.UUID) (*postgres.PaymentWithRefunds, error) {
	defer c.connection()()
	return c.DB.WatchedPayment(ctx, id)
}

func (c cashier) setNext(ctx context.Context, id uuid.UUID, next time.Time) (time.Time, error) {
	defer c.connection()()
	return c.DB.SetNextLook(context.WithoutCancel(ctx), id, next)
}

// account opens the account of a payment at its provider. One that cannot be opened is a fault of the account.
func (c cashier) account(ctx context.Context, p *payment.Payment) (provider.Provider, *provider.Error, error) {
	defer c.connection()()
	a, err := c.DB.Account(ctx, p.AppID, p.AccountID)
	if err != nil {
		return nil, nil, err
	}
	at, err := c.Providers.Of(a)
	if err != nil {
		return nil, providerFault(err), nil
	}
	return at, nil, nil
}

// providerFault is an error of a provider; one of another kind means that it cannot be reached.
func providerFault(err error) *provider.Error {
	if err == nil {
		return nil
	}
	code := provider.CodeOf(err)
	if e, ok := err.(*provider.Error); ok { //nolint:errorlint // adapters return it as it is
		return e
	}
	return &provider.Error{Code: code}
}

// look asks the provider and puts on record what follows. What is authorized and to be let go is let go.
func (c cashier) look(
	ctx context.Context, p *payment.Payment, at provider.Provider, fault *provider.Error,
) (postgres.Settled, *provider.Error, error) {
	var seen *payment.Seen
	if at != nil && p.Ref != "" {
		found, err := call(ctx, func(ctx context.Context) (payment.Seen, error) { return at.Fetch(ctx, chargeOf(p)) })
		if fault = providerFault(err); err == nil {
			seen = &found
		}
	}
	out, err := c.settle(ctx, p.ID, seen)
	if err != nil || at == nil || !out.LettingGo || out.State != payment.Authorized {
		return out, fault, err
	}
	found, failed := call(ctx, func(ctx context.Context) (payment.Seen, error) { return at.Void(ctx, chargeOf(p), p.VoidKey()) })
	if failed != nil {
		return out, providerFault(failed), nil
	}
	out, err = c.settle(ctx, p.ID, &found)
	return out, fault, err
}

// call bounds the time of one call of a provider.
func call[T any](ctx context.Context, do func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, providerCallTime)
	defer cancel()
	return do(ctx)
}

func chargeOf(p *payment.Payment) provider.Charge {
	return provider.Charge{PaymentID: p.ID, Ref: p.Ref, Currency: p.Currency}
}

// settle puts on record what a provider says and what follows, hands the payment's action on, and has the deliveries sent.
func (c cashier) settle(ctx context.Context, id uuid.UUID, seen *payment.Seen) (postgres.Settled, error) {
	ctx = context.WithoutCancel(ctx) // what the provider has done goes on record
	out, err := c.record(ctx, id, seen)
	if err != nil {
		return out, err
	}
	c.serve(ctx, out.Woken...)
	if out.Waiting && out.ActionID != nil { // also one that somebody else has put on record, and did not hand on
		performer(c).play(ctx, *out.ActionID)
	}
	return out, nil
}

func (c cashier) record(ctx context.Context, id uuid.UUID, seen *payment.Seen) (postgres.Settled, error) {
	defer c.connection()()
	return c.DB.Settle(ctx, id, seen)
}

// maxRefundCalls is how many refunds of a payment one look asks for.
const maxRefundCalls = 10

// giveBack asks the provider for the refunds of a payment that are due.
func (c cashier) giveBack(ctx context.Context, p postgres.Settled, at provider.Provider, last **provider.Error) error {
	for range maxRefundCalls {
		r, err := c.claimRefund(ctx, p.ID)
		if err != nil || r == nil {
			return err
		}
		seen, failed := askBack(ctx, p.Payment, r, at)
		if failed != nil {
			*last = providerFault(failed)
		}
		if err := c.recordRefund(context.WithoutCancel(ctx), p.ID, r, seen, providerFault(failed)); err != nil {
			return err
		}
	}
	return nil
}

// codeDisputed is the code of a refund that was not asked for: the customer's bank disputes the payment, and would give the money back as
// well.
const codeDisputed = "disputed"

// askBack asks the provider for a refund. Of a disputed payment it is refused here: not every provider does so, and the money would go back
// twice.
func askBack(ctx context.Context, p *payment.Payment, r *payment.Refund, at provider.Provider) (payment.SeenRefund, error) {
	if p.Disputed {
		return payment.SeenRefund{}, &provider.Error{Code: provider.Refused, Detail: codeDisputed}
	}
	order := provider.RefundOrder{Charge: chargeOf(p), RefundID: r.ID, Amount: r.Amount, Reason: r.Reason, Key: r.Key()}
	return call(ctx, func(ctx context.Context) (payment.SeenRefund, error) { return at.Refund(ctx, order) })
}

func (c cashier) claimRefund(ctx context.Context, id uuid.UUID) (*payment.Refund, error) {
	defer c.connection()()
	return c.DB.ClaimRefund(ctx, id)
}

// recordRefund puts on record what became of a call for a refund: done, to be tried again, or refused.
func (c cashier) recordRefund(
	ctx context.Context, id uuid.UUID, r *payment.Refund, seen payment.SeenRefund, failed *provider.Error,
) error {
	switch {
	case failed == nil:
		seen.Key = r.Key()
	case failed.Final():
		seen = payment.SeenRefund{Key: r.Key(), State: payment.RefundFailed, ErrorCode: codeOf(failed)}
	default:
		defer c.connection()()
		r.ErrorCode, r.ErrorText = codeOf(failed), "The provider could not be asked; it is asked again."
		next := time.Now().Add(max(webhook.Wait(min(r.Attempts, 6), webhook.Result{}, rand.Float64), failed.Wait))
		return c.DB.PostponeRefund(ctx, r, next)
	}
	woken, err := c.refunded(ctx, id, seen)
	c.serve(ctx, woken...)
	return err
}

func (c cashier) refunded(ctx context.Context, id uuid.UUID, seen payment.SeenRefund) ([]uuid.UUID, error) {
	defer c.connection()()
	return c.DB.RecordRefund(ctx, id, seen)
}

// codeOf is the code of an error with the provider's own behind it, without personal data.
func codeOf(e *provider.Error) string {
	if e.Code == provider.Refused && e.Detail != "" {
		return e.Detail
	}
	return string(e.Code)
}

// nextLook is when a payment is to be looked at again without another reason; zero when nothing is expected.
func nextLook(p postgres.Settled, failed *provider.Error, now time.Time) time.Time {
	growing := now.Add(min(max(now.Sub(p.CreatedAt)/4, soonest), latest))
	pending := false
	for _, r := range p.Refunds {
		pending = pending || r.State == payment.RefundPending && r.Ref != ""
	}
	switch {
	case p.Waiting:
		return now.Add(undecidedAgain)
	case failed != nil && failed.Code == provider.Credentials && !done(p, pending):
		return now.Add(wrongAccount)
	case failed != nil && !done(p, pending):
		return now.Add(max(busyProvider, failed.Wait))
	case p.LettingGo && p.State == payment.Authorized:
		return now.Add(busyProvider)
	case pending, p.Disputed:
		return growing
	case p.Ref == "":
		return time.Time{} // it was not opened yet, or its provider says nothing by itself
	}
	return nextOf(p, growing, now)
}

// nextOf is when a payment is looked at again about which nothing is to be done.
func nextOf(p postgres.Settled, growing, now time.Time) time.Time {
	switch p.State {
	case payment.Open:
		if end := p.ExpiresAt.Add(afterExpiry); end.After(now) && end.Before(growing) {
			return end
		}
		return growing
	case payment.Processing:
		return growing
	case payment.Authorized:
		if end := p.CaptureBefore.Add(afterExpiry); end.After(now) {
			return end
		}
		return growing
	case payment.Failed, payment.Expired, payment.Voided:
		if now.Before(p.ExpiresAt.Add(lateMoneyFor)) {
			return now.Add(lateMoneyFor / 4)
		}
	case payment.Created, payment.Captured:
	}
	return time.Time{}
}

// done reports whether nothing is expected of a payment.
func done(p postgres.Settled, pending bool) bool {
	return p.State.Over() && !pending && !p.Disputed
}

// wake starts the workflow of a payment, or has it look again.
func (c cashier) wake(ctx context.Context, id uuid.UUID) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	err := c.Dispatch.EnsurePaymentRunning(ctx, id)
	if err != nil {
		c.Log.Warn("could not wake the workflow of a payment; the sweep will", "payment", id, "error", err)
	}
	return err == nil
}

// sweep wakes payments that were due to be looked at some time ago.
func (c cashier) sweep(ctx context.Context) (int, error) {
	ids, err := c.DB.PaymentsToWatch(ctx, overduePayment, sweepLimit)
	return atOnce(ids, func(id uuid.UUID) bool { return ctx.Err() == nil && c.wake(ctx, id) }), err
}
