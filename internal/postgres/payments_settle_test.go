package postgres_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/payment"
	"holdfast/internal/postgres"
)

// account makes an account of the app at a provider.
func (b *bundle) account(name string) *payment.Account {
	b.t.Helper()
	a, err := b.CreateAccount(b.ctx, &payment.Account{ID: newID(), AppID: b.app.ID, Name: name, Provider: "stripe", Sealed: []byte("sealed")})
	check(b.t, err)
	return a
}

// priced gives a booking a price, before it is on record.
func (b *bundle) priced(v *booking.Booking, a *payment.Account, amount int64) *booking.Booking {
	v.Payment = &payment.Terms{Price: payment.Price{Amount: amount, Currency: "EUR"}, AccountID: a.ID, Provider: a.Provider}
	return v
}

// charged is a payment of a booking that the customer can pay.
func (b *bundle) charged(v *booking.Booking) *payment.Payment {
	b.t.Helper()
	t := v.Payment
	p, err := b.EnsurePayment(b.ctx, &payment.Payment{
		ID: newID(), AppID: v.AppID, BookingID: v.ID, AccountID: t.AccountID, Provider: t.Provider, Code: newID().String(), Kind: payment.Full,
		Capture: payment.CaptureNow, Currency: t.Price.Currency, Amount: t.Price.Amount, ExpiresAt: monday,
	})
	check(b.t, err)
	_, err = b.RecordOpened(b.ctx, p.ID, "cs_"+p.ID.String(), "https://pay.example/"+p.Code, monday, monday)
	check(b.t, err)
	return b.payment(p)
}

func (b *bundle) payment(p *payment.Payment) *payment.Payment {
	b.t.Helper()
	found, err := b.WatchedPayment(b.ctx, p.ID)
	check(b.t, err)
	return found.Payment
}

// paidAt is what a provider says of money that has arrived.
func arrived(p *payment.Payment) *payment.Seen {
	return &payment.Seen{State: payment.Captured, Currency: p.Currency, Captured: p.Amount}
}

// settle puts on record what a provider says.
func (b *bundle) settle(p *payment.Payment, seen *payment.Seen) postgres.Settled {
	b.t.Helper()
	out, err := b.Settle(b.ctx, p.ID, seen)
	check(b.t, err)
	return out
}

// decide commits the action that a payment has put on record.
func (b *bundle) decide(v *booking.Booking, id uuid.UUID) booking.Outcome {
	b.t.Helper()
	a, err := b.Action(b.ctx, id)
	check(b.t, err)
	out, err := b.Commit(b.ctx, commit(b.known(v), a))
	check(b.t, err)
	return out
}

// paying is a booking of instant_payment that waits for its payment.
func (b *bundle) paying(hour float64) (*booking.Booking, *payment.Payment) {
	b.t.Helper()
	a, err := b.AccountFor(b.ctx, b.app.ID, "")
	if fault.CodeOf(err) == fault.NotFound {
		a = b.account("main")
	} else {
		check(b.t, err)
	}
	v := b.booked(b.priced(b.at("instant_payment", hour, hour+1), a, 4500))
	return v, b.charged(v)
}

func (b *bundle) eventsOf(v *booking.Booking) []string {
	b.t.Helper()
	rows, err := b.look.Query(b.ctx, `SELECT type FROM events WHERE booking_id = $1 AND payment IS NOT NULL ORDER BY reminder`, v.ID)
	check(b.t, err)
	var all []string
	for rows.Next() {
		var one string
		check(b.t, rows.Scan(&one))
		all = append(all, one)
	}
	check(b.t, rows.Err())
	return all
}

// TestMoneyMovesItsBooking: the money that arrives plays pay, once, however often the provider says so, and is honoured by its booking.
func TestMoneyMovesItsBooking(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v, p := b.paying(9)
	wantEqual(t, "state", p.State, payment.Open)
	first := b.settle(p, arrived(p))
	if first.Signal == nil || !first.Waiting {
		t.Fatalf("%+v", first)
	}
	again := b.settle(p, arrived(p))
	if again.Signal != nil || !again.Waiting {
		t.Errorf("a repeat plays again: %+v", again)
	}
	out := b.decide(v, *first.Signal)
	wantEqual(t, "state of the booking", out.State, "paid")
	done := b.settle(p, nil)
	if !done.Honoured || done.Waiting || len(done.Refunds) != 0 {
		t.Errorf("%+v", done.Payment)
	}
	wantSame(t, "events", b.eventsOf(v), []string{"payment.open", "payment.captured"})
	wantEqual(t, "transitions by a payment", b.count(`SELECT count(*)::int FROM transitions WHERE actor = 'payment' AND channel = 'payment'`), 1)
	b.sound()
}

