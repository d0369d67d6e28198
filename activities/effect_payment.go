package activities

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"strings"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/effect"
	"holdfast/internal/fault"
	"holdfast/internal/payment"
	"holdfast/internal/payment/provider"
	"holdfast/internal/postgres"
)

// Codes of payments' effects that were not carried out. The others are those of providers.
const (
	codeNoBooking   = "no_booking"         // it was erased
	codeNothingHeld = "nothing_to_capture" // no payment of the booking is authorized
	codeEnded       = "payment_ended"      // the payment came to an end before it was opened
)

// openPayment has a payment opened at the provider, so that the customer can pay. The answer is yes when nothing is to be paid. The payment
// is on record with all parameters before the first call, under an id made of the effect's.
func (p performer) openPayment(ctx context.Context, e *effect.Effect) (attempted, error) {
	b, err := p.bookingOf(ctx, e)
	if err != nil || b == nil {
		return attempted{code: codeNoBooking, message: "The booking does not exist any more.", final: true}, err
	}
	kind, amount := owed(b.Payment, e.Does.Of)
	if amount == 0 {
		return attempted{answer: true}, nil
	}
	if kind != payment.Fee && !b.AwaitsPayment(kind, b.Clock.Now()) {
		return attempted{code: codeEnded, message: "The booking does not wait for a payment any more.", final: true}, nil
	}
	if done, err := p.hasPayment(ctx, e, kind); done || err != nil {
		return attempted{}, err
	}
	at, failed, err := cashier(p).accountOf(ctx, b.AppID, b.Payment.AccountID)
	if err != nil {
		return attempted{}, err
	}
	if failed == nil && captureOf(b.Payment, kind) == payment.CaptureOnConfirm && !at.Can().Authorize {
		failed = &provider.Error{Code: provider.Unsupported}
	}
	if failed != nil {
		return notDone(failed), nil
	}
	return p.openNew(ctx, e, b, at)
}

// openNew puts a payment on record, unless an attempt before this one has, and opens it.
func (p performer) openNew(ctx context.Context, e *effect.Effect, b *booking.Booking, at provider.Provider) (attempted, error) {
	kind, amount := owed(b.Payment, e.Does.Of)
	on, err := p.ensurePayment(ctx, &payment.Payment{
		ID: e.PaymentID(), AppID: b.AppID, BookingID: b.ID, AccountID: b.Payment.AccountID,
		Provider: b.Payment.Provider, Code: newCode(), Kind: kind, Capture: captureOf(b.Payment, kind), Currency: b.Payment.Price.Currency,
		Amount: amount, ExpiresAt: expiry(b, at.Can(), time.Now()),
	})
	if err != nil {
		return attempted{}, err
	}
	if on.State.Over() {
		return attempted{code: codeEnded, message: "The payment has ended before it was opened.", final: true}, nil
	}
	if until := expiry(b, at.Can(), time.Now()); on.State == payment.Created && on.ExpiresAt.Before(until.Add(-time.Minute)) {
		if on, err = p.renewPayment(ctx, on.ID, until); err != nil {
			return attempted{}, err
		}
	}
	return p.openAt(ctx, b, on, at)
}

// hasPayment reports whether the booking has a payment of a kind already, that came along from the booking whose place it has taken. Its
// money moves this one.
func (p performer) hasPayment(ctx context.Context, e *effect.Effect, kind payment.Kind) (bool, error) {
	all, err := p.payments(ctx, e)
	for _, pay := range all {
		if err != nil || pay.ID == e.PaymentID() || pay.Kind != kind || pay.State.Over() && pay.Captured == 0 || len(pay.Refunds) > 0 {
			continue
		}
		_, err = cashier(p).settle(ctx, pay.ID, nil)
		cashier(p).wake(ctx, pay.ID)
		return err == nil, err
	}
	return false, err
}

// openAt calls the provider, and puts on record what it says.
func (p performer) openAt(ctx context.Context, b *booking.Booking, on *payment.Payment, at provider.Provider) (attempted, error) {
	page := p.Links.BaseURL + "/pay/" + on.Code
	order := provider.Order{
		PaymentID: on.ID, BookingID: b.ID, Amount: on.Amount, Currency: on.Currency, Capture: on.Capture, Text: orderText(b),
		ExpiresAt: on.ExpiresAt, ReturnURL: page, CancelURL: page, Key: on.OpenKey(),
	}
	session, err := call(ctx, func(ctx context.Context) (provider.Session, error) { return at.Open(ctx, order) })
	ctx = context.WithoutCancel(ctx)
	if failed := providerFault(err); failed != nil {
		out := notDone(failed)
		if !out.final {
			return out, nil
		}
		woken, err := p.recordFailed(ctx, on.ID, out)
		p.serve(ctx, woken...)
		return out, err
	}
	woken, err := p.recordOpened(ctx, on.ID, session)
	if err != nil {
		return attempted{}, err
	}
	p.serve(ctx, woken...)
	cashier(p).wake(ctx, on.ID)
	return attempted{}, nil
}

