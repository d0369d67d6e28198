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
	codeNotComplete = "not_complete"       // a booking that is to be paid together with this one has not begun
)

// openPayment has a payment opened at the provider, so that the customer can pay. The answer is yes when nothing is to be paid. The payment
// is on record with all parameters before the first call, under an id made of the effect's.
func (p performer) openPayment(ctx context.Context, e *effect.Effect) (attempted, error) {
	b, err := p.bookingOf(ctx, e)
	if err != nil || b == nil {
		return attempted{code: codeNoBooking, message: "The booking does not exist any more.", final: true}, err
	}
	kind, amount := owed(b.Payment, e.Does.Of)
	if b.Related.Payer != nil && kind != payment.Fee {
		return attempted{}, nil // its payer's payment is for it as well
	}
	parts, complete, err := partsOf(ctx, p.Activities, b, kind)
	switch {
	case err != nil:
		return attempted{}, err
	case !complete:
		return attempted{code: codeNotComplete, message: "Not all bookings that are paid together have begun."}, nil
	case len(parts) > 0:
		amount = payment.Sum(parts)
	}
	if amount == 0 {
		return attempted{answer: true}, nil
	}
	if kind != payment.Fee && !b.AwaitsPayment(kind, b.Clock.Now()) {
		return attempted{code: codeEnded, message: "The booking does not wait for a payment any more.", final: true}, nil
	}
	return p.openFor(ctx, e, b, kind, amount, parts)
}

// partsOf returns the parts of what a booking pays for itself and for others; none where it pays for itself alone. False while one of the
// others has not begun.
func partsOf(
	ctx context.Context, a *Activities, b *booking.Booking, kind payment.Kind,
) (parts []payment.Part, complete bool, err error) {
	if b.Payment == nil || b.Related.OwnerBooking == nil || kind == payment.Fee || kind == payment.Balance {
		return nil, true, nil
	}
	defer a.connection()()
	others, err := a.DB.PaidFor(ctx, b.AppID, b.ID)
	for _, other := range others {
		if other.Seq == 0 {
			return nil, false, err
		}
		if other.State == b.State && other.Payment != nil {
			parts = append(parts, payment.Part{BookingID: other.ID, Amount: other.Payment.Price.Due()})
		}
	}
	if len(parts) > 0 {
		parts = append([]payment.Part{{BookingID: b.ID, Amount: b.Payment.Price.Due()}}, parts...)
	}
	return parts, true, err
}

// openFor has a payment opened, unless the booking has one already.
func (p performer) openFor(
	ctx context.Context, e *effect.Effect, b *booking.Booking, kind payment.Kind, amount int64, parts []payment.Part,
) (attempted, error) {
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
	return p.openNew(ctx, b, at, &payment.Payment{ID: e.PaymentID(), Kind: kind, Amount: amount}, parts)
}

// openNew puts a payment on record, unless an attempt before this one has, and opens it.
func (p performer) openNew(
	ctx context.Context, b *booking.Booking, at provider.Provider, pay *payment.Payment, parts []payment.Part,
) (attempted, error) {
	pay.AppID, pay.BookingID, pay.AccountID, pay.Provider = b.AppID, b.ID, b.Payment.AccountID, b.Payment.Provider
	pay.Code, pay.Capture, pay.Currency = newCode(), captureOf(b.Payment, pay.Kind), b.Payment.Price.Currency
	pay.ExpiresAt = expiry(b, at.Can(), time.Now())
	on, err := p.ensurePayment(ctx, pay, parts)
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

func (p performer) ensurePayment(ctx context.Context, pay *payment.Payment, parts []payment.Part) (*payment.Payment, error) {
	defer p.connection()()
	return p.DB.EnsurePayment(ctx, pay, parts...)
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

// payments returns the payments of an effect's booking, without those of another one that pays for it.
func (p performer) payments(ctx context.Context, e *effect.Effect) (own []*postgres.PaymentWithRefunds, err error) {
	all, err := p.paymentsFor(ctx, e)
	for _, pay := range all {
		if pay.BookingID == e.BookingID {
			own = append(own, pay)
		}
	}
	return own, err
}

// paymentsFor returns all payments that pay for an effect's booking.
func (p performer) paymentsFor(ctx context.Context, e *effect.Effect) ([]*postgres.PaymentWithRefunds, error) {
	defer p.connection()()
	all, err := p.DB.PaymentsOf(ctx, e.AppID, []uuid.UUID{e.BookingID})
	return all[e.BookingID], err
}