// TestLateMoneyGoesBack: money that arrives when its booking waits no more goes back, once, and the event says so.
func TestLateMoneyGoesBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v, p := b.paying(9)
	v = b.played(v, "timeout")
	for range 3 {
		out := b.settle(p, arrived(p))
		if out.Signal != nil || !out.Late || len(out.Refunds) != 1 {
			t.Fatalf("%+v %v", out.Payment, out.Refunds)
		}
		r := out.Refunds[0]
		wantEqual(t, "reason", r.Reason, payment.Late)
		wantEqual(t, "amount", r.Amount, int64(4500))
	}
	wantSame(t, "events", b.eventsOf(v), []string{"payment.open", "payment.captured", "refund.created", "payment.late_refunded"})
	r, err := b.ClaimRefund(b.ctx, p.ID)
	check(t, err)
	if twin, err := b.ClaimRefund(b.ctx, p.ID); twin != nil || err != nil {
		t.Errorf("a refund under way is claimed again: %+v, %v", twin, err)
	}
	_, err = b.RecordRefund(b.ctx, p.ID, payment.SeenRefund{Key: r.Key(), Ref: "re_1", Amount: 4500, State: payment.RefundSucceeded})
	check(t, err)
	done := b.settle(p, &payment.Seen{State: payment.Captured, Captured: 4500, Refunded: 4500, Refunds: []payment.SeenRefund{
		{Ref: "re_1", Amount: 4500, State: payment.RefundSucceeded}}})
	wantEqual(t, "refunded", done.Refunded, int64(4500))
	wantEqual(t, "state of the refund", done.Refunds[0].State, payment.RefundSucceeded)
	b.sound()
}

// TestMoneyIsRefusedInTheMeantime: an action that was put on record in time, and is decided after the booking has ended, is refused, and the
// money goes back.
func TestMoneyIsRefusedInTheMeantime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v, p := b.paying(9)
	out := b.settle(p, arrived(p))
	a, err := b.Action(b.ctx, *out.Signal)
	check(t, err)
	late := b.known(v)
	b.exec(`UPDATE actions SET claims = false WHERE id = $1`, a.ID)
	v = b.played(v, "timeout")
	in := commit(v, a)
	in.Seq, in.Refusal = v.Seq, &booking.Refusal{Code: fault.ActionNotAvailable, Message: "No."}
	_, err = b.Commit(b.ctx, in)
	check(t, err)
	after := b.settle(p, nil)
	if after.Refusals != 1 || after.Honoured || len(after.Refunds) != 1 || after.Refunds[0].Reason != payment.Late {
		t.Errorf("%+v %v, booking was %s", after.Payment, after.Refunds, late.State)
	}
	b.sound()
}

// TestPaidTwice: of two payments for one booking one is honoured, and the other goes back as a duplicate.
func TestPaidTwice(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v, p := b.paying(9)
	second := b.charged(v)
	out := b.settle(p, arrived(p))
	b.decide(v, *out.Signal)
	b.settle(p, nil)
	twice := b.settle(second, arrived(second))
	if twice.Signal != nil || len(twice.Refunds) != 1 || twice.Refunds[0].Reason != payment.Duplicate {
		t.Fatalf("%+v %v", twice.Payment, twice.Refunds)
	}
	b.sound()
}