func (p performer) renewPayment(ctx context.Context, id uuid.UUID, until time.Time) (*payment.Payment, error) {
	defer p.connection()()
	return p.DB.RenewPayment(ctx, id, until)
}

func (p performer) recordFailed(ctx context.Context, id uuid.UUID, out attempted) ([]uuid.UUID, error) {
	defer p.connection()()
	return p.DB.RecordFailed(ctx, id, out.code, out.message)
}

func (p performer) recordOpened(ctx context.Context, id uuid.UUID, s provider.Session) ([]uuid.UUID, error) {
	defer p.connection()()
	return p.DB.RecordOpened(ctx, id, s.Ref, s.URL, s.ExpiresAt, time.Now().Add(soonest))
}

func (p performer) ensurePayment(ctx context.Context, pay *payment.Payment) (*payment.Payment, error) {
	defer p.connection()()
	return p.DB.EnsurePayment(ctx, pay)
}

// bookingOf returns the booking of an effect; nil when it was erased.
func (p performer) bookingOf(ctx context.Context, e *effect.Effect) (*booking.Booking, error) {
	defer p.connection()()
	b, err := p.DB.Booking(ctx, e.AppID, e.BookingID)
	if fault.CodeOf(err) == fault.NotFound {
		return nil, nil //nolint:nilnil // there is none
	}
	return b, err
}

// owed returns what is to be paid, and what for.
func owed(t *payment.Terms, of string) (payment.Kind, int64) {
	switch {
	case t == nil:
		return payment.Full, 0
	case of == graphs.OfBalance:
		return payment.Balance, t.Price.Balance()
	case of == graphs.OfNoShowFee:
		return payment.Fee, t.NoShowFee()
	}
	return t.Price.First(), t.Price.Due()
}

// captureOf returns when the money of a payment is taken. Only the first one can be held.
func captureOf(t *payment.Terms, kind payment.Kind) payment.Capture {
	if kind == payment.Full || kind == payment.Deposit {
		return t.Policy.CaptureRule()
	}
	return payment.CaptureNow
}

// openFor is how long a page stays open for a booking that does not wait for the payment.
const openFor = 24 * time.Hour

// expiry is when a payment's page closes, by real time: when the booking stops to wait, within what the provider can do. A page that stays
// open longer than the booking waits is ended by the graph, as is that of a test app whose clock is advanced.
func expiry(b *booking.Booking, can provider.Abilities, now time.Time) time.Time {
	at := now.Add(openFor)
	if graph, err := b.LoadGraph(); err == nil {
		stay := booking.Stay{Graph: graph, State: b.State, Times: b.Times(), Timers: b.Settings.Timers}
		if due, ok := stay.NextDue(); ok {
			at = now.Add(due.At.Sub(b.Clock.Now()))
		}
	}
	const margin = time.Minute // between this clock and the provider's, and for the call itself
	if can.MinLife > 0 && at.Before(now.Add(can.MinLife+margin)) {
		at = now.Add(can.MinLife + margin)
	}
	if can.MaxLife > 0 && at.After(now.Add(can.MaxLife-margin)) {
		at = now.Add(can.MaxLife - margin)
	}
	return at.Truncate(time.Second)
}

// orderText is what the customer reads at the provider. It names nobody.
func orderText(b *booking.Booking) string {
	return "Booking " + b.Start.In(b.Resource.Zone()).Format("2006-01-02 15:04")
}

// newCode makes the code of a payment's page: 128 bits that nobody guesses.
func newCode() string {
	raw := make([]byte, 16)
	_, _ = rand.Read(raw) // it does not fail on a machine that runs
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(raw))
}

// notDone is an attempt that a provider has refused, or that did not reach it.
func notDone(e *provider.Error) attempted {
	out := attempted{code: codeOf(e), final: e.Final()}
	switch e.Code {
	case provider.Unreachable, provider.Busy, provider.Malformed:
		out.message = "The provider gave no answer that can be used."
	case provider.Credentials:
		out.message = "The provider refuses the keys of the account."
	case provider.Unsupported:
		out.message = "The provider cannot do this."
	default:
		out.message = "The provider refuses the request."
	}
	return out
}

// payments returns the payments of an effect's booking.
func (p performer) payments(ctx context.Context, e *effect.Effect) ([]*postgres.PaymentWithRefunds, error) {
	defer p.connection()()
	all, err := p.DB.PaymentsOf(ctx, e.AppID, []uuid.UUID{e.BookingID})
	return all[e.BookingID], err
}

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