// TestProvidersRepeatThemselves: fifty requests about one event at the same time make one action.
func TestProvidersRepeatThemselves(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v, p := b.paying(9)
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			_, err := b.NoteProviderEvents(b.ctx, p.AccountID, []postgres.ProviderEvent{{ID: "evt_1", Type: "paid", Ref: p.Ref}})
			if err != nil {
				t.Error(err)
			}
			if _, err := b.Settle(b.ctx, p.ID, arrived(p)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	wantEqual(t, "actions", b.count(`SELECT count(*)::int FROM actions WHERE booking_id = $1 AND actor = 'payment'`, v.ID), 1)
	wantEqual(t, "events noted", b.count(`SELECT count(*)::int FROM provider_events WHERE payment_id = $1`, p.ID), 1)
	wantSame(t, "events", b.eventsOf(v), []string{"payment.open", "payment.captured"})
	b.sound()
}

// TestProviderEvents: an event is about a payment of its own account, by id or by reference, and is seen once.
func TestProviderEvents(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, p := b.paying(9)
	other := b.account("other")
	note := func(account uuid.UUID, e postgres.ProviderEvent) []uuid.UUID {
		about, err := b.NoteProviderEvents(b.ctx, account, []postgres.ProviderEvent{e})
		check(t, err)
		return about
	}
	for name, c := range map[string]struct {
		account uuid.UUID
		event   postgres.ProviderEvent
		found   bool
	}{
		"by reference":    {p.AccountID, postgres.ProviderEvent{ID: "1", Ref: p.Ref}, true},
		"by id":           {p.AccountID, postgres.ProviderEvent{ID: "2", PaymentID: p.ID}, true},
		"unknown":         {p.AccountID, postgres.ProviderEvent{ID: "3", Ref: "cs_unknown"}, false},
		"without either":  {p.AccountID, postgres.ProviderEvent{ID: "4"}, false},
		"another account": {other.ID, postgres.ProviderEvent{ID: "5", Ref: p.Ref, PaymentID: p.ID}, false},
	} {
		if got := note(c.account, c.event); slices.Contains(got, p.ID) != c.found {
			t.Errorf("%s: about %v", name, got)
		}
		if got := note(c.account, c.event); len(got) != 0 {
			t.Errorf("%s: seen twice: %v", name, got)
		}
	}
}

// TestRefundsAskedFor: refunds never add up to more than has arrived, also when they are asked for at the same time; a disputed payment has
// none.
func TestRefundsAskedFor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v, p := b.paying(9)
	out := b.settle(p, arrived(p))
	b.decide(v, *out.Signal)
	b.settle(p, nil)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			_, _, err := b.AskRefund(b.ctx, &payment.Refund{ID: newID(), PaymentID: p.ID, Amount: 1000, Reason: payment.ByOwner}, true)
			if err != nil && fault.CodeOf(err) != fault.PaymentState {
				t.Error(err)
			}
		})
	}
	all.Wait()
	wantEqual(t, "refunds", b.count(`SELECT count(*)::int FROM refunds WHERE payment_id = $1`, p.ID), 4)
	rest, _, err := b.AskRefund(b.ctx, &payment.Refund{ID: newID(), PaymentID: p.ID, Amount: 9000, Reason: payment.ByOwner}, false)
	check(t, err)
	wantEqual(t, "the rest", rest.Amount, int64(500))
	_, next := b.paying(11)
	b.settle(next, &payment.Seen{State: payment.Captured, Captured: 4500, Disputed: true})
	if _, _, err := b.AskRefund(b.ctx, &payment.Refund{ID: newID(), PaymentID: next.ID, Amount: 1, Reason: payment.ByOwner}, true); fault.CodeOf(err) != fault.PaymentState {
		t.Errorf("a disputed payment is given back: %v", err)
	}
	b.sound()
}

// TestRefundsThatFail wait for a person, who has them tried again under another key, or has paid them back outside.
func TestRefundsThatFail(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v, p := b.paying(9)
	b.played(v, "timeout")
	b.settle(p, arrived(p))
	r, err := b.ClaimRefund(b.ctx, p.ID)
	check(t, err)
	fails := payment.SeenRefund{Key: r.Key(), Ref: "re_1", State: payment.RefundFailed, ErrorCode: "lost_or_stolen_card"}
	_, err = b.RecordRefund(b.ctx, p.ID, fails)
	check(t, err)
	again := b.settle(p, arrived(p))
	if len(again.Refunds) != 1 || again.Refunds[0].State != payment.RefundFailed || again.Refunds[0].ErrorCode != "lost_or_stolen_card" {
		t.Fatalf("%+v", again.Refunds[0])
	}
	retried, err := b.RetryRefund(b.ctx, b.app.ID, p.ID, r.ID)
	check(t, err)
	if retried.State != payment.RefundPending || retried.Key() == r.Key() || retried.NextAt == nil {
		t.Fatalf("%+v", retried)
	}
	after := b.settle(p, &payment.Seen{Refunds: []payment.SeenRefund{fails}}) // the provider still lists the first one
	wantEqual(t, "state", after.Refunds[0].State, payment.RefundPending)
	taken, err := b.ClaimRefund(b.ctx, p.ID)
	check(t, err)
	_, err = b.RecordRefund(b.ctx, p.ID, payment.SeenRefund{Key: taken.Key(), State: payment.RefundFailed})
	check(t, err)
	byHand, err := b.MarkRefundByHand(b.ctx, b.app.ID, p.ID, r.ID, "Paid in cash.")
	check(t, err)
	wantEqual(t, "state", byHand.State, payment.RefundByHand)
	if _, err := b.MarkRefundByHand(b.ctx, b.app.ID, p.ID, r.ID, ""); err != nil && fault.CodeOf(err) != fault.PaymentState {
		t.Error(err)
	}
	_, err = b.RetryRefund(b.ctx, newID(), p.ID, r.ID)
	wantEqual(t, "another app's", fault.CodeOf(err), fault.NotFound)
}

// TestPaymentsOutliveTheirBooking: what arrives for a booking that was erased goes back, and the sums stay.
func TestPaymentsOutliveTheirBooking(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v, p := b.paying(9)
	v = b.played(v, "timeout")
	check(t, b.DeleteBooking(b.ctx, v.AppID, v.ID))
	out := b.settle(p, arrived(p))
	if len(out.Refunds) != 1 || out.Captured != 4500 {
		t.Errorf("%+v %v", out.Payment, out.Refunds)
	}
	all, err := b.PaymentsOf(b.ctx, b.app.ID, []uuid.UUID{v.ID})
	check(t, err)
	wantEqual(t, "payments", len(all[v.ID]), 1)
	all, err = b.PaymentsOf(b.ctx, newID(), []uuid.UUID{v.ID})
	check(t, err)
	wantEqual(t, "another app's payments", len(all[v.ID]), 0)
}

// TestWatchedPayments: what is due to be looked at, and was not, is found; a refund that is due counts as well.
func TestWatchedPayments(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v, p := b.paying(9)
	next, err := b.SetNextLook(b.ctx, p.ID, time.Time{})
	check(t, err)
	wantEqual(t, "nothing is expected", next.IsZero(), true)
	b.played(v, "timeout")
	b.settle(p, arrived(p)) // makes a refund
	next, err = b.SetNextLook(b.ctx, p.ID, time.Time{})
	check(t, err)
	wantEqual(t, "a refund is expected", next.IsZero(), false)
	b.exec(`UPDATE payments SET next_at = now() - interval '1 minute' WHERE id = $1`, p.ID)
	due, err := b.PaymentsToWatch(b.ctx, 30*time.Second, 10)
	check(t, err)
	wantSame(t, "due", due, []uuid.UUID{p.ID})
}

// TestAccounts: one default per app, names once, closed ones take no more.
func TestAccounts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first, second := b.account("main"), b.account("second")
	if !first.Default || second.Default {
		t.Fatalf("defaults: %v, %v", first.Default, second.Default)
	}
	_, err := b.CreateAccount(b.ctx, &payment.Account{ID: newID(), AppID: b.app.ID, Name: "main", Provider: "stripe", Sealed: []byte("x")})
	wantEqual(t, "a name twice", fault.CodeOf(err), fault.AlreadyExists)
	second.Default, second.Sealed = true, nil
	changed, err := b.ChangeAccount(b.ctx, second)
	check(t, err)
	wantEqual(t, "settings", string(changed.Sealed), "sealed")
	found, err := b.AccountFor(b.ctx, b.app.ID, "")
	check(t, err)
	wantEqual(t, "the default", found.ID, second.ID)
	now := time.Now()
	changed.ClosedAt = &now
	_, err = b.ChangeAccount(b.ctx, changed)
	check(t, err)
	_, err = b.AccountFor(b.ctx, b.app.ID, "second")
	wantEqual(t, "a closed one", fault.CodeOf(err), fault.NotFound)
	all, err := b.AccountsOf(b.ctx, b.app.Slug, "stripe")
	check(t, err)
	wantEqual(t, "accounts that get webhooks", len(all), 2)
	_, err = b.AccountsOf(b.ctx, "nobody", "stripe")
	wantEqual(t, "nobody's", fault.CodeOf(err), fault.NotFound)
	_, err = b.Account(b.ctx, newID(), first.ID)
	wantEqual(t, "another app's", fault.CodeOf(err), fault.NotFound)
}
